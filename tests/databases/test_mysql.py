"""MariaDB's traps, each of them shut: what ends a transaction, what is outside of it, what is cut.

MySQL itself was never asked: it is not installed where these tests are run.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from daybreak import Database
from daybreak.connectors.table import TableSink
from daybreak.databases.mysql_guard import refuse_in_transaction
from daybreak.databases.session import Session, opened
from daybreak.databases.target import DatabaseTarget
from daybreak.databases.writer import Writer
from daybreak.errors import (
    DataRefused,
    DaybreakError,
    SchemaMismatch,
    TransactionEnded,
    TransientError,
)
from daybreak.ledger.clock import SystemClock
from tests.databases.test_target import FIRST, PART, STEP, marker, numbers, write


@pytest.fixture
def session(mysql_url: str) -> Iterator[Session]:
    with opened(mysql_url) as found:
        yield found


@pytest.fixture
def target(mysql_url: str, session: Session) -> DatabaseTarget:
    found = DatabaseTarget(mysql_url, "shop", SystemClock())
    found.install()
    session.script("create table numbers (n integer primary key) engine = InnoDB;\n")
    found.announce(FIRST)
    return found


@pytest.fixture
def writer(target: DatabaseTarget) -> Iterator[Writer]:
    with target.writer(FIRST) as found:
        found.begin(STEP, PART)
        write(found, 1)
        yield found


def test_over_a_socket_no_certificate_is_read(
    mysql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens there; reading all those of the machine costs more than all else of it."""
    monkeypatch.setattr(ssl, "create_default_context", pytest.fail)

    with opened(mysql_url) as session:
        assert 1 == session.query("select 1 as number")[0].number


@pytest.mark.parametrize(
    "statement",
    [
        "create table t (n int)",
        "  -- a comment\n TRUNCATE numbers",
        "/* one */ # two\n alter table numbers add m int",
        "/*! commit */",
        "/*M!100100 drop table numbers */",
        "drop table numbers",
        "set autocommit = 1",
        "set @@session.autocommit = 0",
        "lock tables numbers write",
        "rename table numbers to n",
        "start transaction",
        "xa start 'x'",
    ],
)
def test_what_would_end_the_transaction_is_refused(statement: str) -> None:
    with pytest.raises(TransactionEnded, match="would end the transaction"):
        refuse_in_transaction(statement, frozenset())


@pytest.mark.parametrize(
    "statement",
    [
        "create temporary table t (n int)",
        "insert into commit_log values (1)",
        "update numbers set n = 2 -- then commit",
        "select 'drop table numbers'",
        "set @started = 1",
    ],
)
def test_what_ends_nothing_is_not_refused(statement: str) -> None:
    refuse_in_transaction(statement, frozenset({"old"}))


def test_a_procedure_that_commits_is_found_out_before_the_marker_is_completed(
    target: DatabaseTarget, session: Session, writer: Writer
) -> None:
    session.execute("create procedure sly() begin commit; start transaction; end")
    with writer.guarded():
        writer.transaction.execute("call sly()")

    with pytest.raises(TransactionEnded, match="not the one that was begun"):
        writer.commit(STEP, marker())
    writer.rollback()

    with pytest.raises(TransactionEnded, match="without its counts"):
        target.markers("key", STEP)


def test_a_table_outside_of_transactions_is_no_target(
    mysql_url: str, session: Session, target: DatabaseTarget
) -> None:
    session.script("create table old (n integer primary key) engine = MyISAM;\n")

    with pytest.raises(SchemaMismatch, match="kept by MyISAM, which knows no transactions"):
        TableSink(Database(mysql_url).table("old", key="n")).preflight()
    with target.writer(FIRST) as writer:
        writer.begin(STEP, PART)
        with writer.guarded(), pytest.raises(TransactionEnded, match="takes no part"):
            writer.transaction.execute("insert into Old values (1)")


def test_a_deadlock_that_a_function_swallows_leaves_nothing_and_passes(
    target: DatabaseTarget, session: Session, writer: Writer
) -> None:
    """The server has rolled back: what follows would commit alone, statement by statement."""
    session.script("insert into numbers values (100), (200);\n")
    session.begin()
    session.executemany("insert into numbers values (:n)", [{"n": n} for n in range(300, 400)])
    session.execute("update numbers set n = 101 where n = 100")
    with writer.guarded():
        writer.transaction.execute("update numbers set n = 201 where n = 200")
        other = threading.Thread(
            target=session.execute, args=("update numbers set n = 202 where n = 200",)
        )
        other.start()
        with suppress(DaybreakError):  # it wrote less, so that it is the one to give way
            writer.transaction.execute("update numbers set n = 102 where n = 100")
        other.join()
        with pytest.raises(TransientError, match="Deadlock"):
            write(writer, 2)
    with pytest.raises(TransientError, match="Deadlock"):
        writer.commit(STEP, marker())
    writer.rollback()
    session.rollback()

    assert 2 == numbers(target)
    assert writer.begin(STEP, PART)


@pytest.mark.slow
def test_a_row_that_no_packet_holds_costs_one_record(session: Session) -> None:
    """The server would end the connection, as if it were a moment's trouble, again and again."""
    session.script("create table texts (n integer primary key, text longtext);\n")
    limit = session.query("select @@max_allowed_packet as bytes")[0].bytes

    with pytest.raises(DataRefused, match="max_allowed_packet") as refused:
        session.copy("texts", [(1, "short"), (2, "x" * limit)], ["n", "text"])

    assert "value" == refused.value.rule
    assert 1 == session.copy("texts", [(3, "x" * (limit // 2))], ["n", "text"])


def test_the_session_is_strict_whatever_the_server_is(session: Session) -> None:
    """The tests' server is not: REPEATABLE READ, no sql_mode, latin1."""
    session.script("create table texts (n integer primary key, t varchar(5)) charset = utf8mb4;\n")

    with pytest.raises(DataRefused, match="too long"):
        session.execute("insert into texts values (1, 'too long')")
    text = "\N{CUCUMBER}\\'\""
    session.execute("insert into texts values (:n, :text)", n=2, text=text)
    found = session.query('select t, @@tx_isolation as level from texts where "t" = :t', t=text)

    assert (text, "READ-COMMITTED") == (found[0].t, found[0].level)


def test_half_a_character_is_refused_before_it_is_sent(session: Session) -> None:
    session.script("create table texts (t longtext) charset = utf8mb4;\n")

    with pytest.raises(DataRefused, match="cannot hold the text"):
        session.execute("insert into texts values (:text)", text="\udcff")


@pytest.mark.parametrize("several", [["a"], ["a", "b"], [], ("a",), {"a"}, {"a": 1}], ids=repr)
def test_several_values_are_not_written_as_one(session: Session, several: object) -> None:
    """The driver would spell `('a')`, and a text of one letter would be written."""
    session.script("create table texts (n integer primary key, t text) engine = InnoDB;\n")
    with pytest.raises(DataRefused) as refused:
        session.copy("texts", [(1, "a"), (2, several)], ["n", "t"])

    assert 1 == refused.value.row
