"""CSV files at the beginning of a pipeline: plain values. What they mean is in `csv_source`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, overload

from ..errors import DefinitionError
from ..pipeline import Pipeline
from ..pipeline.nodes import Root
from .csv_dialect import CsvDialect
from .csv_schema import schema_of

T_co = TypeVar("T_co", covariant=True)
M = TypeVar("M")

Where: TypeAlias = str | Path | Iterable[str | Path]


@dataclass(frozen=True)
class CsvRoot(Root):
    """One CSV file or several of one kind, read in order as one source."""

    paths: tuple[Path, ...]
    model: type | None
    """What a record is, and the schema it is checked against; None for dicts of texts."""

    dialect: CsvDialect
    indexes: tuple[Path, ...] = ()
    """The index of each file, once a check has seen them."""

    @property
    def is_checked(self) -> bool:
        """Whether a check has seen the files, so that they are divided and counted already."""
        return bool(self.indexes)

    def __str__(self) -> str:
        return f"csv {', '.join(path.name for path in self.paths)}"


class File(Pipeline[T_co]):
    """A pipeline that begins with files."""


@overload
def csv(
    where: Where, /, *, delimiter: str = ",", encoding: str = "utf-8", null: str = ""
) -> File[dict[str, str]]: ...
@overload
def csv(
    where: Where,
    model: type[M],
    /,
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    null: str = "",
) -> File[M]: ...
def csv(
    where: Where,
    model: type | None = None,
    /,
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    null: str = "",
) -> File[Any]:
    """Begin a pipeline with the records of a CSV file; its first row names the columns.

    Args:
        where: The file, or several with the same kind of records.
        model: A pydantic model or a dataclass: the type of a record, and its checks. Columns that
            it does not name are ignored. Without one a record is a dict of texts.
        delimiter: One ASCII character between two fields.
        encoding: How the file is encoded; a byte order mark is skipped.
        null: The text that means NULL. With the default an empty field is NULL; with `null="NA"`
            an empty field is an empty text.

    Raises:
        DefinitionError: If there is no file, the model is none, or the file could not be divided.
            Nothing was read; whether the files exist is seen when they are checked or read.
    """
    if model is not None:
        schema_of(model)
    dialect = CsvDialect(delimiter, encoding, null)
    return File((CsvRoot(_paths(where), model, dialect),))


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
