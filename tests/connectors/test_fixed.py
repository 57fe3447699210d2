"""Fields of fixed width are cut at their places; a record of another length is never shifted."""

from __future__ import annotations

import io
import string
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from daybreak import files
from daybreak.connectors.csv_schema import schema_of
from daybreak.connectors.file_refusals import FileRefused
from daybreak.connectors.file_root import FileRoot
from daybreak.connectors.fixed_format import FixedFormat
from daybreak.errors import DefinitionError
from tests.connectors.test_json import read as read_as
from tests.connectors.test_json import reasons, rows_of

EXAMPLES = settings().max_examples  # few in `make check`
seeded = settings(derandomize=True, max_examples=EXAMPLES, deadline=None, database=None)

COLUMNS = {"id": 4, "name": 6, "price": (10, 16), "day": (17, 27)}


def form(**options: Any) -> FixedFormat:
    root = files.fixed("f", **{"columns": COLUMNS, **options}).root
    assert isinstance(root, FileRoot)
    found = root.format
    assert isinstance(found, FixedFormat)
    return found


class Item(BaseModel):
    id: int
    name: str
    price: Decimal | None
    day: date | None = None


def line(number: str, name: str, price: str, day: str) -> bytes:
    return f"{number:4}{name:6}{price:>6}x{day:10}\n".encode()


def test_fields_become_records_of_the_model() -> None:
    data = line("0042", "ann", "1.50", "2024-02-29") + line("  7", " bo", "-2  ", "")
    data = data.replace(b"\n", b"\r\n") + line("8", "  c ", "", "2024-01-01").rstrip(b"\n")

    found = read_as(form(), data, Item)

    assert [
        Item(id=42, name="ann", price=Decimal("1.50"), day=date(2024, 2, 29)),
        Item(id=7, name=" bo", price=Decimal(-2)),
        Item(id=8, name="  c", price=None, day=date(2024, 1, 1)),
    ] == found


def test_all_faults_of_a_record_are_found_at_once() -> None:
    data = line("1_0", "a\0", "12,5", "30.02.2024")

    assert [
        [
            (1, "id", "1_0", "not a whole number"),
            (1, "name", "a\0", "a NUL character"),
            (1, "price", "12,5", "not a decimal number"),
            (1, "day", "30.02.2024", "not a date (YYYY-MM-DD)"),
        ]
    ] == read_as(form(), data, Item)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"", "shorter than a record"),
        (b"0001ann     1.50x2024-02-2", "shorter than a record"),
        (b"0001ann    1.50x2024-02-29", "shorter than a record"),
        (b"0001ann     1.50x2024-02-299", "longer than a record"),
        (b"0001ann     1.50x2024-02-29\r", "longer than a record"),
        (b"x" * 2_000_000, "longer than 1,048,576 bytes"),
    ],
)
def test_a_record_of_another_length_is_never_shifted(broken: bytes, reason: str) -> None:
    good = b"0001ann     1.50x2024-02-29\n"

    found = reasons(form(), good + broken + b"\n" + good, Item)

    expected = Item(id=1, name="ann", price=Decimal("1.50"), day=date(2024, 2, 29))
    if broken.endswith(b"\r"):  # which is a line end, with the LF
        assert [expected] * 3 == found
    else:
        assert [expected, [reason], expected] == found


@pytest.mark.parametrize(
    ("strip", "expected"), [("right", "  a"), ("left", "a  "), ("both", "a"), ("none", "  a  ")]
)
def test_padding_is_taken_off_texts_where_it_is_said(strip: str, expected: str) -> None:
    made = form(columns={"a": 5, "b": 2}, strip=strip)

    assert [{"a": expected, "b": None}] == read_as(made, b"  a    \n")


def test_padding_may_be_another_character() -> None:
    made = form(columns={"a": 4}, padding="\N{IDEOGRAPHIC SPACE}", encoding="cp932")

    assert [{"a": "表"}, {"a": None}] == read_as(made, "表　\n　　\n".encode("cp932"))


def test_half_a_character_is_a_finding_of_its_column() -> None:
    made = form(columns={"a": 3, "b": 3}, encoding="cp932")

    found = read_as(made, "表表表\n".encode("cp932"))

    assert [[(1, "a", "表\\x95", "bytes that are not cp932")]] == found


def test_ebcdic_has_its_own_line_ends() -> None:
    made = form(columns={"a": 2}, encoding="cp037")

    assert [{"a": "AB"}, ["shorter than a record"], {"a": "é"}] == reasons(
        made, "AB\r\nC\né ".encode("cp037")
    )
    assert [1, 2, 3] == [row.line for row in rows_of(made, "AB\nC\nAB".encode("cp037"))]


def test_records_without_line_ends_may_hold_any_byte() -> None:
    made = form(columns={"a": 2, "b": (3, 5)}, length=6, encoding="latin-1", line_ends=False)

    found = read_as(made, b"a\n-b\r-\xe9 -d -e")

    assert {"a": "a\n", "b": "b\r"} == found[0]
    assert {"a": "é", "b": "d"} == found[1]
    assert [(3, None, "e", "shorter than a record")] == found[2]


def test_columns_that_the_model_needs_are_looked_for() -> None:
    class Other(BaseModel):
        id: int
        nothing: str

    with pytest.raises(FileRefused, match=r"nothing.*a column that the model needs is missing"):
        form().header(io.BytesIO(), "f", schema_of(Other).columns)


def test_columns_that_the_model_does_not_name_are_ignored_whatever_is_in_them() -> None:
    class Id(BaseModel):
        id: int

    made = form()
    data = b"0042\xff\xff\xff\xff\xff\xff  1.50x2024-02-29\n"

    assert [Id(id=42)] == read_as(made, data, Id)
    header = made.header(io.BytesIO(data), "f", ())
    assert ("name", "price", "day") == made.reader("f", header, Id).ignored


@seeded
@given(
    st.lists(
        st.tuples(
            st.integers(0, 9999),
            st.text(string.ascii_letters + "表ソ é", max_size=6).map(lambda one: one.rstrip(" ")),
        )
    ),
    st.sampled_from(["\n", "\r\n", ""]),
    st.sampled_from(["utf-8", "cp932", "cp037"]),
)
def test_what_was_written_is_read_as_it_was(
    records: list[tuple[int, str]], line_end: str, encoding: str
) -> None:
    made = form(columns={"id": 4, "name": 18}, encoding=encoding, line_ends=bool(line_end))
    written, expected = [], []
    for number, name in records:
        encoded = name.encode(encoding, "replace")
        blanks = " ".encode(encoding) * (18 - len(encoded))
        written.append(
            f"{number:4}".encode(encoding) + encoded + blanks + line_end.encode(encoding)
        )
        back = encoded.decode(encoding).rstrip(" ")
        expected.append({"id": f"{number:4}", "name": back or None})

    assert expected == read_as(made, b"".join(written))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": {}}, "expected columns in a record"),
        ({"columns": {"a": 0}}, "column 'a' from 0 to 0 is not inside"),
        ({"columns": {"a": (4, 2)}}, "column 'a' from 4 to 2 is not inside"),
        ({"columns": {"a": 5}, "length": 4}, "column 'a' from 0 to 5 is not inside"),
        ({"columns": {"a": "5"}}, "expected the width of column 'a'"),
        ({"columns": {"a": True}}, "expected the width of column 'a'"),
        ({"length": 2**21}, "at most 1,048,576"),
        ({"unit": "words"}, "expected unit in"),
        ({"strip": "all"}, "strip in"),
        ({"padding": "  "}, "padding of one character"),
        ({"encoding": "utf-9"}, "unknown encoding"),
        ({"encoding": "utf-16"}, "cannot be divided by their bytes"),
        ({"unit": "characters", "line_ends": False}, "cannot be counted in characters"),
    ],
)
def test_a_layout_that_cannot_be_cut_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        form(**options)
