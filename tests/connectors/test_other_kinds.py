"""A file of another kind than it is read as is refused as a whole, and it is said what it is."""

from __future__ import annotations

import gzip
import io

import pytest
from pydantic import create_model

from daybreak.connectors.csv_dialect import CsvDialect
from daybreak.connectors.csv_format import CsvFormat
from daybreak.connectors.csv_schema import schema_of
from daybreak.connectors.file_format import Format
from daybreak.connectors.file_refusals import FileRefused
from daybreak.connectors.fixed_format import FixedFormat
from daybreak.connectors.fixed_layout import FixedLayout
from daybreak.connectors.json_format import JsonFormat
from daybreak.connectors.jsonl_format import JsonLinesFormat
from daybreak.connectors.xml_format import XmlFormat

FORMATS: list[Format] = [
    CsvFormat(CsvDialect()),
    CsvFormat(CsvDialect(encoding="latin-1")),
    JsonLinesFormat(),
    JsonFormat(),
    XmlFormat("o"),
    FixedFormat(FixedLayout((("id", 0, 3),), 3)),
]
TEXT = "id,name\n1,a\n"


def refusal(form: Format, content: bytes, model: type | None = None) -> list[str]:
    columns = () if model is None else schema_of(model).columns
    with pytest.raises(FileRefused) as caught:
        form.header(io.BytesIO(content), "f", columns)
    return [one.reason for one in caught.value.findings]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.kind)
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(TEXT.encode(), mtime=0), "a gzip file: unpack it first"),
        (b"\x28\xb5\x2f\xfd ", "a zstd file: unpack it first"),
        (b"PK\x03\x04", "a zip file: unpack it first, or read it as the spreadsheet that it is"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel file of the old kind: save it as .xlsx"),
    ],
)
def test_what_is_packed_is_called_so(form: Format, content: bytes, reason: str) -> None:
    assert [reason] == refusal(form, content)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.kind)
@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_called_so_with_a_mark_and_without(form: Format, codec: str) -> None:
    (reason,) = refusal(form, TEXT.encode(codec))

    way_out = "say encoding='utf-16'" if form.kind == "csv" else "convert the file to UTF-8"
    assert f"text in UTF-16: {way_out}" == reason


@pytest.mark.parametrize("content", [b"", b"a", b"a\n", b"id,n\n", b"\0", b"\0\0\0\0\0\0\0\0"])
def test_a_short_file_is_not_taken_for_another_kind(content: bytes) -> None:
    assert JsonLinesFormat().header(io.BytesIO(content), "f", ()).offset == 0


def test_a_fixed_record_may_begin_with_any_bytes_where_no_lines_divide_it() -> None:
    form = FixedFormat(FixedLayout((("id", 0, 3),), 3, "cp037", line_ends=False))

    assert form.header(io.BytesIO(b"\x1f\x8b\x08"), "f", ()).offset == 0


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("id;name", "not a header: it names no column of the model, unless the delimiter is ';'"),
        (
            "id\tname",
            r"not a header: it names no column of the model, unless the delimiter is '\t'",
        ),
        ("ID,Name", "not a header: it names columns of the model in other letters"),
        (" id , name ", "not a header: it names columns of the model in other letters"),
        ("1,2", "not a header: it names no column of the model"),
    ],
)
def test_a_header_that_is_nearly_one_says_what_is_wrong(header: str, reason: str) -> None:
    model = create_model("Model", id=(int, ...), name=(str, ...))

    assert [reason] == refusal(CsvFormat(CsvDialect()), header.encode() + b"\n1,2\n", model)
