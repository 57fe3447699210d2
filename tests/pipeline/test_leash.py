"""A loop over many records that somebody else cuts short."""

from __future__ import annotations

import time
from typing import Any

import pytest

from daybreak.pipeline import Block, Cancelled
from daybreak.pipeline.fates import FailFast
from daybreak.pipeline.leash import CUT_AFTER_S, Leash
from daybreak.pipeline.nodes import Map
from daybreak.pipeline.stages import RULES


def mapped(leash: Leash, block: Block[Any], fn: Any) -> list[Block[Any]]:
    return list(RULES[Map](Map("x", fn), block, FailFast(), leash))


def test_a_loop_that_nobody_cuts_is_given_its_values() -> None:
    leash = Leash()
    values = [1, 2, 3]
    leash.hold(values)

    assert leash.let_go() is None
    assert [1, 2, 3] == values


def test_a_loop_that_is_cut_ends_with_the_record_it_has_begun() -> None:
    leash = Leash()
    seen = []
    values = list(range(10))
    leash.hold(values)
    for value in values:
        seen.append(value)
        if value == 3:
            leash.cut()

    assert [0, 1, 2, 3] == seen
    assert list(range(10)) == leash.let_go()
    assert leash.is_cut


def test_cutting_twice_loses_nothing() -> None:
    leash = Leash()
    values = [1, 2, 3]
    leash.hold(values)
    leash.cut()
    leash.cut()

    assert [1, 2, 3] == leash.let_go()
    assert leash.let_go() is None


def test_cutting_while_no_loop_runs_changes_nothing_for_the_next() -> None:
    leash = Leash()
    leash.cut()
    values = [1, 2]
    leash.hold(values)

    assert not leash.is_cut
    assert [1, 2] == values
    assert leash.let_go() is None


def test_no_loop_begins_once_it_was_cancelled() -> None:
    leash = Leash()
    values = [1, 2]
    leash.hold(values)
    leash.cancel()
    assert [] == values
    leash.let_go()

    with pytest.raises(Cancelled):
        leash.hold([3])


def test_a_loop_is_long_if_it_has_more_than_one_record_or_who_knows_how_many() -> None:
    leash = Leash()
    assert not leash.is_long
    for values, is_long in (([1], False), ([1, 2], True), ([], True)):
        leash.hold(values)
        assert is_long == leash.is_long
        leash.let_go()
    assert not leash.is_long


def test_only_a_loop_that_has_run_for_long_is_cut() -> None:
    leash = Leash()
    values = [1, 2, 3]
    leash.hold(values)
    leash.cut_if_slow()
    assert not leash.is_cut
    until = time.perf_counter() + CUT_AFTER_S
    while time.perf_counter() <= until:
        pass
    leash.cut_if_slow()

    assert leash.is_cut
    assert [1, 2, 3] == leash.let_go()


def test_a_stage_that_was_cut_goes_on_in_parts_and_loses_nothing() -> None:
    leash = Leash()

    def cuts(value: int) -> int:
        if value in {3, 50}:
            leash.cut()
        return value * 2

    pieces = mapped(leash, Block(list(range(100)), range(100, 200)), cuts)

    assert [0, 2, 4, 6] == pieces[0].values
    assert [value * 2 for value in range(100)] == [v for piece in pieces for v in piece.values]
    assert list(range(100, 200)) == [origin for piece in pieces for origin in piece.origins]


def test_a_stage_that_gives_back_leaves_what_it_has_not_begun() -> None:
    leash = Leash(gives_back=True)

    def cuts(value: int) -> int:
        if value == 3:
            leash.cut()
        return value

    pieces = mapped(leash, Block(list(range(10)), range(10)), cuts)

    assert [[0, 1, 2, 3]] == [piece.values for piece in pieces]
    assert leash.rest is not None
    assert Block(list(range(4, 10)), range(4, 10)) == leash.rest


@pytest.mark.parametrize("gives_back", [True, False])
def test_a_cut_at_the_last_record_leaves_nothing(gives_back: bool) -> None:  # noqa: FBT001
    leash = Leash(gives_back=gives_back)

    def cuts(value: int) -> int:
        if value == 9:
            leash.cut()
        return value

    (piece,) = mapped(leash, Block(list(range(10)), range(10)), cuts)

    assert list(range(10)) == piece.values
    assert leash.rest is None
