"""What the figures of the pipeline ask of its engine beyond its public face, in one place.

Whether stages are fused, what each worker of a stage did, and whether the engine has a lane at all.
What it does not have is not measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from inspect import signature
from typing import Any, Final

from daybreak import Pipeline, Results
from daybreak.errors import DefinitionError
from daybreak.pipeline import StageReport, engine

HAS_FUSION: Final = "fused" in signature(engine.opened).parameters
"""Whether the engine fuses stages at all; if it does not, fusion is always off."""


def opened(
    pipeline: Pipeline[int], *, is_fused: bool = False
) -> AbstractContextManager[Results[int]]:
    """Open a pipeline with fusion on or off."""
    if not HAS_FUSION:
        assert not is_fused, "there is no fusion"
        return pipeline.open()
    switched: Any = engine.opened
    results: AbstractContextManager[Results[int]] = switched(pipeline.nodes, fused=is_fused)
    return results


def smaller_share_percent(stage: StageReport) -> float | None:
    """Return the part of a stage's blocks that its least busy worker took, by its own report."""
    blocks: Sequence[int] = getattr(stage, "slices", ())
    return 100 * min(blocks) / sum(blocks) if blocks else None


def why_not(build: Callable[[], Pipeline[Any]]) -> str | None:
    """Say why the engine refuses to build a pipeline; None if it does not."""
    try:
        build()
    except DefinitionError as error:
        return str(error)
    return None
