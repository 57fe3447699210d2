"""The flights job in a folder of its own: its files, its data, and how it is started.

The job's files are copied, so that databases, ledger and runs lie beside the copy and vanish with
the folder.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

from examples.demo import FILES, data_file

ROOT: Final = Path(__file__).parents[1]
JOB_FILES: Final = ("flights.py", "nycflights.py")
YEAR: Final = 2013
"""The year of all flights; it is the first field of each line."""


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
    settings = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DAYBREAK_", "MAKE", "MFLAGS"))
    }
    done = subprocess.run(
        words,
        cwd=folder,
        env=settings | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr)[-2000:]
        raise RuntimeError(f"{' '.join(words)} ended with status {done.returncode}:\n{said}")
    return done.stdout


def pack_years(archive: Path, years: int) -> None:
    """Pack the data with the flights of 2013 repeated, for the years from 2013 on.

    The year is part of a flight's key, so keys stay unique; the other files are as they are.
    """
    with tarfile.open(archive, "w:gz", compresslevel=1) as packed, TemporaryFile() as flights:
        for part in flights_of(range(YEAR, YEAR + years)):
            flights.write(part)
        for name in FILES:
            body = flights if name == "flights.csv" else io.BytesIO(data_file(name))
            _add(packed, name, body)


def flights_of(years: range) -> Iterator[bytes]:
    """Give the header of flights.csv, then the flights of 2013 once for each of some years."""
    header, newline, flights = data_file("flights.csv").partition(b"\n")
    assert header.startswith(b"year,")
    assert flights.endswith(newline)
    yield header
    for year in years:
        yield (newline + flights.removesuffix(newline)).replace(b"\n%d," % YEAR, b"\n%d," % year)
    yield newline


def _add(packed: tarfile.TarFile, name: str, body: IO[bytes]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = body.seek(0, os.SEEK_END)
    body.seek(0)
    packed.addfile(entry, body)
