"""The first rows of a CSV file: where the records begin, and whether the model's columns are there.

All that is wrong with a file as a whole is found here, at once, as findings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from ..errors import DefinitionError
from ..model.chunk import Finding
from .csv_dialect import CsvDialect
from .csv_rows import FieldReader, rows
from .file_format import Header
from .file_refusals import FileRefused, shorten, show_raw
from .other_kinds import refuse_other_kinds
from .row import Malformed, Row

if TYPE_CHECKING:
    from .csv_schema import Column

MISSING_COLUMN: Final = "a column that the model needs is missing"
DUPLICATE_COLUMN: Final = "two columns have this name"
NO_HEADER: Final = "not a header: it names no column of the model"
OTHER_LETTERS: Final = "not a header: it names columns of the model in other letters"
_DELIMITERS: Final = ",;\t|"
EMPTY_FILE: Final = "an empty file, without a header"
NO_MARK: Final = "no byte order mark: say whether it is utf-16-le or utf-16-be"


@dataclass(frozen=True, slots=True)
class HeaderLines:
    """What stands before the records of a file.

    Raises:
        DefinitionError: If nothing would name the columns.
    """

    lines: int = 1
    """Rows before the first record; the last of them names the columns, unless `names` do."""

    names: tuple[str, ...] = ()
    """The columns of a file that does not name them."""

    def __post_init__(self) -> None:
        """Refuse a file whose columns have no names."""
        if self.lines < 0 or not (self.lines or self.names):
            raise DefinitionError(
                f"expected header_lines to be at least 1, got {self.lines}",
                hint="write header=False for a file without a header, and give a model",
            )

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> HeaderLines:
        """Make it of its facts."""
        return cls(facts["lines"], tuple(facts["names"]))

    def facts(self) -> dict[str, Any]:
        """Return its arguments as JSON data."""
        return {"lines": self.lines, "names": list(self.names)}


ONE_LINE: Final = HeaderLines()


def read_header(
    stream: BinaryIO,
    file: str,
    dialect: CsvDialect,
    columns: Sequence[Column],
    lines: HeaderLines = ONE_LINE,
) -> Header:
    """Read the header of a file and compare it with the columns of a model.

    Args:
        stream: The file; it stands anywhere.
        file: The file's name, for findings.
        dialect: How it is written.
        columns: The model's; none without a model.
        lines: What stands before the records.

    Raises:
        FileRefused: With all that is wrong: unreadable, duplicate names, missing columns.
    """
    refuse_other_kinds(stream, file, dialect.codec, way_out="say encoding='utf-16'")
    of_file = dialect.of_file(stream)
    if of_file is None:
        stream.seek(0)
        reason = NO_MARK if stream.read(1) else EMPTY_FILE
        raise FileRefused([Finding(file, 1, None, None, reason)])
    offset = of_file.mark_bytes(stream)
    stream.seek(offset)
    found = list(islice(rows(stream, of_file, offset=offset), lines.lines))
    if len(found) < lines.lines:
        raise FileRefused([Finding(file, 1, None, None, EMPTY_FILE)])
    if found:
        offset = found[-1].offset + found[-1].size
    line = found[-1].line + found[-1].lines if found else 1
    if lines.names:
        return Header(lines.names, line, offset)
    return Header(tuple(_names(file, of_file, columns, found[-1])), line, offset)


def _names(file: str, dialect: CsvDialect, columns: Sequence[Column], row: Row) -> Sequence[str]:
    try:
        names = FieldReader(dialect, None).read(row)
    except Malformed as exc:
        shown = show_raw(row.raw)
        raise FileRefused([Finding(file, row.line, None, shown, exc.reason)]) from exc
    if found := [*_duplicates(file, names, row), *_missing(file, names, columns, row)]:
        raise FileRefused(found)
    return names


def _duplicates(file: str, names: Sequence[str], row: Row) -> list[Finding]:
    return [
        Finding(file, row.line, shorten(name), shorten(name), DUPLICATE_COLUMN)
        for name, count in Counter(names).items()
        if count > 1
    ]


def _missing(file: str, names: Sequence[str], columns: Sequence[Column], row: Row) -> list[Finding]:
    wanted = {column.name for column in columns}
    if columns and not wanted & set(names):
        return [Finding(file, row.line, None, show_raw(row.raw), _why_no_header(names, wanted))]
    near = {name.strip().casefold(): shorten(name) for name in names}
    return [
        Finding(file, row.line, column.name, near.get(column.name.casefold()), MISSING_COLUMN)
        for column in columns
        if not column.has_default and column.name not in names
    ]


def _why_no_header(names: Sequence[str], wanted: set[str]) -> str:
    """Say what may be wrong with names of which none is known."""
    if {name.strip().casefold() for name in names} & {name.casefold() for name in wanted}:
        return OTHER_LETTERS
    for other in _DELIMITERS:
        if {name for one in names for name in one.split(other)} & wanted:
            return f"{NO_HEADER}, unless the delimiter is {other!r}"
    return NO_HEADER
