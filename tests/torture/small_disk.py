"""A disk so small that a test can fill it: a file system in memory, mounted for one test."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

MB = 2**20


@dataclass(frozen=True)
class SmallDisk:
    """A folder that holds no more than its disk does."""

    folder: Path

    def fill(self) -> None:
        """Take all the room that is left; call it again if some has come back since."""
        with self._filler.open("ab", buffering=0) as filler:
            for block in (MB, 4096, 1):
                while _is_written(filler.fileno(), bytes(block)):
                    pass
        assert self.free_bytes == 0

    def free(self) -> None:
        """Give back what `fill` took."""
        self._filler.unlink()

    @property
    def free_bytes(self) -> int:
        """How much room there is."""
        facts = os.statvfs(self.folder)
        return facts.f_bavail * facts.f_frsize

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"


def _is_written(file: int, block: bytes) -> bool:
    try:
        return os.write(file, block) == len(block)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


@contextmanager
def small_disk(at: Path | None = None, *, size_bytes: int = 2 * MB) -> Iterator[SmallDisk]:
    """Mount a disk of one's own; nothing of it is left behind the block.

    Args:
        at: The folder that it covers, made if it is missing; None for one of its own, which the
            server's user may enter, too.
        size_bytes: How much it holds.
    """
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    with tempfile.TemporaryDirectory(prefix="daybreak-disk-") as own:
        Path(own).chmod(0o755)
        folder = Path(own) / "disk" if at is None else at
        folder.mkdir(parents=True, exist_ok=True)
        options = f"size={size_bytes},mode=0777"
        mount = ["mount", "-t", "tmpfs", "-o", options, "daybreak-test", str(folder)]
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
        try:
            yield SmallDisk(folder)
        finally:
            # Lazily: a process that was killed may not have let go of it yet.
            unmount = ["umount", "--lazy", str(folder)]
            subprocess.run(unmount, check=True)
