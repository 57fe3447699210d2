"""One worker of a stage: a thread that claims slices and puts their results in their places.

What it does to a slice is its craft: the loops of `stages` in this thread, or in a process that it
drives.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from time import perf_counter, thread_time
from typing import Any, Final, Protocol, Self

from .alone import ALONE, Alone
from .block import Block
from .channel import Ends
from .desk import Desk
from .equip import equipped
from .hand import Hand
from .intake import Port
from .leash import Leash
from .meter import Stopwatch, Tally
from .nodes import Stage
from .running import Running
from .scope import Scope
from .stages import Fates, Run, flow, stopped
from .waiting import Cancelled
from .watch import Watch, rule_of

COMPUTING: Final = 0.3
"""From this share of processor time on, a thread computes, and does not wait for others."""


BOOKS_S: Final = 0.02
"""Seconds after which a worker with records that travel alone keeps its books."""


class Craft(Protocol):
    """What one worker does to records; entered and left by its thread."""

    name: str
    """Of its stage."""

    alone: Alone | None
    """What it does to a record that travels alone, if that is simple; known once entered."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def pieces(
        self, block: Block[Any], fates: Sequence[Fates], watch: Watch | None
    ) -> Generator[Block[Any], None, None]:
        """Give the results of a block, one piece after the other.

        Args:
            block: The records.
            fates: Of each stage, who is told what becomes of them.
            watch: Who is told of each record before a stage begins with it.
        """
        ...


class ThreadCraft:
    """Functions called in the worker's own thread.

    Args:
        scope: Whose cancellation ends waiting.
        stages: What a block goes through, one after the other.
        tallies: Of each stage, this worker's row.
        leash: By which a loop can be cut short.
    """

    def __init__(
        self, scope: Scope, stages: Sequence[Running], tallies: Sequence[Tally], leash: Leash
    ) -> None:
        self._scope = scope
        self._stages = stages
        self._tallies = tallies
        self._leash = leash
        self.name = stages[0].stage.name
        self.alone: Alone | None = None
        self._open = ExitStack()
        self._ready: list[tuple[Stage, Tally]] = []
        self._runs: list[Run] = []
        self._runs_for: Sequence[Fates] | None = None

    def __enter__(self) -> Self:
        for each, tally in zip(self._stages, self._tallies, strict=True):
            using = each.stage.using
            resource = None if using is None else self._open.enter_context(using())
            ready = equipped(each.stage, resource, each.limiter, self._scope)
            self._ready.append((ready, tally))
        if len(self._ready) == 1 and (rule := ALONE.get(type(ready))) is not None:
            self.alone = rule(ready.fn)
        return self

    def __exit__(self, *error: object) -> None:
        self._open.__exit__(*error)  # type: ignore[arg-type]

    def pieces(
        self, block: Block[Any], fates: Sequence[Fates], watch: Watch | None
    ) -> Generator[Block[Any], None, None]:
        """Give the results of a block, one piece after the other."""
        if fates is not self._runs_for:
            self._runs_for = fates
            self._runs = [
                _metered(stage, each, watch, tally, self._leash)
                for (stage, tally), each in zip(self._ready, fates, strict=True)
            ]
        return flow(self._runs, block, fates[0])


def _metered(stage: Stage, fates: Fates, watch: Watch | None, tally: Tally, leash: Leash) -> Run:
    rule = rule_of(stage, watch)

    def run(block: Block[Any]) -> Iterator[Block[Any]]:
        tally.records += len(block)
        stopwatch = Stopwatch()
        for piece in rule(stage, block, fates, leash):
            tally.busy += stopwatch.lap()
            yield piece
            stopwatch.lap()
        tally.busy += stopwatch.lap()

    return run


class Crew(Protocol):
    """What a worker knows of its crew."""

    scope: Scope
    desk: Desk
    port: Port

    def learn(self, records: int, seconds: float) -> None:
        """Hear how long a slice took."""

    def craft(self, tallies: Sequence[Tally], leash: Leash) -> Craft:
        """Make what a worker does."""

    def after_slice(self, worker: Worker) -> None:
        """Hear that a worker is between two slices."""


class Worker:
    """One thread of a stage.

    Args:
        number: From 0; only those below the desk's `active` work.
        crew: Whose worker it is.
        tallies: Its rows, one for each stage.
        leash: By which its loops can be cut short.
        ends: What is closed when it ends.
    """

    def __init__(
        self, number: int, crew: Crew, tallies: Sequence[Tally], leash: Leash, ends: Ends
    ) -> None:
        self.tallies = tallies
        self.ends = ends
        self._number = number
        self._crew = crew
        self._leash = leash
        self._craft = crew.craft(tallies, leash)
        self._cpu_s = 0.0
        self._books_s = 0.0  # when the books of records that travel alone were kept
        self._books_records = 0  # how many came since

    def run(self) -> None:
        """Work until nothing comes any more; what it needs is opened with the first slice."""
        watch = Stopwatch()
        desk = self._crew.desk
        if (claimed := desk.claim(self._number)) is None:
            return
        with self._craft:
            self._cpu_s = thread_time()
            while claimed is not None:
                idle_s = watch.lap() - desk.rested_s.pop(self._number, 0.0)
                self._note(starved_s=idle_s, blocked_s=self._work_off(*claimed))
                watch.lap()
                self._crew.after_slice(self)
                claimed = desk.claim(self._number)

    @property
    def seconds(self) -> list[float]:
        """What each stage took for a record, on the average."""
        return [tally.busy / max(1, tally.records) for tally in self.tallies]

    def change_craft(self, tallies: Sequence[Tally]) -> None:
        """Go on with what the crew does now; only where nothing is to be closed."""
        self.tallies = tallies
        self._craft = self._crew.craft(tallies, self._leash)
        self._craft.__enter__()

    def _note(self, *, starved_s: float, blocked_s: float) -> None:
        for tally in self.tallies:
            tally.slices += 1
            tally.starved += starved_s
            tally.blocked += blocked_s

    def _work_off(self, hand: Hand, number: int) -> float:
        """Hand on what comes of a slice; return the seconds waited for room."""
        port = self._crew.port
        if self._craft.alone is not None and self._travels_alone(hand):
            self._work_off_alone(self._craft.alone, hand, number)
            return 0.0
        outlet, fates = port.outlet, port.fates(hand, number)
        block = hand.slice(number)
        count = len(block)
        started = perf_counter()
        waited_s = 0.0
        with closing(self._craft.pieces(block, fates, port.watch(hand))) as pieces:
            for piece in pieces:
                waited_s += outlet.add(hand, number, piece)
        if (rest := self._leash.rest) is not None:
            self._leash.rest = None
            count -= len(rest)
            self.tallies[0].records -= len(rest)  # who begins with them counts them
            self._crew.desk.put_first(outlet.give_back(hand, number, rest))
        outlet.end(hand, number)
        self._crew.learn(count, self._worked_s(perf_counter() - started - waited_s))
        return waited_s

    def _travels_alone(self, hand: Hand) -> bool:
        return hand.slice_records == 1 and self._crew.port.watch(hand) is None

    def _work_off_alone(self, apply: Alone, hand: Hand, number: int) -> None:
        """Work on records that travel alone, as long as there are some; see `alone`."""
        claimed: tuple[Hand, int] | None = hand, number
        self._books_s, self._books_records = perf_counter(), 0
        while claimed is not None:
            self._one_by_one(apply, *claimed)
            claimed = self._crew.desk.claim_ready(self._number, self._travels_alone)
            self.tallies[0].slices += claimed is not None
        if self._books_records:
            self._keep_books(perf_counter())

    def _one_by_one(self, apply: Alone, hand: Hand, number: int | None) -> None:
        """Work on the records of a hand, as long as it has some.

        The books are kept once in a while, not for each record.
        """
        port, desk, scope = self._crew.port, self._crew.desk, self._crew.scope
        values, claim, end_alone = hand.block.values, hand.claim, port.outlet.end_alone
        (tally,) = self.tallies
        while number is not None:
            tally.records += 1  # at once: a share of failures is one of the records that came
            try:
                results = apply(values[number])
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - any failure is this record's
                self._failed(hand, number, error)
                results = []
            else:
                if not results:
                    port.fates(hand, number)[0].dropped(hand.block.origins[number])
            end_alone(hand, number, results)
            self._books_records += 1
            now = perf_counter()
            number = None
            if scope.is_cancelled:
                raise Cancelled
            if now - self._books_s > BOOKS_S:
                self._keep_books(now)
                port.outlet.tell_at_times(now)
            if self._number < desk.active:
                number = claim()
                if number == hand.half:
                    desk.fetch_ahead()

    def _failed(self, hand: Hand, number: int, error: Exception) -> None:
        fates = self._crew.port.fates(hand, number)[0]
        name = self._craft.name
        failure = stopped(name) if isinstance(error, StopIteration) else error
        fates.failed(hand.block.origins[number], name, failure)

    def _keep_books(self, now: float) -> None:
        (tally,) = self.tallies
        seconds, records = now - self._books_s, self._books_records
        self._books_s, self._books_records = now, 0
        tally.busy += seconds
        self._crew.learn(records, self._worked_s(seconds))

    def _worked_s(self, busy_s: float) -> float:
        """Return the seconds that a slice took, without those spent waiting for the interpreter.

        A thread that mostly computes would have taken its processor time, had it been alone.
        """
        before, self._cpu_s = self._cpu_s, thread_time()
        cpu_s = self._cpu_s - before
        for tally in self.tallies:
            tally.cpu += cpu_s / len(self.tallies)
        return cpu_s if cpu_s > busy_s * COMPUTING else busy_s
