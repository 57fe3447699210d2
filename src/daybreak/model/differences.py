"""What differs between two sets of facts, in words: then and now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

_NANOSECONDS: Final = 10**9


def differences(then: object, now: object, what: str = "") -> Iterator[str]:
    """Say what differs between two fingerprints, fact by fact, then and now.

    Args:
        then: JSON data, of a file, of a source or of a whole step.
        now: The same kind of JSON data.
        what: The name of the fact that is compared.
    """
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for name in {**then, **now}:
            inner = f"{what} {name}".strip()
            yield from differences(then.get(name), now.get(name), inner)
    elif then != now:
        fact = what.rpartition(" ")[2]
        if fact in {"beginning", "middle", "end"}:
            yield f"its {fact} has other bytes"
        else:
            yield f"{what} was {_shown(fact, then)}, is {_shown(fact, now)}"


def _shown(fact: str, value: object) -> str:
    if isinstance(value, int) and fact == "mtime_ns":
        seconds, rest = divmod(value, _NANOSECONDS)
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"
    return f"{value:,}" if isinstance(value, int) and fact != "inode" else repr(value)
