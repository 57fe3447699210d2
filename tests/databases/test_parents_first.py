"""Rows that refer to rows of the same table have an order in which each finds its parent."""

from __future__ import annotations

import random

from daybreak.databases.parents_first import parents_first
from daybreak.databases.rules import Rule

OWN = Rule("foreign key", ("parent",), parent='"t"', parent_columns=("id",), is_own_parent=True)


def order(*rows: tuple[int | None, int | None]) -> list[int]:
    ids, parents = zip(*rows, strict=True)
    return parents_first([OWN], {"id": ids, "parent": parents})


def test_only_those_that_wait_for_a_parent_move_and_no_farther_than_they_must() -> None:
    assert [1, 3, 2, 0, 4] == order((5, 7), (1, None), (7, 2), (2, None), (3, 1))


def test_null_waits_for_nobody_and_a_row_does_not_wait_for_itself() -> None:
    assert [0, 1, 2] == order((1, None), (None, None), (3, 3))


def test_a_ring_comes_last() -> None:
    assert [2, 0, 1] == order((1, 2), (2, 1), (3, None))


def test_every_forest_is_ordered(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(50):
        rows: list[tuple[int | None, int | None]] = [
            (n, chance.choice([None, *range(n)])) for n in range(30)
        ]
        chance.shuffle(rows)
        seen: set[int | None] = {None}
        for place in order(*rows):
            assert rows[place][1] in seen
            seen.add(rows[place][0])
