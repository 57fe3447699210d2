"""Packing a stage's function for a worker process, which never runs the user's script.

What lives in the script (`__main__`), or in a module that no file stands for, goes by value; all
else by its name. The script's classes go along, so that its records can be pickled by name in both
directions and come back as instances of the script's own classes.
"""

from __future__ import annotations

import dataclasses
import inspect
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.machinery import PathFinder, SourceFileLoader
from threading import Lock
from types import CodeType, MethodType, ModuleType
from typing import Any, Final

import cloudpickle

from ..errors import DefinitionError
from .messages import Errand, Task, Using
from .nodes import Stage
from .wire import PROTOCOL

_NO_FILE: Final = "<dynamic-code>"  # what cloudpickle says instead of a file's name
_SCRIPT: Final = "__main__"
_HINT: Final = (
    "make what it needs inside the function or with using=, or put the function into a module "
    "that can be imported"
)
_SENTINELS: Final = {  # compared by identity, so they must arrive as the other side's own
    id(value): name
    for name, value in vars(dataclasses).items()
    if type(value).__module__ == "dataclasses" and not isinstance(value, type)
}
_by_value: Final = Lock()
"""Held while modules are marked to go by value: cloudpickle keeps that for the whole process."""


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Pickles by value what has to be, as cloudpickle does, but for two things."""

    def reducer_override(self, obj: Any) -> Any:
        if id(obj) in _SENTINELS:
            return _SENTINELS[id(obj)]
        if isinstance(obj, CodeType):  # let tracebacks show its lines
            make, parts = self.dispatch_table[CodeType](obj)
            return make, tuple(obj.co_filename if x == _NO_FILE else x for x in parts)
        return super().reducer_override(obj)


def packed_task(stage: Stage, using: Using | None) -> Task:
    """Pack what a worker process needs to run a stage.

    Raises:
        DefinitionError: If the function, or what it refers to, cannot be pickled.
    """
    homes = [_SCRIPT, *_homeless(stage.fn), *_homeless(using)]
    errand = Errand(_classes(homes), type(stage), stage.name, stage.fn, using)
    with _by_value, _sent_by_value(homes):
        try:
            parcel = _dumps(errand)
        except Exception:  # noqa: BLE001 - it may be a class that the function does not need
            parcel = _without_hindrances(errand)
    return Task(_modules_elsewhere(), parcel)


def _without_hindrances(errand: Errand) -> bytes:
    """Leave out the classes that cannot be pickled; without them, it must work."""
    classes = {
        home: {name: each for name, each in found.items() if _hindrance(each) is None}
        for home, found in errand.classes.items()
    }
    try:
        return _dumps(errand._replace(classes=classes))
    except Exception as error:
        reasons = [*_reasons("", errand.fn), *_reasons("", errand.using)]
        raise DefinitionError(
            f"stage {errand.name!r} cannot be sent to a worker process: "
            + ("; ".join(reasons) or str(error)),
            hint=_HINT,
        ) from error


def _dumps(value: object) -> bytes:
    file = io.BytesIO()
    _Pickler(file, PROTOCOL).dump(value)
    return file.getvalue()


def _hindrance(value: object) -> Exception | None:
    try:
        _dumps(value)
    except Exception as error:  # noqa: BLE001 - whatever the value's own code raises
        return error
    return None


def _reasons(prefix: str, value: object) -> Iterator[str]:
    """Name what cannot be pickled in what a function uses."""
    for name, used in _used_by(value):
        error = _hindrance(used)
        if error is None:
            continue
        deeper = list(_reasons(f"{prefix}{name}.", used)) if prefix.count(".") < 2 else []  # noqa: PLR2004 - deep enough to be found
        yield from deeper or [f"{prefix}{name} ({error})"]


def _used_by(value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, MethodType):
        yield "self", value.__self__
    elif isinstance(value, partial):
        yield from [("func", value.func), *value.keywords.items()]
        yield from ((f"argument {number}", each) for number, each in enumerate(value.args))
    elif inspect.isfunction(value):
        used = inspect.getclosurevars(value)
        yield from [*used.nonlocals.items(), *used.globals.items()]
        yield from zip(_parameters_with_default(value), value.__defaults__ or (), strict=True)
    elif not isinstance(value, type):
        yield from getattr(value, "__dict__", {}).items()


def _parameters_with_default(function: Any) -> list[str]:
    count = len(function.__defaults__ or ())
    names: tuple[str, ...] = function.__code__.co_varnames[: function.__code__.co_argcount]
    return list(names[len(names) - count :])


# ---------------------------------------------------------------- modules


def _homeless(function: object) -> list[str]:
    """Name the function's module if nobody could import it: nothing says where it came from."""
    name = getattr(function, "__module__", None)
    module = sys.modules.get(name or "")
    if module is None or name == _SCRIPT or module.__spec__ is not None:
        return []
    return [module.__name__]


def _classes(homes: list[str]) -> dict[str, dict[str, type]]:
    return {
        home: {
            name: value
            for name, value in list(vars(sys.modules[home]).items())
            if isinstance(value, type) and value.__module__ == home
        }
        for home in homes
    }


@contextmanager
def _sent_by_value(homes: list[str]) -> Iterator[None]:
    """Mark modules for cloudpickle; the script's own module always goes by value."""
    marked: list[ModuleType] = []
    for home in set(homes) - {_SCRIPT} - set(cloudpickle.list_registry_pickle_by_value()):
        cloudpickle.register_pickle_by_value(sys.modules[home])
        marked.append(sys.modules[home])
    try:
        yield
    finally:
        for module in marked:
            cloudpickle.unregister_pickle_by_value(module)


def _modules_elsewhere() -> dict[str, str]:
    """Give the files of modules that their name does not lead to, such as the file of a job."""
    elsewhere: dict[str, str] = {}
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if spec is None or "." in name or name in sys.stdlib_module_names or name == _SCRIPT:
            continue
        if not isinstance(spec.loader, SourceFileLoader) or spec.submodule_search_locations:
            continue
        found = PathFinder.find_spec(name)
        if found is None or found.origin != spec.origin:
            elsewhere[name] = spec.origin
    return elsewhere
