"""What a failure costs, by arithmetic: at its worst moment, and as often as usual."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daybreak.forecast.draws import Draws
from daybreak.forecast.failing import Resuming, as_usual, at_worst
from daybreak.forecast.net import attempt, net_of

RESTART_S = 7.0


def draws(seconds: list[float], chunk_s: list[float], failures: list[int] | None = None) -> Draws:
    """Give one night."""
    count = len(seconds)
    return Draws(
        seconds=np.array([seconds], dtype=np.float64),
        chunk_s=np.array([chunk_s], dtype=np.float64),
        records=np.full((1, count), np.nan),
        failures=np.array([failures or [0] * count]),
        volume=np.full(1, np.nan),
    )


def resuming(steps: list[tuple[str, list[str]]], chunked: str) -> Resuming:
    """Give a net without limits; `chunked` names the steps that go on from a checkpoint."""
    net = net_of([(name, before, {}) for name, before in steps], {})
    return Resuming(net, tuple(name in chunked for name, _ in steps), RESTART_S)


def test_a_task_is_done_once_more_and_a_step_in_chunks_loses_a_chunk() -> None:
    line = resuming([("t", []), ("c", ["t"])], chunked="c")
    task, chunked = at_worst(line, draws([100, 60], [100, 10]), [0, 1])

    assert [100 + 7 + 100 + 60] == task.over.tolist()
    assert [100] == task.fails_at.tolist()
    assert [160] == task.repair_s.tolist()
    assert [100 + 60 + 7 + 10] == chunked.over.tolist()


def test_a_step_beside_a_long_one_begins_again_only_when_that_is_done() -> None:
    """The run ends when nothing is at work any more: only then somebody goes on with it.

    So the worst moment of a step in chunks is its first chunk: all of it comes behind the long one.
    """
    beside = resuming([("c", []), ("long", [])], chunked="c")
    (failing,) = at_worst(beside, draws([60, 300], [10, 300]), [0])

    assert [300 + 7 + 60] == failing.over.tolist()
    assert [10] == failing.fails_at.tolist()


def test_failures_as_usual_are_repaired_attempt_by_attempt() -> None:
    line = resuming([("t", []), ("c", ["t"])], chunked="c")
    night = draws([100, 60], [100, 10], failures=[2, 1])
    clean = attempt(line.net, night.seconds)
    over = as_usual(line, night, clean, np.random.default_rng(5))
    none = as_usual(line, draws([100, 60], [100, 10]), clean, np.random.default_rng(5))

    assert [160] == none.tolist()
    # Two parts of the task are lost, and less than a chunk.
    assert 160 + 3 * 7 < over[0] < 160 + 3 * 7 + 2 * 100 + 10


@given(st.lists(st.integers(1, 50), min_size=4, max_size=4), st.integers(1, 50))
def test_no_failure_is_ever_earlier_than_none(seconds: list[int], chunk_s: int) -> None:
    net = resuming([("a", []), ("b", ["a"]), ("c", ["a"]), ("d", ["b", "c"])], chunked="bc")
    chunks = [float(min(chunk_s, one)) for one in seconds]
    night = draws([float(one) for one in seconds], chunks, failures=[1, 1, 1, 1])
    clean = attempt(net.net, night.seconds)

    for failing in at_worst(net, night, range(4)):
        assert failing.over[0] >= clean.over[0] + RESTART_S
    assert as_usual(net, night, clean, np.random.default_rng(1))[0] >= clean.over[0] + RESTART_S
