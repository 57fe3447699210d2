"""What is waited for in a database is seen from outside, and named."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from daybreak.databases.session import Session, connect
from daybreak.databases.turns import turn_of
from daybreak.databases.waits import Waiting, _waiting, looking_at
from daybreak.model.row import Row

LOOKS_MAX = 10_000
WORKER = "daybreak:key:1"
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
            stack.enter_context(closing(connect(postgres_url, application=WORKER)))
            for _ in range(3)
        ]


@pytest.mark.slow
def test_those_behind_the_first_wait_for_the_same_and_are_known_by_one_another(
    workers: list[Session], postgres_url: str
) -> None:
    update = "update accounts set cents = 1 where id = 1"
    looks = looking_at(postgres_url)
    assert looks is not None
    with closing(looks), ThreadPoolExecutor() as pool:
        workers[0].begin()
        workers[0].execute(update)
        for session in workers[1:]:
            pool.submit(session.execute, update)
        glances = (looks.glance(1.0) for _ in range(LOOKS_MAX))
        try:
            found = next(one for one in glances if sum(one.waiting.values()) == len(workers) - 1)
        finally:
            workers[0].rollback()

    row = Waiting("a row of accounts", is_lock=True, holder=WORKER)
    assert {row: 2} == found.waiting
    assert found.transaction_s > 0
    assert not found.others


@pytest.mark.slow
def test_who_only_reads_is_in_nobodys_way(workers: list[Session], postgres_url: str) -> None:
    looks, of_workers = looking_at(postgres_url), looking_at(postgres_url, WORKER)
    assert looks is not None
    assert of_workers is not None
    with closing(looks), closing(of_workers), closing(connect(postgres_url)) as other:
        other.begin()
        other.execute("select 1")
        everybody, ours = looks.glance(1.0), of_workers.glance(1.0)

    assert ({}, 0.0, False) == (everybody.waiting, everybody.transaction_s, everybody.others)
    assert everybody.watched > ours.watched == len(workers)
    assert ours.others, "a transaction of somebody else is open"


def test_what_is_known_of_a_wait_is_put_into_words() -> None:
    """Who waited may have its lock a moment later: then nothing is known but the kind."""

    def said(kind: str, event: str, **lock: object) -> Waiting | None:
        row: dict[str, object] = {"relation": None, "number": None, "holder": ""}
        row |= {"kind": kind, "event": event, **lock}
        return _waiting(Row(list(row), list(row.values())))

    def locked(what: str) -> Waiting:
        return Waiting(what, is_lock=True)

    assert locked("a row of a") == said("Lock", "tuple", relation="a")
    assert locked("a row of a") == said("Lock", "transactionid", relation="a")
    assert locked("a row") == said("Lock", "transactionid")
    assert locked("table a") == said("Lock", "relation", relation="a")
    assert locked("advisory lock 7") == said("Lock", "advisory", number=7)
    assert locked("the end of the file of a") == said("Lock", "extend", relation="a")
    assert locked("virtualxid") == said("Lock", "virtualxid")
    assert locked("an advisory lock") == said("Lock", "advisory")
    assert Waiting("the write-ahead log") == said("IO", "WALSync")
    assert Waiting("the server's disk (DataFileRead)") == said("IO", "DataFileRead")
    assert Waiting("an inner lock of the server (BufferContent)") == said("LWLock", "BufferContent")
    assert said("Client", "ClientRead") is None


def test_the_turn_at_a_file_knows_how_long_it_was_waited_for(
    request: pytest.FixtureRequest,
) -> None:
    url = f"sqlite:///{request.node.name}.db"
    turn, looks = turn_of(url), looking_at(url)
    assert looks is not None
    with ThreadPoolExecutor() as pool:
        turn.acquire()
        waiting = pool.submit(turn.acquire)
        turn.release()
        waiting.result()
        glance = looks.glance(1.0)
        turn.release()

    (cause,) = glance.waiting
    assert cause == Waiting("the one writer that its database has", is_lock=True, holder=None)
    assert 0 < glance.waiting[cause]
