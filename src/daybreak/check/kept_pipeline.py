"""A pipeline of files or rows as JSON data, and back: paths, model, format, rules, indexes.

A model is named as "module:Name" and found again by import, so a lambda's or a function's own
class cannot be kept; neither can stages, which are code. A mapping of column to type is kept type
by type.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..connectors.column_types import columns_of, model_of
from ..connectors.file_format import format_as_data
from ..connectors.file_root import File, FileRoot
from ..connectors.formats import format_from_data
from ..databases.nodes import RowsRoot
from ..pipeline import Pipeline
from .kept_rows import rows_as_data, rows_from_data
from .kept_rules import rules_as_data, rules_from_data
from .kept_types import columns_as_data, columns_from_data


def pipeline_as_data(pipeline: object, as_text: Callable[[Path], str]) -> dict[str, Any]:
    """Return a pipeline of files, or of the rows of a database, as JSON data.

    Args:
        pipeline: What a task returned.
        as_text: Says how a path is kept.

    Raises:
        ValueError: If it is none, has stages, or its model could not be found again.
    """
    if not isinstance(pipeline, Pipeline):
        raise ValueError(f"{pipeline!r} is no pipeline")  # noqa: TRY004 - one kind for the caller
    root = pipeline.root
    if isinstance(root, RowsRoot) and not pipeline.inner:
        return rows_as_data(root, model_name)
    if pipeline.inner or not isinstance(root, FileRoot):
        raise ValueError(
            f"{pipeline!r} is more than files, or the rows of a database; return these, and go on"
            " in a step"
        )
    return _root_as_data(root, as_text)


def _root_as_data(root: FileRoot, as_text: Callable[[Path], str]) -> dict[str, Any]:
    refused = root.refused_rows
    return {
        "files": [as_text(path) for path in root.paths],
        "model": None if root.model is None else _model_as_data(root.model),
        "format": format_as_data(root.format),
        "indexes": [as_text(path) for path in root.indexes],
        "rules": rules_as_data(root.rules, lambda other: _root_as_data(other, as_text)),
        "refused rows": None if refused is None else as_text(refused),
    }


def pipeline_from_data(data: Mapping[str, Any], folder: Path) -> Pipeline[Any]:
    """Return the pipeline again.

    Args:
        data: What `pipeline_as_data` gave.
        folder: What relative paths are relative to.

    Raises:
        ValueError: If the model is no longer where it was.
        KeyError, TypeError: If the data are none of a pipeline.
    """
    if "rows" in data:
        return Pipeline((rows_from_data(data, model_named),))
    return File((_root_from_data(data, folder),))


def _root_from_data(data: Mapping[str, Any], folder: Path) -> FileRoot:
    refused = data["refused rows"]
    return FileRoot(
        tuple(folder / path for path in data["files"]),
        None if data["model"] is None else _model_from_data(data["model"]),
        format_from_data(data["format"]),
        tuple(folder / path for path in data["indexes"]),
        rules_from_data(data["rules"], lambda other: _root_from_data(other, folder)),
        None if refused is None else folder / refused,
    )


def _model_as_data(model: type) -> Any:
    columns = columns_of(model)
    if columns is None:
        return model_name(model)
    return columns_as_data(columns, model_name, model_named)


def _model_from_data(data: Any) -> type | None:
    if isinstance(data, str):
        return model_named(data)
    return model_of(columns_from_data(data, model_named))


def model_name(model: type) -> str:
    """Return the name by which a class can be imported.

    Raises:
        ValueError: If importing it would not give this class.
    """
    name = f"{model.__module__}:{model.__qualname__}"
    if model_named(name) is not model:
        raise ValueError(f"the model {name} is not what an import of it gives")
    return name


def model_named(name: str) -> type:
    """Import a class.

    Raises:
        ValueError: If it is not there.
    """
    module, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as exc:
        raise ValueError(
            f"the model {name} cannot be imported; put it into a module beside the job's file"
        ) from exc
    if not isinstance(found, type):
        raise ValueError(f"{name} is no class")  # noqa: TRY004 - one kind for the caller
    return found
