"""What the younger kinds of databases can do is exact; what they cannot is refused before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from uuid import UUID

import pytest

from daybreak import Database, Job, Work
from daybreak.abc import RecordRefused
from daybreak.connectors.table import TableSink
from daybreak.connectors.upsert_table import sink_of_table
from daybreak.databases.dialect import DIALECTS, dialect_of
from daybreak.databases.keys_of_tables import KeysOfTable
from daybreak.databases.nodes import Mode
from daybreak.databases.session import opened
from daybreak.databases.statement import load
from daybreak.databases.target import DatabaseTarget
from daybreak.databases.url import parse, resolve
from daybreak.errors import DefinitionError, SchemaMismatch
from daybreak.ledger.clock import SystemClock
from daybreak.ledger.store import LedgerStore
from daybreak.model.ownership import Ownership, Pass
from daybreak.model.ranges import Range
from daybreak.operations.meanings import Reading, plan_of
from tests.kinds import EVERY_KIND, TWO_KINDS, url_of_kind

OWNER = Ownership("key", "1", "ledger-a", 1, "host a, pid 1")
OTHERS = [kind for kind in EVERY_KIND if kind not in TWO_KINDS]


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Thing:
    id: int
    name: str
    is_good: bool
    colour: Colour
    weight: float
    raw: bytes
    day: date
    at: datetime
    key: UUID
    note: str | None = None


@dataclass(frozen=True)
class Number:
    n: int


@dataclass(frozen=True)
class Priced:
    n: int
    price: Decimal


THING = Thing(
    id=2**40,
    name="\N{CUCUMBER} '\"\\ %(x)s :y",
    is_good=True,
    colour=Colour.RED,
    weight=0.1,
    raw=b"\xff\x00'",
    day=date(2026, 2, 28),
    at=datetime(2026, 3, 1, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5))),
    key=UUID(int=7),
)


@pytest.fixture(params=OTHERS)
def url(request: pytest.FixtureRequest) -> str:
    return url_of_kind(request)


def filled(url: str, sink: TableSink, records: list[object], number: int = 1) -> int:
    """Prepare a sink and write records, in one fenced transaction."""
    target = DatabaseTarget(url, "shop", SystemClock())
    target.install()
    target.announce(OWNER)
    sink.preflight()
    with target.writer(OWNER) as writer:
        writer.begin(Pass("load", number), Range.of(0, 1))
        with writer.guarded():
            sink.prepare(writer.transaction)
            written = sink.write(writer.transaction, records).rows
        session = writer._session
        assert session is not None
        session.commit()
    return written


def test_every_value_comes_back_as_it_was(url: str) -> None:
    sink = TableSink(Database(url).table("things", Thing, key="id", create=True))

    assert 1 == filled(url, sink, [THING])
    row = Database(url).one("select * from things")
    at = row.at if row.at.tzinfo else row.at.replace(tzinfo=UTC)
    assert (THING.id, THING.name, True, "red", 0.1) == tuple(row.values())[:5]
    assert (THING.raw, THING.day, THING.at) == (bytes(row.raw), row.day, at)
    assert (THING.key, None) == (UUID(str(row.key)), row.note)


@pytest.mark.parametrize(("mode", "left"), [("append", 3), ("upsert", 3), ("replace", 2)])
def test_a_mode_leaves_what_it_says(url: str, mode: Mode, left: int) -> None:
    with opened(url) as session:
        session.script("create table numbers (n bigint primary key);\n")
        session.execute("insert into numbers values (100)")

    sink = sink_of_table(Database(url).table("numbers", Number, key="n", mode=mode))
    filled(url, sink, [Number(1), Number(2)])

    assert left == Database(url).one("select count(*) from numbers", int)


def test_what_a_column_cannot_hold_is_found_before_the_load(url: str) -> None:
    with opened(url) as session:
        session.script("create table numbers (n double primary key, m integer not null);\n")

    with pytest.raises(SchemaMismatch, match="in 2 ways") as found:
        TableSink(Database(url).table("numbers", Number, key="n")).preflight()
    assert "wants a value for m" in str(found.value)
    assert "cannot hold an int in column n, which is double" in str(found.value)


def test_a_type_that_holds_every_decimal_does_not_exist(url: str) -> None:
    sink = TableSink(Database(url).table("prices", Priced, key="n", create=True))

    with pytest.raises(DefinitionError, match="no column type of"):
        filled(url, sink, [Priced(1, Decimal("0.1"))])


def test_a_fraction_of_a_second_is_not_cut_off_without_a_word(mysql_url: str) -> None:
    @dataclass(frozen=True)
    class Moment:
        n: int
        at: datetime

    with opened(mysql_url) as session:
        session.script("create table moments (n integer primary key, at timestamp not null);\n")
    sink = TableSink(Database(mysql_url).table("moments", Moment, key="n"))

    assert 1 == filled(mysql_url, sink, [Moment(1, THING.at.replace(microsecond=0))])
    with pytest.raises(RecordRefused, match="keeps 0 decimal places"):
        filled(mysql_url, sink, [Moment(2, THING.at)], number=2)


# ---------------------------------------------------------------- what is refused


def refused(work: Work) -> str:
    def step() -> Work:
        return work

    with pytest.raises(DefinitionError) as found:
        plan_of(
            Job("orders").step(step),
            work,
            reading=Reading(Path()),
            target_of=lambda _: pytest.fail("no target was asked for"),
            files_target_of=lambda _: pytest.fail("no file was asked for"),
        )
    assert found.value.hint
    return str(found.value)


def test_what_it_cannot_do_is_refused_when_the_pipeline_is_built(duckdb_url: str) -> None:
    db = Database(duckdb_url)
    rows = db.rows("select n from numbers", Number, key="n")
    update = db.update("numbers", key="n", set={"m": lambda number: number.n})

    said = refused(rows.into(update))

    assert said == "step step: Daybreak has no db.update on DuckDB"


def test_a_check_does_not_look_into_it(url: str) -> None:
    with pytest.raises(DefinitionError, match="no rule of a check"):
        KeysOfTable(Database(url, name="shop"), "numbers", ["n"])


def test_it_holds_no_ledger(url: str) -> None:
    with pytest.raises(DefinitionError, match="no ledger on"):
        LedgerStore.open(url)


# ---------------------------------------------------------------- names and files


def test_a_url_means_one_kind(tmp_path: Path) -> None:
    assert "mysql" == dialect_of("mariadb+pymysql://me@host/shop").name
    assert f"duckdb:///{tmp_path / 'shop.duckdb'}" == resolve("duckdb:///shop.duckdb", tmp_path)
    with pytest.raises(DefinitionError, match="no such kind of database: 'oracle'"):
        parse("oracle://host/shop")


@pytest.mark.parametrize("dialect", EVERY_KIND)
def test_every_kind_says_how_its_own_tables_are_made(dialect: str) -> None:
    said = load(dialect, "install")

    for table in ("epochs", "markers", "quarantine", "replays"):
        assert f"create table if not exists {DIALECTS[dialect].own}{table} (" in said
