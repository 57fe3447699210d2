"""Good records as bytes, on their way to a database that reads them itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class RawField:
    """What stands at one place of every record."""

    name: str
    """Its name in a record."""

    kind: str
    """What its text is by the grammar of text files: `int`, `decimal`, `datetime`, `str`, …"""


@dataclass(frozen=True, slots=True)
class RawShape:
    """How records are written: CSV by RFC 4180, in UTF-8, quotes doubled inside quotes."""

    fields: tuple[RawField, ...]
    """In their order in every record."""

    delimiter: str
    quote: str
    null: str
    """The text that means NULL, with quotes around it and without."""


class RawRecords(Protocol):
    """Some good records, one behind the other, numbered from 0; values are made only if wanted."""

    @property
    def shape(self) -> RawShape:
        """How they are written."""
        ...

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    @property
    def blocks(self) -> Sequence[bytes] | None:
        """Their bytes: whole records in every block, each of them with LF at its end.

        None if there are none that a database would read as the values.
        """
        ...

    @property
    def are_lines(self) -> bool:
        """Whether each record is one line, so that the number of a line is that of a record."""
        ...

    def chosen(self, numbers: Sequence[int]) -> RawRecords:
        """Return some of them, in the order given."""
        ...

    def rewritten(self, numbers: Sequence[int], values: Sequence[Any]) -> RawRecords | None:
        """Return some of them with other values; what did not change keeps its text.

        Args:
            numbers: Which of them, in order.
            values: What each became.

        Returns:
            None if these are no records of the same kind.
        """
        ...

    def value(self, number: int) -> Any:
        """Return one record."""
        ...

    def values(self) -> Sequence[Any]:
        """Return all of the records."""
        ...

    def column(self, name: str) -> Sequence[Any]:
        """Return the values of one field."""
        ...
