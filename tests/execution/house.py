"""Real parts around one step: a target, a ledger in memory, a sequence of numbers as its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from daybreak import Job, Quarantine
from daybreak.abc import Sink, Target, Transaction
from daybreak.connectors.functions import EachSink
from daybreak.connectors.sequence import SequenceSource
from daybreak.databases.session import opened
from daybreak.databases.target import DatabaseTarget
from daybreak.execution.chunked_step import ChunkedStep, Surroundings
from daybreak.execution.patience import Patience
from daybreak.execution.plan import ChunkedPlan
from daybreak.execution.stop_request import StopRequest
from daybreak.execution.targets import Targets
from daybreak.ledger.clock import SystemClock
from daybreak.ledger.owned import OwnedRun
from daybreak.ledger.rows import Owner
from daybreak.ledger.store import LedgerStore
from daybreak.model.fate import Counts
from daybreak.model.identity import Identity
from daybreak.model.job import Step
from daybreak.model.knobs import Knobs
from daybreak.model.ownership import Pass
from daybreak.model.ranges import Range
from daybreak.pipeline import Stage
from daybreak.pipeline.nodes import IterableRoot
from daybreak.telemetry import Telemetry
from tests.kinds import ours

OF = Pass("load")
CLOCK = SystemClock()
TABLES = """
create table numbers (
  n integer primary key, parent integer, foreign key (parent) references numbers (n)
);
create table notes (what text not null);
"""


def insert(number: int, tx: Transaction) -> None:
    """Write a number; one that ends in 5 is refused after it was written."""
    tx.execute("insert into numbers (n) values (:n)", n=number)
    if number % 10 == 5:
        raise Quarantine("ends in five", n=number)


def source_of(items: Sequence[Any]) -> SequenceSource:
    return SequenceSource(IterableRoot(items))


class House:
    """One run of a job with one step, `load`, on a database of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.target = DatabaseTarget(url, "shop", CLOCK)
        self.target.install()
        with opened(url) as session:
            session.script(TABLES)
        self.store = LedgerStore.open("sqlite://")
        self.telemetry = Telemetry()
        self.stop = StopRequest()
        self.runs = Path("runs")
        run = self.store.start(
            Identity("orders", {}, {"shop": "shop"}, None),
            parameters={},
            job_file="orders.py",
            runs_folder=self.runs,
            who="a test",
        )
        self._run_id = run.id
        self._attempts = 0

    @property
    def owner_key(self) -> str:
        """The key of the run, as its target knows it."""
        return self.store.run(self._run_id).identity_key

    def owner(self) -> OwnedRun:
        """Take the run; whoever had it is gone, as far as this one knows."""
        self._attempts += 1
        me = Owner("host", self._attempts, "the same lock")
        return self.store.take(self._run_id, me, is_locked=True)

    def owned(self) -> OwnedRun:
        """Take the run, and its target."""
        ledger = self.owner()
        Targets(ledger.ownership).join(self.target)
        return ledger

    def plan(
        self,
        items: Sequence[Any],
        *,
        stages: Sequence[Stage] = (),
        sink: Sink | None = None,
        target: Target | None = None,
    ) -> ChunkedPlan:
        return ChunkedPlan(
            source_of(items), stages, sink or EachSink(insert), target or self.target
        )

    def attempt(
        self, plan: ChunkedPlan, *, chunk: int = 10, ledger: OwnedRun | None = None
    ) -> Counts | None:
        """Run the step as a new owner, or the one given, would."""
        around = self.around(ledger or self.owner(), Bodies(plan, Knobs(chunk=chunk)))
        known = around.ledger.steps().get(loading().name)
        return ChunkedStep(loading(), around).run(known)

    def around(self, ledger: OwnedRun, bodies: Bodies) -> Surroundings:
        return Surroundings(
            bodies,
            ledger,
            Targets(ledger.ownership),
            CLOCK,
            self.telemetry,
            self.stop,
            Patience(CLOCK, telemetry=self.telemetry),
        )

    def numbers(self) -> list[int]:
        with opened(self.url) as session:
            return [row.n for row in session.query("select n from numbers order by n")]

    def notes(self) -> int:
        return self.target.count("select count(*) from notes")

    def lose_marker(self, part: Range) -> None:
        """Lose a committed range's marker, as a restored backup would."""
        self.spoil(f"delete from daybreak.markers where range_upto = '{part.upto}'")  # noqa: S608 - ours

    def spoil(self, sql: str) -> None:
        """Change the target behind everybody's back; `daybreak.` is the schema."""
        with opened(self.url) as session:
            assert session.execute(ours(session, sql)) > 0


class Bodies:
    """`execution.plan.Bodies` of a job whose only chunked step has the plan given."""

    def __init__(
        self,
        plan: ChunkedPlan,
        knobs: Knobs | None = None,
        atomic: Callable[[Transaction], str] = lambda _tx: "null",
    ) -> None:
        self._plan = plan
        self._knobs = knobs or Knobs()
        self._atomic = atomic

    def chunked(self, _step: Step[Any]) -> ChunkedPlan:
        return self._plan

    def task(self, step: Step[Any]) -> str:
        return str(step.function())

    def atomic(self, _step: Step[Any], tx: Transaction) -> str:
        return self._atomic(tx)

    def target_of(self, _step: Step[Any]) -> Target:
        return self._plan.target

    def target_named(self, _name: str) -> Target | None:
        return self._plan.target

    def knobs(self, _step: Step[Any]) -> Knobs:
        return self._knobs

    def code(self, _step: Step[Any]) -> str:
        return "code"

    def done(self, step: Step[Any], value: str | None, counts: Counts) -> None:
        pass


def loading(
    max_bad: str = "50%", tasks: Mapping[str, Callable[[], str]] | None = None
) -> Step[Any]:
    """Declare the step `load`, and tasks that come after it."""
    job = Job("orders")

    def load() -> Any:
        raise AssertionError("its plan is given")

    step = job.step(max_bad=max_bad)(load)
    for name, task in (tasks or {}).items():
        job.task(name=name, after=step)(task)
    return step
