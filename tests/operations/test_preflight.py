"""What is not ready is said before a step begins, all of it at once, with what to type."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from daybreak import Database, Job, Work
from daybreak.databases.room import Room
from daybreak.databases.session import opened
from daybreak.errors import DefinitionError, PreflightError, RightsMissing
from daybreak.ledger.store import LedgerStore
from daybreak.model.status import RunStatus
from daybreak.operations import sessions as session_rooms
from daybreak.operations.disk import disk_findings
from daybreak.operations.load import load_job
from daybreak.operations.preflight import bounded
from daybreak.operations.settings import Settings
from daybreak.operations.start import Outcome, start
from daybreak.telemetry import Telemetry

pytestmark = pytest.mark.slow_on_postgresql

JOB = """
from pydantic import BaseModel
from daybreak import Database, Job, Run, Transaction, Work, source

db = Database("sqlite:///shop.db")
job = Job("orders"{limits})

class Order(BaseModel):
    id: int

def order(number: int) -> Order:
    return Order(id=number)

orders = source(range(40)).map(order)

@job.step(chunk=10, parallel=4{uses}, impact="Orders are missing.")
def load() -> Work:
    return orders.into(db.table("orders", Order, key="id", mode="{mode}", create=True))

@job.step(chunk=10, parallel=4{uses}, impact="Copies are missing.")
def copy() -> Work:
    return orders.into(db.table("copies", Order, key="id", create=True))

@job.atomic(db, after=[load, copy], impact="Nobody knows how many.")
def count(tx: Transaction) -> int:
    return tx.one("select count(*) from orders", int)
"""
TOO_MANY = "the run needs 9 sessions at the same time"


class House:
    """One job's folder, and a way to start it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.write_job()

    def write_job(self, *, limits: str = "", uses: str = "", mode: str = "insert") -> None:
        text = JOB.format(limits=limits, uses=uses, mode=mode)
        (self.folder / "orders_job.py").write_text(text)

    def start(self, **settings: Any) -> Outcome:
        common = Settings(databases={"": self.url}, takeover_s=2)
        loaded = load_job(self.folder / "orders_job.py")
        return start(loaded, replace(common, **settings), Telemetry())

    def refused(self, **settings: Any) -> PreflightError:
        """Start it, and return the finding; the run has failed by it, and nothing was written."""
        with pytest.raises(PreflightError) as caught:
            self.start(**settings)
        run = self.ledger().runs()[0]
        assert (RunStatus.FAILED, str(caught.value)) == (run.status, run.error)
        assert all(step.started_at is None for step in self.ledger().steps(run.id))
        return caught.value

    def ledger(self) -> LedgerStore:
        return LedgerStore.open(f"sqlite:///{self.folder}/.daybreak/ledger.db")

    def set_limit(self, name: str, units: int) -> None:
        self.ledger().set_limit(name, units, who="a test")

    def orders(self) -> int:
        with opened(self.url) as session:
            return int(session.query("select count(*) as n from orders")[0].n)


@pytest.fixture
def sqlite_house(tmp_path: Path, sqlite_url: str) -> House:
    return House(tmp_path, sqlite_url)


# ---------------------------------------------------------------- limits


def test_a_use_that_no_limit_is_named_is_found_with_what_to_type(sqlite_house: House) -> None:
    sqlite_house.write_job(uses=', uses={"db": 2}')
    error = sqlite_house.refused()

    assert "2 things are not ready: step load uses 2 of 'db', which no limit is named" in str(error)
    assert "step copy uses 2 of 'db'" in str(error)
    assert "daybreak limits db N" in error.hint
    sqlite_house.set_limit("db", 2)
    assert RunStatus.DONE is sqlite_house.start().status


def test_a_use_of_more_than_the_ledgers_limit_is_found(sqlite_house: House) -> None:
    sqlite_house.write_job(uses=', uses={"db": 2}', limits=', limits={"db": 9}')
    sqlite_house.set_limit("db", 1)
    error = sqlite_house.refused()

    assert "step load uses 2 of 'db', but the ledger's limit is 1" in str(error)
    assert "daybreak limits db 2" in error.hint


def test_a_job_with_limits_of_its_own_needs_none_in_the_ledger(sqlite_house: House) -> None:
    sqlite_house.write_job(uses=', uses={"db": 2}', limits=', limits={"db": 2}')

    assert RunStatus.DONE is sqlite_house.start().status


def test_a_job_that_can_never_begin_does_not_load(sqlite_house: House) -> None:
    sqlite_house.write_job(uses=', uses={"db": 3}', limits=', limits={"db": 2}')

    with pytest.raises(DefinitionError, match="uses 3 of 'db', but the job's limit is 2"):
        sqlite_house.start()


# ---------------------------------------------------------------- rights and sessions


@pytest.fixture
def admin(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def role(admin: psycopg.Connection[Any], postgres_url: str) -> Iterator[str]:
    """Give a role without any right that is not everybody's; it is dropped afterwards."""
    name = f"etl_{os.getpid()}"
    admin.execute(f"drop role if exists {name}".encode())
    admin.execute(f"create role {name} login".encode())
    yield name
    admin.execute(f"drop owned by {name}".encode())
    admin.execute(f"drop role {name}".encode())


@pytest.fixture
def house(tmp_path: Path, postgres_url: str, role: str) -> House:
    return House(tmp_path, postgres_url.replace("postgres@", f"{role}@"))


def run_all(admin: psycopg.Connection[Any], statements: str) -> None:
    for statement in statements.split(";"):
        admin.execute(statement.encode())


def install(admin: psycopg.Connection[Any], role: str, *more: str) -> None:
    """Make Daybreak's tables, as an administrator would, and grant what is said."""
    from daybreak.databases.statement import load  # noqa: PLC0415 - beside its only use

    admin.execute(load("postgresql", "install").encode())
    for statement in more:
        admin.execute(f"{statement} to {role}".encode())


def test_a_user_who_may_do_nothing_is_told_what_to_grant(
    house: House, admin: psycopg.Connection[Any], role: str
) -> None:
    """The statements of the hints, typed one after the other, are all that is needed."""
    error = house.refused()

    assert isinstance(error, RightsMissing)
    assert "lacks CREATE on database" in str(error)
    run_all(admin, error.hint)
    run_all(admin, f"create table orders (id bigint primary key); grant all on orders to {role}")
    failed = house.start().error
    assert isinstance(failed, RightsMissing)
    assert f"grant create on schema public to {role}" == failed.hint
    run_all(admin, failed.hint)
    assert RunStatus.DONE is house.start().status


def test_all_rights_that_are_missing_on_our_tables_are_named_at_once(
    house: House, admin: psycopg.Connection[Any], role: str
) -> None:
    install(admin, role, "grant select on all tables in schema daybreak")
    error = house.refused()

    assert "USAGE on schema daybreak" in str(error)
    assert "CREATE" not in str(error)
    assert 6 == len(error.hint.split("; "))
    run_all(admin, error.hint)
    run_all(admin, f"grant create on schema public to {role}")
    assert RunStatus.DONE is house.start().status


def test_all_rights_that_are_missing_on_a_table_are_named_at_once(
    house: House, admin: psycopg.Connection[Any], role: str
) -> None:
    house.write_job(mode="replace")
    run_all(admin, "create table orders (id bigint primary key); insert into orders values (77)")
    run_all(admin, f"grant create on schema public to {role}")
    run_all(admin, f"grant create on database {admin.info.dbname} to {role}")
    failed = house.start().error

    assert isinstance(failed, RightsMissing)
    assert (
        "the user of database database lacks INSERT on table orders, DELETE on table orders,"
        " SELECT on table orders"
    ) == str(failed)
    assert [(77,)] == admin.execute("select id from orders").fetchall()
    run_all(admin, failed.hint)
    assert RunStatus.DONE is house.start().status


def test_a_right_to_insert_into_every_column_will_do(
    house: House, admin: psycopg.Connection[Any], role: str
) -> None:
    run_all(admin, "create table orders (id bigint primary key, seen timestamptz default now())")
    run_all(admin, f"grant insert (id) on orders to {role}; grant select on orders to {role}")
    run_all(admin, f"grant create on schema public to {role}")
    run_all(admin, f"grant create on database {admin.info.dbname} to {role}")

    assert RunStatus.DONE is house.start().status


def allowed(admin: psycopg.Connection[Any], role: str, sessions: int) -> None:
    run_all(admin, f"grant create on schema public to {role}")
    run_all(admin, f"grant create on database {admin.info.dbname} to {role}")
    run_all(admin, f"alter role {role} connection limit {sessions}")


def test_more_sessions_than_the_user_may_have_are_found_and_what_is_typed_then_fits(
    house: House, admin: psycopg.Connection[Any], role: str
) -> None:
    allowed(admin, role, 6)
    error = house.refused()

    assert f"{TOO_MANY} (load 4, copy 4, 1 to look around)" in str(error)
    assert f"user {role} has 6 free: 0 of 6 are in use" in str(error)
    assert "--set load.parallel=2 --set copy.parallel=2" in error.hint
    fewer = {"load": {"parallel": 2}, "copy": {"parallel": 2}}
    assert RunStatus.DONE is house.start(knobs=fewer).status
    assert 40 == house.orders()


def test_sessions_in_use_are_not_free(
    house: House, admin: psycopg.Connection[Any], role: str
) -> None:
    allowed(admin, role, 11)
    with psycopg.connect(house.url), psycopg.connect(house.url), psycopg.connect(house.url):
        error = house.refused()

        assert f"user {role} has 8 free: 3 of 11 are in use" in str(error)
    assert RunStatus.DONE is house.start().status


def test_steps_that_a_limit_keeps_apart_are_not_counted_together(
    house: House, admin: psycopg.Connection[Any], role: str
) -> None:
    allowed(admin, role, 6)
    house.write_job(uses=', uses={"db": 1}', limits=', limits={"db": 1}')

    assert RunStatus.DONE is house.start().status


def test_a_step_alone_that_needs_too_many_is_told_to_have_fewer_chunks_in_flight(
    house: House, admin: psycopg.Connection[Any], role: str
) -> None:
    allowed(admin, role, 2)
    error = house.refused()

    assert 'uses={"db": 1} on them, and limits={"db": 1} on the job' in error.hint


def test_a_database_with_a_limit_of_its_own_is_asked_too(
    house: House, admin: psycopg.Connection[Any], role: str
) -> None:
    allowed(admin, role, -1)
    run_all(admin, f"alter database {admin.info.dbname} connection limit 7")
    error = house.refused()

    assert f"{TOO_MANY} (load 4, copy 4, 1 to look around)" in str(error)
    assert f"database {admin.info.dbname} has 6 free: 1 of 7 are in use" in str(error)


def test_a_run_that_has_only_its_last_step_left_needs_no_more_than_that(
    house: House, admin: psycopg.Connection[Any], role: str
) -> None:
    allowed(admin, role, -1)
    run_all(admin, f"create table orders (id bigint primary key); grant insert on orders to {role}")
    assert RunStatus.FAILED is house.start().status
    run_all(admin, f"grant select on orders to {role}")
    allowed(admin, role, 2)

    assert RunStatus.DONE is house.start().status


# ---------------------------------------------------------------- disks


def test_too_little_room_is_found_before_anything_is_made(sqlite_house: House) -> None:
    with pytest.raises(PreflightError, match="there is too little room for the ledger") as caught:
        sqlite_house.start(disk_free_bytes_min=10**18)

    assert "--disk-free-mb" in caught.value.hint
    assert not (sqlite_house.folder / ".daybreak").exists()


def test_one_disk_is_one_finding(tmp_path: Path) -> None:
    places = {"the ledger": tmp_path / "a" / "ledger.db", "the runs' folder": tmp_path / "b" / "c"}

    assert 1 == len(list(disk_findings(places, 10**18)))
    assert [] == list(disk_findings(places, 0))


def test_a_disk_that_is_mounted_read_only_is_found() -> None:
    """The kernel's own: every Linux mounts something read-only that can be looked at."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    read_only = [Path(fields[1]) for fields in mounts if "ro" in fields[3].split(",")]
    if not read_only:
        pytest.skip("nothing is mounted read-only here")
    (finding,) = disk_findings({"database shop": read_only[0] / "no" / "shop.db"}, 0)

    assert "database shop cannot be written" in str(finding)
    assert "is on a disk that is mounted read-only" in str(finding)


@pytest.mark.parametrize(
    ("uses", "sessions", "expected"),
    [({}, None, 8), ({"db": 2}, None, 2), ({}, 7, 3), ({}, 2, 1), ({"db": 2}, 100, 2)],
)
def test_what_adapts_is_bounded_by_sessions_and_by_what_the_step_uses(
    monkeypatch: pytest.MonkeyPatch, uses: dict[str, int], sessions: int | None, expected: int
) -> None:
    """Two steps adapt: what is left beside one session each, and one to look around, is shared."""
    rooms = [] if sessions is None else [Room("server", "the server", sessions, 0)]
    monkeypatch.setattr(session_rooms, "session_room", lambda _url: rooms)
    database, job = Database("sqlite:///shop.db", name="shop"), Job("orders", limits={"db": 4})
    database.bind("sqlite:///shop.db")
    store = LedgerStore.open("sqlite://")

    def work() -> Work:
        raise AssertionError("nobody runs it")

    job.step(name="load", parallel="auto", uses=uses)(work)
    job.step(name="copy", parallel="auto", uses=uses)(work)
    knobs = bounded(job.steps, {}, {"shop": database}, store)
    store.close()

    assert {"load": expected, "copy": expected} == {
        name: one.parallel_most for name, one in knobs.items()
    }
