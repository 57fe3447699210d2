"""A job of five steps, and a ledger that holds past nights of it, made up but for their shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final

from daybreak.ledger.clock import Patience
from daybreak.ledger.owned import OwnedRun
from daybreak.ledger.rows import Owner
from daybreak.ledger.store import LedgerStore
from daybreak.model.fate import Counts
from daybreak.model.identity import Identity
from daybreak.model.knobs import Knobs
from daybreak.model.ownership import Pass
from daybreak.model.progress import Measurement
from daybreak.model.ranges import Range
from daybreak.model.status import RunStatus, StepStatus

JOB: Final = '''
"""The night of a shop."""

from daybreak import Database, Job, Run, Transaction, Work, source

db = Database("sqlite:///shop.db", name="shop")
job = Job("nightly", window="02:00-05:00 Asia/Tokyo", limits={{"db": 3}}{options})


@job.task(impact="There is nothing to load.")
def fetch() -> str:
    return "orders.csv"


@job.step(after=fetch, uses={{"db": 2}}, chunk=1_000, impact="Yesterday's orders are missing.")
def load() -> Work:
    return source(range(10)).each(lambda n, tx: None, database=db)


@job.step(after=fetch, uses={{"db": 2}}, impact="The shop sells what it does not have.")
def stock() -> Work:
    return source(range(10)).each(lambda n, tx: None, database=db)


@job.atomic(db, after=(load, stock), uses={{"db": 1}}, impact="Finance cannot publish.")
def close(tx: Transaction) -> int:
    return 1


@job.task(after=close, impact="Nobody is told.")
def tell() -> int:
    return 1
'''
DATABASE: Final = "sqlite:////of/the/past/shop.db"
"""Named by the past nights; a plan reaches no database."""

FIRST: Final = date(2026, 9, 1)
SECONDS: Final = {"fetch": 300.0, "load": 3300.0, "stock": 1500.0, "close": 1700.0, "tell": 2.0}
RECORDS: Final = 500_000
CHUNKS: Final = 20
_IN_CHUNKS: Final = ("load", "stock")


@dataclass
class Hand:
    """A clock moved by hand."""

    at: datetime = field(default_factory=lambda: datetime(2026, 9, 1, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()


def fill(ledger: str, nights: int, seed: int = 7) -> None:
    """Write nights into a ledger, as runs would: records grow by 3 % a month."""
    chance, hand = Random(seed), Hand()
    store = LedgerStore.open(ledger, patience=Patience(clock=hand))
    for day in range(nights):
        night = FIRST + timedelta(days=day)
        hand.at = datetime(night.year, night.month, night.day, tzinfo=UTC) - timedelta(hours=7)
        owned = taken(store, night)
        records = round(RECORDS * 1.03 ** (day / 30) * chance.lognormvariate(0, 0.05))
        mood = chance.lognormvariate(0, 0.1)
        for step, seconds in SECONDS.items():
            times = records / RECORDS if step in _IN_CHUNKS else 1.0
            done(owned, step, seconds * times * mood * chance.lognormvariate(0, 0.05), records)
        owned.become(RunStatus.DONE)
    store.close()


def taken(store: LedgerStore, night: date, database: str = DATABASE) -> OwnedRun:
    """Enter the run of a night and take it."""
    run = store.start(
        identity(night, database),
        parameters={},
        job_file="nightly.py",
        runs_folder=Path("runs"),
        who="a test",
    )
    return store.take(run.id, Owner("host", 1, "lock"), is_locked=True)


def identity(night: date, database: str = DATABASE) -> Identity:
    """Name the run of a night."""
    return Identity("nightly", {}, {"shop": database}, night)


def done(owned: OwnedRun, step: str, seconds: float, records: int) -> None:
    """Do a step, as far as the ledger is concerned."""
    owned.begin_step(step, code="1", knobs=Knobs())
    if step not in _IN_CHUNKS:
        owned.end_step(step, StepStatus.DONE, counts=Counts(), value="1", seconds=seconds)
        return
    owned.begin_step(step, code="1", whole=Range.of(None, records), total=records)
    _chunks(owned, step, seconds, records, CHUNKS)
    counts = Counts(read=records, passed=records)
    owned.end_step(step, StepStatus.DONE, counts=counts, seconds=seconds)


def begun(owned: OwnedRun, step: str, seconds: float, records: int) -> None:
    """Do half of a step in chunks, all of which would take so many seconds."""
    owned.begin_step(step, code="1", knobs=Knobs())
    owned.begin_step(step, code="1", whole=Range.of(None, records), total=records)
    _chunks(owned, step, seconds, records, CHUNKS // 2)
    owned.end_step(step, StepStatus.STOPPED)


def _chunks(owned: OwnedRun, step: str, seconds: float, records: int, chunks: int) -> None:
    cuts = [records * part // CHUNKS for part in range(chunks + 1)]
    took_s = seconds / CHUNKS
    owned.measure(
        Pass(step),
        [
            Measurement(
                Range.of(after or None, upto),
                Counts(read=upto - after, passed=upto - after),
                0,
                took_s,
                owned.run.created_at + timedelta(seconds=took_s * number),
            )
            for number, (after, upto) in enumerate(pairwise(cuts))
        ],
    )
