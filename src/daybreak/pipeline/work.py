"""A pipeline with an end: what a step returns. It is run by those who know jobs, not here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .nodes import End

if TYPE_CHECKING:
    from .pipeline import Pipeline


class Work:
    """A pipeline that ends; made by `into`, `each` and `each_chunk`.

    No dataclass, on purpose: the ledger keeps those, so a task that returns the work of a step
    would look right to type checkers.
    """

    __slots__ = ("end", "pipeline")

    def __init__(self, pipeline: Pipeline[Any], end: End) -> None:
        self.pipeline: Final = pipeline
        self.end: Final = end

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Work):
            return NotImplemented
        return (self.pipeline, self.end) == (other.pipeline, other.end)

    def __hash__(self) -> int:
        return hash((self.pipeline, self.end))

    def __str__(self) -> str:
        return f"{self.pipeline}\n  {self.end}"

    def __repr__(self) -> str:
        return f"<Work {self.pipeline!r} -> {self.end}>"
