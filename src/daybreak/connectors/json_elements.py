"""Where the elements of a JSON array begin and end, without a look at what they are.

An element is what stands between two commas of the array. It is cut by its quotes and brackets
alone, so one that is no JSON for another reason costs itself: a wrong word, a comma too many, a
colon that is missing, quotes inside a text. Where quotes or brackets themselves do not pair, nobody
knows what is inside of what: then nothing behind is certain, and the scanner says so. A quote that
is missing turns all that follows inside out, up to the next one that is missing or too many: all of
that is one element here, or never ends.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from .byte_window import Place, Window, skip_blanks

MISQUOTED: Final = "quotes that do not pair"
MISMATCHED: Final = "brackets that do not pair"
NAME_OUTSIDE: Final = "a name outside of an object"
ENDS_INSIDE: Final = "the file ends inside a record"

DEPTH_MAX: Final = 100_000
"""Brackets open at once in one element; beyond it nothing is looked at any more."""

_WORD: Final = re.compile(rb'[^\[\]{},:" \t\r\n]++')
_IN_STRING: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_CLOSED_BY: Final = {ord("["): ord("]"), ord("{"): ord("}")}


def _pattern_of_objects(levels: int) -> bytes:
    """Return a pattern for objects whose structure is right, of at most so many levels."""
    blanks = rb"[ \t\r\n]*+"
    string = rb'"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+"'
    value = string + rb"|[-+.0-9A-Za-z]++"
    found = b""
    for _ in range(levels):
        between = blanks + rb"(?:," + blanks + rb"(?![}\]])|(?=[}\]]))"
        member = string + blanks + rb":" + blanks + rb"(?:" + value + rb")"
        found = rb"\{" + blanks + rb"(?:" + member + between + rb")*+\}"
        items = rb"\[" + blanks + rb"(?:(?:" + value + rb")" + between + rb")*+\]"
        value = string + rb"|[-+.0-9A-Za-z]++|" + found + rb"|" + items
    return found


_SOUND: Final = re.compile(_pattern_of_objects(3) + rb"(?=[ \t\r\n]*+[,\]])")
"""Most elements: cut by one match, with the same result as `_Scan`."""


class Uncertain(NamedTuple):
    """Nothing behind this place is certain."""

    fault: str
    place: Place


def skip_element(window: Window, *, named: bool = False) -> Place | Uncertain:
    """Go behind an element, to the comma or bracket that ends it, or to the end of the file.

    Args:
        window: It stands at the first byte of the element, which is no comma and no bracket that
            closes.
        named: Whether this is a member of an object, with a name and a colon.

    Returns:
        The place behind its last byte that is no blank; or where it was seen that quotes or
        brackets do not pair.
    """
    if not named and (found := _SOUND.match(window.data, window.at)):
        window.go(found.end())
        place = window.place
        skip_blanks(window)
        return place
    return _Scan(window, named=named).run()


class _Scan:
    """One element, token by token."""

    def __init__(self, window: Window, *, named: bool) -> None:
        self._window = window
        self._named = named
        self._open = bytearray()
        self._end = window.place

    def run(self) -> Place | Uncertain:
        window = self._window
        while token := skip_blanks(window):
            if not self._open and token in b",]}":  # which belongs to the array
                return self._end
            if fault := self._pass(token):
                return Uncertain(fault, window.place)
            self._end = window.place
        return Uncertain(ENDS_INSIDE, window.place) if self._open else self._end

    def _pass(self, token: bytes) -> str | None:
        """Go behind a token, given its first byte; return why what follows is uncertain."""
        window = self._window
        if token not in b'[]{},:"':
            self._pass_word()
            return None
        window.go(window.at + 1)
        if token == b'"':
            return self._pass_text()
        if token in b"[{":
            self._open.append(_CLOSED_BY[token[0]])
            return MISMATCHED if len(self._open) > DEPTH_MAX else None
        if token in b"]}":
            return None if self._open.pop() == token[0] else MISMATCHED
        is_outside = token == b":" and not self._open and not self._named
        return NAME_OUTSIDE if is_outside else None

    def _pass_word(self) -> None:
        window = self._window
        while found := _WORD.match(window.data, window.at):
            window.go(found.end())
            if window.at < len(window.data) or not window.more():
                break

    def _pass_text(self) -> str | None:
        window = self._window
        while True:
            found = _IN_STRING.match(window.data, window.at)
            assert found is not None, "it matches nothing too"
            window.go(found.end())
            if window.data[window.at : window.at + 1] == b'"':
                window.go(window.at + 1)
                return None
            if not window.more():
                return MISQUOTED
