"""What an operator may turn on a step at every start, and what its declaration does not allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from ..errors import DefinitionError
from .limits import CHUNK_RECORDS, CHUNK_RECORDS_MAX, PARALLEL_AUTO_MAX, PARALLEL_MAX

Order: TypeAlias = Literal["any", "source"]
"""In which order a step's chunks are committed."""

Knob: TypeAlias = int | Literal["auto"]
"""What a knob may be turned to: a number, or what is found out while the step works."""

AUTO: Final = "auto"


@dataclass(frozen=True, slots=True)
class Knobs:
    """What an operator may turn at every start; never part of a run's identity."""

    chunk: int = CHUNK_RECORDS
    """Records a chunk: 1 to `CHUNK_RECORDS_MAX`. If it adapts, those of a chunk where nothing can
    be learnt: in a rehearsal, in a replay."""

    parallel: int = 1
    """Chunks in flight: 1 to `PARALLEL_MAX`. If it adapts, those with which it begins."""

    chunk_adapts: bool = False
    """Whether the size of the chunks follows what they take: `chunk="auto"`."""

    parallel_adapts: bool = False
    """Whether the number of chunks in flight follows what gets done: `parallel="auto"`."""

    parallel_most: int = PARALLEL_AUTO_MAX
    """The bound of a number that adapts."""

    def __post_init__(self) -> None:
        """Refuse values outside their bounds."""
        for name, value, most in (
            ("chunk", self.chunk, CHUNK_RECORDS_MAX),
            ("parallel", self.parallel, PARALLEL_MAX),
            ("parallel_most", self.parallel_most, PARALLEL_MAX),
        ):
            if type(value) is not int or not 1 <= value <= most:
                raise DefinitionError(
                    f'expected {name} to be "auto" or a whole number from 1 to {most:,}, got'
                    f" {value!r}",
                    hint=f'choose {name} between 1 and {most:,}, or write "auto"',
                )

    @classmethod
    def of(cls, chunk: Knob = AUTO, parallel: Knob = 1) -> Knobs:
        """Return the knobs turned to numbers, or to `"auto"`.

        Raises:
            DefinitionError: If one is neither, or outside its bounds.
        """
        return cls(
            chunk=CHUNK_RECORDS if chunk == AUTO else chunk,
            parallel=1 if parallel == AUTO else parallel,
            chunk_adapts=chunk == AUTO,
            parallel_adapts=parallel == AUTO,
        )

    @property
    def turned_to(self) -> dict[str, Knob]:
        """What they are turned to, by name: what `of` takes."""
        return {
            "chunk": AUTO if self.chunk_adapts else self.chunk,
            "parallel": AUTO if self.parallel_adapts else self.parallel,
        }


def refuse_side_by_side(order: Order, knobs: Knobs) -> None:
    """Raise if chunks that must be committed in order would be in flight side by side.

    Raises:
        DefinitionError: Nothing was started.
    """
    if order not in ("any", "source"):
        raise DefinitionError(
            f"expected order to be 'any' or 'source', got {order!r}", hint='write order="source"'
        )
    if order == "source" and (knobs.parallel > 1 or knobs.parallel_adapts):
        many = "several" if knobs.parallel_adapts else knobs.parallel
        raise DefinitionError(
            f"chunks in the order of the source cannot be {many} in flight",
            hint='leave parallel out, or say order="any"',
        )
