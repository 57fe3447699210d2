"""A schema by its name, for commands that check files without a job: `orders_schema.py:Order`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from ..errors import DefinitionError

_SUFFIX: Final = ".py"


def load_schema(text: str) -> type:
    """Return the model that a text names.

    Args:
        text: `module:Model`, a module of the current folder or an installed one; or
            `file.py:Model`. The model may be left out if there is but one.

    Raises:
        DefinitionError: If there is no such file, module or model, or loading it raises.
    """
    where, _, name = text.partition(":")
    if not where:
        raise DefinitionError(
            f"expected a schema as module:Model or file.py:Model, got {text!r}",
            hint="name the file with the model, a colon, and the model",
        )
    module = _from_file(Path(where)) if where.endswith(_SUFFIX) else _by_name(where)
    return _model_in(module, where, name)


def _from_file(path: Path) -> ModuleType:
    file = path.resolve()
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise DefinitionError(
            f"there is no file {str(path)!r}", hint="give the path of a Python file with the model"
        )
    module = importlib.util.module_from_spec(spec)
    _find_beside(file.parent)
    before = sys.modules.get(file.stem)
    sys.modules[file.stem] = module  # annotations are looked up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        if before is None:
            del sys.modules[file.stem]
        else:
            sys.modules[file.stem] = before
        raise _raised(path.name, error) from error
    return module


def _by_name(name: str) -> ModuleType:
    _find_beside(Path.cwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name and not name.startswith(f"{error.name}."):
            raise _raised(name, error) from error
        raise DefinitionError(
            f"there is no module {name!r}",
            hint=f"name its file instead, as in {name.replace('.', '/')}.py:Model",
        ) from error
    except (Exception, SystemExit) as error:
        raise _raised(name, error) from error


def _find_beside(folder: Path) -> None:
    """Let modules of a folder be found, by the model's own imports too."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _raised(name: str, error: BaseException) -> DefinitionError:
    return DefinitionError(
        f"{name} raised {type(error).__name__} when it was loaded: {error}",
        hint="correct it; a schema's file only declares models",
    )


def _model_in(module: ModuleType, where: str, name: str) -> type:
    models = [
        key
        for key, value in vars(module).items()
        if _is_model(value) and value.__module__ == module.__name__
    ]
    if not name and len(models) == 1:
        (name,) = models
    found: Any = module if name else None
    for part in name.split(".") if name else ():
        found = getattr(found, part, None)
    if found is None:
        there = f"it has: {', '.join(models)}" if models else "it has none"
        raise DefinitionError(
            f"{where} has no model {name!r}" if name else f"which model of {where}?",
            hint=f"{there}; name one as {where}:Model",
        )
    return found  # type: ignore[no-any-return]  # whether it is a model is seen where it is read


def _is_model(value: object) -> bool:
    return isinstance(value, type) and (
        is_dataclass(value) or hasattr(value, "__pydantic_core_schema__")
    )
