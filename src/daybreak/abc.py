"""What the parts ask of each other, and what others may implement: protocols only.

Execution moves chunks from a `Source` through stages into a `Sink`, in the transactions of a
`Target`, and writes down in a `Ledger` what the target says; it knows none of them by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol, TypeVar, overload, runtime_checkable

from .errors import DataRefused
from .model.chunk import ChunkInput, FatesMoved, Kept, Marker, SetAside, Written
from .model.expected import About
from .model.fate import Counts
from .model.knobs import Knobs
from .model.ownership import Ownership, Pass
from .model.progress import CHANGES_ACCEPTED, Accepted, Measurement, StepRow
from .model.ranges import Range
from .model.raw import RawRecords
from .model.row import Row
from .model.shares import Uses, Wait
from .model.status import RunStatus, StepStatus

M = TypeVar("M")


class Clock(Protocol):
    """Time, injected: tests move it by hand."""

    def now(self) -> datetime:
        """Return the wall-clock instant, aware, in UTC: for people and for nights only."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds that never go back: for durations and leases."""
        ...


class Source(Protocol):
    """Where a step's records come from: divided by cursor range, readable from any cursor."""

    @property
    def name(self) -> str:
        """Name it for people: a file's name, a table's."""
        ...

    def whole(self) -> Range:
        """Return the fixed ends of the chain; asked once a run, then kept in the ledger."""
        ...

    def total(self) -> int | None:
        """Return how many records `whole` holds, if that is known without reading them."""
        ...

    def fingerprint(self) -> Mapping[str, Any]:
        """Return JSON data by which a changed source is recognised; what differs is shown."""
        ...

    def ranges(self, gap: Range, chunk_records: int) -> Iterator[Range]:
        """Divide a gap into ranges of at most `chunk_records` records, in source order."""
        ...

    def read(self, part: Range) -> ChunkInput:
        """Read one range. Called from several threads, each with a range of its own.

        Raises:
            SourceError: If it cannot be read.
        """
        ...

    def again(self, records: Sequence[Kept]) -> ChunkInput:
        """Make records that were set aside into input again, from their bytes or their place.

        Returns:
            Their values; an origin is a record's place in `records`.

        Raises:
            SourceError: If the source does not have them any more.
        """
        ...

    def in_order(self, texts: Sequence[str]) -> Sequence[str]:
        """Sort cursor texts the way the source does."""
        ...

    def digest(self, part: Range) -> str:
        """Hash a range again, as `ChunkInput.digest`; empty where the source cannot."""
        ...


@runtime_checkable
class SweptSource(Protocol):
    """What a `Source` may be besides: a query, which may give rows anew behind the walk.

    A step whose sink takes rows out of the query goes over it again until it gives none. Each
    sweep lengthens the chain of the step's pass: its cursors carry the number of the sweep, so
    that no range of a sweep is taken for one of the walk.
    """

    def leave_out(self, records: Iterable[Kept]) -> None:
        """Take no row again, in any sweep, whose record is in quarantine: it is decided."""
        ...

    def sweep(self, number: int, after: str) -> Range | None:
        """Return the stretch by which a sweep lengthens the chain.

        Args:
            number: Of the sweep, from 1.
            after: Where the chain ends now.

        Returns:
            None if the query gives no row but those that are left out.
        """
        ...

    def count(self) -> int:
        """Count the rows that the query gives now."""
        ...

    def still_given(self, tx: Transaction, rows: Sequence[Sequence[Any]]) -> int:
        """Count which of some rows the query still gives, as a transaction of its database sees it.

        Args:
            tx: In which they were written; other transactions do not touch them meanwhile.
            rows: As `ChunkInput.rows` holds them.
        """
        ...

    def count_left_out(self) -> int:
        """Count those of the rows left out that the query gives now."""
        ...


@runtime_checkable
class EstimatedSource(Protocol):
    """What a `Source` may be besides: one that cannot count its records, but has an idea."""

    def about(self, left: Range | None) -> About | None:
        """Return about how many records there are, without reading them; None if unknown.

        Args:
            left: Of this end of the chain; of all of it if that is None.
        """
        ...

    def share(self, part: Range, of: Range) -> float | None:
        """Return which share of the way through some range another one makes, by its keys.

        Returns:
            From 0 to 1; None where keys have no distances.
        """
        ...


@runtime_checkable
class SpreadSource(Source, Protocol):
    """What a `Source` may be besides: one that knows places in its middle, at little cost."""

    def stretches(self, gap: Range, count: int) -> Sequence[Range]:
        """Divide a gap into stretches of about as many records each, without reading them.

        Args:
            gap: Not empty.
            count: How many are wanted. There are fewer where no more are known; the gap itself is
                the least.
        """
        ...


@runtime_checkable
class ClosableSource(Protocol):
    """What a `Source` may be besides: one that keeps something open between two ranges."""

    def close(self) -> None:
        """Close it; what is needed again is opened again."""
        ...


class Reader(Protocol):
    """Whoever can be asked: a transaction, or a database by itself."""

    @overload
    def query(self, sql: str, /, **bind: object) -> list[Row]: ...
    @overload
    def query(self, sql: str, model: type[M], /, **bind: object) -> list[M]: ...
    def query(self, sql: str, model: type[Any] | None = None, /, **bind: object) -> list[Any]:
        """Return the rows of a query, as `Row` or as values of a model.

        Raises:
            SourceError: If a row does not fit the model.
        """
        ...

    @overload
    def one(self, sql: str, /, **bind: object) -> Row: ...
    @overload
    def one(self, sql: str, model: type[M], /, **bind: object) -> M: ...
    def one(self, sql: str, model: type[Any] | None = None, /, **bind: object) -> Any:
        """Return the only row of a query.

        Raises:
            SourceError: If there is none or more than one.
        """
        ...


class Transaction(Reader, Protocol):
    """Whoever is given one: its effects and the checkpoint commit together, once."""

    def execute(self, sql: str, /, **bind: object) -> int:
        """Run one statement with `:name` binds; return the rows it touched."""
        ...

    def executemany(self, sql: str, binds: Iterable[Mapping[str, object]], /) -> int:
        """Run one statement for every set of binds; return the rows it touched."""
        ...

    def copy(
        self, table: str, rows: Iterable[Sequence[object]], /, *, columns: Sequence[str]
    ) -> int:
        """Write rows by the database's fastest way in; return how many it wrote."""
        ...

    @property
    def connection(self) -> Any:
        """The driver's own connection, for what is not here; do not end its transaction."""
        ...


class RecordRefused(Exception):  # noqa: N818 - it reads as a sentence
    """A sink's word that one record of those it was given is at fault.

    Args:
        position: Its place in the sequence given to `Sink.write`, from 0.
        cause: What was raised for it.
        stayed: Rows that the records in front of it became, by the database's own count, if those
            are written and may stay, and nothing is of it and those behind; None if all must be
            rolled back.
    """

    def __init__(self, position: int, cause: Exception, stayed: int | None = None) -> None:
        super().__init__(position, cause)
        self.position = position
        self.cause = cause
        self.stayed = stayed


class Sink(Protocol):
    """Where a step's records go, inside the transaction that also holds their marker."""

    @property
    def name(self) -> str:
        """Name it for people: a table's name, a function's."""
        ...

    def facts(self) -> Mapping[str, Any]:
        """Return JSON data that must not change between two attempts at a run."""
        ...

    def preflight(self) -> None:
        """Raise unless the surroundings allow the step: rights, columns, keys.

        Raises:
            PreflightError: Nothing was written.
        """
        ...

    def prepare(self, tx: Transaction) -> None:
        """Make the target ready, once a pass, in a fenced transaction with its own marker."""
        ...

    def write(self, tx: Transaction, records: Sequence[Any]) -> Written:
        """Write records in order.

        Raises:
            RecordRefused: If the fault is known to be one record's.
            DataRefused: If the database refused the data of some of them.
            TransientError: If the same may succeed later.
        """
        ...

    def rows_expected(self, written: int) -> tuple[str, int] | None:
        """Return a counting query and what it must give after the step, or None if unknown."""
        ...


@runtime_checkable
class TellingSink(Protocol):
    """A sink that works on one record at a time, and can say on which."""

    def write_telling(
        self, tx: Transaction, records: Sequence[Any], begins: Callable[[int], None]
    ) -> Written:
        """Do what `Sink.write` does, and tell of each record's position before it is begun."""
        ...


@runtime_checkable
class RuledSink(Protocol):
    """What a `Sink` may be besides: one that knows by which rules its records are refused."""

    def suspects(
        self, tx: Transaction, records: Sequence[Any], refusal: DataRefused
    ) -> Sequence[int]:
        """Return the places, from 0, of the records that break the kind of rule just broken.

        All are asked at once, which is cheap, and writes nothing. It is no verdict: each of these
        is tried again, and what was overlooked is refused when it is written.

        Raises:
            DaybreakError: If it cannot be asked; the transaction may have to go back.
        """
        ...


@runtime_checkable
class RowByRowSink(Protocol):
    """What a `Sink` may be besides: one whose database takes a refused row back by itself."""

    def is_row_by_row(self, tx: Transaction) -> bool:
        """Whether what stands in front of a record that `write` names may stay.

        Then nobody needs to be suspected before he is refused: nothing is written twice.
        """
        ...


@runtime_checkable
class PiecewiseSink(Protocol):
    """What a `Sink` may be besides: one whose chunk may be written by several calls of `write`."""

    def goes_in_pieces(self, tx: Transaction) -> bool:
        """Whether the same comes of it, in one transaction, as of one call with all records."""
        ...


@runtime_checkable
class BriefSink(Protocol):
    """What a `Sink` may be besides: one whose transactions lock what others want."""

    @property
    def transaction_s(self) -> float:
        """How long a transaction should take, where the size of chunks follows what they take."""
        ...


@runtime_checkable
class ComputingSink(Protocol):
    """What a `Sink` may be besides: one that computes what it writes, before the transaction."""

    def computed(self, records: Sequence[Any], rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
        """Return what `write` is to be given in the place of some records.

        It may be asked again for some of them, if it raises for all of them together.

        Args:
            records: What the stages gave.
            rows: Of each the row from which it came, as the database gave it.
        """
        ...

    @property
    def reads_ahead(self) -> bool:
        """Whether the next chunk may be read and computed while one is written."""
        ...

    @property
    def tries_again(self) -> bool:
        """Whether what it left alone is read, computed and written once more, at once."""
        ...


@runtime_checkable
class SweepingSink(Protocol):
    """What a `Sink` may be besides: one whose effect takes a row out of the query it came from."""

    @property
    def sweeps(self) -> bool:
        """Whether the query is to be read again until it gives no row any more."""
        ...


@runtime_checkable
class RivalSink(Protocol):
    """What a `Sink` may be besides: one in which a record may stand in the place of another."""

    def rivals(self, tx: Transaction, records: Sequence[Any]) -> Sequence[Sequence[int]]:
        """Return the places, from 0 and in order, of records of which only one can stand.

        Those with equal keys, group by group; what is equal is up to the database. `Sink.write`
        lets the last of each group stand, and names the others as superseded.

        Raises:
            RecordRefused: If a record cannot even be compared.
        """
        ...

    def write_compared(self, tx: Transaction, records: Sequence[Any]) -> Written:
        """Do what `Sink.write` does, for records of which `rivals` has said that all can stand.

        Raises:
            RecordRefused, DataRefused, TransientError: As `Sink.write`.
        """
        ...


@runtime_checkable
class RawSink(Protocol):
    """What a `Sink` may be besides: one whose database reads records from bytes itself."""

    def write_raw(self, tx: Transaction, raw: RawRecords) -> Written | None:
        """Do what `Sink.write` does, with the records' bytes in place of their values.

        What is taken is what `Sink.write` would have written, to the last character. What is
        refused may be more: then the values are written, and it is they who are judged.

        Returns:
            None if the database would not read all fields as the values say: nothing was written.

        Raises:
            RecordRefused: If the fault is likely to be one record's.
            DataRefused: If the database refused some of them.
            TransientError: If the same may succeed later.
        """
        ...

    def raw_suspects(self, tx: Transaction, raw: RawRecords, refusal: DataRefused) -> Sequence[int]:
        """Do what `RuledSink.suspects` does; as few values are made as that needs."""
        ...


class Target(Protocol):
    """A database that holds a step's data, and therefore its epochs, markers and quarantine."""

    @property
    def name(self) -> str:
        """Name the database for people."""
        ...

    def install(self) -> None:
        """Make the tables for epochs, markers and quarantine, if they are missing.

        Raises:
            RightsMissing: If the user may not; the hint shows the statements for those who may.
        """
        ...

    def announce(self, ownership: Ownership) -> None:
        """Refuse the chunks of older epochs from now on, and commit that.

        Raises:
            ForeignLedger: If the run's row belongs to another ledger.
            LedgerBehind: If a higher epoch is known here: the ledger is an older copy.
            DatabaseBusy: If an old owner holds the only write lock.
        """
        ...

    def close_older(self, ownership: Ownership) -> None:
        """Close the rows of older epochs: waits for their chunks in flight, then ends them.

        Raises:
            DatabaseBusy: If an old owner still holds a transaction that nobody can end.
        """
        ...

    def markers(self, run_key: str, of: Pass) -> list[Marker]:
        """Read what is committed. Call it after `close_older` only.

        Raises:
            TransactionEnded: If a marker was committed without its counts.
        """
        ...

    def set_aside(self, run_key: str, of: Pass) -> int:
        """Count the rows in quarantine for a pass."""
        ...

    def kept(self, run_key: str, of: Pass) -> Sequence[Kept]:
        """Read the records of a pass that are in quarantine, with their bytes."""
        ...

    def writer(self, ownership: Ownership) -> AbstractContextManager[ChunkWriter]:
        """Open a session for one worker; leaving ends it."""
        ...

    def replay_writer(self, ownership: Ownership) -> AbstractContextManager[ReplayWriter]:
        """Open a session for records on their way out of quarantine; leaving ends it."""
        ...

    def replays(self, run_key: str, of: Pass) -> list[tuple[datetime, Counts]]:
        """Read when records of a pass were replayed, and what became of them."""
        ...

    def count(self, sql: str) -> int:
        """Run a counting query outside any chunk."""
        ...


@runtime_checkable
class PublishingTarget(Protocol):
    """What a `Target` may be besides: one whose data nobody sees before the step is proven."""

    def publish(self, ownership: Ownership, of: Pass, starts: Sequence[str]) -> None:
        """Make known what a proven pass has written: one fenced act, harmless when repeated.

        Args:
            ownership: Of the run.
            of: The pass.
            starts: Where its ranges begin, in source order.

        Raises:
            LeaseLost: If the run has another owner. Nothing was made known by this one.
            ProofFailed: If something that was committed is not there any more.
            TransientError: If the same may succeed later.
        """
        ...


class ChunkWriter(Protocol):
    """One session of a target: one chunk's transaction at a time."""

    @property
    def transaction(self) -> Transaction:
        """What sinks and users are given, inside `guarded`."""
        ...

    def guarded(self) -> AbstractContextManager[None]:
        """Hand the transaction to somebody's function: it may not begin or end it."""
        ...

    def begin(self, of: Pass, part: Range) -> bool:
        """Begin at a stated isolation level, fence, and write the range's marker without counts.

        Fence: the epoch is mine, not closed, and no higher one is announced. The marker comes
        first, so that a second try of the same range waits here instead of doing the work.

        Returns:
            False if the range is committed already.

        Raises:
            LeaseLost: If the run has another owner. Nothing was written.
        """
        ...

    def stored(self, of: Pass, part: Range) -> Marker | None:
        """Return a range's committed marker, if there is one."""
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """Keep what happens inside, or on an exception roll back to its beginning.

        Raises:
            TransactionEnded: If the transaction is no longer the one that was begun.
        """
        ...

    def force_constraints(self) -> None:
        """Have deferred constraints checked now."""
        ...

    def quarantine(self, of: Pass, part: Range, records: Sequence[SetAside]) -> int:
        """Write records set aside; return how many rows were written."""
        ...

    def commit(self, of: Pass, marker: Marker) -> None:
        """Write the counts into the marker, and commit.

        If the outcome is unknown, the old session is ended and the marker is read.

        Raises:
            TransientError: If the chunk is certainly not committed.
            TransactionEnded: If the transaction is no longer the one that was begun.
        """
        ...

    def rollback(self) -> None:
        """Undo the chunk; never raises for a session that is gone already."""
        ...


class ReplayWriter(Protocol):
    """One session of a target: one replay's transaction at a time.

    The records leave quarantine, what they became is written, and their fates move, as one fact.
    """

    @property
    def chunk(self) -> ChunkWriter:
        """What sink and isolator are given, inside the transaction that `begin` began."""
        ...

    def begin(self, of: Pass, number: int) -> bool:
        """Begin as `ChunkWriter.begin` does; the row written first is the replay's own.

        Args:
            of: The pass in which the records were set aside.
            number: Of the replay within this epoch.

        Returns:
            False if this replay is committed already.

        Raises:
            LeaseLost: If the run has another owner. Nothing was written.
        """
        ...

    def stored(self, of: Pass, number: int) -> Counts | None:
        """Return what became of the records of a committed replay."""
        ...

    def take(self, of: Pass, records: Sequence[Kept]) -> int:
        """Remove records from quarantine; return how many were there."""
        ...

    def move(self, of: Pass, moved: Sequence[FatesMoved]) -> int:
        """Add to the counts of committed markers; return how many were there."""
        ...

    def commit(self, of: Pass, number: int, counts: Counts) -> None:
        """Write the counts into the replay's row, and commit, as `ChunkWriter.commit` does."""
        ...


class RunLedger(Protocol):
    """The ledger of one run, in the hands of its owner: every write is refused to anybody else.

    All methods raise `LeaseLost` if the run has another owner by now; nothing was written then.
    """

    @property
    def ownership(self) -> Ownership:
        """What the run's targets are told."""
        ...

    def renew(self) -> None:
        """Extend the lease by its length from now."""
        ...

    def steps(self) -> dict[str, StepRow]:
        """Return the run's steps by name."""
        ...

    def begin_step(
        self,
        step: str,
        *,
        code: str,
        whole: Range | None = None,
        total: int | None = None,
        fingerprint: Mapping[str, Any] | None = None,
        upstream: Mapping[str, int] | None = None,
        knobs: Knobs | None = None,
    ) -> StepRow:
        """Mark a step as running; its ends, total and fingerprint are kept from the first start.

        So is `upstream`, the passes of the steps before it, once there are ends. With `knobs` it
        begins a new attempt, which is counted.
        """
        ...

    def accept(
        self, step: str, accepted: Accepted, *, what: str = CHANGES_ACCEPTED, **details: object
    ) -> None:
        """Let a running step go on with a changed source or graph, or with a longer chain.

        A line of the audit says so: `what`, with the details.

        Its ends, total and fingerprint are replaced in one write, together with that line.
        """
        ...

    def reopen_step(self, step: str, *, code: str) -> None:
        """Mark a step as running again, whether it is done or not: its fates are to change."""
        ...

    def measure(self, of: Pass, measurements: Sequence[Measurement]) -> None:
        """Write down committed chunks as they are now, in one transaction."""
        ...

    def forget(self, of: Pass, **details: object) -> None:
        """Forget the chunks of a pass, for its target lost some; a line of the audit says so."""
        ...

    def end_step(
        self,
        step: str,
        status: StepStatus,
        *,
        counts: Counts | None = None,
        value: str | None = None,
        error: str | None = None,
        seconds: float | None = None,
    ) -> None:
        """Write how a step ended, and the seconds that its attempt took."""
        ...

    def claim(self, step: str, uses: Uses) -> Wait | None:
        """Ask for all that a step uses of the limits that runs share; `end_step` gives it back.

        All of it at once or nothing: who waits has its place among those that wait, no more.

        Returns:
            None if the step has it, else what it waits for; then ask again.
        """
        ...

    def wait_step(self, step: str, waits_for: str) -> None:
        """Write down what a step waits for, which has not begun; forgotten when it begins."""
        ...

    def become(self, status: RunStatus, *, error: str | None = None) -> None:
        """Move the run to another status.

        Raises:
            InvalidTransition: If its status does not allow that.
        """
        ...

    def note(self, what: str, **details: object) -> None:
        """Add a line to the audit."""
        ...


Publish = Callable[[object], None]
"""Tells whoever listens about an event; never raises."""
