"""What a database's sessions wait for and spill is looked at from beside, and added up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from daybreak.databases.session import Session, connect, opened, transaction
from daybreak.databases.waits import Glance, Waiting
from daybreak.databases.watching import WAITS_MOST, LockWait, Seen, Wait, Watch, Watched
from daybreak.errors import TransientError

OURS = "daybreak:rehearsal:test"
SORTED = "select count(*) as n from (select g from generate_series(1, 100000) g order by -g) s"


@pytest.fixture
def url(postgres_url: str) -> str:
    with opened(postgres_url) as session:
        session.script(
            "create table accounts (id integer primary key, balance integer);"
            "insert into accounts values (1, 0), (2, 0); create table others (id integer)"
        )
    return postgres_url


@contextmanager
def holding(url: str, sql: str) -> Iterator[Session]:
    """Hold what a statement locks until the block ends."""
    with opened(url, application="night clerk") as session, transaction(session):
        session.execute(sql)
        yield session


def waited(url: str, hold: str, ask: str) -> Watch:
    """Let a session of ours wait for another until that was seen; return what saw it."""
    with (
        Watch(url, application=OURS, at_work=lambda: "load") as watch,
        opened(url, application=OURS) as session,
    ):

        def wait() -> None:
            with transaction(session):
                session.execute(ask)

        waiter = threading.Thread(target=wait)
        with holding(url, hold) as holder:
            waiter.start()
            while not watch.seen.lock_waits():
                holder.query("select pg_sleep(0.01)")
        waiter.join()
    return watch


def test_glances_count_by_the_time_that_they_stand_for() -> None:
    """Of a step, three workers wait for a quarter of the time, for two who have the same row."""
    row, log = "a row of accounts", Waiting("the write-ahead log")
    clerk, psql = (Waiting(row, is_lock=True, holder=one) for one in ("clerk", "psql"))
    turn = Waiting("the one writer that its database has", is_lock=True, holder=None)
    seen = Seen()
    seen.add("load", Glance({clerk: 2, psql: 1}, transaction_s=0.2), 1.0)
    seen.add("load", Glance({log: 1, turn: 2.0}, transaction_s=0.7, others=True), 1.0)
    seen.add("load", Glance({}), 2.0)
    seen.add(None, Glance({psql: 1}, transaction_s=9.0), 5.0)

    waits = [Wait(row, 0.75, is_lock=True), Wait(log.what, 0.25, is_lock=False)]
    assert [*waits, Wait(turn.what, 0.5, is_lock=True)] == seen.waits("load")
    assert [] == seen.waits("other")
    assert 0.7 == seen.transaction_s_max["load"]
    assert [LockWait(row, "psql", 6.0), LockWait(row, "clerk", 2.0)] == seen.lock_waits()
    assert seen.others


def test_of_more_kinds_of_waits_than_are_kept_apart_the_rest_counts_as_one() -> None:
    seen = Seen()
    for number in range(WAITS_MOST + 3):
        seen.add("load", Glance({Waiting(f"advisory lock {number}", is_lock=True): 1}), 1.0)

    assert LockWait("others", "", 3.0) == seen.lock_waits()[0]
    assert WAITS_MOST + 1 == len(seen.lock_waits())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hold", "ask", "on"),
    [
        (
            "update accounts set balance = 1 where id = 1",
            "update accounts set balance = 2 where id = 1",
            "a row of accounts",
        ),
        (
            "insert into accounts values (3, 0)",
            "insert into accounts values (3, 1)",
            "a row of accounts",
        ),
        ("lock table others", "insert into others values (1)", "table others"),
        (
            "select pg_advisory_xact_lock(7)",
            "select pg_advisory_xact_lock(7)",
            "advisory lock 7",
        ),
    ],
    ids=["row", "key", "table", "advisory"],
)
def test_a_wait_is_named_with_who_holds_the_lock(
    url: str, hold: str, ask: str, on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "values (3" in ask:  # the holder commits, and the waiter's key is taken
        monkeypatch.setattr(threading, "excepthook", lambda _: None)
    watch = waited(url, hold, ask)
    found = watch.found

    assert [(on, "night clerk")] == [(one.on, one.holder) for one in found.waits]
    assert found.waits[0].seconds > 0
    assert [(on, True)] == [(one.what, one.is_lock) for one in watch.seen.waits("load")]
    assert watch.seen.transaction_s_max["load"] > 0
    assert found.others
    assert not found.failed


@pytest.mark.slow
def test_what_a_sort_spills_is_counted(url: str) -> None:
    with Watch(url, application=OURS) as watch, opened(url, application=OURS) as session:
        session.execute("set work_mem = '64kB'")
        session.query(SORTED)

    assert watch.found.temp_files >= 1
    assert watch.found.temp_bytes > 100_000
    assert "4MB" == watch.found.work_mem
    assert not watch.found.others, "nobody else was at work"


@pytest.mark.slow
def test_a_deadlock_is_counted(url: str) -> None:
    sessions = [connect(url, application=OURS) for _ in range(2)]
    met = threading.Barrier(2)
    refused: list[TransientError] = []

    def cross(session: Session, first: int, second: int) -> None:
        update = "update accounts set balance = 1 where id = :id"
        session.execute("set deadlock_timeout = '10ms'")
        session.begin()
        session.execute(update, id=first)
        met.wait()
        try:
            session.execute(update, id=second)
        except TransientError as error:
            refused.append(error)
        session.close()

    with Watch(url, application=OURS) as watch:
        threads = [
            threading.Thread(target=cross, args=(session, 1 + n, 2 - n))
            for n, session in enumerate(sessions)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert 1 == len(refused)
    assert 1 == watch.found.deadlocks


@pytest.mark.slow
def test_a_file_has_no_server_to_ask_and_one_that_is_gone_costs_nothing(
    url: str, sqlite_url: str
) -> None:
    with Watch(sqlite_url) as on_file:
        pass
    with Watch(url.replace("/test_", "/no_such_")) as nowhere:
        pass

    assert Watched(waits=[]) == on_file.found
    assert "does not exist" in nowhere.found.failed
