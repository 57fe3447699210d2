"""The life of runs and steps: every pair of statuses, against a table drawn by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.errors import InvalidTransition
from daybreak.model.status import (
    STEP_TRANSITIONS,
    TRANSITIONS,
    RunStatus,
    StepStatus,
    check_step_transition,
    check_takeable,
    check_transition,
    sources_of,
    takeable_from,
)

# From the row's status to the column's: x is allowed.
RUNS = """
             running stopping paused stopped failed cancelled done
  running       x       x       x       .       x       x       x
  stopping      x       .       .       x       x       .       x
  paused        x       .       .       x       .       x       .
  stopped       x       .       .       .       .       x       .
  failed        x       .       .       .       .       x       .
  cancelled     .       .       .       .       .       .       .
  done          x       .       .       .       .       .       .
"""
STEPS = """
             waiting running stopped failed done
  waiting       .       x       .       .     .
  running       x       x       x       x     x
  stopped       x       x       .       .     .
  failed        x       x       .       .     .
  done          x       .       .       .     .
"""


def pairs(table: str) -> Iterator[tuple[str, str, bool]]:
    head, *rows = table.strip().splitlines()
    for row in rows:
        current, *marks = row.split()
        for wanted, mark in zip(head.split(), marks, strict=True):
            yield current, wanted, mark == "x"


def test_the_tables_hold_every_pair() -> None:
    for statuses, table in ((RunStatus, RUNS), (StepStatus, STEPS)):
        every = {(current, wanted) for current in statuses for wanted in statuses}

        assert every == {(current, wanted) for current, wanted, _ in pairs(table)}


@pytest.mark.parametrize(("current", "wanted", "is_allowed"), list(pairs(RUNS)))
def test_a_run_moves_as_the_table_says(
    current: str,
    wanted: str,
    is_allowed: bool,  # noqa: FBT001 - a table
) -> None:
    assert is_allowed == (RunStatus(current) in sources_of(RunStatus(wanted)))
    if is_allowed:
        check_transition(RunStatus(current), RunStatus(wanted))
    else:
        with pytest.raises(InvalidTransition, match=f"a {current} run cannot become {wanted}"):
            check_transition(RunStatus(current), RunStatus(wanted))


@pytest.mark.parametrize(("current", "wanted", "is_allowed"), list(pairs(STEPS)))
def test_a_step_moves_as_the_table_says(
    current: str,
    wanted: str,
    is_allowed: bool,  # noqa: FBT001 - a table
) -> None:
    if is_allowed:
        check_step_transition(StepStatus(current), StepStatus(wanted))
    else:
        with pytest.raises(InvalidTransition, match=f"a {current} step cannot become {wanted}"):
            check_step_transition(StepStatus(current), StepStatus(wanted))


def hint_of(current: RunStatus, wanted: RunStatus) -> str:
    with pytest.raises(InvalidTransition) as caught:
        check_transition(current, wanted)
    return caught.value.hint


def test_a_refusal_says_what_is_possible() -> None:
    assert "it may become: cancelled, running" == hint_of(RunStatus.FAILED, RunStatus.DONE)
    assert "it is final; start a new run" == hint_of(RunStatus.CANCELLED, RunStatus.RUNNING)


# ---------------------------------------------------------------- paths


@pytest.mark.parametrize("begins_again", [False, True])
def test_only_who_begins_again_takes_a_run_that_is_done(*, begins_again: bool) -> None:
    takeable = takeable_from(begins_again=begins_again)

    assert begins_again == (RunStatus.DONE in takeable)
    assert RunStatus.CANCELLED not in takeable
    for status in RunStatus:
        if status in takeable:
            check_takeable(status, begins_again=begins_again)
        else:
            with pytest.raises(InvalidTransition):
                check_takeable(status, begins_again=begins_again)


@given(st.data())
def test_every_path_of_a_run_goes_by_the_table_and_can_end_well(data: st.DataObject) -> None:
    """From wherever it got to, `done` can be reached, unless somebody gave the run up."""
    path = [RunStatus.STOPPED]
    for _ in range(data.draw(st.integers(0, 12))):
        nexts = sorted(TRANSITIONS[path[-1]])
        if not nexts:
            break
        path.append(data.draw(st.sampled_from(nexts)))
    for current, wanted in pairwise(path):
        check_transition(current, wanted)

    assert RunStatus.CANCELLED not in path[:-1]
    assert path[-1] is RunStatus.CANCELLED or RunStatus.DONE in reached(path[-1], TRANSITIONS)


@given(st.data())
def test_every_path_of_a_step_counts_its_passes_and_can_end_well(data: st.DataObject) -> None:
    """A pass ends at its `done`; the only way on from there is a new one, from the beginning."""
    path = [StepStatus.WAITING]
    for _ in range(data.draw(st.integers(0, 20))):
        path.append(data.draw(st.sampled_from(sorted(STEP_TRANSITIONS[path[-1]]))))
    passes: list[list[StepStatus]] = []
    for status in path:
        if status is StepStatus.WAITING:
            passes.append([])
        passes[-1].append(status)
    for current, wanted in pairwise(path):
        check_step_transition(current, wanted)

    assert all(StepStatus.DONE not in one[:-1] for one in passes)
    assert all(one[1:2] in ([], [StepStatus.RUNNING]) for one in passes)
    assert StepStatus.DONE in reached(path[-1], STEP_TRANSITIONS)


S = TypeVar("S", RunStatus, StepStatus)


def reached(start: S, table: Mapping[S, Iterable[S]]) -> set[S]:
    """Return every status that can be reached, the first included."""
    found, ahead = {start}, [start]
    while ahead:
        ahead += [wanted for wanted in table[ahead.pop()] if wanted not in found]
        found.update(ahead)
    return found
