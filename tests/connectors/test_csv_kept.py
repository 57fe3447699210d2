"""Rows that were set aside: shown as cells, made rows again, without a loss in between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.connectors.csv_dialect import CsvDialect
from daybreak.connectors.csv_format import NOT_ONE_ROW, CsvFormat
from daybreak.connectors.csv_kept import UNREADABLE, KeptRows
from daybreak.connectors.csv_rows import UNCLOSED
from daybreak.connectors.file_format import Header

FACTS = {
    "files": {"1 a.csv": {"header": ["id", "name"]}, "2 b.csv": {"header": ["id", "name"]}},
    "format": {"kind": "csv", "delimiter": ";", "encoding": "utf-8", "null": ""},
}
ROWS = KeptRows(("id", "name"), CsvDialect(delimiter=";"))

texts = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=12)


def test_the_facts_of_a_source_say_how_its_rows_are_written() -> None:
    assert ROWS == KeptRows.of(FACTS)


@pytest.mark.parametrize(
    "source",
    [
        {"records": 3, "samples": {}},
        {**FACTS, "files": {**FACTS["files"], "3 c.csv": {"header": ["id"]}}},  # type: ignore[dict-item]
    ],
    ids=["a sequence", "files with other columns"],
)
def test_rows_without_columns_in_common_have_none(source: dict[str, object]) -> None:
    assert KeptRows.of(source) is None


@given(st.lists(texts, min_size=2, max_size=2))
def test_cells_become_the_row_that_gives_them(cells: list[str]) -> None:
    raw = ROWS.row(cells)

    assert cells == ROWS.cells(raw)
    assert dict(zip(ROWS.columns, cells, strict=True)) == ROWS.record(raw)


@pytest.mark.parametrize(
    ("raw", "cells"),
    [
        (b"1\n", ["1"]),
        (b"1;2;3\n", ["1", "2", "3"]),
        (b'1;"a\n', ["1", '"a']),
        (b"1;\xff\r\n", ["1", UNREADABLE]),
        (b"\n", [""]),
    ],
)
def test_a_row_that_cannot_be_taken_apart_is_cut_anyhow(raw: bytes, cells: list[str]) -> None:
    assert cells == ROWS.cells(raw)
    assert ROWS.record(raw) is None


@pytest.mark.parametrize(
    ("raw", "fault"), [(b'1;"a\n', UNCLOSED), (b"1;a\n2;b\n", NOT_ONE_ROW), (b"", NOT_ONE_ROW)]
)
def test_what_is_not_one_row_has_a_fault(raw: bytes, fault: str) -> None:
    header = Header(tuple(ROWS.columns), 1, 0)

    assert fault == CsvFormat(ROWS.dialect).row_of(raw, header).fault


def test_a_character_that_the_file_cannot_hold_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        KeptRows(("a",), CsvDialect(encoding="latin-1")).row(["日本"])
