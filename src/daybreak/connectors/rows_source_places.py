"""Keys from everywhere in a table, had without reading it: there the records of a sample begin.

PostgreSQL is asked for the keys of some pages, which are spread over the table and the same each
time; SQLite for those of rows whose rowids are as far apart. Neither counts rows. Where they lie
as the table grew, old rows and new ones are among them; put into order they divide its index into
stretches of about as many rows each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import heappush, heapreplace
from typing import Final

from ..databases.select_shape import PlainSelect
from ..databases.sqlite import quoted
from ..model.row import Row, values_of
from .rows_source_key import KnownQuery
from .rows_source_query import KeyValues, Statement

KEYS_A_PLACE: Final = 8
"""So many keys are looked at for each that is wanted."""

KEYS_MAX: Final = 2_000
"""So many are looked at at most: all of them are put into order by one statement."""

PAGES_MAX: Final = 400
"""So many pages of PostgreSQL's are read at most, about."""

_PAGE_BYTES: Final = 8_192

Ask = Callable[[Statement], list[Row]]


def keys_from_everywhere(known: KnownQuery, ask: Ask, places: int) -> list[KeyValues]:
    """Return keys of rows of the table, in no order; none where they cannot be had cheaply.

    Args:
        known: The query. It may leave rows of its table out, these among them.
        ask: Runs a statement.
        places: How many are wanted; about eight times as many are returned, at most `KEYS_MAX`.
    """
    plain = known.plain
    if plain is None or not known.is_unique:
        return []
    columns = [name for one in known.query.root.key if (name := plain.column(one)) is not None]
    if len(columns) < len(known.query.root.key):
        return []
    wanted = min(KEYS_A_PLACE * places, KEYS_MAX)
    match known.query.dialect.name:
        case "postgresql":
            found = _of_some_pages(plain, columns, ask, wanted)
        case "sqlite":
            found = list(_of_some_rowids(plain, columns, ask, wanted))
        case _:
            return []
    # The query may leave out what is no cursor: NULL, and floats of SQLite's.
    return [key for key in found if not any(one is None or isinstance(one, float) for one in key)]


def _of_some_pages(
    plain: PlainSelect, columns: Sequence[str], ask: Ask, wanted: int
) -> list[KeyValues]:
    table, names = quoted(plain.table), ", ".join(map(quoted, columns))
    looked_up = (
        "select pg_relation_size(oid) as bytes from pg_class"
        " where oid = to_regclass(:name) and relkind in ('r', 'm')"
    )
    found = ask((looked_up, {"name": table}))
    if not found:  # partitioned: its rows lie elsewhere
        return []
    share = min(100.0, 100.0 * PAGES_MAX * _PAGE_BYTES / max(found[0].bytes, 1))
    numbered = (
        f"select {names}, row_number() over (order by {names}) as daybreak_n,"  # noqa: S608 - quoted names
        f" count(*) over () as daybreak_rows from {table}"
        f" tablesample system ({share:.6f}) repeatable (0)"
    )
    spread = (
        f"select {names} from ({numbered}) daybreak_q"  # noqa: S608 - as above
        f" where daybreak_n * {wanted} / daybreak_rows"
        f" <> (daybreak_n - 1) * {wanted} / daybreak_rows"
    )
    return [tuple(values_of(row)) for row in ask((spread, {}))]


def _of_some_rowids(
    plain: PlainSelect, columns: Sequence[str], ask: Ask, wanted: int
) -> Iterator[KeyValues]:
    """Yield the keys of rows whose rowids are as far apart, but for gaps in which there are none.

    The widest stretch is halved again and again, and what lies between the row in front of its
    middle and the one behind it is no part of any stretch.
    """
    table, names = quoted(plain.table), ", ".join(map(quoted, columns))
    has_rowids = (
        "select 1 as found from pragma_table_list"
        " where lower(name) = lower(:name) and type = 'table' and wr = 0"
        " and not exists (select 1 from pragma_table_info(:name) where lower(name) = 'rowid')"
    )
    if not ask((has_rowids, {"name": plain.table.rpartition(".")[2]})):
        return
    first_and_last = (
        f"select (select min(rowid) from {table}) as low,"  # noqa: S608 - as above
        f" (select max(rowid) from {table}) as high"
    )
    (ends,) = ask((first_and_last, {}))
    if not isinstance(ends.low, int):
        return
    beside = (
        f"select (select max(rowid) from {table} where rowid <= :middle) as low,"  # noqa: S608 - as above
        f" (select min(rowid) from {table} where rowid > :middle) as high"
    )
    stretches = [(ends.low - ends.high, ends.low, ends.high)]  # the widest one comes first
    while len(stretches) < wanted:
        negative_width, low, high = stretches[0]
        if negative_width > -2:  # noqa: PLR2004 - nothing lies between
            break
        (row,) = ask((beside, {"middle": (low + high) // 2}))
        heapreplace(stretches, (low - row.low, low, row.low))
        heappush(stretches, (row.high - high, row.high, high))
    key = f"select {names} from {table} where rowid = :rowid"  # noqa: S608 - as above
    for rowid in sorted({high for _, _, high in stretches}):
        yield from (tuple(values_of(row)) for row in ask((key, {"rowid": rowid})))
