"""Recognises a query over one table whose condition can be said of that table's rows alone.

`select id, name from users where name is null`: its columns are the table's own, and its condition
can stand in an UPDATE of the table as it is. Anything else (a join, an expression, a group) is not
taken apart: nothing is lost by that but speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from .sql_tokens import Token, spelled, tokens

_ENDS: Final = frozenset(
    [
        "group",
        "having",
        "order",
        "limit",
        "offset",
        "fetch",
        "union",
        "intersect",
        "except",
        "window",
        "for",
        "join",
        "natural",
        "cross",
        "inner",
        "left",
        "right",
        "full",
        "lateral",
        "tablesample",
        "into",
        "using",
        "on",
    ]
)
"""Words after FROM that make a query more than the rows of one table."""


_HARMLESS: Final = frozenset(
    [
        "abs",
        "all",
        "and",
        "any",
        "between",
        "btrim",
        "cardinality",
        "case",
        "cast",
        "char_length",
        "coalesce",
        "date_trunc",
        "else",
        "greatest",
        "in",
        "is",
        "least",
        "length",
        "like",
        "lower",
        "ltrim",
        "mod",
        "not",
        "now",
        "nullif",
        "or",
        "position",
        "round",
        "rtrim",
        "starts_with",
        "strpos",
        "substring",
        "then",
        "trim",
        "upper",
        "when",
        "where",
    ]
)
"""What may stand before a bracket in a condition: it reads no table, as a function may."""


@dataclass(frozen=True, slots=True)
class PlainQuery:
    """A query over one table."""

    alias: str
    """By which its condition calls the table, as SQL; the table's own name if it has no other."""

    condition: str
    """Without WHERE; empty if there is none."""


def plain_query(sql: str, table: str) -> PlainQuery | None:
    """Return a query taken apart, or None if it is not one over the columns of one table.

    Args:
        sql: The query.
        table: The only table that it may read from, with its schema if need be.
    """
    every = list(tokens(sql))
    outer = [token for token in every if token.depth == 0]
    words = [token.word for token in outer]
    if words[:1] != ["select"] or "from" not in words or ";" in {token.text for token in every}:
        return None
    begins = words.index("from")
    ends = words.index("where") if "where" in words else len(words)
    if ends < begins or _ENDS.intersection(words[begins:]):
        return None
    alias = _alias(outer[begins + 1 : ends], table)
    if alias is None or not _are_columns(outer[1:begins], spelled(alias)):
        return None
    if ends == len(outer):
        return PlainQuery(alias, "")
    condition = every[every.index(outer[ends]) :]
    return PlainQuery(alias, sql[outer[ends].end :].strip()) if _is_local(condition) else None


def _is_local(condition: Sequence[Token]) -> bool:
    """Whether a condition looks at nothing but its row: no subquery, no function that may.

    While an UPDATE waits for a row, PostgreSQL looks at the row's newest version, but what reads
    tables is answered by the snapshot of the beginning.
    """
    calls = [
        before.word
        for before, after in pairwise(condition)
        if after.text == "(" and before.is_name and before.word not in _HARMLESS
    ]
    return not calls and "select" not in {token.word for token in condition}


def _alias(source: Sequence[Token], table: str) -> str | None:
    """Return what follows FROM, if it is the table, by the name under which it is known there."""
    parts = [token.text for token in source]
    wanted = table.split(".")
    length = 2 * len(wanted) - 1
    named, rest = parts[:length], parts[length:]
    if named[1::2] != ["."] * (len(wanted) - 1) or list(map(spelled, named[::2])) != wanted:
        return None
    if rest and rest[0].lower() == "as":
        rest = rest[1:]
        if not rest:
            return None
    if not rest:
        return named[-1]
    return rest[0] if len(rest) == 1 and source[-1].is_name else None


def _are_columns(listed: Sequence[Token], alias: str) -> bool:
    """Whether a select list holds nothing but columns, or a star."""
    item: list[Token] = []
    items = [item]
    for token in listed:
        if token.text == ",":
            items.append(item := [])
        else:
            item.append(token)
    return all(_is_column(one, alias) for one in items)


def _is_column(item: Sequence[Token], alias: str) -> bool:
    texts = [token.text for token in item]
    if len(texts) == 3 and texts[1] == "." and spelled(texts[0]) == alias:  # noqa: PLR2004 - a.b
        item, texts = item[2:], texts[2:]
    return len(texts) == 1 and (item[0].is_name or texts == ["*"])
