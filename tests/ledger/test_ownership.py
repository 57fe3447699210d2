"""Who wins a run, when, and how long a would-be owner must watch."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from daybreak.errors import InvalidTransition, LedgerError, RunOwned
from daybreak.ledger.rows import Owner, RunRow
from daybreak.ledger.store import LedgerStore
from daybreak.model.status import RunStatus
from tests.ledger.manual import NIGHT, ManualTime, alter, identity, owner, start, taken

if TYPE_CHECKING:
    from daybreak.ledger.owned import OwnedRun
    from daybreak.model.row import Row

RIVALS = 20
LEASE_S = 30.0
DAY = timedelta(days=1)


def at_a_barrier(url: str, act: object) -> list[object]:
    """Let twenty threads, each with a session of its own, act at once; give what came of it."""
    barrier = threading.Barrier(RIVALS)

    def rival(number: int) -> object:
        store = LedgerStore.open(url)
        try:
            barrier.wait()
            return act(store, number)  # type: ignore[operator]
        except RunOwned as error:
            return error
        finally:
            store.close()

    with ThreadPoolExecutor(RIVALS) as threads:
        return list(threads.map(rival, range(RIVALS)))


# ---------------------------------------------------------------- entering


def test_a_run_is_entered_once(store: LedgerStore) -> None:
    first = start(store)

    assert first == start(store)
    assert (1, RunStatus.STOPPED, 0, None) == (first.id, first.status, first.epoch, first.owner)
    assert (NIGHT, "runs/1", "orders.py") == (first.night, first.folder, first.job_file)
    assert first == store.by_key(identity().key)


def test_twenty_at_once_enter_one_run(database_url: str, store: LedgerStore) -> None:
    found = at_a_barrier(database_url, lambda rival, _number: start(rival).id)

    assert [1] * RIVALS == found
    assert [1] == [run.id for run in store.runs()]


def test_again_is_a_new_run_with_the_next_number(store: LedgerStore) -> None:
    start(store)

    again = start(store, is_again=True)

    assert (2, 2) == (again.id, again.number)
    assert again.identity_key != store.run(1).identity_key
    assert again == start(store)
    assert again == store.newest(identity())


@pytest.mark.parametrize("night", [None, NIGHT + DAY])
def test_another_night_is_another_run_of_the_family(store: LedgerStore, night: date | None) -> None:
    first = start(store)
    second = start(store, identity(night))

    assert [2, 1] == [run.id for run in store.runs()]
    assert night == second.night
    assert first.family_key == second.family_key
    assert second == store.newest_unfinished(first.family_key)


def test_a_finished_run_is_not_the_newest_unfinished(store: LedgerStore) -> None:
    unfinished = start(store)
    done = store.take(start(store, identity(None)).id, owner(1), is_locked=True)
    done.become(RunStatus.DONE)

    assert unfinished == store.newest_unfinished(unfinished.family_key)
    assert store.newest_unfinished("another family") is None


# ---------------------------------------------------------------- taking at once


def test_a_run_that_was_never_owned_is_taken_at_once(store: LedgerStore, time: ManualTime) -> None:
    run = taken(store)

    assert 1 == run.ownership.epoch
    assert (RunStatus.RUNNING, owner(1)) == (run.run.status, run.run.owner)
    assert (store.ledger_id, "1") == (run.ownership.ledger_id, run.ownership.run_id)
    assert [] == time.waits


@pytest.mark.parametrize("end", [RunStatus.STOPPED, RunStatus.FAILED])
def test_a_run_that_ended_early_is_taken_at_once(
    store: LedgerStore, time: ManualTime, end: RunStatus
) -> None:
    first = taken(store)
    first.become(RunStatus.STOPPING)
    first.become(end, error="x")

    second = store.take(1, owner(2), is_locked=False)

    assert 2 == second.ownership.epoch
    assert (None, None) == (second.run.error, second.run.ended_at)
    assert first.run.started_at == second.run.started_at
    assert [] == time.waits


@pytest.mark.parametrize("at_work", [RunStatus.RUNNING, RunStatus.STOPPING, RunStatus.PAUSED])
def test_whoever_holds_the_owners_lock_takes_its_run_at_once(
    store: LedgerStore, time: ManualTime, at_work: RunStatus
) -> None:
    taken(store).become(at_work)

    second = store.take(1, Owner("host1", 2000, "lock1"), is_locked=True)

    assert (2, RunStatus.RUNNING) == (second.ownership.epoch, second.run.status)
    assert [] == time.waits


@pytest.mark.parametrize("end", [RunStatus.DONE, RunStatus.CANCELLED])
def test_a_final_run_cannot_be_taken(store: LedgerStore, end: RunStatus) -> None:
    taken(store).become(end)

    with pytest.raises(InvalidTransition, match=f"a {end} run"):
        store.take(1, owner(1), is_locked=True)


def test_a_run_that_does_not_exist_cannot_be_taken(store: LedgerStore) -> None:
    with pytest.raises(LedgerError, match="no run 7"):
        store.take(7, owner(1), is_locked=True)


def test_of_twenty_takers_at_once_one_wins(database_url: str, store: LedgerStore) -> None:
    run_id = start(store).id

    found = at_a_barrier(
        database_url,
        lambda rival, number: rival.take(run_id, owner(number), is_locked=True, patience_s=0),
    )

    winners = [one for one in found if not isinstance(one, RunOwned)]
    run = store.run(run_id)
    assert 1 == len(winners)
    assert winners[0].run.owner == run.owner  # type: ignore[attr-defined]
    assert 1 == run.epoch
    for loser in found:
        if isinstance(loser, RunOwned):
            assert run.owner is not None
            assert run.owner.host == loser.where["host"]


def test_a_run_that_its_owner_leaves_while_it_is_being_taken_is_taken(
    store: LedgerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = taken(store)
    read = store._session.read

    def read_then_let_go(name: str, **bind: object) -> list[Row]:
        monkeypatch.undo()
        seen = read(name, **bind)
        first.become(RunStatus.FAILED)
        return seen

    monkeypatch.setattr(store._session, "read", read_then_let_go)

    second = store.take(1, Owner("host1", 2000, "lock1"), is_locked=True)

    assert 2 == second.ownership.epoch
    assert RunStatus.FAILED == store.audit(1)[-1].details["was"]


# ---------------------------------------------------------------- watching


def test_a_dead_owners_run_is_taken_after_a_lease_without_a_beat(
    store: LedgerStore, time: ManualTime
) -> None:
    taken(store)
    told: list[RunRow] = []

    second = store.take(1, owner(2), is_locked=True, on_watch=told.append)

    assert 2 == second.ownership.epoch
    assert pytest.approx(LEASE_S) == sum(time.waits)
    assert [owner(1)] == [run.owner for run in told]


def test_the_lease_watched_is_the_owners_not_the_takers(
    store: LedgerStore, time: ManualTime
) -> None:
    store.take(start(store).id, owner(1), is_locked=True, lease_s=20)

    store.take(1, owner(2), is_locked=True, lease_s=500)

    assert pytest.approx(20) == sum(time.waits)


@pytest.mark.parametrize("beat_after_s", [3, 15, 30])
def test_a_live_owner_keeps_its_run(
    store: LedgerStore, time: ManualTime, beat_after_s: float
) -> None:
    first = taken(store)
    time.on_wait = lambda: first.renew() if sum(time.waits) >= beat_after_s else None

    with pytest.raises(RunOwned, match="process 1001 on host1") as caught:
        store.take(1, owner(2), is_locked=True)

    assert pytest.approx(beat_after_s) == sum(time.waits)
    assert "kill -TERM 1001" in caught.value.hint
    assert "lease_ends_at" in caught.value.where
    assert 1 == store.run(1).epoch


def test_every_write_is_a_sign_of_life(store: LedgerStore, time: ManualTime) -> None:
    first = taken(store)
    time.on_wait = lambda: first.note("at work")

    with pytest.raises(RunOwned):
        store.take(1, owner(2), is_locked=True)


@pytest.mark.parametrize(("patience_s", "waited_s"), [(0, 0), (6, 6)])
def test_impatience_ends_the_watch(
    store: LedgerStore, time: ManualTime, patience_s: float, waited_s: float
) -> None:
    taken(store)

    with pytest.raises(RunOwned):
        store.take(1, owner(2), is_locked=True, patience_s=patience_s)

    assert pytest.approx(waited_s) == sum(time.waits)


@pytest.mark.parametrize(
    ("lock_id", "is_locked"),
    [
        pytest.param("lock1", False, id="the same lock, but not held"),
        pytest.param("lock2", True, id="another lock, held"),
    ],
)
def test_without_the_owners_lock_one_has_to_watch(
    store: LedgerStore, time: ManualTime, lock_id: str, *, is_locked: bool
) -> None:
    taken(store)

    store.take(1, Owner("host1", 2000, lock_id), is_locked=is_locked)

    assert pytest.approx(LEASE_S) == sum(time.waits)


def test_no_lock_is_not_a_lock_in_common(store: LedgerStore, time: ManualTime) -> None:
    store.take(start(store).id, Owner("a", 1, ""), is_locked=False)

    store.take(1, Owner("b", 2, ""), is_locked=True)

    assert pytest.approx(LEASE_S) == sum(time.waits)


def test_an_owner_that_ends_while_it_is_watched_hands_over(
    store: LedgerStore, time: ManualTime
) -> None:
    first = taken(store)

    def end() -> None:
        if len(time.waits) == 3:
            first.become(RunStatus.FAILED)

    time.on_wait = end

    assert 2 == store.take(1, owner(2), is_locked=True).ownership.epoch
    assert 3 == len(time.waits)


def test_an_owner_that_finishes_while_it_is_watched_leaves_nothing_to_take(
    store: LedgerStore, time: ManualTime
) -> None:
    first = taken(store)
    time.on_wait = lambda: first.become(RunStatus.DONE)

    with pytest.raises(InvalidTransition, match="done run"):
        store.take(1, owner(2), is_locked=True)


def test_a_watchers_own_sleep_is_no_silence_of_the_owner(
    store: LedgerStore, time: ManualTime
) -> None:
    taken(store)

    def oversleep() -> None:
        time.elapsed_s += 3600

    time.on_wait = oversleep

    store.take(1, owner(2), is_locked=True)

    assert 5 == len(time.waits)


def test_two_watchers_do_not_both_win(store: LedgerStore, time: ManualTime) -> None:
    taken(store)
    won: list[OwnedRun] = []

    def let_the_other_win() -> None:
        if len(time.waits) == 10:
            time.on_wait = lambda: None
            won.append(store.take(1, owner(3), is_locked=True))

    time.on_wait = let_the_other_win

    with pytest.raises(RunOwned, match="host3"):
        store.take(1, owner(2), is_locked=True)
    assert 2 == won[0].ownership.epoch


# ---------------------------------------------------------------- clocks that jump


@pytest.mark.parametrize("jump", [DAY, -DAY], ids=["ahead", "back"])
def test_a_clock_that_jumps_makes_no_live_owners_run_takeable(
    store: LedgerStore, time: ManualTime, database_url: str, jump: timedelta
) -> None:
    first = taken(store)
    # A clock that jumps ahead sees leases ended long ago; one that jumps back, leases far from it.
    _move_lease_end(database_url, store, -jump)
    time.wall = store.now() + jump
    time.on_wait = lambda: first.renew() if sum(time.waits) >= LEASE_S / 3 else None

    with pytest.raises(RunOwned):
        store.take(1, owner(2), is_locked=True)
    first.become(RunStatus.DONE)


@pytest.mark.parametrize("jump", [DAY, -DAY], ids=["ahead", "back"])
def test_a_clock_that_jumps_makes_no_dead_owner_immortal(
    store: LedgerStore, time: ManualTime, database_url: str, jump: timedelta
) -> None:
    taken(store)
    _move_lease_end(database_url, store, -jump)
    time.wall = store.now() + jump

    def jump_again() -> None:
        time.wall -= jump

    time.on_wait = jump_again

    assert 2 == store.take(1, owner(2), is_locked=True).ownership.epoch
    assert pytest.approx(LEASE_S) == sum(time.waits)


def _move_lease_end(url: str, store: LedgerStore, by: timedelta) -> None:
    lease = store.run(1).lease
    assert lease is not None
    assert lease.ends_at is not None
    alter(url, "update daybreak_ledger.runs set lease_until = :until", until=lease.ends_at + by)
