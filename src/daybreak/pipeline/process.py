"""A stage's function in a worker process: the parent's side.

Strict request and reply on a socket pair: the parent sends a hand of records and asks for its
results piece by piece, so that a generator without an end fills nobody's memory, and the end of the
socket means that the worker is dead. What the worker does is `child`.
"""

from __future__ import annotations

import signal
from collections.abc import Generator, Sequence
from threading import Lock
from time import monotonic
from typing import Any, Final

from ..errors import DefinitionError, ProcessDied
from .block import Block
from .columns import by_columns
from .messages import Born, Failed, Given, NotBegun, NotEnded, Piece, Say, Task, Told, Using
from .nodes import Stage
from .offspring import Offspring
from .stages import Fates
from .waiting import Cancelled
from .wire import Failures, Gone, Packed, Singly, packed, unpacked, without

UNWIND_S: Final = 1.0
"""Seconds in which a worker that was cancelled, or has ended its work, must be gone."""

_MORE: Final = packed(Say.MORE)
_SINGLY: Final = packed(Say.SINGLY)
_END: Final = packed(Say.END)


class WorkerProcess:
    """One worker process of a stage, driven by one thread.

    Every method but `cancel` is for that thread, or for its successor. A process that is gone is
    replaced when there are records again. Records are copied: what a function does to one is not
    seen here, and those that pass a filter or a tap are the parent's own.

    Args:
        stage: Whose function is called.
        using: Opens, in the worker, what the function is given as its second argument; closed at
            the end.
    """

    def __init__(self, stage: Stage, using: Using | None = None) -> None:
        self._stage = stage
        self._using = using
        self._task: Task | None = None
        self._lock = Lock()  # of the two below
        self._is_cancelled = False
        self._offspring: Offspring | None = None

    def start(self) -> None:
        """Start the process, unless it runs, and wait until it can take records.

        Raises:
            DefinitionError: If the function cannot be sent to a process, or be loaded there.
            ProcessDied: If the process ended meanwhile.
            Exception: What opening the resource raised.
            Cancelled: If it was cancelled.

        In each case no process is left.
        """
        if self._offspring is not None:
            return
        if self._is_cancelled:
            raise Cancelled
        if self._task is None:
            self._task = _packed_task(self._stage, self._using)
        self._adopt(Offspring())
        answer = self._asked(packed(self._task), 0)
        if isinstance(answer, NotBegun):
            self._leave(UNWIND_S)
            raise self._refusal(answer)

    def pieces(
        self, block: Block[Any], fates: Fates, *, timeout_s: float | None = None
    ) -> Generator[Block[Any], None, None]:
        """Have the worker apply the stage to a block, and give the results as they are asked for.

        Args:
            block: The records; with a timeout, one.
            fates: Is told of the block's own origins, when the piece comes that tells of them.
            timeout_s: Seconds that each piece may take; then the worker is killed, and the record
                has failed. Starting a worker does not count.

        Raises:
            ProcessDied: If the process ended; nobody knows which of the block's records did that.
            Cancelled: If it was cancelled.
            Exception: What `start` raises.
        """
        assert timeout_s is None or len(block) == 1, "a timeout is one record's"
        self.start()
        hand, message = self._packed_hand(block, fates)
        while hand:
            try:
                answer = self._asked(message, len(hand), timeout_s)
            except _Late:
                fates.failed(hand.origins[0], self._stage.name, _too_long(timeout_s))
                return
            if answer is Say.SINGLY:
                hand, message = self._packed_singly(hand, fates)
                continue
            yield self._result(answer, hand, fates)
            if answer.is_last:
                return
            message = _MORE

    def end(self, within_s: float) -> None:
        """Let the worker close its resource and end; return when it is gone.

        After a cancellation it only waits until the worker has unwound.

        Args:
            within_s: Seconds after which it is killed.

        Raises:
            ProcessDied: If it had to be killed, or died on its way.
            Exception: What closing the resource raised.
        """
        if self._offspring is None:
            return
        ends_at = monotonic() + within_s
        try:
            answer = self._asked(_END, 0, within_s)
        except Cancelled:
            return
        except _Late:
            raise self._too_late(within_s) from None
        status = self._leave(max(0.0, ends_at - monotonic()))
        if isinstance(answer, NotEnded):
            raise answer.error.restored()
        if status is None:
            raise self._too_late(within_s)

    def cancel(self) -> None:
        """Ask the worker to unwind, for good; never waits, and may be called by any thread.

        Whoever waits for its results gets `Cancelled` when it is gone, within `UNWIND_S`.
        """
        with self._lock:
            self._is_cancelled = True
            if self._offspring is not None:
                self._offspring.ask_to_end()

    def unwind(self) -> None:
        """Cancel, let the worker close its resource, and return when it is gone.

        One that has not unwound within `UNWIND_S` is killed.
        """
        self.cancel()
        if self._offspring is not None:
            self._leave(UNWIND_S)

    def kill(self) -> None:
        """End the worker at once; return when it is gone."""
        if self._offspring is not None:
            self._leave(0)

    # ------------------------------------------------------------ the process

    def _adopt(self, offspring: Offspring) -> None:
        with self._lock:
            self._offspring = offspring
            if self._is_cancelled:
                offspring.ask_to_end()

    def _leave(self, within_s: float) -> int | None:
        """Join the process; return how it ended, or None if it had to be killed."""
        with self._lock:
            offspring, self._offspring = self._offspring, None
        assert offspring is not None
        return offspring.joined(within_s)

    def _asked(self, message: Packed, records: int, timeout_s: float | None = None) -> Any:
        """Send a request and return the answer; whatever is raised, no process is left."""
        try:
            answer = self._exchanged(message, timeout_s)
            try:
                return unpacked(answer)
            except MemoryError:
                raise
            except Exception:  # noqa: BLE001 - a result's class may raise anything
                return unpacked(self._exchanged(_SINGLY, timeout_s))
        except Gone:
            raise self._death(records) from None
        except BaseException:
            self.kill()
            raise

    def _exchanged(self, message: Packed, timeout_s: float | None) -> Packed:
        assert self._offspring is not None
        self._offspring.wire.send(message)
        if timeout_s is not None and not self._offspring.heard_within(timeout_s):
            raise _Late
        return self._offspring.wire.receive()

    # ------------------------------------------------------------ records

    def _packed_hand(self, block: Block[Any], fates: Fates) -> tuple[Block[Any], Packed]:
        """Pack a block; what cannot be pickled has failed and is left out."""
        try:
            return block, packed(Given(by_columns(block.values)))
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - a record may hold anything
            return self._packed_singly(block, fates)

    def _packed_singly(self, block: Block[Any], fates: Fates) -> tuple[Block[Any], Packed]:
        singly, failures = Singly.of(block.values)
        for position, error in failures:
            error.add_note("where: a record on its way into a worker process")
            error.add_note("hint: let records be plain data, or run the stage on threads")
            fates.failed(block.origins[position], self._stage.name, error)
        values, origins = without(block.values, failures), without(block.origins, failures)
        return Block(list(values), origins), packed(Given(singly))

    def _result(self, piece: Piece, hand: Block[Any], fates: Fates) -> Block[Any]:
        """Give a piece the block's own origins, and tell what became of its records."""
        values = piece.values
        failures: Failures = []
        if isinstance(values, Singly):
            values, failures = values.values()
        self._tell(piece.told, hand.origins, fates)
        if piece.origins is None and not failures:
            return hand if values is None else Block(values, hand.origins)
        positions = range(len(hand)) if piece.origins is None else piece.origins
        for place, error in failures:
            error.add_note("where: a result on its way out of a worker process")
            fates.failed(hand.origins[positions[place]], self._stage.name, error)
        positions = without(positions, failures)
        if values is None:
            values = [hand.values[position] for position in positions]
        return Block(values, [hand.origins[position] for position in positions])

    def _tell(self, told: Sequence[Told], origins: Sequence[Any], fates: Fates) -> None:
        for each in told:
            match each:
                case Failed(position, error):
                    fates.failed(origins[position], self._stage.name, error.restored())
                case Born(position, records):
                    fates.born(origins[position], records)
                case position:
                    fates.dropped(origins[position])

    # ------------------------------------------------------------ errors

    def _refusal(self, answer: NotBegun) -> Exception:
        error = answer.error.restored()
        if answer.is_opening:
            return error
        refusal = DefinitionError(
            f"stage {self._stage.name!r} cannot be loaded in a worker process: {answer.error.text}",
            hint="let its module be importable from sys.path, without side effects",
        )
        refusal.__cause__ = error
        return refusal

    def _death(self, records: int) -> BaseException:
        """Join the process that is gone, and say how it ended."""
        status = self._leave(UNWIND_S)
        if self._is_cancelled:
            return Cancelled()
        return ProcessDied(
            f"a worker process ended {_how(status)} with {records} record(s) at hand",
            hint="see what it wrote to stderr; block=1 shows which record ends it",
            stage=self._stage.name,
        )

    def _too_late(self, within_s: float) -> ProcessDied:
        return ProcessDied(
            f"a worker process did not end within {within_s} s, and was killed",
            hint="see what closing its resource waits for",
            stage=self._stage.name,
        )


class _Late(Exception):  # noqa: N818 - it names a state
    """No answer came in time."""


def _too_long(timeout_s: float | None) -> TimeoutError:
    error = TimeoutError(f"it took longer than {timeout_s} s, and its worker process was killed")
    error.add_note("hint: give the stage a longer timeout_s if the record may take that long")
    return error


def _how(status: int | None) -> str:
    if status is None:
        return "by closing its socket, did not exit, was killed,"
    if status >= 0:
        return f"with exit status {status}"
    try:
        return f"by {signal.Signals(-status).name}"
    except ValueError:
        return f"by signal {-status}"


def _packed_task(stage: Stage, using: Using | None) -> Task:
    from .shipping import packed_task  # noqa: PLC0415 - cloudpickle is only for those who need it

    return packed_task(stage, using)
