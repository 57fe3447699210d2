"""Every fault at every place of every lane: it ends in time, says what it was, leaves nothing.

The lane is that of the stage; the source of an async one is async, too. A source and a consumer
are always in this process.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from functools import partial
from itertools import product
from time import monotonic
from typing import Any, Final, get_args

import pytest

from daybreak.errors import DeadlinePassed, ProcessDied, StuckWorker
from daybreak.pipeline import Pipeline, process, source
from daybreak.pipeline import scope as scope_module
from daybreak.pipeline.loop import call_soon, new_loop
from tests.pipeline import faults
from tests.pipeline.faults import BAD_RECORD, LONG_S, RECORDS, Bad, Fault
from tests.pipeline.leftovers import nothing_left_over

pytestmark = pytest.mark.slow

DEADLINE_S: Final = {"thread": 0.05, "async": 0.05, "process": 0.5}
"""For what hangs: a process has to be started first."""

SOON_S: Final = 10.0
"""What ends at once on an idle machine, with room for a busy one."""

HASTE: Final = 10
"""Threads and processes have a tenth of their time to unwind."""

FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)
PLACES: Final = ("source", "stage", "sink")
LANES: Final = ("thread", "async", "process")
ORDERS: Final = ("ordered", "unordered")

ENDS_ALL: Final = "it ends the whole program: nobody is left who could leave the block"
NO_PROCESS: Final = "there is no worker process to be killed"
NO_PICKLE: Final = "nothing is pickled on the way"
OWNER: Final = "the consumer is the owner of the block: nobody else can leave it"

WITHOUT_MEANING: Final[dict[tuple[str, str, str], str]] = {
    **{("os._exit", place, lane): ENDS_ALL for place in ("source", "sink") for lane in LANES},
    **{("os._exit", "stage", lane): ENDS_ALL for lane in ("thread", "async")},
    **{("SIGKILL", place, lane): ENDS_ALL for place in ("source", "sink") for lane in LANES},
    **{("SIGKILL", "stage", lane): NO_PROCESS for lane in ("thread", "async")},
    **{("unpicklable", place, lane): NO_PICKLE for place in PLACES for lane in ("thread", "async")},
    ("unpicklable", "sink", "process"): NO_PICKLE,
    **{("hang", "sink", lane): OWNER for lane in LANES},
}
"""In either order; fault, place, lane, and why."""

CELLS: Final = [
    cell for cell in product(FAULTS, PLACES, LANES, ORDERS) if cell[:3] not in WITHOUT_MEANING
]


def test_every_cell_is_tried_or_has_no_meaning() -> None:
    without = {(*cell, order) for cell in WITHOUT_MEANING for order in ORDERS}

    assert set(product(FAULTS, PLACES, LANES, ORDERS)) == without | set(CELLS)
    assert not without & set(CELLS)
    assert all(WITHOUT_MEANING.values())


def error_of(fault: Fault, place: str, lane: str) -> type[BaseException]:
    """Say what is raised."""
    is_far = place == "stage" and lane == "process"
    match fault:
        case "raise":
            return Bad
        case "os._exit" | "SIGKILL":
            return ProcessDied
        case "sys.exit":
            return ProcessDied if is_far else SystemExit
        case "hang":
            return DeadlinePassed if is_far else StuckWorker
        case "wait":
            return DeadlinePassed
    return TypeError


def pipeline_of(fault: Fault, place: str, lane: str, order: str) -> Pipeline[Any]:
    """Make a pipeline that fails at one place, unless that is the consumer."""
    first: Any = range(RECORDS)
    if place == "source":
        first = partial(faults.records_async if lane == "async" else faults.records, fault)
    fn: Any = faults.passed_async if lane == "async" else faults.passed
    if place == "stage":
        fn = partial(faults.stage_async if lane == "async" else faults.stage, fault)
    on: Any = {"on": lane} if lane == "process" else {}
    pipeline: Pipeline[Any] = source(first).map(fn, workers=2, ordered=order == "ordered", **on)
    return pipeline


@pytest.fixture(autouse=True)
def _hangs_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let what is stuck go when the test has seen it, and do not wait long for it before."""
    for module in (scope_module, process):
        monkeypatch.setattr(module, "UNWIND_S", module.UNWIND_S / HASTE)
    faults.released.clear()
    yield
    faults.released.set()


@pytest.mark.parametrize(
    ("fault", "place", "lane", "order"),
    [
        pytest.param(*cell, marks=[pytest.mark.slow] if cell[2] == "process" else [])
        for cell in CELLS
    ],
)
def test_a_fault_ends_the_pipeline_and_leaves_nothing(
    fault: Fault, place: str, lane: str, order: str
) -> None:
    is_endless = fault in {"hang", "wait"}
    deadline_s = DEADLINE_S[lane] if is_endless else LONG_S
    pipeline = pipeline_of(fault, place, lane, order)
    was_the_end_seen = False
    before = set(threading.enumerate())
    with nothing_left_over():
        began = monotonic()
        with (
            pytest.raises(error_of(fault, place, lane)) as caught,
            pipeline.open(deadline_s=deadline_s) as results,
        ):
            for _ in results:
                if place == "sink":
                    faults.fail(fault)
            was_the_end_seen = True
        took_s = monotonic() - began
        faults.released.set()
        for stuck in set(threading.enumerate()) - before:
            stuck.join(LONG_S)

    assert error_of(fault, place, lane) is type(caught.value)
    assert took_s < (deadline_s if is_endless else 0) + SOON_S
    assert not was_the_end_seen


def test_an_exit_of_an_async_stage_is_not_taken_for_the_end_of_the_data() -> None:
    """The event loop itself is ended by it, and with it all that runs there."""

    async def exits(value: int) -> int:
        return sys.exit(3) if value == BAD_RECORD else value

    for _ in range(40):
        groups: list[list[int]] = []
        pipeline = source(range(RECORDS)).map(exits, workers=2).group(10 * RECORDS)
        with pytest.raises(SystemExit), pipeline.open(deadline_s=LONG_S) as results:
            groups.extend(results)
        assert groups == []


def test_a_loop_that_has_ended_may_be_told_something() -> None:
    """Whoever takes results tells those who wait for room, who may be gone by then."""
    loop = new_loop()
    loop.close()

    call_soon(loop, pytest.fail, "it has ended")
