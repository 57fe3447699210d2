"""What the flights job loaded and set aside, against an independent count.

The count reads the CSV files with the csv module; the rows are counted in the databases with their
own drivers. No code of Daybreak's takes part in either. What the run itself said of its records is
compared as well.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import psycopg

from tests.postgres_server import running_server

from .flights_data import data_file, pack_years
from .flights_job import command, copy_job, output_of
from .measure import Figure, Target, counted

SQLITE_FILE: Final = "flights.db"
MASTERS: Final = ("airlines", "airports", "planes", "weather")
MISSING: Final = "NA"

Ask = Callable[[str], int]
"""Answers a counting query."""


class Rows(NamedTuple):
    """What became of the records of one step."""

    loaded: int
    quarantined: int

    def differences_from(self, other: Rows) -> int:
        """Count the records by which two counts differ."""
        return abs(self.loaded - other.loaded) + abs(self.quarantined - other.quarantined)


def figures() -> Iterator[Figure]:
    """Run the job into both databases, and compare each step."""
    expected = independent_count()
    with TemporaryDirectory(prefix="daybreak-bench-") as place:
        archive = Path(place) / "nycflights13.tar.gz"
        pack_years(archive, 1)
        for database, load in (("SQLite", into_sqlite), ("PostgreSQL", into_postgres)):
            lies, said = load(archive)
            for step, rows in expected.items():
                found = [lies[step]] if step == "delays" else [lies[step], said[step]]
                yield counted(
                    f"{step} in {database}: {rows.loaded:,} rows, {rows.quarantined:,} quarantined"
                    " by an independent count; differences",
                    sum(rows.differences_from(other) for other in found),
                    unit="records",
                    target=Target("=", 0),
                )


# ---------------------------------------------------------------- the independent count


def independent_count() -> dict[str, Rows]:
    """Count from the files what each step must load and set aside."""
    airports = {row["faa"] for row in records("airports.csv")}
    planes = {row["tailnum"] for row in records("planes.csv")}
    months: set[tuple[str, str]] = set()
    passed = read = 0
    for row in records("flights.csv"):
        read += 1
        if row["dest"] in airports and (row["tailnum"] == MISSING or row["tailnum"] in planes):
            passed += 1
            months.add((row["carrier"], row["month"]))
    masters = {name: Rows(sum(1 for _ in records(f"{name}.csv")), 0) for name in MASTERS}
    return {**masters, "flights": Rows(passed, read - passed), "delays": Rows(len(months), 0)}


def records(name: str) -> Iterator[dict[str, str]]:
    """Read one of the files."""
    return csv.DictReader(io.StringIO(data_file(name).decode(), newline=""))


# ---------------------------------------------------------------- what the job did


def into_sqlite(archive: Path) -> tuple[Mapping[str, Rows], Mapping[str, Rows]]:
    """Load into a SQLite file; return what lies in it, and what the run said."""
    with TemporaryDirectory(prefix="daybreak-bench-") as place:
        said = loaded(Path(place), archive)
        with closing(sqlite3.connect(Path(place) / SQLITE_FILE)) as connection:

            def ask(sql: str) -> int:
                return int(connection.execute(sql).fetchone()[0])

            return rows_in(ask, "daybreak_quarantine"), said


def into_postgres(archive: Path) -> tuple[Mapping[str, Rows], Mapping[str, Rows]]:
    """Load into a PostgreSQL of one's own; return what lies in it, and what the run said."""
    with running_server() as socket, TemporaryDirectory(prefix="daybreak-bench-") as place:
        url = f"postgresql://postgres@/postgres?host={socket}"
        said = loaded(Path(place), archive, "--database", url)
        with psycopg.connect(url) as connection:

            def ask(sql: str) -> int:
                row = connection.execute(sql.encode()).fetchone()
                assert row is not None
                return int(row[0])

            return rows_in(ask, "daybreak.quarantine"), said


def loaded(folder: Path, archive: Path, *arguments: str) -> Mapping[str, Rows]:
    """Run the job; return what it said of each step's records."""
    copy_job(folder)
    said: dict[str, Rows] = {}
    for line in output_of(command(archive, *arguments), folder).splitlines():
        event = json.loads(line)
        if event["event"] == "step_ended":
            counts = event["counts"]
            said[event["step"]] = Rows(counts["passed"], counts["quarantined"])
    return said


def rows_in(ask: Ask, quarantine: str) -> Mapping[str, Rows]:
    """Count the rows of each step's table, and those it set aside."""
    return {
        step: Rows(
            ask(f"select count(*) from {step}"),  # noqa: S608 - names of ours
            ask(f"select count(*) from {quarantine} where step = '{step}'"),  # noqa: S608 - ditto
        )
        for step in (*MASTERS, "flights", "delays")
    }
