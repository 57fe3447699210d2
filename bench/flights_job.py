"""The flights job in a folder of its own: its files, and how it is started.

The job's files are copied, so that databases, ledger and runs lie beside the copy and vanish with
the folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
JOB_FILES: Final = ("flights.py", "nycflights.py")


def copy_job(folder: Path) -> None:
    """Copy the job's files into a folder."""
    for name in JOB_FILES:
        shutil.copy(ROOT / "examples" / name, folder)


def command(archive: Path, *arguments: str) -> list[str]:
    """Return the command that runs the job in the folder that holds its copy."""
    return [
        *(sys.executable, "-m", "daybreak", "run", "flights.py"),
        *("--url", str(archive), "--json", *arguments),
    ]


def output_of(words: list[str], folder: Path, **environment: str) -> str:
    """Run a command in a folder, away from everybody's settings; return its standard output.

    Raises:
        RuntimeError: If it failed, with the end of what it said.
    """
    done = subprocess.run(
        words,
        cwd=folder,
        env=nobodys_settings() | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr)[-2000:]
        raise RuntimeError(f"{' '.join(words)} ended with status {done.returncode}:\n{said}")
    return done.stdout


def nobodys_settings() -> dict[str, str]:
    """Return the environment without what would make a figure somebody's own."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DAYBREAK_", "MAKE", "MFLAGS"))
    }
