"""What may pass is tried again with the whole chunk; what a record is at fault for, is isolated.

The failures are real ones: two sessions that wait for each other, a lock that is not given up, a
full file; and errors that a trigger raises under the code of what we cannot bring about.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
import pytest

from daybreak import Database
from daybreak.abc import ChunkWriter, Transaction
from daybreak.connectors.table import TableSink
from daybreak.connectors.upsert_table import sink_of_table
from daybreak.databases.nodes import Mode
from daybreak.databases.session import connect, opened
from daybreak.databases.target import DatabaseTarget
from daybreak.databases.upserting import PostgresqlUpserting
from daybreak.errors import DatabaseBusy, SinkError, TransientError
from daybreak.execution.bad_budget import BadBudget
from daybreak.execution.committer import Committer
from daybreak.execution.draft import draft_of
from daybreak.model.chunk import Written
from daybreak.model.fate import Counts
from daybreak.model.limits import BadLimit
from daybreak.model.ranges import Range
from daybreak.pipeline.block import Block
from daybreak.pipeline.carry import Carried
from tests.execution.house import CLOCK, OF, House, source_of

pytestmark = pytest.mark.slow

MODES: tuple[Mode, ...] = ("insert", "upsert", "append")
LOOKS_S_MAX = 60.0
COUNT = 6


class Item(NamedTuple):
    id: int
    name: str = "ours"


class Watched:
    """A table's sink; what it raises is kept, and told before it is raised on."""

    def __init__(self, sink: TableSink) -> None:
        self._sink = sink
        self.raised: list[SinkError] = []
        self.writes = 0
        self.on_error: Callable[[], None] = lambda: None
        self.name, self.facts, self.prepare = sink.name, sink.facts, sink.prepare
        self.preflight, self.rows_expected = sink.preflight, sink.rows_expected

    def write(self, tx: Transaction, records: Sequence[Any]) -> Written:
        self.writes += 1
        try:
            return self._sink.write(tx, records)
        except SinkError as error:
            self.raised.append(error)
            self.on_error()
            raise


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> Mode:
    return request.param  # type: ignore[no-any-return]


def watched(house: House, mode: Mode) -> Watched:
    return Watched(sink_of_table(Database(house.url).table("items", Item, key="id", mode=mode)))


def make(house: House, more: str = "") -> None:
    with opened(house.url) as session:
        session.script(f"create table items (id integer primary key, name text);{more}")


def commit(writer: ChunkWriter, sink: Watched, items: Sequence[Item]) -> Counts:
    part = Range.of(0, len(items))
    read = source_of(items).read(part)
    budget = BadBudget(BadLimit.parse("100%"), total=None, read=0, bad=0)
    committer = Committer(writer, sink, OF, epoch=1, budget=budget, clock=CLOCK)
    carried: Carried = Carried(Block(list(read.values), list(read.origins)), 0, [])
    return committer.commit(draft_of(part, read, carried), began_s=0.0).marker.counts


def in_table(house: House) -> list[tuple[Any, ...]]:
    with opened(house.url) as session:
        rows = session.query("select id, name from items order by id")
    return [tuple(row.values()) for row in rows]


ITEMS = [Item(n) for n in range(1, COUNT + 1)]
ALL_PASSED = Counts(read=COUNT, passed=COUNT, written=COUNT)


@contextmanager
def writing(house: House, lock_wait_s: float = 30.0) -> Iterator[ChunkWriter]:
    """Open the writer of a worker that waits so long for locks."""
    target = DatabaseTarget(house.url, "shop", CLOCK, lease_s=lock_wait_s)
    ledger = house.owned()
    with target.writer(ledger.ownership) as writer:
        yield writer


# ---------------------------------------------------------------- two sessions

STOPS_AT_TWO = """
create function stop() returns trigger language plpgsql as
$$begin perform pg_advisory_xact_lock(7); return new; end$$;
create trigger stop before insert on items for each row
when (new.id = 2 and new.name = 'ours') execute function stop();
"""
WAITERS = """
select count(*) from pg_locks join pg_stat_activity using (pid)
where not granted and locktype = %s and datname = current_database()
"""


def until_waiting(admin: psycopg.Connection[Any], locktype: str) -> None:
    """Look until some session of this database waits for such a lock."""
    ends_at_s = time.monotonic() + LOOKS_S_MAX
    while time.monotonic() < ends_at_s:
        found = admin.execute(WAITERS.encode(), (locktype,)).fetchone()
        if found and found[0]:
            return
    raise AssertionError(f"nobody came to wait for {locktype}")


def test_of_two_that_wait_for_each_other_ours_is_tried_again_as_a_whole(
    postgres_url: str, mode: Mode
) -> None:
    """The other one came first to the second row; the server ends whom it finds waiting: us."""
    house = House(postgres_url)
    make(house, STOPS_AT_TWO)
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"alter database {admin.info.dbname} set deadlock_timeout = '10ms'".encode())
        admin.execute("select pg_advisory_lock(7)")
        sink = watched(house, mode)
        done: list[Counts] = []

        def load() -> None:
            with writing(house) as writer:
                done.append(commit(writer, sink, ITEMS))

        ours = threading.Thread(target=load)
        ours.start()
        until_waiting(admin, "advisory")
        with psycopg.connect(postgres_url) as other:
            other.execute("set deadlock_timeout = '1min'")
            other.execute("insert into items values (2, 'theirs')")
            theirs = threading.Thread(
                target=other.execute, args=("insert into items values (1, 'theirs')",)
            )
            theirs.start()
            until_waiting(admin, "transactionid")
            admin.execute("select pg_advisory_unlock(7)")
            theirs.join()
            other.rollback()
        ours.join()
    house.store.close()

    assert [ALL_PASSED] == done
    assert [tuple(item) for item in ITEMS] == in_table(house)
    (error,) = sink.raised
    assert isinstance(error, TransientError)
    assert "deadlock detected" in str(error)
    assert 2 == sink.writes, "it was tried once more, as a whole"


def test_a_row_that_is_not_given_up_in_time_is_waited_for(postgres_url: str, mode: Mode) -> None:
    house = House(postgres_url)
    make(house)
    sink = watched(house, mode)
    with psycopg.connect(postgres_url) as other:
        other.execute("insert into items values (2, 'theirs')")
        sink.on_error = other.rollback
        with writing(house, lock_wait_s=0.2) as writer:
            counts = commit(writer, sink, ITEMS)
    house.store.close()

    assert ALL_PASSED == counts
    (error,) = sink.raised
    assert isinstance(error, DatabaseBusy)
    assert 2 == sink.writes


def test_a_full_file_is_waited_for(sqlite_url: str, mode: Mode) -> None:
    house = House(sqlite_url)
    make(house)
    sink = watched(house, mode)
    items = [Item(n, "x" * 5000) for n in range(1, COUNT + 1)]
    with writing(house) as writer:
        writer.begin(OF, Range.of(0, 1))
        session = writer.transaction.connection
        writer.rollback()
        pages = session.execute("pragma page_count").fetchone()[0]
        session.execute(f"pragma max_page_count = {pages + 2}")
        sink.on_error = lambda: session.execute("pragma max_page_count = 1000000")
        counts = commit(writer, sink, items)
    house.store.close()

    assert ALL_PASSED == counts
    (error,) = sink.raised
    assert isinstance(error, TransientError)
    assert "full" in str(error)
    assert 2 == sink.writes


# ---------------------------------------------------------------- by the code of the error

RAISES = """
create sequence tries;
create function raising() returns trigger language plpgsql as
$$begin
  if nextval('tries') <= {times} then raise 'not {code}' using errcode = '{code}'; end if;
  return new;
end$$;
create trigger raising before insert on items for each row
when (new.id = 2) execute function raising();
"""
TRANSIENT = {
    "40001": "could not serialize access",
    "40P01": "deadlock detected",
    "55P03": "lock not available",
    "53100": "disk full",
    "53200": "out of memory",
    "57014": "query canceled",
}


@pytest.mark.parametrize("code", TRANSIENT)
def test_what_may_pass_is_tried_again_as_a_whole(postgres_url: str, mode: Mode, code: str) -> None:
    house = House(postgres_url)
    make(house, RAISES.format(code=code, times=2))
    sink = watched(house, mode)
    with writing(house) as writer:
        counts = commit(writer, sink, ITEMS)
    house.store.close()

    assert ALL_PASSED == counts
    assert 3 == sink.writes, "two tries failed, none was isolated"
    assert all(isinstance(error, TransientError) for error in sink.raised)


@pytest.mark.parametrize("code", ["23514", "23505", "23503", "23P01", "22003", "P0001", "44000"])
def test_what_is_wrong_with_a_record_costs_that_record(
    postgres_url: str, mode: Mode, code: str
) -> None:
    house = House(postgres_url)
    make(house, RAISES.format(code=code, times=1000))
    sink = watched(house, mode)
    with writing(house) as writer:
        counts = commit(writer, sink, ITEMS)
    house.store.close()

    assert Counts(read=COUNT, passed=COUNT - 1, quarantined=1, written=COUNT - 1) == counts
    assert [1, 3, 4, 5, 6] == [row[0] for row in in_table(house)]
    with opened(postgres_url) as session:
        (row,) = session.query("select origin, reason from daybreak.quarantine")
    assert (1, f"not {code}") == (row.origin, row.reason)


def test_an_exclusion_costs_the_records_that_it_excludes(postgres_url: str, mode: Mode) -> None:
    """The first in source order stays, and the words are those of the database."""
    house = House(postgres_url)
    make(house, "alter table items add exclude using btree (name with =);")
    items = [Item(1, "a"), Item(2, "b"), Item(3, "a"), Item(4, "c"), Item(5, "b"), Item(6, "d")]
    sink = watched(house, mode)
    with writing(house) as writer:
        counts = commit(writer, sink, items)
    house.store.close()

    assert Counts(read=6, passed=4, quarantined=2, written=4) == counts
    assert [1, 2, 4, 6] == [row[0] for row in in_table(house)]
    with opened(postgres_url) as session:
        rows = session.query("select origin, reason from daybreak.quarantine order by origin")
    said = 'conflicting key value violates exclusion constraint "items_name_excl"'
    assert [(2, said), (4, said)] == [(row.origin, row.reason) for row in rows]


# ---------------------------------------------------------------- an upsert among others


def test_a_row_that_somebody_adds_meanwhile_is_written_over(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The COPY straight in was begun when there was no such row."""
    house = House(postgres_url)
    make(house)
    asked = PostgresqlUpserting._is_all_new

    def added_behind(self: PostgresqlUpserting, *args: Any) -> bool:
        answer = asked(self, *args)
        if answer:
            session = connect(postgres_url)
            session.execute("insert into items values (2, 'theirs')")
            session.close()
        return answer

    monkeypatch.setattr(PostgresqlUpserting, "_is_all_new", added_behind)
    sink = sink_of_table(Database(house.url).table("items", Item, key="id", mode="upsert"))
    with writing(house) as writer:
        counts = commit(writer, Watched(sink), ITEMS)
    house.store.close()

    assert ALL_PASSED == counts
    assert [tuple(item) for item in ITEMS] == in_table(house)
