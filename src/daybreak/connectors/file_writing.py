"""How records become files: what a format has to say of itself to be written.

Whatever is written is read back at once by the reader of the same format and model. A record that
would not come back equal is refused there, alone, instead of being written as something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol

from ..abc import RecordRefused
from ..errors import DataRefused
from ..model.chunk import Finding
from .csv_records import REQUIRED
from .csv_schema import Column, schema_of
from .file_refusals import shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from .file_format import Format

RULE: Final = "value"
"""The kind of rule that a record breaks which the format cannot say."""

NOT_EQUAL: Final = "it would be read back as another record"
NOT_READ: Final = "it would not be read back"
IS_NULL: Final = "its text means NULL"
NO_FORM: Final = "the format cannot say it"


@dataclass(frozen=True, slots=True)
class Piece:
    """Records in the form in which they are written."""

    content: Any
    """The format's own."""

    records: int


class FormatWriter(Protocol):
    """Writes files of one format and model. Several threads may use one."""

    def piece(self, records: Sequence[Any]) -> Piece:
        """Bring records into form, in order.

        Raises:
            RecordRefused: For the first one that cannot be said, or would not be read back equal.
        """
        ...

    def part(self, pieces: Sequence[Piece], stream: BinaryIO) -> None:
        """Write pieces, in order, as one part."""
        ...

    def join(self, parts: Sequence[Path], stream: BinaryIO) -> None:
        """Write the whole file; its bytes follow from the records alone, not from their parts."""
        ...


def fields_getter(model: type | None) -> Callable[[Any], Sequence[Any]]:
    """Return what gives the values of a record's fields, in the order of the columns."""
    assert model is not None, "only formats that name their columns in each record have no model"
    schema = schema_of(model)
    names = [column.field for column in schema.columns]
    get: Callable[[Any], Any] = (itemgetter if schema.gives_dicts else attrgetter)(*names)
    return get if len(names) > 1 else lambda record: (get(record),)


def refused(position: int, why: str, **details: str) -> RecordRefused:
    """Return the error for one record that cannot be written."""
    return RecordRefused(position, DataRefused(why, details=details, rule=RULE))


class ReadBack:
    """Reads what was written, as the source of the same format and model will.

    Args:
        form: The format.
        model: What its records are; None for dicts.
        file: The file's name, for findings.
    """

    def __init__(self, form: Format, model: type | None, file: str) -> None:
        self._form = form
        self._model = model
        self._file = file
        self._columns: Sequence[Column] = () if model is None else schema_of(model).columns

    def refuse_unlike(self, records: Sequence[Any], written: bytes) -> None:
        """Compare records with what a whole file holds.

        Raises:
            RecordRefused: For the first one that does not come back equal.
        """
        stream = BytesIO(written)
        header = self._form.header(stream, self._file, self._columns)
        reader = self._form.reader(self._file, header, self._model)
        found = self._form.rows(
            stream, header, line=header.line, offset=header.offset, size=len(written)
        )
        position = -1
        for position, record in enumerate(records):
            row = next(found, None)
            if row is None:
                raise refused(position, NOT_READ)
            again, findings = reader.read(row)
            if findings:
                raise _not_read(position, findings[0])
            if not self._is_same(record, again):
                raise refused(position, self._unlike(record, again))
        if next(found, None) is not None:
            raise refused(max(position, 0), NOT_EQUAL)

    def _is_same(self, record: Any, again: Any) -> bool:
        if record == again and type(record) is type(again):
            return True
        if self._model is None:
            return is_same(record, again)
        get = fields_getter(self._model)
        return all(map(is_same, get(record), get(again)))

    def _unlike(self, record: Any, again: Any) -> str:
        """Name the first column that differs."""
        if self._model is not None:
            get = fields_getter(self._model)
            for column, one, other in zip(self._columns, get(record), get(again), strict=True):
                if not is_same(one, other):
                    what = "NULL" if other is None else f"another value of type {_type(other)}"
                    return f"{column.name}: {_type(one)} would be read back as {what}"
        return NOT_EQUAL


def _not_read(position: int, first: Finding) -> RecordRefused:
    reason = IS_NULL if first.reason == REQUIRED else first.reason
    where = f"{first.column}: " if first.column else ""
    return refused(position, f"{NOT_READ}: {where}{reason}", value=str(first.value))


def _type(value: object) -> str:
    return "an empty text" if value == "" else type(value).__name__


def is_same(one: Any, other: Any) -> bool:
    """Say whether two values are equal for all who read them.

    Instants are compared as such, whatever their zones; a float in a place without a type comes
    back as the Decimal of its digits.
    """
    if isinstance(one, datetime) and isinstance(other, datetime):
        if one.tzinfo is not None and other.tzinfo is not None:
            return one.astimezone(UTC) == other.astimezone(UTC)
        return one == other
    if isinstance(one, float) and isinstance(other, Decimal):
        return one == float(other)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    return bool(one == other)


def shown(value: object) -> str:
    """Return a value as quarantine shows it."""
    return shorten(repr(value).encode("utf-8", "backslashreplace").decode())
