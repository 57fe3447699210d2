"""Values by name become records of a model, or findings: for formats that name what they hold.

A column that is absent is NULL here, or a fault if the format can tell the two apart. NULL becomes
None where the model allows it; the default where it has one; otherwise it is the finding
"required". Without a model a record is the dict of the values as they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from ..model.chunk import Finding
from .csv_grammar import Convert, Ungrammatical
from .csv_schema import Column, schema_of
from .file_refusals import shorten, show_raw
from .model_verdicts import faults_by_column
from .row import Malformed, Row

REQUIRED: Final = "required"

Grammar: TypeAlias = Callable[[Any], Any]
"""From a value that is not NULL to one of the column's type; raises `Ungrammatical`."""

_Faults: TypeAlias = dict[str | None, list[str]]


class NamedValues:
    """Makes records of values by name. Several threads may use one.

    Args:
        file: The file's name, for findings.
        model: What its records are; None for dicts.
        grammar: Gives for the grammar of a text that of the format's own values; None if all
            values are texts.
        absent: The fault of a column that a record lacks; None if that is NULL.
    """

    def __init__(
        self,
        file: str,
        model: type | None,
        *,
        grammar: Callable[[Convert], Grammar] | None = None,
        absent: str | None = None,
    ) -> None:
        self._file = file
        self._absent = absent
        self._schema = None if model is None else schema_of(model)
        columns: Sequence[Column] = () if self._schema is None else self._schema.columns
        self._columns = [
            (
                of.name,
                grammar(of.convert) if grammar and of.convert else of.convert,
                of.nullable,
                of.has_default,
            )
            for of in columns
        ]
        self.named = frozenset(column.name for column in columns)
        """The columns of the model."""

    def ignored(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return those of the names that the model does not have."""
        return tuple(name for name in names if self._schema is not None and name not in self.named)

    def refuse(self, row: Row, why: Malformed | str) -> tuple[None, Sequence[Finding]]:
        """Return a row that has no values as its one finding."""
        reason, shown = (why, None) if isinstance(why, str) else (why.reason, why.shown)
        if shown is None:
            shown = show_fault(row.raw, row.fault_at)
        return None, (Finding(self._file, row.line, None, shown, reason),)

    def read(
        self, row: Row, values: Mapping[str, Any], refused: Mapping[str, str]
    ) -> tuple[Any, Sequence[Finding]]:
        """Return a record and no finding, or None and everything that is wrong with it.

        Args:
            row: Where the values stand.
            values: By name, in their order; None is NULL.
            refused: Names that have no value that could be trusted, and why.
        """
        if self._schema is None:
            if refused:
                faults: _Faults = {name: [reason] for name, reason in refused.items()}
                return None, self._findings(row, values, faults)
            return dict(values), ()
        typed, faults = self._typed(values, refused)
        try:
            record = self._schema.validate(typed)
        except Exception as exc:  # noqa: BLE001 - a model's own code may raise whatever it likes
            faults = {**faults_by_column(exc), **faults}  # what has a fault is missing there
        else:
            if not faults:
                return record, ()
        return None, self._findings(row, values, faults)

    def _typed(
        self, values: Mapping[str, Any], refused: Mapping[str, str]
    ) -> tuple[dict[str, Any], _Faults]:
        """Return values of the columns' types, and faults; a column is in one only."""
        typed: dict[str, Any] = {}
        faults: _Faults = {}
        for name, convert, nullable, has_default in self._columns:
            value, is_there = values.get(name), name in values
            if name in refused:
                faults[name] = [refused[name]]
            elif value is None:
                if reason := self._against_null(is_there, nullable, has_default):
                    faults[name] = [reason]
                elif nullable and (is_there or not has_default):
                    typed[name] = None
            else:
                try:
                    typed[name] = value if convert is None else convert(value)
                except Ungrammatical as exc:
                    faults[name] = [str(exc)]
        return typed, faults

    def _against_null(self, is_there: bool, nullable: bool, has_default: bool) -> str | None:  # noqa: FBT001 - three facts of one column
        """Return the fault of a column that is NULL, or absent."""
        if not is_there and self._absent is not None:
            return None if has_default else self._absent
        return None if nullable or has_default else REQUIRED

    def _findings(self, row: Row, values: Mapping[str, Any], faults: _Faults) -> list[Finding]:
        """Return faults in the record's order of names, then the absent, then the record's own."""
        of_row = faults.pop(None, [])
        order = [name for name in values if name in faults]
        order += [name for name in faults if name is not None and name not in values]
        found = [
            Finding(self._file, row.line, name, _shown(values.get(name)), reason)
            for name in order
            for reason in faults[name]
        ]
        whole = show_raw(row.raw)
        return [*found, *(Finding(self._file, row.line, None, whole, one) for one in of_row)]


def show_fault(raw: bytes, at: int) -> str:
    """Return what a finding shows of bytes: from the fault on, with its place if that is known."""
    if not at:
        return show_raw(raw)
    return shorten(f"at byte {at + 1:,}: {show_raw(raw[at:])}")


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else shorten(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return shorten(repr(value) if isinstance(value, dict | list) else str(value))
