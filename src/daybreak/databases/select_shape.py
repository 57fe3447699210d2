"""Queries that are seen to take rows of one table as they are: no row twice, none from elsewhere.

This is no parser: it knows a few shapes for certain, and takes everything else for unknown. What
is known, the catalogue can prove; of anything else the query itself has to be asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from .sql_tokens import Token, tokens

_BEHIND_TABLE: Final = frozenset({"where", "order", "limit", "offset", "fetch", "for"})
"""What leaves a table's rows as they are, or takes some of them away."""

_NO_ALIAS: Final = frozenset(
    {"as", "cross", "full", "group", "having", "inner", "join", "left", "natural", "on", "right"}
    | {"tablesample", "using", "window", "union", "intersect", "except", "only", "lateral"}
    | {"indexed", "not", *_BEHIND_TABLE}
)
_COMBINED: Final = frozenset(
    {"union", "intersect", "except", "group", "having", "window", "system_time"}
)
"""What combines rows, or gives what they were before: of MariaDB's tables with their history."""


@dataclass(frozen=True, slots=True)
class PlainSelect:
    """A query over one table, of which it gives each row once at most."""

    table: str
    """As the catalogue spells it, with its schema if that was given."""

    columns: Mapping[str, str]
    """Of its columns those that are the table's own, each with its name there."""

    has_all: bool
    """Whether it gives all columns of the table under their own names."""

    calls: frozenset[str] = frozenset()
    """What it calls for its columns: on some servers a function may give several rows for one."""

    def column(self, name: str) -> str | None:
        """Return which column of the table stands behind one of the query's; None if unknown."""
        return self.columns.get(name, name if self.has_all else None)


def plain_select(sql: str) -> PlainSelect | None:
    """Return a query as one over a single table; None if it is not seen to be one."""
    every = list(tokens(sql.strip().rstrip(";")))
    if not every or not every[0].is_("select"):
        return None
    top = [token for token in every if token.depth == 0]
    start = next((n for n, token in enumerate(top) if token.is_("from")), None)
    if start is None:
        return None
    named = _table(top[start + 1 :])
    if named is None:
        return None
    table, alias, rest = named
    if rest and not rest[0].is_(*_BEHIND_TABLE):
        return None
    if any(token.is_(*_COMBINED) for token in rest):
        return None
    from_at = every.index(top[start])
    found = _columns(every[1:from_at], alias)
    return None if found is None else PlainSelect(table, *found, _calls(every[1:from_at]))


def _table(rest: Sequence[Token]) -> tuple[str, str, Sequence[Token]] | None:
    """Return a table's name, its alias, and what follows them; None if that is not clear."""
    name, rest = _dotted(rest)
    if not name:
        return None
    alias = name[-1]
    if rest and rest[0].is_("as"):
        rest = rest[1:]
        if not rest or not rest[0].is_name:
            return None
    if rest and rest[0].is_name and not rest[0].is_(*_NO_ALIAS):
        alias, rest = rest[0].name, rest[1:]
    return ".".join(name), alias, rest


def _dotted(rest: Sequence[Token]) -> tuple[list[str], Sequence[Token]]:
    """Take `name` or `schema.name` from the beginning."""
    if not rest or not rest[0].is_name or rest[0].is_(*_NO_ALIAS):
        return [], rest
    names = [rest[0].name]
    rest = rest[1:]
    while len(rest) > 1 and rest[0].is_(".") and rest[1].is_name:
        names.append(rest[1].name)
        rest = rest[2:]
    return names, rest


def _columns(listed: Sequence[Token], alias: str) -> tuple[Mapping[str, str], bool] | None:
    """Return the columns of a select list that are the table's own, and whether all of them are.

    In DuckDB `a.b` is a part of a column, unless `a` is the table.
    """
    if listed and listed[0].is_("distinct"):
        return None
    found: dict[str, str] = {}
    others: set[str] = set()
    has_all = False
    for item in _items(listed):
        name, rest = _dotted(item)
        is_own = len(name) == 1 or name[-2:-1] == [alias]
        if item[0].is_("*") and len(item) == 1:
            has_all = True
        elif name and len(name) == 1 and [one.text for one in rest] == [".", "*"]:
            has_all = has_all or name[0] == alias
        elif is_own and not rest:
            found[name[-1]] = name[-1]
        elif is_own and rest[-1].is_name and (len(rest) == 1 or (len(rest) == 2 and _is_as(rest))):  # noqa: PLR2004 - `as` and a name
            found[rest[-1].name] = name[-1]
        elif rest and rest[-1].is_name:
            others.add(rest[-1].name)
        else:
            others.add("")
    is_clear = not has_all or not others.intersection(found)
    return (found, has_all and not others and not _renames(found)) if is_clear else None


def _calls(listed: Sequence[Token]) -> frozenset[str]:
    return frozenset(name.name for name, sign in pairwise(listed) if name.is_name and sign.is_("("))


def _is_as(rest: Sequence[Token]) -> bool:
    return rest[0].is_("as")


def _renames(found: Mapping[str, str]) -> bool:
    return any(name != column for name, column in found.items())


def _items(listed: Sequence[Token]) -> Iterator[Sequence[Token]]:
    item: list[Token] = []
    for token in listed:
        if token.is_(",") and token.depth == 0:
            if item:
                yield item
            item = []
        else:
            item.append(token)
    if item:
        yield item
