"""What every `abc.RunLedger` must do, as a class of tests: inherit it, and give its two fixtures.

class TestMyLedger(RunLedgerContract):
    @pytest.fixture
    def run_ledger(self) -> RunLedger:
        "A run that was just taken; it has no steps."

    @pytest.fixture
    def surpass(self) -> Callable[[], RunLedger]:
        "Has another owner take the run away; gives the run in its hands."
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import pytest

from ..abc import RunLedger
from ..errors import InvalidTransition, LeaseLost
from ..model.fate import Counts
from ..model.ownership import Pass
from ..model.progress import Accepted, Measurement
from ..model.ranges import Range
from ..model.status import STEP_TRANSITIONS, TRANSITIONS, RunStatus, StepStatus

WHOLE: Final = Range.of(None, 20)
OF: Final = Pass("load")
INSTANT: Final = datetime(2026, 3, 2, 2, 30, 0, 123456, tzinfo=UTC)


def measured(after: int | None, upto: int, passed: int = 10) -> Measurement:
    """Make a measurement of a chunk of ten records."""
    counts = Counts(read=10, passed=passed, quarantined=10 - passed, written=passed)
    return Measurement(Range.of(after, upto), counts, 2**40, 0.25, INSTANT)


ACCEPTED: Final = Accepted(Range.of(None, 30), 30, {"size": 9}, {"check": 2})

WRITES: Final[dict[str, Callable[[RunLedger], object]]] = {
    "renew": lambda ledger: ledger.renew(),
    "begin_step": lambda ledger: ledger.begin_step("check", code="1"),
    "reopen_step": lambda ledger: ledger.reopen_step("load", code="2"),
    "accept": lambda ledger: ledger.accept("load", ACCEPTED, why="appended"),
    "measure": lambda ledger: ledger.measure(OF, [measured(10, 20)]),
    "end_step": lambda ledger: ledger.end_step("load", StepStatus.DONE, value="1"),
    "become": lambda ledger: ledger.become(RunStatus.DONE),
    "note": lambda ledger: ledger.note("seen", by="nobody"),
    "claim": lambda ledger: ledger.claim("load", {"db": 1}),
    "wait_step": lambda ledger: ledger.wait_step("load", "db"),
}
_MOVABLE: Final = [status for status in StepStatus if status is not StepStatus.WAITING]


class RunLedgerContract:
    """The contract of `abc.RunLedger`."""

    def test_a_step_keeps_its_ends_total_and_fingerprint_from_the_first_start(
        self, run_ledger: RunLedger
    ) -> None:
        """What a source says later never replaces what it said first; the code does."""
        run_ledger.begin_step("load", code="1", whole=WHOLE, total=20, fingerprint={"size": 7})
        other = Range.of(None, 99)

        again = run_ledger.begin_step("load", code="2", whole=other, total=9, fingerprint={})

        assert (again.whole, again.total, again.fingerprint) == (WHOLE, 20, {"size": 7})
        assert again.code == "2"
        assert again == run_ledger.steps()["load"]

    def test_a_step_is_made_from_the_passes_that_were_there_when_its_ends_were_fixed(
        self, run_ledger: RunLedger
    ) -> None:
        """A task, which has no ends, is made anew each time it begins."""
        run_ledger.begin_step("load", code="1", whole=WHOLE, upstream={"check": 1})
        run_ledger.begin_step("count", code="1", upstream={"load": 1})

        load = run_ledger.begin_step("load", code="1", upstream={"check": 2})
        count = run_ledger.begin_step("count", code="1", upstream={"load": 2})

        assert (load.upstream, count.upstream) == ({"check": 1}, {"load": 2})

    def test_accepted_changes_replace_ends_total_fingerprint_and_upstream(
        self, run_ledger: RunLedger
    ) -> None:
        """What is accepted is kept as what was said first is: later starts do not replace it."""
        run_ledger.begin_step("load", code="1", whole=WHOLE, total=20, fingerprint={"size": 7})
        run_ledger.accept("load", ACCEPTED, why="appended")

        row = run_ledger.begin_step("load", code="1", whole=WHOLE, total=20, fingerprint={})

        kept = Accepted(row.whole or WHOLE, row.total, row.fingerprint or {}, row.upstream)
        assert kept == ACCEPTED

    def test_a_step_that_ended_says_how(self, run_ledger: RunLedger) -> None:
        """Status, counts and value are those that were given."""
        counts = Counts(read=3, passed=2, filtered=1, written=2)
        run_ledger.begin_step("load", code="1")
        run_ledger.end_step("load", StepStatus.DONE, counts=counts, value='{"rows": 2}')

        row = run_ledger.steps()["load"]

        assert (StepStatus.DONE, counts, '{"rows": 2}') == (row.status, row.counts, row.value)
        assert row.error is None

    def test_an_error_is_kept_until_the_step_begins_again(self, run_ledger: RunLedger) -> None:
        """Whatever characters it has; a new start forgets it."""
        run_ledger.begin_step("load", code="1")
        run_ledger.end_step("load", StepStatus.FAILED, error="no 駅 in \0\udc80")

        kept = run_ledger.steps()["load"].error
        begun = run_ledger.begin_step("load", code="1")

        assert kept is not None
        assert kept.startswith("no 駅 in ")
        assert begun.error is None

    def test_counts_of_a_running_step_are_the_sums_of_its_chunks(
        self, run_ledger: RunLedger
    ) -> None:
        """Nothing is added up that could drift."""
        run_ledger.begin_step("load", code="1", whole=WHOLE)
        run_ledger.measure(OF, [measured(None, 10), measured(10, 20, passed=4)])

        counts = run_ledger.steps()["load"].counts

        assert Counts(read=20, passed=14, quarantined=6, written=14) == counts

    def test_a_chunk_measured_twice_counts_once(self, run_ledger: RunLedger) -> None:
        """A later attempt reads the same markers again."""
        run_ledger.begin_step("load", code="1", whole=WHOLE)
        run_ledger.measure(OF, [measured(None, 10)])
        run_ledger.measure(OF, [measured(None, 10), measured(10, 20)])
        run_ledger.measure(OF, [])

        counts = run_ledger.steps()["load"].counts

        assert counts == Counts(read=20, passed=20, written=20)

    def test_chunks_that_were_forgotten_count_no_more(self, run_ledger: RunLedger) -> None:
        """Those of other steps do, and those that are measured again."""
        for step in ("load", "other"):
            run_ledger.begin_step(step, code="1", whole=WHOLE)
            run_ledger.measure(Pass(step), [measured(None, 10), measured(10, 20)])
        run_ledger.forget(OF, seen=20, found=10)
        forgotten = run_ledger.steps()
        run_ledger.measure(OF, [measured(None, 10)])

        assert forgotten["load"].counts == Counts()
        assert forgotten["other"].counts == Counts(read=20, passed=20, written=20)
        assert run_ledger.steps()["load"].counts == Counts(read=10, passed=10, written=10)

    def test_a_share_that_nobody_limits_is_had_at_once_and_again(
        self, run_ledger: RunLedger
    ) -> None:
        """And whoever has it may ask again."""
        answers = [run_ledger.claim("load", {"db": 3}) for _ in range(2)]

        assert answers == [None, None]
        run_ledger.renew()

    def test_a_chunk_whose_records_were_replayed_is_known_as_it_is_now(
        self, run_ledger: RunLedger
    ) -> None:
        """What its marker says last is true."""
        run_ledger.begin_step("load", code="1", whole=WHOLE)
        run_ledger.measure(OF, [measured(None, 10, passed=4), measured(10, 20)])
        run_ledger.measure(OF, [measured(None, 10, passed=9)])

        counts = run_ledger.steps()["load"].counts

        assert counts == Counts(read=20, passed=19, quarantined=1, written=19)

    def test_a_step_that_is_done_runs_again_when_it_is_reopened(
        self, run_ledger: RunLedger
    ) -> None:
        """Until it ends again, its counts are its chunks'."""
        _bring_step(run_ledger, "load", StepStatus.DONE)
        run_ledger.measure(OF, [measured(None, 10, passed=9)])
        run_ledger.reopen_step("load", code="2")

        row = run_ledger.steps()["load"]

        assert (row.status, row.code, row.counts.passed) == (StepStatus.RUNNING, "2", 9)
        proven = Counts(read=10, passed=10)
        run_ledger.end_step("load", StepStatus.DONE, counts=proven)
        assert run_ledger.steps()["load"].counts == proven

    def test_a_step_that_never_began_is_not_reopened(self, run_ledger: RunLedger) -> None:
        """It has no fates to change."""
        with pytest.raises(InvalidTransition, match="has not begun"):
            run_ledger.reopen_step("load", code="1")

    @pytest.mark.parametrize("current", list(StepStatus))
    def test_a_step_makes_no_move_that_its_table_lacks(
        self, run_ledger: RunLedger, current: StepStatus
    ) -> None:
        """Every other status is tried; a refused one leaves the step as it was."""
        for wanted in _MOVABLE:
            step = f"to {wanted}"
            _bring_step(run_ledger, step, current)
            before = run_ledger.steps()
            if wanted in STEP_TRANSITIONS[current]:
                _move_step(run_ledger, step, wanted)
                assert run_ledger.steps()[step].status == wanted
            else:
                with pytest.raises(InvalidTransition, match=f"{current} step"):
                    _move_step(run_ledger, step, wanted)
                assert run_ledger.steps() == before

    @pytest.mark.parametrize("current", list(RunStatus))
    def test_a_run_makes_no_move_that_its_table_lacks(
        self, run_ledger: RunLedger, current: RunStatus
    ) -> None:
        """What is refused names both statuses, and changes nothing: what is allowed still is."""
        if current is RunStatus.STOPPED:
            run_ledger.become(RunStatus.STOPPING)
        run_ledger.become(current)

        for wanted in set(RunStatus) - TRANSITIONS[current]:
            with pytest.raises(InvalidTransition, match=f"{current} run cannot become {wanted}"):
                run_ledger.become(wanted)
        for wanted in sorted(TRANSITIONS[current] - {current})[:1]:
            run_ledger.become(wanted)

    @pytest.mark.parametrize("verb", list(WRITES))
    def test_an_owner_that_was_surpassed_writes_nothing(
        self, run_ledger: RunLedger, surpass: Callable[[], RunLedger], verb: str
    ) -> None:
        """Every writing verb raises `LeaseLost`, and the new owner sees no trace of it."""
        run_ledger.begin_step("load", code="1", whole=WHOLE)
        owner = surpass()
        before = owner.steps()

        with pytest.raises(LeaseLost) as caught:
            WRITES[verb](run_ledger)

        assert caught.value.hint
        assert before == owner.steps()
        owner.become(RunStatus.DONE)

    def test_an_owner_that_was_surpassed_reads_no_steps(
        self, run_ledger: RunLedger, surpass: Callable[[], RunLedger]
    ) -> None:
        """It must not plan by what another owner writes."""
        surpass()

        with pytest.raises(LeaseLost):
            run_ledger.steps()

    def test_a_new_owner_has_a_higher_epoch_and_all_else_alike(
        self, run_ledger: RunLedger, surpass: Callable[[], RunLedger]
    ) -> None:
        """Targets tell owners apart by the epoch alone."""
        before, after = run_ledger.ownership, surpass().ownership

        assert after.epoch > before.epoch
        assert (before.run_key, before.run_id) == (after.run_key, after.run_id)
        assert before.ledger_id == after.ledger_id


def _bring_step(ledger: RunLedger, step: str, status: StepStatus) -> None:
    if status is not StepStatus.WAITING:
        ledger.begin_step(step, code="1")
    if status not in (StepStatus.WAITING, StepStatus.RUNNING):
        ledger.end_step(step, status)


def _move_step(ledger: RunLedger, step: str, wanted: StepStatus) -> None:
    if wanted is StepStatus.RUNNING:
        ledger.begin_step(step, code="1")
    else:
        ledger.end_step(step, wanted)
