"""A world whose records kill their process; its command is supervised, and forked by the nursery.

So an attempt costs no start-up, and dozens of deaths take seconds.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from daybreak.databases.session import opened
from daybreak.operations.inspect import reading

from .nursery import Nursery
from .world import Ran, World

JOB = Path(__file__).with_name("deadly_job.py")
RECORDS = 60
CHUNK = 10
QUARANTINE = "select raw, place, stage, reason from daybreak.quarantine order by origin, place"
FATES = """
    select sum(records_read) as read, sum(records_passed) as passed,
      sum(records_quarantined) as quarantined
    from daybreak.markers where step = 'work'
"""

PASSES = "select distinct pass as number from daybreak.markers order by pass"


class DeadlyWorld(World):
    """Where the records of one test kill."""

    def prepare(self) -> None:
        """Write the job and its table."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(JOB, self.folder / "job.py")
        with opened(self.url) as session:
            session.script("create table squares (n integer primary key, square integer not null)")

    @property
    def command(self) -> list[str]:
        """The command that starts the job; the first three words are the program."""
        job = str(self.folder / "job.py")
        ledger = () if self.url.startswith("sqlite") else ("--ledger", self.url)
        return ["", "", "", "run", job, "--database", self.url, *ledger, "--json"]

    def live(
        self,
        nest: Nursery,
        where: str,
        how: Sequence[str],
        records: Sequence[int],
        *words: str,
        fault: str | None = None,
    ) -> Ran:
        """Run the job to its end; records kill in a place, each in its way."""
        for way in how:
            words += ("--how", way)
        for record in records:
            words += ("--records", str(record))
        return nest.run(self, options=("--where", where, *words), fault=fault)

    def squares(self) -> list[int]:
        """Read whose squares were written, each with its square."""
        with opened(self.url) as session:
            rows = session.query("select n, square from squares order by n")
        assert all(row.square == row.n**2 for row in rows)
        return [row.n for row in rows]

    def set_aside(self) -> list[tuple[bytes, str, str, str]]:
        """Read the records set aside: bytes, place, stage, reason."""
        with opened(self.url) as session:
            rows = session.query(_spelled(QUARANTINE, session.dialect))
        return [(bytes(row.raw), row.place, row.stage, row.reason) for row in rows]

    def runs(self) -> list[int]:
        """Read the numbers of the runs that were entered."""
        with reading(f"sqlite:///{self.folder / '.daybreak' / 'ledger.db'}") as store:
            return [run.id for run in store.runs()]

    def take_back(self) -> None:
        """Take back by hand what was written."""
        with opened(self.url) as session:
            session.script("delete from squares")

    def passes(self) -> list[int]:
        """Read the passes in which the step has committed."""
        with opened(self.url) as session:
            rows = session.query(_spelled(PASSES, session.dialect))
        return [row.number for row in rows]

    def fates(self) -> tuple[int, int, int]:
        """Read the sums of the markers: read, passed, quarantined."""
        with opened(self.url) as session:
            (row,) = session.query(_spelled(FATES, session.dialect))
        return int(row.read), int(row.passed), int(row.quarantined)


def _spelled(sql: str, dialect: str) -> str:
    return sql.replace("daybreak.", "daybreak_") if dialect == "sqlite" else sql
