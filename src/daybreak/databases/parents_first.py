"""The order in which rows that refer to rows of the same table can be written one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .rules import Rule


def parents_first(own: Iterable[Rule], columns: Mapping[str, Sequence[Any]]) -> list[int]:
    """Return the places of rows so that parents come before their children, else in their order.

    Rows that refer to each other in a ring have no such order; they stay as they come.

    Args:
        own: The foreign keys that refer to the same table.
        columns: The rows' values by column.
    """
    known = (rule for rule in own if {*rule.columns, *rule.parent_columns} <= set(columns))
    parents = [_parents(rule, columns) for rule in known]
    count = len(next(iter(columns.values())))
    seen = [False] * count
    order: list[int] = []
    for first in range(count):
        path = [] if seen[first] else [first]
        while path:
            place = path[-1]
            seen[place] = True
            ahead = next(
                (p for of in parents if (p := of[place]) is not None and not seen[p]), None
            )
            if ahead is not None:
                path.append(ahead)
                continue
            path.pop()
            order.append(place)
    return order


def _parents(rule: Rule, columns: Mapping[str, Sequence[Any]]) -> list[int | None]:
    """Return for each row the place of the first row to which it refers."""
    place_of: dict[Any, int] = {}
    for place, key in enumerate(_keys(rule.parent_columns, columns)):
        place_of.setdefault(key, place)
    return [None if None in key else place_of.get(key) for key in _keys(rule.columns, columns)]


def _keys(names: Sequence[str], columns: Mapping[str, Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    return zip(*(columns[name] for name in names), strict=True)
