"""Which stages run in the same threads, and when they are taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .nodes import Inner, Stage

SLOW_S: Final = 0.0002
"""Seconds a record from which a stage is worth a thread of its own: ten times a hand-over."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Stages that run in the same threads: plain neighbours, or one stage with workers."""

    stages: tuple[Stage, ...]

    @property
    def name(self) -> str:
        """The names of its stages, for people."""
        return "+".join(stage.name for stage in self.stages)

    @property
    def is_plain(self) -> bool:
        """Whether it needs no threads of its own."""
        return self.stages[0].is_plain


def segments(nodes: Sequence[Inner], *, fused: bool = True) -> list[Segment | Inner]:
    """Join plain neighbours; what is no stage stays as it is, and parts them."""
    joined: list[Segment | Inner] = []
    for node in nodes:
        last = joined[-1] if joined else None
        if not isinstance(node, Stage):
            joined.append(node)
        elif fused and node.is_plain and isinstance(last, Segment) and last.is_plain:
            joined[-1] = Segment((*last.stages, node))
        else:
            joined.append(Segment((node,)))
    return joined


def parting(seconds: Sequence[float]) -> int | None:
    """Say before which of some stages that share a thread their ways part; None for nowhere.

    Two slow stages wait for each other in one thread: the second gets its own.

    Args:
        seconds: What each stage took for a record, so far.
    """
    slow = [place for place, each in enumerate(seconds) if each > SLOW_S]
    return slow[1] if len(slow) > 1 else None
