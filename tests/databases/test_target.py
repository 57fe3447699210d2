"""A target under its protocol, the same on every database: fence, announce, close, marker."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from daybreak.databases.session import opened
from daybreak.databases.target import DatabaseTarget
from daybreak.databases.writer import Writer
from daybreak.errors import (
    DataRefused,
    DaybreakError,
    ForeignLedger,
    LeaseLost,
    LedgerBehind,
    TransactionEnded,
    TransientError,
)
from daybreak.ledger.clock import SystemClock
from daybreak.model.chunk import Marker, SetAside
from daybreak.model.fate import Counts
from daybreak.model.ownership import Ownership, Pass
from daybreak.model.ranges import Range
from tests.kinds import every_kind, every_server, on_its_connection

database_url = every_kind
server_url = every_server
pytestmark = pytest.mark.slow_on_duckdb

FIRST = Ownership("key", "1", "ledger-a", 1, "host a, pid 1")
SECOND = replace(FIRST, epoch=2, owner="host b, pid 2")
STEP = Pass("load")
PART = Range.of(0, 10)


def marker(part: Range = PART, epoch: int = 1, counts: Counts | None = None) -> Marker:
    counts = counts or Counts(read=10, passed=10, written=10)
    return Marker(part, epoch, counts, 100, "abc", 0.5, datetime(2026, 1, 2, tzinfo=UTC))


@pytest.fixture
def target(database_url: str) -> DatabaseTarget:
    found = DatabaseTarget(database_url, "shop", SystemClock())
    found.install()
    with opened(database_url) as session:
        session.script("create table numbers (n integer primary key)")
    return found


@pytest.fixture
def writer(target: DatabaseTarget) -> Iterator[Writer]:
    target.announce(FIRST)
    with target.writer(FIRST) as found:
        yield found


def numbers(target: DatabaseTarget) -> int:
    return target.count("select count(*) from numbers")


def write(writer: Writer, number: int) -> None:
    with writer.guarded():
        writer.transaction.execute("insert into numbers values (:n)", n=number)


def test_installing_twice_changes_nothing(target: DatabaseTarget) -> None:
    target.install()

    assert [] == target.markers("key", STEP)


def test_data_marker_and_quarantine_commit_together(target: DatabaseTarget, writer: Writer) -> None:
    aside = SetAside(3, "file:4", "check", "too old", {"age": 200}, b"\xff\x00raw")
    counts = Counts(read=10, passed=9, quarantined=1, written=9)

    assert writer.begin(STEP, PART)
    write(writer, 1)
    assert 1 == writer.quarantine(STEP, PART, [aside])
    assert [] == target.markers("key", STEP) or target.url.startswith("sqlite")
    writer.commit(STEP, marker(counts=counts))

    assert [marker(counts=counts)] == target.markers("key", STEP)
    assert 1 == numbers(target)
    assert 1 == target.set_aside("key", STEP)
    kept = target.quarantine_list("key", "load")[0]
    assert (b"\xff\x00raw", "too old", '{"age": 200}') == (
        bytes(kept.raw),
        kept.reason,
        kept.details,
    )


def test_a_rollback_leaves_neither_data_nor_marker(target: DatabaseTarget, writer: Writer) -> None:
    writer.begin(STEP, PART)
    write(writer, 1)
    writer.rollback()

    assert [] == target.markers("key", STEP)
    assert 0 == numbers(target)


def test_a_range_is_marked_once(target: DatabaseTarget, writer: Writer) -> None:
    writer.begin(STEP, PART)
    writer.commit(STEP, marker())

    assert not writer.begin(STEP, PART)
    assert marker() == writer.stored(STEP, PART)


def test_a_pass_has_markers_of_its_own(target: DatabaseTarget, writer: Writer) -> None:
    for number in (1, 2):
        assert writer.begin(Pass("load", number), PART)
        writer.commit(Pass("load", number), marker())

    assert 1 == len(target.markers("key", Pass("load", 2)))


def test_nobody_writes_before_the_epoch_is_announced(target: DatabaseTarget) -> None:
    with target.writer(FIRST) as writer, pytest.raises(LeaseLost):
        writer.begin(STEP, PART)


def test_an_announced_epoch_fences_off_the_older_one(
    target: DatabaseTarget, writer: Writer
) -> None:
    target.announce(SECOND)

    with pytest.raises(LeaseLost, match="another owner"):
        writer.begin(STEP, PART)


def test_a_closed_epoch_is_fenced_off(target: DatabaseTarget, writer: Writer) -> None:
    target.announce(SECOND)
    target.close_older(SECOND)

    with pytest.raises(LeaseLost):
        writer.begin(STEP, PART)


def test_announcing_does_not_wait_but_closing_waits_for_a_chunk_in_flight(
    server_url: str,
) -> None:
    """On a server; SQLite's one writer makes everybody wait."""
    target = DatabaseTarget(server_url, "shop", SystemClock())
    target.install()
    target.announce(FIRST)
    closed = threading.Event()

    def close() -> None:
        target.close_older(SECOND)
        closed.set()

    with target.writer(FIRST) as writer:
        writer.begin(STEP, PART)
        target.announce(SECOND)
        closing = threading.Thread(target=close)
        closing.start()
        waited = not closed.wait(0.2)
        writer.commit(STEP, marker())
        closing.join()

    assert waited
    assert [marker()] == target.markers("key", STEP)


@pytest.mark.slow
def test_the_session_of_a_stuck_owner_is_ended(server_url: str) -> None:
    target = DatabaseTarget(server_url, "shop", SystemClock())
    target.install()
    target.announce(FIRST)
    with target.writer(FIRST) as writer:
        writer.begin(STEP, PART)
        target.announce(SECOND)
        replace(target, lock_wait_s=0.2).close_older(SECOND)

        with pytest.raises(DaybreakError):
            writer.commit(STEP, marker())

    assert [] == target.markers("key", STEP)


@pytest.mark.slow
def test_a_stuck_owner_of_a_sqlite_file_is_said(sqlite_url: str) -> None:
    target = DatabaseTarget(sqlite_url, "shop", SystemClock())
    target.install()
    target.announce(FIRST)
    target.announce(SECOND)
    with opened(sqlite_url) as stuck:
        stuck.begin()

        said = f"database is locked; it is locked by this process itself, {os.getpid()}"
        with pytest.raises(TransientError, match=said):
            replace(target, lock_wait_s=0.1).close_older(SECOND)


def test_another_ledger_is_refused(target: DatabaseTarget) -> None:
    target.announce(FIRST)

    with pytest.raises(ForeignLedger, match="ledger-a"):
        target.announce(replace(SECOND, ledger_id="ledger-b"))


@pytest.mark.parametrize(
    "older",
    [
        pytest.param(FIRST, id="a lower epoch"),
        pytest.param(replace(SECOND, owner="host c, pid 3"), id="the same epoch, another owner"),
    ],
)
def test_an_older_copy_of_the_ledger_is_refused(target: DatabaseTarget, older: Ownership) -> None:
    target.announce(SECOND)

    with pytest.raises(LedgerBehind, match="older copy"):
        target.announce(older)


def test_announcing_again_by_the_same_owner_changes_nothing(target: DatabaseTarget) -> None:
    target.announce(FIRST)
    target.announce(FIRST)

    with target.writer(FIRST) as writer:
        writer.begin(STEP, PART)


def test_a_savepoint_undoes_what_happened_inside_only(
    target: DatabaseTarget, writer: Writer
) -> None:
    writer.begin(STEP, PART)
    write(writer, 1)
    with pytest.raises(DataRefused), writer.savepoint():
        write(writer, 2)
        write(writer, 1)
    write(writer, 3)
    writer.commit(STEP, marker())

    assert 2 == numbers(target)


@pytest.mark.parametrize("statement", ["commit", "rollback"])
def test_a_function_that_ends_the_transaction_is_stopped(
    target: DatabaseTarget, writer: Writer, statement: str
) -> None:
    writer.begin(STEP, PART)

    with pytest.raises(TransactionEnded):
        with writer.guarded():
            writer.transaction.execute(statement)
        writer.commit(STEP, marker())


def test_a_cached_commit_does_not_slip_through_on_sqlite(sqlite_url: str) -> None:
    """A statement that was prepared before the function got the transaction is refused too."""
    target = DatabaseTarget(sqlite_url, "shop", SystemClock())
    target.install()
    target.announce(FIRST)
    with target.writer(FIRST) as writer:
        for part in (Range.of(0, 1), Range.of(1, 2), Range.of(2, 3)):
            writer.begin(STEP, part)
            writer.commit(STEP, marker(part))
        writer.begin(STEP, PART)

        with writer.guarded(), pytest.raises(TransactionEnded):
            writer.transaction.execute("commit")


def test_a_marker_without_counts_is_refused_by_the_next_owner(
    target: DatabaseTarget, writer: Writer
) -> None:
    """A COMMIT that somebody else sent made the marker durable before its counts were."""
    writer.begin(STEP, PART)
    assert writer._session is not None
    on_its_connection(writer._session, "commit")
    writer.rollback()

    with pytest.raises(TransactionEnded, match="without its counts"):
        target.markers("key", STEP)


def test_a_transaction_that_was_kept_is_refused_after_the_chunk(
    target: DatabaseTarget, writer: Writer
) -> None:
    writer.begin(STEP, PART)
    kept = writer.transaction
    writer.rollback()

    with pytest.raises(TransactionEnded, match="has ended"):
        kept.execute("select 1")


def test_a_second_try_waits_at_the_marker_for_the_first(server_url: str) -> None:
    """Two writers of one epoch: the second does none of the work and finds the marker."""
    target = DatabaseTarget(server_url, "shop", SystemClock())
    target.install()
    target.announce(FIRST)
    seen: list[bool] = []
    with target.writer(FIRST) as first, target.writer(FIRST) as second:
        first.begin(STEP, PART)
        waiting = threading.Thread(target=lambda: seen.append(second.begin(STEP, PART)))
        waiting.start()
        waiting.join(0.2)
        waited = waiting.is_alive()
        first.commit(STEP, marker())
        waiting.join()

    assert waited
    assert [False] == seen


def test_a_function_that_goes_on_after_a_trigger_rolled_back_is_refused(sqlite_url: str) -> None:
    """RAISE(ROLLBACK) ends the transaction at once: the next statement would commit alone."""
    target = DatabaseTarget(sqlite_url, "shop", SystemClock())
    target.install()
    target.announce(FIRST)
    with opened(sqlite_url) as session:
        session.script("create table numbers (n integer primary key)")
        session.connection.execute(
            "create trigger no_seven before insert on numbers when new.n = 7"
            " begin select raise(rollback, 'seven'); end"
        )
    with target.writer(FIRST) as writer:
        writer.begin(STEP, PART)
        write(writer, 1)
        with pytest.raises(DataRefused, match="seven"):
            write(writer, 7)

        with pytest.raises(TransactionEnded, match="something in it ended it"):
            write(writer, 8)

    assert 0 == numbers(target)
