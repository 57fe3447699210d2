"""A wall clock that a test sets: `clock_shim.c`, compiled and preloaded into a process."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SHIM = Path(__file__).with_name("clock_shim.c")
DAY_S = 24 * 60 * 60


@dataclass(frozen=True)
class ShiftedClock:
    """The wall clock of all processes that have its environment; right until it jumps."""

    library: Path
    shift: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes a process look at this clock."""
        return {"LD_PRELOAD": str(self.library), "DAYBREAK_TEST_CLOCK": str(self.shift)}

    def jump_to(self, days: int) -> None:
        """Be so many days ahead of the right time, from now on; behind, if negative."""
        with self.shift.open("r+b", buffering=0) as file:
            file.write(struct.pack("=q", days * DAY_S))


@contextmanager
def shifted_clock() -> Iterator[ShiftedClock]:
    """Make a clock; nothing of it is left afterwards.

    Raises:
        pytest.skip.Exception: If the machine cannot make one.
    """
    if os.uname().sysname != "Linux":
        pytest.skip("preloading a library is done as Linux does it")
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler (cc, gcc) makes the library that shifts a clock")
    with tempfile.TemporaryDirectory(prefix="daybreak-clock-") as folder:
        clock = ShiftedClock(Path(folder) / "clock_shim.so", Path(folder) / "shift")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", clock.library, SHIM], check=True)
        clock.shift.write_bytes(bytes(8))
        Path(folder).chmod(0o755)  # the server is another user's where the tests are root's
        clock.shift.chmod(0o644)
        yield clock
