"""Records that somebody changed between their read and their write, read and computed once more.

Where a sweep comes back to them, that is its work. Where none does, the chunk is rolled back, what
was changed is read and computed again, with no row locked meanwhile, and the chunk is written once
more; what was changed again is left alone then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..model.chunk import ChunkInput
from .draft import Draft, Unit


class ReadAgain(Exception):  # noqa: N818 - it reads as a sentence
    """Some records of a chunk were left alone, and are to be read and computed once more."""

    def __init__(self, origins: Sequence[int]) -> None:
        super().__init__(origins)
        self.origins = origins


def again(draft: Draft, origins: Sequence[int], drafted: Callable[[ChunkInput], Draft]) -> Draft:
    """Return a draft in which some records are as they are now.

    Args:
        draft: What the stages made of the chunk.
        origins: The records that were changed.
        drafted: Takes what was read through the stages.
    """
    first = draft.input
    assert first.reread is not None
    second = drafted(first.reread(origins))
    present = {*second.input.origins, *(one.origin for one in second.input.refused)}
    units: dict[int, Unit] = {one.origin: one for one in draft.units}
    for origin in present:
        units.pop(origin, None)
    units |= {one.origin: one for one in second.units}
    return replace(
        draft,
        input=replace(first, raw=lambda at: (second.input if at in present else first).raw(at)),
        units=[units[origin] for origin in sorted(units)],
        set_aside=[*draft.set_aside, *second.set_aside],
        filtered=draft.filtered + second.filtered,
        again=None,
    )
