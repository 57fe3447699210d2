"""A pipeline of files as JSON data, and back: paths, model by name, dialect, indexes.

A model is named as "module:Name" and found again by import, so a lambda's or a function's own
class cannot be kept; neither can stages, which are code.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..connectors.csv_dialect import CsvDialect
from ..connectors.csv_file import CsvRoot, File
from ..pipeline import Pipeline


def pipeline_as_data(pipeline: object, as_text: Callable[[Path], str]) -> dict[str, Any]:
    """Return a pipeline of files as JSON data.

    Args:
        pipeline: What a task returned.
        as_text: Says how a path is kept.

    Raises:
        ValueError: If it is none, has stages, or its model could not be found again.
    """
    if not isinstance(pipeline, Pipeline):
        raise ValueError(f"{pipeline!r} is no pipeline")  # noqa: TRY004 - one kind for the caller
    root = pipeline.root
    if pipeline.stages or not isinstance(root, CsvRoot):
        raise ValueError(f"{pipeline!r} is more than files; return the files, and go on in a step")
    return {
        "csv": [as_text(path) for path in root.paths],
        "model": None if root.model is None else model_name(root.model),
        "delimiter": root.dialect.delimiter,
        "encoding": root.dialect.encoding,
        "null": root.dialect.null,
        "indexes": [as_text(path) for path in root.indexes],
    }


def pipeline_from_data(data: Mapping[str, Any], folder: Path) -> File[Any]:
    """Return the pipeline again.

    Args:
        data: What `pipeline_as_data` gave.
        folder: What relative paths are relative to.

    Raises:
        ValueError: If the model is no longer where it was.
        KeyError, TypeError: If the data are none of a pipeline.
    """
    return File(
        (
            CsvRoot(
                tuple(folder / path for path in data["csv"]),
                None if data["model"] is None else model_named(data["model"]),
                CsvDialect(data["delimiter"], data["encoding"], data["null"]),
                tuple(folder / path for path in data["indexes"]),
            ),
        )
    )


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
