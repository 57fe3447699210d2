"""The faulty rows of Parquet and Excel files go back as files of their own kind."""

from __future__ import annotations

import csv
import io
import random
import zipfile
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl.styles import Font
from pydantic import BaseModel, Field

from daybreak import files
from daybreak.connectors.excel_book import Book
from daybreak.connectors.file_root import File
from daybreak.model.limits import BadLimit
from daybreak.operations.check_files import CheckWish, check_files

ALL = BadLimit.parse("100%")


class Item(BaseModel):
    id: Annotated[int, Field(gt=0)]
    name: str
    day: date | None


def exported(source: File[Any], to: Path) -> int:
    wish = CheckWish(max_bad=ALL, export=lambda _path: to)
    return check_files(source, wish, lambda _event: None).exports[to]


def reasons(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))[1:]


# ---------------------------------------------------------------- Parquet


@pytest.mark.slow
def test_faulty_rows_of_parquet_are_written_with_their_types(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    rows = [
        {"id": chance.choice([-1, at]), "name": f"n{at}", "day": date(2024, 1, 1), "x": [at]}
        for at in range(1, 5_000)
    ]
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, tmp_path / "f.parquet", row_group_size=1_700)

    number = exported(files.parquet(tmp_path / "f.parquet", Item), tmp_path / "out.parquet")

    found = pq.read_table(tmp_path / "out.parquet")
    faulty = [row for row in rows if row["id"] == -1]
    assert (table.schema, faulty, len(faulty)) == (found.schema, found.to_pylist(), number)
    assert [str(at) for at in range(1, number + 1)] == [
        row[0] for row in reasons(tmp_path / "out.reasons.csv")
    ]


def test_rows_of_a_damaged_page_are_named_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    rows = [{"id": at - 1, "name": "n", "day": None} for at in range(9)]
    schema = pa.schema([("id", pa.int64()), ("name", pa.string()), ("day", pa.date32())])
    table = pa.Table.from_pylist(rows, schema)
    pq.write_table(table, path, row_group_size=3, write_page_checksum=True, use_dictionary=False)
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    content = bytearray(path.read_bytes())
    content[column.data_page_offset + column.total_compressed_size - 1] ^= 0xFF
    path.write_bytes(content)

    number = exported(files.parquet(path, Item), tmp_path / "out.parquet")

    assert [-1, 0] == pq.read_table(tmp_path / "out.parquet")["id"].to_pylist()
    assert 2 == number
    assert ["1", "2", ""] == [row[0] for row in reasons(tmp_path / "out.reasons.csv")]


# ---------------------------------------------------------------- Excel


def workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Orders of today"])
    sheet.append(["id", "name", "day"])
    sheet.append([1, "good", date(2024, 2, 29)])
    sheet.append([0, "zero", date(2024, 2, 29)])
    sheet["B4"].font = Font(bold=True)
    sheet.append([])
    sheet.append([2, "good", None])
    sheet.append(["x", "表 & <b>", None])
    book.create_sheet("Other").append(["kept"])
    book.save(path)


def test_faulty_rows_of_a_sheet_keep_their_numbers_looks_and_surroundings(tmp_path: Path) -> None:
    workbook(tmp_path / "f.xlsx")
    source = files.excel(tmp_path / "f.xlsx", Item, sheet="Sheet", header_row=2)

    number = exported(source, tmp_path / "out.xlsx")

    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    rows = list(book["Sheet"].iter_rows(values_only=True))
    assert ("Orders of today", None, None) == rows[0]
    assert ("id", "name", "day") == rows[1]
    assert (None, None, None) == rows[2]
    assert (0, "zero") == rows[3][:2]
    assert ("x", "表 & <b>", None) == rows[6]
    assert book["Sheet"]["B4"].font.bold
    assert "kept" == book["Other"]["A1"].value
    assert 2 == number
    assert [["1", "4"], ["2", "7"]] == [row[:2] for row in reasons(tmp_path / "out.reasons.csv")]


def test_what_was_exported_of_a_sheet_has_the_same_faults_again(tmp_path: Path) -> None:
    workbook(tmp_path / "f.xlsx")
    how: Any = {"sheet": "Sheet", "header_row": 2}
    exported(files.excel(tmp_path / "f.xlsx", Item, **how), tmp_path / "out.xlsx")

    exported(files.excel(tmp_path / "out.xlsx", Item, **how), tmp_path / "again.xlsx")

    assert reasons(tmp_path / "out.reasons.csv") == reasons(tmp_path / "again.reasons.csv")


SHEET = (
    "<x:worksheet xmlns:x='u'><x:sheetData>"
    "<x:row><x:c t='str'><x:v>id</x:v></x:c><x:c t='str'><x:v>name</x:v></x:c>"
    "<x:c t='str'><x:v>day</x:v></x:c></x:row>"
    "<x:row><x:c><x:f t='shared' ref='A2:A3' si='0'>1</x:f><x:v>1</x:v></x:c>"
    "<x:c t='str'><x:v>a</x:v></x:c></x:row>"
    "<x:row><x:c><x:f t='shared' si='0'/><x:v>0</x:v></x:c><x:c t='str'><x:v>b</x:v></x:c></x:row>"
    "</x:sheetData><x:end/></x:worksheet>"
)


@pytest.mark.parametrize("block_bytes", [1, 7, 2**16])
def test_rows_without_numbers_and_shared_formulas_are_written_for_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr("daybreak.connectors.excel_book.BLOCK_BYTES", block_bytes)
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    with zipfile.ZipFile(tmp_path / "f.xlsx", "w") as out:
        out.writestr(
            "_rels/.rels",
            f"<r><Relationship Id='a' Type='{kind}officeDocument' Target='xl/workbook.xml'/></r>",
        )
        out.writestr("xl/workbook.xml", "<w><sheets><sheet name='S' id='b'/></sheets></w>")
        out.writestr(
            "xl/_rels/workbook.xml.rels",
            f"<r><Relationship Id='b' Type='{kind}worksheet' Target='s.xml'/>"
            f"<Relationship Id='c' Type='{kind}calcChain' Target='calcChain.xml'/></r>",
        )
        out.writestr("xl/calcChain.xml", "<c/>")
        out.writestr("xl/s.xml", SHEET)

    exported(files.excel(tmp_path / "f.xlsx", Item), tmp_path / "out.xlsx")

    with (tmp_path / "out.xlsx").open("rb") as stream:
        book = Book(stream)
        assert "xl/calcChain.xml" not in book.names
        assert b"calcChain" not in b"".join(book.blocks("xl/_rels/workbook.xml.rels"))
        sheet = b"".join(book.blocks("xl/s.xml")).decode()
    head, _, tail = SHEET.partition("<x:row><x:c><x:f t='shared' ref")
    kept = tail.partition("</x:row>")[2].replace("<x:f t='shared' si='0'/>", "")
    assert head + kept == sheet
