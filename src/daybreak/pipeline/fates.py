"""What becomes of a record whose function raised, in a pipeline without a job."""

from __future__ import annotations

from decimal import Decimal
from threading import Lock
from typing import Any

from ..errors import TooManyBadRecords
from ..model.limits import BAD_ALWAYS_ALLOWED
from .block import Block, Origin
from .meter import StageMeter
from .options import Collect, share_of


class _Careless:
    """Only failures count: records of a pipeline do not depend on each other."""

    def dropped(self, origin: Origin) -> None:
        """Nobody asks."""

    def born(self, origin: Origin, records: int) -> None:
        """Nobody asks."""

    def living(self, block: Block[Any]) -> Block[Any]:
        """Leave the block as it is."""
        return block


class FailFast(_Careless):
    """The first failure is the end of the pipeline."""

    def failed(self, origin: Origin, stage: str, error: Exception) -> None:
        """Raise the function's own error, with the place in a note."""
        error.add_note(where(origin, stage))
        raise error


class SetAside(_Careless):
    """Failures are kept, as long as they are few; shared by the workers of a stage."""

    def __init__(self, collect: Collect, meter: StageMeter) -> None:
        self._meter = meter
        self._most = collect.max
        self._share = None if collect.max_rate is None else share_of(collect.max_rate)
        self._lock = Lock()

    def failed(self, origin: Origin, stage: str, error: Exception) -> None:
        """Keep the error.

        Raises:
            TooManyBadRecords: If there are more than the stage may have.
        """
        error.add_note(where(origin, stage))
        with self._lock:
            self._meter.errors.append(error)
            count = len(self._meter.errors)
        if self._most is not None and count > self._most:
            self._refuse(stage, f"{count:,} records failed, {self._most:,} may", error)
        if self._share is not None and count >= BAD_ALWAYS_ALLOWED:
            records = self._meter.records
            if Decimal(count) > self._share * records:
                told = f"{count:,} of {records:,} records failed, {self._share:.3%} may"
                self._refuse(stage, told, error)

    def _refuse(self, stage: str, told: str, error: Exception) -> None:
        raise TooManyBadRecords(
            f"stage {stage!r}: {told}; the last: {type(error).__name__}: {error}",
            hint="see report.errors for all of them, repair the cause, or allow more in Collect",
        ) from error


def where(origin: Origin, stage: str) -> str:
    """Say where a record failed."""
    return f"where: stage {stage}, record {origin} of its source, from 0"
