"""What each verb does to a record that travels alone: for functions so slow that each is claimed.

Then the worker's own steps count: they all need the interpreter, and a stage that waits with many
workers has a few microseconds for each record. So there is no block, and no generator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from .nodes import Filter, Map, Stage, Tap

Alone: TypeAlias = Callable[[Any], list[Any]]
"""From a record to its results: one or none."""


def _map(fn: Callable[[Any], Any]) -> Alone:
    return lambda value: [fn(value)]


def _filter(fn: Callable[[Any], Any]) -> Alone:
    return lambda value: [value] if fn(value) else []


def _tap(fn: Callable[[Any], Any]) -> Alone:
    def apply(value: Any) -> list[Any]:
        fn(value)
        return [value]

    return apply


ALONE: Final[dict[type[Stage], Callable[[Callable[[Any], Any]], Alone]]] = {
    Map: _map,
    Filter: _filter,
    Tap: _tap,
}
"""Of each verb, how its function applies to one record; a flat_map may have too many results."""
