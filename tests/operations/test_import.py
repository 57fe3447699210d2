"""An import by bytes, killed anywhere, is complete when it was resumed; and it can be replayed."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from daybreak.check.by_columns import COLUMNAR_BYTES_MIN
from daybreak.databases.session import opened
from tests.torture.nursery import Nursery

pytestmark = pytest.mark.slow

RECORDS, CHUNK = 24_000, 4_000
JOB = """
from pathlib import Path

from pydantic import BaseModel

from daybreak import Database, Job, Run, Work, files

db = Database("sqlite:///none.db")
job = Job("import")


class Item(BaseModel):
    id: int
    name: str
    note: str | None


@job.step(chunk=4000, parallel=2, max_bad="50%", impact="There are no items.")
def load(path: Path) -> Work:
    return files.csv(path, Item).into(db.table("items", Item, key="id"))
"""
CHECKED = (
    JOB.replace(
        "@job.step(",
        """
@job.task(impact="Nobody knows.")
def check(run: Run, path: Path) -> files.File[Item]:
    return run.check(files.csv(path, Item), max_bad="10%")


@job.step(after=check, """,
    )
    .replace("def load(path: Path)", "def load(run: Run)")
    .replace("files.csv(path, Item).into", "run[check].into")
)
COMPUTED = JOB.replace(
    "files.csv(path, Item).into", "files.csv(path, Item).map(named).into"
).replace(
    "@job.step(",
    """
def named(item: Item) -> Item:
    item.note = item.name if item.id % 3 else None
    return item


@job.step(""",
)
POINTS = [
    "chunk.after_read:3",
    "chunk.after_write:2",
    "chunk.in_isolation:7",
    "chunk.after_quarantine:2",
    "chunk.before_commit:4",
    "chunk.after_commit:2",
]
SQL = {
    "items": "select id, name, note from items order by id",
    "quarantine": "select place, stage, reason, raw from daybreak.quarantine order by place",
    "fates": "select sum(records_read) as read, sum(records_passed) as passed,"
    " sum(records_quarantined) as quarantined, sum(rows_written) as written from daybreak.markers",
}


@dataclass(frozen=True)
class World:
    """A file, a job and a database."""

    folder: Path
    url: str
    nest: Nursery

    def run(self, job: str, *words: str, fault: str | None = None) -> int:
        (self.folder / "job.py").write_text(job)
        command = words or ("run", "job.py", "--path", str(self.folder / "items.csv"))
        more = ("--database", self.url, "--attempts", "1")
        done = self.nest.typed(self.folder, *command, *more, fault=fault)
        assert done.status in {0, 1, -signal.SIGKILL}, done.err
        return done.status

    def left(self) -> dict[str, Any]:
        with opened(self.url) as session:
            return {
                name: [tuple(row.values()) for row in session.query(sql)]
                for name, sql in SQL.items()
            }


TAKEN = range(500, 20_000, 1_000)


def rows(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Give rows, and who refuses each: the check, the table, or nobody."""
    note = "a note that is long enough to make the file a large one"
    for number in range(1, RECORDS + 1):
        stage = "items" if number in TAKEN else ""
        match chance.randrange(1000):
            case 0:
                yield f"{number}x,name,{note}\n", "check"
            case 1:
                yield f"{number},much too long,{note}\n", "items"
            case 2:
                yield f'{number},name,"a note, of\ntwo lines"\n', stage
            case _:
                yield f"{number},name,{note}\n", stage


@pytest.fixture
def drawn(seed: int) -> list[tuple[str, str]]:
    return list(rows(random.Random(seed)))


@pytest.fixture
def world(postgres_url: str, tmp_path: Path, drawn: list[tuple[str, str]], nest: Nursery) -> World:
    (tmp_path / "items.csv").write_text("id,name,note\n" + "".join(row for row, _ in drawn))
    assert (tmp_path / "items.csv").stat().st_size > COLUMNAR_BYTES_MIN
    with opened(postgres_url) as session:
        session.script(
            "create table items (id integer primary key, name varchar(9) not null, note text);"
            "insert into items select n, 'old', null from generate_series(500, 19999, 1000) as n;"
        )
    return World(tmp_path, postgres_url, nest)


def set_aside(drawn: list[tuple[str, str]]) -> list[tuple[str, bytes]]:
    return sorted((stage, row.encode()) for row, stage in drawn if stage)


@pytest.mark.timeout(300)  # two processes, and other tests beside them
@pytest.mark.parametrize(
    ("job", "point"),
    [
        *((JOB, point) for point in POINTS),
        (CHECKED, "chunk.before_commit:3"),
        (COMPUTED, "chunk.in_isolation:7"),
    ],
)
def test_a_kill_changes_nothing(
    world: World, drawn: list[tuple[str, str]], job: str, point: str
) -> None:
    assert -signal.SIGKILL == world.run(job, fault=f"{point}:kill")
    assert 0 == world.run(job)

    left = world.left()
    bad = set_aside(drawn)
    good = [number for number, (_, stage) in enumerate(drawn, 1) if not stage]
    assert [(RECORDS, len(good), len(bad), len(good))] == left["fates"]
    assert sorted({*good, *TAKEN}) == [number for number, *_ in left["items"]]
    assert bad == sorted((stage, bytes(raw)) for _, stage, _, raw in left["quarantine"])
    line = 1
    lines = {}
    for row, _ in drawn:
        line += 1
        lines[row.encode()] = f"items.csv:{line}"
        line += row.count("\n") - 1
    assert all(lines[bytes(raw)] == place for place, _, _, raw in left["quarantine"])


@pytest.mark.timeout(300)  # as above
def test_too_many_that_the_database_refuses_end_the_run_which_goes_on_later(
    world: World, drawn: list[tuple[str, str]]
) -> None:
    """What was read ahead is given up, and nobody waits for it."""
    assert 1 == world.run(JOB.replace('"50%"', "12"))
    assert 0 == world.run(JOB)

    assert set_aside(drawn) == sorted(
        (stage, bytes(raw)) for _, stage, _, raw in world.left()["quarantine"]
    )


@pytest.mark.timeout(300)  # as above
def test_what_the_database_refused_is_replayed(world: World, drawn: list[tuple[str, str]]) -> None:
    assert 0 == world.run(JOB)
    with opened(world.url) as session:
        session.script("delete from items where name = 'old'")

    world.run(JOB, "quarantine", "1", "--replay", "--file", "job.py")

    left = world.left()
    still = [(stage, raw) for stage, raw in set_aside(drawn) if stage == "check" or b"long," in raw]
    assert still == sorted((stage, bytes(raw)) for _, stage, _, raw in left["quarantine"])
    assert {"name"} == {name for _, name, _ in left["items"]}
    assert RECORDS - len(still) == len(left["items"])
