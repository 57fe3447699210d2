"""An update of a table's rows, as the end of a pipeline: a plain value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from ..errors import DefinitionError

if TYPE_CHECKING:
    from .database import Database

T = TypeVar("T")


@dataclass(frozen=True)
class Update(Generic[T]):
    """Columns of a table's rows as the end of a pipeline; made by `Database.update`."""

    database: Database
    table: str
    key: tuple[str, ...]
    set: Mapping[str, Callable[[T], object]]
    """By column, what gives its new value for a record."""

    set_chunk: Mapping[str, Callable[[Sequence[T]], Sequence[object]]]
    """By column, what gives its new values for the records of a chunk, in their order."""

    def __post_init__(self) -> None:
        """Refuse what cannot be set."""
        if not self.columns:
            raise DefinitionError(
                f"an update of {self.table} sets no column", hint='set={"column": function}'
            )
        if twice := sorted(self.set.keys() & self.set_chunk.keys()):
            raise DefinitionError(
                f"an update of {self.table} sets {', '.join(twice)} in two ways",
                hint="name a column in set or in set_chunk, not in both",
            )
        if keys := [column for column in self.columns if column in self.key]:
            raise DefinitionError(
                f"an update of {self.table} sets {', '.join(keys)}, by which its rows are known",
                hint="leave the key out of what is set; a row of another key is another row",
            )
        for column, function in (*self.set.items(), *self.set_chunk.items()):
            if not callable(function):
                raise DefinitionError(
                    f"expected a function for column {column}, got {function!r}",
                    hint="give a function of the record: lambda record: ...",
                )

    @property
    def columns(self) -> tuple[str, ...]:
        """What is set, in its order."""
        return (*self.set, *self.set_chunk)

    def accepts(self, record: T, /) -> None:
        """Say to type checkers which records fit."""
