"""Killed at every fault point of a back-fill, the same command ends as if undisturbed."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from daybreak.databases.session import opened
from daybreak.faultpoints import FAULT_POINTS, FaultPoint, Trace

from .nursery import Nursery
from .points import ON_YOUNGER_KINDS, in_turns
from .undisturbed import worlds
from .world import World

pytestmark = pytest.mark.slow

JOB: Final = Path(__file__).with_name("backfilled_job.py")
TABLE: Final = "create table squares (n integer primary key, square bigint unique)"
MAKING: Final = f'    tx.execute("{TABLE}")\n'
POINTS: Final[tuple[FaultPoint, ...]] = tuple(
    point for point in FAULT_POINTS if point.startswith(("chunk.", "ledger.", "step.before_prep"))
)


ON_MARIADB: Final[tuple[FaultPoint, ...]] = (*ON_YOUNGER_KINDS, "chunk.after_write")
"""Where it is killed there in `make test`; at all others that is torture."""


@contextmanager
def filled(dialect: str, socket: Path | None) -> Iterator[World]:
    """Make a world for the job; the table before it, where that cannot be in a transaction."""
    with worlds(dialect, socket, JOB) as world:
        if dialect == "mysql":
            with opened(world.url) as session:
                session.script(TABLE)
            job = world.folder / "job.py"
            text = job.read_text()
            assert MAKING in text
            job.write_text(text.replace(MAKING, ""))
        yield world


@pytest.fixture
def world(dialect: str, socket: Path | None) -> Iterator[World]:
    with filled(dialect, socket) as found:
        yield found


@cache
def undisturbed(
    dialect: str, socket: Path | None, nest: Nursery
) -> tuple[str, dict[FaultPoint, int]]:
    """Return the checksum of what an undisturbed run leaves, and the points that it passes."""
    with filled(dialect, socket) as world:
        ran = nest.run(world)
        assert ran.status == 0, ran.err
        left = world.left()
        assert len(left["squares"]) == 600
        assert len(left["quarantine"]) == 18
        return world.checksum(), Trace(world.trace).counts()


@pytest.fixture
def expected(dialect: str, socket: Path | None, nest: Nursery) -> tuple[str, dict[FaultPoint, int]]:
    return undisturbed(dialect, socket, nest)


def on_mariadb(points: Sequence[FaultPoint]) -> list[object]:
    return [
        pytest.param("mysql", point, marks=[] if point in ON_MARIADB else [pytest.mark.torture])
        for point in points
    ]


@pytest.mark.parametrize(
    ("dialect", "point"), [*in_turns(POINTS), *on_mariadb(POINTS)], indirect=["dialect"]
)
def test_a_kill_at_a_fault_point_changes_nothing(
    world: World,
    nest: Nursery,
    expected: tuple[str, dict[FaultPoint, int]],
    point: FaultPoint,
    seed: int,
) -> None:
    checksum, hits = expected
    assert hits[point] > 0
    # A busy machine tries some things twice, so that the undisturbed run may have hit more often.
    hit = random.Random(seed).randint(1, max(1, hits[point] * 3 // 4))
    killed = nest.run(world, fault=f"{point}:{hit}:kill")
    assert -signal.SIGKILL == killed.status, killed.err

    ran = nest.run(world)

    assert ran.status == 0, ran.err
    assert checksum == world.checksum()
