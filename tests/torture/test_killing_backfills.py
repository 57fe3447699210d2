"""Killed at every fault point of a back-fill, the same command ends as if undisturbed."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from daybreak.faultpoints import FAULT_POINTS, FaultPoint, Trace

from .nursery import Nursery
from .points import in_turns
from .undisturbed import worlds
from .world import World

pytestmark = pytest.mark.slow

JOB: Final = Path(__file__).with_name("backfilled_job.py")
POINTS: Final[tuple[FaultPoint, ...]] = tuple(
    point for point in FAULT_POINTS if point.startswith(("chunk.", "ledger.", "step.before_prep"))
)


@pytest.fixture
def world(dialect: str, postgres_socket: Path) -> Iterator[World]:
    with worlds(dialect, postgres_socket, JOB) as found:
        yield found


@cache
def undisturbed(dialect: str, socket: Path, nest: Nursery) -> tuple[str, dict[FaultPoint, int]]:
    """Return the checksum of what an undisturbed run leaves, and the points that it passes."""
    with worlds(dialect, socket, JOB) as world:
        ran = nest.run(world)
        assert ran.status == 0, ran.err
        left = world.left()
        assert len(left["squares"]) == 600
        assert len(left["quarantine"]) == 18
        return world.checksum(), Trace(world.trace).counts()


@pytest.fixture
def expected(
    dialect: str, postgres_socket: Path, nest: Nursery
) -> tuple[str, dict[FaultPoint, int]]:
    return undisturbed(dialect, postgres_socket, nest)


@pytest.mark.parametrize(("dialect", "point"), in_turns(POINTS))
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
