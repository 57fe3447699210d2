"""A job over a Parquet file or an Excel sheet: checked, loaded, set aside, resumed and replayed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daybreak.databases.session import opened
from daybreak.ledger.store import LedgerStore
from daybreak.model.fate import Counts
from daybreak.model.status import RunStatus
from daybreak.operations.choice import Wanted
from daybreak.operations.load import load_job
from daybreak.operations.places import ledger_url
from daybreak.operations.quarantine import QuarantinedRecord, quarantine_records
from daybreak.operations.replay import replay
from daybreak.operations.settings import Settings
from daybreak.operations.start import start
from daybreak.reports.export import export
from daybreak.telemetry import Telemetry

JOB = """\
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from daybreak import Database, Job, Run, Work, files

db = Database("sqlite:///shop.db")
job = Job("orders")
FOLDER = Path(__file__).parent

class Order(BaseModel):
    id: int
    amount: Annotated[Decimal, Field(gt=0)]
    name: str

@job.task(impact="Nothing is loaded.")
def check(run: Run) -> files.File[Order]:
    return run.check(files.KIND(FOLDER / "orders.KIND", Order), max_bad=20)

@job.step(after=check, chunk=5, impact="Orders are missing.")
def load(run: Run) -> Work:
    if IS_BROKEN:
        raise OSError("the network is down")
    return run[check].into(db.table("orders", Order, key="id", create=True))
"""


@dataclass
class Shop:
    """A job over a table of twenty orders, of which the third has no positive amount."""

    folder: Path
    url: str
    kind: str

    def write(self, *, is_broken: bool = False) -> None:
        text = JOB.replace("KIND", self.kind).replace("IS_BROKEN", str(is_broken))
        (self.folder / "orders_job.py").write_text(text)

    @property
    def settings(self) -> Settings:
        return Settings(databases={"": self.url}, takeover_s=2)

    def start(self) -> RunStatus:
        job = load_job(self.folder / "orders_job.py")
        return start(job, self.settings, Telemetry()).status

    def set_aside(self) -> list[QuarantinedRecord]:
        return list(quarantine_records(self.ledger, 1, {"": self.url}))

    @property
    def ledger(self) -> str:
        return ledger_url(None, self.folder / "orders_job.py")

    def orders(self) -> list[tuple[int, Decimal, str]]:
        with opened(self.url) as session:
            rows = session.query("select id, amount, name from orders order by id")
            return [(row.id, Decimal(row.amount), row.name) for row in rows]

    def counts(self) -> Counts:
        store = LedgerStore.open(self.ledger, is_reader=True)
        try:
            return next(row.counts for row in store.steps(1) if row.step == "load")
        finally:
            store.close()


ROWS: list[tuple[int, Decimal, str]] = [
    (at, Decimal(at) / 4 if at != 3 else Decimal(0), f"日{at}") for at in range(1, 21)
]


def as_parquet(path: Path) -> None:
    ids, amounts, names = map(list, zip(*ROWS, strict=True))
    table = {"id": ids, "amount": pa.array(amounts, pa.decimal128(9, 2)), "name": names}
    pq.write_table(pa.table(table), path, row_group_size=7)


def as_excel(path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [("id", "amount", "name"), *ROWS]:
        book.active.append(list(row))
    book.save(path)


KINDS: dict[str, Callable[[Path], None]] = {"parquet": as_parquet, "excel": as_excel}
RAW = {"parquet": b'{"id": 3, "amount": "0.00", "name": "\xe6\x97\xa53"}\n'}
RAW["excel"] = RAW["parquet"].replace(b'"0.00"', b"0")
PLACE = {"parquet": "orders.parquet:3", "excel": "orders.excel:4"}


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str) -> Shop:
    made = Shop(tmp_path, sqlite_url, request.param)
    KINDS[made.kind](tmp_path / f"orders.{made.kind}")
    return made


def repaired(shop: Shop, change: Callable[[str], str]) -> Path:
    path = shop.folder / "bad.jsonl"
    export(shop.set_aside(), path)
    lines: list[dict[str, Any]] = [json.loads(one) for one in path.read_text().splitlines()]
    for line in lines:
        line["raw"] = change(line["raw"])
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_table_is_loaded_resumed_and_replayed(shop: Shop) -> None:
    """What fails goes on where it was; what was set aside has its line, and can be mended."""
    shop.write(is_broken=True)
    assert RunStatus.FAILED == shop.start()
    shop.write()

    assert RunStatus.DONE == shop.start()
    good = [row for row in ROWS if row[0] != 3]
    assert good == shop.orders()
    assert Counts(read=20, passed=19, quarantined=1, written=19) == shop.counts()
    (bad,) = shop.set_aside()
    assert (PLACE[shop.kind], RAW[shop.kind]) == (bad.place, bad.raw)

    path = repaired(shop, lambda raw: raw.replace('"0.00"', '"9.50"').replace(": 0,", ": 9.5,"))
    job = load_job(shop.folder / "orders_job.py")
    replay(job, 1, Wanted(repaired=path), shop.settings, Telemetry())

    assert sorted([*good, (3, Decimal("9.5"), "日3")]) == shop.orders()
    assert [] == shop.set_aside()
