"""The rows of one sheet, in order, each with its number and its cells as JSON values.

A cell that is more than a number, a text or a truth has a tag, so that nothing is mistaken for
something else: `{"date": "2024-02-29"}`, `{"time": "23:59:59"}`, `{"duration": 1.5}`,
`{"error": "#N/A"}`, `{"formula": "no value was stored"}`, `{"merged": "A2:A3"}`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from .excel_book import DAMAGED, Book, BookRefused, SheetPart, unescaped
from .excel_dates import Look, cell_of

T = TypeVar("T")

ROWS_MAX: Final = 2**20
COLUMNS_MAX: Final = 2**14
"""What a sheet can have at most."""

TEXT_CHARS_MAX: Final = 2**15
"""Characters of a cell; one that has more was not written by Excel."""

MERGED_MAX: Final = 100_000
"""Merged areas of a sheet."""

TOO_MANY_MERGED: Final = "has more merged cells than can be looked at"

Cells: TypeAlias = dict[int, Any]
"""By its column, from 0, what stands in a cell; those without anything are left out."""


class SheetRow(NamedTuple):
    """One row that has something in it."""

    number: int
    """From 1, as Excel shows it."""

    cells: Cells


def rows(book: Book, sheet: SheetPart) -> Iterator[SheetRow]:
    """Yield the rows of a sheet; empty ones are left out.

    Raises:
        BookRefused: If it is damaged; rows may have been yielded before.

    Complexity: two passes over the part, for merged cells are named at its end; holds one row,
    and the texts that cells share.
    """
    merged = _Merged(book, sheet)
    scan = _Scan(book)
    for _ in book.parsing(sheet.part, scan.begins, scan.ends, scan.text):
        for row in scan.taken():
            if any(cell != "" for cell in row.cells.values()):
                merged.mark(row)
                yield row


class _Scan:
    """What the parser is in the middle of."""

    def __init__(self, book: Book) -> None:
        self._texts = book.texts()
        self._looks = book.looks()
        self._uses_1904 = book.uses_1904
        self._done: list[SheetRow] = []
        self._row = 0
        self._cells: Cells = {}
        self._column = -1
        self._cell: Mapping[str, str] = {}
        self._pieces: list[str] | None = None
        self._value: str | None = None
        self._formula: str | None = None
        self._is_furigana = False

    def taken(self) -> list[SheetRow]:
        """Return the rows that are complete, once."""
        done, self._done = self._done, []
        return done

    def begins(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._begin_cell(attributes)
        elif tag in {"v", "t", "f"}:
            self._pieces = []
        elif tag == "row":
            number = _number(attributes.get("r"), self._row + 1)
            if not self._row < number <= ROWS_MAX:
                raise BookRefused(DAMAGED)
            self._row, self._cells, self._column = number, {}, -1
        elif tag == "rPh":
            self._is_furigana = True

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        place = attributes.get("r")
        column = self._column + 1
        if place is not None:
            column = column_of(place)
            if int(place.lstrip(ascii_uppercase)) != self._row:
                raise BookRefused(DAMAGED)
        if not self._column < column < COLUMNS_MAX:
            raise BookRefused(DAMAGED)
        self._column, self._cell = column, attributes
        self._value = self._formula = None

    def text(self, data: str) -> None:
        if self._pieces is not None:
            self._pieces.append(data)

    def ends(self, tag: str) -> None:
        if tag == "v":
            self._value = self._take()
        elif tag == "t":
            if not self._is_furigana:  # rich text has several
                self._value = (self._value or "") + self._take()
            self._pieces = None
        elif tag == "c":
            cell = self._made()
            if cell is not None:
                self._cells[self._column] = cell
        elif tag == "f":
            self._formula = self._take()
        elif tag == "row":
            self._done.append(SheetRow(self._row, self._cells))
        elif tag == "rPh":
            self._is_furigana = False

    def _take(self) -> str:
        pieces, self._pieces = self._pieces, None
        return "".join(pieces or ())

    def _made(self) -> Any:
        """Return what stands in the cell that ends; None for nothing."""
        value, kind = self._value, self._cell.get("t", "n")
        if value is None or (value == "" and kind == "n"):
            return None if self._formula is None else {"formula": "no value was stored"}
        if kind == "s":
            return self._shared(value)
        if kind == "n":
            return self._number(value)
        return _OTHERS.get(kind, _unknown)(value)

    def _shared(self, value: str) -> str:
        return _text(_at(self._texts, value))

    def _number(self, text: str) -> Any:
        number = _literal(text)
        style = self._cell.get("s")
        if style is None or number is None:
            return {"error": text} if number is None else number
        look = _at(self._looks, style)
        if look is Look.NUMBER:
            return number
        return cell_of(float(number), look, uses_1904=self._uses_1904)


_LITERAL: Final = re.compile(
    r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?"
).fullmatch
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,300}").fullmatch


def _literal(text: str) -> int | float | None:
    """Return a number as it is written; None if it is none."""
    if _WHOLE(text):
        return int(text)
    number = float(text) if _LITERAL(text) else math.inf
    return number if math.isfinite(number) else None


def _text(value: str) -> str:
    if len(value) > TEXT_CHARS_MAX:
        raise BookRefused(DAMAGED)
    return value


def _truth(value: str) -> bool:
    if value not in {"0", "1"}:
        raise BookRefused(DAMAGED)
    return value == "1"


def _unknown(_value: str) -> Any:
    raise BookRefused(DAMAGED)


_OTHERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "str": lambda value: _text(unescaped(value)),
    "inlineStr": lambda value: _text(unescaped(value)),
    "b": _truth,
    "e": lambda value: {"error": value},
    "d": lambda value: {"date": value},
}


def _at(several: Sequence[T], place: str) -> T:
    """Return what a cell points to; counted from 0, never from the end."""
    if not place.isascii() or not place.isdigit() or int(place[:10]) >= len(several):
        raise BookRefused(DAMAGED)
    return several[int(place)]


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 7:  # noqa: PLR2004 - a million
        raise BookRefused(DAMAGED)
    return int(text)


_PLACE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})").fullmatch
_columns: dict[str, int] = {}


def column_of(place: str) -> int:
    """Return the column of a cell's name, from 0: of `B7` it is 1."""
    letters = place.rstrip("0123456789")
    column = _columns.get(letters)
    if column is None or len(letters) == len(place):
        if not _PLACE(place):
            raise BookRefused(DAMAGED)
        column = 0
        for letter in letters:
            column = column * 26 + ord(letter) - 64
        column = _columns[letters] = column - 1
    return column


def letters_of(column: int) -> str:
    """Return a column's letters."""
    letters = ""
    column += 1
    while column:
        column, last = divmod(column - 1, 26)
        letters = chr(65 + last) + letters
    return letters


class _Merged:
    """The merged areas of a sheet: all but their first cells are no cells of their own."""

    _AREA: Final = re.compile(rb'mergeCell\s[^>]*?ref="([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)"')

    def __init__(self, book: Book, sheet: SheetPart) -> None:
        self._ahead = sorted(self._areas(book, sheet), reverse=True)
        self._open: list[tuple[int, int, int, int]] = []

    def _areas(self, book: Book, sheet: SheetPart) -> list[tuple[int, int, int, int]]:
        found: list[tuple[int, int, int, int]] = []
        before = b""
        for block in book.blocks(sheet.part):
            both = before + block
            end = 0
            if b"mergeCell" in both:
                for area in self._AREA.finditer(both):
                    first, top, last, bottom = (one.decode() for one in area.groups())
                    columns = (column_of(f"{first}1"), column_of(f"{last}1"))
                    found.append((int(top), *columns, int(bottom)))
                    end = area.end()
            if len(found) > MERGED_MAX:
                raise BookRefused(TOO_MANY_MERGED)
            before = both[max(end, len(both) - 200) :]
        return found

    def mark(self, row: SheetRow) -> None:
        """Mark the cells of a row, which come in order, that are covered by a merged one."""
        if not self._ahead and not self._open:
            return
        while self._ahead and self._ahead[-1][0] <= row.number:
            self._open.append(self._ahead.pop())
        self._open = [area for area in self._open if area[3] >= row.number]
        for top, first, last, bottom in self._open:
            area_name = f"{letters_of(first)}{top}:{letters_of(last)}{bottom}"
            for column in range(first, min(last, COLUMNS_MAX - 1) + 1):
                if (row.number, column) != (top, first):
                    row.cells[column] = {"merged": area_name}
