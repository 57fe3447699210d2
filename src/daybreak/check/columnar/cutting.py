"""A file divided into blocks of whole rows, which are cut by several threads, and proven in order.

Where a row ends depends on all quotes before it, so that blocks could only be cut one after the
other. But most lines that look like a record are one. So a block ends where such a line begins; it
is cut as if its own beginning were certain; and when the blocks are put into order again, each must
begin where the one before it has ended. One that does not is cut again, from there on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import BinaryIO, Final, Protocol, TypeVar

from ...connectors.csv_format import CsvFormat
from ...connectors.csv_line_grammar import LineGrammar
from ...connectors.file_format import Header
from ...connectors.row import Row
from .cut import Cut, cut_block
from .marks import Marks
from .memory import Memory
from .texts import Buffer
from .words import PAD

_LINES_LOOKED_AT: Final = 100
"""Lines at the end of a block among which one that is a record is looked for."""

_LEAVE: Final = 4
"""What is not clear in the last quarter of a block without one is left to the next block."""


@dataclass(slots=True)
class Block:
    """Some rows of a file, whole ones, as bytes."""

    buffer: Buffer
    offset: int
    """The byte of the file at which they begin, most probably."""

    until: int
    """The place of the buffer before which its rows begin."""

    is_likely: bool
    """Whether a line that looks like a record begins there, so that the next block does."""

    memory: Memory
    """Where the next blocks find theirs."""

    cut: Cut | None = None
    """Where the rows are, if they had to be found already in order to know where they end."""

    @property
    def nbytes(self) -> int:
        """About how much memory it takes; pipelines ask."""
        return len(self.buffer.bytes) + (0 if self.cut is None else self.cut.nbytes)

    def release(self) -> None:
        """Let another block have the memory. Nobody may look at this one any more."""
        self.memory.give(self.buffer)

    def offset_of(self, place: int) -> int:
        """Return the byte of the file at a place of the buffer."""
        return self.offset + place - PAD


class Cutter:
    """Cuts one file. Several threads may use it.

    Args:
        stream: The file; nobody else reads from it meanwhile.
        form: How it is written; bytes are what it is cut by.
        header: Its header.
        size: Bytes of the file.
        block_bytes: Of each block.
        begin: The byte and the line at which a row begins, in place of the first one.
    """

    def __init__(
        self,
        stream: BinaryIO,
        form: CsvFormat,
        header: Header,
        size: int,
        *,
        block_bytes: int,
        begin: tuple[int, int] | None = None,
    ) -> None:
        self._stream = stream
        self._form = form
        self._header = header
        self._size = size
        self._block_bytes = block_bytes
        self._begin = begin or (header.offset, header.line)
        self._marks = Marks.of(form.dialect, len(header.names))
        self._grammar = LineGrammar.of(form.dialect.delimiter.encode(), form.dialect.quote_byte)
        self._reading = threading.Lock()

    def blocks(self, memory: Memory) -> Iterator[Block]:
        """Yield the rows behind the header, block by block, up to the size that the file had.

        Args:
            memory: Theirs; whoever is done with a block releases it.
        """
        offset, _ = self._begin
        while offset < self._size:
            block = self._block(offset, memory)
            if block is None:
                break  # nobody wants it, or the file is shorter now: its fingerprint will tell
            is_last = self._is_last(block)
            if not block.is_likely and not is_last:
                block.cut = self.cut(block)
                block.until = block.cut.rows.end
                if block.until <= PAD:
                    block.release()
                    break
            offset = self._size if is_last and not block.is_likely else block.offset_of(block.until)
            yield block

    def _is_last(self, block: Block) -> bool:
        return block.offset_of(block.buffer.end) >= self._size

    def _block(self, offset: int, memory: Memory, until: int | None = None) -> Block | None:
        """Read the block that begins at a byte of the file.

        Args:
            offset: The byte.
            memory: Its own.
            until: The byte of the file before which its rows begin, if that is known.
        """
        buffer = memory.take(min(self._block_bytes, self._size - offset))
        if buffer is None:
            return None
        with self._reading:
            self._stream.seek(offset)
            count = _fill(self._stream, buffer)
        if not count:
            memory.give(buffer)
            return None
        block = Block(buffer, offset, buffer.end, is_likely=False, memory=memory)
        if until is not None and until - offset < count:
            block.until = until - offset + PAD
        elif not self._is_last(block):
            self._end(block)
        return block

    def _end(self, block: Block) -> None:
        """Find the last line in a block that is a record by itself, and end the block behind it."""
        buffer = block.buffer
        end = buffer.bytes.rfind(b"\n", PAD, buffer.end) + 1
        for _ in range(_LINES_LOOKED_AT):
            begin = buffer.bytes.rfind(b"\n", PAD, end - 1) + 1
            if begin <= PAD:
                break
            if self._is_record(bytes(buffer.bytes[begin:end])):
                block.until, buffer.end, block.is_likely = begin, end, True
                return
            end = begin
        block.until = buffer.end - (buffer.end - PAD) // _LEAVE

    def _is_record(self, line: bytes) -> bool:
        grammar, marks = self._grammar, self._marks
        return (
            len(line) <= marks.record_bytes_max
            and grammar.width(line) == marks.width
            and (grammar.quote not in line or grammar.is_whole(line) is not None)
        )

    def cut(self, block: Block) -> Cut:
        """Say where the rows of a block are, if one begins where it begins."""
        if block.cut is not None:
            return block.cut
        stop = block.offset_of(block.until)

        def read_rows(place: int, lines: int, wanted: int) -> list[Row]:
            at = block.offset_of(place)
            with self._reading:
                found = self._form.rows(
                    self._stream, self._header, line=lines, offset=at, size=self._size
                )
                return list(takewhile(lambda row: row.offset < stop, islice(found, wanted)))

        return cut_block(
            block.buffer, self._marks, block.until, read_rows, is_likely=block.is_likely
        )

    def proven(self, looked: Iterable[L], look: Callable[[Block], L]) -> Iterator[L]:
        """Yield what was seen in blocks, in the file's order, each row of the file once.

        Args:
            looked: What was seen in every block of `blocks`, in order.
            look: Looks at a block once more.
        """
        memory = Memory(blocks_max=1)
        offset, line = self._begin
        for one in looked:
            again: Iterator[L]
            if one.rows.begin == offset and one.rows.count:
                again = iter((one,))
            else:
                until = one.rows.until
                one.release()
                again = self._again(offset, until, memory, look)
            for right in again:
                right.rows.line = line
                offset, line = right.rows.end, line + right.rows.lines
                yield right
        for right in self._again(offset, self._size, memory, look):
            right.rows.line = line
            line += right.rows.lines
            yield right

    def _again(
        self, offset: int, until: int, memory: Memory, look: Callable[[Block], L]
    ) -> Iterator[L]:
        """Yield what is seen in the rows between two bytes of the file, one block after the other.

        The first byte is certainly where a row begins.
        """
        while offset < until and (block := self._block(offset, memory, until)) is not None:
            one = look(block)
            if not one.rows.count:  # empty lines at the end
                one.release()
                break
            offset = one.rows.end
            yield one


class Rows(Protocol):
    """Where some rows of a file are."""

    count: int
    begin: int
    end: int
    until: int
    line: int
    lines: int


class Looked(Protocol):
    """What was seen in a block."""

    @property
    def rows(self) -> Rows:
        """Where its rows are."""
        ...

    def release(self) -> None:
        """Let another block have the memory."""
        ...


L = TypeVar("L", bound=Looked)


def _fill(stream: BinaryIO, buffer: Buffer) -> int:
    """Read into a buffer until it is full or the file is at its end; return how many bytes."""
    view = memoryview(buffer.bytes)[PAD : buffer.end]
    count = 0
    while count < len(view) and (got := stream.readinto(view[count:])):  # type: ignore[attr-defined]
        count += got
    buffer.end = PAD + count
    return count
