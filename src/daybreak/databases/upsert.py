"""What is written over what: the rows of a table, by their key; and how a database is asked to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..abc import Transaction
from .session import Session
from .sqlite import quoted


@dataclass(frozen=True, slots=True)
class Upsert:
    """Into which columns of which table, and by which key."""

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    is_by_number: bool = False
    """Whether the key is one column of whole numbers."""

    @property
    def names(self) -> str:
        """The columns, as SQL."""
        return ", ".join(map(quoted, self.columns))

    @property
    def keys(self) -> str:
        """The key's columns, as SQL."""
        return ", ".join(map(quoted, self.key))

    @property
    def changed(self) -> tuple[str, ...]:
        """The columns of which a row that is there gets the new values."""
        return tuple(column for column in self.columns if column not in self.key)

    @property
    def on_conflict(self) -> str:
        """What becomes of a row whose key is there: its other columns are the new ones.

        A row of a key alone is touched all the same, so that the database counts it.
        """
        changed = self.changed or self.key[:1]
        told = ", ".join(f"{quoted(column)} = excluded.{quoted(column)}" for column in changed)
        return f"on conflict ({self.keys}) do update set {told}"

    @property
    def same_key(self) -> str:
        """A condition, as SQL: the rows `known`, of the table, and `given` have the same key."""
        return " and ".join(f"known.{quoted(one)} = given.{quoted(one)}" for one in self.key)


class Upserting(Protocol):
    """How one kind of database does it; made once for each table that is written."""

    def write(self, tx: Transaction, upsert: Upsert, rows: Sequence[Sequence[Any]]) -> int:
        """Write rows whose keys differ; return how many the database counted.

        Raises:
            DataRefused: With the place of the row at fault, where that is known.
        """
        ...

    def probe(self, session: Session, upsert: Upsert) -> None:
        """Have the statement prepared, without rows.

        Raises:
            DaybreakError: If rows cannot be written by it.
        """
        ...
