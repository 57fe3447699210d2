"""Records of one plain class, pickled attribute by attribute: a third of the time, or less.

Pickle asks every instance how it wants to be pickled. Those of a dataclass that wants nothing
special, and holds nothing but plain values, need not be asked. All others go as they are. A record
that stands in a list twice arrives as two equal ones.
"""

from __future__ import annotations

import copyreg
import dataclasses
import inspect
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, repeat
from operator import attrgetter, itemgetter
from typing import Any, Final, cast

RECORDS_MIN: Final = 4
"""Fewer records are not worth a look."""

_PLAIN: Final = frozenset({bool, bytes, complex, float, int, str, type(None)})
_PLAIN_BY_NAME: Final = frozenset(  # looked at only if somebody else has imported them
    {
        ("datetime", "date"),
        ("datetime", "datetime"),
        ("datetime", "time"),
        ("datetime", "timedelta"),
        ("decimal", "Decimal"),
        ("uuid", "UUID"),
    }
)


class _Columns:
    """What pickles as the list of records that it was made of."""

    def __init__(self, kind: type, names: Sequence[str], columns: Sequence[list[Any]]) -> None:
        self._parts = (kind, names, columns)

    def __reduce__(self) -> tuple[Any, ...]:
        return _records, self._parts


def by_columns(records: list[Any]) -> list[Any]:
    """Return what pickles as these records, and faster if that can be; good for nothing else."""
    if len(records) < RECORDS_MIN:
        return records
    kind: Any = type(records[0])
    names = _names_of(kind)
    if not names or set(map(type, records)) != {kind}:
        return records
    try:
        columns = _columns(kind, records, names)
    except (AttributeError, KeyError):
        return records  # an attribute was taken away
    if columns is None or not all(map(_is_plain, set(map(type, chain.from_iterable(columns))))):
        return records
    return cast("list[Any]", _Columns(kind, names, columns))


def _columns(kind: type, records: list[Any], names: Sequence[str]) -> list[list[Any]] | None:
    if not kind.__dictoffset__:
        return [list(map(attrgetter(name), records)) for name in names]
    states = [record.__dict__ for record in records]
    if set(map(len, states)) != {len(names)}:
        return None  # an attribute was added
    return [list(map(itemgetter(name), states)) for name in names]


def _records(kind: Any, names: Sequence[str], columns: Sequence[list[Any]]) -> list[Any]:
    """Make the records again, as pickle would: no `__init__` is called."""
    records: list[Any] = list(map(object.__new__, repeat(kind, len(columns[0]))))
    put = setattr if kind.__setattr__ is object.__setattr__ else object.__setattr__  # if frozen
    for name, column in zip(names, columns, strict=True):
        if kind.__dictoffset__:
            done = map(put, records, repeat(name), column)
        else:
            done = map(getattr(kind, name).__set__, records, column)
        deque(done, maxlen=0)
    return records


def _is_plain(kind: type) -> bool:
    """Say whether its values refer to nothing else, so that no two records can share a part."""
    return kind in _PLAIN or (kind.__module__, kind.__qualname__) in _PLAIN_BY_NAME


@lru_cache(maxsize=64)
def _names_of(kind: Any) -> tuple[str, ...]:
    """Name the attributes of a dataclass that is pickled in the ordinary way; else none."""
    if kind in copyreg.dispatch_table or not hasattr(kind, "__dataclass_fields__"):
        return ()
    is_ordinary = (
        kind.__new__ is object.__new__
        and kind.__reduce_ex__ is object.__reduce_ex__
        and kind.__reduce__ is object.__reduce__
        and not any(hasattr(kind, name) for name in ("__getnewargs_ex__", "__getnewargs__"))
        and _has_ordinary_state(kind)
    )
    names = tuple(field.name for field in dataclasses.fields(kind))
    return names if is_ordinary and _are_all_there_is(kind, names) else ()


def _are_all_there_is(kind: Any, names: Sequence[str]) -> bool:
    """Say whether instances keep these attributes, and no others, in slots or in their dict."""
    slots = {name for base in kind.__mro__ for name in vars(base).get("__slots__", ())}
    if kind.__dictoffset__:
        return not slots and not any(_is_set_by_a_descriptor(kind, name) for name in names)
    return slots - {"__weakref__"} == set(names)


def _has_ordinary_state(kind: type) -> bool:
    methods = (getattr(kind, "__getstate__"), getattr(kind, "__setstate__", None))  # noqa: B009 - unknown to type checkers
    from_dataclasses = tuple(
        getattr(dataclasses, name, None) for name in ("_dataclass_getstate", "_dataclass_setstate")
    )
    return methods in ((getattr(object, "__getstate__", None), None), from_dataclasses)


def _is_set_by_a_descriptor(kind: type, name: str) -> bool:
    return hasattr(type(inspect.getattr_static(kind, name, None)), "__set__")
