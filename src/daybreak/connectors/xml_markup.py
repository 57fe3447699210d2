"""Tags of an XML document, one after the other, by their bytes.

Only what gives the document its structure is looked at: which tags there are, and whether they
pair. Whether an element is XML beyond that (entities, characters, names of attributes) is seen when
it is parsed (`xml_elements`). A document type definition is refused: nothing in it is ever read.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from .byte_window import RECORD_BYTES_MAX, Place, Window, skip_blanks
from .row import Malformed

DTD: Final = "a document type definition, which is not read"
NO_TAG: Final = "no XML: a tag that is none"
UNPAIRED: Final = "no XML: tags that do not pair"
UNCLOSED: Final = "no XML: a comment, section or instruction that is never closed"
TEXT_OUTSIDE: Final = "no XML: text outside of the outermost element"
TOO_DEEP: Final = "no XML: elements nested too deeply"

DEPTH_MAX: Final = 10_000
"""Elements open at once; beyond it nothing is looked at any more."""

_NAME: Final = rb"[A-Za-z_:\x80-\xff][^\s<>/\"'=]*+"
_TAG: Final = re.compile(
    rb"<(?P<close>/?)(?P<name>" + _NAME + rb")(?:[^<>\"']|\"[^<\"]*\"|'[^<']*')*+>"
)


def _pattern_of_elements(levels: int) -> bytes:
    """Return a pattern for elements whose tags pair, with at most so many levels inside."""
    facts = rb"(?:[^<>\"'/]|\"[^<\"]*\"|'[^<']*'|/(?!>))*+"
    inside = found = rb"[^<]*+"
    for level in range(levels + 1):
        name = b"name%d" % level
        begin = rb"<(?P<" + name + rb">" + _NAME + rb")" + facts
        found = begin + rb"(?:/>|>" + inside + rb"</(?P=" + name + rb")\s*>)"
        inside = rb"[^<]*+(?:" + found + rb"[^<]*+)*+"
    return found


_SOUND: Final = re.compile(_pattern_of_elements(2))
"""Most records: cut by one match, with the same result as tag by tag."""

_CLOSED_BY: Final = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}


class Tag(NamedTuple):
    """One tag, or text that is not only blanks, or the end of the file (`name` is empty)."""

    place: Place
    """Where it begins."""

    name: bytes = b""
    """As it is written, with its prefix."""

    text: bytes = b""
    """The whole tag; for text some byte of it."""

    opens: bool = False
    closes: bool = False
    """A tag that does both has nothing inside."""

    @property
    def is_text(self) -> bool:
        """Whether it is text, which is no tag."""
        return bool(self.text) and not self.name


def local_name(name: bytes) -> bytes:
    """Return a name without its prefix."""
    return name.rpartition(b":")[2]


class Markup:
    """Reads tags from a window, and holds which elements are open.

    Args:
        window: It stands between two tags.
        names: Of the elements that are open there, from the outermost.
        codec: The document's encoding.
    """

    def __init__(self, window: Window, names: list[bytes], codec: str) -> None:
        self.window = window
        self.open = names
        self.first: Place | None = None
        """Where the first thing begins that was looked at since this was set to None."""
        self._codec = codec

    def next(self, *, marks: bool = False) -> Tag:
        """Return the next tag, or text that is not only blanks, and go behind it.

        Args:
            marks: Whether a row of the window begins there.

        Raises:
            Malformed: If nothing behind this place is certain.
        """
        window = self.window
        while skip_blanks(window):
            if marks:
                window.begin()
            place = window.place
            self.first = self.first or place
            if window.peek() != b"<":
                self._skip_text()
                return Tag(place, text=b"?")
            if (tag := self._markup(place)) is not None:
                return tag
        return Tag(window.place)

    def go_behind(self, tag: Tag) -> bool:
        """Go behind an element that `next` has just begun, if that can be seen at once.

        Otherwise nothing has changed.
        """
        window = self.window
        start = window.at - len(tag.text)
        found = _SOUND.match(window.data, start) if start >= 0 else None
        if found is None or found.end() == window.at:
            return False
        self.open.pop()
        window.go(found.end())
        return True

    def _skip_text(self) -> None:
        """Go to the next tag, or the end of the file."""
        window = self.window
        while (at := window.data.find(b"<", window.at)) < 0:
            window.go(len(window.data))
            if not window.more():
                return
        window.go(at)

    def _markup(self, place: Place) -> Tag | None:
        """Return the tag that begins here; None if it is a comment or the like, and go behind."""
        window = self.window
        window.need(len(b"<![CDATA["))
        for begin, end in _CLOSED_BY.items():
            if window.data.startswith(begin, window.at):
                self._skip(begin, end)
                return Tag(place, text=b"?") if end == b"]]>" else None
        if window.data.startswith(b"<!", window.at):
            raise Malformed(DTD)
        while not (found := _TAG.match(window.data, window.at)):
            if len(window.data) - window.at > RECORD_BYTES_MAX or not window.more():
                raise Malformed(NO_TAG)
        tag = Tag(
            place,
            found["name"],
            found.group(),
            opens=not found["close"],
            closes=bool(found["close"] or found.group().endswith(b"/>")),
        )
        self._pair(tag)
        window.go(found.end())
        return tag

    def _pair(self, tag: Tag) -> None:
        if tag.opens and not tag.closes:
            self.open.append(tag.name)
            if len(self.open) > DEPTH_MAX:
                raise Malformed(TOO_DEEP)
        elif tag.closes and not tag.opens:
            if not self.open or self.open[-1] != tag.name:
                raise Malformed(UNPAIRED)
            self.open.pop()

    def _skip(self, begin: bytes, end: bytes) -> None:
        """Go behind a comment, a section of plain text or an instruction."""
        window = self.window
        window.go(window.at + len(begin))
        seen = window.at
        while (at := window.data.find(end, seen)) < 0 or self._is_cut_character(end, at):
            if at >= 0:
                seen = at + 1
                continue
            if len(window.data) - window.at > RECORD_BYTES_MAX:
                window.go(len(window.data) - len(end))
            behind = max(0, len(window.data) - window.at - len(end))
            if not window.more():
                raise Malformed(UNCLOSED)
            seen = window.at + behind
        window.go(at + len(end))

    def _is_cut_character(self, end: bytes, at: int) -> bool:
        """Say whether a section's end begins inside a character: `]` is half of some elsewhere."""
        if end != b"]]>" or self._codec in {"utf-8", "ascii"}:
            return False
        try:
            self.window.data[self.window.at : at].decode(self._codec)
        except UnicodeDecodeError as exc:
            return exc.end == at - self.window.at and "incomplete" in exc.reason
        return False
