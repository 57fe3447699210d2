"""What bad records cost the chunk they are in, against the same chunk without them.

Both sides commit 10,000 records into the same table, by the code that a run uses: read, draft,
fence, marker, data, quarantine, commit. One side has no bad record, and is written whole. The
other has one or ten, at places drawn anew for each pair. The two take turns.

The table has a key, NOT NULL, CHECK, a second unique key and a foreign key, so that a record can
be bad in several ways; each is measured apart. What PostgreSQL finds only at the end of the
statement, a missing parent, costs a whole statement before anybody knows; the other ways cost what
lies before the bad record, half of the chunk on average.

A worker whose chunk before had such bad records asks about them first. So it is in a file of which
one record in a thousand is bad: there each way is measured for `insert` and for `upsert`.

Every commit is durable, as in `chunk_cost`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from daybreak import Database
from daybreak.connectors.sequence import SequenceSource
from daybreak.connectors.table import TableSink
from daybreak.connectors.upsert_table import sink_of_table
from daybreak.databases.nodes import Mode
from daybreak.databases.session import Session, opened
from daybreak.databases.target import DatabaseTarget
from daybreak.databases.writer import Writer
from daybreak.execution.bad_budget import BadBudget
from daybreak.execution.committer import Committer
from daybreak.execution.draft import Draft, draft_of
from daybreak.model.limits import BadLimit
from daybreak.model.ownership import Ownership, Pass
from daybreak.model.ranges import Range
from daybreak.pipeline.block import Block
from daybreak.pipeline.carry import Carried
from daybreak.pipeline.nodes import IterableRoot
from tests.postgres_server import running_server

from .chunk_cost import CLOCK, prove_durable
from .measure import Figure, Pair, Target, compared, interleaved, observed

RECORDS: Final = 10_000
PAIRS: Final = 15
SEED: Final = 11
BAD_MOST: Final = {1: 60.0, 10: 100.0}
"""For so many bad records, how much more a chunk may cost, in percent."""

MODES: Final[tuple[Mode, ...]] = ("insert", "upsert")
OF: Final = Pass("isolation")
OWNERSHIP: Final = Ownership("bench", "bench", "bench", 1, "bench")
TABLES: Final = """
drop table if exists flights;
drop table if exists airlines;
create table airlines (carrier text primary key);
create table flights (
  id bigint primary key,
  code bigint not null unique,
  carrier text not null references airlines (carrier),
  origin text not null,
  dest text not null,
  tailnum text,
  delay bigint check (delay > -1000),
  distance bigint
);
insert into airlines values ('AA'), ('UA'), ('DL');
"""
EMPTY: Final = {"sqlite": "delete from flights;", "postgresql": "truncate flights;"}
KNOWN: Final = "insert into flights values (-1, -1, 'AA', 'JFK', 'LAX', null, null, null);"


@dataclass(frozen=True, slots=True)
class Flight:
    """One record."""

    id: int
    code: int
    carrier: str
    origin: str | None
    dest: str
    tailnum: str
    delay: int
    distance: int


SPOILT: Final[dict[str, Callable[[Flight], Flight]]] = {
    "NOT NULL": lambda flight: replace(flight, origin=None),
    "CHECK": lambda flight: replace(flight, delay=-5000),
    "unique, against the table": lambda flight: replace(flight, code=-1),
    "foreign key": lambda flight: replace(flight, carrier="ZZ"),
}


def figures() -> Iterator[Figure]:
    """Measure on PostgreSQL, then on SQLite."""
    with running_server(is_durable=True) as socket:
        yield from figures_on(f"postgresql://postgres@/postgres?host={socket}", "PostgreSQL")
    with TemporaryDirectory(prefix="daybreak-bench-") as place:
        yield from figures_on(f"sqlite:///{Path(place) / 'target.db'}", "SQLite")


def figures_on(url: str, where: str) -> Iterator[Figure]:
    """Measure each way to be bad, with one bad record and with ten; then the worst place."""
    chance = random.Random(SEED)
    for way, spoil in SPOILT.items():
        for bad, most in BAD_MOST.items():
            yield compared(
                f"{where}, {RECORDS:,} records, {bad} bad ({way}): surplus",
                pairs_of(url, [chance.sample(range(RECORDS), bad) for _ in range(PAIRS)], spoil),
                lambda pair: pair.surplus_percent,
                unit="%",
                target=Target("<=", most),
            )
    yield from _all_along(url, where, chance)
    last = pairs_of(url, [[RECORDS - 1]] * PAIRS, SPOILT["NOT NULL"])
    yield observed(
        f"{where}, {RECORDS:,} records, the last one bad (NOT NULL): surplus",
        [pair.surplus_percent for pair in last],
        unit="%",
    )


def _all_along(url: str, where: str, chance: random.Random) -> Iterator[Figure]:
    """Measure what one bad record in a thousand costs, if every chunk has its share of them."""
    for mode in MODES:
        for way, spoil in SPOILT.items():
            many = [chance.sample(range(RECORDS), 10) for _ in range(PAIRS)]
            yield compared(
                f"{where}, {mode}, 0.1 % bad ({way}) in this chunk and in those before: surplus",
                pairs_of(url, many, spoil, mode=mode, is_behind=True),
                lambda pair: pair.surplus_percent,
                unit="%",
                target=Target("<=", BAD_MOST[10]),
            )


def pairs_of(
    url: str,
    places: Sequence[Sequence[int]],
    spoil: Callable[[Flight], Flight],
    *,
    mode: Mode = "insert",
    is_behind: bool = False,
) -> list[Pair]:
    """Commit a chunk with bad records at some places, and one without, in turns.

    Args:
        url: The database.
        places: Of the bad records, for each pair.
        spoil: Makes a record bad.
        mode: Of the table.
        is_behind: Whether the worker has had such a chunk before, and expects another.
    """
    clean = [_flight(number) for number in range(RECORDS)]
    with chunks(url, mode) as chunk:
        rest = iter(places)
        chunk.commit(chunk.committer(), clean, bad=0)
        warned = chunk.committer()
        if is_behind:
            chunk.commit(warned, [spoil(one) for one in clean[:5]], bad=5)

        def dirty() -> float:
            bad = set(next(rest))
            flights = [spoil(one) if n in bad else one for n, one in enumerate(clean)]
            by = warned if is_behind else chunk.committer()
            return chunk.commit(by, flights, bad=len(bad))

        return interleaved(
            dirty, lambda: chunk.commit(chunk.committer(), clean, bad=0), len(places)
        )


def _flight(number: int) -> Flight:
    return Flight(
        id=number,
        code=number * 7,
        carrier=("AA", "UA", "DL")[number % 3],
        origin="JFK",
        dest=f"D{number % 97}",
        tailnum=f"N{number % 4001}AA",
        delay=number % 300 - 60,
        distance=number % 2500,
    )


class Chunks:
    """Commits chunks into the table, which is emptied before each."""

    def __init__(self, session: Session, writer: Writer, sink: TableSink) -> None:
        self._session = session
        self._writer = writer
        self._sink = sink
        self._numbers = count()

    def committer(self) -> Committer:
        """Return one that has not seen a chunk yet."""
        budget = BadBudget(BadLimit.parse("100%"), total=None, read=0, bad=0)
        return Committer(self._writer, self._sink, OF, epoch=1, budget=budget, clock=CLOCK)

    def commit(self, committer: Committer, flights: Sequence[Flight], *, bad: int) -> float:
        """Commit one chunk; return how many milliseconds that took."""
        self._session.script(EMPTY[self._session.dialect] + KNOWN)
        draft = self._draft(flights)
        began_s = CLOCK.monotonic_s()
        committed = committer.commit(draft, began_s=began_s)
        took_ms = 1000 * (CLOCK.monotonic_s() - began_s)
        assert committed.marker.counts.quarantined == bad
        assert committed.marker.counts.written == len(flights) - bad
        return took_ms

    def _draft(self, flights: Sequence[Flight]) -> Draft:
        source = SequenceSource(IterableRoot(flights))
        read = source.read(Range.of(0, len(flights)))
        number = next(self._numbers)
        carried: Carried = Carried(Block(list(read.values), list(read.origins)), 0, [])
        return draft_of(Range.of(number, number + 1), read, carried)


@contextmanager
def chunks(url: str, mode: Mode = "insert") -> Iterator[Chunks]:
    """Make the table anew, and a worker that owns its database."""
    target = DatabaseTarget(url, "bench", CLOCK)
    with opened(url) as session:
        prove_durable(session)
        session.script(TABLES)
        target.install()
        session.script(
            "delete from daybreak.markers; delete from daybreak.quarantine".replace(
                "daybreak.", "daybreak_" if session.dialect == "sqlite" else "daybreak."
            )
        )
        target.announce(OWNERSHIP)
        sink = sink_of_table(Database(url).table("flights", Flight, key="id", mode=mode))
        sink.preflight()
        with target.writer(OWNERSHIP) as writer:
            yield Chunks(session, writer, sink)
