"""Rows become records, or findings: all of a record's faults, in stable words."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    field_validator,
    model_validator,
)

from daybreak.connectors.csv_dialect import CsvDialect
from daybreak.connectors.csv_header import read_header
from daybreak.connectors.csv_records import CsvRowReader
from daybreak.connectors.csv_rows import rows
from daybreak.connectors.csv_schema import schema_of
from daybreak.connectors.file_refusals import VALUE_CHARS_MAX, FileRefused
from daybreak.connectors.model_verdicts import REASON_CHARS_MAX
from daybreak.errors import DefinitionError


def read(text: str, model: type | None, null: str = "") -> list[Any]:
    """Return of each row its record, or its findings as (line, column, value, reason)."""
    stream = io.BytesIO(text.encode())
    dialect = CsvDialect(null=null)
    columns = () if model is None else schema_of(model).columns
    header = read_header(stream, "f.csv", dialect, columns)
    reader = CsvRowReader("f.csv", header, dialect, model)
    stream.seek(header.offset)
    found: list[Any] = []
    for row in rows(stream, dialect, line=header.line, offset=header.offset):
        record, findings = reader.read(row)
        faults = [(one.line, one.column, one.value, one.reason) for one in findings]
        found.append(faults or record)
    return found


class Colour(Enum):
    RED = "red"


class Size(IntEnum):
    SMALL = 1


class Shirt(BaseModel):
    id: PositiveInt
    name: Annotated[str, Field(min_length=2, max_length=5, pattern="^[a-z]+$")]
    price: Annotated[Decimal, Field(max_digits=5, decimal_places=2)] | None
    colour: Colour
    size: Size
    kind: Literal["tee", "polo"]
    sold: date | None = None
    token: UUID | None = None


HEADER = "id,name,price,colour,size,kind,sold,token\n"


def test_a_good_row_becomes_a_record_of_the_model() -> None:
    found = read(HEADER + "1,abc,1.50,red,1,tee,2024-01-31,\n", Shirt)

    expected = Shirt(
        id=1,
        name="abc",
        price=Decimal("1.50"),
        colour=Colour.RED,
        size=Size.SMALL,
        kind="tee",
        sold=date(2024, 1, 31),
    )
    assert [expected] == found


def test_all_faults_of_a_record_are_found_at_once_in_the_order_of_the_columns() -> None:
    found = read(HEADER + "0,A,1.234,blue,2,x,yesterday,zz\n", Shirt)

    assert [
        [
            (2, "id", "0", "should be greater than 0"),
            (2, "name", "A", "should have at least 2 characters"),
            (2, "price", "1.234", "should have no more than 2 decimal places"),
            (2, "colour", "blue", "should be 'red'"),
            (2, "size", "2", "should be 1"),
            (2, "kind", "x", "should be 'tee' or 'polo'"),
            (2, "sold", "yesterday", "not a date (YYYY-MM-DD)"),
            (2, "token", "zz", "should be a valid UUID"),
        ]
    ] == found


def test_null_is_none_for_an_optional_field_and_a_finding_for_a_required_one() -> None:
    found = read(HEADER + "1,abc,,red,1,tee,,\n" + ",abc,1,red,1,tee,,\n", Shirt)

    assert found[0].price is None
    assert [(3, "id", "", "required")] == found[1]


def test_with_a_text_for_null_an_empty_field_is_an_empty_text() -> None:
    class Plane(BaseModel):
        tail: str | None
        year: int | None

    found = read("tail,year\nNA,NA\n,1999\nN1,\n", Plane, null="NA")

    assert Plane(tail=None, year=None) == found[0]
    assert Plane(tail="", year=1999) == found[1]
    assert [(4, "year", "", "not a whole number")] == found[2]


def test_null_is_the_default_where_none_is_not_allowed() -> None:
    class Item(BaseModel):
        a: int
        count: int = 7

    assert [Item(a=1), Item(a=2, count=3)] == read("a,count\n1,\n2,3\n", Item)


def test_without_a_model_a_record_is_a_dict_of_texts_as_they_stand() -> None:
    assert [{"a": "", "b": " NA"}] == read("a,b\n, NA\n", None, null="NA")


def test_a_dataclass_is_a_model_too() -> None:
    @dataclass
    class Point:
        x: int
        y: float | None = None

    assert [Point(1, 2.5), [(3, "x", "a", "not a whole number")]] == read(
        "x,y\n1,2.5\na,1\n", Point
    )


def test_a_strict_model_gets_values_and_not_texts() -> None:
    class Strict(BaseModel):
        model_config = ConfigDict(strict=True, extra="forbid")
        n: int
        on: bool
        at: AwareDatetime

    found = read("n,on,at,other\n1,true,2024-01-01T00:00:00Z,x\n1,1,2024-01-01T00:00,x\n", Strict)

    assert (1, True) == (found[0].n, found[0].on)
    assert ["on", "at"] == [column for _, column, _, _ in found[1]]


def test_a_validator_before_the_type_gets_the_text_itself() -> None:
    class Amount(BaseModel):
        amount: Annotated[int, BeforeValidator(lambda text: text.replace(".", ""))]

    assert [Amount.model_validate({"amount": "1.000"})] == read("amount\n1.000\n", Amount)


def test_an_alias_names_the_column() -> None:
    class Aliased(BaseModel):
        number: int = Field(alias="No.")

    assert [1] == [record.number for record in read("No.\n1\n", Aliased)]


def test_a_users_own_words_lose_the_value_so_that_they_can_be_grouped() -> None:
    class Own(BaseModel):
        code: str

        @field_validator("code")
        @classmethod
        def known(cls, code: str) -> str:
            raise ValueError(f"{code} is unknown, {code!r}!" + "x" * 500)

    found = read("code\nabc\n", Own)

    ((_, _, _, reason),) = found[0]
    assert reason.startswith("… is unknown, '…'!")
    assert REASON_CHARS_MAX == len(reason)


def test_a_fault_of_the_record_as_a_whole_has_no_column() -> None:
    class Span(BaseModel):
        a: int
        b: int

        @model_validator(mode="after")
        def ordered(self) -> Span:
            if self.a > self.b:
                raise ValueError("a is greater than b")
            return self

    assert [[(2, None, "2,1", "a is greater than b")]] == read("a,b\n2,1\n", Span)


def test_a_model_that_raises_something_else_names_its_record() -> None:
    class Broken(BaseModel):
        a: int

        @field_validator("a")
        @classmethod
        def divide(cls, a: int) -> int:
            return 1 // a

    found = read("a\n0\n1\n", Broken)

    assert [(2, None, "0", "the model raised ZeroDivisionError")] == found[0]
    assert 1 == found[1].a


def test_a_value_is_shortened() -> None:
    class Item(BaseModel):
        a: int

    ((_, _, value, _),) = read("a\n" + "x" * 1000 + "\n", Item)[0]

    assert value == "x" * (VALUE_CHARS_MAX - 1) + "…"


def test_columns_that_the_model_does_not_name_are_ignored_and_known() -> None:
    class Item(BaseModel):
        b: int

    header = read_header(io.BytesIO(b"a,b,c\n"), "f.csv", CsvDialect(), schema_of(Item).columns)

    assert ("a", "c") == CsvRowReader("f.csv", header, CsvDialect(), Item).ignored


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", [(None, "an empty file, without a header")]),
        (b"\xef\xbb\xbf", [(None, "an empty file, without a header")]),
        (b"a,b\n", [("c", "a column that the model needs is missing")]),
        (b"a,a,b,b\n", [("a", "two columns have this name"), ("b", "two columns have this name"),
                        ("c", "a column that the model needs is missing")]),
        (b"1,2,3\n", [(None, "not a header: it names no column of the model")]),
        (b"a,\xff\n", [(None, "bytes that are not utf-8")]),
        (b'"a,b,c\n', [(None, "a quote that is never closed")]),
        (b"a,b,c\r1,2,3\r", [(None, "a carriage return that ends no line")]),
        (b"\xff\xfea\0,\0", [(None, "text in UTF-16: say encoding='utf-16'")]),
        (b"i\0d,n", [(None, "a NUL byte")]),
        (b"x" * 2**21, [(None, "longer than a record may be")]),
    ],
)  # fmt: skip
def test_everything_that_is_wrong_with_a_header_is_found_at_once(
    data: bytes, expected: list[tuple[str | None, str]]
) -> None:
    class Item(BaseModel):
        a: int
        b: int
        c: int
        d: int = 0

    with pytest.raises(FileRefused) as raised:
        read_header(io.BytesIO(data), "f.csv", CsvDialect(), schema_of(Item).columns)

    assert expected == [(one.column, one.reason) for one in raised.value.findings]


def test_a_byte_order_mark_belongs_to_no_name() -> None:
    header = read_header(io.BytesIO(b'\xef\xbb\xbf"a",b\r\n1,2\r\n'), "f.csv", CsvDialect(), ())

    assert (("a", "b"), 2, 10) == (header.names, header.line, header.offset)


@pytest.mark.parametrize("model", [int, dict, list[int], "Item", Colour])
def test_what_cannot_be_a_model_is_refused_at_once(model: Any) -> None:
    with pytest.raises(DefinitionError, match="model of a file"):
        schema_of(model)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": ""}, "expected delimiter to be one ASCII character, got ''"),
        ({"delimiter": '"'}, "expected delimiter"),
        ({"delimiter": "、"}, "expected delimiter"),
        ({"encoding": "utf-9"}, "unknown encoding 'utf-9'"),
        ({"encoding": "utf-32"}, "cannot be divided at its line ends"),
        ({"encoding": "iso2022_jp"}, "cannot be divided at its line ends"),
        ({"encoding": "cp037"}, "cannot be divided at its line ends"),
        ({"encoding": "base64"}, "cannot be divided at its line ends"),
        ({"quote": "''"}, "expected quote to be one ASCII character"),
        ({"quote": "\n"}, "expected quote to be one ASCII character"),
        ({"quote": ";", "delimiter": ";"}, "expected quote and delimiter to differ"),
        ({"max_record_lines": 0}, "expected max_record_lines to be at least 1"),
        ({"max_record_bytes": 0}, "expected max_record_bytes to be at least 1"),
    ],
)
def test_a_dialect_that_cannot_be_divided_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        CsvDialect(**options)


def test_an_encoding_other_than_utf_8_is_read() -> None:
    stream = io.BytesIO("a,b\n表,é\n".encode("gb18030"))
    dialect = CsvDialect(encoding="gb18030")
    header = read_header(stream, "f.csv", dialect, ())
    stream.seek(header.offset)

    (row,) = rows(stream, dialect)
    assert ({"a": "表", "b": "é"}, ()) == CsvRowReader("f.csv", header, dialect, None).read(row)
