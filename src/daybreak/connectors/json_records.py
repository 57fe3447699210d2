"""Rows of JSON, lines or elements alike, become records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..model.chunk import Finding
from .json_grammar import grammar_of, object_of
from .named_values import NamedValues
from .row import Malformed, Row

ABSENT: Final = "the record does not have it"

_NONE: Final[Mapping[str, str]] = {}


class JsonRowReader:
    """Makes records of one file's rows. Several threads may use one.

    Args:
        file: The file's name, for findings.
        codec: Its encoding.
        model: What its records are; None for dicts.
    """

    ignored: tuple[str, ...] = ()
    """Each record names its own columns."""

    def __init__(self, file: str, codec: str, model: type | None) -> None:
        self._codec = codec
        self._values = NamedValues(file, model, grammar=grammar_of, absent=ABSENT)

    def read(self, row: Row) -> tuple[Any, Sequence[Finding]]:
        """Return a row's record and no finding, or None and everything that is wrong with it."""
        if row.fault is not None:
            return self._values.refuse(row, row.fault)
        try:
            values = object_of(row.raw, self._codec)
        except Malformed as exc:
            return self._values.refuse(row, exc)
        return self._values.read(row, values, _NONE)
