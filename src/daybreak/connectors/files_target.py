"""The target of a step that writes files: parts in the run's folder, markers beside the ledger.

A chunk is a part that was written and synced, and a marker that was committed afterwards: short
transactions, whatever the size of a part. A part without a marker belongs to nobody. Decision
0036-files-as-targets says why the register of parts lies where the ledger is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..databases.parts import Part, PartsRegister
from ..databases.replaying import ReplayWriter
from ..databases.target import DatabaseTarget
from ..databases.writer import Writer
from ..errors import ProofFailed, TransientError
from ..faultpoints import hit
from ..model.chunk import FatesMoved, Kept, Marker, SetAside
from ..model.fate import Counts
from ..model.ownership import Ownership, Pass
from ..model.ranges import Range
from .file_publication import FilePublication
from .file_sink import FileSink, OpenPart
from .part_files import PartFiles
from .publishing import remove

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ..abc import Transaction


class FilesTarget:
    """`abc.Target` and `abc.PublishingTarget` of one step.

    Args:
        register: Where epochs, markers, quarantine and parts are entered.
        sink: Of the step.
        folder: The run's.
        is_published: Whether the file appears in its place; not in a rehearsal.
    """

    def __init__(
        self, register: DatabaseTarget, sink: FileSink, folder: Path, *, is_published: bool = True
    ) -> None:
        assert register.holds_parts
        self._register = register
        self._sink = sink
        self._entries = PartsRegister(register)
        self._files = PartFiles(folder)
        self._is_published = is_published

    @property
    def name(self) -> str:
        return self._register.name

    def install(self) -> None:
        self._register.install()

    def announce(self, ownership: Ownership) -> None:
        self._register.announce(ownership)

    def close_older(self, ownership: Ownership) -> None:
        self._register.close_older(ownership)

    def markers(self, run_key: str, of: Pass) -> list[Marker]:
        found = self._register.markers(run_key, of)
        if found:
            self._publication(of).refuse_gone(run_key)
        return found

    def set_aside(self, run_key: str, of: Pass) -> int:
        return self._register.set_aside(run_key, of)

    def kept(self, run_key: str, of: Pass) -> Sequence[Kept]:
        return self._register.kept(run_key, of)

    def replays(self, run_key: str, of: Pass) -> list[tuple[datetime, Counts]]:
        return self._register.replays(run_key, of)

    def count(self, sql: str) -> int:
        return self._register.count(sql)

    @contextmanager
    def writer(self, ownership: Ownership) -> Iterator[PartWriter]:
        with self._register.writer(ownership) as inner:
            yield PartWriter(inner, ownership, self._sink, self._entries, self._files)

    @contextmanager
    def replay_writer(self, ownership: Ownership) -> Iterator[PartReplayWriter]:
        with self._register.replay_writer(ownership) as inner:
            yield PartReplayWriter(
                inner,
                PartWriter(
                    inner.chunk,
                    ownership,
                    self._sink,
                    self._entries,
                    self._files,
                    is_replay=True,
                ),
            )

    def publish(self, ownership: Ownership, of: Pass, starts: Sequence[str]) -> None:
        """Join the parts, and rename the file into its place; see `abc.PublishingTarget`."""
        self._publication(of).publish(ownership, starts)

    def _publication(self, of: Pass) -> FilePublication:
        return FilePublication(
            self._register, self._sink, self._files, of, is_published=self._is_published
        )


class PartWriter:
    """`abc.ChunkWriter`: the part first, then its marker in a transaction of its own.

    Args:
        inner: Its sessions are at the register.
        ownership: Of the run.
        sink: Brings records into form.
        entries: Where parts are entered.
        files: Where they lie.
        is_replay: Whether the transaction is begun before the part, by whoever replays.
    """

    def __init__(
        self,
        inner: Writer,
        ownership: Ownership,
        sink: FileSink,
        entries: PartsRegister,
        files: PartFiles,
        *,
        is_replay: bool = False,
    ) -> None:
        self._inner = inner
        self._ownership = ownership
        self._sink = sink
        self._entries = entries
        self._files = files
        self._is_replay = is_replay
        self._open = OpenPart()
        self._aside: list[tuple[Pass, Range, Sequence[SetAside]]] = []
        self._unmarked: Path | None = None
        """A part that no marker speaks of, nor can any more."""

    @property
    def transaction(self) -> Transaction:
        # Only a file sink is ever given it, which asks for nothing else.
        return cast("Transaction", self._open)

    def guarded(self) -> AbstractContextManager[None]:
        """Guard nothing: there is no transaction yet that somebody could end."""
        return nullcontext()

    def begin(self, of: Pass, part: Range) -> bool:
        self._forget()
        return self._inner.is_free(of, part)

    def forget_for_replay(self) -> None:
        """Begin with an empty part: whoever replays has begun the transaction."""
        self._forget()

    def stored(self, of: Pass, part: Range) -> Marker | None:
        return self._inner.stored(of, part)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        kept = len(self._open.pieces)
        try:
            yield
        except BaseException:
            del self._open.pieces[kept:]
            raise

    def force_constraints(self) -> None:
        """Check nothing: every record was refused or taken at once."""

    def quarantine(self, of: Pass, part: Range, records: Sequence[SetAside]) -> int:
        if self._is_replay:
            return self._inner.quarantine(of, part, records)
        self._aside.append((of, part, records))
        return len(records)

    def commit(self, of: Pass, marker: Marker) -> None:
        part = self.keep(of, marker.part.after)
        if not self._inner.begin(of, marker.part):
            raise TransientError(f"range {marker.part} was committed by another try meanwhile")
        for pass_, range_, records in self._aside:
            if self._inner.quarantine(pass_, range_, records) != len(records):
                raise ProofFailed(
                    f"quarantine did not take all records of range {marker.part}",
                    hint="look for triggers or rules on its table; the chunk was rolled back",
                )
        self.enter(of, part)
        self._inner.commit(of, marker)

    def keep(self, of: Pass, range_after: str, number: int = 0) -> Part | None:
        """Write and sync what was taken; None if there is nothing."""
        pieces = self._open.pieces
        records = sum(piece.records for piece in pieces)
        if not records:
            return None
        epoch = self._ownership.epoch
        written = self._files.write(
            of, range_after, epoch, lambda stream: self._sink.writer.part(pieces, stream)
        )
        self._unmarked = written.path
        name = written.path.name
        return Part(name, range_after, epoch, number, records, written.bytes, written.digest)

    def enter(self, of: Pass, part: Part | None) -> None:
        """Enter a part in the open transaction; from now on its outcome decides about it."""
        hit("part.before_enter")
        if part is not None:
            self._entries.enter(self._inner.transaction, self._ownership.run_key, of, part)
            self._unmarked = None  # a COMMIT in doubt may still make it count
        hit("part.after_enter")

    def rollback(self) -> None:
        self._inner.rollback()
        self._forget()

    def _forget(self) -> None:
        self._open = OpenPart()
        self._aside = []
        if self._unmarked is not None:
            remove(self._unmarked)
            self._unmarked = None


class PartReplayWriter:
    """`abc.ReplayWriter`: what the records became is a part of its own, entered with the replay."""

    def __init__(self, inner: ReplayWriter, chunk: PartWriter) -> None:
        self._inner = inner
        self.chunk = chunk

    def begin(self, of: Pass, number: int) -> bool:
        self.chunk.forget_for_replay()
        return self._inner.begin(of, number)

    def stored(self, of: Pass, number: int) -> Counts | None:
        return self._inner.stored(of, number)

    def take(self, of: Pass, records: Sequence[Kept]) -> int:
        return self._inner.take(of, records)

    def move(self, of: Pass, moved: Sequence[FatesMoved]) -> int:
        return self._inner.move(of, moved)

    def commit(self, of: Pass, number: int, counts: Counts) -> None:
        self.chunk.enter(of, self.chunk.keep(of, "", number))
        self._inner.commit(of, number, counts)
