"""JSON is read as RFC 8259 says, by its own types, and a damage costs what is uncertain only."""

from __future__ import annotations

import io
import json
import random
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Literal
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from daybreak import files
from daybreak.connectors import byte_window
from daybreak.connectors.file_format import Format
from daybreak.connectors.file_refusals import FileRefused
from daybreak.connectors.json_elements import _SOUND, Uncertain, _Scan
from daybreak.connectors.json_format import JsonFormat
from daybreak.connectors.json_grammar import NUMBER_IN_QUOTES
from daybreak.connectors.jsonl_format import JsonLinesFormat
from daybreak.connectors.row import Row
from daybreak.errors import DefinitionError

EXAMPLES = settings().max_examples  # few in `make check`
seeded = settings(derandomize=True, max_examples=2 * EXAMPLES, deadline=None, database=None)

LINES = JsonLinesFormat()
DOCUMENT = JsonFormat()

number = st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
text |= st.sampled_from(['"', "\\", "},{", "],[", '","', "\\u0041", "\ufeff", "/*"])
value = st.recursive(
    st.none() | st.booleans() | number | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=12,
)
record = st.dictionaries(text, value, max_size=4)
layout = st.sampled_from([(None, ",", ":"), (None, ", ", ": "), (1, ",", " :\t")])
ascii_or_not = st.sampled_from(["ascii", "utf-8"])


def written(one: Any, how: tuple[int | None, str, str], encoding: str = "utf-8") -> str:
    """Write a value as JSON text; Decimals with all their digits."""
    marks: dict[str, str] = {}

    def mark(number: Decimal) -> str:
        key = f"\0{len(marks)}\0"
        exact = f"{number:f}"
        marks[json.dumps(key)] = exact if "." in exact else exact + "e0"
        return key

    indent, comma, colon = how
    whole = json.dumps(
        one,
        default=mark,
        indent=indent,
        separators=(comma, colon),
        ensure_ascii=encoding == "ascii",
    )
    for key, exact in marks.items():
        whole = whole.replace(key, exact)
    return whole


def rows_of(form: Format, data: bytes) -> list[Row]:
    stream = io.BytesIO(data)
    header = form.header(stream, "f", ())
    return list(form.rows(stream, header, line=header.line, offset=header.offset, size=len(data)))


def read(form: Format, data: bytes, model: type | None = None) -> list[Any]:
    """Return of each row its record, or its findings as (line, column, value, reason)."""
    header = form.header(io.BytesIO(data), "f", ())
    reader = form.reader("f", header, model)
    found: list[Any] = []
    for row in rows_of(form, data):
        made, findings = reader.read(row)
        faults = [(one.line, one.column, one.value, one.reason) for one in findings]
        found.append(faults or made)
    return found


def reasons(form: Format, data: bytes, model: type | None = None) -> list[Any]:
    """Return of each row its record, or the reasons against it."""
    return [
        [reason for *_, reason in one] if isinstance(one, list) else one
        for one in read(form, data, model)
    ]


def refused(constant: str) -> None:
    """Refuse NaN and Infinity, which JSON does not have."""
    raise ValueError(constant)


@pytest.mark.slow
class TestAgainstTheJsonModule:
    @seeded
    @given(st.lists(record, max_size=3), layout, ascii_or_not)
    def test_what_it_writes_in_lines_is_read_as_it_was(
        self, records: list[Any], how: tuple[int | None, str, str], encoding: str
    ) -> None:
        lines = [written(one, (None, *how[1:]), encoding) + "\n" for one in records]

        assert records == read(LINES, "".join(lines).encode())

    @seeded
    @given(st.lists(record, max_size=3), layout, ascii_or_not, st.integers(1, 40), value)
    def test_what_it_writes_in_a_document_is_read_as_it_was(
        self,
        records: list[Any],
        how: tuple[int | None, str, str],
        encoding: str,
        block_bytes: int,
        other: Any,
    ) -> None:
        around = {"a": other, "data": {"b": other, "items": records, "c": other}, "d": other}
        data = written(around, how, encoding).encode()

        with patch.object(byte_window, "BLOCK_BYTES", block_bytes):
            found = read(JsonFormat(("data", "items")), data)

        assert records == found

    @seeded
    @given(st.binary(max_size=40) | record.map(lambda one: json.dumps(one, default=str).encode()))
    def test_a_line_is_a_record_if_the_json_module_says_so(self, line: bytes) -> None:
        line = line.replace(b"\n", b" ")
        try:
            expected = json.loads(line.decode(), parse_float=Decimal, parse_constant=refused)
            is_good = isinstance(expected, dict)
        except ValueError:
            is_good = False

        try:
            found = read(LINES, line)
        except FileRefused:  # its first bytes are those of another kind of file
            found = []

        assert is_good == (bool(found) and isinstance(found[0], dict))

    @seeded
    @given(record, layout)
    def test_the_quick_way_cuts_as_the_other_does(
        self, one: Any, how: tuple[int | None, str, str]
    ) -> None:
        data = written(one, how).encode()
        window = byte_window.Window(io.BytesIO(data + b" ]"), line=1, offset=0, size=len(data) + 2)
        window.peek()
        quick = _SOUND.match(window.data)
        end = _Scan(window, named=False).run()

        assert not isinstance(end, Uncertain)
        assert len(data) == end.offset
        assert quick is None or quick.end() == end.offset


class Colour(BaseModel):
    name: str


class Thing(BaseModel):
    id: int
    price: Decimal | None
    share: float = 0.5
    on: bool = False
    day: date | None = None
    at: datetime | None = None
    token: UUID | None = None
    kind: Literal["a", "b"] = "a"
    name: str = ""
    colours: list[Colour] = []
    other: dict[str, Any] = Field(default={}, alias="o")


class TestTypes:
    def test_a_record_of_the_model_has_every_type_from_its_own_text(self) -> None:
        data = (
            '{"id": 1180591620717411303424, "price": 0.10, "share": 0.1, "on": true, "day":'
            ' "2024-02-29", "at": "2024-02-29T05:00:00Z", "kind": "b", "name": "é", "x": 1,'
            ' "colours": [{"name": "red"}], "o": {"n": 1.5}}'
        ).encode()

        (thing,) = read(LINES, data, Thing)

        assert (2**70, "0.10", 0.1, True) == (thing.id, str(thing.price), thing.share, thing.on)
        assert (date(2024, 2, 29), 5) == (thing.day, thing.at.hour)
        assert ([Colour(name="red")], {"n": Decimal("1.5")}) == (thing.colours, thing.other)

    @pytest.mark.parametrize(
        ("name", "text", "expected"),
        [
            ("id", "1", 1),
            ("id", "-0", 0),
            ("id", "1.0", "not a whole number"),
            ("id", "1e2", "not a whole number"),
            ("id", '"1"', NUMBER_IN_QUOTES),
            ("id", "true", "not a whole number"),
            ("id", "1e999999999", "not a whole number"),
            ("price", "1", Decimal(1)),
            ("price", "1e400", Decimal("1e400")),
            ("price", '"1.0"', NUMBER_IN_QUOTES),
            ("price", "null", None),
            ("share", "1", 1.0),
            ("share", "1.5e2", 150.0),
            ("share", "1e400", "too large for a float"),
            ("share", "1" + "0" * 400, "too large for a float"),
            ("share", "null", 0.5),
            ("share", '"0.5"', NUMBER_IN_QUOTES),
            ("share", "false", "not a number"),
            ("on", "1", "not true or false"),
            ("on", '"true"', "not true or false"),
            ("day", "1700000000", "not a text"),
            ("day", '"1700000000"', "not a date (YYYY-MM-DD)"),
            ("at", '"2024-01-01"', "not a date and time (YYYY-MM-DDTHH:MM:SS)"),
            ("token", '"x"', "should be a valid UUID"),
            ("kind", '"c"', "should be 'a' or 'b'"),
            ("name", "1", "should be a valid string"),
            ("name", "1.5", "should be a valid string"),
            ("name", "null", ""),
            ("colours", "{}", "should be a valid list"),
            ("id", "null", "required"),
        ],
    )
    def test_a_value_is_of_its_type_or_a_finding(self, name: str, text: str, expected: Any) -> None:
        others = {"id": "1", "price": "1"} | {name: text}
        line = "{" + ", ".join(f'"{key}": {one}' for key, one in others.items()) + "}"

        (found,) = read(LINES, line.encode(), Thing)

        if isinstance(found, list):
            assert [(name, expected)] == [(column, reason) for _, column, _, reason in found]
        else:
            made = getattr(found, name)
            assert (expected, type(expected)) == (made, type(made))

    def test_a_name_that_a_record_lacks_is_a_finding_unless_it_has_a_default(self) -> None:
        found = read(LINES, b'{"price": 1}\n{"id": 1}\n', Thing)

        assert [
            [(1, "id", None, "the record does not have it")],
            [(2, "price", None, "the record does not have it")],
        ] == found

    def test_all_faults_of_a_record_are_found_at_once_in_the_order_of_the_record(self) -> None:
        found = read(LINES, b'{"on": 1, "price": [1.5], "id": "x"}', Thing)

        assert [
            [
                (1, "on", "1", "not true or false"),
                (1, "price", "[Decimal('1.5')]", "not a decimal number"),
                (1, "id", "x", "not a whole number"),
            ]
        ] == found

    def test_a_strict_model_and_a_dataclass_get_values_of_their_types(self) -> None:
        class Strict(BaseModel):
            model_config = ConfigDict(strict=True)
            n: float
            d: date

        @dataclass
        class Point:
            x: int
            y: float | None = None

        (strict,) = read(LINES, b'{"n": 1, "d": "2024-01-01"}', Strict)

        assert (1.0, date(2024, 1, 1)) == (strict.n, strict.d)
        assert [Point(1, 2.5), Point(1)] == read(LINES, b'{"x":1,"y":2.5}\n{"x":1}', Point)

    def test_a_number_that_is_no_float_stays_what_it_is(self) -> None:
        (found,) = read(LINES, b'{"a": 0.1, "b": 12345678901234567890.123456789}')

        assert {"a": Decimal("0.1"), "b": Decimal("12345678901234567890.123456789")} == found


DAMAGES: Sequence[tuple[bytes, str]] = [
    (b"", "no JSON: a value is missing"),
    (b"{", "no JSON: a name in double quotes is missing"),
    (b'{"a"}', "no JSON: a colon is missing"),
    (b'{"a": 1 "b": 2}', "no JSON: a comma is missing"),
    (b'{"a": 1}, {"a": 2}', "no JSON: more than one value"),
    (b'{"a": "x}', "no JSON: a string that is never closed"),
    (b'{"a": "\t"}', "no JSON: a control character inside a string"),
    (b'{"a": "\x00"}', "no JSON: a control character inside a string"),
    (b'{"a": "\\x"}', "no JSON: an escape that JSON does not have"),
    (b'{"a": "\\u00g0"}', "no JSON: an escape that JSON does not have"),
    (b'{"a": "\\ud800"}', "an escape for half a character"),
    (b'{"a": "\\\\\\udc00\\ud800"}', "an escape for half a character"),
    (b"{'a': 1}", "no JSON: a name in double quotes is missing"),
    (b'{"a": 01}', "no JSON: a comma is missing"),
    (b'{"a": +1}', "no JSON: a value is missing"),
    (b'{"a": 1.}', "no JSON: a comma is missing"),
    (b'{"a": Infinity}', "no JSON: NaN or Infinity"),
    (b'{"a": -Infinity}', "no JSON: NaN or Infinity"),
    (b'{"a": {"b": 1, "b": 1}}', "an object has one name twice"),
    (b'\xef\xbb\xbf{"a": 1}', "no JSON: a byte order mark that is not at the beginning"),
    (b'{"a": "\xed\xa0\x80"}', "bytes that are not utf-8"),
    (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", "nested more than 100 levels deep"),
    (b'{"a": ' + b"[" * 500_000 + b"}", "nested more than 100 levels deep"),
    (b'{"a": ' + b"1" * 5_000 + b"}", "a number with more digits than can be read"),
    (b'{"a": 1e' + b"9" * 30 + b"}", "a number with more digits than can be read"),
    (b"null", "not an object"),
    (b"[]", "not an object"),
]


class TestLines:
    @pytest.mark.parametrize(("line", "reason"), DAMAGES[1:])
    def test_a_line_that_is_no_record_costs_itself(self, line: bytes, reason: str) -> None:
        data = b'{"a": 0}\n' + line + b'\n{"a": 1}\n'

        assert [{"a": 0}, [reason], {"a": 1}] == reasons(LINES, data)

    @pytest.mark.parametrize(
        "line",
        [
            b'{"a": "\\ud83d\\ude00\\u0000"}',
            b'{"a": "\\\\ud800"}',
            b'{"a": ' + b"[" * 99 + b"]" * 99 + b"}",
            b'{"a": "' + b"[" * 500 + b'"}',
            b' \t{ "a" :1 } \r',
        ],
    )
    def test_what_only_looks_wrong_is_a_record(self, line: bytes) -> None:
        assert [json.loads(line)] == read(LINES, line + b"\n")

    def test_a_finding_shows_the_byte_from_which_a_line_is_no_json(self) -> None:
        expected = (1, None, "at byte 13: x}", "no JSON: a name in double quotes is missing")

        assert [[expected]] == read(LINES, '{"a": "é", x}'.encode())

    @pytest.mark.slow
    def test_a_line_of_100_mb_is_a_finding_and_is_not_held(self, tmp_path: Path) -> None:
        path = tmp_path / "f"
        with path.open("wb") as stream:
            stream.write(b'{"a": 0}\n{"a": "')
            for _ in range(100):
                stream.write(b"x" * 2**20)
            stream.write(b'"}\n{"a": 1}\n')

        found, peak = measured(LINES, path)

        assert [None, "longer than 1,048,576 bytes", None] == [row.fault for row in found]
        assert [1, 2, 3] == [row.line for row in found]
        assert peak < 8 * 2**20

    @pytest.mark.parametrize("encoding", ["utf-16", "base64", "iso2022_jp", "utf-9", "cp037"])
    def test_an_encoding_that_cannot_be_divided_is_refused(self, encoding: str) -> None:
        with pytest.raises(DefinitionError, match="encoding"):
            files.jsonl("f", encoding=encoding)


def measured(form: Format, path: Path) -> tuple[list[Row], int]:
    """Return the rows of a file without their bytes, and the most memory they took."""
    tracemalloc.start()
    with path.open("rb") as stream:
        header = form.header(stream, "f", ())
        size = path.stat().st_size
        every = form.rows(stream, header, line=header.line, offset=header.offset, size=size)
        found = [row._replace(raw=b"") for row in every]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found, peak


def in_document(*elements: bytes) -> bytes:
    return b"[\n" + b",\n".join(elements) + b"\n]\n"


class TestDocuments:
    @pytest.mark.parametrize(
        ("element", "reason"),
        [
            (element, reason)
            for element, reason in DAMAGES[2:]
            if "never closed" not in reason
            and "more than one value" not in reason
            and element.count(b"[") == element.count(b"]")
        ]
        + [
            (b'{"a": 1} {"a": 2}', "no JSON: more than one value"),
            (b'{"a" "b"}', "no JSON: a colon is missing"),
            (b'{"a": "b" "c": 1}', "no JSON: a comma is missing"),
            (b'{"a": [1 {"b": 2}]}', "no JSON: a comma is missing"),
            (b'{"a": 1,, "b": 2}', "no JSON: a name in double quotes is missing"),
            (b'{"a":: 1}', "no JSON: a value is missing"),
            (b'{"a": "said "hi", twice"}', "no JSON: a comma is missing"),
            (b'{"a": ""x""}', "no JSON: a comma is missing"),
            (b'{"a": "\n"}', "no JSON: a control character inside a string"),
        ],
    )
    def test_an_element_whose_quotes_and_brackets_pair_costs_itself(
        self, element: bytes, reason: str
    ) -> None:
        data = in_document(b'{"a": 0}', element, b'{"a": 1}')

        assert [{"a": 0}, [reason], {"a": 1}] == reasons(DOCUMENT, data)

    @pytest.mark.parametrize(
        ("element", "reason"),
        [
            (b'{"a": "x}', "quotes that do not pair"),
            (b'{"a: 1}', "quotes that do not pair"),
            (b'{a": 1, "b": "c"}', "quotes that do not pair"),
            (b'{"a": "x"y", "b": "c"}', "quotes that do not pair"),
            (b'{"a": "said "}" twice"}', "brackets that do not pair"),
            (b'{"a": [1}', "brackets that do not pair"),
            (b'{"a": 1]}', "brackets that do not pair"),
            (b'{"a": 1}}', "brackets that do not pair"),
            (b'{"a": 1', "brackets that do not pair"),
        ],
    )
    def test_once_quotes_or_brackets_do_not_pair_the_rest_is_one_region(
        self, element: bytes, reason: str
    ) -> None:
        data = in_document(b'{"a": 0}', element, b'{"b": "c"}', b'{"d": "e"}')

        found = rows_of(DOCUMENT, data)

        assert [None, reason] == [row.fault for row in found]
        assert data[found[1].offset :] == found[1].raw
        assert (3, 4) == (found[1].line, found[1].lines)

    def test_between_two_quotes_that_are_missing_all_is_one_faulty_row(self) -> None:
        data = in_document(b'{"a": 0}', b'{"b": "x}', b'{"b": "y"}', b'{"b: 1}', b'{"a": 1}')

        found = reasons(DOCUMENT, data)

        assert [{"a": 0}, ["no JSON: a control character inside a string"], {"a": 1}] == found

    def test_a_record_that_was_closed_too_early_is_withheld(self) -> None:
        """Otherwise it would pass without what follows."""
        data = in_document(b'{"a": 0}', b'{"a": 1}, "b": 2}', b'{"a": 3}')

        assert [{"a": 0}, ["a name outside of an object"]] == reasons(DOCUMENT, data)

    @pytest.mark.parametrize(
        ("data", "at", "reason"),
        [
            (b"", (), "no array where its records should be"),
            (b"{}", (), "no array where its records should be"),
            (b"\xff\xfe[\0]\0", (), "text in UTF-16: convert the file to UTF-8"),
            (b'{"a": {}}', ("a",), "no array where its records should be"),
            (b"[]", ("a",), "no object where its records should be"),
            (b'{"b": []}', ("a",), "the name under which its records should be is missing"),
            (b'{"b": {"a": []}}', ("a",), "the name under which its records should be is missing"),
            (b'{"b": [', ("a",), "the file ends inside a record"),
            (b'{"b": [}', ("a",), "brackets that do not pair"),
            (b'{"b": tru, "a": []}', ("a",), "no JSON: a value is missing"),
            (b'{"b": 1', ("a",), "no JSON: a member is missing"),
        ],
    )
    def test_a_document_without_its_array_is_refused(
        self, data: bytes, at: tuple[str, ...], reason: str
    ) -> None:
        with pytest.raises(FileRefused) as raised:
            JsonFormat(at).header(io.BytesIO(data), "f", ())

        assert [reason] == [one.reason for one in raised.value.findings]

    @pytest.mark.parametrize(
        ("behind", "reason"),
        [
            (b"", "the file ends before its array does"),
            (b",", "the file ends before its array does"),
            (b",]}", "a comma behind the last record"),
            (b"]", "the file ends behind its array too early"),
            (b"]} x", "behind its array the document does not go on as JSON"),
            (b"]]", "behind its array the document does not go on as JSON"),
            (b'], "b" 1}', "no JSON: a colon is missing"),
            (b'], "a": []}', "an object has one name twice"),
        ],
    )
    def test_what_is_wrong_behind_the_records_is_a_finding_and_costs_none(
        self, behind: bytes, reason: str
    ) -> None:
        data = b'{"a": [{"x": 1}, {"x": 2}' + behind

        assert [{"x": 1}, {"x": 2}, [reason]] == reasons(JsonFormat(("a",)), data)

    @pytest.mark.slow
    def test_a_record_of_100_mb_is_a_finding_and_is_not_held(self, tmp_path: Path) -> None:
        path = tmp_path / "f"
        with path.open("wb") as stream:
            stream.write(b'[{"a": 0},\n{"a": [')
            for _ in range(50):
                stream.write(b'"' + b"x" * 2**20 + b'",')
                stream.write(b" " * 2**20)
            stream.write(b'1]},\n{"a": 1}]')

        found, peak = measured(DOCUMENT, path)

        assert [None, "longer than 1,048,576 bytes", None] == [row.fault for row in found]
        assert [1, 2, 3] == [row.line for row in found]
        assert peak < 16 * 2**20

    @pytest.mark.slow
    def test_a_document_that_only_opens_brackets_is_harmless(self, tmp_path: Path) -> None:
        path = tmp_path / "f"
        path.write_bytes(b"[" * 150_000)

        found, peak = measured(DOCUMENT, path)

        assert ["brackets that do not pair"] == [row.fault for row in found]
        assert peak < 16 * 2**20

    def test_a_path_that_is_none_is_refused(self) -> None:
        wrong: Any = [1]
        with pytest.raises(DefinitionError, match="expected at to be names"):
            files.json("f", at=wrong)


class CutShort(io.BytesIO):
    """A stream that gives few bytes at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size, 3) if size and size > 0 else size)


def test_a_stream_that_gives_few_bytes_at_a_time_is_read_alike() -> None:
    data = in_document(b'{"a": "\\"]"}', b'{"a": {"b": [1, 2]}}')
    stream: BinaryIO = CutShort(data)

    found = list(DOCUMENT.rows(stream, DOCUMENT.header(stream, "f", ()), line=1, offset=1,
                               size=len(data)))  # fmt: skip

    assert rows_of(DOCUMENT, data) == found


@pytest.mark.parametrize("how", ["lost", "doubled"])
def test_one_byte_lost_or_doubled_makes_no_wrong_record(seed: int, how: str) -> None:
    """At every place of a document: what is good then was good before, or differs in one value."""
    chance = random.Random(seed)
    records = [
        {"id": at, "name": chance.choice(["a", ""]), "n": [at, {"k": "v"}]} for at in range(4)
    ]
    data = json.dumps({"items": records, "count": 4}, separators=(",", ":")).encode()
    form = JsonFormat(("items",))
    for at, byte in enumerate(data):
        damaged = (
            data[:at] + data[at + 1 :] if how == "lost" else data[:at] + bytes([byte]) + data[at:]
        )
        try:
            found = [one for one in read(form, damaged) if isinstance(one, dict)]
        except FileRefused:
            continue
        others = [one for one in found if one not in records]
        assert len(others) <= 1, (at, damaged)
        assert all(len(one) == 3 for one in others), (at, damaged)
