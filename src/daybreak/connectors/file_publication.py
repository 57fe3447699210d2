"""Making a file known in one act, when its step is proven (PROTOCOL.md 9).

*publishing* is entered; the parts are checked and joined under a temporary name that carries run,
step and epoch; then, while the run's epoch is held in share mode, the file is renamed, its folder
synced, and *published* entered. Killed anywhere, the same act is repeated: it joins the same parts
to the same bytes. Readers see the file that was there before, or the whole new one.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from ..databases.parts import PUBLISHED, Part, PartsRegister
from ..databases.target import DatabaseTarget
from ..errors import ProofFailed
from ..faultpoints import hit
from ..model.ownership import Ownership, Pass
from .file_sink import FileSink
from .packing import packed
from .part_files import PartFiles, digest_of, written_to
from .publishing import remove, sync_folder

_GONE: Final = "bring it back, or write the file anew: daybreak restart RUN {step}"


class FilePublication:
    """The publication of one pass.

    Args:
        register: Where epochs, markers, quarantine and parts are entered.
        sink: Of the step.
        files: Where the parts lie.
        of: The pass.
        is_published: Whether the file appears in its place; otherwise it is only joined.
    """

    def __init__(
        self,
        register: DatabaseTarget,
        sink: FileSink,
        files: PartFiles,
        of: Pass,
        *,
        is_published: bool,
    ) -> None:
        self._register = register
        self._entries = PartsRegister(register)
        self._sink = sink
        self._files = files
        self._of = of
        self._is_published = is_published

    def publish(self, ownership: Ownership, starts: Sequence[str]) -> None:
        """Publish what was committed, unless that is done already."""
        run_key = ownership.run_key
        parts = self._ordered(run_key, starts)
        listed = _digest_of_list(parts)
        if not self._is_done(run_key, listed):
            self._refuse_incomplete(ownership, parts)
            hit("publication.before_begin")
            self._entries.begin_publication(
                ownership, self._of, place=str(self._sink.place), parts_digest=listed
            )
            hit("publication.after_begin")
            self._join_and_rename(ownership, parts)
        hit("publication.before_removal")
        is_kept = self._register.set_aside(run_key, self._of) > 0
        kept = frozenset(part.name for part in parts) if is_kept else frozenset[str]()
        with written_to(self._files.of(self._of)):
            self._files.remove_all_but(self._of, kept)
        hit("publication.after_removal")

    def _ordered(self, run_key: str, starts: Sequence[str]) -> list[Part]:
        """Return the parts in source order, those of replays behind them in theirs."""
        place = {start: number for number, start in enumerate(starts)}
        parts = self._entries.parts(run_key, self._of)
        of_ranges = [part for part in parts if not part.number]
        of_replays = [part for part in parts if part.number]
        if any(part.range_after not in place for part in of_ranges):
            raise ProofFailed(
                f"{self._sink.name} has a part of a range that has no marker",
                hint="somebody removed the marker; nothing was published",
            )
        return [*sorted(of_ranges, key=lambda part: place[part.range_after]), *of_replays]

    def _is_done(self, run_key: str, listed: str) -> bool:
        known = self._entries.publication(run_key, self._of)
        place = self._sink.place
        if known is None or known.status != PUBLISHED or known.parts_digest != listed:
            return False
        if not self._is_published:
            return True
        is_there = place.is_file() and place.stat().st_size == known.bytes
        return is_there and digest_of(place) == known.digest

    def _refuse_incomplete(self, ownership: Ownership, parts: Sequence[Part]) -> None:
        """Check every part, and that together they hold what the markers say.

        Raises:
            ProofFailed: Nothing was published.
        """
        said = sum(
            marker.counts.written for marker in self._register.markers(ownership.run_key, self._of)
        )
        held = sum(part.records for part in parts)
        if held != said:
            raise ProofFailed(
                f"the parts of {self._sink.name} hold {held:,} records, the markers say {said:,}",
                hint="somebody changed the register of parts; nothing was published",
            )
        self._refuse_gone(parts)
        for part in parts:
            path = self._path_of(part)
            if path.stat().st_size != part.bytes or digest_of(path) != part.digest:
                raise ProofFailed(
                    f"a part of {self._sink.name} is not as it was committed: {path}",
                    hint=_GONE.format(step=self._of.step),
                )

    def refuse_gone(self, run_key: str) -> None:
        """See whether all parts are there that are still needed, before more are written.

        Raises:
            ProofFailed: Naming the first that is not.
        """
        known = self._entries.publication(run_key, self._of)
        if known is None or known.status != PUBLISHED:
            self._refuse_gone(self._entries.parts(run_key, self._of))

    def _refuse_gone(self, parts: Sequence[Part]) -> None:
        for part in parts:
            path = self._path_of(part)
            if not path.is_file():
                raise ProofFailed(
                    f"a part of {self._sink.name} is not there any more: {path}",
                    hint=_GONE.format(step=self._of.step),
                )

    def _join_and_rename(self, ownership: Ownership, parts: Sequence[Part]) -> None:
        place = self._sink.place
        folder = place.parent if self._is_published else self._files.of(self._of)
        with written_to(place):
            folder.mkdir(parents=True, exist_ok=True)
            _remove_left(folder, place.name, ownership, self._of)
            partial = folder / _temporary_name(place.name, ownership, self._of)
            try:
                self._join(parts, partial)
                bytes_held, digest = partial.stat().st_size, digest_of(partial)
                hit("publication.before_rename")
                with self._entries.ending_publication(
                    ownership, self._of, bytes_held=bytes_held, digest=digest
                ):
                    if self._is_published:
                        partial.replace(place)
                        hit("publication.after_rename")
                        sync_folder(folder)
                    hit("publication.before_end")
                hit("publication.after_end")
            finally:
                remove(partial)

    def _join(self, parts: Sequence[Part], partial: Path) -> None:
        hit("publication.before_join")
        with partial.open("wb") as stream:
            self._write(parts, stream)
            stream.flush()
            os.fsync(stream.fileno())
        hit("publication.after_join")

    def _write(self, parts: Sequence[Part], stream: BinaryIO) -> None:
        with packed(stream, self._sink.name) as inner:
            self._sink.writer.join([self._path_of(part) for part in parts], inner)

    def _path_of(self, part: Part) -> Path:
        return self._files.of(self._of) / part.name


def _digest_of_list(parts: Sequence[Part]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        found.update(f"{part.name} {part.bytes} {part.digest}\n".encode())
    return found.hexdigest()


def _mark_of(ownership: Ownership, of: Pass) -> str:
    said = f"{ownership.run_key} {of.step}"
    return hashlib.blake2b(said.encode(), digest_size=6).hexdigest()


def _temporary_name(name: str, ownership: Ownership, of: Pass) -> str:
    return f".{name}.{_mark_of(ownership, of)}.{ownership.epoch}.partial"


def _remove_left(folder: Path, name: str, ownership: Ownership, of: Pass) -> None:
    """Remove what earlier epochs left under temporary names: who wakes up late finds it gone."""
    mark = _mark_of(ownership, of)
    left = re.compile(rf"\.{re.escape(name)}\.{mark}\.[0-9]+\.partial")
    for path in folder.iterdir():
        if left.fullmatch(path.name):
            remove(path)
