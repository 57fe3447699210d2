"""A broken quote costs a region: one row with one fault, and nothing in it is a record."""

from __future__ import annotations

import io

import pytest

from daybreak.connectors import csv_rows
from daybreak.connectors.csv_dialect import CsvDialect
from daybreak.connectors.csv_rows import FieldReader, rows
from daybreak.connectors.row import Malformed

GOOD = "8,a,b\n9,c,d\n10,e,f\n"


def lines_of(text: str, width: int = 3, lines_max: int = 100) -> list[str]:
    """Return of each row its lines, and `+` for a record or the reason why it is none."""
    dialect = CsvDialect(max_record_lines=lines_max)
    reader = FieldReader(dialect, width)
    found = []
    for row in rows(io.BytesIO(text.encode()), dialect, width=width):
        try:
            fate = reader.read(row) and "+"
        except Malformed as exc:
            fate = exc.reason
        last = row.line + row.lines - 1
        found.append(f"{row.line}-{last} {fate}" if row.lines > 1 else f"{row.line} {fate}")
    return found


GOOD_FROM_2 = ["2 +", "3 +", "4 +"]
GOOD_FROM_3 = ["3 +", "4 +", "5 +"]


@pytest.mark.parametrize(
    ("damaged", "expected"),
    [
        pytest.param('7,"a,b\n', [f"1 {csv_rows.UNCLOSED}", *GOOD_FROM_2], id="never closed"),
        pytest.param('7,a"a,b\n', [f"1 {csv_rows.BARE_QUOTE}", *GOOD_FROM_2], id="bare"),
        pytest.param('7,"a"a,b\n', [f"1 {csv_rows.TEXT_AFTER_QUOTE}", *GOOD_FROM_2], id="behind"),
        pytest.param('7,a,5"\n', [f"1 {csv_rows.BARE_QUOTE}", *GOOD_FROM_2], id="five inches"),
        pytest.param("7,a\n", [f"1 {csv_rows.TOO_FEW}", *GOOD_FROM_2], id="ragged"),
        pytest.param('7,"a"\n', [f"1 {csv_rows.TOO_FEW}", *GOOD_FROM_2], id="ragged, quoted"),
        pytest.param(
            '7,"a\nb"\n', [f"1-2 {csv_rows.TOO_FEW}", *GOOD_FROM_3], id="ragged, two lines"
        ),
        pytest.param(
            '7"a",b\nrest",x\n', [f"1-2 {csv_rows.BARE_QUOTE}", *GOOD_FROM_3], id="two lines"
        ),
        pytest.param(
            '7,a,one\ntwo"\n', [f"1-2 {csv_rows.UNOPENED}", *GOOD_FROM_3], id="opening quote lost"
        ),
        pytest.param(
            '7,a,"one"\ntwo"\n', [f"1-2 {csv_rows.UNOPENED}", *GOOD_FROM_3], id="closed early"
        ),
        pytest.param(
            '7,a,"one\n8,b,"\ntwo"\n',
            [f"1 {csv_rows.UNOPENED}", "2-3 +", "4 +", "5 +", "6 +"],
            id="closed by what opens another",
        ),
        pytest.param(
            '7,a,one\nx,y,two"\n', ["1 +", f"2 {csv_rows.BARE_QUOTE}", *GOOD_FROM_3], id="own"
        ),
        pytest.param("7,a,b\n\n", ["1 +", f"2 {csv_rows.EMPTY_LINE}", *GOOD_FROM_3], id="empty"),
    ],
)
def test_damage_costs_what_it_has_touched(damaged: str, expected: list[str]) -> None:
    assert expected == lines_of(damaged + GOOD)


def test_a_record_is_not_withheld_for_a_lost_quote_and_a_cut_besides() -> None:
    """The last line is broken by itself: what could make it a rest would need quotes to its end."""
    found = lines_of('8,"a\nb","last\n"\n9,a,1","2\n', width=3)

    assert ["1-3 +", f"4 {csv_rows.BARE_QUOTE}"] == found


def test_a_region_has_at_most_as_many_lines_as_a_record() -> None:
    found = lines_of('7,"a\n' + "x\n" * 8, lines_max=4)

    assert [
        f"1-4 {csv_rows.TOO_MANY_LINES}",
        *(f"{at} {csv_rows.ONE_FIELD}" for at in range(5, 10)),
    ] == found


def test_one_record_before_the_end_is_enough_to_resume() -> None:
    assert [f"1 {csv_rows.UNCLOSED}", "2 +"] == lines_of('7,"a,b\n8,c,d\n\n\n')


def test_empty_lines_at_the_end_are_no_rows_but_where_a_record_is_one_field() -> None:
    assert ["1 +"] == lines_of("a,b,c\n\n\r\n")
    assert ["1 +", "2 +"] == lines_of("a\n\n", width=1)


def test_records_inside_quotes_cost_the_row_they_are_in() -> None:
    inside = '7,a,b,"\n' + "1,2,3,4\n" * 3 + '"\n'

    assert [f"1-5 {csv_rows.SWALLOWED}", "6 +"] == lines_of(inside + "8,a,b,c\n", width=4)
    assert ["1-4 +", "5 +"] == lines_of(inside.replace("1,2,3,4\n", "", 1) + "8,a,b,c\n", width=4)


def test_a_quote_in_a_line_too_long_to_be_held_costs_a_region() -> None:
    dialect = CsvDialect(max_record_bytes=20)
    data = b'7,"' + b"x" * 50 + b"\nrest\n" + GOOD.encode()

    found = list(rows(io.BytesIO(data), dialect, width=3))

    assert (csv_rows.TOO_LONG, 2, 59) == (found[0].fault, found[0].lines, found[0].size)
    assert [3, 4, 5] == [row.line for row in found[1:]]
