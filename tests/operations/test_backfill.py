"""A back-fill beside a live application: whatever that changes, no update of its is lost."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from daybreak import Database, Job, Quarantine, Work, source
from daybreak.databases.session import Session, opened
from daybreak.ledger.store import LedgerStore
from daybreak.model.fate import Counts
from daybreak.model.progress import StepRow
from daybreak.model.status import RunStatus
from daybreak.operations.choice import Wanted
from daybreak.operations.load import LoadedJob
from daybreak.operations.places import ledger_url
from daybreak.operations.replay import replay
from daybreak.operations.settings import Settings
from daybreak.operations.start import start
from daybreak.telemetry import Said, StepEnded, Telemetry
from tests.kinds import two_kinds_and_slowly

pytestmark = pytest.mark.slow_on_postgresql
database_url = two_kinds_and_slowly("mysql")

ROWS = 200
QUERIES = {
    "plain": "select id, first_name, last_name from users where full_name is null",
    "joined": (
        "select u.id, u.first_name, u.last_name from users u join towns t on t.id = u.town"
        " where u.full_name is null"
    ),
}
TABLES = """
create table towns (id integer primary key);
insert into towns values (1);
create table users (
  id integer primary key, first_name text not null, last_name text not null,
  full_name varchar(80), town integer not null default 1, logins integer not null default 0
);
"""


@dataclass(frozen=True)
class User:
    id: int
    first_name: str
    last_name: str


def full_name(user: User) -> str:
    return f"{user.first_name} {user.last_name}"


class Application:
    """What lives beside the back-fill: it changes rows, and knows what they must be in the end."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.expected = {
            row.id: (row.first_name, f"{row.first_name} {row.last_name}", 0)
            for row in session.query("select id, first_name, last_name from users")
        }
        self.changes = 0

    def rename(self, id_: int) -> None:
        """As a release does that knows the new column: the name, and what is made of it."""
        self.changes += 1
        first, full = f"renamed {self.changes}", f"by the application {self.changes}"
        self._change(id_, "first_name = :first, full_name = :full", first=first, full=full)
        self.expected[id_] = (first, full, self.expected[id_][2])

    def rename_only(self, id_: int) -> None:
        """As an older release does, that leaves the column alone; on a row that has none yet."""
        self.changes += 1
        first = f"renamed {self.changes}"
        if self._change(id_, "first_name = :first", " and full_name is null", first=first):
            self.expected[id_] = (first, f"{first} last {id_}", self.expected[id_][2])

    def choose(self, id_: int) -> None:
        """Write what is back-filled, and touch nothing that was read."""
        self.changes += 1
        full = f"chosen {self.changes}"
        self._change(id_, "full_name = :full", full=full)
        first, _, logins = self.expected[id_]
        self.expected[id_] = (first, full, logins)

    def log_in(self, id_: int) -> None:
        """Touch what the back-fill does not read."""
        self.changes += 1
        self._change(id_, "logins = logins + 1")
        first, full, logins = self.expected[id_]
        self.expected[id_] = (first, full, logins + 1)

    def delete(self, id_: int) -> None:
        self.changes += 1
        self._session.execute("delete from users where id = :id", id=id_)
        del self.expected[id_]

    def _change(self, id_: int, change: str, but: str = "", **bind: object) -> int:
        sql = f"update users set {change} where id = :id{but}"  # noqa: S608 - ours
        return self._session.execute(sql, id=id_, **bind)

    def change_any(self, chance: random.Random, ids: Sequence[int]) -> None:
        """Change one row at random, in one of the ways."""
        id_ = chance.choice(ids)
        if id_ in self.expected:
            ways = [self.rename, self.rename_only, self.choose, self.log_in, self.delete]
            chance.choice(ways)(id_)


@dataclass
class Shop:
    """A job that fills the names of users, in a folder of its own."""

    url: str
    folder: Path
    said: list[Said] = field(default_factory=list)

    def run(
        self,
        function: Callable[[User], str],
        *,
        query: str = QUERIES["plain"],
        chunk: int = 10,
        parallel: int = 2,
    ) -> RunStatus:
        telemetry = Telemetry()
        telemetry.subscribe(self._hear)
        loaded = self.loaded(function, query, chunk=chunk, parallel=parallel)
        return start(loaded, self.settings, telemetry).status

    def _hear(self, event: object) -> None:
        if isinstance(event, Said):
            self.said.append(event)

    def loaded(
        self, function: Callable[[User], str], query: str, *, chunk: int = 10, parallel: int = 2
    ) -> LoadedJob:
        db, job = Database(self.url, name="shop"), Job("backfill")

        @job.step(chunk=chunk, parallel=parallel, max_bad="50%", impact="No names.")
        def backfill() -> Work:
            return db.rows(query, User, key="id").into(
                db.update("users", key="id", set={"full_name": function})
            )

        return LoadedJob(job, self.folder / "backfill_job.py", {}, [db])

    @property
    def settings(self) -> Settings:
        return Settings(databases={"": self.url}, takeover_s=2)

    def users(self) -> dict[int, tuple[str, str | None, int]]:
        with opened(self.url) as session:
            rows = session.query("select id, first_name, full_name, logins from users")
        return {row.id: (row.first_name, row.full_name, row.logins) for row in rows}

    def step(self) -> StepRow:
        store = LedgerStore.open(ledger_url(None, self.folder / "backfill_job.py"), is_reader=True)
        try:
            return next(row for row in store.steps(1) if row.step == "backfill")
        finally:
            store.close()

    def remaining(self) -> int:
        with opened(self.url) as session:
            return int(
                session.query("select count(*) as n from users where full_name is null")[0].n
            )


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Shop:
    with opened(database_url) as session:
        session.script(TABLES)
        session.begin()
        session.executemany(
            "insert into users (id, first_name, last_name) values (:id, :first, :last)",
            [{"id": n, "first": f"first {n}", "last": f"last {n}"} for n in range(1, ROWS + 1)],
        )
        session.commit()
    return Shop(database_url, tmp_path)


@pytest.fixture
def application(shop: Shop) -> Iterator[Application]:
    with opened(shop.url) as session:
        yield Application(session)


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
@pytest.mark.slow
def test_no_update_of_the_application_is_lost(
    shop: Shop, application: Application, query: str, seed: int
) -> None:
    """One row in ten is changed while another is computed: between its read and its write."""
    chance, lock = random.Random(seed), threading.Lock()

    def named(user: User) -> str:
        with lock:
            if chance.random() < 0.1:
                near = range(max(1, user.id - 5), min(ROWS, user.id + 5) + 1)
                application.change_any(chance, [user.id, user.id, *near])
        return full_name(user)

    assert RunStatus.DONE == shop.run(named, query=query)

    assert application.changes > 0
    assert application.expected == shop.users()
    assert 0 == shop.remaining()


@pytest.mark.slow
def test_no_update_is_lost_whoever_is_first(
    shop: Shop, application: Application, seed: int
) -> None:
    """One row in ten is changed by somebody who looks at no clock and waits for nobody."""
    chance, begun = random.Random(seed), threading.Event()

    def live() -> None:
        begun.wait()
        for _ in range(ROWS // 10):
            application.change_any(chance, range(1, ROWS + 1))

    living = threading.Thread(target=live)

    def named(user: User) -> str:
        begun.set()
        if user.id > ROWS - 10:
            living.join()  # the last chunk of the walk: what is changed behind it has its name
        return full_name(user)

    living.start()
    try:
        assert RunStatus.DONE == shop.run(named)
    finally:
        begun.set()
        living.join()

    assert ROWS // 10 >= application.changes > 0
    assert application.expected == shop.users()
    assert 0 == shop.remaining()


def test_a_row_that_was_changed_is_computed_again(shop: Shop, application: Application) -> None:
    changed: list[int] = []

    def named(user: User) -> str:
        if user.id % 50 == 7 and user.id not in changed:
            changed.append(user.id)
            application.rename_only(user.id)
        return full_name(user)

    assert RunStatus.DONE == shop.run(named, parallel=1)

    counts = shop.step().counts
    assert Counts(read=ROWS + 4, passed=ROWS, superseded=4, written=ROWS) == counts
    assert application.expected == shop.users()
    assert "nothing remains" in shop.said[-1].message


@pytest.mark.slow
def test_a_row_that_is_changed_each_time_is_left_alone_and_counted(
    shop: Shop, application: Application
) -> None:
    def named(user: User) -> str:
        if user.id == 7:
            application.rename_only(7)
        return full_name(user)

    assert RunStatus.DONE == shop.run(named, parallel=1)

    users = shop.users()
    assert None is users.pop(7)[1]
    del application.expected[7]
    assert application.expected == users
    assert "1 row remains" in shop.said[-1].message


@pytest.mark.slow
def test_a_record_whose_function_fails_is_set_aside_and_replayed(shop: Shop) -> None:
    """It is no record's fault that others share its chunk; and it is not swept again."""

    def named(user: User) -> str:
        if user.id == 7:
            raise ValueError("no name for seven")
        if user.id == 8:
            raise Quarantine("of a bad kind")
        return full_name(user)

    assert RunStatus.DONE == shop.run(named)
    counts = shop.step().counts
    assert Counts(read=ROWS, passed=ROWS - 2, quarantined=2, written=ROWS - 2) == counts
    assert 2 == shop.remaining()

    replay(shop.loaded(full_name, QUERIES["plain"]), 1, Wanted(), shop.settings, Telemetry())

    assert 0 == shop.remaining()
    assert ("first 7", "first 7 last 7", 0) == shop.users()[7]


TRIGGERS = {
    "sqlite": (
        "create trigger touch after update of full_name on users begin"
        " update users set logins = logins + 1 where id = new.id; end"
    ),
    "mysql": (
        "create trigger touch before update on users for each row set new.logins = new.logins + 1"
    ),
    "postgresql": (
        "create function touched() returns trigger language plpgsql as"
        " $$begin new.logins = new.logins + 1; return new; end$$;"
        "create trigger touch before update on users for each row execute function touched()"
    ),
}


@pytest.mark.slow
def test_a_trigger_is_named_and_fires(shop: Shop) -> None:
    with opened(shop.url) as session:
        if session.dialect == "postgresql":
            session.script(TRIGGERS["postgresql"])
        else:
            session.execute(TRIGGERS[session.dialect])

    assert RunStatus.DONE == shop.run(full_name)

    assert "each row that is updated in users fires: touch" == shop.said[0].message
    assert {1} == {logins for _, _, logins in shop.users().values()}


def test_a_value_that_the_database_refuses_is_set_aside(shop: Shop) -> None:
    with opened(shop.url) as session:
        session.execute("create unique index one_each on users (full_name)")

    def named(user: User) -> Any:
        return "the same" if user.id in (7, 9, 150) else full_name(user)

    assert RunStatus.DONE == shop.run(named)

    assert {"the same"} == {shop.users()[id_][1] for id_ in (7, 9, 150)} - {None}
    counts = shop.step().counts
    assert Counts(read=ROWS, passed=ROWS - 2, quarantined=2, written=ROWS - 2) == counts


EVERYBODY = "select id, first_name, last_name from users"


@pytest.mark.slow
def test_a_changed_row_is_computed_again_at_once_where_no_sweep_would_find_it(
    shop: Shop, application: Application
) -> None:
    """A query that gives every row would give all that is done again: it is read only once."""
    seen: list[int] = []

    def named(user: User) -> str:
        seen.append(user.id)
        if user.id % 50 == 7 and seen.count(user.id) == 1:
            application.rename_only(user.id)
        return full_name(user)

    assert RunStatus.DONE == shop.run(named, query=EVERYBODY, parallel=1)

    assert Counts(read=ROWS, passed=ROWS, written=ROWS) == shop.step().counts
    assert ROWS + 4 == len(seen)
    assert application.expected == shop.users()


@pytest.mark.slow
def test_what_cannot_be_tried_again_is_left_alone_and_counted(
    shop: Shop, application: Application
) -> None:
    seen: set[int] = set()

    def named(user: User) -> str:
        is_again = user.id in seen
        seen.add(user.id)
        if user.id == 57 and is_again:
            raise ValueError("not twice")
        if user.id == 58 and not is_again:
            application.delete(58)
        elif user.id % 50 == 7 and not is_again:
            application.rename_only(user.id)
        return full_name(user)

    assert RunStatus.DONE == shop.run(named, query=EVERYBODY, parallel=1)

    expected = Counts(read=ROWS, passed=ROWS - 2, superseded=1, quarantined=1, written=ROWS - 2)
    assert expected == shop.step().counts
    users = shop.users()
    assert None is users.pop(57)[1]
    del application.expected[57]
    assert application.expected == users


@pytest.mark.slow
def test_a_record_for_which_the_function_of_a_chunk_fails_is_found(shop: Shop) -> None:
    """It is asked again for halves; the others of the chunk are written."""

    def named(users: Sequence[User]) -> list[str]:
        if any(user.id in (7, 150) for user in users):
            raise ZeroDivisionError
        return [full_name(user) for user in users]

    db, job = Database(shop.url, name="shop"), Job("backfill")

    @job.step(chunk=10, max_bad="50%", impact="No names.")
    def backfill() -> Work:
        rows = db.rows(QUERIES["plain"], User, key="id")
        return rows.into(db.update("users", key="id", set_chunk={"full_name": named}))

    loaded = LoadedJob(job, shop.folder / "backfill_job.py", {}, [db])
    assert RunStatus.DONE == start(loaded, shop.settings, Telemetry()).status

    counts = shop.step().counts
    assert Counts(read=ROWS, passed=ROWS - 2, quarantined=2, written=ROWS - 2) == counts
    assert [7, 150] == [id_ for id_, (_, full, _) in shop.users().items() if full is None]


def test_records_that_are_no_rows_are_refused(shop: Shop) -> None:
    db, job = Database(shop.url, name="shop"), Job("backfill")

    @job.step(impact="No names.")
    def backfill() -> Work:
        return source([User(1, "a", "b")]).into(
            db.update("users", key="id", set={"full_name": full_name})
        )

    loaded = LoadedJob(job, shop.folder / "backfill_job.py", {}, [db])
    heard: list[object] = []
    telemetry = Telemetry()
    telemetry.subscribe(heard.append)

    assert RunStatus.FAILED == start(loaded, shop.settings, telemetry).status
    (ended,) = (event for event in heard if isinstance(event, StepEnded))
    assert "its records are no rows of shop" in str(ended.error)


@pytest.mark.slow
def test_every_row_is_written_exactly_once_where_that_matters(
    shop: Shop, application: Application, seed: int
) -> None:
    """What is set is what was read: a row that is computed of a computed one shows it."""
    chance, lock = random.Random(seed), threading.Lock()
    logged_in: Counter[int] = Counter()

    def doubled(row: Any) -> int:
        with lock:
            if chance.random() < 0.1:
                application.log_in(row.id)
                logged_in[row.id] += 1
        return int(row.logins) + 1000

    db, job = Database(shop.url, name="shop"), Job("backfill")

    @job.step(chunk=10, parallel=2, impact="No points.")
    def backfill() -> Work:
        rows = db.rows("select id, logins from users", key="id")
        return rows.into(db.update("users", key="id", set={"logins": doubled}))

    loaded = LoadedJob(job, shop.folder / "backfill_job.py", {}, [db])
    assert RunStatus.DONE == start(loaded, shop.settings, Telemetry()).status

    superseded = shop.step().counts.superseded
    written = {id_: logins for id_, (_, _, logins) in shop.users().items()}
    once = {id_: 1000 + logged_in[id_] for id_ in written}
    left = {id_ for id_ in once if written[id_] != once[id_]}
    assert superseded == len(left)
    assert all(written[id_] == logged_in[id_] for id_ in left)
