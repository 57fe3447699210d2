"""A stage while it runs: what it counts, what its failures mean, and how often it may call."""

from __future__ import annotations

from dataclasses import dataclass

from .fates import FailFast, SetAside
from .meter import StageMeter
from .nodes import Stage
from .rate import Limiter
from .stages import Fates


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """One stage of an open pipeline, or of a step; shared by its workers."""

    stage: Stage
    meter: StageMeter
    fates: Fates
    limiter: Limiter | None


def running(stage: Stage, fates: Fates | None = None) -> Running:
    """Begin to run a stage.

    Args:
        stage: The stage.
        fates: Who is told of its failures; what the stage's own option says unless given.
    """
    limiter = None if stage.rate is None else Limiter(stage.rate)
    meter = StageMeter(stage.name, stage.workers, lane=stage.lane, limiter=limiter)
    if fates is None:
        fates = FailFast() if stage.errors is None else SetAside(stage.errors, meter)
    return Running(stage, meter, fates, limiter)
