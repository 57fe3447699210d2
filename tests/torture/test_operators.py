"""Twenty operators start the same run at once: exactly one owns it, and all others are told who."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import pytest

from .nursery import Nursery
from .undisturbed import Undisturbed, worlds
from .world import PROCESS_S_MAX, RECORDS, Ran, World

pytestmark = pytest.mark.slow

OPERATORS = 20
OWNED_BY_ANOTHER = 5
RESTARTED = Path(__file__).with_name("restarted_job.py")
SQUARES = [(n, n * n) for n in range(1, RECORDS + 1) if n % 151 and n % 97]
"""What the job that begins again leaves: its file's other records are bad."""


def at_once(world: World, nest: Nursery) -> list[Ran]:
    """Have all type the command in the same instant; return how each ended."""
    with gated(world) as gate:
        children = [nest.start(world, gate=gate) for _ in range(OPERATORS)]
    return [child.wait() for child in children]


@contextmanager
def gated(world: World) -> Iterator[Path]:
    """Hold everybody who is started in the block back until all have come to its end."""
    gate = world.folder / "gate"
    with gate.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield gate
        ends_at_s = time.monotonic() + PROCESS_S_MAX
        while gate.stat().st_size < OPERATORS:
            assert time.monotonic() < ends_at_s, "not all have come to the gate"
            time.sleep(0.005)


def with_the_owner_stopped(
    world: World, nest: Nursery, commands: Sequence[Sequence[str]]
) -> tuple[list[Ran], list[Ran]]:
    """Have twenty type one of the commands each, at once; the owner stops before its first chunk.

    Returns:
        How the owners ended, who went on when all others had ended; and how those ended.
    """
    with gated(world) as gate:
        children = [
            nest.start(world, words=words, gate=gate, fault="epoch.before_announce:1:stop")
            for words in islice(cycle(commands), OPERATORS)
        ]
    owners = [child for child in children if child.has_stopped()]
    others = [child.wait() for child in children if child not in owners]
    for owner in owners:
        os.kill(owner.pid, signal.SIGCONT)
    return [owner.wait() for owner in owners], others


def has_owned(ran: Ran) -> bool:
    return any(event["event"] == "run_started" for event in ran.events)


def test_one_of_twenty_starts_wins_and_the_others_are_told(
    world: World, expected: Undisturbed, nest: Nursery
) -> None:
    """Whoever comes when the run is over sees that it is done, and owns nothing either."""
    ran = at_once(world, nest)

    owners = [one for one in ran if has_owned(one)]
    losers = [one for one in ran if not has_owned(one)]
    assert [0] == [one.status for one in owners], "".join(one.out for one in ran)
    assert {one.status for one in losers} <= {0, OWNED_BY_ANOTHER}
    told = [one for one in losers if one.status == OWNED_BY_ANOTHER]
    assert told
    assert all("owned by process" in one.err or "is just taking run" in one.err for one in told)
    assert expected.checksum == world.checksum()


def test_one_of_twenty_resumes_wins(world: World, expected: Undisturbed, nest: Nursery) -> None:
    killed = nest.run(world, fault="chunk.after_commit:5:kill")
    assert killed.status < 0
    ran = at_once(world, nest)

    assert [0] == [one.status for one in ran if has_owned(one)]
    assert {one.status for one in ran if not has_owned(one)} <= {0, OWNED_BY_ANOTHER}
    assert expected.checksum == world.checksum()


@pytest.mark.parametrize("is_done", [True, False])
def test_one_of_twenty_wins_whatever_they_want_of_the_run(
    dialect: str, postgres_socket: Path, nest: Nursery, *, is_done: bool
) -> None:
    """Resumed, begun again as a whole or in part, all at once: one owns the run, and ends it."""
    with worlds(dialect, postgres_socket, RESTARTED) as world:
        fault = None if is_done else "chunk.after_commit:3:kill"
        assert nest.run(world, fault=fault).status == (0 if is_done else -signal.SIGKILL)
        step = replace(world, restarts="load").command[3:]
        whole = [*step[:2], *step[3:]]  # without the step's name
        run = world.command[3:]
        wanted = [step, whole, [*run, "--from", "load"], [*run, "--only", "load"]]
        owners, others = with_the_owner_stopped(world, nest, wanted if is_done else [run, *wanted])

        assert [0] == [owner.status for owner in owners], "".join(one.out for one in others)
        assert {OWNED_BY_ANOTHER} == {one.status for one in others}
        assert all("owned by process" in o.err or "is just taking run" in o.err for o in others)
        assert 0 == nest.run(world).status  # what --only left out
        assert SQUARES == world.left()["squares"]
        assert [("published", 1000)] == world.left()["totals"]
