"""The marks and limits by which a file is cut, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ...connectors.csv_dialect import CsvDialect

NEWLINE: Final = ord("\n")
RETURN: Final = ord("\r")


@dataclass(frozen=True, slots=True)
class Marks:
    """By what rows and fields are told apart."""

    delimiter: int
    quote: int | None
    """None if quotes mean nothing."""

    width: int
    """Fields of a record."""

    record_lines_max: int
    record_bytes_max: int

    @classmethod
    def of(cls, dialect: CsvDialect, width: int) -> Marks:
        """Return those of a dialect."""
        quote = None if dialect.quote is None else ord(dialect.quote)
        limits = dialect.max_record_lines, dialect.max_record_bytes
        return cls(ord(dialect.delimiter), quote, width, *limits)

    def is_inner(self, width: int) -> bool:
        """Say whether a line without quotes may be the inside of quotes that nothing opened.

        If a broken quote follows, the row reader may take such lines back, and the record before.
        """
        return width != self.width
