"""Values as the driver of MariaDB and MySQL spells them rightly."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final
from uuid import UUID

_SEVERAL: Final = (list, tuple, set, frozenset)


def plain(value: Any) -> Any:
    """Return a value as the driver spells it rightly.

    An aware datetime becomes the same moment in UTC, which is the session's time zone: the driver
    would drop the zone without a word.

    Raises:
        UnicodeEncodeError: If a text is none: the driver would send half a character as a byte.
    """
    match value:
        case Enum():
            return plain(value.value)
        case str():
            if not value.isascii():
                value.encode()
            return value
        case UUID() | Path():
            return str(value)
        case memoryview():
            return bytes(value)
        case datetime() if value.tzinfo is not None:
            return value.astimezone(UTC).replace(tzinfo=None)
        case _:
            return value


def single(value: Any) -> Any:
    """Return a value that stands at one place as the driver spells it rightly.

    Raises:
        TypeError: If it is several: the driver would spell `('a')`, which is no list, but `a`.
        UnicodeEncodeError: As `plain`.
    """
    spelled = plain(value)
    if isinstance(spelled, _SEVERAL):
        raise TypeError(f"{type(spelled).__name__} can not be used as one value")
    return spelled
