"""A chunk's COMMIT is believed only if it was answered, or its marker can be seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from daybreak.databases.session import Session, opened
from daybreak.databases.statement import load
from daybreak.databases.target import DatabaseTarget
from daybreak.databases.writer import Writer
from daybreak.errors import TransactionEnded, TransientError
from daybreak.ledger.clock import SystemClock
from tests.databases.test_target import FIRST, PART, STEP, marker, write
from tests.kinds import every_kind, every_server, on_its_connection

database_url = every_kind
server_url = every_server


@pytest.fixture
def target(database_url: str) -> DatabaseTarget:
    found = DatabaseTarget(database_url, "shop", SystemClock())
    found.install()
    with opened(database_url) as session:
        session.script("create table numbers (n integer primary key)")
    found.announce(FIRST)
    return found


@pytest.fixture
def writer(target: DatabaseTarget) -> Iterator[Writer]:
    """Give a writer with a chunk that is written, but not committed."""
    with target.writer(FIRST) as found:
        found.begin(STEP, PART)
        write(found, 1)
        yield found


def session_of(writer: Writer) -> Session:
    session = writer._session
    assert session is not None
    return session


def lose_answer(writer: Writer, monkeypatch: pytest.MonkeyPatch, *, was_committed: bool) -> None:
    """Cut the session's COMMIT off, behind or before what the database does."""
    session = session_of(writer)
    commit_with = session.commit_with

    def cut_off(sql: str, **bind: object) -> bool:
        if was_committed:
            commit_with(sql, **bind)
        raise TransientError("no answer")

    monkeypatch.setattr(session, "commit_with", cut_off)


def test_a_commit_whose_answer_was_lost_is_found_by_its_marker(
    target: DatabaseTarget, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_answer(writer, monkeypatch, was_committed=True)

    writer.commit(STEP, marker())

    assert [marker()] == target.markers("key", STEP)


def test_a_commit_that_never_arrived_is_not_believed(
    target: DatabaseTarget, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_answer(writer, monkeypatch, was_committed=False)

    with pytest.raises(TransientError):
        writer.commit(STEP, marker())

    assert [] == target.markers("key", STEP)
    assert 0 == target.count("select count(*) from numbers")


def test_a_session_that_the_server_ended_before_commit_has_not_committed(server_url: str) -> None:
    target = DatabaseTarget(server_url, "shop", SystemClock())
    target.install()
    target.announce(FIRST)
    with target.writer(FIRST) as writer:
        writer.begin(STEP, PART)
        pid = session_of(writer).backend_pid  # type: ignore[attr-defined]
        with opened(server_url) as other:
            other.query(load(other.dialect, "session_end"), pid=pid)
            while other.query(load(other.dialect, "session_alive"), pid=pid)[0].sessions:
                pass

        with pytest.raises(TransientError):
            writer.commit(STEP, marker())

    assert [] == target.markers("key", STEP)


def test_a_function_that_commits_and_begins_anew_is_found_out(server_url: str) -> None:
    """There is a transaction again, but not the one with our fence; SQLite refuses at once."""
    target = DatabaseTarget(server_url, "shop", SystemClock())
    target.install()
    target.announce(FIRST)
    with target.writer(FIRST) as writer:
        writer.begin(STEP, PART)
        with writer.guarded():
            on_its_connection(session_of(writer), "commit")
            on_its_connection(session_of(writer), "begin")

        with pytest.raises(TransactionEnded, match="not the one that was begun"):
            writer.commit(STEP, marker())
