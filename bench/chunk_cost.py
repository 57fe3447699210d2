"""What fence, marker and ledger cost a chunk, against the same transactions without them.

Both sides write the same real flights, in the same chunks, by the same calls (COPY on PostgreSQL,
one prepared INSERT on SQLite), through the same kind of session, into two tables of the same
shape. The plain side begins, writes and commits. The other one begins and fences, writes the
marker, writes, compares the transaction's number and completes the marker, and commits; after
every block it writes the block's measurements into a ledger of its own (a SQLite file). A block
is made to last about the second after which a run writes them down; there it is done by another
thread, here it is counted as if the chunks waited for it.

Every commit is durable, on both sides alike: PostgreSQL with its own settings (fsync and
full_page_writes on), SQLite with journal_mode=TRUNCATE and synchronous=FULL. The two sides take
turns chunk by chunk, and who goes first alternates; each such pair of chunks is a pair of the
comparison, with its part of the block's ledger write.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias

from daybreak.databases.session import Session, connect
from daybreak.databases.target import DatabaseTarget
from daybreak.databases.writer import Writer
from daybreak.execution.targets import Targets
from daybreak.ledger.clock import SystemClock
from daybreak.ledger.owned import OwnedRun
from daybreak.ledger.rows import Owner, PlannedStep
from daybreak.ledger.store import LedgerStore
from daybreak.model.chunk import Marker
from daybreak.model.fate import Counts
from daybreak.model.identity import Identity
from daybreak.model.ownership import Pass
from daybreak.model.progress import Measurement
from daybreak.model.ranges import Range
from tests.postgres_server import running_server

from .flights_data import data_file
from .measure import Figure, Pair, Target, compared, observed

COLUMNS: Final = {
    "year": int,
    "month": int,
    "day": int,
    "sched_dep_time": int,
    "dep_delay": int,
    "arr_delay": int,
    "carrier": str,
    "flight": int,
    "tailnum": str,
    "origin": str,
    "dest": str,
}
KEY: Final = "year, month, day, carrier, flight, origin, sched_dep_time"
PLAIN, OURS = "flights_plain", "flights_ours"
OF: Final = Pass("flights")
CLOCK: Final = SystemClock()
DIGEST: Final = "0" * 64

Rows: TypeAlias = Sequence[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is written."""

    records: int
    """In a chunk."""

    chunks: int
    """In a block: about a second's worth of our side."""

    blocks: int = 10


SMALL: Final = Size(records=100, chunks=400)
LARGE: Final = Size(records=10_000, chunks=25, blocks=12)


def figures() -> Iterator[Figure]:
    """Measure on PostgreSQL, then on SQLite."""
    flights = flights_of_the_year()
    with running_server(is_durable=True) as socket:
        url = f"postgresql://postgres@/postgres?host={socket}"
        yield from figures_on(url, "PostgreSQL (fsync on)", flights)
    with TemporaryDirectory(prefix="daybreak-bench-") as place:
        url = f"sqlite:///{Path(place) / 'target.db'}"
        yield from figures_on(url, "SQLite (TRUNCATE, synchronous FULL)", flights)


def figures_on(url: str, where: str, flights: Rows) -> Iterator[Figure]:
    """Measure small chunks, which show the cost by itself, and large ones, which show the share."""
    small = pairs_of(url, flights, SMALL)
    what = f"{where}, {SMALL.records:,} records a chunk"
    yield observed(f"{what}: plain transaction", [pair.theirs for pair in small], unit="ms")
    yield compared(
        f"{what}: cost of fence, marker and ledger",
        small,
        lambda pair: pair.difference,
        unit="ms",
        target=Target("<", 1),
    )
    large = pairs_of(url, flights, LARGE)
    what = f"{where}, {LARGE.records:,} records a chunk"
    yield observed(f"{what}: plain transaction", [pair.theirs for pair in large], unit="ms")
    yield compared(
        f"{what}: share of fence, marker and ledger",
        large,
        lambda pair: pair.surplus_percent,
        unit="%",
        target=Target("<", 3),
    )


def pairs_of(url: str, flights: Rows, size: Size) -> list[Pair]:
    """Write the same chunks both ways; give milliseconds a chunk."""
    with both_sides(url) as sides:
        return sides.pairs(flights, size)


def flights_of_the_year() -> Rows:
    """Read the flights as rows of the columns that the job loads."""
    reader = csv.DictReader(io.StringIO(data_file("flights.csv").decode(), newline=""))
    return [
        [None if row[name] == "NA" else kind(row[name]) for name, kind in COLUMNS.items()]
        for row in reader
    ]


# ---------------------------------------------------------------- the two sides


class PlainLoop:
    """Begins, writes and commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def write(self, rows: Rows) -> None:
        """Commit one chunk."""
        self._session.begin()
        self._session.copy(PLAIN, rows, list(COLUMNS))
        self._session.commit()


class ChunkTransactions:
    """Does what a chunk worker does, with fence and marker, and what the conductor writes down."""

    def __init__(self, writer: Writer, ledger: OwnedRun) -> None:
        self._writer = writer
        self._ledger = ledger
        self._unwritten: list[Measurement] = []

    def write(self, number: int, rows: Rows) -> None:
        """Commit one chunk and its marker."""
        part = Range.of(number, number + 1)
        began_s = CLOCK.monotonic_s()
        assert self._writer.begin(OF, part)
        with self._writer.guarded():
            written = self._writer.transaction.copy(OURS, rows, columns=list(COLUMNS))
        marker = Marker(
            part=part,
            epoch=self._ledger.ownership.epoch,
            counts=Counts(read=len(rows), passed=written, written=written),
            bytes_read=90 * len(rows),
            digest=DIGEST,
            duration_s=CLOCK.monotonic_s() - began_s,
            committed_at=CLOCK.now(),
        )
        self._writer.commit(OF, marker)
        self._unwritten.append(
            Measurement(
                part, marker.counts, marker.bytes_read, marker.duration_s, marker.committed_at
            )
        )

    def write_down(self) -> None:
        """Tell the ledger, in one transaction."""
        self._ledger.measure(OF, self._unwritten)
        self._unwritten = []


@dataclass(frozen=True, slots=True)
class Sides:
    """Both, ready to write."""

    plain: PlainLoop
    ours: ChunkTransactions
    session: Session

    def pairs(self, flights: Rows, size: Size) -> list[Pair]:
        """Write blocks of chunks; give milliseconds a chunk. The first block only warms up."""
        starts = range(0, size.records * size.chunks, size.records)
        chunks = [flights[start : start + size.records] for start in starts]
        self._block(chunks, 0)
        return [
            pair
            for block in range(1, size.blocks + 1)
            for pair in self._block(chunks, block * size.chunks)
        ]

    def _block(self, chunks: Sequence[Rows], first: int) -> list[Pair]:
        empty = "truncate" if self.session.dialect == "postgresql" else "delete from"
        for table in (PLAIN, OURS):
            self.session.execute(f"{empty} {table}")
        pairs: list[Pair] = []
        for number, rows in enumerate(chunks, start=first):
            if number % 2:
                theirs_ms = ms_of(self.plain.write, rows)
                ours_ms = ms_of(self.ours.write, number, rows)
            else:
                ours_ms = ms_of(self.ours.write, number, rows)
                theirs_ms = ms_of(self.plain.write, rows)
            pairs.append(Pair(ours_ms, theirs_ms))
        ledger_ms = ms_of(self.ours.write_down) / len(chunks)
        return [Pair(pair.ours + ledger_ms, pair.theirs) for pair in pairs]


def ms_of(act: Callable[..., None], *arguments: object) -> float:
    """Return how many milliseconds a call takes."""
    began_s = time.perf_counter()
    act(*arguments)
    return 1000 * (time.perf_counter() - began_s)


@contextmanager
def both_sides(url: str) -> Iterator[Sides]:
    """Open both sides on one database, each with a session and a table of its own."""
    with TemporaryDirectory(prefix="daybreak-bench-") as place, closing(connect(url)) as session:
        prove_durable(session)
        make_tables(session)
        ledger = run_in(LedgerStore.open(f"sqlite:///{Path(place) / 'ledger.db'}"), Path(place))
        target = DatabaseTarget(url, "bench", CLOCK)
        Targets(ledger.ownership).join(target)
        with target.writer(ledger.ownership) as writer, closing(connect(url)) as plain:
            yield Sides(PlainLoop(plain), ChunkTransactions(writer, ledger), session)


def make_tables(session: Session) -> None:
    """Make both tables anew, as the job makes its own."""
    names = {int: "bigint", str: "text"}
    columns = ", ".join(f"{name} {names[kind]}" for name, kind in COLUMNS.items())
    for table in (PLAIN, OURS):
        session.execute(f"drop table if exists {table}")
        session.execute(f"create table {table} ({columns}, primary key ({KEY}))")


def prove_durable(session: Session) -> None:
    """Make sure that commits are synced, for a figure without that would say little."""
    if session.dialect == "postgresql":
        settings = session.query("show fsync") + session.query("show synchronous_commit")
        assert [list(row.values()) for row in settings] == [["on"], ["on"]]
    else:
        assert session.query("pragma synchronous")[0].synchronous == 2


def run_in(store: LedgerStore, folder: Path) -> OwnedRun:
    """Begin a run with one step, and own it."""
    run = store.start(
        Identity("bench", {}, {"bench": folder.name}, None),
        parameters={},
        job_file="bench.py",
        runs_folder=folder,
        who="bench",
    )
    ledger = store.take(run.id, Owner("bench", 1, "bench"), is_locked=True)
    ledger.plan([PlannedStep(OF.step, "Nothing; it is measured.")])
    ledger.begin_step(OF.step, code="")
    return ledger
