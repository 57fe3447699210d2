"""The order in which rows that refer to rows of the same table can be written one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .rules import Rule


def parents_first(own: Iterable[Rule], columns: Mapping[str, Sequence[Any]]) -> list[int]:
    """Return the places of rows in their order, but children right after the parents they wait for.

    Rows that refer to each other in a ring have no such order; they come last.

    Args:
        own: The foreign keys that refer to the same table.
        columns: The rows' values by column.
    """
    known = (rule for rule in own if {*rule.columns, *rule.own_keys} <= set(columns))
    parents = [_parents(rule, columns) for rule in known]
    count = len(next(iter(columns.values())))
    waiting: defaultdict[int, list[int]] = defaultdict(list)
    order: dict[int, None] = {}
    for first in range(count):
        ready = [first]
        while ready:
            place = ready.pop()
            ahead = (of[place] for of in parents)
            missing = next((p for p in ahead if p not in (None, place) and p not in order), None)
            if missing is None:
                order[place] = None
                ready += reversed(waiting.pop(place, []))
            else:
                waiting[missing].append(place)
    return [*order, *(place for place in range(count) if place not in order)]


def _parents(rule: Rule, columns: Mapping[str, Sequence[Any]]) -> list[int | None]:
    """Return for each row the place of the first row to which it refers."""
    place_of: dict[Any, int] = {}
    for place, key in enumerate(_keys(rule.own_keys, columns)):
        place_of.setdefault(key, place)
    return [None if None in key else place_of.get(key) for key in _keys(rule.columns, columns)]


def _keys(names: Sequence[str], columns: Mapping[str, Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    return zip(*(columns[name] for name in names), strict=True)


def generations(
    own: Iterable[Rule], rows: Sequence[Sequence[Any]], columns: Sequence[str]
) -> Iterator[Sequence[Sequence[Any]]]:
    """Divide rows so that none refers to a row of its own part, but perhaps to itself.

    Args:
        own: The foreign keys that refer to the same table.
        rows: In their order: parents first.
        columns: Their columns.
    """
    known = [rule for rule in own if {*rule.columns, *rule.own_keys} <= set(columns)]
    values = dict(zip(columns, zip(*rows, strict=True), strict=True))
    parents = [list(_keys(rule.columns, values)) for rule in known]
    keys = [list(_keys(rule.own_keys, values)) for rule in known]
    start, seen = 0, [set[Any]() for _ in known]
    for place in range(len(rows)):
        if any(of[place] in there for of, there in zip(parents, seen, strict=True)):
            yield rows[start:place]
            start, seen = place, [set[Any]() for _ in known]
        for of, there in zip(keys, seen, strict=True):
            there.add(of[place])
    yield rows[start:]
