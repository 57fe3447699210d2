"""Some rows of a sheet as a workbook of their own: all of the old one, but without the other rows.

A row keeps its number, its cells and their looks, so that whoever repairs it finds it where it was.
What Excel computes again by itself (the order of calculation) is left out.
"""

from __future__ import annotations

import re
import zipfile
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final
from xml.parsers import expat

from .excel_book import Book, SheetPart
from .row import Row

_CALC_CHAIN: Final = "calcchain.xml"
_NAMING_CALC_CHAIN: Final = re.compile(rb"<[^<>]*calcChain[^<>]*/>")
_EMPTY_FORMULA: Final = re.compile(rb"<(?:\w+:)?f\b[^<>]*/>")
"""A formula that stands in another cell, which may be left out; its value stays."""

_LISTS: Final = ("[content_types].xml", "workbook.xml.rels")
"""Parts that name the others."""


class ExcelExport:
    """One export in the making; it is written at its end.

    Args:
        source: The workbook.
        sheet_of: Says which of its sheets is meant.
        header_row: Up to which row all is kept.
        to: Where the export goes.
    """

    def __init__(
        self, source: Path, sheet_of: Callable[[Book], SheetPart], header_row: int, to: BinaryIO
    ) -> None:
        self._source = source
        self._sheet_of = sheet_of
        self._header_row = header_row
        self._to = to
        self._wanted = array("L")

    def add(self, row: Row) -> bool:
        """Remember a row."""
        self._wanted.append(row.line)
        return True

    def finish(self) -> None:
        """Write the workbook."""
        with (
            self._source.open("rb") as stream,
            zipfile.ZipFile(self._to, "w", zipfile.ZIP_DEFLATED) as out,
        ):
            book = Book(stream)
            sheet = self._sheet_of(book)
            wanted = frozenset(self._wanted)
            for name in book.names:
                if name.lower().endswith(_CALC_CHAIN):
                    continue
                blocks = book.blocks(name)
                if name.lower() == sheet.part.lower():
                    blocks = _kept(blocks, lambda row: row <= self._header_row or row in wanted)
                elif name.lower().endswith(_LISTS):
                    blocks = iter([_NAMING_CALC_CHAIN.sub(b"", b"".join(blocks))])
                with out.open(name, "w") as part:
                    for block in blocks:
                        part.write(block)


def _kept(blocks: Iterator[bytes], is_wanted: Callable[[int], bool]) -> Iterator[bytes]:
    """Yield a sheet without the rows that are not wanted."""
    cut = _Cut(is_wanted)
    for block in blocks:
        yield cut.feed(block)
    yield cut.end()


class _Cut:
    """A sheet on its way: from one row's beginning to the next everything is kept, or nothing."""

    def __init__(self, is_wanted: Callable[[int], bool]) -> None:
        self._is_wanted = is_wanted
        self._held = bytearray()
        self._begin = 0
        """Where in the sheet what is held begins."""

        self._is_kept = True
        self._is_row = False
        self._row = 0
        self._out: list[bytes] = []
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._begins
        self._parser.EndElementHandler = self._ends

    def feed(self, block: bytes) -> bytes:
        """Take a part of the sheet, and return what is certain."""
        self._held += block
        self._parser.Parse(block, False)  # noqa: FBT003 - positional only
        return self._taken()

    def end(self) -> bytes:
        """Return the rest."""
        self._parser.Parse(b"", True)  # noqa: FBT003 - positional only
        self._settle(self._begin + len(self._held))
        return self._taken()

    def _begins(self, tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == "row":
            self._settle(self._parser.CurrentByteIndex)
            self._row = int(attributes.get("r", self._row + 1))
            self._is_kept, self._is_row = self._is_wanted(self._row), True

    def _ends(self, tag: str) -> None:
        if tag.rpartition(":")[2] == "sheetData":
            self._settle(self._parser.CurrentByteIndex)
            self._is_kept, self._is_row = True, False

    def _settle(self, upto: int) -> None:
        """Keep or drop what comes before a place."""
        count = upto - self._begin
        if self._is_kept:
            piece = bytes(self._held[:count])
            self._out.append(_EMPTY_FORMULA.sub(b"", piece) if self._is_row else piece)
        del self._held[:count]
        self._begin = upto

    def _taken(self) -> bytes:
        out, self._out = b"".join(self._out), []
        return out
