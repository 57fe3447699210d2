"""Whether what looks like a record may be the beginning of a longer one that has lost a quote."""

from __future__ import annotations

from typing import Final

from tests.connectors.csv_oracle import Rfc4180

LINES_MAX: Final = 8
"""Lines that are looked at behind a record."""


def lacks_a_quote(text: bytes, end: int, width: int, delimiter: int, quote: int) -> bool:
    """Whether one quote put somewhere makes records of what is broken without it, but not this one.

    Then the bytes are those of two files: of one whose record ends where it seems to, with a damage
    behind it, and of one whose record goes on, that has lost a quote.

    Args:
        text: What begins with the record, some lines of it.
        end: Where the record ends, as it stands.
        width: Fields of a record.
        delimiter: What stands between two of them.
        quote: What may stand around one.
    """
    mark = bytes([quote])
    for at in range(len(text) + 1):
        rows = Rfc4180(text[:at] + mark + text[at:], delimiter, width, quote)
        if _is_crossed(rows, end + (at <= end)):
            return True
    return False


def _is_crossed(rows: Rfc4180, place: int) -> bool:
    """Whether records follow each other up to behind a place, and none ends there."""
    upto = 0
    while upto < place:
        fields, upto = rows.record(upto)
        if fields is None or len(fields) != rows.width:
            return False
    return upto > place
