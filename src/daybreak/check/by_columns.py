"""The rows of a file by columns, where that can be done: blocks on all cores, in the file's order.

The columns say which rows are certainly good; every other one is read by the row reader. So what is
found is what reading every row would find.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, BinaryIO, Final

from ..connectors.csv_format import CsvFormat
from ..connectors.file_format import Format, Header, RowReader
from ..model.chunk import Finding
from ..pipeline import source
from .read_row import ReadRow

if TYPE_CHECKING:
    from .across import Across, Keyed
    from .columnar import Block, BlockCheck, BlockRows, Verdict
    from .keyed_blocks import KeyedBlocks

COLUMNAR_BYTES_MIN: Final = 2**20
"""A smaller file is checked row by row sooner than the libraries for columns are imported."""

BLOCK_BYTES: Final = 2**21
"""Bytes that are looked at together: with fewer the calls count, with more the cache."""

BLOCKS_A_WORKER: Final = 3
"""Blocks in memory for each worker: in its hands, on the way to it, on the way from it."""

WORKERS_MAX: Final = 4
"""Blocks that are looked at side by side: the reading of the file keeps pace with no more."""

NEEDED: Final = ("numpy", "pyarrow")
NOT_INSTALLED: Final = "numpy and pyarrow are not there; install daybreak[files]"


@dataclass(frozen=True, slots=True)
class CheckedByRows:
    """A file, and a large one, is checked row by row, which takes longer; an event."""

    file: str
    why: str


class Seen:
    """Some rows of a file that were looked at together.

    Args:
        verdict: What the columns say of them.
        reader: Judges those of which the columns are not certain.
        keyed_blocks: Takes what rules across records compare, if there are any.
    """

    def __init__(
        self, verdict: Verdict, reader: RowReader, keyed_blocks: KeyedBlocks | None
    ) -> None:
        self._verdict = verdict
        self._reader = reader
        self._keyed_blocks = keyed_blocks
        self._read: dict[int, ReadRow] = {}
        self.faulty_numbers = array("q")
        """Of the faulty rows so far, from 0."""

    @property
    def rows(self) -> BlockRows:
        """Where they are."""
        return self._verdict.rows

    def judged(self) -> Iterator[tuple[int, Sequence[Finding]]]:
        """Yield of each faulty row its number and what is wrong with it; ask once.

        They are made while they are taken: a block of short rows that are all faulty has a million,
        and all their findings would take two hundred times as much memory as the block.
        """
        for number, row in self._verdict.doubtful_rows():
            record, findings = self._reader.read(row)
            if findings:
                self.faulty_numbers.append(number)
                yield number, findings
            elif self._keyed_blocks is not None:
                self._read[number] = ReadRow(row, record)

    @cached_property
    def faulty(self) -> Sequence[tuple[int, Sequence[Finding]]]:
        """All of what `judged` yields, for who does not ask that."""
        return list(self.judged())

    def keyed(self) -> Keyed:
        """Return what rules across records compare of them, once all are judged."""
        assert self._keyed_blocks is not None, "who has no such rules does not ask"
        numbers = self.faulty_numbers
        return self._keyed_blocks.of(self._verdict, self._read, numbers, self._reader)

    def release(self) -> None:
        """Let another block have the memory. Nobody may look at these rows any more."""
        self._verdict.release()


class ByRows(Exception):  # noqa: N818 - a verdict on a file, raised and caught in this room
    """A file is to be checked row by row; the message says why, unless that is no loss."""


class Columns:
    """One file, and how it is checked by columns.

    Args:
        form: How it is written.
        header: What stands before its records.
        model: What they are.
        size: The file's bytes.
        across: Is given what it compares, if there are rules across records.

    Raises:
        ByRows: If it is to be checked row by row.
    """

    def __init__(
        self,
        form: Format,
        header: Header,
        model: type | None,
        size: int,
        *,
        across: Across | None = None,
    ) -> None:
        if size < COLUMNAR_BYTES_MIN or not isinstance(form, CsvFormat):
            raise ByRows
        if form.trailer is not None:
            raise ByRows("it has a trailer")
        if not form.dialect.is_cut_as_bytes:
            raise ByRows(f"{form.dialect.codec} is cut as text")
        if not all(map(find_spec, NEEDED)):
            raise ByRows(NOT_INSTALLED)
        from .columnar import BlockCheck  # noqa: PLC0415 - heavy
        from .columnar import ByRows as NoColumns  # noqa: PLC0415 - heavy

        try:
            self._check: BlockCheck = BlockCheck(model, header, form.dialect)
        except NoColumns as exc:
            raise ByRows(str(exc)) from exc
        self._keyed = _keyed_blocks(across, model, header, form)
        self._form = form
        self._header = header
        self._size = size

    @contextmanager
    def seen(
        self, stream: BinaryIO, reader: RowReader, begin: tuple[int, int] | None = None
    ) -> Iterator[Iterator[Seen]]:
        """Give the rows of the file, block by block, in its order.

        Args:
            stream: The file; nobody else reads from it meanwhile.
            reader: Judges the rows that are not certainly good.
            begin: The byte and the line at which a row begins, in place of the first one.
        """
        from .columnar import Cutter, Memory  # noqa: PLC0415 - heavy

        workers = min(WORKERS_MAX, len(os.sched_getaffinity(0)))
        memory = Memory(BLOCKS_A_WORKER * workers)

        cutter = Cutter(
            stream,
            self._form,
            self._header,
            self._size,
            block_bytes=BLOCK_BYTES,
            begin=begin,
        )

        def look(block: Block) -> Verdict:
            cut = cutter.cut(block)
            return self._check.check(block, cut, keeps_texts=self._keyed is not None)

        likely = source(lambda: cutter.blocks(memory)).map(look, workers=workers, block=1)
        with likely.open() as results:
            yield (Seen(found, reader, self._keyed) for found in cutter.proven(results, look))


def looks_at(form: Format, header: Header, model: type | None, size: int) -> Columns | None:
    """Return what looks at a file by columns; None if it is to be read row by row."""
    try:
        return Columns(form, header, model, size)
    except ByRows:
        return None


def _keyed_blocks(
    across: Across | None, model: type | None, header: Header, form: CsvFormat
) -> KeyedBlocks | None:
    if across is None:
        return None
    from .keyed_blocks import CannotTag, KeyedBlocks  # noqa: PLC0415 - heavy

    try:
        return KeyedBlocks(across, model, header, form.dialect)
    except CannotTag as exc:
        raise ByRows(str(exc)) from exc
