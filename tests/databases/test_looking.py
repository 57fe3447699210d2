"""One session for all looks of a thread: shared where nothing is left in it, and nowhere else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from daybreak import Database
from daybreak.connectors.upsert_table import sink_of_table
from daybreak.databases.answering import AnsweringConnection
from daybreak.databases.looking import looking_around
from daybreak.databases.session import LOCK_WAIT_S, opened, transaction
from daybreak.databases.target import DatabaseTarget
from daybreak.errors import SchemaMismatch
from daybreak.ledger.clock import SystemClock
from daybreak.model.ownership import Ownership, Pass
from daybreak.model.ranges import Range
from tests.execution.house import House
from tests.kinds import every_server

server_url = every_server
OF = Pass("load")
PART = Range.of(0, 10)
OWNERSHIP = Ownership("a run", "1", "a ledger", 1, "an owner")
NUMBER = {"postgresql": "select pg_backend_pid() as n", "mysql": "select connection_id() as n"}


def number(url: str, lock_wait_s: float = LOCK_WAIT_S) -> int:
    """Return the server's number of the session that a look is given."""
    with opened(url, lock_wait_s=lock_wait_s) as session:
        return int(session.query(NUMBER[session.dialect])[0].n)


def test_looks_of_a_thread_share_one_session_as_long_as_the_block_lasts(server_url: str) -> None:
    with looking_around():
        first, second = number(server_url), number(server_url)
        with looking_around():
            third = number(server_url)
        fourth = number(server_url)

    assert 1 == len({first, second, third, fourth})
    assert first != number(server_url) != number(server_url)


def test_another_thread_has_a_session_of_its_own(server_url: str) -> None:
    with looking_around(), ThreadPoolExecutor(1) as threads:
        assert number(server_url) != threads.submit(number, server_url).result()


def test_a_look_within_a_look_has_a_session_of_its_own(server_url: str) -> None:
    with looking_around(), opened(server_url) as session:
        session.begin()
        own = session.query(NUMBER[session.dialect])[0].n
        session.rollback()
        assert own != number(server_url)


def test_nothing_that_went_wrong_is_left_to_the_next_look(server_url: str) -> None:
    with looking_around():
        with opened(server_url) as session:
            session.script("create table things (n integer primary key)")
        with pytest.raises(SchemaMismatch), opened(server_url) as session, transaction(session):
            session.execute("insert into things (n) values (1)")
            session.query("select * from nothing")
        with opened(server_url) as session:
            assert not session.in_transaction
            session.begin()  # whoever leaves a transaction open has lost it
            session.execute("insert into things (n) values (2)")
        with opened(server_url) as session:
            assert [] == session.query("select n from things")


def test_a_session_that_was_ended_is_not_lent_again(server_url: str) -> None:
    with looking_around():
        first = number(server_url)
        with opened(server_url) as session:
            session.connection.close()
        assert first != number(server_url)


def test_a_session_of_another_kind_takes_the_place_of_the_one_before(server_url: str) -> None:
    with looking_around():
        first, second = number(server_url), number(server_url, lock_wait_s=1.0)

        assert first != second
        assert second == number(server_url, lock_wait_s=1.0)


def test_a_step_connects_once_to_look_around_before_its_first_chunk(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then there are the writers of its preparation and of its chunks, and the looks at its end."""
    house = House(postgres_url)
    table = Database(postgres_url).table("numbers", key="n", mode="upsert")
    plan = house.plan([{"n": n, "parent": None} for n in range(10)], sink=sink_of_table(table))
    connected: list[str] = []
    connects = AnsweringConnection.connect

    def counted(*address: Any, **options: Any) -> AnsweringConnection:
        is_look = options["application_name"] == "daybreak"
        connected.append("look" if is_look else "writer")
        return connects(*address, **options)

    monkeypatch.setattr(AnsweringConnection, "connect", counted)
    house.attempt(plan)
    house.store.close()

    assert ["look", "writer", "writer"] == connected[:3]
    assert {"look"} == {*connected[3:]}


def test_chunks_are_written_in_a_session_of_their_own(server_url: str) -> None:
    target = DatabaseTarget(server_url, "shop", SystemClock())
    with looking_around():
        target.install()
        target.announce(OWNERSHIP)
        looks = number(server_url)
        with target.writer(OWNERSHIP) as writer:
            writer.begin(OF, PART)
            chunks = writer._owned().query(NUMBER[writer._owned().dialect])[0].n
            assert [] == target.markers(OWNERSHIP.run_key, OF)
            writer.rollback()

    assert looks != chunks
