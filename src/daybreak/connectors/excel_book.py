"""An .xlsx file taken apart: its sheets, texts, and what its number formats say. Flat in memory.

A workbook is a zip of XML. Nothing is unpacked to a disk; every part is read as a stream, its
checksum compared, its size bounded, and a document type (the door of entity bombs) is refused.
"""

from __future__ import annotations

import errno
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, TypeAlias
from xml.parsers import expat

from .excel_dates import Look, look_of

BLOCK_BYTES: Final = 2**16

PART_BYTES_MAX: Final = 2**32
"""Bytes that one part of a workbook may unpack to."""

TEXTS_BYTES_MAX: Final = 2**28
"""Bytes that its shared texts may unpack to: they are held in memory."""

BOMB_BYTES: Final = 2**26
BOMB_RATIO: Final = 500
"""A part of more bytes than that must not be as many times larger than it is packed."""

NOT_EXCEL: Final = "not an .xlsx file, or not a whole one"
OLD_OR_LOCKED: Final = "an .xls file, or one with a password; save it as .xlsx without one"
BINARY_OR_ODS: Final = "not an .xlsx file but an .xlsb or .ods one; save it as .xlsx"
TOO_LARGE: Final = "unpacks to more than any sheet needs"
WITH_DOCTYPE: Final = "has a document type, which no workbook has"
DAMAGED: Final = "damaged: it cannot be unpacked, or is not well-formed"

_OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0"


Begins: TypeAlias = Callable[[str, dict[str, str]], None]
Ends: TypeAlias = Callable[[str], None]


class BookRefused(Exception):  # noqa: N818 - a verdict on a file, raised and caught in this room
    """A workbook cannot be read; the message is the reason, in stable words.

    Args:
        reason: The cause.
        value: What it is about: a sheet's name.
    """

    def __init__(self, reason: str, value: str | None = None) -> None:
        super().__init__(reason)
        self.value = value


@dataclass(frozen=True, slots=True)
class SheetPart:
    """One sheet of a workbook."""

    name: str
    part: str
    """Its part of the zip."""

    is_visible: bool


_DAMAGES: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What the library raises for archives that are damaged, or locked."""


class Book:
    """An .xlsx file that is open.

    Args:
        stream: The file.

    Raises:
        BookRefused: If it is none.
    """

    def __init__(self, stream: BinaryIO) -> None:
        magic = stream.read(4)
        if magic == _OLE_MAGIC:
            raise BookRefused(OLD_OR_LOCKED)
        try:
            self._zip = zipfile.ZipFile(stream)
        except _DAMAGES as exc:
            raise BookRefused(NOT_EXCEL) from exc
        self._parts = {name.lstrip("/").lower(): name for name in self._zip.namelist()}
        self._kinds: dict[str, str] = {}
        self.uses_1904 = False
        self.sheets = tuple(self._read_workbook())

    def _read_workbook(self) -> Iterator[SheetPart]:
        workbook = next(
            (to for kind, to in self._related("").values() if kind == "officeDocument"), None
        )
        if workbook is None or not workbook.endswith(".xml") or not self.has(workbook):
            raise BookRefused(BINARY_OR_ODS if self._parts else NOT_EXCEL)
        found: list[Mapping[str, str]] = []

        def begins(tag: str, attributes: dict[str, str]) -> None:
            if tag == "workbookPr":
                self.uses_1904 = attributes.get("date1904", "0") in {"1", "true"}
            elif tag == "sheet":
                found.append({of[of.find(":") + 1 :]: value for of, value in attributes.items()})

        self.parse(workbook, begins)
        related = self._related(workbook)
        self._kinds = dict(related.values())
        for sheet in found:
            kind, to = related.get(sheet.get("id", ""), ("", ""))
            if kind == "worksheet":
                name, state = sheet.get("name", ""), sheet.get("state", "visible")
                yield SheetPart(name, to, state == "visible")

    def _related(self, part: str) -> dict[str, tuple[str, str]]:
        """Return the parts that a part points to: by id their kind and name."""
        folder, name = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", f"{name}.rels")
        found: dict[str, tuple[str, str]] = {}

        def begins(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship" and attributes.get("TargetMode") != "External":
                to = attributes.get("Target", "")
                to = to.lstrip("/") if to.startswith("/") else posixpath.join(folder, to)
                kind = attributes.get("Type", "").rpartition("/")[2]
                found[attributes.get("Id", "")] = (kind, posixpath.normpath(to))

        if self.has(rels):
            self.parse(rels, begins)
        return found

    @property
    def names(self) -> Sequence[str]:
        """All parts."""
        return self._zip.namelist()

    def has(self, part: str) -> bool:
        """Say whether there is such a part."""
        return part.lower() in self._parts

    # ------------------------------------------------------------ what cells point to

    def texts(self) -> list[str]:
        """Read the texts that cells share; furigana is no part of them."""
        found: list[str] = []
        pieces: list[str] = []
        inside = {"t": False, "rPh": False}

        def begins(tag: str, _attributes: dict[str, str]) -> None:
            if tag == "si":
                pieces.clear()
            elif tag in inside:
                inside[tag] = True

        def ends(tag: str) -> None:
            if tag == "si":
                found.append(unescaped("".join(pieces)))
            elif tag in inside:
                inside[tag] = False

        def text(data: str) -> None:
            if inside["t"] and not inside["rPh"]:
                pieces.append(data)

        part = self._kinds.get("sharedStrings")
        if part is not None:
            self.parse(part, begins, ends, text, bytes_max=TEXTS_BYTES_MAX)
        return found

    def looks(self) -> list[Look]:
        """Read by a cell's style how its number is shown: as a number, a date, a time."""
        codes: dict[str, str] = {}
        found: list[Look] = []
        inside = [False]

        def begins(tag: str, attributes: dict[str, str]) -> None:
            if tag == "numFmt":
                codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
            elif tag == "cellXfs":
                inside[0] = True
            elif tag == "xf" and inside[0]:
                number = attributes.get("numFmtId", "0")
                found.append(look_of(number, codes.get(number)))

        def ends(tag: str) -> None:
            if tag == "cellXfs":
                inside[0] = False

        if (part := self._kinds.get("styles")) is not None:
            self.parse(part, begins, ends)
        return found

    # ------------------------------------------------------------ parts

    def blocks(self, part: str, *, bytes_max: int = PART_BYTES_MAX) -> Iterator[bytes]:
        """Unpack a part block by block; its checksum is compared at its end.

        Raises:
            BookRefused: If it is missing, damaged or too large.
        """
        name = self._parts.get(part.lower())
        if name is None:
            raise BookRefused(DAMAGED)
        packed, size = self._zip.getinfo(name).compress_size, 0
        try:
            with self._zip.open(name) as stream:
                while block := stream.read(BLOCK_BYTES):
                    size += len(block)
                    is_bomb = size > BOMB_BYTES and size > BOMB_RATIO * packed
                    if is_bomb or size > bytes_max:
                        raise BookRefused(TOO_LARGE)
                    yield block
        except _DAMAGES as exc:
            raise BookRefused(DAMAGED) from exc
        except OSError as exc:
            if exc.errno != errno.EINVAL:  # a place before the file's beginning
                raise  # the disk's fault, not the file's
            raise BookRefused(DAMAGED) from exc

    def parse(
        self,
        part: str,
        begins: Begins,
        ends: Ends | None = None,
        text: Callable[[str], None] | None = None,
        *,
        bytes_max: int = PART_BYTES_MAX,
    ) -> None:
        """Read a part of XML to its end, as `parsing` does."""
        for _ in self.parsing(part, begins, ends, text, bytes_max=bytes_max):
            pass

    def parsing(
        self,
        part: str,
        begins: Begins,
        ends: Ends | None = None,
        text: Callable[[str], None] | None = None,
        *,
        bytes_max: int = PART_BYTES_MAX,
    ) -> Iterator[None]:
        """Read a part of XML, and call functions for what is in it; yields after each block.

        Args:
            part: Its name.
            begins: Is given each tag, without its prefix, and its attributes.
            ends: Is given it again at its end.
            text: Is given what stands between.
            bytes_max: How much it may unpack to.

        Raises:
            BookRefused: If it is damaged or too large.
        """
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = lambda tag, of: begins(tag[tag.find(":") + 1 :], of)
        if ends is not None:
            parser.EndElementHandler = lambda tag: ends(tag[tag.find(":") + 1 :])
        parser.CharacterDataHandler = text
        for block in self.blocks(part, bytes_max=bytes_max):
            _feed(parser, block)
            yield
        _feed(parser, b"", is_last=True)
        yield


def _refuse_doctype(*_of: object) -> None:
    raise BookRefused(WITH_DOCTYPE)


def _feed(parser: expat.XMLParserType, block: bytes, *, is_last: bool = False) -> None:
    try:
        parser.Parse(block, is_last)
    except (expat.ExpatError, ValueError) as exc:
        raise BookRefused(DAMAGED) from exc


_ESCAPE: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")


def unescaped(text: str) -> str:
    r"""Return a text with what XML cannot hold put back: `_x000D_` is `\r`."""
    if "_x" not in text:
        return text
    found = _ESCAPE.sub(lambda one: chr(int(one[1], 16)), text)
    try:
        return found.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:  # half a character: it is none, so it was no escape either
        return text
