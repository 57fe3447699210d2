"""The craft of a worker whose function runs in a process that it drives.

Rate, further attempts and time limits are kept on this side, where all workers of the stage meet;
the process only calls the function.
"""

from __future__ import annotations

from collections.abc import Container, Generator, Iterator, Sequence
from itertools import compress
from typing import Any, Final, Self

from ..errors import ProcessDied
from ..model.retry import Retry
from .alone import Alone
from .block import Block, Origin, joined
from .endings import forget, when_cancelled
from .equip import pause, wait_before_retry_s
from .fates import FailFast
from .meter import Stopwatch, Tally
from .process import WorkerProcess
from .running import Running
from .scope import Scope
from .stages import Fates
from .watch import Watch

END_S: Final = 30.0
"""Seconds in which a process must have closed what it opened, when its work is done."""


NO_RETRY: Final = Retry(attempts=1)


class ProcessCraft:
    """Functions called in a process of the worker's own.

    Args:
        scope: Whose cancellation ends the process.
        running: The stage.
        tally: This worker's row.
    """

    def __init__(self, scope: Scope, running: Running, tally: Tally) -> None:
        self.name = running.stage.name
        self.alone: Alone | None = None  # a trip to a process is not simple
        self._scope = scope
        self._stage = running.stage
        self._limiter = running.limiter
        self._tally = tally
        self._process = WorkerProcess(running.stage, running.stage.using)

    def __enter__(self) -> Self:
        when_cancelled(self._scope, self._process.cancel)
        self._process.start()
        return self

    def __exit__(self, *error: object) -> None:
        forget(self._scope, self._process.cancel)
        if error[0] is None:
            self._process.end(END_S)
        else:
            self._process.unwind()

    def pieces(
        self, block: Block[Any], fates: Sequence[Fates], watch: Watch | None
    ) -> Generator[Block[Any], None, None]:
        """Give the results of a block, one piece after the other."""
        self._tally.records += len(block)
        stopwatch = Stopwatch()
        for piece in self._watched(block, fates[0], watch):
            self._tally.busy += stopwatch.lap()
            if len(piece):
                yield piece
            stopwatch.lap()
        self._tally.busy += stopwatch.lap()

    def _watched(
        self, block: Block[Any], fates: Fates, watch: Watch | None
    ) -> Iterator[Block[Any]]:
        """Tell of each record, which then travels alone, if somebody wants to know."""
        if watch is None:
            yield from self._attempted(block, fates)
            return
        for place, origin in enumerate(block.origins):
            watch.began(self._stage.name, origin)
            yield from self._attempted(block.part(place, place + 1), fates)
        watch.ended()

    def _attempted(self, block: Block[Any], fates: Fates) -> Iterator[Block[Any]]:
        if isinstance(fates, FailFast) and self._stage.retry is None:
            yield from self._once(block, fates)
        else:
            yield self._patiently(block, fates)

    def _once(self, block: Block[Any], fates: Fates) -> Iterator[Block[Any]]:
        if self._limiter is not None:
            pause(self._scope, self._limiter.wait_s(len(block)))
        return self._process.pieces(block, fates, timeout_s=self._stage.timeout_s)

    def _patiently(self, block: Block[Any], fates: Fates) -> Block[Any]:
        """Keep the results until all of them are there, and try again what failed.

        If the process died, each record travels alone, so that only the one that kills fails.
        """
        trial = _Trial()
        placed = Block(block.values, range(len(block)))
        try:
            results = self._tried(placed, trial)
        except ProcessDied:
            ones = (block.part(place, place + 1) for place in range(len(block)))
            return joined([self._patiently(one, fates) for one in ones])
        results = [_without(trial.failures, piece) for piece in results]
        trial.forget_what_failed()
        for place, error in sorted(trial.failures.items()):
            results.extend(self._further(placed.part(place, place + 1), error, trial))
        trial.tell(block.origins, fates)
        return _with_origins(_in_order(results), block.origins)

    def _tried(self, placed: Block[Any], trial: _Trial) -> list[Block[Any]]:
        """Make one attempt; a record that travels alone and kills the process has failed."""
        try:
            return list(self._once(placed, trial))
        except ProcessDied as died:
            if len(placed) > 1:
                raise
            trial.failed(placed.origins[0], self._stage.name, died)
            return []

    def _further(self, one: Block[Any], error: Exception, trial: _Trial) -> list[Block[Any]]:
        """Make the further attempts for one record; note in the trial how they ended."""
        (place,) = one.origins
        retry = self._stage.retry or NO_RETRY
        tries = 1
        while (wait_s := wait_before_retry_s(retry, error, tries)) is not None:
            pause(self._scope, wait_s)
            tries += 1
            again = _Trial()
            results = self._tried(one, again)
            if place not in again.failures:
                del trial.failures[place]
                trial.told.extend(again.told)
                return results
            error = trial.failures[place] = again.failures[place]
        return []


class _Trial:
    """Keeps what is told of records, by their places in a block, until an attempt has ended."""

    def __init__(self) -> None:
        self.failures: dict[int, Exception] = {}
        self.told: list[tuple[str, tuple[Any, ...]]] = []
        self._stage = ""

    def failed(self, origin: Origin, stage: str, error: Exception) -> None:
        """Keep it: perhaps a further attempt succeeds."""
        assert isinstance(origin, int), "a place"
        self._stage = stage
        self.failures[origin] = error

    def dropped(self, origin: Origin) -> None:
        """Keep it."""
        self.told.append(("dropped", (origin,)))

    def born(self, origin: Origin, records: int) -> None:
        """Keep it."""
        self.told.append(("born", (origin, records)))

    def living(self, block: Block[Any]) -> Block[Any]:
        """Leave the block as it is."""
        return block

    def forget_what_failed(self) -> None:
        """Keep of the records that failed only that they did."""
        self.told = [each for each in self.told if each[1][0] not in self.failures]

    def tell(self, origins: Sequence[Any], fates: Fates) -> None:
        """Tell all of it, with the records' own origins."""
        for kind, (place, *more) in self.told:
            getattr(fates, kind)(origins[place], *more)
        for place, error in sorted(self.failures.items()):
            fates.failed(origins[place], self._stage, error)


def _without(failures: Container[int], piece: Block[Any]) -> Block[Any]:
    """Leave out what records had given before they failed."""
    living = [place not in failures for place in piece.origins]
    return Block(list(compress(piece.values, living)), list(compress(piece.origins, living)))


def _in_order(results: Sequence[Block[Any]]) -> Block[Any]:
    all_of_them = joined(list(results))
    records = sorted(
        zip(all_of_them.origins, all_of_them.values, strict=True), key=lambda record: record[0]
    )
    return Block([value for _, value in records], [place for place, _ in records])


def _with_origins(block: Block[Any], origins: Sequence[Any]) -> Block[Any]:
    return Block(block.values, [origins[place] for place in block.origins])
