"""Rows become records of a model, or findings: the same way for the check and for the load.

NULL is the text `CsvDialect.null`. Where the model allows it, it becomes None; where it has a
default, the default; otherwise it is the finding "required". Without a model a record is a
dict of the texts as they stand, and there is no NULL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ..model.chunk import Finding
from .csv_dialect import CsvDialect
from .csv_grammar import Convert, Ungrammatical
from .csv_rows import FieldReader
from .csv_schema import schema_of
from .file_format import Header
from .file_refusals import shorten, show_raw
from .model_verdicts import faults_by_column
from .row import Malformed, Row

REQUIRED: Final = "required"


class CsvRowReader:
    """Makes records of one file's rows. Several threads may use one.

    Args:
        file: The file's name, for findings.
        header: Its columns.
        dialect: How it is written.
        model: What its records are; None for dicts of texts.
    """

    def __init__(self, file: str, header: Header, dialect: CsvDialect, model: type | None) -> None:
        self._file = file
        self._names = header.names
        self.dialect = dialect
        self._fields = FieldReader(dialect, len(header.names))
        self._columns: list[tuple[str, int, Convert | None, bool, bool]] = []
        self._schema = None if model is None else schema_of(model)
        if self._schema is not None:
            place = {name: at for at, name in enumerate(header.names)}
            self._columns = [
                (of.name, place[of.name], of.convert, of.nullable, of.has_default)
                for of in self._schema.columns
                if of.name in place
            ]

    @property
    def ignored(self) -> tuple[str, ...]:
        """Columns of the file that the model does not name."""
        if self._schema is None:
            return ()
        named = {column.name for column in self._schema.columns}
        return tuple(name for name in self._names if name not in named)

    def read(self, row: Row) -> tuple[Any, Sequence[Finding]]:
        """Return a row's record and no finding, or None and everything that is wrong with it."""
        try:
            fields = self._fields.read(row)
        except Malformed as exc:
            return None, (self._finding(row, None, show_raw(row.raw), exc.reason),)
        if self._schema is None:
            return dict(zip(self._names, fields, strict=True)), ()
        values, faults = self._convert(fields)
        try:
            record = self._schema.validate(values)
        except Exception as exc:  # noqa: BLE001 - a model's own code may raise whatever it likes
            faults = {
                **faults_by_column(exc),
                **faults,
            }  # what has a fault is "missing" for the model
        else:
            if not faults:
                return record, ()
        return None, self._findings(row, fields, faults)

    def _convert(self, fields: list[str]) -> tuple[dict[str, Any], dict[str | None, list[str]]]:
        """Return the values by column, and the reasons against others; a column is in one only."""
        values: dict[str, Any] = {}
        faults: dict[str | None, list[str]] = {}
        null = self.dialect.null
        for name, at, convert, nullable, has_default in self._columns:
            text = fields[at]
            if text == null:
                if nullable:
                    values[name] = None
                elif not has_default:
                    faults[name] = [REQUIRED]
            elif convert is None:
                values[name] = text
            else:
                try:
                    values[name] = convert(text)
                except Ungrammatical as exc:
                    faults[name] = [str(exc)]
        return values, faults

    def _findings(
        self, row: Row, fields: list[str], faults: dict[str | None, list[str]]
    ) -> list[Finding]:
        """Return faults as findings, in the file's order of columns, the record's own last."""
        found = [
            self._finding(row, name, shorten(text), reason)
            for name, text in zip(self._names, fields, strict=True)
            for reason in faults.pop(name, ())
        ]
        of_row = [reason for reasons in faults.values() for reason in reasons]
        return [*found, *(self._finding(row, None, show_raw(row.raw), one) for one in of_row)]

    def _finding(self, row: Row, column: str | None, value: str, reason: str) -> Finding:
        return Finding(self._file, row.line, column, value, reason)
