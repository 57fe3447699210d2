"""What rehearsals met without failing: from which size on, how bad, and what it means."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from daybreak.databases.watching import LockWait, Watched
from daybreak.operations import pressure
from daybreak.operations.dangers import Danger, DangerKind, dangers_in, dangers_of, seen_in
from daybreak.operations.pressure import Pressure, pressure_seen
from daybreak.reports.payload import plain
from daybreak.reports.secrets import Mask

CALM = Pressure()


def test_what_was_seen_becomes_dangers_and_trifles_do_not() -> None:
    waits = [LockWait("table a", "psql", 1.5), LockWait("table b", "", 0.01)]
    seen = Watched(waits, deadlocks=2, temp_files=3, temp_bytes=10, work_mem="4MB", others=True)
    found = list(dangers_of({"shop": seen, "quiet": Watched()}, CALM))

    kinds = [DangerKind.SPILL, DangerKind.LOCK_WAIT, DangerKind.DEADLOCK]
    assert kinds == [one.kind for one in found]
    assert "table a, held by psql" == found[1].what
    assert "work_mem is 4MB; others were at work in it, and are counted too" == found[0].note
    assert found == list(dangers_in(plain(found, Mask()))), "JSON keeps all of it"


def test_want_of_memory_is_a_danger() -> None:
    pressure = Pressure(major_faults=5_000, swap_bytes=10**9, sqlite_bytes=10**6)
    found = list(dangers_of({}, pressure))

    assert [DangerKind.SPILL, DangerKind.SWAP, DangerKind.PAGE_FAULTS] == [x.kind for x in found]
    assert [] == list(dangers_of({}, Pressure(major_faults=20, swap_bytes=4096)))


def test_a_danger_of_several_samples_is_named_once_with_its_first_and_its_worst() -> None:
    spill = [Danger(DangerKind.SPILL, "database shop", size) for size in (5.0, 9.0)]
    wait = Danger(DangerKind.LOCK_WAIT, "table a", 0.2)
    first, second = seen_in([(400, spill[1:]), (100, ()), (200, [spill[0], wait])])

    assert (DangerKind.LOCK_WAIT, 200, 1) == (first.kind, first.records_first, first.samples)
    assert (200, 400, 9.0, 2) == (
        second.records_first,
        second.records_worst,
        second.amount,
        second.samples,
    )
    assert all(kind.meaning and kind.unit for kind in DangerKind)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_sort_of_sqlite_that_spills_is_seen_and_what_undoes_a_savepoint_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    looked_at: list[bytes] = []

    def undoes(begins: bytes) -> bool:
        looked_at.append(begins)
        return is_undoing(begins)

    is_undoing = pressure.undoes
    monkeypatch.setattr(pressure, "undoes", undoes)
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as connection:
        connection.execute(f"pragma journal_mode = {mode}")
        connection.execute("create table t (n integer primary key, s text)")
        connection.execute(
            "with recursive g (n) as (select 1 union all select n + 1 from g where n < 60000)"
            " insert into t select n, hex(randomblob(60)) from g"
        )
        with pressure_seen() as undone:
            connection.execute("begin immediate")
            connection.execute("savepoint a")
            connection.execute("update t set s = s || 'x'")
            while mode == "wal" and not looked_at:
                connection.execute("select 1")
            connection.execute("rollback")
        with pressure_seen() as sorted_:
            sorting = connection.execute("select s from t order by s")
            while not sorted_.sorts:
                connection.execute("select 1")
            sorting.close()

    assert 0 == undone.sqlite_bytes
    assert sorted_.sqlite_bytes > 1_000_000


@pytest.mark.parametrize(
    ("begins", "undoes"),
    [
        (b"\x00\x00\x00\x01", True),  # the number of a page
        (b"\x00\x01\x86\xa0", True),
        (b"\xd9\xd5\x05\xf9", True),  # a rollback journal
        (b"\xa9\xff\x00*", False),  # the length of a sorted run
        (b"SQLi", False),  # a table of SQLite's own
        (b"\x00\x00\x00\x00", False),  # one whose first page is not written yet
    ],
)
def test_what_undoes_a_savepoint_begins_with_the_number_of_a_page(
    begins: bytes, *, undoes: bool
) -> None:
    assert undoes == pressure.undoes(begins)
