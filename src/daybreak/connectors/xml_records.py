"""Elements of XML become records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..model.chunk import Finding
from .named_values import NamedValues
from .row import Malformed, Row
from .xml_document import Around
from .xml_elements import ElementReader


class XmlRowReader:
    """Makes records of one file's elements. Several threads may use one.

    Args:
        file: The file's name, for findings.
        around: The elements in which they stand.
        model: What its records are; None for dicts.
    """

    ignored: tuple[str, ...] = ()
    """Each record names its own columns."""

    def __init__(self, file: str, around: Around, model: type | None) -> None:
        self._elements = ElementReader(around)
        self._values = NamedValues(file, model)

    def read(self, row: Row) -> tuple[Any, Sequence[Finding]]:
        """Return a row's record and no finding, or None and everything that is wrong with it."""
        if row.fault is not None:
            return self._values.refuse(row, row.fault)
        try:
            values = self._elements.read(row.raw)
        except Malformed as exc:
            return self._values.refuse(row, exc)
        return self._values.read(row, values.by_name, values.refused)
