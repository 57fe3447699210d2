"""Ranges on their way to the workers of a step, divided as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.ranges import Range
from .pace import Pace
from .patience import MAY_PASS, Patience, Tries
from .plan import ChunkedPlan
from .stop_request import StopRequest


def hand_out(
    plan: ChunkedPlan, missing: list[Range], pace: Pace, stop: StopRequest, patience: Patience
) -> Iterator[Range]:
    """Yield the ranges of what is missing, until there are none or somebody asks to stop."""
    try:
        for gap in missing:
            for part in _divided(plan, gap, pace, stop, patience):
                if stop.is_requested:
                    return
                yield part
    finally:
        pace.handed_out()


def _divided(
    plan: ChunkedPlan, gap: Range, pace: Pace, stop: StopRequest, patience: Patience
) -> Iterator[Range]:
    """Divide a gap, each range as large as is right when it is planned.

    A source that cannot now is asked again, from where it was.
    """
    rest, tries = gap, Tries(patience)
    records = pace.chunk_records
    parts = plan.source.ranges(rest, records)
    while pace.may_plan(stop):
        if records != pace.chunk_records and not rest.is_empty:
            records = pace.chunk_records
            parts = plan.source.ranges(rest, records)
        try:
            part = next(parts, None)
        except MAY_PASS as error:
            tries.wait_after(error)
            parts = plan.source.ranges(rest, records)
            continue
        if part is None:
            return
        pace.planned(part, records)
        yield part
        rest, tries = Range(part.upto, gap.upto), Tries(patience)
