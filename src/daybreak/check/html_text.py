r"""Foreign text on a page: nothing in it can become HTML, reorder a line, or hide.

Values come from whoever sent the file. Letters of any language stay as they are. What a browser
would obey or not show (control characters, marks that turn the direction of writing, blanks of no
width, halves of characters) is written out, as `\u202e`, and marked as such.
"""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import Final

SHOWN_MAX: Final = 400
"""Characters of one foreign text on a page."""


def foreign(text: str, most: int = SHOWN_MAX) -> str:
    """Return foreign text as HTML that shows exactly what stands there."""
    shown = text if len(text) <= most else text[: most - 1] + "…"
    parts = []
    for is_printable, letters in groupby(shown, key=str.isprintable):
        part = "".join(letters)
        parts.append(escape(part) if is_printable else f"<i>{escape(_written_out(part))}</i>")
    return f"<bdi>{''.join(parts)}</bdi>"


def plain(text: str, most: int = SHOWN_MAX) -> str:
    """Return foreign text as HTML text without marks, where no element may stand: a title."""
    shown = text if len(text) <= most else text[: most - 1] + "…"
    return escape("".join(one if one.isprintable() else _written_out(one) for one in shown))


def _written_out(text: str) -> str:
    return text.encode("unicode_escape", "surrogatepass").decode("ascii")
