"""Killed at every point of a replay, the same command, or the run's own, ends as if undisturbed."""

from __future__ import annotations

import os
import random
import signal
import time
from functools import cache
from pathlib import Path

import pytest

from daybreak.faultpoints import FaultPoint, Trace

from .nursery import Nursery
from .points import OF_REPLAYS
from .undisturbed import worlds
from .world import PROCESS_S_MAX, Ran, World

pytestmark = pytest.mark.slow

KEY = "--erase", "151x"
"""A row that the check refused; nothing is left of it but its fate."""

REPLAY = ("--replay",)
DRAWN = 4


@pytest.fixture
def done(world: World, nest: Nursery) -> World:
    """Give a world whose run is done, and whose job was mended since."""
    return run_and_mended(world, nest)


def run_and_mended(world: World, nest: Nursery) -> World:
    ran = nest.run(world)
    assert ran.status == 0, ran.err
    world.mend()
    world.trace.unlink()
    return world


def typed(world: World, nest: Nursery, *words: str, fault: str | None = None) -> Ran:
    return nest.run(world, fault=fault, words=world.quarantine(*words))


def replayed(world: World, nest: Nursery) -> str:
    """Type the commands that nobody disturbs, and return the checksum of what is left."""
    for words in (KEY, REPLAY):
        ran = typed(world, nest, *words)
        assert ran.status == 0, ran.err
    run = nest.run(world)
    assert run.status == 0, run.err
    assert "run_started" not in [event["event"] for event in run.events], "it was done already"
    return world.checksum()


@cache
def undisturbed(dialect: str, socket: Path, nest: Nursery) -> tuple[str, dict[FaultPoint, int]]:
    """Return what is left when nobody disturbs, and how often each point is passed."""
    with worlds(dialect, socket) as world:
        before = run_and_mended(world, nest).left()
        checksum = replayed(world, nest)
        after = world.left()
        assert len(before["quarantine"]) > len(after["quarantine"]) > 0
        assert all(row[2] == sum(row[3:6]) for row in after["fates"])
        return checksum, Trace(world.trace).counts()


@pytest.fixture
def expected(
    dialect: str, postgres_socket: Path, nest: Nursery
) -> tuple[str, dict[FaultPoint, int]]:
    return undisturbed(dialect, postgres_socket, nest)


def test_an_undisturbed_replay_passes_every_point_of_one(
    expected: tuple[str, dict[FaultPoint, int]],
) -> None:
    assert [] == [point for point in OF_REPLAYS if expected[1][point] == 0]


@pytest.mark.parametrize("point", OF_REPLAYS)
def test_a_kill_in_a_replay_changes_nothing(
    done: World,
    nest: Nursery,
    expected: tuple[str, dict[FaultPoint, int]],
    point: FaultPoint,
    seed: int,
) -> None:
    killed_then_finished(done, nest, expected, point, random.Random(seed))


@pytest.mark.parametrize("number", range(DRAWN))
def test_a_kill_at_a_point_drawn_from_all_changes_nothing(
    done: World,
    nest: Nursery,
    expected: tuple[str, dict[FaultPoint, int]],
    number: int,
    seed: int,
) -> None:
    """Of the ledger, of the take-over, of writing and of isolation."""
    chance = random.Random(seed + number)
    passed = [point for point, hits in expected[1].items() if hits and point not in OF_REPLAYS]
    killed_then_finished(done, nest, expected, chance.choice(passed), chance)


def killed_then_finished(
    world: World,
    nest: Nursery,
    expected: tuple[str, dict[FaultPoint, int]],
    point: FaultPoint,
    chance: random.Random,
) -> None:
    """Kill an act at a point; then perhaps the run's own command comes first."""
    fault = f"{point}:{chance.randint(1, max(expected[1][point] // 2, 1))}:kill"
    words = KEY if point.startswith("erase.") else REPLAY
    if words is REPLAY:
        assert typed(world, nest, *KEY).status == 0
    ran = typed(world, nest, *words, fault=fault)
    assert -signal.SIGKILL == ran.status, (fault, ran.err)
    if chance.random() < 0.5:
        run = nest.run(world)
        assert run.status == 0, run.err

    assert expected[0] == replayed(world, nest)


def test_of_two_replays_at_once_one_is_refused(
    done: World, nest: Nursery, expected: tuple[str, dict[FaultPoint, int]]
) -> None:
    assert typed(done, nest, *KEY).status == 0
    first = nest.start(done, fault="replay.before_mark:1:stop", words=done.quarantine(*REPLAY))
    try:
        wait_until_stopped(first.pid)
        second = typed(done, nest, *REPLAY)
        run = nest.run(done)
        os.kill(first.pid, signal.SIGCONT)
        ended = first.wait()
    finally:
        first.kill()

    assert (5, 5, 0) == (second.status, run.status, ended.status), second.err
    assert f"process {first.pid} on" in second.err
    assert expected[0] == replayed(done, nest)


def wait_until_stopped(pid: int) -> None:
    """Wait until the kernel says that a process, which the nursery owns, is stopped."""
    status = Path(f"/proc/{pid}/stat")
    ends_at = time.monotonic() + PROCESS_S_MAX
    while status.read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < ends_at, "the process never reached its fault point"
        time.sleep(0.01)
