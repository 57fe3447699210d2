"""Of which types a key is, and which of them are no cursors.

A type is none if its values have no exact text (floats), do not say which moment they mean (a time
without a zone), or are compared in another order than they are sorted: on MariaDB and MySQL enums
are compared as texts and sorted by their numbers, so that rows would be passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from ..databases.nodes import RowsRoot
from ..databases.session import Session, TypedSession
from ..errors import CursorTypeError
from ..model.row import values_of
from .rows_source_query import KeyedQuery, ask

_NO_KEYS: Final[Mapping[str, re.Pattern[str]]] = {
    "postgresql": re.compile(
        "real|double precision|boolean|timestamp without time zone|time without time zone"
        "|time with time zone|interval|json|jsonb|money"
    ),
    "mysql": re.compile(
        "float|double|bit|enum|set|datetime|timestamp|time|json|geometry|null|unknown"
    ),
    # All but whole and exact numbers, texts, bytes, dates, instants, UUIDs and enums.
    "duckdb": re.compile(
        r"(?!U?(?:TINY|SMALL|BIG|HUGE)INT$|U?INTEGER$|DECIMAL\([\d,]+\)$|VARCHAR$|BLOB$|DATE$|UUID$"
        r"|TIMESTAMP WITH TIME ZONE$|ENUM\(.*\)$).*",
        re.DOTALL,
    ),
}
"""By dialect, the types whose values are no cursors."""

_WAY_OUT: Final = (
    "use a key of whole or exact numbers, texts, bytes, dates, instants with a time zone, or UUIDs"
)
_WAYS_OUT: Final[Mapping[str, str]] = {
    "postgresql": _WAY_OUT,
    "duckdb": _WAY_OUT,
    "mysql": "use a key of whole or exact numbers, texts, bytes, dates or UUIDs; of an enum take"
    " its number, mood + 0 as mood",
}


def types_of_key(query: KeyedQuery, names: Sequence[str], session: Session) -> tuple[str, ...]:
    """Return the types of a key's columns, in the database's words; none where columns have none.

    Args:
        query: Of which it is the key.
        names: All columns of the query.
        session: Who is asked.

    Raises:
        CursorTypeError: If values of one of them are no cursors.
        DaybreakError: If the database refuses the query.
    """
    key = query.root.key
    if session.dialect not in _NO_KEYS:
        return ()
    if isinstance(session, TypedSession):
        sql, binds = query.no_row()
        every = session.types(sql, **binds)
        types = [every[names.index(name)] for name in key]
    else:
        row = ask(session, query.key_types())[0]
        types = [str(one) for one in values_of(row)][-len(key) :]
    _refuse(query.root, types, session.dialect)
    # Without a length `character` is one of a single one.
    return tuple("bpchar" if one == "character" else one for one in types)


def _refuse(root: RowsRoot, types: Sequence[str], dialect: str) -> None:
    for name, one in zip(root.key, types, strict=True):
        if _NO_KEYS[dialect].fullmatch(one):
            raise CursorTypeError(
                f"key {name} of {root.name} is of type {one}, which cannot be a cursor",
                hint=_WAYS_OUT[dialect],
            )
