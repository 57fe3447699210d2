"""Parquet as it is written: the columns' types follow from the model, before the first record.

| field | column |
| --- | --- |
| int | int64 |
| float | double |
| Decimal | decimal128 with the model's `max_digits` and `decimal_places`; else 38 and 18 |
| bool | bool |
| str, UUID, an enumeration of texts | string |
| bytes | binary |
| date | date32 |
| datetime | timestamp of microseconds in UTC; of a `NaiveDatetime` without a zone |
| time, timedelta | time64, duration of microseconds |

A part is a Parquet file of its own; the whole file has row groups of one size, wherever its parts
ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from ..errors import DefinitionError
from .csv_schema import Column, schema_of
from .file_writing import NO_FORM, Piece, ReadBack, fields_getter, refused, shown
from .parquet_format import ParquetFormat, require_pyarrow

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

ROW_GROUP_ROWS: Final = 100_000

DIGITS_MAX: Final = 38
PLACES: Final = 18
"""Of a Decimal whose model says nothing of its places."""


class ParquetWriter:
    """`FormatWriter` for Parquet.

    Raises:
        DefinitionError: If a field has a type that no column has.
    """

    def __init__(self, form: ParquetFormat, model: type, file: str) -> None:
        require_pyarrow()
        self._columns = schema_of(model).columns
        self._get = fields_getter(model)
        self._schema = _schema(self._columns)
        self._back = ReadBack(form, model, file)

    def piece(self, records: Sequence[Any]) -> Piece:
        """Bring records into form; raises `RecordRefused`."""
        rows = [_row(self._get, at, record) for at, record in enumerate(records)]
        table = self._table(rows)
        written = BytesIO()
        self.part([Piece(table, len(rows))], written)
        self._back.refuse_unlike(records, written.getvalue())
        return Piece(table, len(rows))

    def _table(self, rows: Sequence[Sequence[Any]]) -> pa.Table:
        import pyarrow as pa  # noqa: PLC0415 - heavy

        columns = list(zip(*rows, strict=True)) if rows else [()] * len(self._schema)
        arrays = [self._array(list(values), at) for at, values in enumerate(columns)]
        return pa.Table.from_arrays(arrays, schema=self._schema)

    def _array(self, values: list[Any], at: int) -> pa.Array:
        import pyarrow as pa  # noqa: PLC0415 - heavy

        of = self._schema.field(at).type
        if not self._columns[at].nullable and None in values:
            why = f"{NO_FORM}: {self._columns[at].name}: NULL, which the model does not allow"
            raise refused(values.index(None), why)
        try:
            return pa.array(values, of)
        except _failures() as error:
            for position, value in enumerate(values):
                try:
                    pa.array([value], of)
                except _failures() as exc:
                    why = f"{NO_FORM}: {self._columns[at].name}: not of type {of}"
                    raise refused(position, why, value=shown(value), error=str(exc)) from exc
            raise refused(0, f"{NO_FORM}: {error}") from error

    def part(self, pieces: Sequence[Piece], stream: BinaryIO) -> None:
        """Write a Parquet file with a row group for each piece."""
        with self._opened(stream) as file:
            for piece in pieces:
                file.write_table(piece.content)

    def join(self, parts: Sequence[Path], stream: BinaryIO) -> None:
        """Write a Parquet file whose row groups are full, but for the last."""
        with self._opened(stream) as file:
            for table in _regrouped(_batches(parts), self._schema):
                file.write_table(table, row_group_size=ROW_GROUP_ROWS)

    def _opened(self, stream: BinaryIO) -> pq.ParquetWriter:
        import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

        return pq.ParquetWriter(stream, self._schema, write_page_checksum=True)


def _row(get: Callable[[Any], Sequence[Any]], at: int, record: Any) -> Sequence[Any]:
    try:
        return [_plain(value) for value in get(record)]
    except Exception as error:
        why = f"{NO_FORM}: {type(error).__name__}"
        raise refused(at, why, record=shown(record), error=str(error)) from error


def _plain(value: Any) -> Any:
    from uuid import UUID  # noqa: PLC0415 - with the other heavy ones

    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, UUID) else value


def _failures() -> tuple[type[Exception], ...]:
    import pyarrow as pa  # noqa: PLC0415 - heavy

    return (pa.ArrowException, TypeError, ValueError, OverflowError)


def _batches(parts: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    for part in parts:
        with pq.ParquetFile(part, page_checksum_verification=True) as file:
            yield from file.iter_batches(ROW_GROUP_ROWS, use_threads=False)


def _regrouped(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the rows of batches in tables of one size, but for the last."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    kept: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        rest = batch
        while rows + rest.num_rows >= ROW_GROUP_ROWS:
            room = ROW_GROUP_ROWS - rows
            yield pa.Table.from_batches([*kept, rest.slice(0, room)], schema).combine_chunks()
            kept, rows, rest = [], 0, rest.slice(room)
        if rest.num_rows:
            kept.append(rest)
            rows += rest.num_rows
    if kept:
        yield pa.Table.from_batches(kept, schema).combine_chunks()


def _schema(columns: Sequence[Column]) -> pa.Schema:
    import pyarrow as pa  # noqa: PLC0415 - heavy

    return pa.schema([pa.field(one.name, _type(one), nullable=one.nullable) for one in columns])


def _type(column: Column) -> pa.DataType:
    import pyarrow as pa  # noqa: PLC0415 - heavy

    plain: Mapping[str, Callable[[], Any]] = {
        "int": pa.int64,
        "float": pa.float64,
        "bool": pa.bool_,
        "str": pa.string,
        "uuid": pa.string,
        "bytes": pa.binary,
        "date": pa.date32,
        "time": lambda: pa.time64("us"),
        "timedelta": lambda: pa.duration("us"),
        "datetime": lambda: _timestamp(column),
        "decimal": lambda: _decimal(column),
    }
    found = plain.get(column.kind or _kind_of_members(column) or "")
    if found is None:
        raise DefinitionError(
            f"field {column.field!r} is of a type that no Parquet column is written as",
            hint="let it be an int, float, Decimal, bool, str, bytes, date, datetime, time,"
            " timedelta, UUID or an enumeration; or write JSON Lines",
        )
    return found()


def _kind_of_members(column: Column) -> str | None:
    """Return the one type that all values of an enumeration have."""
    if column.core.get("type") != "enum":
        return None
    kinds = {type(member.value).__name__ for member in column.core["members"]}
    return kinds.pop() if len(kinds) == 1 else None


def _timestamp(column: Column) -> pa.DataType:
    import pyarrow as pa  # noqa: PLC0415 - heavy

    return pa.timestamp("us", None if column.core.get("tz_constraint") == "naive" else "UTC")


def _decimal(column: Column) -> pa.DataType:
    import pyarrow as pa  # noqa: PLC0415 - heavy

    digits = min(column.core.get("max_digits") or DIGITS_MAX, DIGITS_MAX)
    places = column.core.get("decimal_places")
    return pa.decimal128(digits, min(PLACES if places is None else places, digits))
