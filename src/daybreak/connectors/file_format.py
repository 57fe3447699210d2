"""What a kind of file has to say of itself, so that its records are checked, divided and read.

One contract for all of them: a format finds where records begin (`header`), cuts a stream into
rows from any of those places (`rows`), and makes records of rows (`reader`). Division, fates,
fingerprints, findings and quarantine are the same for all and know none of them. The suite
`daybreak.testing` holds a format to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Protocol

from ..model.chunk import Finding
from .row import Row

if TYPE_CHECKING:
    from .csv_schema import Column


@dataclass(frozen=True, slots=True)
class Header:
    """The names of a file's columns, and where its records begin."""

    names: tuple[str, ...]
    """In the file's order; none if each record names its own."""

    line: int
    """The physical line on which the first record begins."""

    offset: int
    """Where the first record begins; see `Row.offset`."""

    notes: str = ""
    """What else the format has to know of the beginning in order to read from any place: its own
    text, such as an encoding that the file declares. The index keeps it."""


class RowReader(Protocol):
    """Makes records of one file's rows. Several threads may use one."""

    @property
    def ignored(self) -> tuple[str, ...]:
        """Columns of the file that the model does not name."""
        ...

    def read(self, row: Row) -> tuple[Any, Sequence[Finding]]:
        """Return a row's record and no finding, or None and everything that is wrong with it."""
        ...


class Format(Protocol):
    """How files of one kind are written: a plain value, equal to others that say the same."""

    kind: ClassVar[str]
    """Its name, as in `files.csv`; one for each class."""

    def facts(self) -> dict[str, Any]:
        """Return the arguments of the class's `of`, which makes it again.

        They are JSON data with canonical spellings. A step goes on only with a file of the same
        facts: others would divide it otherwise.
        """
        ...

    def header(self, stream: BinaryIO, file: str, columns: Sequence[Column]) -> Header:
        """Read what stands before the records, and compare it with the columns of a model.

        Args:
            stream: Standing at the file's beginning; afterwards it stands anywhere.
            file: The file's name, for findings.
            columns: The model's; none without a model.

        Raises:
            FileRefused: With all that is wrong with the file as a whole.
        """
        ...

    def rows(
        self, stream: BinaryIO, header: Header, *, line: int, offset: int, size: int
    ) -> Iterator[Row]:
        """Cut a file into rows, from one that was yielded before, or the first, to its end.

        Args:
            stream: The file; it stands anywhere.
            header: What stands before the records.
            line: The row's line.
            offset: Where it begins.
            size: The file's bytes: what was appended since is not looked at.

        What is malformed is yielded as a row with a fault, never repaired, never left out: every
        byte behind the header is in one row or between two. A file that ends too early where no
        byte is left to say so gives an empty row with a fault, at its end.

        Raises:
            FileRefused: Behind the last row, if the file as a whole is not what it says it is. Only
                where reading began at the first one; all rows have been yielded.
        """
        ...

    def row_of(self, raw: bytes, header: Header) -> Row:
        """Return the bytes of one row as a row again; with a fault if they are none, or several."""
        ...

    def reader(self, file: str, header: Header, model: type | None) -> RowReader:
        """Return what makes records of a file's rows.

        Args:
            file: The file's name, for findings.
            header: What stands before its records.
            model: What its records are; None for dicts of what stands there.
        """
        ...


def format_as_data(form: Format) -> dict[str, Any]:
    """Return a format as JSON data."""
    return {"kind": form.kind, **form.facts()}
