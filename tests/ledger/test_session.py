"""The ledger is patient with what may pass, and a write lost in its COMMIT happens once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daybreak.databases.session import connect, opened
from daybreak.errors import InvalidTransition, RunOwned, TransientError
from daybreak.ledger.clock import WRITE_PATIENCE_S
from daybreak.ledger.rows import Owner, PlannedStep
from daybreak.ledger.session import LedgerSession
from daybreak.ledger.store import LedgerStore
from daybreak.model.status import RunStatus, StepStatus
from daybreak.testing.ledger import OF, WHOLE, measured
from tests.ledger.manual import ManualTime, content, owner, start, taken

if TYPE_CHECKING:
    from collections.abc import Callable

    from daybreak.databases.session import Session
    from daybreak.ledger.owned import OwnedRun

# ---------------------------------------------------------------- locks and lost connections


@pytest.fixture
def impatient(no_lock_wait: None, database_url: str, time: ManualTime) -> LedgerStore:
    """Give a ledger whose statements do not wait for locks, though it waits between tries."""
    return LedgerStore.open(database_url, patience=time.patience())


def lock(url: str) -> Session:
    """Hold the lock that every write of run 1 needs."""
    session = connect(url)
    session.begin()
    schema = "daybreak_ledger." if session.dialect == "postgresql" else ""
    session.execute(f"update {schema}runs set beat = beat")  # noqa: S608 - a constant
    return session


@pytest.mark.slow
def test_a_locked_ledger_is_tried_again_until_the_lock_is_gone(
    impatient: LedgerStore, database_url: str, time: ManualTime
) -> None:
    owned = taken(impatient)
    holder = lock(database_url)
    time.on_wait = lambda: holder.rollback() if len(time.waits) == 3 else None

    owned.note("written")

    assert [0.05, 0.1, 0.2] == time.waits
    assert "written" == impatient.audit(1)[-1].what
    holder.close()
    impatient.close()


@pytest.mark.slow
def test_patience_with_a_locked_ledger_ends(
    impatient: LedgerStore, database_url: str, time: ManualTime
) -> None:
    owned = taken(impatient)
    holder = lock(database_url)

    with pytest.raises(TransientError, match=r"could not be reached in \d+ tries") as caught:
        owned.note("never written")

    holder.close()
    assert WRITE_PATIENCE_S <= time.elapsed_s <= WRITE_PATIENCE_S + 5
    assert "lock" in caught.value.hint
    assert ["entered", "taken"] == [line.what for line in impatient.audit(1)]
    impatient.close()


def test_a_connection_that_was_ended_is_made_anew(postgres_url: str, time: ManualTime) -> None:
    store = LedgerStore.open(postgres_url, patience=time.patience())
    owned = taken(store)
    for act in (owned.renew, owned.steps, lambda: owned.note("seen")):
        with opened(postgres_url) as session:
            session.query(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where application_name = 'daybreak:ledger' and datname = current_database()"
            )
        act()

    assert 3 == len(time.waits)
    assert "seen" == store.audit(1)[-1].what
    store.close()


def test_a_server_that_is_gone_is_a_transient_failure(
    store: LedgerStore, time: ManualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    owned = taken(store)
    store._session._drop()
    monkeypatch.setattr(
        store._session, "_connect", lambda: connect("postgresql://x@/x?host=/nowhere")
    )

    with pytest.raises(TransientError, match="could not be reached"):
        owned.renew()
    assert time.elapsed_s >= WRITE_PATIENCE_S


# ---------------------------------------------------------------- a COMMIT whose answer is lost


@pytest.fixture
def lose_next_answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[LedgerStore], None]:
    """Let the next COMMIT be done, and its answer get lost."""

    def lose(store: LedgerStore) -> None:
        session: LedgerSession = store._session
        driver = session._connected()
        commit = driver.commit

        def commit_unanswered() -> None:
            monkeypatch.undo()
            commit()
            raise TransientError("the connection broke in COMMIT")

        monkeypatch.setattr(driver, "commit", commit_unanswered)

    return lose


WRITES: dict[str, Callable[[OwnedRun], object]] = {
    "renew": lambda owned: owned.renew(),
    "plan": lambda owned: owned.plan([PlannedStep("check", "x")]),
    "begin_step": lambda owned: owned.begin_step("check", code="1"),
    "measure": lambda owned: owned.measure(OF, [measured(None, 10)]),
    "end_step": lambda owned: owned.end_step("load", StepStatus.DONE, value="1"),
    "become": lambda owned: owned.become(RunStatus.DONE),
    "note": lambda owned: owned.note("seen"),
}


@pytest.mark.parametrize("verb", list(WRITES))
def test_a_write_whose_answer_is_lost_happens_once(
    store: LedgerStore,
    lose_next_answer: Callable[[LedgerStore], None],
    verb: str,
    time: ManualTime,
) -> None:
    owned = taken(store)
    owned.begin_step("load", code="1", whole=WHOLE)
    lose_next_answer(store)

    WRITES[verb](owned)

    assert 1 == len(time.waits)
    whats = [line.what for line in store.audit(1)]
    assert len(whats) == len(set(whats))
    if verb in ("become", "end_step"):
        with pytest.raises(InvalidTransition):
            WRITES[verb](owned)


def test_a_take_whose_answer_is_lost_is_won_once(
    store: LedgerStore, lose_next_answer: Callable[[LedgerStore], None]
) -> None:
    start(store)
    lose_next_answer(store)

    owned = store.take(1, owner(1), is_locked=True)

    assert 1 == owned.ownership.epoch == store.run(1).epoch
    assert ["entered", "taken"] == [line.what for line in store.audit(1)]
    owned.renew()


def test_a_take_whose_answer_is_lost_is_not_won_if_another_took_the_run_since(
    store: LedgerStore, lose_next_answer: Callable[[LedgerStore], None], time: ManualTime
) -> None:
    start(store)
    lose_next_answer(store)

    def let_another_take_it() -> None:
        time.on_wait = lambda: None
        store.take(1, Owner("host2", 2, "lock1"), is_locked=True)

    time.on_wait = let_another_take_it

    with pytest.raises(RunOwned, match="host2"):
        store.take(1, owner(1), is_locked=False)
    assert 2 == store.run(1).epoch


@pytest.mark.parametrize("is_again", [False, True])
def test_a_start_whose_answer_is_lost_enters_one_run(
    store: LedgerStore,
    lose_next_answer: Callable[[LedgerStore], None],
    database_url: str,
    *,
    is_again: bool,
) -> None:
    lose_next_answer(store)

    run = start(store, is_again=is_again)

    assert (1, 1) == (run.id, run.number)
    assert 1 == len(content(database_url)["runs"])


def test_a_closed_ledger_stays_closed(sqlite_url: str) -> None:
    store = LedgerStore.open(sqlite_url)
    store.close()

    with pytest.raises(AssertionError):
        store.runs()
