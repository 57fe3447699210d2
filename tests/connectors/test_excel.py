"""Excel: a cell is the value it shows or a finding: never another one, never NULL in its place."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from pydantic import BaseModel

from daybreak import files
from daybreak.check.sources import check_sources
from daybreak.check.summary import CheckSummary
from daybreak.connectors import excel_book, file_index
from daybreak.connectors.excel_dates import Look, cell_of, look_of
from daybreak.connectors.excel_sheet import column_of, letters_of
from daybreak.connectors.file_root import FileRoot
from daybreak.connectors.file_source import FileSource
from daybreak.errors import CheckFailed, DefinitionError, SourceChanged
from daybreak.model.chunk import ChunkInput, Kept
from daybreak.model.limits import BadLimit
from daybreak.model.ranges import Range

ALL = BadLimit.parse("100%")
EVENING = datetime(2024, 2, 29, 18, tzinfo=UTC)
TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
STYLES = (
    "<styleSheet><numFmts><numFmt numFmtId='170' formatCode='yyyy\\-mm\\-dd\\ hh:mm'/></numFmts>"
    "<cellStyleXfs><xf numFmtId='14'/></cellStyleXfs><cellXfs><xf numFmtId='0'/>"
    "<xf numFmtId='14'/><xf numFmtId='170'/><xf numFmtId='21'/><xf numFmtId='46'/>"
    "<xf numFmtId='10'/></cellXfs></styleSheet>"
)
"""Styles 1 to 5: a date, a date and time, a time, a duration, a percentage."""


def packed(
    folder: Path,
    rows: str,
    *,
    after: str = "",
    shared: str = "",
    properties: str = "",
    sheets: str = "<sheet name='One' r:id='r1'/>",
    parts: dict[str, str] | None = None,
) -> Path:
    """Write a workbook by hand, for what no library writes."""
    path = folder / "f.xlsx"
    every = {
        "_rels/.rels": related(officeDocument="xl/workbook.xml"),
        "xl/workbook.xml": f"<workbook>{properties}<sheets>{sheets}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": related(
            worksheet="worksheets/sheet1.xml", sharedStrings="/xl/texts.xml", styles="styles.xml"
        ),
        "xl/texts.xml": f"<sst>{shared}</sst>",
        "xl/styles.xml": STYLES,
        "xl/worksheets/sheet1.xml": (
            f"<worksheet><sheetData>{rows}</sheetData>{after}</worksheet>"
        ),
        **(parts or {}),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in every.items():
            file.writestr(name, text)
    return path


def related(**targets: str) -> str:
    tags = "".join(
        f"<Relationship Id='r{number}' Type='{TYPE}{kind}' Target='{to}'/>"
        for number, (kind, to) in enumerate(targets.items(), 1)
    )
    return f"<Relationships>{tags}</Relationships>"


def named(*names: str) -> str:
    return row(1, *(f"<c t='inlineStr'><is><t>{name}</t></is></c>" for name in names))


def row(number: int, *cells: str) -> str:
    return f"<row r='{number}'>{''.join(cells)}</row>"


def source_of(folder: Path, path: Path, model: type | None = None, **options: Any) -> FileSource:
    root = (files.excel(path, model, **options) if model else files.excel(path, **options)).root
    assert isinstance(root, FileRoot)
    return FileSource(root, folder / "run")


def fates_of(chunk: ChunkInput) -> list[Any]:
    """Return of each record its value, or the reasons against it."""
    fates: dict[int, Any] = dict(zip(chunk.origins, chunk.values, strict=True))
    fates |= {one.origin: [f.reason for f in one.findings] for one in chunk.refused}
    return [fates[at] for at in range(chunk.read)]


def cells(folder: Path, *texts: str, model: type | None = None, **more: Any) -> list[Any]:
    """Return what becomes of cells in a column x, each in a row of its own."""
    options = more.pop("options", {})
    rows = named("x") + "".join(row(at, text) for at, text in enumerate(texts, 2))
    source = source_of(folder, packed(folder, rows, **more), model, **options)
    found = fates_of(source.read(source.whole()))
    return [one if isinstance(one, list) else one["x"] if model is None else one.x for one in found]


def one_field(of: Any) -> type:
    return type("Model", (BaseModel,), {"__annotations__": {"x": of}})


def refused(folder: Path, path: Path, model: type | None = None, **options: Any) -> list[Any]:
    """Return the file's findings as (line, column, value, reason)."""
    pipeline = files.excel(path, model, **options) if model else files.excel(path, **options)
    with pytest.raises(CheckFailed) as caught:
        check_sources(pipeline, folder=folder / "run", max_bad=ALL)
    summary = caught.value.summary
    assert isinstance(summary, CheckSummary)
    causes = summary.files[0].causes.values()
    return [(c.samples[0].line, c.column, c.samples[0].value, c.reason) for c in causes]


def made(folder: Path, *rows: list[Any], title: str = "One") -> Path:
    """Write a workbook by a library."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for one in rows:
        sheet.append(one)
    book.save(folder / "f.xlsx")
    return folder / "f.xlsx"


class Order(BaseModel):
    id: int
    amount: Decimal
    at: datetime
    note: str | None


class TestPlaces:
    def test_records_have_the_rows_that_excel_shows(self, tmp_path: Path) -> None:
        at = datetime(2024, 2, 29, 13, 5, 6, 123000)  # noqa: DTZ001 - Excel knows no zones
        path = made(
            tmp_path, ["id", "amount", "at", "note"], [1, 0.1, at, "a"], [], [2, 20, at, None], []
        )
        source = source_of(tmp_path, path, Order)
        chunk = source.read(source.whole())

        assert [
            Order(id=1, amount=Decimal("0.1"), at=at, note="a"),
            Order(id=2, amount=Decimal(20), at=at, note=None),
        ] == chunk.values
        assert ["f.xlsx:2", "f.xlsx:4"] == [chunk.cursor(0), chunk.cursor(1)]
        line = {"id": 1, "amount": 0.1, "at": {"date": at.isoformat()}, "note": "a"}
        assert (json.dumps(line) + "\n").encode() == chunk.raw(0)
        assert len(chunk.raw(0)) + len(chunk.raw(1)) == chunk.bytes_read

    def test_ranges_of_any_size_give_what_one_pass_gives(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(file_index, "INDEX_STRIDE_RECORDS", 3)
        rows = [[at, at / 7, "x", f"日{at}"] for at in range(25)]
        source = source_of(tmp_path, made(tmp_path, ["id", "amount", "at", "note"], *rows))
        expected = fates_of(source.read(source.whole()))

        for size in (1, 2, 7, 100):
            chunks = [source.read(part) for part in source.ranges(source.whole(), size)]
            assert expected == [fate for chunk in chunks for fate in fates_of(chunk)]
        assert 25 == len(expected)
        assert source.read(Range.of(3, 9)).digest == source.digest(Range.of(3, 9))

    def test_the_sheet_is_read_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = made(tmp_path, ["x"], *([at] for at in range(9)))
        check_sources(files.excel(path), folder=tmp_path / "run", max_bad=ALL)
        source = source_of(tmp_path, path)
        monkeypatch.delattr(excel_book.Book, "blocks")

        assert 9 == sum(source.read(part).read for part in source.ranges(source.whole(), 2))

    def test_a_spool_that_changed_is_refused_and_made_anew_if_asked(self, tmp_path: Path) -> None:
        path = made(tmp_path, ["x"], [1], [2])
        source = source_of(tmp_path, path)
        (spool,) = (tmp_path / "run" / "index").glob("*.spool")
        spool.write_bytes(spool.read_bytes().replace(b"1}", b"7}"))

        with pytest.raises(SourceChanged):
            source.read(source.whole())
        with pytest.raises(SourceChanged):
            source_of(tmp_path, path)
        root = files.excel(path).root
        assert isinstance(root, FileRoot)
        again = FileSource(root, tmp_path / "run", accepts_changes=True)
        assert [{"x": 1}, {"x": 2}] == again.read(again.whole()).values

    def test_a_line_that_was_set_aside_is_read_again(self, tmp_path: Path) -> None:
        source = source_of(tmp_path, packed(tmp_path, named("x") + row(2)), one_field(int))

        def again(raw: bytes) -> Any:
            kept = Kept(Range.of(0, 1), 0, "f", "x", b"-", by_check=True, repaired=raw)
            return fates_of(source.again([kept]))[0]

        assert 0 == source.total()
        source = source_of(
            tmp_path / "b", packed(tmp_path, named("x") + row(2, "<c><v>1</v></c>")), one_field(int)
        )
        assert 5 == again(b'{"x": 5}\n').x
        assert 6 == again(b'{"x": "6"}').x
        assert ["not a whole number"] == again(b'{"x": 5.5}')
        for bad in (b"{}", b'{"x": 1, "x": 2}', b"5", b'{"x": [1]}', b'{"x": {"y": 1}}'):
            assert isinstance(again(bad), list)


class TestCells:
    def test_numbers_texts_and_truths(self, tmp_path: Path) -> None:
        shared = (
            "<si><t>plain</t></si><si><r><t>ri</t></r><r><t>ch</t></r><rPh><t>no</t></rPh></si>"
        )
        found = cells(
            tmp_path,
            "<c><v>5</v></c>",
            "<c><v>0.30000000000000004</v></c>",
            "<c><v>1.1000000000000001</v></c>",
            "<c><v>1E-7</v></c>",
            "<c s='5'><v>0.5</v></c>",
            "<c t='s'><v>0</v></c>",
            "<c t='s'><v>1</v></c>",
            "<c t='b'><v>1</v></c>",
            "<c t='str'><f>1&amp;2</f><v>12</v></c>",
            "<c t='inlineStr'><is><t> a_x000D_b_x005F_x </t></is></c>",
            "<c><f>1+1</f><v>2</v></c>",
            "<c t='d'><v>2024-02-29T01:02:03</v></c>",
            shared=shared,
        )

        assert [
            5,
            0.30000000000000004,
            1.1,
            1e-07,
            0.5,
            "plain",
            "rich",
            True,
            "12",
            " a\rb_x ",
            2,
            datetime(2024, 2, 29, 1, 2, 3),  # noqa: DTZ001 - Excel knows no zones
        ] == found
        assert [type(one) for one in found[:1]] == [int]

    @pytest.mark.parametrize(
        ("cell", "reason"),
        [
            ("<c t='e'><v>#N/A</v></c>", "an error of Excel"),
            ("<c t='e'><v>#DIV/0!</v></c>", "an error of Excel"),
            ("<c><f>1+1</f></c>", "a formula without a value: have the file saved by Excel"),
            ("<c t='str'><f>A1</f></c>", "a formula without a value: have the file saved by Excel"),
            ("<c s='1'><v>60</v></c>", "no day of Excel's calendar"),
            ("<c s='1'><v>0</v></c>", "no day of Excel's calendar"),
            ("<c s='1'><v>-1</v></c>", "no day of Excel's calendar"),
            ("<c s='1'><v>2958466</v></c>", "no day of Excel's calendar"),
            ("<c><v>1e999</v></c>", "an error of Excel"),
            ("<c><v>five</v></c>", "an error of Excel"),
            ("<c t='d'><v>2024-02-30</v></c>", "no day of Excel's calendar"),
        ],
    )
    @pytest.mark.parametrize("of", [None, str | None, int | None, date | None, Any])
    def test_what_is_no_value_is_a_finding_and_never_null(
        self, tmp_path: Path, cell: str, reason: str, of: Any
    ) -> None:
        model = None if of is None else one_field(of)

        assert [[reason]] == cells(tmp_path, cell, model=model)

    def test_an_error_can_be_said_to_be_null(self, tmp_path: Path) -> None:
        texts = (
            "<c t='e'><v>#N/A</v></c>",
            "<c t='inlineStr'><is><t>#N/A</t></is></c>",
            "<c t='e'><v>#REF!</v></c>",
        )

        found = cells(tmp_path, *texts, model=one_field(int | None), options={"null": "#N/A"})

        assert [None, None, ["an error of Excel"]] == found

    @pytest.mark.parametrize(
        ("of", "cell", "expected"),
        [
            (int, "<c><v>9007199254740992</v></c>", 2**53),
            (int, "<c><v>12345678901234567</v></c>", "cannot be exact"),
            (int, "<c><v>1.2345678901234568E+16</v></c>", "cannot be exact"),
            (int, "<c t='str'><v>12345678901234567</v></c>", 12345678901234567),
            (int, "<c><v>5.0</v></c>", 5),
            (int, "<c><v>5.5</v></c>", "not a whole number"),
            (int, "<c t='b'><v>1</v></c>", "not a whole number"),
            (int, "<c t='str'><v>1_0</v></c>", "not a whole number"),
            (int, "<c s='1'><v>45351</v></c>", "not a whole number"),
            (float, "<c><v>5</v></c>", 5.0),
            (float, "<c t='b'><v>1</v></c>", "not a number"),
            (Decimal, "<c><v>1.1000000000000001</v></c>", Decimal("1.1")),
            (Decimal, "<c><v>20.0</v></c>", Decimal(20)),
            (Decimal, "<c><v>12345678901234567</v></c>", "cannot be exact"),
            (Decimal, "<c t='str'><v>12345678901234567.8</v></c>", Decimal("12345678901234567.8")),
            (str, "<c t='str'><v>00123</v></c>", "00123"),
            (str, "<c><v>123</v></c>", "not a text"),
            (str, "<c s='1'><v>45351</v></c>", "not a text"),
            (bool, "<c t='b'><v>0</v></c>", False),
            (bool, "<c t='str'><v>true</v></c>", True),
            (bool, "<c><v>1</v></c>", "not TRUE or FALSE"),
            (date, "<c s='1'><v>45351</v></c>", date(2024, 2, 29)),
            (date, "<c s='2'><v>45351</v></c>", date(2024, 2, 29)),
            (date, "<c s='1'><v>45351.5</v></c>", "a date with a time of day"),
            (date, "<c t='str'><v>2024-02-29</v></c>", date(2024, 2, 29)),
            (date, "<c t='str'><v>29.2.2024</v></c>", "not a date (YYYY-MM-DD)"),
            (date, "<c><v>45351</v></c>", "not a date"),
            (datetime, "<c s='1'><v>45351</v></c>", datetime(2024, 2, 29)),  # noqa: DTZ001
            (datetime, "<c s='2'><v>45351.75</v></c>", datetime(2024, 2, 29, 18)),  # noqa: DTZ001
            (datetime, "<c t='str'><v>2024-02-29T18:00Z</v></c>", EVENING),
            (datetime, "<c s='3'><v>0.5</v></c>", "not a date"),
            (time, "<c s='3'><v>0.5</v></c>", time(12)),
            (time, "<c s='3'><v>1.5</v></c>", "not a time of day"),
            (timedelta, "<c s='4'><v>1.5</v></c>", timedelta(days=1.5)),
            (timedelta, "<c><v>1.5</v></c>", "not a duration"),
        ],
    )  # fmt: skip
    def test_a_field_takes_cells_of_its_type_only(
        self, tmp_path: Path, of: Any, cell: str, expected: Any
    ) -> None:
        (found,) = cells(tmp_path, cell, model=one_field(of))

        if isinstance(found, list):
            assert isinstance(expected, str)
            assert found[0].startswith(expected)
        else:
            assert (expected, type(expected)) == (found, type(found))

    def test_merged_cells_have_one_value_and_the_others_say_so(self, tmp_path: Path) -> None:
        value = "<c r='A{0}'><v>{0}</v></c><c r='B{0}'><v>7</v></c>"
        rows = named("x", "y") + "".join(row(at, value.format(at)) for at in (2, 3, 4))
        after = (
            '<mergeCells count="1"><mergeCell ref="A2:A3"/><mergeCell ref="C1:D9"/></mergeCells>'
        )
        source = source_of(tmp_path, packed(tmp_path, rows, after=after))

        assert [
            {"x": 2, "y": 7},
            ["part of a merged cell: its value stands in another"],
            {"x": 4, "y": 7},
        ] == fates_of(source.read(source.whole()))

    def test_rows_without_values_are_none_and_hidden_ones_are_some(self, tmp_path: Path) -> None:
        hidden = "<row r='3' hidden='1'><c><v>3</v></c></row>"
        empty = row(4, "<c s='1'/>", "<c t='str'><f>A1</f><v></v></c>")
        source = source_of(
            tmp_path, packed(tmp_path, named("x") + row(2) + hidden + empty + row(9))
        )
        chunk = source.read(source.whole())

        assert [{"x": 3}] == chunk.values
        assert "f.xlsx:3" == chunk.cursor(0)

    def test_a_value_beside_the_named_columns_is_a_finding(self, tmp_path: Path) -> None:
        rows = named("x", "") + row(2, "<c><v>1</v></c>", "<c r='C2'><v>2</v></c>")
        source = source_of(tmp_path, packed(tmp_path, rows))
        chunk = source.read(source.whole())

        assert [["a value beside the columns that have names"]] == fates_of(chunk)
        assert {"x": 1, "(C)": 2} == json.loads(chunk.raw(0))


class TestDates:
    @pytest.mark.parametrize(
        ("serial", "uses_1904", "expected"),
        [
            (1, False, "1900-01-01"),
            (59, False, "1900-02-28"),
            (61, False, "1900-03-01"),
            (45351, False, "2024-02-29"),
            (2958465, False, "9999-12-31"),
            (0, True, "1904-01-01"),
            (59, True, "1904-02-29"),
            (43889, True, "2024-02-29"),
            (2957003, True, "9999-12-31"),
            (45351.999999999, False, "2024-03-01"),
            (45351.545209755, False, "2024-02-29T13:05:06.123000"),
        ],
    )
    def test_a_serial_is_the_day_that_excel_shows(
        self,
        serial: float,
        uses_1904: bool,  # noqa: FBT001 - a column of a table
        expected: str,
    ) -> None:
        assert {"date": expected} == cell_of(serial, Look.DATE, uses_1904=uses_1904)

    @pytest.mark.parametrize(("serial", "uses_1904"), [(60, False), (0, False), (-1, True)])
    def test_what_is_no_day_stays_a_number(
        self,
        serial: float,
        uses_1904: bool,  # noqa: FBT001 - a column of a table
    ) -> None:
        assert {"no day": serial} == cell_of(serial, Look.DATE, uses_1904=uses_1904)

    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            ("0.00", Look.NUMBER),
            ("0.00E+00", Look.NUMBER),
            ("General", Look.NUMBER),
            ("[Red]0.00", Look.NUMBER),
            ('"day" 0.0', Look.NUMBER),
            ("0\\d", Look.NUMBER),
            ("#,##0_h", Look.NUMBER),
            ("0;yyyy", Look.NUMBER),
            ("yyyy-mm-dd", Look.DATE),
            ("[$-411]ggge", Look.DATE),
            ("mmm", Look.DATE),
            ("d.m.yy h:mm", Look.INSTANT),
            ("h:mm AM/PM", Look.TIME),
            ("mm:ss.0", Look.TIME),
            ("[h]:mm:ss", Look.DURATION),
            ("[mm]:ss", Look.DURATION),
        ],
    )
    def test_a_format_says_what_a_number_is(self, code: str, expected: Look) -> None:
        assert expected is look_of("170", code)

    @pytest.mark.parametrize("uses_1904", [False, True])
    def test_a_librarys_dates_come_back(
        self,
        tmp_path: Path,
        uses_1904: bool,  # noqa: FBT001 - both are tried
    ) -> None:
        book = openpyxl.Workbook()
        if uses_1904:
            book.epoch = CALENDAR_MAC_1904
        values = [date(2024, 2, 29), datetime(2024, 2, 29, 1, 2, 3), time(23, 59), timedelta(2.5)]  # noqa: DTZ001
        for value in ["x", *values]:
            book.active.append([value])
        book.save(tmp_path / "f.xlsx")
        source = source_of(tmp_path, tmp_path / "f.xlsx")

        assert values == [one["x"] for one in source.read(source.whole()).values]


class TestHeader:
    def test_what_stands_above_the_header_is_not_looked_at(self, tmp_path: Path) -> None:
        path = made(tmp_path, ["Report", 5, "#"], [], ["x"], [1])
        source = source_of(tmp_path, path, header_row=3)

        assert [{"x": 1}] == source.read(source.whole()).values

    def test_all_that_is_wrong_with_a_header_is_told(self, tmp_path: Path) -> None:
        path = made(tmp_path, ["id", "note", 2024, "note"], [1, "a"])

        assert [
            (1, "C", "2024", "not a text, so not the name of a column"),
            (1, "note", "note", "two columns have this name"),
            (1, "amount", None, "a column that the model needs is missing"),
            (1, "at", None, "a column that the model needs is missing"),
        ] == refused(tmp_path, path, Order)

    def test_no_header_is_a_finding(self, tmp_path: Path) -> None:
        empty = [(2, None, None, "no names of columns in the row of the header")]
        path = made(tmp_path, ["x"], [], [1])

        assert empty == refused(tmp_path, path, header_row=2)
        assert "no column of the model" == refused(tmp_path, path, Order)[0][-1]

    def test_a_row_before_the_first_is_refused(self) -> None:
        with pytest.raises(DefinitionError):
            files.excel("f.xlsx", header_row=0)


class TestSheets:
    def test_one_of_several_sheets_is_named(self, tmp_path: Path) -> None:
        book = openpyxl.Workbook()
        book.active.append(["x"])
        other = book.create_sheet("日本")
        other.append(["y"])
        other.append([2])
        book.save(tmp_path / "f.xlsx")
        path = tmp_path / "f.xlsx"

        source = source_of(tmp_path, path, sheet="日本")
        assert [{"y": 2}] == source.read(source.whole()).values
        assert [(1, None, "Sheet, 日本", "several sheets: say which one, sheet=...")] == refused(
            tmp_path, path
        )
        assert [(1, None, "None", "no sheet has this name")] == refused(
            tmp_path, path, sheet="None"
        )

    def test_a_hidden_sheet_does_not_count(self, tmp_path: Path) -> None:
        book = openpyxl.Workbook()
        book.active.append(["x"])
        book.active.append([1])
        book.create_sheet("lists").sheet_state = "hidden"
        book.save(tmp_path / "f.xlsx")
        source = source_of(tmp_path, tmp_path / "f.xlsx")

        assert [{"x": 1}] == source.read(source.whole()).values


DOCTYPE = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>"


class TestRefusals:
    @pytest.mark.parametrize(
        ("spoil", "reason"),
        [
            (lambda data: data[:0], excel_book.NOT_EXCEL),
            (lambda data: data[: len(data) // 2], excel_book.NOT_EXCEL),
            (lambda data: b"id,note\n" + data[:0], excel_book.NOT_EXCEL),
            (lambda data: b"\xd0\xcf\x11\xe0" + data[4:], excel_book.OLD_OR_LOCKED),
        ],
    )
    def test_what_is_no_whole_workbook_is_refused(
        self, tmp_path: Path, spoil: Callable[[bytes], bytes], reason: str
    ) -> None:
        path = made(tmp_path, ["x"], [1])
        path.write_bytes(spoil(path.read_bytes()))

        assert [(1, None, None, reason)] == refused(tmp_path, path)

    @pytest.mark.parametrize(
        ("parts", "reason"),
        [
            ({"xl/worksheets/sheet1.xml": DOCTYPE + "<worksheet/>"}, excel_book.WITH_DOCTYPE),
            ({"xl/texts.xml": DOCTYPE + "<sst/>"}, excel_book.WITH_DOCTYPE),
            ({"xl/worksheets/sheet1.xml": "<worksheet><sheetData>"}, excel_book.DAMAGED),
            ({"_rels/.rels": related(officeDocument="xl/workbook.bin")}, excel_book.BINARY_OR_ODS),
            ({"xl/workbook.xml": "<workbook/>"}, "no sheet with cells"),
            ({"_rels/.rels": "<x/>"}, excel_book.BINARY_OR_ODS),
            (
                {"xl/_rels/workbook.xml.rels": related(worksheet="worksheets/gone.xml")},
                excel_book.DAMAGED,
            ),
        ],
    )
    def test_parts_that_no_workbook_has_are_refused(
        self, tmp_path: Path, parts: dict[str, str], reason: str
    ) -> None:
        path = packed(tmp_path, named("x"), parts=parts)

        assert [(1, None, None, reason)] == refused(tmp_path, path)

    @pytest.mark.parametrize(
        "rows",
        [
            row(2, "<c t='s'><v>9</v></c>"),
            row(2, "<c t='s'><v>x</v></c>"),
            row(2, "<c t='s'><v>-1</v></c>"),
            row(2, "<c s='-1'><v>9</v></c>"),
            row(2, "<c r='A3'><v>9</v></c>"),
            row(2, "<c r='A'><v>9</v></c>"),
            row(2, "<c t='z'><v>9</v></c>"),
            row(2, "<c s='99'><v>9</v></c>"),
            row(2, "<c t='b'><v>2</v></c>"),
            row(2, "<c r='B2'><v>1</v></c>", "<c r='A2'><v>1</v></c>"),
            row(2, "<c r='AAAA2'><v>1</v></c>"),
            row(2, "<c r='2'><v>1</v></c>"),
            row(3) + row(2),
            "<row r='1048577'/>",
            "<row r='x'/>",
            row(2, f"<c t='str'><v>{'x' * 40_000}</v></c>"),
        ],
    )
    def test_cells_that_cannot_be_are_damage(self, tmp_path: Path, rows: str) -> None:
        path = packed(tmp_path, named("x") + rows, shared="<si><t>a</t></si>")

        assert [(1, None, None, excel_book.DAMAGED)] == refused(tmp_path, path)

    @pytest.mark.slow
    def test_every_flipped_byte_of_a_sheet_is_seen(self, tmp_path: Path) -> None:
        """The zip has a checksum of every part."""
        path = packed(
            tmp_path, named("x") + "".join(row(at, f"<c><v>{at}</v></c>") for at in range(2, 40))
        )
        good = path.read_bytes()
        with zipfile.ZipFile(path) as file:
            part = file.getinfo("xl/worksheets/sheet1.xml")
        begin = part.header_offset + 30 + len(part.filename)
        for at in range(begin, begin + part.compress_size):
            data = bytearray(good)
            data[at] ^= 0x10
            path.write_bytes(data)
            if not is_refused(tmp_path / str(at), path):  # bits behind the last one of the part
                source = source_of(tmp_path / str(at), path)
                assert [*range(2, 40)] == [one["x"] for one in source.read(source.whole()).values]

    def test_a_bomb_is_not_unpacked(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(excel_book, "BOMB_BYTES", 2**20)
        many = "<row/>" * 2**19

        assert [(1, None, None, excel_book.TOO_LARGE)] == refused(tmp_path, packed(tmp_path, many))

    def test_too_much_text_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(excel_book, "TEXTS_BYTES_MAX", 100)
        path = packed(tmp_path, named("x"), shared="<si><t>text</t></si>" * 10)

        assert [(1, None, None, excel_book.TOO_LARGE)] == refused(tmp_path, path)


def is_refused(folder: Path, path: Path) -> bool:
    try:
        check_sources(files.excel(path), folder=folder / "run", max_bad=ALL)
    except CheckFailed:
        return True
    return False


def test_letters_are_columns() -> None:
    """A to Z, AA, up to the last one, and back."""
    for letters, column in (
        ("A", 0),
        ("Z", 25),
        ("AA", 26),
        ("AZ", 51),
        ("ZZ", 701),
        ("XFD", 16383),
    ):
        assert column == column_of(f"{letters}1")
        assert letters == letters_of(column)


@pytest.mark.slow
def test_a_library_reads_the_same_where_it_can_be_trusted(tmp_path: Path, seed: int) -> None:
    """What openpyxl writes and reads again is what we read: numbers, texts, truths, dates."""
    import random  # noqa: PLC0415 - of this test only

    rng = random.Random(seed)

    def value() -> Any:
        day = datetime(1900, 3, 1) + timedelta(milliseconds=rng.randrange(10**14))  # noqa: DTZ001
        made_: list[Any] = [None, rng.randrange(-(10**9), 10**9), rng.random() * 10**6, True, day]
        return rng.choice([*made_, day.date(), f"t{rng.randrange(99)}", "日本\n語", " x "])

    path = made(tmp_path, ["a", "b", "c"], *([value() for _ in "abc"] for _ in range(300)))
    with warnings.catch_warnings():
        theirs = list(rows_by_openpyxl(path))
    source = source_of(tmp_path, path)
    ours = [tuple(one.values()) for one in source.read(source.whole()).values]

    assert [one for one in theirs if any(cell is not None for cell in one)] == [
        tuple(as_moment(cell) for cell in one) for one in ours
    ]


def as_moment(cell: Any) -> Any:
    return datetime(cell.year, cell.month, cell.day) if type(cell) is date else cell  # noqa: DTZ001


def rows_by_openpyxl(path: Path) -> Iterator[tuple[Any, ...]]:
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    yield from book.worksheets[0].iter_rows(min_row=2, values_only=True)
    book.close()
