"""Killed at every fault point and at random instants, the same command ends as if undisturbed."""

from __future__ import annotations

import random
import signal
import time

import pytest

from daybreak.faultpoints import FAULT_POINTS, POINTS_AFTER_DEATHS, FaultPoint

from .undisturbed import Undisturbed
from .world import World

pytestmark = pytest.mark.slow

POINTS = [point for point in FAULT_POINTS if point not in POINTS_AFTER_DEATHS]
"""The others have a job that dies by itself: `test_deaths`."""

RESUMES_MAX = 3
INSTANTS = 8


def resumed(world: World) -> str:
    """Type the same command again, and return the checksum of what is left."""
    ran = world.run()
    assert ran.status == 0, ran.err
    return world.checksum()


def test_the_undisturbed_run_passes_every_fault_point(expected: Undisturbed) -> None:
    """A point that is never passed is never tested."""
    assert [] == [point for point in POINTS if expected.hits[point] == 0]


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_a_fault_point_changes_nothing(
    world: World, expected: Undisturbed, point: FaultPoint, seed: int
) -> None:
    hit = random.Random(seed).randint(1, expected.hits[point])
    killed = world.run(fault=f"{point}:{hit}:kill")

    assert -signal.SIGKILL == killed.status, killed.err
    assert expected.checksum == resumed(world)


@pytest.mark.parametrize("number", range(INSTANTS))
def test_a_kill_at_a_random_instant_changes_nothing(
    world: World, expected: Undisturbed, number: int, seed: int
) -> None:
    """Drawn between the first and the last commit; every second one also in the resume."""
    chance = random.Random(seed)
    for _ in range(1 + number % 2):
        with world.start() as process:
            time.sleep(chance.uniform(expected.first_commit_s, expected.last_commit_s))
            process.kill()
            process.communicate()

    assert expected.checksum == resumed(world)
