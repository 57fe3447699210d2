"""Events and values as plain JSON data: what logs and programs read."""

from __future__ import annotations

import base64
import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

from ..model.parameters import Secret
from ..telemetry import Event
from .secrets import SHOWN, Mask


def payload_of(event: Event, mask: Mask) -> dict[str, Any]:
    """Return an event as JSON data: its name first, as in `{"event": "chunk_committed", …}`."""
    fields = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    return {"event": name_of(type(event)), **{k: plain(v, mask) for k, v in fields.items()}}


def name_of(kind: type) -> str:
    """Return an event's name: `ChunkCommitted` is `chunk_committed`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def plain(value: Any, mask: Mask) -> Any:
    """Return any value as JSON data; what has no JSON form becomes text, secrets become `***`."""
    match value:
        case Secret():
            shown: Any = SHOWN
        case Enum():
            shown = plain(value.value, mask)
        case None | bool() | int():
            shown = value
        case float():
            shown = value if math.isfinite(value) else None
        case bytes() | bytearray() | memoryview():
            shown = bytes_as_json(bytes(value))
        case datetime() | date() | time():
            shown = value.isoformat()
        case timedelta():
            shown = value.total_seconds()
        case str() | Decimal() | UUID() | PurePath():
            shown = mask.hide(str(value))
        case _:
            shown = _plain_parts(value, mask)
    return shown


def _plain_parts(value: Any, mask: Mask) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: plain(getattr(value, field.name), mask) for field in fields}
    if isinstance(value, Mapping):
        return {mask.hide(str(name)): plain(part, mask) for name, part in value.items()}
    if isinstance(value, Sequence | AbstractSet):
        return [plain(part, mask) for part in value]
    return mask.hide(repr(value))


def bytes_as_json(raw: bytes) -> str | dict[str, str]:
    """Return bytes without loss: as text if they are UTF-8, else as `{"base64": …}`."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode("ascii")}
