"""Steps begin and end as the conductor would let them, in many nights at once."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.errors import ParameterError
from daybreak.forecast.net import NOBODY, Floats, Net, attempt, critical, net_of
from daybreak.model.shares import Claim, decide


def night(*seconds: float) -> Floats:
    """Give one night."""
    return np.array([seconds], dtype=np.float64)


def line_and_branch() -> Net:
    """Give a net of four: a, then b beside c, then d."""
    return net_of([("a", [], {}), ("b", ["a"], {}), ("c", ["a"], {}), ("d", ["b", "c"], {})], {})


def test_a_step_begins_when_the_last_one_before_it_is_done() -> None:
    made = attempt(line_and_branch(), night(10, 20, 5, 1), begin=100.0)

    assert [[100, 110, 110, 130]] == made.begins.tolist()
    assert [[110, 130, 115, 131]] == made.ends.tolist()
    assert [[NOBODY, 0, 0, 1]] == made.let_by.tolist()
    assert [131] == made.over.tolist()
    assert [[True, True, False, True]] == critical(made).tolist()


def test_a_failure_holds_back_only_those_behind_it() -> None:
    fails = np.array([[False, True, False, False]])
    made = attempt(line_and_branch(), night(10, 20, 50, 1), fails=fails)

    assert [[True, True, True, False]] == made.begun.tolist()
    assert [60] == made.over.tolist()


def test_steps_that_are_done_do_not_begin_again() -> None:
    todo = np.array([[False, True, False, True]])
    made = attempt(line_and_branch(), night(10, 20, 50, 1), begin=7.0, todo=todo)

    assert [[False, True, False, True]] == made.begun.tolist()
    assert [28] == made.over.tolist()


def test_who_waits_for_more_lets_nobody_pass_at_its_limit() -> None:
    """`wide` came before `late`, so `late` waits although a unit is free."""
    uses = (("first", 1), ("wide", 2), ("late", 1))
    limited: list[tuple[str, list[str], dict[str, int]]] = [
        (name, [], {"db": units}) for name, units in uses
    ]
    net = net_of([*limited, ("other", [], {})], {"db": 2})
    made = attempt(net, night(10, 5, 5, 30))

    assert [[0, 10, 15, 0]] == made.begins.tolist()
    assert [[NOBODY, 0, 1, NOBODY]] == made.let_by.tolist()


def test_what_could_never_begin_is_refused() -> None:
    with pytest.raises(ParameterError, match="step a uses 3 of 'db', but the limit is 2"):
        net_of([("a", [], {"db": 3})], {"db": 2})


def played(net: Net, seconds: Sequence[float], fails: Sequence[bool]) -> list[float | None]:
    """Play one night by the steward's own decision; return when each step ended."""
    ends: list[float | None] = [None] * len(seconds)
    at_work: dict[int, float] = {}
    waiting: dict[int, None] = {}
    done: set[int] = set()
    now = 0.0
    while True:
        for step, before in enumerate(net.after):
            if ends[step] is None and step not in at_work and done.issuperset(before):
                waiting.setdefault(step)
        held = [Claim(str(step), net.uses[step]) for step in at_work]
        line = list(waiting)
        answers = decide(net.limits, held, [Claim(str(step), net.uses[step]) for step in line])
        for step, wait in zip(line, answers, strict=True):
            if wait is None:
                del waiting[step]
                at_work[step] = now + seconds[step]
        if not at_work:
            return ends
        ended = min(at_work, key=lambda step: (at_work[step], step))
        now = at_work.pop(ended)
        ends[ended] = now
        if not fails[ended]:
            done.add(ended)


@st.composite
def nets(draw: st.DrawFn) -> Net:
    """Draw a net of up to eight steps with up to two limits."""
    limits = draw(st.dictionaries(st.sampled_from(["db", "disk"]), st.integers(1, 3)))
    steps = []
    for number in range(draw(st.integers(1, 8))):
        before = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        uses = {
            name: draw(st.integers(1, units))
            for name, units in limits.items()
            if draw(st.booleans())
        }
        steps.append((f"s{number}", [f"s{one}" for one in sorted(before)], uses))
    return net_of(steps, limits)


@given(nets(), st.integers(0, 2**32 - 1))
def test_every_night_is_as_the_steward_decides(net: Net, seed: int) -> None:
    chance, count = Random(seed), len(net.names)
    nights = [[float(chance.randint(1, 6)) for _ in range(count)] for _ in range(4)]
    fails = [[chance.random() < 0.2 for _ in range(count)] for _ in nights]

    made = attempt(net, np.array(nights), fails=np.array(fails))

    for row, (seconds, failing) in enumerate(zip(nights, fails, strict=True)):
        ends = [None if np.isnan(end) else float(end) for end in made.ends[row]]
        assert played(net, seconds, failing) == ends


@given(st.integers(1, 8), st.integers(1, 60))
def test_of_equal_independent_steps_more_workers_are_never_later(count: int, each: int) -> None:
    """Of others they may be, as Graham has shown; enough of them are as good as no limit."""
    net = net_of([(f"s{number}", [], {}) for number in range(count)], {})
    seconds = np.full((1, count), float(each))
    over = [float(attempt(net.with_workers(n), seconds).over[0]) for n in (1, 2, 3, 8)]

    assert sorted(over, reverse=True) == over
    assert (each * count, each) == (over[0], over[-1])
