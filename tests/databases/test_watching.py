"""What a database's sessions wait for and spill, as a session beside them sees it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from daybreak.databases.session import Session, connect, opened, transaction
from daybreak.databases.watching import Watch, Watched
from daybreak.errors import TransientError

pytestmark = pytest.mark.slow

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


def waited(url: str, hold: str, ask: str) -> Watched:
    """Let a session of ours wait for another until that was seen; return what was."""
    with Watch(url, application=OURS) as watch, opened(url, application=OURS) as session:

        def wait() -> None:
            with transaction(session):
                session.execute(ask)

        waiter = threading.Thread(target=wait)
        with holding(url, hold) as holder:
            waiter.start()
            while not watch.waits:
                holder.query("select pg_sleep(0.01)")
        waiter.join()
    return watch.found


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
            "a row or key of accounts",
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
    found = waited(url, hold, ask)

    assert [(on, "night clerk")] == [(one.on, one.holder) for one in found.waits]
    assert found.waits[0].seconds > 0
    assert found.others
    assert not found.failed


def test_what_a_sort_spills_is_counted(url: str) -> None:
    with Watch(url, application=OURS) as watch, opened(url, application=OURS) as session:
        session.execute("set work_mem = '64kB'")
        session.query(SORTED)

    assert watch.found.temp_files >= 1
    assert watch.found.temp_bytes > 100_000
    assert "4MB" == watch.found.work_mem
    assert not watch.found.others, "nobody else was at work"


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


def test_a_file_has_no_server_to_ask_and_one_that_is_gone_costs_nothing(
    url: str, sqlite_url: str
) -> None:
    with Watch(sqlite_url) as on_file:
        pass
    with Watch(url.replace("/test_", "/no_such_")) as nowhere:
        pass

    assert Watched() == on_file.found
    assert "does not exist" in nowhere.found.failed
