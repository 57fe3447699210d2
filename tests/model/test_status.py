"""The life of runs and steps: every pair of statuses, against a table drawn by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from daybreak.errors import InvalidTransition
from daybreak.model.status import (
    RunStatus,
    StepStatus,
    check_step_transition,
    check_transition,
    sources_of,
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
  done          .       .       .       .       .       .       .
"""
STEPS = """
             waiting running stopped failed done
  waiting       .       x       .       .     .
  running       .       x       x       x     x
  stopped       .       x       .       .     .
  failed        .       x       .       .     .
  done          .       .       .       .     .
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
    assert "it is final; start a new run" == hint_of(RunStatus.DONE, RunStatus.RUNNING)
