"""Some rows of a Parquet file as one of their own, with the same columns and types."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from .row import Row

if TYPE_CHECKING:
    import pyarrow.parquet as pq

BATCH_ROWS: Final = 1_000
"""Rows that are decoded together."""


class ParquetExport:
    """One export in the making; it is written at its end.

    Args:
        source: The file.
        to: Where the export goes.
    """

    def __init__(self, source: Path, to: BinaryIO) -> None:
        self._source = source
        self._to = to
        self._places = array("Q")

    def add(self, row: Row) -> bool:
        """Remember a row; one that cannot be decoded cannot be written again either."""
        if row.fault is not None:
            return False
        self._places.append(row.offset)
        return True

    def finish(self) -> None:
        """Write the rows."""
        import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

        with (
            pq.ParquetFile(self._source) as file,
            pq.ParquetWriter(self._to, file.schema_arrow) as out,
        ):
            groups = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
            for group, end in enumerate(accumulate(groups)):
                self._write(file, out, group, end - groups[group], end)

    def _write(
        self, file: pq.ParquetFile, out: pq.ParquetWriter, group: int, begin: int, end: int
    ) -> None:
        """Write the rows of one row group; nothing is decoded behind the last of them."""
        at, stop = bisect_left(self._places, begin), bisect_left(self._places, end)
        if at == stop:
            return
        first = begin
        for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], use_threads=False):
            upto = bisect_left(self._places, first + batch.num_rows)
            if upto > at:
                out.write_batch(batch.take([place - first for place in self._places[at:upto]]))
            at, first = upto, first + batch.num_rows
            if at == stop:
                return
