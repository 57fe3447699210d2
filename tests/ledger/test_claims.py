"""Claims in the ledger: two runs, one limit, and owners that die, sleep, end or come back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from daybreak.databases.session import opened
from daybreak.errors import LeaseLost
from daybreak.ledger.owned import OwnedRun
from daybreak.ledger.rows import PlannedStep, RunRow
from daybreak.ledger.statement import load
from daybreak.ledger.store import LedgerStore
from daybreak.model.status import RunStatus, StepStatus
from tests.ledger.manual import ManualTime, alter, identity, owner, start

LEASE_S = 10.0
LOOK_S = 1.0
Take = Callable[..., OwnedRun]


@pytest.fixture
def take(store: LedgerStore) -> Take:
    """Take the run of a job, by an owner of a number."""

    def take(
        job: str, number: int, is_gone: Callable[[RunRow], bool] = lambda _run: False
    ) -> OwnedRun:
        run = start(store, identity(job=job))
        me = owner(number)
        return store.take(run.id, me, is_locked=True, lease_s=LEASE_S, is_gone=is_gone)

    return take


@pytest.fixture
def one(store: LedgerStore, take: Take) -> OwnedRun:
    """Give a run whose step has the only unit of db."""
    store.set_limit("db", 1, who="a test")
    run = take("one", 1)
    assert run.claim("load", {"db": 1}) is None
    return run


def waits(run: OwnedRun, step: str = "load", units: int = 1) -> bool:
    return run.claim(step, {"db": units}) is not None


def test_a_share_that_another_run_has_is_waited_for_and_given_back_with_its_step(
    one: OwnedRun, take: Take
) -> None:
    two = take("two", 2)
    wait = two.claim("load", {"db": 1})

    assert "db: 1 of 1 in use by run 1 step load" == str(wait)
    one.begin_step("load", code="1")
    one.end_step("load", StepStatus.DONE)
    assert not waits(two)


def test_asking_again_changes_nothing_for_who_has_it(one: OwnedRun, take: Take) -> None:
    assert not waits(one)
    assert waits(take("two", 2))


def test_who_came_first_is_served_first_whoever_asks_more_often(
    store: LedgerStore, take: Take
) -> None:
    store.set_limit("db", 2, who="a test")
    small, large, late = take("small", 1), take("large", 2), take("late", 3)
    assert not waits(small)
    assert waits(large, units=2)

    assert waits(late)
    assert waits(late)
    small.become(RunStatus.FAILED)
    assert waits(late)
    assert not waits(large, units=2)


def test_a_limit_can_be_raised_lowered_and_removed_while_steps_wait(
    store: LedgerStore, one: OwnedRun, take: Take
) -> None:
    two, three, four = take("two", 2), take("three", 3), take("four", 4)
    assert waits(two)
    store.set_limit("db", 2, who="a test")
    assert not waits(two)

    store.set_limit("db", 1, who="a test")
    one.become(RunStatus.FAILED)
    assert waits(three)
    assert "db: wants 2, the limit is 1 by now" == str(four.claim("load", {"db": 2}))
    assert store.remove_limit("db")
    assert not store.remove_limit("db")
    assert not waits(three)
    assert not waits(four, units=2)


def test_what_a_step_has_counts_also_for_a_limit_that_is_set_later(
    store: LedgerStore, take: Take
) -> None:
    assert not waits(take("one", 1))
    store.set_limit("db", 1, who="a test")

    assert waits(take("two", 2))


def test_all_of_it_at_once_or_nothing(store: LedgerStore, one: OwnedRun, take: Take) -> None:
    """A step that waits for db has none of net meanwhile, but for its place."""
    store.set_limit("net", 2, who="a test")
    two = take("two", 2)
    both = {"db": 1, "net": 1}
    assert two.claim("load", both) is not None

    assert [(1, True), (2, False)] == [
        (claim.run.id, claim.granted_at is not None) for claim in store.claims()
    ]
    one.become(RunStatus.FAILED)
    assert two.claim("load", both) is None


# ---------------------------------------------------------------- owners that die


def look(run: OwnedRun, time: ManualTime, looks: int) -> list[bool]:
    """Ask so often, with a wait before each time; say each time whether it still waits."""
    answers = []
    for _ in range(looks):
        time.wait(LOOK_S)
        answers.append(waits(run))
    return answers


def test_what_a_silent_owner_has_is_free_after_its_lease(
    one: OwnedRun, take: Take, time: ManualTime
) -> None:
    two = take("two", 2)
    assert waits(two)

    answers = look(two, time, 13)
    assert [True] * 10 == answers[:10]
    assert not answers[-1]
    with pytest.raises(LeaseLost, match="gave no sign of life for its whole lease"):
        one.renew()


def test_an_owner_that_gives_signs_of_life_keeps_what_it_has(
    one: OwnedRun, take: Take, time: ManualTime
) -> None:
    two = take("two", 2)
    assert waits(two)
    for _ in range(5):
        assert all(look(two, time, 8))
        one.renew()


def test_a_watcher_that_slept_itself_takes_nothing_away(
    one: OwnedRun, take: Take, time: ManualTime
) -> None:
    """Of a pause no more than two looks count: the owner may have slept as well."""
    two = take("two", 2)
    assert waits(two)
    assert waits(two)
    time.wait(100 * LEASE_S)

    assert waits(two)
    one.renew()


def test_what_an_owner_has_whom_the_kernel_knows_to_be_dead_is_free_at_once(
    one: OwnedRun, take: Take
) -> None:
    two = take("two", 2, is_gone=lambda run: run.id == one.run.id)
    assert waits(two)

    assert not waits(two)


def test_a_dead_owner_that_waits_is_in_nobodys_way(
    store: LedgerStore, one: OwnedRun, take: Take
) -> None:
    dead = take("dead", 2)
    assert waits(dead)
    three = take("three", 3, is_gone=lambda run: run.id == dead.run.id)
    assert waits(three)
    one.become(RunStatus.FAILED)

    assert not waits(three)
    assert [three.run.id] == [claim.run.id for claim in store.claims()]


def test_one_who_slept_while_it_waited_waits_again_behind_the_others(
    store: LedgerStore, one: OwnedRun, take: Take
) -> None:
    sleeper = take("sleeper", 2)
    assert waits(sleeper)
    three = take("three", 3, is_gone=lambda run: run.id == sleeper.run.id)
    assert waits(three)
    assert waits(three)

    assert waits(sleeper)
    sleeper.renew()
    assert [one.run.id, three.run.id, sleeper.run.id] == [claim.run.id for claim in store.claims()]


def test_a_new_owner_begins_without_what_the_old_one_had(
    store: LedgerStore, one: OwnedRun, take: Take
) -> None:
    two = take("two", 2)
    assert waits(two)
    again = take("one", 1)

    assert [two.run.id] == [claim.run.id for claim in store.claims()]
    assert waits(again)
    assert not waits(two)
    with pytest.raises(LeaseLost):
        waits(one)


def test_what_an_owner_had_that_was_surpassed_never_counts(
    database_url: str, store: LedgerStore, one: OwnedRun, take: Take
) -> None:
    """Even if its row came back, as from a restored copy."""
    take("one", 1)
    alter(
        database_url,
        "insert into daybreak_ledger.claims (run_id, epoch, step, uses, claimed_at, granted_at)"
        " select run_id, 1, 'close', '{\"db\": 1}', at, at from daybreak_ledger.audit limit 1",
    )

    assert [] == store.claims()
    assert not waits(take("two", 2))


@pytest.mark.parametrize("status", [RunStatus.STOPPED, RunStatus.FAILED, RunStatus.DONE])
def test_a_run_that_ends_gives_all_back(
    store: LedgerStore, one: OwnedRun, take: Take, status: RunStatus
) -> None:
    two = take("two", 2)
    assert waits(two)
    if status is RunStatus.STOPPED:
        one.become(RunStatus.STOPPING)
        assert waits(two)
    one.become(status)

    assert not waits(two)


# ---------------------------------------------------------------- side by side


@pytest.mark.slow
def test_many_who_ask_at_once_never_have_more_than_there_is(
    database_url: str, store: LedgerStore
) -> None:
    """Eight runs in threads, each with a session of its own; the others' count when one has it."""
    store.set_limit("db", 2, who="a test")
    ended = threading.Event()  # never set: who waits looks again in a while
    at_work: list[str] = []
    most: list[int] = []

    def work(number: int) -> None:
        mine = LedgerStore.open(database_url)
        run = mine.take(
            start(mine, identity(job=f"job {number}")).id, owner(number), is_locked=True
        )
        for step in ("load", "close"):
            while waits(run, step):
                ended.wait(0.01)
            at_work.append(step)
            most.append(len(at_work))
            run.begin_step(step, code="1")
            at_work.remove(step)
            run.end_step(step, StepStatus.DONE)
        run.become(RunStatus.DONE)
        mine.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))

    assert 16 == len(most)
    assert max(most) <= 2
    assert [] == store.claims()


def test_nobody_decides_while_another_does(postgres_url: str) -> None:
    """On PostgreSQL, where two would see the same claims; SQLite has one writer anyway."""
    store = LedgerStore.open(postgres_url)
    run = store.take(start(store).id, owner(1), is_locked=True)
    waiting = (
        "select count(*) as n from pg_locks where locktype = 'advisory' and not granted"
        " and database = (select oid from pg_database where datname = current_database())"
    )
    looking = threading.Event()  # never set
    with (
        opened(postgres_url) as other,
        opened(postgres_url) as watcher,
        ThreadPoolExecutor(1) as threads,
    ):
        other.begin()
        other.query(load("postgresql", "lock_claims"))
        answer = threads.submit(run.claim, "load", {"db": 1})
        while not answer.done() and not watcher.query(waiting)[0].n:
            looking.wait(0.01)

        assert not answer.done()
        other.commit()
        assert answer.result() is None
    store.close()


def test_what_a_step_waits_for_is_written_down_until_it_begins(
    store: LedgerStore, one: OwnedRun
) -> None:
    one.plan([PlannedStep("load", "No orders.")])
    one.wait_step("load", "db: 1 of 1 in use by run 7 step load")
    assert "db: 1 of 1 in use by run 7 step load" == store.steps(1)[0].waits_for

    one.begin_step("load", code="1")
    assert store.steps(1)[0].waits_for is None
