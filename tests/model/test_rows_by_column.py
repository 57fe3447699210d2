"""Rows that lie by column are the rows that were given, whoever looks at them."""

from __future__ import annotations

from daybreak.model.rows_by_column import RowsByColumn

ROWS = [(1, "a"), (2, "b"), (3, None)]


def test_rows_are_those_that_were_given() -> None:
    by_column = RowsByColumn.of(ROWS, 2)
    copied = RowsByColumn(by_column.columns)

    for rows in (by_column, copied):
        assert list(rows) == ROWS
        assert rows[2] == (3, None)
        assert list(rows[1:]) == ROWS[1:]
        assert len(rows) == 3


def test_some_are_chosen_in_their_order() -> None:
    rows = RowsByColumn.of(ROWS, 2)

    assert rows.chosen(range(3)) is rows
    assert list(rows.chosen([0, 2])) == [ROWS[0], ROWS[2]]
    assert list(rows.chosen([0, 1, 1])) == [ROWS[0], ROWS[1], ROWS[1]]


def test_no_row_has_its_columns_all_the_same() -> None:
    rows = RowsByColumn.of([], 2)

    assert (len(rows), list(rows), len(rows.columns)) == (0, [], 2)
