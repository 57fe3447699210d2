"""Parquet and Excel keep the contract of formats, with whole files and damaged ones."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daybreak.connectors.excel_format import ExcelFormat
from daybreak.connectors.parquet_format import DAMAGED, ParquetFormat
from daybreak.testing.formats import Bad, FormatCase, FormatContract

ROWS: list[dict[str, Any]] = [
    {
        "id": number,
        "amount": None if number == 2 else Decimal(number) / 4,
        "at": datetime(2024, 2, number, 5, tzinfo=UTC),
        "note": "表\n" * number,
        "tags": ["a"] * number,
    }
    for number in range(1, 8)
]
SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("amount", pa.decimal128(10, 2)),
        ("at", pa.timestamp("us", "UTC")),
        ("note", pa.string()),
        ("tags", pa.list_(pa.string())),
    ]
)


def parquet(rows: list[dict[str, Any]], **how: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), out, row_group_size=3, **how)
    return out.getvalue()


def broken(content: bytes) -> bytes:
    """Change the last byte of a column in the second row group."""
    column = pq.ParquetFile(io.BytesIO(content)).metadata.row_group(1).column(0)
    at = column.data_page_offset + column.total_compressed_size - 1
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def excel(*rows: tuple[Any, ...]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("id", "name", "day"), *rows):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


CASES = [
    FormatCase(ParquetFormat(), parquet(ROWS), ROWS, name="parquet", has_bytes=False),
    FormatCase(ParquetFormat(), parquet([]), [], name="parquet without rows", has_bytes=False),
    FormatCase(
        ParquetFormat(),
        broken(parquet(ROWS, write_page_checksum=True, use_dictionary=False, compression="none")),
        [*ROWS[:3], Bad(DAMAGED, 4), *ROWS[6:]],
        name="parquet with a damaged page",
        has_bytes=False,
    ),
    FormatCase(
        ExcelFormat(),
        excel((1, "a", date(2024, 2, 29)), (), (2, "表", None), (3.5, "#N/A", None), (4, "=1+1")),
        [
            {"id": 1, "name": "a", "day": date(2024, 2, 29)},
            {"id": 2, "name": "表", "day": None},
            Bad("an error of Excel", 5),
            Bad("a formula without a value: have the file saved by Excel", 6),
        ],
        name="excel",
        has_bytes=False,
    ),
    FormatCase(ExcelFormat(), excel(), [], name="excel without rows", has_bytes=False),
    FormatCase(
        ExcelFormat(header_row=2),
        excel(("x", "y"), (1, True), (2, None, "beside")),
        [{"x": 1, "y": True}, Bad("a value beside the columns that have names", 4)],
        name="excel with a title, and a value beside its columns",
        has_bytes=False,
    ),
]


class TestTypedFormats(FormatContract):
    @pytest.fixture(params=CASES, ids=str)
    def case(self, request: pytest.FixtureRequest) -> FormatCase:
        found = request.param
        assert isinstance(found, FormatCase)
        return found
