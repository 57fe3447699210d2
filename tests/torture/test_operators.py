"""Twenty operators start the same run at once: exactly one owns it, and all others are told who."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator

import pytest

from .nursery import Nursery, nursery
from .undisturbed import Undisturbed
from .world import PROCESS_S_MAX, Ran, World

pytestmark = pytest.mark.slow

OPERATORS = 20
OWNED_BY_ANOTHER = 5


@pytest.fixture(scope="module")
def nest() -> Iterator[Nursery]:
    with nursery() as found:
        yield found


def at_once(world: World, nest: Nursery) -> list[Ran]:
    """Have all type the command in the same instant; return how each ended."""
    gate = world.folder / "gate"
    with gate.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        children = [nest.start(world, gate=gate) for _ in range(OPERATORS)]
        ends_at_s = time.monotonic() + PROCESS_S_MAX
        while gate.stat().st_size < OPERATORS:
            assert time.monotonic() < ends_at_s, "not all have come to the gate"
            time.sleep(0.005)
    return [child.wait() for child in children]


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
