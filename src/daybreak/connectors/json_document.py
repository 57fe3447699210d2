"""What stands around the array that holds the records of a JSON document."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

from ..model.chunk import BrokenOff
from .byte_window import RECORD_BYTES_MAX, TOO_LONG, Window, skip_blanks
from .json_elements import Uncertain, skip_element
from .json_grammar import NO_JSON, TWICE, object_of
from .row import Malformed

CODEC: Final = "utf-8"

NO_ARRAY: Final = "no array where its records should be"
NO_OBJECT: Final = "no object where its records should be"
NO_NAME: Final = "the name under which its records should be is missing"
ENDS_EARLY: Final = BrokenOff("the file ends before its array does")
ENDS_BEHIND: Final = BrokenOff("the file ends behind its array too early")
NOT_THE_END: Final = "behind its array the document does not go on as JSON"

_NAME: Final = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\r\n]*+:')


def go_into_array(window: Window, path: Sequence[str]) -> None:
    """Go behind the bracket that opens the array of the records.

    Args:
        window: It stands at the beginning of the document.
        path: The names of the objects' members that lead to it.

    Raises:
        Malformed: If there is none, or what stands before it is no JSON.
    """
    for name in path:
        _pass(window, b"{", NO_OBJECT)
        _go_to(window, name)
    _pass(window, b"[", NO_ARRAY)


def go_to_end(window: Window, path: Sequence[str]) -> None:
    """Go to the end of the document.

    Args:
        window: It stands behind the array's closing bracket.
        path: As in `go_into_array`.

    Raises:
        Malformed: If what stands there is no JSON, or the path leads to a second array.
    """
    for name in reversed(path):
        while skip_blanks(window) == b",":
            window.go(window.at + 1)
            if skip_blanks(window) != b'"':
                raise Malformed(NOT_THE_END)
            if _is_at(window, name):
                raise Malformed(TWICE)
            _skip_member(window)
        _pass(window, b"}", NOT_THE_END if window.peek() else ENDS_BEHIND)
    if skip_blanks(window):
        raise Malformed(NOT_THE_END)


def _pass(window: Window, bracket: bytes, fault: str) -> None:
    if skip_blanks(window) != bracket:
        raise Malformed(fault)
    window.go(window.at + 1)


def _go_to(window: Window, name: str) -> None:
    """Go behind the colon of an object's member."""
    while skip_blanks(window) == b'"':
        if _is_at(window, name):
            return
        _skip_member(window)
        if skip_blanks(window) == b",":
            window.go(window.at + 1)
    raise Malformed(NO_NAME if window.peek() == b"}" else NO_JSON + "a member is missing")


def _is_at(window: Window, name: str) -> bool:
    """Say whether a member has this name, and go behind its colon if it has."""
    found = None
    while not (found := _NAME.match(window.data, window.at)):
        if len(window.data) - window.at > RECORD_BYTES_MAX or not window.more():
            return False
    try:
        is_it = bool(json.loads(found.group(1)) == name)
    except ValueError:
        return False  # `_skip_member` says what is wrong with it
    if is_it:
        window.go(found.end())
    return is_it


def _skip_member(window: Window) -> None:
    window.begin()
    end = skip_element(window, named=True)
    if isinstance(end, Uncertain):
        raise Malformed(end.fault)
    row = window.end(end)
    if row.fault != TOO_LONG:
        object_of(b"{" + row.raw + b"}", CODEC)
