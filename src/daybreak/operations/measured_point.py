"""One measurement of a function, in a process made for it; how its failure is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Literal, NoReturn

from ..errors import DefinitionError, RunError
from .measured_child import FAILED, UNCALLED, WITHOUT_MEMORY, WITHOUT_WORK

Clock = Literal["wall", "processor"]

LEAST_S: Final = 0.2
"""Work is repeated until it has taken so long: shorter work is measured badly."""

_CODE: Final = "from daybreak.operations.measured_child import main; main()"
_SAID_MAX: Final = 400
_BY_ITSELF: Final = "call the function with that many records by itself"
_SMALLER: Final = "the kernel gives no more where memory is used up: measure smaller sizes"
_HINTS: Final[Mapping[str, str]] = {
    UNCALLED: "it is called with one argument: the number of records, or what prepare(n) gave",
    WITHOUT_MEMORY: _SMALLER,
    WITHOUT_WORK: "measure a function that does the work: list(function(n)), or"
    " asyncio.run(function(n))",
}


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement, by one process."""

    records: int
    seconds: float
    """What one call took while the machine was quickest; the collector's share is in it."""

    gc_seconds: float
    """How much the garbage collector took of such a call, the mean."""

    bytes: float
    """The most memory that the process had resident: with its interpreter and modules."""

    calls: int
    total_s: float
    """What the whole process cost on the clock of the wall."""

    yardstick_s: float
    """What a fixed piece of work took around those calls: how quick the machine was."""

    @property
    def around_s(self) -> float:
        """What the process cost but for the calls: its start, above all."""
        return max(self.total_s - self.seconds * self.calls, 0.0)


class TooLong(RunError):  # noqa: N818 - it reads as a sentence
    """A function was not done in the time it was given."""


class TooMuchMemory(RunError):  # noqa: N818 - it reads as a sentence
    """A function was given no more memory, or was killed as the kernel does for want of it."""


class FunctionFailed(Exception):  # noqa: N818 - it reads as a sentence
    """The traceback of a function in its own process: what a `RunError` comes from."""


def packed_work(
    function: Callable[[Any], object], prepare: Callable[[int], Any] | None, clock: Clock
) -> bytes:
    """Pack a function for `point_of`; what lives in the script goes by value.

    Raises:
        DefinitionError: If it cannot be pickled.
    """
    import cloudpickle  # noqa: PLC0415 - only for those who measure

    if not all(callable(each) for each in (function, prepare) if each is not None):
        raise DefinitionError(
            f"expected functions to measure, got {function!r} and {prepare!r}",
            hint="give function(n), or prepare(n) and function(data)",
        )
    try:
        packed: bytes = cloudpickle.dumps((function, prepare, clock))
    except Exception as error:
        raise DefinitionError(
            f"the function cannot be sent to a process of its own: {error}",
            hint="let it make what it needs itself, or put it into a module",
        ) from error
    return packed


def point_of(
    work: bytes, records: int, *, least_s: float = LEAST_S, limit_s: float | None = None
) -> Point:
    """Measure one size in one fresh process, which is killed after `limit_s` seconds.

    Raises:
        TooLong: If it was killed for that.
        TooMuchMemory: If it was for want of memory that it failed, as far as can be seen.
        RunError: If the function raised, or its process died or was killed.
    """
    began_s = perf_counter()
    with tempfile.TemporaryDirectory(prefix="daybreak-measure-") as folder:
        task, result = Path(folder, "task"), Path(folder, "result")
        task.write_bytes(work)
        done = _run([str(task), str(result), str(records), str(least_s)], records, limit_s)
        found = json.loads(result.read_text()) if result.exists() else {}
        if done.returncode or "seconds" not in found:
            _refuse(found, done, records)
        return Point(records=records, **found, total_s=perf_counter() - began_s)


def _run(
    arguments: list[str], records: int, limit_s: float | None
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", _CODE, *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TooLong(
            f"measuring at size {records:,} was not done after {limit_s} s",
            hint="measure smaller sizes",
        ) from None


def _refuse(
    found: Mapping[str, str], done: subprocess.CompletedProcess[bytes], records: int
) -> NoReturn:
    """Say how it failed; as from the traceback in its process, if the function raised."""
    what = f"measuring at size {records:,} failed"
    if FAILED in found:
        failure = TooMuchMemory if found["kind"] == WITHOUT_MEMORY else RunError
        hint = _HINTS.get(found["kind"], _BY_ITSELF)
        raise failure(f"{what}: {found[FAILED]}", hint=hint) from FunctionFailed(
            f"\n{found['traceback'].rstrip()}"
        )
    if done.returncode < 0:
        killed = f"{what}: its process was killed ({signal.Signals(-done.returncode).name})"
        if done.returncode == -signal.SIGKILL:
            raise TooMuchMemory(killed, hint=_SMALLER)
        raise RunError(killed, hint=_BY_ITSELF)
    said = done.stderr.decode(errors="replace").strip()[-_SAID_MAX:]
    raise RunError(
        f"{what}: its process ended with status {done.returncode}" + (f": {said}" if said else ""),
        hint="call the function with that many records by itself; it must return",
    )
