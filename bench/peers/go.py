"""Go's own versions: built once into a temporary directory, timed by themselves.

Without `go` there are none, and their figures are not measured.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

FOLDER: Final = Path(__file__).parent
USUAL_PLACE: Final = "/usr/local/go/bin/go"
TIMEOUT_S: Final = 120


class GoProgram:
    """One of the programs of this folder, built."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def took(self, *arguments: int, total: int) -> float:
        """Run it once; return the seconds of its pipeline.

        Args:
            arguments: What the program's head says.
            total: What the pipeline must add up to.

        Raises:
            RuntimeError: If it does not.
        """
        done = subprocess.run(
            [self._path, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=True,
            timeout=TIMEOUT_S,
        )
        nanoseconds, found = map(int, done.stdout.split())
        if found != total:
            raise RuntimeError(f"{self._path.name} added up to {found}, expected {total}")
        return nanoseconds / 1e9


@contextmanager
def built(name: str) -> Iterator[GoProgram | None]:
    """Build a program for as long as the block lasts; None if there is no `go`."""
    go = shutil.which("go") or shutil.which(USUAL_PLACE)
    if go is None:
        yield None
        return
    with TemporaryDirectory(prefix="daybreak-bench-") as place:
        path = Path(place) / name
        subprocess.run(
            [go, "build", "-o", path, FOLDER / f"{name}.go"],
            env={"GOTOOLCHAIN": "local"} | dict(os.environ),  # nothing is fetched
            check=True,
        )
        yield GoProgram(path)
