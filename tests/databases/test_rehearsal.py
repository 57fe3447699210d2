"""A rehearsal's transaction: sessions inside it behave like sessions, and nothing is committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from daybreak.databases.rehearsal import RehearsalTransaction
from daybreak.databases.session import Session, opened
from daybreak.errors import (
    DataRefused,
    SchemaMismatch,
    SinkError,
    TransactionEnded,
    TransientError,
)

TABLES = """
create table numbers (n integer primary key);
create table late (
  n integer primary key, of integer references numbers (n) deferrable initially deferred
);
"""
IMMEDIATE = """
create table now (n integer unique deferrable initially immediate);
"""


@pytest.fixture
def transaction(database_url: str) -> Iterator[RehearsalTransaction]:
    with opened(database_url) as session:
        session.script(TABLES)
    transaction = RehearsalTransaction(database_url, wait_s=1)
    yield transaction
    transaction.rollback()


@pytest.fixture
def on_server(postgres_url: str) -> Iterator[RehearsalTransaction]:
    with opened(postgres_url) as session:
        session.script(TABLES + IMMEDIATE)
    transaction = RehearsalTransaction(postgres_url, wait_s=1)
    yield transaction
    transaction.rollback()


def insert(session: Session, number: int, table: str = "numbers") -> None:
    session.execute(f"insert into {table} (n) values (:n)", n=number)  # noqa: S608 - ours


def numbers(session: Session) -> list[int]:
    return [row.n for row in session.query("select n from numbers order by n")]


def test_what_one_session_commits_another_sees_and_nobody_else(
    transaction: RehearsalTransaction,
) -> None:
    with closing(transaction.opens(transaction.url)) as one:
        one.begin()
        insert(one, 1)
        one.commit()
    with closing(transaction.opens(transaction.url)) as other:
        assert [1] == numbers(other)
    with opened(transaction.url) as stranger:
        assert [] == numbers(stranger)

    transaction.rollback()
    with opened(transaction.url) as stranger:
        assert [] == numbers(stranger)


def test_a_chunk_that_is_rolled_back_takes_nothing_else_along(
    transaction: RehearsalTransaction,
) -> None:
    session = transaction.opens(transaction.url)
    session.begin()
    insert(session, 1)
    session.commit()
    session.begin()
    insert(session, 2)
    session.rollback()
    session.begin()
    insert(session, 3)
    session.close()  # as a worker that leaves in the middle

    assert [1] == numbers(session)


def test_a_refused_query_outside_a_chunk_spoils_nothing(transaction: RehearsalTransaction) -> None:
    session = transaction.opens(transaction.url)
    session.begin()
    insert(session, 1)
    session.commit()
    with pytest.raises(SchemaMismatch):
        transaction.opens(transaction.url).query("select * from not_there")

    assert [1] == numbers(session)


def test_what_commit_would_refuse_is_refused_and_the_next_chunk_is_not(
    transaction: RehearsalTransaction,
) -> None:
    session = transaction.opens(transaction.url)
    session.begin()
    session.execute("insert into late (n, of) values (1, 7)")
    with pytest.raises(DataRefused):
        session.commit()
    session.rollback()
    session.begin()
    session.execute("insert into late (n, of) values (2, 8)")
    insert(session, 8)
    session.commit()

    assert [8] == numbers(session)


def test_rows_that_hung_in_the_air_before_are_not_this_rehearsals(sqlite_url: str) -> None:
    with opened(sqlite_url) as session:
        session.script(TABLES)
        session.execute("pragma foreign_keys = off")
        session.execute("insert into late (n, of) values (1, 7)")
    transaction = RehearsalTransaction(sqlite_url, wait_s=1)
    session = transaction.opens(sqlite_url)
    session.begin()
    insert(session, 1)
    session.commit()
    transaction.rollback()


def test_constraints_are_as_immediate_in_the_second_chunk_as_in_the_first(
    on_server: RehearsalTransaction,
) -> None:
    session = on_server.opens(on_server.url)
    for number in (1, 2):
        session.begin()
        insert(session, number, "now")
        with pytest.raises(DataRefused):
            insert(session, number, "now")
        session.rollback()
        session.begin()
        insert(session, number, "now")
        session.commit()


def test_a_sealed_transaction_cannot_be_committed_by_anybody(
    on_server: RehearsalTransaction,
) -> None:
    session = on_server.opens(on_server.url)
    session.begin()
    insert(session, 1)
    session.commit()
    session.begin()
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        session.connection.execute("commit")
    session.rollback()

    with pytest.raises(TransactionEnded, match="refuses its COMMIT"):
        session.begin()
    with opened(on_server.url) as stranger:
        assert [] == numbers(stranger)
        assert not stranger.query("select 1 from pg_class where relname like 'daybreak_seal%'")


def test_a_transaction_that_was_ended_is_never_begun_again(
    transaction: RehearsalTransaction,
) -> None:
    session = transaction.opens(transaction.url)
    session.begin()
    insert(session, 1)
    session.connection.execute("rollback")
    session.rollback()

    with pytest.raises(TransactionEnded):
        session.begin()
    assert [] == numbers(session)


def test_a_lost_connection_is_the_end_and_no_reason_to_try_again(
    on_server: RehearsalTransaction, postgres_admin: psycopg.Connection
) -> None:
    session = on_server.opens(on_server.url)
    session.begin()
    insert(session, 1)
    pid = session.connection.info.backend_pid
    postgres_admin.execute("select pg_terminate_backend(%s)", [pid])

    with pytest.raises(SinkError, match="lost its transaction") as lost:
        insert(session, 2)
    assert not isinstance(lost.value, TransientError)


@pytest.mark.slow
def test_what_could_not_be_done_now_is_tried_again_in_the_same_transaction(
    on_server: RehearsalTransaction,
) -> None:
    """As in a run: the chunk waits for somebody's lock in vain, and is begun again."""
    session = on_server.opens(on_server.url)
    session.begin()
    insert(session, 1)
    session.commit()
    with opened(on_server.url) as other:
        other.begin()
        insert(other, 2)
        session.begin()
        with pytest.raises(TransientError):
            insert(session, 2)
        session.rollback()
        other.rollback()
    session.begin()
    insert(session, 2)
    session.commit()

    assert [1, 2] == numbers(session)


def test_no_file_appears_beside_a_sqlite_file(sqlite_url: str) -> None:
    """A kill in the middle could not leave one."""
    with opened(sqlite_url) as session:
        session.script(TABLES)
    transaction = RehearsalTransaction(sqlite_url, wait_s=1)
    session = transaction.opens(sqlite_url)
    session.begin()
    insert(session, 1)
    file = session.query("pragma database_list")[0].file

    assert [] == _journals(file)
    transaction.rollback()


def _journals(file: str) -> list[str]:
    return [path.name for path in Path(file).parent.glob("*-journal") if path.stat().st_size]
