"""How many bytes records take, estimated from a few of them.

Bounds by count alone fail for large records: a thousand pages of a megabyte are a gigabyte.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from sys import getsizeof
from typing import Any, Final

SAMPLE: Final = 8
"""Records of a block that are weighed; the others are taken to be like them."""

DEPTH: Final = 3
"""How far a record is looked into."""

PARTS: Final = 16
"""How many parts of a container are weighed; the others are taken to be like them."""

UNKNOWN_BYTES: Final = 64
_WHOLE: Final = frozenset({int, float, bool, str, bytes, bytearray, type(None)})


def weigh(values: Sequence[Any]) -> int:
    """Estimate the bytes of some records."""
    count = len(values)
    if count <= SAMPLE:
        return sum(_safely(value) for value in values)
    step = count // SAMPLE
    sampled = sum(_safely(values[place]) for place in range(0, step * SAMPLE, step))
    return sampled * count // SAMPLE


def _safely(value: Any) -> int:
    """Weigh a record that may be of any manners, or be changed by somebody meanwhile."""
    try:
        return bytes_of(value)
    except Exception:  # noqa: BLE001 - an estimate is no reason to fail
        return UNKNOWN_BYTES


def bytes_of(value: Any, depth: int = DEPTH) -> int:
    """Estimate the bytes of one record: exact for strings, bytes and buffers, else by its parts."""
    own = getsizeof(value, UNKNOWN_BYTES)
    if type(value) in _WHOLE:
        return own
    held = getattr(value, "nbytes", None)  # NumPy, Arrow, memoryview
    if type(held) is int:
        return max(own, held)
    parts, count = _parts(value) if depth else ((), 0)
    if not count:
        return own
    sampled = [bytes_of(part, depth - 1) for part in islice(parts, PARTS)]
    return own + sum(sampled) * count // len(sampled)


def _parts(value: Any) -> tuple[Iterable[Any], int]:
    """Return what a record holds, and how much that is."""
    if isinstance(value, Mapping):
        return chain.from_iterable(value.items()), 2 * len(value)
    if isinstance(value, list | tuple | set | frozenset):
        return value, len(value)
    if hasattr(value, "__dict__"):
        held = list(vars(value).values())
    else:
        held = [getattr(value, name, None) for name in getattr(type(value), "__slots__", ())]
    return held, len(held)
