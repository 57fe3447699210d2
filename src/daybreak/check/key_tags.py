"""Keys as 16 bytes each: equal values have equal tags, whatever their types.

A value is spelled out so that equal ones are spelled alike (1 and 1.0 and Decimal("1.00"), one
instant in two zones). A spelling of up to 15 bytes is its own tag, so that different values have
different tags; a longer one is hashed, with a key that is drawn for every process, into 120 bits.
Then two different values may have one tag, and who accuses a record of that must compare spellings.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from enum import Enum
from hashlib import blake2b
from math import isfinite
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from ..errors import DefinitionError

if TYPE_CHECKING:
    import numpy as np

TAG_BYTES: Final = 16
_ROOM: Final = TAG_BYTES - 1
_HASHED: Final = b"\xff"
"""The last byte of a tag: how long the spelling is, or that it is hashed."""

_SECRET: Final = secrets.token_bytes(16)
"""Nobody can write a file whose keys have one tag."""

_EXACT: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
_WORD_MIN, _WORD_MAX = -(2**63), 2**63
_PLACES_MAX: Final = 40
"""A number that ends in so many zeros is spelled with an exponent, below its digits are."""

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - of the naive ones; of others in UTC
_MICROSECOND: Final = timedelta(microseconds=1)


# ---------------------------------------------------------------- spellings


def _whole(value: int) -> bytes:
    if _WORD_MIN <= value < _WORD_MAX:
        return b"i" + value.to_bytes(8, "little", signed=True)
    return _decimal(Decimal(value))


def _decimal(value: Decimal) -> bytes:
    if not value.is_finite():
        return b"n" if value.is_nan() else b"d%d" % (1 if value > 0 else -1) + b"inf"
    value = value.normalize(_EXACT)
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), "it is finite"
    if 0 <= exponent <= _PLACES_MAX and value.adjusted() < _PLACES_MAX:
        whole = int(value)
        if _WORD_MIN <= whole < _WORD_MAX:
            return b"i" + whole.to_bytes(8, "little", signed=True)
    return b"d" + str(value).encode()


def _float(value: float) -> bytes:
    if isfinite(value) and value.is_integer() and _WORD_MIN <= value < _WORD_MAX:
        return _whole(int(value))
    return _decimal(Decimal(value))


def _text(value: str) -> bytes:
    return b"s" + value.encode("utf-8", "surrogatepass")


def _instant(value: datetime) -> bytes:
    offset = value.utcoffset()
    since = value.replace(tzinfo=None) - _EPOCH
    if offset is None:
        return b"t%d" % (since // _MICROSECOND)
    return b"T%d" % ((since - offset) // _MICROSECOND)


def _of_day(value: time) -> bytes:
    return b"h" + value.isoformat().encode()


def _tuple(value: tuple[Any, ...]) -> bytes:
    parts = [spelled(part) for part in value]
    return b"c" + b"".join(b"%d:%s" % (len(part), part) for part in parts)


_SPELLINGS: Final[dict[type, Callable[[Any], bytes]]] = {
    int: _whole,
    str: _text,
    tuple: _tuple,
    Decimal: _decimal,
    float: _float,
    bool: lambda value: _whole(int(value)),
    bytes: lambda value: b"b" + value,
    date: lambda value: b"a%d" % value.toordinal(),
    datetime: _instant,
    time: _of_day,
    timedelta: lambda value: b"l%d" % (value // _MICROSECOND),
    UUID: lambda value: b"u" + value.bytes,
    type(None): lambda _value: b"0",
}


def spelled(value: Any) -> bytes:
    """Return a value as bytes that equal values share, and no others.

    Raises:
        DefinitionError: If values of its type cannot be compared.
    """
    spell = _SPELLINGS.get(type(value))
    if spell is not None:
        return spell(value)
    if isinstance(value, Enum):
        return spelled(value.value)
    for kind in (str, int, Decimal, float, datetime, date, time, bytes, UUID):
        if isinstance(value, kind):
            return _SPELLINGS[kind](value)
    raise DefinitionError(
        f"{value!r} of type {type(value).__name__} cannot be a key or a reference",
        hint="use columns of numbers, texts, bytes, dates, times or UUIDs",
    )


# ---------------------------------------------------------------- tags


def tag_of(value: Any) -> bytes:
    """Return the tag of a value."""
    return tag_of_spelling(spelled(value))


def tag_of_spelling(text: bytes) -> bytes:
    """Return the tag of what is spelled so."""
    size = len(text)
    if size <= _ROOM:
        return text.ljust(_ROOM, b"\0") + size.to_bytes(1, "little")
    return blake2b(text, digest_size=_ROOM, key=_SECRET).digest() + _HASHED


def tags_of(values: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return the tags of many values, as two words each."""
    import numpy as np  # noqa: PLC0415 - heavy

    if set(map(type, values)) == {int}:
        try:
            return tags_of_words(np.fromiter(values, np.int64, len(values)))
        except OverflowError:
            pass
    joined = b"".join(map(tag_of, values))
    return np.frombuffer(joined, "<u8").reshape(-1, 2)


def tags_of_words(
    words: np.ndarray[Any, np.dtype[np.int64]],
) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return what `tag_of` gives for each of many whole numbers."""
    import numpy as np  # noqa: PLC0415 - heavy

    tags = np.zeros((len(words), TAG_BYTES), np.uint8)
    tags[:, 0] = ord("i")
    tags[:, 1:9] = words.astype("<i8").view(np.uint8).reshape(-1, 8)
    tags[:, _ROOM] = 9
    return tags.view("<u8")


def are_hashed(low: np.ndarray[Any, np.dtype[np.uint64]]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Say of the second words of tags which are of hashed spellings: equal ones prove nothing."""
    import numpy as np  # noqa: PLC0415 - heavy

    found: np.ndarray[Any, np.dtype[np.bool_]] = low >> np.uint64(56) == np.uint64(_HASHED[0])
    return found
