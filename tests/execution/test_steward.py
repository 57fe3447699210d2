"""Steps of one run that share what is limited: tried with a real ledger, in threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from daybreak import Job, Retry
from daybreak.errors import DefinitionError
from daybreak.execution import retrying
from daybreak.execution.conductor import Conductor, Result
from daybreak.ledger.rows import Owner
from daybreak.model.identity import Identity
from daybreak.model.job import Step
from daybreak.model.status import RunStatus, StepStatus
from daybreak.telemetry import Said, StepStarted, StepWaits
from tests.execution.house import Bodies, House

Uses = Mapping[str, int]


class Shared:
    """A job of tasks that say who is at work, and the conductor that runs them."""

    def __init__(self, house: House, limits: Uses) -> None:
        self.house = house
        self.job = Job("orders", limits=limits)
        self.events: list[Any] = []
        self.at_work: set[str] = set()
        self.seen: list[set[str]] = []
        self._lock = threading.Lock()
        house.telemetry.subscribe(self.events.append)

    def task(
        self, name: str, uses: Uses, *after: Step[Any], work: Callable[[], object] = lambda: None
    ) -> Step[Any]:
        def body() -> str:
            with self._lock:
                self.at_work.add(name)
                self.seen.append(set(self.at_work))
            work()
            with self._lock:
                self.at_work.discard(name)
            return "null"

        return self.job.task(name=name, uses=uses, after=after)(body)

    def conductor(self) -> Conductor:
        bodies = Bodies(self.house.plan(range(1)))
        around = self.house.around(self.house.owner(), bodies)
        return Conductor(self.job.steps, around, lease_s=30)

    def run(self) -> Result:
        return self.conductor().run()

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def test_a_limit_of_the_job_keeps_steps_apart(house: House) -> None:
    shared = Shared(house, {"db": 2})
    together = threading.Barrier(2)
    for name in "abcd":
        shared.task(name, {"db": 1}, work=together.wait)

    assert RunStatus.DONE is shared.run().status
    assert 2 == max(map(len, shared.seen))
    started = [step.step for step in shared.of(StepStarted)]
    assert [["a", "b"], ["c", "d"]] == [sorted(started[:2]), sorted(started[2:])]
    assert {"c": "db: 2 of 2 in use by step a, step b", "d": "db: 2 of 2"} == {
        wait.step: wait.what if wait.step == "c" else wait.what[:10]
        for wait in reversed(shared.of(StepWaits))
    }


def test_steps_that_use_nothing_pass_those_that_wait(house: House) -> None:
    shared = Shared(house, {"db": 1})
    passed = threading.Event()
    shared.task("a", {"db": 1}, work=lambda: passed.wait(30))
    shared.task("b", {"db": 1})
    shared.task("free", {}, work=passed.set)

    assert RunStatus.DONE is shared.run().status
    started = [step.step for step in shared.of(StepStarted)]
    assert {"a", "free"} == {*started[:2]}
    assert "b" == started[2]


def test_a_step_that_wants_all_is_not_passed_by_those_that_come_later(house: House) -> None:
    shared = Shared(house, {"db": 2})
    first = shared.task("first", {"db": 1})
    shared.task("long", {"db": 1}, work=lambda: wide_waits.wait(30))
    wide_waits = threading.Event()
    shared.task("wide", {"db": 2})
    shared.task("late", {"db": 1}, first)
    house.telemetry.subscribe(
        lambda event: (
            wide_waits.set() if isinstance(event, StepWaits) and event.step == "late" else None
        )
    )

    assert RunStatus.DONE is shared.run().status
    started = [step.step for step in shared.of(StepStarted)]
    assert [["first", "long"], ["wide", "late"]] == [sorted(started[:2]), started[2:]]


def test_a_failed_step_gives_its_share_back(house: House) -> None:
    shared = Shared(house, {"db": 1})

    def fail() -> None:
        raise ValueError("no")

    shared.task("a", {"db": 1}, work=fail)
    shared.task("b", {"db": 1})

    assert RunStatus.FAILED is shared.run().status
    assert StepStatus.DONE is house.owner().steps()["b"].status


def test_a_stop_ends_a_run_in_which_only_waiting_steps_are_left(house: House) -> None:
    """The share is another run's; nobody else would ever wake the conductor."""
    house.store.set_limit("db", 1, who="a test")
    other = house.store.start(
        Identity("other", {}, {}, None), parameters={}, job_file="", runs_folder=house.runs, who=""
    )
    has_it = house.store.take(other.id, Owner("elsewhere", 1, "its lock"), is_locked=True)
    assert has_it.claim("load", {"db": 1}) is None
    shared = Shared(house, {})
    shared.task("a", {"db": 1})
    conductor = shared.conductor()
    house.telemetry.subscribe(
        lambda event: conductor.stop("a test") if isinstance(event, StepWaits) else None
    )

    assert RunStatus.STOPPED is conductor.run().status
    assert [other.id] == [claim.run.id for claim in house.store.claims()]
    (wait,) = shared.of(StepWaits)
    assert (f"run {other.id} step load",) == wait.holders


# ---------------------------------------------------------------- retry


def retried(house: House, retry: Retry, errors: list[Exception]) -> tuple[Result, list[str]]:
    """Run a task that raises each of the errors once; return what it said of its tries."""
    job = Job("orders")
    said: list[str] = []

    def body() -> str:
        if errors:
            raise errors.pop(0)
        return "null"

    job.task(name="fetch", retry=retry)(body)
    house.telemetry.subscribe(
        lambda event: said.append(event.message) if isinstance(event, Said) else None
    )
    around = house.around(house.owner(), Bodies(house.plan(range(1))))
    return Conductor(job.steps, around, lease_s=30).run(), said


def test_a_task_is_tried_again_in_the_same_attempt_and_each_try_is_said(house: House) -> None:
    errors = [ConnectionError("reset"), ConnectionError("refused")]
    result, said = retried(house, Retry(attempts=3, wait_s=0), [*errors])

    assert RunStatus.DONE is result.status
    assert [
        "try 1 of 3 failed: ConnectionError: reset; the next one in 0.0 s",
        "try 2 of 3 failed: ConnectionError: refused; the next one in 0.0 s",
    ] == said


def test_the_last_try_fails_the_step_with_its_own_error(house: House) -> None:
    result, said = retried(house, Retry(attempts=2, wait_s=0), [OSError("a"), OSError("b")])

    assert result.failed is not None
    assert "OSError: b" == str(result.failed.error)
    assert 1 == len(said)


@pytest.mark.parametrize("error", [DefinitionError("wrong"), ValueError("other")], ids=repr)
def test_what_is_not_worth_another_try_fails_at_once(house: House, error: Exception) -> None:
    result, said = retried(house, Retry(on=(OSError, DefinitionError), wait_s=0), [error])

    assert RunStatus.FAILED is result.status
    assert [] == said


def test_a_stop_while_a_task_waits_for_its_next_try_stops_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, and resumable: the wait would have been an hour."""
    monkeypatch.setattr(retrying, "STOP_SEEN_S", 0.01)
    house.telemetry.subscribe(
        lambda event: house.stop.request("a test") if isinstance(event, Said) else None
    )
    result, _said = retried(house, Retry(wait_s=3600, wait_s_max=3600), [OSError("a")])

    assert RunStatus.STOPPED is result.status
    assert StepStatus.STOPPED is house.owner().steps()["fetch"].status
