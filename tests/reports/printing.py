"""How a terminal shows what a report consists of."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from rich.console import RenderableType


class Utf8(io.StringIO):
    """A stream that can write every letter."""

    encoding = "utf-8"


def printed(parts: Iterable[RenderableType], width: int) -> list[str]:
    """Print parts as a terminal of some width shows them; return the lines."""
    stream = Utf8()
    console = Console(file=stream, width=width, color_system=None, highlight=False)
    for part in parts:
        console.print(part)
    return [line.rstrip() for line in stream.getvalue().splitlines()]
