"""The first records of a source: what a rehearsal reads of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..abc import ClosableSource, Source
from ..model.chunk import ChunkInput, Kept
from ..model.ranges import Range


class FirstRecords:
    """`abc.Source` over the first records of another; where they end the source itself says.

    Args:
        source: The whole.
        records: At most how many; at least 1.
    """

    def __init__(self, source: Source, records: int) -> None:
        self._source = source
        self._records = records

    @property
    def name(self) -> str:
        return self._source.name

    def whole(self) -> Range:
        whole = self._source.whole()
        return next(self._source.ranges(whole, self._records), whole)

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
