"""Files at either end of a pipeline: plain values.

What they mean is in `file_source` at the beginning, in `file_sink` at the end.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from ..errors import DefinitionError
from ..pipeline import Pipeline
from ..pipeline.nodes import Root
from .column_types import model_of
from .csv_schema import schema_of
from .file_format import Format
from .file_rules import NO_RULES, FileRules, Rules, rules_of

T = TypeVar("T")

Where: TypeAlias = str | Path | Iterable[str | Path]


@dataclass(frozen=True)
class FileRoot(Root):
    """One file or several of one format, read in order as one source."""

    paths: tuple[Path, ...]
    model: type | None
    """What a record is, and the schema it is checked against; None for dicts."""

    format: Format
    indexes: tuple[Path, ...] = ()
    """The index of each file, once a check has seen them."""

    rules: FileRules = NO_RULES
    """What must hold across the records."""

    refused_rows: Path | None = None
    """Which rows break them, once a check has seen the files, if there are such rules."""

    @property
    def is_checked(self) -> bool:
        """Whether a check has seen the files, so that they are divided and counted already."""
        return bool(self.indexes)

    def __str__(self) -> str:
        return f"{self.format.kind} {', '.join(path.name for path in self.paths)}"


class File(Pipeline[T]):
    """A pipeline that begins with files; by itself also a sink: `.into(files.csv(path, Order))`."""

    def accepts(self, record: T, /) -> None:
        """Say to type checkers which records fit."""


def file_of(
    where: Where, schema: type | Mapping[str, Any] | None, form: Format, rules: Rules | None = None
) -> File[Any]:
    """Begin a pipeline with files.

    Args:
        where: The file, or several.
        schema: What a record is: a class, or the types by column.
        form: How they are written.
        rules: What must hold across the records.

    Raises:
        DefinitionError: If there is no file, the schema is none, or a rule cannot be looked at.
            Nothing was read.
    """
    model = model_of(schema)
    if model is not None:
        schema_of(model)
    found = rules_of(model, rules or {})
    return File((FileRoot(_paths(where), model, form, rules=found),))


def _paths(where: Where) -> tuple[Path, ...]:
    several = [where] if isinstance(where, str | os.PathLike) else list(where)
    if not several:
        raise DefinitionError("expected at least one file, got none", hint="give its path")
    for one in several:
        if not isinstance(one, str | os.PathLike):
            raise DefinitionError(f"expected the path of a file, got {one!r}")
        if "://" in str(one):
            raise DefinitionError(
                f"expected the path of a file, got the URL {one!r}",
                hint="bring it into the run's folder first: path = run.fetch(url)",
            )
    return tuple(Path(one) for one in several)
