"""A part of a source: what a rehearsal reads of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from time import perf_counter
from typing import Any, Final

from ..abc import ClosableSource, Source, SpreadSource
from ..model.chunk import ChunkInput, Kept
from ..model.ranges import Range
from .joined_inputs import joined_digests, joined_inputs

PLACES: Final = 16
"""From so many places at least a sample comes, where it has as many records."""


class PartOfSource:
    """`abc.Source` over a part of another. Which part, a subclass says.

    Args:
        source: The whole.
        records: At most how many are read; at least 1.
    """

    def __init__(self, source: Source, records: int) -> None:
        self._source = source
        self._records = records

    @property
    def name(self) -> str:
        return self._source.name

    def whole(self) -> Range:
        return self._source.whole()

    def total(self) -> int | None:
        total = self._source.total()
        return None if total is None else min(total, self._records)

    def fingerprint(self) -> Mapping[str, Any]:
        return self._source.fingerprint()

    def ranges(self, gap: Range, chunk_records: int) -> Iterator[Range]:
        return self._source.ranges(gap, chunk_records)

    def read(self, part: Range) -> ChunkInput:
        return self._source.read(part)

    def again(self, records: Sequence[Kept]) -> ChunkInput:
        return self._source.again(records)

    def in_order(self, texts: Sequence[str]) -> Sequence[str]:
        return self._source.in_order(texts)

    def digest(self, part: Range) -> str:
        return self._source.digest(part)

    def close(self) -> None:
        """Close what the source keeps open."""
        if isinstance(self._source, ClosableSource):
            self._source.close()


class FirstRecords(PartOfSource):
    """The first records; where they end the source itself says."""

    def whole(self) -> Range:
        whole = super().whole()
        return next(self._source.ranges(whole, self._records), whole)


class SpreadRecords(PartOfSource):
    """Records from everywhere: of each of many equal stretches those at its beginning.

    So a sample of a source that is sorted, or that grew worse over the years, is like the whole. It
    has as many chunks as a run over so many records, or nearly; one chunk is made of several
    stretches where there are few. The chain of ranges has no gap all the same: a range covers its
    stretches whole. What a stretch lacks, for keys are not as dense everywhere, the others give.
    """

    def __init__(self, source: SpreadSource, records: int) -> None:
        super().__init__(source, records)
        self._whole: SpreadSource = source
        self._taken: dict[Range, list[Range]] = {}
        self._ahead: dict[Range, ChunkInput] = {}
        self.places: int | None = None
        """From how many places they come; None before it was divided."""

        self.divided_in_s = 0.0
        """How long it took to find these: a run would not do that."""

    @classmethod
    def of(cls, source: Source, records: int) -> PartOfSource:
        """Return the widest spread sample that the source allows."""
        total = source.total()
        if not isinstance(source, SpreadSource) or (total is not None and total <= records):
            return FirstRecords(source, records)
        return cls(source, records)

    def total(self) -> int | None:
        return None  # how many records the stretches hold is not known beforehand

    def ranges(self, gap: Range, chunk_records: int) -> Iterator[Range]:
        if gap in self._taken:  # it was handed out before; it holds no more than a chunk
            yield gap
            return
        after, upto, room = gap.after, gap.after, chunk_records
        parts: list[Range] = []
        for part, end, records in self._pieces(gap, chunk_records):
            if parts and records > room:
                yield self._made_of(parts, after, upto)
                after, room, parts = upto, chunk_records, []
            parts.append(part)
            upto, room = end, room - records
        yield self._made_of(parts, after, gap.upto)

    def _made_of(self, parts: list[Range], after: str, upto: str) -> Range:
        whole = Range(after, upto)
        self._taken[whole] = parts
        return whole

    def _pieces(self, gap: Range, chunk_records: int) -> Iterator[tuple[Range, str, int]]:
        """Yield what is read, up to where it stands for the source, and how many records it has."""
        left, owed = self._records, Fraction(0)
        chunks = -(-left // chunk_records)
        stretches = self._divided(gap, min(left, chunks * -(-PLACES // chunks)))
        for behind, rest in zip(range(len(stretches), 0, -1), stretches, strict=True):
            owed += Fraction(left, behind)
            share = int(owed)
            owed -= share
            while share > 0 and not rest.is_empty:
                wanted = min(share, chunk_records)
                part = next(self._source.ranges(rest, wanted), rest)
                records = wanted if part.upto != rest.upto else self._counted(part)
                share, left = share - records, left - records
                end = part.upto if share > 0 else rest.upto
                yield part, end, records
                rest = Range(part.upto, rest.upto)  # noqa: PLW2901 - what is left of it

    def _divided(self, gap: Range, places: int) -> Sequence[Range]:
        began_s = perf_counter()
        stretches = self._whole.stretches(gap, places)
        self.divided_in_s += perf_counter() - began_s
        self.places = min(len(stretches), self._records)
        return stretches

    def _counted(self, part: Range) -> int:
        """Read the rest of a stretch ahead of who takes it: nobody knows how much it is."""
        self._ahead[part] = found = self._source.read(part)
        return found.read

    def read(self, part: Range) -> ChunkInput:
        return joined_inputs([self._one(one) for one in self._taken.get(part, [part])])

    def _one(self, part: Range) -> ChunkInput:
        found = self._ahead.pop(part, None)
        return self._source.read(part) if found is None else found

    def digest(self, part: Range) -> str:
        return joined_digests([self._source.digest(one) for one in self._taken.get(part, [part])])
