"""Quotes, encodings, headers and trailers of all kinds: read as written, each row its own bytes."""

from __future__ import annotations

import io
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daybreak import files
from daybreak.check.sources import check_sources
from daybreak.connectors.csv_dialect import CsvDialect
from daybreak.connectors.csv_format import CsvFormat
from daybreak.connectors.csv_header import NO_MARK, HeaderLines
from daybreak.connectors.csv_kept import KeptRows
from daybreak.connectors.csv_rows import UNCLOSED
from daybreak.connectors.csv_trailer import (
    COUNT_DIFFERS,
    COUNT_UNREADABLE,
    NO_SUCH_COLUMN,
    NO_TRAILER,
    TOTAL_DIFFERS,
    TOTAL_UNREADABLE,
)
from daybreak.connectors.file_format import format_as_data
from daybreak.connectors.file_refusals import FileRefused
from daybreak.connectors.file_root import FileRoot
from daybreak.connectors.file_source import FileSource
from daybreak.connectors.formats import format_from_data
from daybreak.errors import CheckFailed, DefinitionError, SourceError
from daybreak.model.chunk import Finding
from daybreak.model.limits import BadLimit


@dataclass
class Order:
    id: int
    amount: Decimal


def read(data: bytes, form: CsvFormat) -> list[Any]:
    """Return of each row its record, or the reason of its first finding."""
    stream = io.BytesIO(data)
    header = form.header(stream, "f.csv", ())
    reader = form.reader("f.csv", header, None)
    found = []
    every = form.rows(stream, header, line=header.line, offset=header.offset, size=len(data))
    for row in every:
        assert data[row.offset : row.offset + row.size] == row.raw
        record, findings = reader.read(row)
        found.append(findings[0].reason if findings else tuple(record.values()))
        again = form.row_of(row.raw, header)
        assert (row.fault is None) == (again.fault is None)
        assert findings or reader.read(again)[0] == record
    return found


TEXT = "id|text\r\n1|表示\r\n2|'a|b\r\nc''d'\r\n3|ソ能\r\n"
RECORDS = [("1", "表示"), ("2", "a|b\r\nc'd"), ("3", "ソ能")]


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        *((encoding, "") for encoding in ("cp932", "shift_jis", "euc_jp", "gb18030")),
        *((encoding, "") for encoding in ("utf-8", "utf-16-le", "utf-16-be")),
        *((encoding, "\ufeff") for encoding in ("utf-8", "utf-16-le", "utf-16-be")),
    ],
)
def test_every_encoding_is_read_as_written(encoding: str, mark: str) -> None:
    form = CsvFormat(CsvDialect("|", encoding, quote="'"))

    assert RECORDS == read((mark + TEXT).encode(encoding), form)


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_utf_16_has_the_order_that_its_mark_says(order: str, end: str) -> None:
    form = CsvFormat(CsvDialect("|", "utf-16", quote="'"))

    assert RECORDS == read(("\ufeff" + TEXT.rstrip() + end).encode(order), form)


def test_utf_16_without_a_mark_is_refused() -> None:
    with pytest.raises(FileRefused) as raised:
        CsvFormat(CsvDialect(encoding="utf-16")).header(io.BytesIO(b"a\0\n\0"), "f.csv", ())

    assert [NO_MARK] == [one.reason for one in raised.value.findings]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("lost", range(3))
def test_a_byte_lost_in_utf_16_costs_its_row_only(encoding: str, lost: int) -> None:
    data = "a,b\n1,x\n2,y\n3,z\n".encode(encoding)
    at = len("a,b\n1,x\n2".encode(encoding)) + lost

    found = read(data[:at] + data[at + 1 :], CsvFormat(CsvDialect(encoding=encoding)))

    assert [("1", "x"), ("3", "z")] == [found[0], found[-1]]
    assert 3 == len(found)
    assert isinstance(found[1], str)


def test_without_quotes_they_are_ordinary_characters() -> None:
    form = CsvFormat(CsvDialect("\t", quote=None))

    assert [
        ('"1', 'say "hi"'),
        ("one field alone: perhaps a part of the record before or behind it"),
    ] == read(b'id\ttext\n"1\tsay "hi"\n2\n', form)


def test_what_was_appended_is_not_looked_at() -> None:
    form, data = CsvFormat(CsvDialect()), b'a,b\n1,"2\n'
    stream = io.BytesIO(data + b'3"\n4,5\n')
    header = form.header(stream, "f.csv", ())

    found = list(form.rows(stream, header, line=2, offset=4, size=len(data)))

    assert [(data[4:], UNCLOSED)] == [(row.raw, row.fault) for row in found]


def test_a_byte_order_mark_inside_a_file_is_a_fault() -> None:
    found = read("a,b\n1,2\n\ufeff3,4\n".encode(), CsvFormat(CsvDialect()))

    assert [("1", "2"), "a byte order mark inside the file"] == found


class TestHeaders:
    def test_the_last_of_several_lines_names_the_columns(self) -> None:
        form = CsvFormat(CsvDialect(), HeaderLines(3))

        assert [("1", "2")] == read(b'Orders of "May"\n\na,b\n1,2\n', form)

    def test_a_file_shorter_than_its_header_is_refused(self) -> None:
        with pytest.raises(FileRefused, match="without a header"):
            CsvFormat(CsvDialect(), HeaderLines(2)).header(io.BytesIO(b"a,b\n"), "f.csv", ())

    def test_without_a_header_the_model_names_the_columns(self, tmp_path: Path) -> None:
        source = opened(tmp_path, "1,2.50\n2,x\n", header=False)

        chunk = source.read(source.whole())

        assert [Order(1, Decimal("2.50"))] == chunk.values
        assert ["f.csv:2"] == [chunk.cursor(one.origin) for one in chunk.refused]

    def test_lines_before_the_records_may_name_nothing(self, tmp_path: Path) -> None:
        source = opened(tmp_path, "H,2024\n1,2.50\n", header=False, header_lines=1)

        assert [Order(1, Decimal("2.50"))] == source.read(source.whole()).values

    def test_no_header_and_no_model_is_refused(self) -> None:
        with pytest.raises(DefinitionError, match="columns without names"):
            files.csv("f.csv", header=False)  # type: ignore[call-overload]
        with pytest.raises(DefinitionError, match="header_lines to be at least 1"):
            files.csv("f.csv", header_lines=0)


class TestTrailers:
    TRAILER = files.Trailer("T", totals={"amount": 3})

    @pytest.mark.parametrize("end", ["", "\n", "\n\n"])
    def test_one_that_agrees_is_no_record(self, tmp_path: Path, end: str) -> None:
        source = opened(
            tmp_path, "id,amount\n1,2.50\n2,\n3,0.5\nT,0003,3.00" + end, trailer=self.TRAILER
        )

        chunk = source.read(source.whole())

        assert (3, 3) == (source.total(), chunk.read)
        assert [1, 3] == [one.id for one in chunk.values]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("1,2.50\n", [(None, NO_TRAILER)]),
            ("1,2.50\nT,1,2.5", []),
            ("T,0,0\n", []),
            ("1,2.50\nT,2,2.50\n", [(None, COUNT_DIFFERS)]),
            ("1,2.50\nT,1,2.51\n", [("amount", TOTAL_DIFFERS)]),
            ("1,2.50\nT,,x\n", [(None, COUNT_UNREADABLE), ("amount", TOTAL_UNREADABLE)]),
            ("1,2.50\n2,x\nT,2,2.50\n", [("amount", TOTAL_DIFFERS)]),
            ("1,2.50\n2\nT,2,2.50\n", [("amount", TOTAL_DIFFERS)]),
            ("1,2.50\nT,1,2.50\n2,3\n", [(None, NO_TRAILER)]),
            ('1,2.50\n2,"a\nT,2,2.50\n', [("amount", TOTAL_DIFFERS)]),
        ],
    )
    def test_what_does_not_agree_is_a_finding_of_the_file(
        self, tmp_path: Path, text: str, expected: list[tuple[str | None, str]]
    ) -> None:
        path = tmp_path / "f.csv"
        path.write_text("id,amount\n" + text)
        form = CsvFormat(CsvDialect(), trailer=self.TRAILER)
        found: list[Finding] = []
        with path.open("rb") as stream:
            header = form.header(stream, "f.csv", ())
            size = path.stat().st_size
            try:
                list(form.rows(stream, header, line=2, offset=header.offset, size=size))
            except FileRefused as exc:
                found.extend(exc.findings)

        assert expected == [(one.column, one.reason) for one in found]
        assert all(one.file == "f.csv" for one in found)

    def test_a_column_that_is_not_there_has_no_total(self, tmp_path: Path) -> None:
        trailer = files.Trailer("T", None, {"sum": 2})

        with pytest.raises(SourceError, match=NO_SUCH_COLUMN):
            opened(tmp_path, "id,amount\n1,2\nT,2\n", trailer=trailer)

    def test_the_check_fails_whatever_it_allows(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_text("id,amount\n1,2.50\n")
        pipeline = files.csv(path, Order, trailer=self.TRAILER)

        with pytest.raises(CheckFailed, match="the trailer is missing"):
            check_sources(pipeline, folder=tmp_path / "run", max_bad=BadLimit.parse("100%"))

    def test_its_fields_are_counted_from_the_mark(self) -> None:
        with pytest.raises(DefinitionError, match="numbered from 2, got 1"):
            files.Trailer("T", count=1)


def opened(folder: Path, text: str, **options: Any) -> FileSource:
    path = folder / "f.csv"
    path.write_text(text)
    root = files.csv(path, Order, **options).root
    assert isinstance(root, FileRoot)
    return FileSource(root, folder / "run")


@pytest.mark.parametrize(
    "form",
    [
        CsvFormat(CsvDialect()),
        CsvFormat(CsvDialect("|", "cp932", "NA", None, 7, 99)),
        CsvFormat(CsvDialect(), HeaderLines(0, ("a", "b"))),
        CsvFormat(CsvDialect(), HeaderLines(2), files.Trailer("T", None, {"a": 3})),
    ],
)
def test_a_format_comes_back_from_its_facts(form: CsvFormat) -> None:
    assert form == format_from_data(format_as_data(form))
    assert hash(form) == hash(format_from_data(format_as_data(form)))


def test_facts_of_former_versions_are_those_of_the_defaults() -> None:
    assert {"delimiter": ",", "encoding": "utf-8", "null": ""} == CsvFormat(CsvDialect()).facts()


class TestKeptRows:
    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "cp932"])
    def test_cells_become_the_row_that_gives_them(self, encoding: str) -> None:
        kept = KeptRows(("a", "b"), CsvDialect("|", encoding, quote="'"))
        cells = ["表|", "it's\n"]

        assert cells == kept.cells(kept.row(cells))

    def test_a_file_without_quotes_cannot_hold_its_delimiter(self) -> None:
        with pytest.raises(DefinitionError, match="a file without quotes cannot hold"):
            KeptRows(("a",), CsvDialect(quote=None)).row(["a,b"])
