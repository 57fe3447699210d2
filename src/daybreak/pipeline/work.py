"""A pipeline with an end: what a step returns. It is run by those who know jobs, not here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .nodes import End

if TYPE_CHECKING:
    from .pipeline import Pipeline


@dataclass(frozen=True)
class Work:
    """A pipeline that ends; made by `into`, `each` and `each_chunk`."""

    pipeline: Pipeline[Any]
    end: End

    def __str__(self) -> str:
        return f"{self.pipeline}\n  {self.end}"
