"""Killed while it begins again, or accepts a changed file, the same command goes on to one end."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from daybreak.faultpoints import FaultPoint, Trace

from .nursery import Nursery
from .points import OF_CHANGES, OF_RESTARTS
from .undisturbed import worlds
from .world import World

pytestmark = pytest.mark.slow

JOB: Final = Path(__file__).with_name("restarted_job.py")
ALSO: Final[tuple[FaultPoint, ...]] = (
    "ledger.before_write",
    "ledger.before_commit",
    "ledger.after_commit",
    "epoch.after_announce",
    "step.before_prepare_commit",
    "step.after_prepare_commit",
    "chunk.before_commit",
    "chunk.after_commit",
    "atomic.before_commit",
    "atomic.after_commit",
)
"""Passed by a restart as by any run; what they leave then is another thing."""


@dataclass(frozen=True)
class Expected:
    """What an undisturbed command left, and how often it passed each fault point."""

    checksum: str
    hits: dict[FaultPoint, int]


@pytest.fixture
def began(dialect: str, postgres_socket: Path, nest: Nursery) -> Iterator[World]:
    """Give a world in which the job was done, about to begin again."""
    with worlds(dialect, postgres_socket, JOB) as world:
        yield restarting(world, nest)


@pytest.fixture
def changed(dialect: str, postgres_socket: Path, nest: Nursery) -> Iterator[World]:
    """Give a world in which half of the job was done before its file grew."""
    with worlds(dialect, postgres_socket, JOB) as world:
        yield accepting(world, nest)


@pytest.fixture
def after_restart(dialect: str, postgres_socket: Path, nest: Nursery) -> Expected:
    return expected_of(restarting, dialect, postgres_socket, nest)


@pytest.fixture
def after_change(dialect: str, postgres_socket: Path, nest: Nursery) -> Expected:
    return expected_of(accepting, dialect, postgres_socket, nest)


def restarting(world: World, nest: Nursery) -> World:
    ran = nest.run(world)
    assert ran.status == 0, ran.err
    world.trace.unlink()
    return replace(world, restarts="load")


def accepting(world: World, nest: Nursery) -> World:
    ran = nest.run(world, fault="chunk.before_marker:3:raise")
    assert ran.status == 1, ran.err
    world.trace.unlink()
    with (world.folder / "numbers.csv").open("a") as file:
        file.write("601,odd\n602,even\n")
    return replace(world, options=("--accept-changes",))


@cache
def expected_of(
    make: Callable[[World, Nursery], World], dialect: str, socket: Path, nest: Nursery
) -> Expected:
    with worlds(dialect, socket, JOB) as world:
        ready = make(world, nest)
        ran = nest.run(ready)
        assert ran.status == 0, ran.err
        return Expected(ready.checksum(), Trace(ready.trace).counts())


def resumed(world: World, nest: Nursery) -> str:
    """Type the same command again, and return the checksum of what is left."""
    ran = nest.run(world)
    assert ran.status == 0, ran.err
    return world.checksum()


@pytest.mark.parametrize("point", [*OF_RESTARTS, *ALSO])
def test_a_kill_while_a_step_begins_again_changes_nothing(
    began: World, nest: Nursery, after_restart: Expected, point: FaultPoint, seed: int
) -> None:
    hits = after_restart.hits[point]
    # After the last commit of the ledger the run is done: the same command begins it once more.
    hit = random.Random(seed).randint(1, hits - 1 if point == "ledger.after_commit" else hits)
    killed = nest.run(began, fault=f"{point}:{hit}:kill")

    assert -signal.SIGKILL == killed.status, killed.err
    assert after_restart.checksum == resumed(began, nest)


@pytest.mark.parametrize("point", OF_CHANGES)
def test_a_kill_around_an_acceptance_changes_nothing(
    changed: World, nest: Nursery, after_change: Expected, point: FaultPoint
) -> None:
    killed = nest.run(changed, fault=f"{point}:1:kill")

    assert -signal.SIGKILL == killed.status, killed.err
    assert after_change.checksum == resumed(changed, nest)
