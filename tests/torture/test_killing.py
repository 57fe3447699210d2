"""Killed at every fault point and at random instants, the same command ends as if undisturbed."""

from __future__ import annotations

import random
import signal
import time

import pytest

from daybreak.faultpoints import FaultPoint

from .nursery import Nursery
from .points import OF_RUNS
from .undisturbed import Undisturbed
from .world import Ran, World

pytestmark = pytest.mark.slow

INSTANTS = 8


def checksum_after(resume: Ran, world: World) -> str:
    """Return the checksum of what the same command left, typed again."""
    assert resume.status == 0, resume.err
    return world.checksum()


def test_the_undisturbed_run_passes_every_fault_point(expected: Undisturbed) -> None:
    """A point that is never passed is never tested; those of `points` are passed elsewhere."""
    assert [] == [point for point in OF_RUNS if expected.hits[point] == 0]


@pytest.mark.parametrize("point", OF_RUNS)
def test_a_kill_at_a_fault_point_changes_nothing(
    world: World, nest: Nursery, expected: Undisturbed, point: FaultPoint, seed: int
) -> None:
    # A busy machine tries some things twice, so that the undisturbed run may have hit more often.
    hit = random.Random(seed).randint(1, max(1, expected.hits[point] * 3 // 4))
    killed = nest.run(world, fault=f"{point}:{hit}:kill")

    assert -signal.SIGKILL == killed.status, killed.err
    assert expected.checksum == checksum_after(nest.run(world), world)


@pytest.mark.parametrize("number", range(INSTANTS))
def test_a_kill_at_a_random_instant_changes_nothing(
    world: World, expected: Undisturbed, number: int, seed: int
) -> None:
    """Drawn between the first and the last commit; every second one also in the resume.

    By processes of their own, from their beginning: those above are the nursery's.
    """
    chance = random.Random(seed)
    for _ in range(1 + number % 2):
        with world.start() as process:
            time.sleep(chance.uniform(expected.first_commit_s, expected.last_commit_s))
            process.kill()
            process.communicate()

    assert expected.checksum == checksum_after(world.run(), world)
