"""Opening a ledger: made once, migrated once, and refused with what to do next."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from daybreak.databases.session import opened
from daybreak.errors import (
    DatabaseUnreachable,
    LedgerError,
    LedgerVersionError,
    PreflightError,
    RightsMissing,
)
from daybreak.ledger.statement import Migration, migrations
from daybreak.ledger.store import LedgerStore
from tests.ledger.manual import ManualTime, alter, content, start, taken

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENERS = 20
NOBODY = 65534


def name_of(url: str) -> str:
    """Open a ledger; give its name."""
    store = LedgerStore.open(url)
    store.close()
    return store.ledger_id


def test_a_ledger_has_one_name_for_ever(database_url: str) -> None:
    first = name_of(database_url)

    assert first == name_of(database_url)
    assert 36 == len(first)


def test_twenty_openers_at_once_make_one_ledger(database_url: str) -> None:
    barrier = threading.Barrier(OPENERS)

    def opener(_number: int) -> str:
        barrier.wait()
        return name_of(database_url)

    with ThreadPoolExecutor(OPENERS) as threads:
        names = set(threads.map(opener, range(OPENERS)))

    assert 1 == len(names)
    assert 1 == len(content(database_url)["meta"])


@pytest.mark.slow
def test_twenty_processes_at_once_make_one_ledger(database_url: str) -> None:
    code = (
        "import sys; from daybreak.ledger.store import LedgerStore; sys.stdin.read(1);"
        "print(LedgerStore.open(sys.argv[1]).ledger_id)"
    )
    command = [sys.executable, "-c", code, database_url]
    openers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(OPENERS)
    ]
    for opener in openers:
        assert opener.stdin is not None
        opener.stdin.write("x")
        opener.stdin.flush()
    names = {opener.communicate()[0] for opener in openers}

    assert [0] * OPENERS == [opener.returncode for opener in openers]
    assert {name_of(database_url) + "\n"} == names


def test_the_folder_of_a_ledger_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    name_of("sqlite:///.daybreak/deep/ledger.db")

    assert (tmp_path / ".daybreak" / "deep" / "ledger.db").is_file()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(PreflightError, match=r"cannot make the ledger's folder .*file") as caught:
        LedgerStore.open(f"sqlite:///{tmp_path}/file/ledger.db")
    assert "--ledger" in caught.value.hint


def test_an_older_ledger_is_migrated_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = name_of(database_url)
    table = "daybreak_ledger.novelties" if "postgresql" in database_url else "novelties"
    version = len(migrations("sqlite")) + 1
    newer = Migration(version, f"create table {table} (x integer)")
    monkeypatch.setattr(
        "daybreak.ledger.migration.migrations", lambda dialect: (*migrations(dialect), newer)
    )

    assert [name, name] == [name_of(database_url), name_of(database_url)]
    with opened(database_url) as session:
        assert [] == session.query(f"select x from {table}")  # noqa: S608 - a constant
        versions = "daybreak_ledger.meta" if session.dialect == "postgresql" else "meta"
        rows = session.query(f"select version from {versions}")  # noqa: S608 - a constant
    assert version == rows[0].version


def test_an_older_ledger_is_not_read_but_brought_up_by_a_run(database_url: str) -> None:
    name_of(database_url)
    alter(database_url, "update daybreak_ledger.meta set version = 1")

    with pytest.raises(LedgerVersionError, match=r"version 1, this release reads") as caught:
        LedgerStore.open(database_url, is_reader=True)
    assert "start or resume a run" in caught.value.hint


@pytest.mark.parametrize("is_reader", [False, True])
def test_a_newer_ledger_is_refused(database_url: str, *, is_reader: bool) -> None:
    name_of(database_url)
    alter(database_url, "update daybreak_ledger.meta set version = 99")
    before = content(database_url)

    with pytest.raises(LedgerVersionError, match=r"version 99, this release knows \d") as caught:
        LedgerStore.open(database_url, is_reader=is_reader)
    assert "install" in caught.value.hint
    assert before == content(database_url)


def test_a_reader_makes_no_ledger(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(PreflightError, match="there is no ledger at") as caught:
        LedgerStore.open(database_url, is_reader=True)
    assert "run a job first" in caught.value.hint
    assert [] == list(tmp_path.iterdir())


def test_a_reader_sees_what_a_writer_wrote(database_url: str, store: LedgerStore) -> None:
    run = taken(store).run

    reader = LedgerStore.open(database_url, is_reader=True)

    assert (store.ledger_id, run) == (reader.ledger_id, reader.run(run.id))
    reader.close()


def test_another_programs_file_is_refused(sqlite_url: str) -> None:
    with opened(sqlite_url) as session:
        session.execute("create table orders (id integer)")

    with pytest.raises(PreflightError, match="has tables, but none of a ledger's") as caught:
        LedgerStore.open(sqlite_url)
    assert "file of its own" in caught.value.hint


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("id,name\n" * 1000)

    with pytest.raises(DatabaseUnreachable, match="is not a SQLite database"):
        LedgerStore.open(f"sqlite:///{tmp_path / 'x.db'}")


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be a user whom file modes bind, for the block; root is not bound."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_read_only_file_is_refused_but_can_be_read() -> None:
    # Not in pytest's own folder: other users may not enter it.
    with tempfile.TemporaryDirectory(prefix="daybreak-ledger-") as folder:
        url = f"sqlite:///{folder}/ledger.db"
        store = LedgerStore.open(url)
        start(store)
        store.close()
        Path(folder, "ledger.db").chmod(0o444)
        Path(folder).chmod(0o555)
        with as_nobody():
            with pytest.raises(RightsMissing, match=r"ledger\.db may not be written") as caught:
                LedgerStore.open(url)
            reader = LedgerStore.open(url, is_reader=True)
            assert 1 == reader.run(1).id
            reader.close()
        Path(folder).chmod(0o755)
    assert "right to write the file and its folder" in caught.value.hint


def test_a_user_without_rights_is_told_which(postgres_url: str) -> None:
    with opened(postgres_url) as session:
        session.execute("drop role if exists clerk")
        session.execute("create role clerk login")
    as_clerk = postgres_url.replace("postgres@", "clerk@")
    try:
        with pytest.raises(RightsMissing, match="may not be written") as caught:
            LedgerStore.open(as_clerk)
        assert "grant CREATE" in caught.value.hint
        with opened(postgres_url) as session:
            session.execute("create schema daybreak_ledger authorization clerk")
        name_of(as_clerk)
    finally:
        with opened(postgres_url) as session:
            session.execute("drop owned by clerk")
            session.execute("drop role clerk")


def test_a_ledger_in_memory_lives_as_long_as_its_session() -> None:
    store = LedgerStore.open("sqlite://", patience=ManualTime().patience())
    owned = taken(store)
    owned.note("here")

    assert 3 == len(store.audit(1))
    store.close()


def test_instants_come_back_aware_and_exact(store: LedgerStore, time: ManualTime) -> None:
    run = taken(store).run

    assert (time.wall, time.wall) == (run.created_at, run.started_at)
    assert UTC is run.created_at.tzinfo
    assert UTC is store.now().tzinfo


def test_runs_are_listed_newest_first(store: LedgerStore) -> None:
    for _ in range(3):
        start(store, is_again=True)

    assert [3, 2] == [run.id for run in store.runs(2)]
    assert 3 == len(store.runs())
    with pytest.raises(LedgerError, match="no run 4"):
        store.run(4)


def test_a_users_own_tables_of_the_same_names_are_left_alone(postgres_url: str) -> None:
    with opened(postgres_url) as session:
        session.execute("create table runs (id integer)")
        session.execute("insert into runs values (77)")
    store = LedgerStore.open(postgres_url)
    taken(store)
    store.close()

    with opened(postgres_url) as session:
        assert [77] == [row.id for row in session.query("select id from runs")]
