"""An owner that is stopped, replaced and continued: it is refused, or had committed before.

The second process pretends to be another machine, with a lock of its own, so that only the lease
can tell it that the first one is silent.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from daybreak.faultpoints import FaultPoint

from .nursery import Child, Nursery
from .points import in_turns
from .undisturbed import Undisturbed, worlds
from .world import PROCESS_S_MAX, Ran, World, wait_until_stopped

pytestmark = pytest.mark.slow

LEASE = ("--lease-s", "1")
OWNED_BY_ANOTHER = 5
ZOMBIES_MAX = 5

# Outside a transaction of the target and inside one; the campaign draws from all of them.
POINTS: tuple[FaultPoint, ...] = (
    "epoch.before_announce",
    "epoch.after_announce",
    "chunk.before_read",
    "chunk.after_stages",
    "chunk.before_commit",
    "chunk.after_commit",
    "atomic.after_body",
    "ledger.after_commit",
)


def has_owned(ran: Ran) -> bool:
    """Say whether a process became the owner of the run."""
    return any(event["event"] == "run_started" for event in ran.events)


def elsewhere(world: World, nest: Nursery, *options: str) -> Ran:
    """Type the world's command on another machine."""
    environment = {"DAYBREAK_HOST": "another-machine"}
    return nest.start(world, options=options, environment=environment).wait()


def continued(zombie: Child) -> Ran:
    """Let a stopped process go on, to its end."""
    os.kill(zombie.pid, signal.SIGCONT)
    return zombie.wait()


@pytest.mark.parametrize(("dialect", "point"), in_turns(POINTS))
def test_a_zombie_is_refused_or_had_committed_before(
    world: World, nest: Nursery, expected: Undisturbed, point: FaultPoint, seed: int
) -> None:
    hit = random.Random(seed).randint(1, expected.hits[point])
    zombie = nest.start(world, options=LEASE, fault=f"{point}:{hit}:stop")
    try:
        assert zombie.has_stopped()
        second = elsewhere(world, nest, *LEASE, "--takeover-s", "2")
        ended = continued(zombie)
    finally:
        zombie.kill()
    if second.status == 0 and has_owned(second) and has_owned(ended):
        assert OWNED_BY_ANOTHER == ended.status, ended.err
    else:
        # Not taken over: the zombie did not own the run yet, or had ended it; or it held a lock
        # when it was stopped, SQLite's of the target or the ledger's, which was said.
        assert second.status in (0, OWNED_BY_ANOTHER), second.err
        assert ended.status in (0, OWNED_BY_ANOTHER), ended.err

    final = elsewhere(world, nest)
    assert final.status == 0, final.err
    assert expected.checksum == world.checksum()


def test_a_zombie_whose_successor_finished_changes_nothing_afterwards(
    dialect: str, postgres_socket: Path, nest: Nursery, expected: Undisturbed
) -> None:
    """Stopped between stages and transaction, when no other thread is in one: fences are ahead.

    One that was stopped while another of its threads wrote to the ledger has no successor, which
    is said; then another one is stopped.
    """
    for _ in range(ZOMBIES_MAX):
        with worlds(dialect, postgres_socket) as world:
            second, left, ended = _outlived(world, nest)
            finally_left = world.checksum()
        said = " ".join(second.err.split())
        if second.status != OWNED_BY_ANOTHER or "locked by process" not in said:
            break

    assert (0, expected.checksum) == (second.status, left), second.err
    assert OWNED_BY_ANOTHER == ended.status, ended.err
    assert left == finally_left


def _outlived(world: World, nest: Nursery) -> tuple[Ran, str, Ran]:
    """Stop an owner, have another one finish its run, and continue it.

    Returns:
        How the successor ended, the checksum of what it left, and how the zombie ended.
    """
    _let_labels_wait_for_load(world)
    alone = ("--set", "load.parallel=1")
    zombie = nest.start(world, options=(*LEASE, *alone), fault="chunk.after_stages:9:stop")
    try:
        assert zombie.has_stopped()
        second = elsewhere(world, nest, *LEASE, "--takeover-s", "2")
        left = world.checksum() if second.status == 0 else second.err
        return second, left, continued(zombie)
    finally:
        zombie.kill()


def _let_labels_wait_for_load(world: World) -> None:
    file = world.folder / "job.py"
    text = file.read_text()
    beside, behind = "@job.step(chunk=20,", "@job.step(after=load, chunk=20,"
    assert 1 == text.count(beside)
    file.write_text(text.replace(beside, behind))


@pytest.mark.parametrize("how", ["immediate", "exclusive"])
@pytest.mark.parametrize("job", ["killed_job.py", "restarted_job.py"])
def test_who_holds_a_file_locked_is_named_instead_of_waited_for(
    tmp_path: Path, nest: Nursery, how: str, job: str
) -> None:
    """Readers too are locked out while a transaction is exclusive, as it is when it ends.

    One job has two steps at work by then; the other one has one, which looks at its table first.
    """
    file = Path(__file__).with_name(job)
    world = World.make(tmp_path, f"sqlite:///{tmp_path / 'world.db'}", job=file)
    killed = nest.run(world, options=LEASE, fault="chunk.after_commit:2:kill")
    assert -signal.SIGKILL == killed.status, killed.err
    with closing(sqlite3.connect(tmp_path / "world.db", isolation_level=None)) as holder:
        holder.execute(f"begin {how}")
        held = elsewhere(world, nest, *LEASE, "--takeover-s", "0.5")

    assert OWNED_BY_ANOTHER == held.status, held.err
    assert f"it is locked by process {os.getpid()}" in held.err
    assert 0 == elsewhere(world, nest).status


@pytest.mark.parametrize(
    ("point", "host"),
    [
        ("chunk.before_read", None),
        ("chunk.after_marker", None),
        ("chunk.after_marker", "another-machine"),  # a lock of its own: the target's is in the way
        ("ledger.after_write", None),
        ("ledger.after_write", "another-machine"),
    ],
)
def test_an_owner_that_was_stopped_is_killed_where_the_operator_asks_for_it(
    world: World, expected: Undisturbed, point: FaultPoint, host: str | None
) -> None:
    """Before and inside its transaction; nothing but the lock tells which process that is."""
    with world.start(*LEASE, fault=f"{point}:4:stop") as zombie:
        try:
            wait_until_stopped(zombie)
            second = world.run(*LEASE, "--takeover-s", "1", "--kill-owner", host=host)
            zombie.wait(PROCESS_S_MAX)
        finally:
            zombie.kill()

    assert (0, expected.checksum) == (second.status, world.checksum()), second.err
    assert -signal.SIGKILL == zombie.returncode
    assert f"killed process {zombie.pid}" in second.out
