"""Every format keeps the contract, with whole files and damaged ones."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from typing import Any, ClassVar, Final

import pytest

from daybreak.connectors import byte_window, formats, json_elements, xml_markup
from daybreak.connectors.csv_dialect import CsvDialect
from daybreak.connectors.csv_format import CsvFormat
from daybreak.connectors.file_format import Format, format_as_data
from daybreak.connectors.file_refusals import FileRefused
from daybreak.connectors.fixed_format import FixedFormat
from daybreak.connectors.fixed_layout import FixedLayout
from daybreak.connectors.json_format import JsonFormat
from daybreak.connectors.jsonl_format import JsonLinesFormat
from daybreak.connectors.xml_format import XmlFormat
from daybreak.errors import DefinitionError
from daybreak.testing.formats import Bad, FormatCase, FormatContract, damages_of

CSV: Final = CsvFormat(CsvDialect())
FIXED_COLUMNS: Final = (("id", 0, 3), ("name", 3, 8))

CASES: Final = [
    FormatCase(
        CSV,
        b'id,name\n1,a\r\n"2","x\ny"\n3\n4,"b\n5,c\n6,d',
        [
            {"id": "1", "name": "a"},
            {"id": "2", "name": "x\ny"},
            Bad("one field alone: perhaps a part of the record before or behind it", 5),
            Bad("a quote that is never closed", 6),
            {"id": "5", "name": "c"},
            {"id": "6", "name": "d"},
        ],
        name="csv",
    ),
    FormatCase(
        CsvFormat(CsvDialect(";", "cp932", "NA")),
        "id;name\n1;表\n2;ソ;\n3;é".encode("cp932", "replace"),
        [
            {"id": "1", "name": "表"},
            Bad("more columns than the header", 3),
            {"id": "3", "name": "?"},
        ],
        name="csv in cp932",
    ),
    FormatCase(
        JsonLinesFormat(),
        b'\xef\xbb\xbf{"id": 1, "x": 0.10}\r\n\n  \n{"id": 2, "x": {"y": [1e400, null]}}\n'
        b'{"id": 3\n[4]\n{"id": 5, "id": 6}\n{"id": NaN}\n{"id": "\xff"}\n{"id": 7}',
        [
            {"id": 1, "x": Decimal("0.10")},
            {"id": 2, "x": {"y": [Decimal("1e400"), None]}},
            Bad("no JSON: a comma is missing", 5),
            Bad("not an object", 6),
            Bad("an object has one name twice", 7),
            Bad("no JSON: NaN or Infinity", 8),
            Bad("bytes that are not utf-8", 9),
            {"id": 7},
        ],
        between=rb"[ \t\r\n]*",
        name="jsonl",
    ),
    FormatCase(
        JsonLinesFormat("cp932"),
        '{"a": "表ソ"}\n{"a": "\\n"}\n'.encode("cp932"),
        [{"a": "表ソ"}, {"a": "\n"}],
        name="jsonl in cp932",
    ),
    FormatCase(
        JsonFormat(),
        b'[\n {"a": 1},\n {"a": tru},\n {"a" 2},\n {"a": {"b": [[[["]}"]]]]}},,\n'
        b' 3,\n {"a": "\\ud83d"},\n {"a": "\n"}, {"a": 4}\n]\n',
        [
            {"a": 1},
            Bad("no JSON: a value is missing", 3),
            Bad("no JSON: a colon is missing", 4),
            {"a": {"b": [[[["]}"]]]]}},
            Bad("no value between two commas", 5),
            Bad("not an object", 6),
            Bad("an escape for half a character", 7),
            Bad("no JSON: a control character inside a string", 8),
            {"a": 4},
        ],
        between=rb"[ \t\r\n,\]]*",
        name="json",
    ),
    FormatCase(
        JsonFormat(("data", "items")),
        b'\xef\xbb\xbf{"n": [{}, "items"], "data": {"items": [{"a": 1}, {"a": "x}, {"a": 2}]}}',
        [{"a": 1}, Bad("quotes that do not pair", 1)],
        between=rb"[ \t\r\n,\]}]*",
        name="json whose quotes do not pair",
    ),
    FormatCase(
        JsonFormat(("items",)),
        b'{"items": [{"a": 1}, {"a": 2}, "c": 3}, {"a": 4}], "n": 4}',
        [{"a": 1}, Bad("a name outside of an object", 1)],
        between=rb".*",
        name="json with a record that was closed too early",
    ),
    FormatCase(
        JsonFormat(("items",)),
        b'{"items": [{"a": 1}], "n": tru}',
        [{"a": 1}, Bad("no JSON: a value is missing", 1)],
        name="json with a fault behind the records",
    ),
    FormatCase(JsonFormat(), b"[]", [], between=rb"\]", name="json without records"),
    FormatCase(
        JsonFormat(),
        b'[{"a": 1},\n{"a": 2}',
        [{"a": 1}, {"a": 2}, Bad("the file ends before its array does", 2)],
        between=rb"[,\n]*",
        name="json cut off behind a record",
    ),
    FormatCase(
        JsonFormat(),
        b'[{"a": 1}, {"a": 2,\n',
        [{"a": 1}, Bad("the file ends inside a record", 1)],
        between=rb"[, \n]*",
        name="json cut off in a record",
    ),
    FormatCase(
        XmlFormat("order"),
        b'<?xml version="1.0"?>\n<!-- <order/> --><s:orders xmlns:s="u">\n'
        b'<order id="1"><name>A &amp; <![CDATA[<B>]]></name></order>\n'
        b"<order><name>A & B</name></order>stray\n"
        b"<order><name>&foo;</name></order><note>x</note>\n"
        b'<s:order><p c="EUR">1</p><q><r/></q></s:order>\n'
        b'<order xmlns:x="http://www.w3.org/2001/XMLSchema-instance"><n x:nil="true"/></order>'
        b"<order/><!-- </s:orders> --></s:orders>\n",
        [
            {"id": "1", "name": "A & <B>"},
            Bad("no XML: not well-formed (invalid token)", 4),
            Bad("text between two records", 4),
            Bad("no XML: undefined entity", 5),
            Bad("it has elements inside", 6),
            {"n": None},
            {},
        ],
        between=rb"(?:\s|<note>x</note>|<!--.*?-->|</s:orders>)*",
        name="xml",
    ),
    FormatCase(
        XmlFormat("a/b"),
        '<?xml version="1.0" encoding="Shift_JIS"?><a><b><c>表ソ</c></b><b/></a>'.encode("cp932"),
        [{"c": "表ソ"}, {}],
        between=rb"</a>",
        name="xml in shift_jis",
    ),
    FormatCase(
        XmlFormat("b"),
        b"<a><b><c>1</c></b><b><c>2<c></b>\n<b><c>3</c></b></a>",
        [{"c": "1"}, Bad("no XML: tags that do not pair", 1)],
        name="xml whose tags do not pair",
    ),
    FormatCase(
        XmlFormat("b"),
        b"<a><b><c>1</c></b><b><c>2</c></b><d>2</d></b><b/></a>",
        [{"c": "1"}, Bad("no XML: tags that do not pair", 1)],
        name="xml with a record that was closed too early",
    ),
    FormatCase(
        XmlFormat("b"),
        b"<a><b/><z><b/></z>\n</a>",
        [{}, Bad("a record outside of the element that holds the others", 1)],
        between=rb"\s*</a>",
        name="xml with a record elsewhere",
    ),
    FormatCase(
        XmlFormat("b"),
        b"<a><b/>\n<b>",
        [{}, Bad("no XML: the file ends inside an element", 2)],
        between=rb"\n",
        name="xml cut off in a record",
    ),
    FormatCase(
        XmlFormat("b"),
        b"<a><b/>\n",
        [{}, Bad("no XML: the file ends inside an element", 2)],
        between=rb"\n",
        name="xml cut off behind a record",
    ),
    FormatCase(XmlFormat("b"), b"<a/>", [], name="xml without records"),
    FormatCase(
        XmlFormat("b"), b'<b x="1"/>\n', [{"x": "1"}], between=rb"\n", name="xml of one record"
    ),
    FormatCase(
        FixedFormat(FixedLayout(FIXED_COLUMNS, 8)),
        b"001ann  \r\n  2bo  \n\n 3 bob  \n004bob  x\n005\xc3\xa9   \n006\xff    \n  7zoe  ",
        [
            {"id": "001", "name": "ann"},
            Bad("shorter than a record", 2),
            Bad("shorter than a record", 3),
            {"id": " 3", "name": "bob"},
            Bad("longer than a record", 5),
            {"id": "005", "name": "é"},
            Bad("bytes that are not utf-8", 7),
            {"id": "  7", "name": "zoe"},
        ],
        name="fixed width",
    ),
    FormatCase(
        FixedFormat(FixedLayout(FIXED_COLUMNS, 8, unit="characters")),
        "001表表   \n002é\n".encode(),
        [{"id": "001", "name": "表表"}, Bad("shorter than a record", 2)],
        name="fixed width in characters",
    ),
    FormatCase(
        FixedFormat(FixedLayout(FIXED_COLUMNS, 10, "cp037", line_ends=False)),
        "001ANN    002BOB  XX003   ".encode("cp037"),
        [
            {"id": "001", "name": "ANN"},
            {"id": "002", "name": "BOB"},
            Bad("shorter than a record", 3),
        ],
        has_lines=False,
        name="fixed width in EBCDIC",
    ),
]


class TestFormats(FormatContract):
    @pytest.fixture(params=CASES, ids=str)
    def case(self, request: pytest.FixtureRequest) -> FormatCase:
        found = request.param
        assert isinstance(found, FormatCase)
        return found


def rows_or_refusal(form: Format, content: bytes) -> Any:
    stream = io.BytesIO(content)
    try:
        header = form.header(stream, "f", ())
    except FileRefused as exc:
        return exc.findings
    size = len(content)
    return list(form.rows(stream, header, line=header.line, offset=header.offset, size=size))


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.form.kind in {"json", "xml"}], ids=str
)
def test_a_damaged_file_is_cut_alike_by_the_quick_way_and_in_small_blocks(
    case: FormatCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = [case.content, *(content for content, _ in damages_of(case.content))]
    expected = [rows_or_refusal(case.form, content) for content in damaged]
    nothing = re.compile(rb"(?!)")
    monkeypatch.setattr(json_elements, "_SOUND", nothing)
    monkeypatch.setattr(xml_markup, "_SOUND", nothing)
    monkeypatch.setattr(byte_window, "BLOCK_BYTES", 5)

    assert expected == [rows_or_refusal(case.form, content) for content in damaged]


class OwnFormat(JsonLinesFormat):
    kind: ClassVar[str] = "own"


def test_a_format_of_ones_own_is_known_once_it_was_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "FORMATS", dict(formats.FORMATS))
    with pytest.raises(KeyError):
        formats.format_from_data(format_as_data(OwnFormat()))

    formats.add_format(OwnFormat.kind, OwnFormat.of)
    formats.add_format(OwnFormat.kind, OwnFormat.of)

    assert OwnFormat() == formats.format_from_data(format_as_data(OwnFormat()))


def test_a_kind_is_given_once() -> None:
    with pytest.raises(DefinitionError, match="a format of kind 'csv' already"):
        formats.add_format("csv", OwnFormat.of)
