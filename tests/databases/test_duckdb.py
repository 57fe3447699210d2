"""DuckDB: one process, one writer at a time, and savepoints that are written once more."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from daybreak.databases.session import opened
from daybreak.databases.target import DatabaseTarget
from daybreak.databases.writer import Writer
from daybreak.errors import (
    DatabaseBusy,
    DataRefused,
    DefinitionError,
    LeaseLost,
    TransactionEnded,
    TransientError,
)
from daybreak.ledger.clock import SystemClock
from daybreak.model.ranges import Range
from tests.databases.test_target import FIRST, PART, SECOND, STEP, marker, numbers, write

HOLDER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def target(duckdb_url: str) -> DatabaseTarget:
    found = DatabaseTarget(duckdb_url, "shop", SystemClock())
    found.install()
    with opened(duckdb_url) as session:
        session.script("create table numbers (n integer primary key)")
    found.announce(FIRST)
    return found


@pytest.fixture
def writer(target: DatabaseTarget) -> Iterator[Writer]:
    with target.writer(FIRST) as found:
        found.begin(STEP, PART)
        write(found, 1)
        yield found


@pytest.mark.slow
def test_another_process_that_has_the_file_is_named(
    duckdb_url: str, target: DatabaseTarget
) -> None:
    file = duckdb_url.removeprefix("duckdb:///")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(DatabaseBusy, match=f"process {holder.pid} has "):
            target.markers("key", STEP)
        holder.stdin.close()


def test_writers_of_one_process_take_turns(target: DatabaseTarget, writer: Writer) -> None:
    begun = threading.Event()

    def second() -> None:
        with target.writer(FIRST) as other:
            other.begin(STEP, Range.of(10, 20))
            begun.set()

    waiting = threading.Thread(target=second)
    waiting.start()
    waited = not begun.wait(0.2)
    writer.commit(STEP, marker())
    waiting.join()

    assert waited
    assert begun.is_set()


def test_an_epoch_is_not_closed_under_a_chunk_in_flight(
    target: DatabaseTarget, writer: Writer
) -> None:
    """Here a chunk that read its epoch would not hinder whoever closes it: both would commit."""
    target.announce(SECOND)
    with pytest.raises(TransientError, match="Conflict"):
        target.close_older(SECOND)
    writer.commit(STEP, marker())
    target.close_older(SECOND)

    assert [marker()] == target.markers("key", STEP)
    with pytest.raises(LeaseLost):
        writer.begin(STEP, Range.of(10, 20))


def test_what_was_written_before_a_savepoint_is_written_once_more(
    target: DatabaseTarget, writer: Writer
) -> None:
    with writer.guarded():
        writer.transaction.copy("numbers", [(2,), (3,)], columns=["n"])
        writer.transaction.query("insert into numbers values (4) returning n")
        writer.transaction.query("with one as (select 5 as n) select n from one")
    for _ in range(2):
        with pytest.raises(DataRefused, match="duplicate key …"), writer.savepoint():
            write(writer, 6)
            write(writer, 1)
    with writer.savepoint():
        write(writer, 7)
    writer.commit(STEP, marker())

    assert 5 == numbers(target)


def test_a_chunk_that_cannot_be_written_as_before_is_tried_again_as_a_whole(
    target: DatabaseTarget, writer: Writer
) -> None:
    """Somebody else took the run over meanwhile: the fence says so to the next try."""
    with pytest.raises(TransientError, match="could not be written again"), writer.savepoint():
        with pytest.raises(DataRefused):
            write(writer, 1)
        session = writer._session
        assert session is not None
        session.connection.execute("rollback")
        target.announce(SECOND)
        target.close_older(SECOND)
        raise DataRefused("the record is bad")
    writer.rollback()

    with pytest.raises(LeaseLost):
        writer.begin(STEP, PART)
    assert 0 == numbers(target)


def test_a_function_gets_no_connection_whose_work_could_not_be_repeated(writer: Writer) -> None:
    with pytest.raises(DefinitionError, match="gets no connection of DuckDB"):
        _ = writer.transaction.connection


@pytest.mark.parametrize("statement", ["checkpoint", "attach ':memory:' as other", "begin"])
def test_what_would_leave_the_transaction_is_refused(writer: Writer, statement: str) -> None:
    with pytest.raises(TransactionEnded), writer.guarded():
        writer.transaction.execute(statement)


def test_an_error_that_a_function_swallows_is_noticed(writer: Writer) -> None:
    with pytest.raises(TransactionEnded, match="aborted"), writer.guarded():
        with pytest.raises(DataRefused):
            writer.transaction.execute("insert into numbers values (1)")
        writer.transaction.execute("insert into numbers values (2)")
