"""What is waited for in a database is seen from outside, and named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from daybreak.databases.session import Session, connect
from daybreak.databases.turns import turn_of
from daybreak.databases.waits import Cause, Glance, looking_at

LOOKS_MAX = 10_000
SCHEMA = """
create table accounts (id integer primary key, cents bigint not null);
insert into accounts (id, cents) values (1, 0);
"""


@pytest.fixture
def workers(postgres_url: str) -> Iterator[list[Session]]:
    """Give three sessions that look like those of chunk workers."""
    with ExitStack() as stack:
        first = stack.enter_context(closing(connect(postgres_url)))
        first.script(SCHEMA)
        yield [
            stack.enter_context(closing(connect(postgres_url, application="daybreak:key:1")))
            for _ in range(3)
        ]


def seen(url: str, enough: Callable[[Glance], bool]) -> Glance:
    """Look until enough is seen."""
    with looking_at(url) as look:
        assert look is not None
        for _ in range(LOOKS_MAX):
            glance = look(1.0)
            if enough(glance):
                return glance
    raise AssertionError(f"not seen: {glance}")


def waiting_for(
    workers: list[Session], url: str, first: str, then: str, *, waiters: int = 1
) -> Glance:
    """Have workers wait for the first of them, and look."""
    holder, *others = workers
    holder.begin()
    holder.execute(first)
    with ThreadPoolExecutor() as pool:
        for other in others[:waiters]:
            other.begin()
            pool.submit(other.execute, then)
        try:
            return seen(url, lambda glance: sum(glance.waiting.values()) >= waiters)
        finally:
            holder.rollback()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "then", "what"),
    [
        pytest.param(
            "update accounts set cents = 1 where id = 1",
            "update accounts set cents = 2 where id = 1",
            "the lock on a row of accounts",
            id="row",
        ),
        pytest.param(
            "insert into accounts (id, cents) values (2, 0)",
            "insert into accounts (id, cents) values (2, 1)",
            "the lock on a row of accounts",
            id="key",
        ),
        pytest.param(
            "lock table accounts in share mode",
            "update accounts set cents = 2 where id = 1",
            "the lock on the table accounts",
            id="table",
        ),
        pytest.param(
            "select pg_advisory_xact_lock(7)",
            "select pg_advisory_xact_lock(7)",
            "the lock on a number of the job's own (advisory)",
            id="advisory",
        ),
    ],
)
def test_a_lock_is_named(
    workers: list[Session], postgres_url: str, first: str, then: str, what: str
) -> None:
    glance = waiting_for(workers, postgres_url, first, then)

    assert {Cause(what, is_lock=True): 1.0} == glance.waiting
    assert glance.transaction_s > 0


@pytest.mark.slow
def test_those_behind_the_first_wait_for_the_same(
    workers: list[Session], postgres_url: str
) -> None:
    update = "update accounts set cents = 1 where id = 1"
    glance = waiting_for(workers, postgres_url, update, update, waiters=2)

    assert {Cause("the lock on a row of accounts", is_lock=True): 2.0} == glance.waiting


@pytest.mark.slow
def test_whoever_is_no_worker_is_not_looked_at(workers: list[Session], postgres_url: str) -> None:
    assert 3 == len(workers)
    with closing(connect(postgres_url)) as other, looking_at(postgres_url) as look:
        other.begin()
        other.execute("select 1")
        assert look is not None
        assert Glance({}, 0.0) == look(1.0)


def test_the_turn_at_a_file_knows_how_long_it_was_waited_for(
    request: pytest.FixtureRequest,
) -> None:
    url = f"sqlite:///{request.node.name}.db"
    turn = turn_of(url)
    with ThreadPoolExecutor() as pool, looking_at(url) as look:
        assert look is not None
        turn.acquire()
        waiting = pool.submit(turn.acquire)
        turn.release()
        waiting.result()
        glance = look(1.0)
        turn.release()

    (cause,) = glance.waiting
    assert cause == Cause("the one writer that its database has", is_lock=True)
    assert 0 < glance.waiting[cause]
