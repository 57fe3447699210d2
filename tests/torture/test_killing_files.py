"""Killed, or stopped and replaced, while it writes files, a run ends as if undisturbed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from daybreak.faultpoints import FaultPoint

from .nursery import Nursery
from .points import OF_FILES
from .undisturbed import Undisturbed
from .world import World
from .written import FILES, checksum_of, undisturbed_files, world_of_files

pytestmark = pytest.mark.slow

OWNED_BY_ANOTHER: Final = 5
ANOTHER_MACHINE: Final = {"DAYBREAK_HOST": "another-machine"}
INSTANTS: Final = 25
LAST: Final = '\n600,360000,"even,\n"\n'
LEASE: Final = ("--lease-s", "1")

ALSO: Final[tuple[FaultPoint, ...]] = (
    "epoch.after_announce",
    "step.before_prepare_commit",
    "step.after_prepare_commit",
    "chunk.after_stages",
    "chunk.in_isolation",
    "chunk.before_commit",
    "chunk.after_commit",
    "ledger.before_commit",
    "ledger.after_commit",
)
"""Passed by every run; what they leave here is another thing."""

IN_REPLAYS: Final[tuple[FaultPoint, ...]] = (
    "part.after_sync",
    "part.after_enter",
    "publication.after_begin",
    "publication.before_end",
    "publication.after_end",
)
"""So many are always tried in replays, the others by the torture."""


@pytest.fixture
def world(dialect: str, postgres_socket: Path) -> Iterator[World]:
    with world_of_files(dialect, postgres_socket) as found:
        yield found


@pytest.fixture
def expected(dialect: str, postgres_socket: Path, nest: Nursery) -> Undisturbed:
    return undisturbed_files(dialect, postgres_socket, nest)


def assert_nothing_half_is_seen(world: World) -> None:
    """A file is whole, whenever it is there: that of CSV has its last record."""
    csv = world.folder / FILES[0]
    if csv.exists():
        assert csv.read_text().startswith("n,square,note\n")
        assert LAST in csv.read_text()


def resumed(world: World, nest: Nursery) -> str:
    """Type the same command again, and return the checksum of what is left."""
    ran = nest.run(world)
    assert ran.status == 0, ran.err
    return checksum_of(world)


def test_the_undisturbed_run_passes_every_point_of_files(expected: Undisturbed) -> None:
    """A point that is never passed is never tested."""
    assert [] == [point for point in (*OF_FILES, *ALSO) if expected.hits[point] == 0]


@pytest.mark.parametrize("point", [*OF_FILES, *ALSO])
def test_a_kill_while_files_are_written_changes_nothing(
    world: World, nest: Nursery, expected: Undisturbed, point: FaultPoint, seed: int
) -> None:
    hit = random.Random(seed).randint(1, max(1, expected.hits[point] * 3 // 4))
    killed = nest.run(world, fault=f"{point}:{hit}:kill")

    assert -signal.SIGKILL == killed.status, killed.err
    assert_nothing_half_is_seen(world)
    assert expected.checksum == resumed(world, nest)


@pytest.mark.parametrize(
    "point",
    [
        *IN_REPLAYS,
        *(
            pytest.param(point, marks=pytest.mark.torture)
            for point in OF_FILES
            if point not in IN_REPLAYS
        ),
    ],
)
def test_a_kill_while_records_of_a_file_are_replayed_changes_nothing(
    world: World, nest: Nursery, expected: Undisturbed, point: FaultPoint
) -> None:
    """The first hit is the replay's; every record that it could mend is in the file once."""
    ran = nest.run(world)
    assert (0, expected.checksum) == (ran.status, checksum_of(world)), ran.err
    job = world.folder / "job.py"
    job.write_text(job.read_text().replace("if number.n % 97 == 0:", "if number.n == 97:"))
    words = world.quarantine("--replay", "--step", "squares")
    killed = nest.run(world, words=words, fault=f"{point}:1:kill")

    assert -signal.SIGKILL == killed.status, killed.err
    assert_nothing_half_is_seen(world)
    for command in (None, words):
        assert 0 == nest.run(world, words=command).status
    text = (world.folder / FILES[0]).read_text()
    assert [194, 291, 388, 485, 582] == [
        n for n in range(97, 600, 97) if f"\n{n},{n * n}," in text and n % 7
    ]
    assert LAST + "194," in text  # in their order, behind all others


@pytest.mark.torture
@pytest.mark.parametrize("number", range(INSTANTS))
def test_a_kill_at_a_random_instant_changes_nothing(
    world: World, nest: Nursery, expected: Undisturbed, number: int, seed: int
) -> None:
    """Every third one is killed twice more while it resumes."""
    chance = random.Random(seed)
    for _ in range(1 if number % 3 else 3):
        child = nest.start(world)
        time.sleep(chance.uniform(0, expected.last_commit_s))
        child.kill()
        child.wait()
        assert_nothing_half_is_seen(world)

    assert expected.checksum == resumed(world, nest)


@pytest.mark.parametrize(
    "point",
    [
        "part.before_sync",
        "part.after_sync",
        "part.after_enter",
        "publication.after_begin",
        "publication.after_join",
        "publication.after_rename",
        "publication.after_end",
    ],
)
def test_a_zombie_that_wrote_a_file_is_refused_or_had_published_before(
    world: World, nest: Nursery, expected: Undisturbed, point: FaultPoint
) -> None:
    """The second one pretends to be another machine, which has the folder too."""
    zombie = nest.start(world, fault=f"{point}:1:stop", options=LEASE)
    try:
        assert zombie.has_stopped()
        options = (*LEASE, "--takeover-s", "2")
        second = nest.start(world, options=options, environment=ANOTHER_MACHINE).wait()
        seen = checksum_of(world) if second.status == 0 else None
        os.kill(zombie.pid, signal.SIGCONT)
        ended = zombie.wait()
    finally:
        zombie.kill()
    if second.status == 0:
        assert OWNED_BY_ANOTHER == ended.status, ended.err
        assert (expected.checksum, expected.checksum) == (seen, checksum_of(world))
    else:  # it was stopped inside a transaction of the only file that there is, which was said
        assert OWNED_BY_ANOTHER == second.status, second.err
        assert ended.status in (0, OWNED_BY_ANOTHER), ended.err

    final = nest.start(world, environment=ANOTHER_MACHINE).wait()
    assert final.status == 0, final.err
    assert expected.checksum == checksum_of(world)
