"""About how many records a step has whose source cannot count them, as its chunks come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from ..abc import EstimatedSource, RunLedger, Source
from ..errors import DaybreakError
from ..model.chunk import Marker
from ..model.expected import About, Expected
from ..model.progress import EXPECTED, StepRow
from ..model.ranges import Range

T = TypeVar("T")

SPREAD_OF_RUNS: Final = 0.5
"""How far the number of records of one night is from that of the last, as a logarithm."""

NOTED_FROM: Final = 0.2
"""The ledger is told again when the number has changed by so much, or the doubt has halved."""


class Expecting:
    """What is expected of one step in one attempt.

    Args:
        step: Its name.
        source: Of the step; one that cannot count its records.
        left: What of it is not done yet.
        done: Input records that earlier attempts committed.
        last_run: How many records the last run read; None if there is none.
        ledger: Is told, for those who look at the run.
    """

    def __init__(
        self,
        step: str,
        source: Source,
        left: Range,
        *,
        done: int,
        last_run: int | None,
        ledger: RunLedger,
    ) -> None:
        self._step = step
        self._source = source if isinstance(source, EstimatedSource) else None
        self._left = left
        self._before = done
        self._ledger = ledger
        self._expected = Expected(self._about(last_run))
        self._noted = 0.0, 0.0

    def heard(self, marker: Marker) -> None:
        """Take in a chunk that was committed."""
        share = None
        if self._source is not None:
            share = self._asked(lambda source: source.share(marker.part, self._left))
        self._expected = self._expected.heard(marker.counts.read, share)

    def left(self) -> tuple[int, float] | None:
        """Return how many records are left and its doubt, see `model.expected.Left`, if known."""
        left = self._expected.left()
        if left is None:
            return None
        total = self._before + self._expected.done + left.records
        records, doubt = self._noted
        if abs(total - records) > NOTED_FROM * total or left.doubt < doubt / 2:
            self._ledger.note(EXPECTED, step=self._step, records=round(total), doubt=left.doubt)
            self._noted = total, left.doubt
        return round(left.records), left.doubt

    def _about(self, last_run: int | None) -> About | None:
        about = self._asked(lambda source: source.about(self._left))
        if about is None and last_run is not None and last_run > self._before:
            return About(last_run - self._before, SPREAD_OF_RUNS)
        return about

    def _asked(self, ask: Callable[[EstimatedSource], T | None]) -> T | None:
        """Ask the source; one that cannot be asked now costs the estimate, not the step."""
        if self._source is not None:
            with suppress(DaybreakError):
                return ask(self._source)
        return None


def expecting_of(
    row: StepRow,
    source: Source,
    *,
    missing: Sequence[Range] | None,
    chunks: Sequence[Marker],
    last_run: int | None,
    ledger: RunLedger,
) -> Expecting | None:
    """Return what is expected of a step; None if its source can count its records.

    Args:
        row: The step.
        source: Of the step.
        missing: The gaps in its chain; None if all of it is one.
        chunks: What is committed.
        last_run: How many records the last run read, if there is one.
        ledger: Of the run.
    """
    if row.total is not None:
        return None
    assert row.whole is not None
    begin = row.whole if missing is None else next(iter(missing), Range(row.whole.upto, ""))
    return Expecting(
        row.step,
        source,
        Range(begin.after, row.whole.upto),
        done=sum(marker.counts.read for marker in chunks),
        last_run=last_run,
        ledger=ledger,
    )
