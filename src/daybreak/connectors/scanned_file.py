"""A CSV file that is read by columns while its records are on their way.

Who looks at the columns is in the room of the check, which is above this one; it is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, Protocol, TypeAlias

from ..errors import SourceError
from ..model.chunk import Finding
from ..model.raw import RawShape
from .clean_span import ColumnarFormat
from .csv_raw import GoodRows, raw_shape
from .file_format import Format, Header, RowReader
from .file_refusals import FileRefused, open_file
from .fingerprint import verify_open
from .plain_model import PlainModel, plain_model
from .row import Row

if TYPE_CHECKING:
    import pyarrow as pa

    from .file_root import FileRoot

STRETCHES_MAX: Final = 8
"""Of so many stretches at most a sample is made: at each of their beginnings blocks are read and
looked at that nobody takes."""

_BLOCK_BYTES: Final = 2**20


class Place(NamedTuple):
    """Where a row begins."""

    offset: int
    line: int


class RowsSeen(Protocol):
    """Some rows of a file, one right behind the other; they have numbers, from 0."""

    count: int

    def offset(self, number: int) -> int:
        """Return the byte of the file at which a row begins; that behind the last row, too."""
        ...

    def places(self, numbers: range) -> tuple[Sequence[int], Sequence[int]]:
        """Return of some rows the bytes and the physical lines at which they begin."""
        ...

    def raw(self, begin: int, end: int) -> bytes | memoryview:
        """Return the bytes from where one row begins to where another one ends.

        Of a row that is too long to be held only the beginning is there.
        """
        ...


class Seen(Protocol):
    """Some rows that were looked at."""

    @property
    def rows(self) -> RowsSeen:
        """Where they are."""
        ...

    @property
    def faulty(self) -> Sequence[tuple[int, Sequence[Finding]]]:
        """Of each faulty row its number, and what is wrong with it; in order."""
        ...

    def release(self) -> None:
        """Let others have the memory. Nobody may look at these rows any more."""
        ...


class Looks(Protocol):
    """Looks at the columns of one file."""

    def seen(
        self, stream: BinaryIO, reader: RowReader, begin: tuple[int, int] | None = None
    ) -> AbstractContextManager[Iterator[Seen]]:
        """Give its rows from a place on, in order; they are looked at ahead of who takes them."""
        ...


LooksAt: TypeAlias = Callable[[Format, Header, "type | None", int], "Looks | None"]
"""Given how a file is written, its header, its model and its size; None if it has to be read row
by row."""


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A CSV file that is read by columns."""

    path: Path
    form: Format
    header: Header
    fingerprint: dict[str, Any]
    reader: RowReader
    looks: Looks
    shape: RawShape | None
    """What its good rows are as bytes; None if the values say more."""

    plain: PlainModel | None
    """Makes values of good rows by columns; None if the reader has to."""

    @classmethod
    def of(
        cls, root: FileRoot, path: Path, header: Header, fingerprint: dict[str, Any], looks: Looks
    ) -> ScannedFile:
        """Return one of the files of a pipeline, and what looks at it."""
        form, model = root.format, root.model
        reader = form.reader(path.name, header, model)
        shape = raw_shape(form, header, model)
        return cls(path, form, header, fingerprint, reader, looks, shape, _plain(model, header))

    @property
    def size(self) -> int:
        """Its bytes."""
        size: int = self.fingerprint["size"]
        return size

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open it; it is the one of the fingerprint, before and after.

        Raises:
            SourceError: If it cannot be read.
            SourceChanged: If it is another one.
        """
        try:
            with open_file(self.path) as stream:
                verify_open(self.path, stream, self.fingerprint)
                yield stream
                verify_open(self.path, stream, self.fingerprint)
        except FileRefused as exc:
            raise SourceError(str(exc), file=self.path) from exc
        except OSError as exc:
            raise SourceError(f"{self.path.name} cannot be read: {exc}", file=self.path) from exc

    def rows(self, begin: Place, end: int) -> Iterator[Row]:
        """Yield the rows from a place on that begin before a byte, whether they are good or not."""
        with self.open() as stream:
            for row in self.form.rows(
                stream, self.header, line=begin.line, offset=begin.offset, size=self.size
            ):
                if row.offset >= end:
                    break
                yield row

    def records(self, rows: GoodRows) -> list[Any] | None:
        """Return the records of good rows; None if they do not follow from their texts."""
        columns = self.arrays(rows)
        if self.plain is None or columns is None:
            return None
        values = self.plain.values_of(columns)
        return None if values is None else self.plain.made(values)

    def arrays(self, rows: GoodRows) -> list[pa.Array] | None:
        """Return the texts of good rows by the fields of the model, if they can be had so."""
        return self._arrays(rows, [one.column for one in self.plain.fields] if self.plain else [])

    def column(self, rows: GoodRows, name: str) -> Sequence[Any] | None:
        """Return the values of one field of good rows; None if they do not follow from texts."""
        found = [one for one in self.plain.fields if one.name == name] if self.plain else []
        columns = self._arrays(rows, [one.column for one in found])
        return None if not found or columns is None else found[0].values_of(columns[0])

    def texts(self, rows: GoodRows, name: str) -> Sequence[str | None] | None:
        """Return the texts of one field of good rows; None if they cannot be had by columns."""
        found = [one for one in self.plain.fields if one.name == name] if self.plain else []
        columns = self._arrays(rows, [one.column for one in found])
        return None if columns is None else columns[0].to_pylist()

    def _arrays(self, rows: GoodRows, names: Sequence[str]) -> list[pa.Array] | None:
        if not isinstance(self.form, ColumnarFormat) or not names:
            return None
        return self.form.arrays(rows.raw, self.header, names, rows.count)

    def content(self, begin: int, end: int) -> bytes:
        """Return the bytes from one place up to another."""
        return b"".join(self.blocks(begin, end))

    def blocks(self, begin: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from one place up to another, not too many at once."""
        with self.open() as stream:
            yield from blocks_between(stream, begin, end)


def blocks_between(stream: BinaryIO, begin: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of an open file from one place up to another, not too many at once."""
    stream.seek(begin)
    while begin < end and (block := stream.read(min(_BLOCK_BYTES, end - begin))):
        begin += len(block)
        yield block


def _plain(model: type | None, header: Header) -> PlainModel | None:
    plain = None if model is None else plain_model(model)
    if plain is None or not {one.column for one in plain.fields} <= set(header.names):
        return None
    return plain
