"""What the flights that are set aside cost the flights job, against a file without them.

One flight in six refers to an airport or a plane that no master knows; the step's function sets it
aside. The same job loads the same file, from which these flights were taken out before, by an
independent reader. What is compared is how long the step took that loads flights, by its own word;
the two files take turns. Only the first flights of the year are loaded, for there are many runs.
"""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from .flights_data import FILES, data_file
from .flights_job import command, copy_job, output_of
from .loaded_rows import MISSING, records
from .measure import Figure, Target, compared, interleaved

FLIGHTS: Final = 30_000
PAIRS: Final = 5


def figures() -> Iterator[Figure]:
    """Load both files into SQLite in turns."""
    lines = data_file("flights.csv").splitlines(keepends=True)[: FLIGHTS + 1]
    known = without_strangers(lines)
    with TemporaryDirectory(prefix="daybreak-bench-") as place:
        whole, clean = Path(place) / "whole.tar.gz", Path(place) / "clean.tar.gz"
        pack(whole, lines)
        pack(clean, known)
        pairs = interleaved(lambda: seconds_of(whole), lambda: seconds_of(clean), PAIRS)
    share = 100 * (len(lines) - len(known)) / FLIGHTS
    yield compared(
        f"{FLIGHTS:,} flights, {share:.1f} % set aside, against a file without these",
        pairs,
        lambda pair: pair.ratio,
        unit="times",
        target=Target("<=", 2),
    )


def without_strangers(lines: Sequence[bytes]) -> list[bytes]:
    """Return the header and the flights whose airport and plane are known."""
    airports = {row["faa"] for row in records("airports.csv")}
    planes = {row["tailnum"] for row in records("planes.csv")} | {MISSING}
    rows = csv.DictReader(io.StringIO(b"".join(lines).decode(), newline=""))
    return [
        lines[0],
        *(
            line
            for line, row in zip(lines[1:], rows, strict=True)
            if row["dest"] in airports and row["tailnum"] in planes
        ),
    ]


def pack(archive: Path, flights: Sequence[bytes]) -> None:
    """Pack the data with other flights."""
    with tarfile.open(archive, "w:gz", compresslevel=1) as packed:
        for name in FILES:
            body = b"".join(flights) if name == "flights.csv" else data_file(name)
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            packed.addfile(entry, io.BytesIO(body))


def seconds_of(archive: Path) -> float:
    """Run the job in a folder of its own; return how long the step took that loads flights."""
    with TemporaryDirectory(prefix="daybreak-bench-") as place:
        copy_job(Path(place))
        for line in output_of(command(archive), Path(place)).splitlines():
            event = json.loads(line)
            if event["event"] == "step_ended" and event["step"] == "flights":
                return float(event["duration_s"])
    raise RuntimeError("the job did not load flights")
