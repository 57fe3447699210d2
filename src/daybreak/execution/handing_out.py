"""Ranges on their way to the workers of a step, divided as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.ranges import Range
from .patience import MAY_PASS, Patience, Tries
from .plan import ChunkedPlan
from .stop_request import StopRequest


def hand_out(
    plan: ChunkedPlan, missing: list[Range], chunk: int, stop: StopRequest, patience: Patience
) -> Iterator[Range]:
    """Yield the ranges of what is missing, until there are none or somebody asks to stop."""
    for gap in missing:
        for part in _divided(plan, gap, chunk, patience):
            if stop.is_requested:
                return
            yield part


def _divided(plan: ChunkedPlan, gap: Range, chunk: int, patience: Patience) -> Iterator[Range]:
    """Divide a gap; a source that cannot now is asked again, from where it was."""
    rest, tries = gap, Tries(patience)
    parts = plan.source.ranges(rest, chunk)
    while True:
        try:
            part = next(parts, None)
        except MAY_PASS as error:
            tries.wait_after(error)
            parts = plan.source.ranges(rest, chunk)
            continue
        if part is None:
            return
        yield part
        rest, tries = Range(part.upto, gap.upto), Tries(patience)
