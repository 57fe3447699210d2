"""Good records as bytes, on their way to a database that reads them itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

    def value(self, number: int) -> Any:
        """Return one record."""
        ...

    def values(self) -> Sequence[Any]:
        """Return all of the records."""
        ...

    def column(self, name: str) -> Sequence[Any]:
        """Return the values of one field."""
        ...

    def texts(self, name: str) -> Sequence[str | None] | None:
        """Return the texts of one field, None for NULL; None if only values can be had."""
        ...


class Rewritten(Protocol):
    """What some records of a part became, on its way to be bytes."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def values(self) -> Sequence[Any]:
        """Return the records, made anew."""
        ...


class RawPart(Protocol):
    """A few of the records that were read, with their values, on their way through stages."""

    @property
    def values(self) -> Sequence[Any]:
        """The records."""
        ...

    def rewritten(self, numbers: Sequence[int], values: Sequence[Any]) -> Rewritten | None:
        """Return some of them with other values; what did not change keeps its text.

        They hold no record: those are made anew, as they are now, if somebody asks for them.

        Args:
            numbers: Which of the part, in order.
            values: What each became.

        Returns:
            None if these are no records of the same kind, or one of them cannot be spelled.
        """
        ...


class RawInput(RawRecords, Protocol):
    """Good records as a source gives them."""

    def parts(self) -> Iterator[RawPart]:
        """Give all of them part by part; a part's values are made when it is given."""
        ...

    def joined(self, rewritten: Sequence[Rewritten]) -> RawRecords | None:
        """Return as bytes what became of parts, in source order.

        Returns:
            None if a database would not read the bytes as the records.
        """
        ...
