"""A part of a source: what a rehearsal reads of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..abc import ClosableSource, Source
from ..model.chunk import ChunkInput, Kept
from ..model.ranges import Range


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
    """Records from everywhere: a chunk from the beginning of each of its equal stretches.

    So a sample of a source that is sorted, or that grew worse over the years, is like the whole.
    The chain of ranges has no gap all the same: a range covers its whole stretch, of which no more
    than a chunk is read. A source that cannot say how many records it holds gives its first ones.
    """

    def __init__(self, source: Source, records: int) -> None:
        super().__init__(source, records)
        self._taken: dict[Range, Range] = {}

    @classmethod
    def of(cls, source: Source, records: int) -> PartOfSource:
        """Return the widest spread sample that the source allows."""
        total = source.total()
        if total is None or total <= records:
            return FirstRecords(source, records)
        return cls(source, records)

    def total(self) -> int | None:
        return None  # how many records the last stretch holds is not known beforehand

    def ranges(self, gap: Range, chunk_records: int) -> Iterator[Range]:
        total = self._source.total() or 0
        chunks = max(1, -(-self._records // chunk_records))
        share = max(1, self._records // chunks)
        for stretch in self._source.ranges(gap, max(1, -(-total // chunks))):
            self._taken[stretch] = next(self._source.ranges(stretch, share), stretch)
            yield stretch

    def read(self, part: Range) -> ChunkInput:
        return self._source.read(self._taken.get(part, part))

    def digest(self, part: Range) -> str:
        return self._source.digest(self._taken.get(part, part))
