"""Pipelines inside the structures that are checked: named tuples, dataclasses, lists, dicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from ..errors import DefinitionError
from ..pipeline import Pipeline

S = TypeVar("S")


def pipelines_in(value: object) -> Iterator[Pipeline[Any]]:
    """Yield every pipeline in a structure, in its order.

    Raises:
        DefinitionError: If there is anything else in it.
    """
    if isinstance(value, Pipeline):
        yield value
        return
    for part in _parts(value):
        yield from pipelines_in(part)


def with_pipelines(value: S, change: Callable[[Pipeline[Any]], Pipeline[Any]]) -> S:
    """Return the same structure with every pipeline in it changed."""
    found: Any = value
    if isinstance(value, Pipeline):
        found = change(value)
    elif isinstance(value, dict):
        found = {name: with_pipelines(part, change) for name, part in value.items()}
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        found = type(value)(*(with_pipelines(part, change) for part in value))
    elif isinstance(value, list | tuple):
        found = type(value)(with_pipelines(part, change) for part in value)
    elif is_dataclass(value) and not isinstance(value, type):
        names = [one.name for one in fields(value) if one.init]
        found = replace(
            value, **{name: with_pipelines(getattr(value, name), change) for name in names}
        )
    return cast("S", found)


def _parts(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple):
        return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, one.name) for one in fields(value)]
    raise DefinitionError(
        f"expected a pipeline or a structure of pipelines, got {value!r}",
        hint="give files.csv(...), or a NamedTuple, dataclass, list or dict of them",
    )
