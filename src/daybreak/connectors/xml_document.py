"""What stands around the elements that hold the records of an XML document."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..errors import DefinitionError
from ..model.chunk import BrokenOff
from .byte_window import Place
from .row import Malformed
from .text_encodings import codec_name, is_ascii_inside, keeps_apart
from .xml_markup import TEXT_OUTSIDE, Markup, Tag, local_name

DECLARATION_BYTES_MAX: Final = 1_024

NO_RECORD: Final = "no element of the name that its records have"
NO_ELEMENT: Final = "no XML: a file without an element"
ENDS_EARLY: Final = BrokenOff("no XML: the file ends inside an element")
UNKNOWN_ENCODING: Final = "an encoding that is not known"
NOT_DIVIDABLE: Final = "an encoding that cannot be divided by its bytes"

_DECLARATION: Final = re.compile(rb"<\?xml\s[^>]*?>")
_ENCODING: Final = re.compile(rb"\sencoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._-]*)[\"']")
_WIDE: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\0<", b"<\0")


@dataclass(frozen=True, slots=True)
class Around:
    """The elements in which the records are, and the document's encoding."""

    codec: str
    tags: tuple[str, ...]
    """Their start tags, from the outermost; none if the record is the document."""

    @property
    def names(self) -> list[bytes]:
        """Their names, as they are written."""
        found = []
        for tag in self.tags:
            name = re.match(r"<([^\s/>]+)", tag)
            assert name is not None, "it is a start tag"
            found.append(name.group(1).encode(self.codec))
        return found

    def as_text(self) -> str:
        """Return it as text for the index."""
        return json.dumps({"codec": self.codec, "tags": self.tags})

    @classmethod
    def of(cls, text: str) -> Around:
        """Return what `as_text` gave again."""
        data = json.loads(text)
        return cls(data["codec"], tuple(data["tags"]))


def codec_of(beginning: bytes) -> str:
    """Return the encoding that a document declares.

    Args:
        beginning: Its first bytes, without a byte order mark.

    Raises:
        Malformed: If it is unknown, or characters could not be told apart by their bytes.
    """
    if beginning.startswith(_WIDE):
        raise Malformed(NOT_DIVIDABLE)
    declaration = _DECLARATION.match(beginning)
    named = declaration and _ENCODING.search(declaration.group())
    name = named.group(1).decode() if named else "utf-8"
    try:
        codec = codec_name(name)
    except DefinitionError as exc:
        raise Malformed(UNKNOWN_ENCODING, name) from exc
    if not (is_ascii_inside(codec) and keeps_apart(codec, "<>&\"'\n")):
        raise Malformed(NOT_DIVIDABLE, name)
    return codec


def find_records(markup: Markup, path: Sequence[str], codec: str) -> tuple[Around, Place]:
    """Find the element that holds the records: that around the first of them.

    Args:
        markup: At the beginning of the document.
        path: Names without prefixes: of a record alone, or from the outermost element on.
        codec: The document's encoding.

    Returns:
        What is around the records, and the place behind the start tag of the innermost of it. An
        outermost element with nothing in it holds no record: then the place is the file's end.

    Raises:
        Malformed: If no element is a record, or before one is found the document is malformed.
    """
    inside: list[tuple[Tag, Place]] = []
    elements = 0
    while (tag := markup.next()).text:
        if tag.is_text:
            if not inside:
                raise Malformed(TEXT_OUTSIDE)
            continue
        if tag.opens:
            elements += 1
            if is_record(tag, [one.name for one, _ in inside], path, codec):
                tags = tuple(one.text.decode(codec, "replace") for one, _ in inside)
                return Around(codec, tags), inside[-1][1] if inside else tag.place
            if not tag.closes:
                inside.append((tag, markup.window.place))
        else:
            inside.pop()
    if markup.open:
        raise Malformed(ENDS_EARLY)
    if elements != 1:
        raise Malformed(NO_RECORD if elements else NO_ELEMENT)
    return Around(codec, ()), markup.window.place


def is_record(tag: Tag, around: Sequence[bytes], path: Sequence[str], codec: str) -> bool:
    """Say whether a start tag begins a record."""
    names = [*around, tag.name]
    if len(path) > 1 and len(names) != len(path):
        return False
    return [local_name(one).decode(codec, "replace") for one in names[-len(path) :]] == list(path)
