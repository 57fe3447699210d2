"""Records of files whose values have types of their own; each is one line of JSON between the two.

Such a file has no bytes that are one record's alone. So the line is what is hashed, kept in
quarantine, exported and repaired; and check, load and replay all read the same line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ..model.chunk import Finding
from .csv_grammar import Ungrammatical
from .csv_records import REQUIRED
from .csv_schema import schema_of
from .file_refusals import shorten, show_raw
from .model_verdicts import faults_by_column
from .row import Malformed, Row

NOT_A_RECORD: Final = "not one line of JSON with a value for every column"
NOT_ONE_ROW: Final = "not one row"

Cell: TypeAlias = Any
"""A value of JSON, as it stands in a record's line."""


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """How the cells of one column become values of its field."""

    name: str
    convert: Callable[[Cell], Any]
    """Called with what is no NULL; raises `Ungrammatical`."""

    nullable: bool = True
    has_default: bool = False


class TypedRowReader:
    """Makes records of lines of JSON. Several threads may use one.

    Args:
        file: The file's name, for findings.
        names: Its columns.
        columns: Those that are read.
        model: What its records are; None for dicts.
        null: What else is NULL, besides null itself, as a cell.
    """

    def __init__(
        self,
        file: str,
        names: Sequence[str],
        columns: Sequence[TypedColumn],
        model: type | None,
        *,
        null: Sequence[Cell] = (),
    ) -> None:
        self._file = file
        self._names = tuple(names)
        self._known = frozenset(names)
        self._columns = columns
        self._null = (None, *null)
        self._schema = None if model is None else schema_of(model)

    @property
    def ignored(self) -> tuple[str, ...]:
        """Columns of the file that the model does not name."""
        named = {column.name for column in self._columns}
        return tuple(name for name in self._names if name not in named)

    def read(self, row: Row) -> tuple[Any, Sequence[Finding]]:
        """Return a row's record and no finding, or None and everything that is wrong with it."""
        try:
            cells = self._cells(row)
        except Malformed as exc:
            return None, (self._finding(row, None, show_raw(row.raw), exc.reason),)
        values, faults = self._convert(cells)
        if self._schema is None:
            return (None, self._findings(row, cells, faults)) if faults else (values, ())
        try:
            record = self._schema.validate(values)
        except Exception as exc:  # noqa: BLE001 - a model's own code may raise whatever it likes
            faults = {**faults_by_column(exc), **faults}
        else:
            if not faults:
                return record, ()
        return None, self._findings(row, cells, faults)

    def _cells(self, row: Row) -> dict[str, Cell]:
        if row.fault is not None:
            raise Malformed(row.fault)
        try:
            pairs = json.loads(row.raw, object_pairs_hook=_Pairs)
        except (ValueError, RecursionError) as exc:
            raise Malformed(NOT_A_RECORD) from exc
        if not isinstance(pairs, _Pairs) or len(pairs) != len(self._known):
            raise Malformed(NOT_A_RECORD)
        cells = {name: _plain(value) for name, value in pairs}
        if cells.keys() != self._known:
            raise Malformed(NOT_A_RECORD)
        return cells

    def _convert(self, cells: Mapping[str, Cell]) -> tuple[dict[str, Any], _Faults]:
        values: dict[str, Any] = {}
        faults: _Faults = {}
        for column in self._columns:
            name = column.name
            cell = cells[name]
            if cell is None or cell in self._null:
                if column.nullable:
                    values[name] = None
                elif not column.has_default:
                    faults[name] = [REQUIRED]
                continue
            try:
                values[name] = column.convert(cell)
            except Ungrammatical as exc:
                faults[name] = [str(exc)]
        return values, faults

    def _findings(self, row: Row, cells: Mapping[str, Cell], faults: _Faults) -> list[Finding]:
        """Return faults as findings, in the file's order of columns, the record's own last."""
        found = [
            self._finding(row, name, show_cell(cells[name]), reason)
            for name in self._names
            for reason in faults.pop(name, ())
        ]
        of_row = [reason for reasons in faults.values() for reason in reasons]
        return [*found, *(self._finding(row, None, show_raw(row.raw), one) for one in of_row)]

    def _finding(self, row: Row, column: str | None, value: str | None, reason: str) -> Finding:
        return Finding(self._file, row.line, column, value, reason)


_Faults: TypeAlias = dict[str | None, list[str]]


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON with all of its names, repeated ones too; unlike a list of JSON."""


def _plain(value: Any) -> Any:
    """Return a cell with its objects as dicts."""
    if isinstance(value, _Pairs):
        return {name: _plain(inner) for name, inner in value}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def show_cell(cell: Cell) -> str | None:
    """Return a cell as findings show it."""
    if cell is None:
        return None
    if isinstance(cell, dict) and len(cell) == 1:  # a tag says what kind of cell it is
        cell = next(iter(cell.values()))
    text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
    return shorten(text.encode("utf-8", "backslashreplace").decode())


def one_line(raw: bytes) -> Row:
    """Return the bytes of a record that was set aside, or repaired, as a row again."""
    if raw.strip() == b"" or b"\n" in raw.rstrip(b"\r\n"):
        return Row(1, 0, len(raw), raw, NOT_ONE_ROW)
    return Row(1, 0, len(raw), raw, None)
