"""Where rows begin in the middle of a CSV file, found without cutting what stands in front.

A quoted field may hold line ends, so a line's beginning need not be that of a row. But most lines
with a quote make sense as one of the two only; and a quote that stays open for longer than a row
may be is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from .csv_dialect import CsvDialect
from .csv_line_grammar import LineGrammar
from .scanned_file import Place, blocks_between


def places_behind(
    stream: BinaryIO, dialect: CsvDialect, offsets: Sequence[int], begin: Place
) -> Iterator[Place]:
    """Yield the first row behind each of some bytes; those behind which there is none are left out.

    Args:
        stream: The file.
        dialect: How it is written, as bytes.
        offsets: In order, none in front of `begin`.
        begin: Where its first row begins.

    Complexity: reads the file up to the last place, and counts its lines.
    """
    at = begin
    for offset in offsets:
        found = _row_behind(stream, dialect, max(offset, at.offset))
        if found is None:
            return
        if found > at.offset:
            passed = blocks_between(stream, at.offset, found)
            at = Place(found, at.line + sum(block.count(b"\n") for block in passed))
            yield at


def _row_behind(stream: BinaryIO, dialect: CsvDialect, offset: int) -> int | None:
    """Return the byte at which a row begins behind another byte; None if none is found."""
    grammar = LineGrammar.of(dialect.delimiter.encode(), dialect.quote_byte)
    stream.seek(offset)
    longest = dialect.max_record_bytes
    stream.readline(longest)
    place = stream.tell()
    for _ in range(dialect.max_record_lines):
        line = stream.readline(longest)
        if not line:
            return None
        is_row = bool(grammar.is_whole(line) or grammar.opens(line))
        is_rest = bool(
            grammar.closes(line) or grammar.stays_open(line) or grammar.closes_and_opens(line)
        )
        if dialect.quote is None or (is_row and not is_rest):
            return place
        place = stream.tell()
        if grammar.closes(line) and not is_row:
            break
    return place if stream.read(1) else None
