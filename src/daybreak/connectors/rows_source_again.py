"""Rows on their way out of quarantine: read anew by their keys, or as a person repaired them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from ..model.chunk import ChunkInput, Finding, Kept, Refused
from ..model.row import Row, values_of
from .rows_source_query import KeyValues
from .rows_source_raw import key_of, row_of
from .rows_source_records import RecordMaker

GONE: Final = "the query does not give this row any more"
ERASED: Final = "its bytes were erased, and its key with them"
OTHER_KEY: Final = "the key is not the row's own"
NO_ROW: Final = "no row as JSON with the query's columns"
KEYS_ASKED: Final = 200
"""Keys in one statement."""

RowsAt = Callable[[Sequence[KeyValues]], Mapping[KeyValues, Row]]
"""Gives the rows with some keys, as they are now."""


def read_again(
    records: Sequence[Kept],
    key: Sequence[str],
    names: Sequence[str],
    rows_at: RowsAt,
    maker: RecordMaker,
) -> ChunkInput:
    """Make records that were set aside into input again.

    Args:
        records: Those that are meant.
        key: The key's columns.
        names: The query's columns.
        rows_at: Reads rows by their keys.
        maker: Makes records of rows.
    """
    keys = [key_of(one.raw, key) for one in records]
    anew = [one for one, kept in zip(keys, records, strict=True) if one and not kept.repaired]
    present: dict[KeyValues, Row] = {}
    for some in divided(anew):
        present |= rows_at(some)
    rows: dict[int, Row] = {}
    refused: list[Refused] = []
    for place, (one, own) in enumerate(zip(records, keys, strict=True)):
        row = _row(one, own, key, names, present)
        if isinstance(row, str):
            shown = one.content.decode(errors="replace")
            finding = Finding(one.cursor, 1, None, shown[:80] or None, row)
            refused.append(Refused(place, [finding], by_check=False))
        else:
            rows[place] = row
    places = list(rows)
    made = maker.make(
        [values_of(row) for row in rows.values()], lambda number: records[places[number]].cursor
    )
    good = range(len(places)) if made.places is None else made.places
    refused += [Refused(places[one.origin], one.findings, by_check=False) for one in made.refused]
    return ChunkInput(
        values=made.values,
        origins=[places[one] for one in good],
        read=len(records),
        bytes_read=0,
        digest="",
        raw=lambda place: records[place].raw,
        cursor=lambda place: records[place].cursor,
        refused=sorted(refused, key=lambda one: one.origin),
        rows=[_as_read(one, names, rows.get(place)) for place, one in enumerate(records)],
    )


def _as_read(one: Kept, names: Sequence[str], row: Row | None) -> Sequence[Any]:
    """Return what the database has given for a record: of a repaired one that is not its row."""
    if row is None:
        return ()
    if one.repaired is None:
        return values_of(row)
    given = row_of(one.raw)
    return [given[name] for name in names]


def _row(
    one: Kept,
    own: KeyValues | None,
    key: Sequence[str],
    names: Sequence[str],
    present: Mapping[KeyValues, Row],
) -> Row | str:
    """Return a record's row, or why there is none."""
    if own is None:
        return ERASED
    if one.repaired is None:
        return present.get(own, GONE)
    try:
        row = row_of(one.repaired)
    except ValueError:
        return NO_ROW
    if set(row) != set(names):
        return NO_ROW
    if tuple(row[name] for name in key) != own:
        return OTHER_KEY
    return Row(names, [row[name] for name in names])


def divided(keys: Sequence[KeyValues]) -> Iterator[Sequence[KeyValues]]:
    """Yield keys, as many at a time as one statement asks for."""
    for start in range(0, len(keys), KEYS_ASKED):
        yield keys[start : start + KEYS_ASKED]
