"""A table of orders in a PostgreSQL server with its own settings, and what is in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple

import psycopg

from tests.postgres_server import running_server

from .orders_data import HEADER

PSQL: Final = "psql"
TABLE: Final = """
drop schema if exists daybreak cascade;
drop table if exists orders;
create table orders (
  id bigint primary key,
  user_id bigint not null,
  email text not null,
  amount numeric(12, 2) not null,
  created_at timestamptz not null,
  country text not null,
  note text
);
"""
TAKEN: Final = """
insert into orders
select number, 1, 'taken', 1, now(), 'XX', null
from generate_series(1000500::bigint, 1000000 + %(records)s, %(every)s) as number
"""
BESIDES: Final = """
select count(*)
from generate_series(1000500::bigint, 1000000 + %(records)s, %(every)s) as number
where not exists (select from orders where id = number)
"""
"""How many keys are taken, if the table holds the clean orders, that none of them has: they belong
to faulty ones, and what was there under them stays."""

_GOOD: Final = re.compile(
    r"""[1-9]\d*,[1-9]\d*,[a-z0-9._+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+,[0-9]+\.\d\d,"""
    r"""2026-(?!02-30)\d\d-\d\dT\d\d:\d\d:\d\dZ,[A-Z]{2},(?:[^",]*|"(?:[^"]|"")*")\n"""
).fullmatch


class Content(NamedTuple):
    """What is in the table, whatever the order of its rows."""

    rows: int
    checksum: int


@dataclass(frozen=True)
class Orders:
    """The table, in a server of one's own."""

    url: str

    def make(self, *, taken_of: int = 0, every: int = 1000) -> None:
        """Make it anew, and have the server's pages on disk.

        Args:
            taken_of: Of so many orders some keys are there already.
            every: One in so many.
        """
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(TABLE)
            if taken_of:
                connection.execute(TAKEN, {"records": taken_of, "every": every})
            connection.execute("checkpoint")

    def taken_besides(self, records: int, every: int = 1000) -> int:
        """Count the keys that `make` takes and that no order has which is in the table now."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(BESIDES, {"records": records, "every": every}).fetchone()
        assert row is not None
        return int(row[0])

    def copy_s(self, clean: Path) -> float:
        """Load a clean file by psql's own command; return the seconds of the process."""
        self.make()
        began_s = perf_counter()
        command = f"\\copy orders from '{clean}' with (format csv, header)"
        subprocess.run([PSQL, self.url, "--quiet", "-c", command], check=True)
        return perf_counter() - began_s

    def content(self) -> Content:
        """Say what is in the table."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                "select count(*), coalesce(sum(hashtextextended(o::text, 0)), 0) from orders as o"
            ).fetchone()
        assert row is not None
        return Content(*row)


@contextmanager
def orders_table() -> Iterator[Orders]:
    """Start a server with its own settings, fsync on, whose files are on disk."""
    with running_server(is_durable=True) as socket:
        yield Orders(f"postgresql://postgres@/postgres?host={socket}")


def has_psql() -> bool:
    """Say whether the command that is the measure is there."""
    return shutil.which(PSQL) is not None


def clean_file(path: Path) -> Path:
    """Return the file of those orders that are good; a pattern of its own says which."""
    clean = path.with_suffix(".clean.csv")
    if not clean.exists():
        part = clean.with_suffix(".part")
        with (
            path.open(encoding="utf-8", newline="") as lines,
            part.open("w", encoding="utf-8", newline="") as good,
        ):
            good.write(HEADER)
            good.writelines(line for line in lines if _GOOD(line))
        part.rename(clean)
    return clean
