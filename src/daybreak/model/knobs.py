"""What an operator may turn on a step at every start, and what its declaration does not allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..errors import DefinitionError
from .limits import CHUNK_RECORDS, CHUNK_RECORDS_MAX, PARALLEL_MAX

Order: TypeAlias = Literal["any", "source"]
"""In which order a step's chunks are committed."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """What an operator may turn at every start; never part of a run's identity."""

    chunk: int = CHUNK_RECORDS
    """Records a chunk: 1 to `CHUNK_RECORDS_MAX`."""

    parallel: int = 1
    """Chunks in flight: 1 to `PARALLEL_MAX`."""

    def __post_init__(self) -> None:
        """Refuse values outside their bounds."""
        for name, value, most in (
            ("chunk", self.chunk, CHUNK_RECORDS_MAX),
            ("parallel", self.parallel, PARALLEL_MAX),
        ):
            if type(value) is not int or not 1 <= value <= most:
                raise DefinitionError(
                    f"expected {name} to be a whole number from 1 to {most:,}, got {value!r}",
                    hint=f"choose {name} between 1 and {most:,}",
                )


def refuse_side_by_side(order: Order, knobs: Knobs) -> None:
    """Raise if chunks that must be committed in order would be in flight side by side.

    Raises:
        DefinitionError: Nothing was started.
    """
    if order not in ("any", "source"):
        raise DefinitionError(
            f"expected order to be 'any' or 'source', got {order!r}", hint='write order="source"'
        )
    if order == "source" and knobs.parallel > 1:
        raise DefinitionError(
            f"chunks in the order of the source cannot be {knobs.parallel} in flight",
            hint='leave parallel out, or say order="any"',
        )
