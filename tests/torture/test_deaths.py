"""A record that kills its process costs one record; the command goes on by itself to its end."""

from __future__ import annotations

import random
import re
import signal
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from daybreak.faultpoints import FaultPoint
from tests.torture.points import OF_DEATHS

from .deadly_world import CHUNK, RECORDS, DeadlyWorld
from .nursery import Nursery
from .undisturbed import Undisturbed, database_of
from .world import Ran, World

pytestmark = pytest.mark.slow

PLACES = ("map", "spread", "flat_map", "each", "each_chunk")
WAYS = {
    "segfault": "killed its process: SIGSEGV",
    "exit 0": "killed its process: exit status 0",
    "exit 3": "killed its process: exit status 3",
    "kill": "killed its process: SIGKILL",
    "recurse deep": "killed its process: SIGSEGV",
}
MENDED = "def recurse() -> None:\n    return None"
UNSUPERVISED = ("--attempts", "1")
RESUMES_MAX = 12


@pytest.fixture
def deadly(dialect: str, postgres_socket: Path) -> Iterator[DeadlyWorld]:
    with (
        tempfile.TemporaryDirectory(prefix="daybreak_deadly_") as folder,
        database_of(dialect, Path(folder), postgres_socket) as url,
    ):
        world = DeadlyWorld(Path(folder), url)
        world.prepare()
        yield world


@pytest.fixture
def on_sqlite(tmp_path: Path) -> DeadlyWorld:
    world = DeadlyWorld(tmp_path, f"sqlite:///{tmp_path / 'world.db'}")
    world.prepare()
    return world


def deaths_in(ran: Ran) -> int:
    # Not only at the beginning of a line: what dies may leave half of one.
    return len(re.findall(r"daybreak: attempt \d+ died", ran.err))


def is_whole_without(world: DeadlyWorld, *killers: int) -> bool:
    """Compare with what an undisturbed run without the killers would leave."""
    others = [n for n in range(RECORDS) if n not in killers]
    bytes_aside = [raw for raw, *_ in world.set_aside()]
    assert sorted(str(n).encode() for n in killers) == sorted(bytes_aside)
    assert (RECORDS, len(others), len(killers)) == world.fates()
    return others == world.squares()


@pytest.mark.parametrize(
    ("where", "how"),
    [
        *product(("map", "each", "each_chunk"), WAYS),
        ("spread", "segfault"),
        ("flat_map", "kill"),
    ],
)
def test_the_killer_alone_is_set_aside(
    on_sqlite: DeadlyWorld, nest: Nursery, where: str, how: str, seed: int
) -> None:
    killer = random.Random(seed).randrange(RECORDS)
    ran = on_sqlite.live(nest, where, [how], [killer])

    assert 0 == ran.status, ran.err
    assert is_whole_without(on_sqlite, killer)
    assert [(str(killer).encode(), str(killer + 1), PLACE_NAMES.get(where, where), WAYS[how])] == (
        on_sqlite.set_aside()
    )
    assert 4 == deaths_in(ran)  # twice beside others, once alone, once by itself


PLACE_NAMES = {"map": "map_"}


@pytest.mark.parametrize("where", ["map", "each"])
def test_it_is_the_same_on_every_database(
    deadly: DeadlyWorld, nest: Nursery, where: str, seed: int
) -> None:
    killer = random.Random(seed).randrange(RECORDS)
    ran = deadly.live(nest, where, ["segfault"], [killer], "--set", "work.parallel=2")

    assert 0 == ran.status, ran.err
    assert is_whole_without(deadly, killer)


@pytest.mark.parametrize(
    ("where", "how"), [*product(PLACES[:-1], ["hang"]), ("map", "hold"), ("each", "hold")]
)
def test_a_record_that_takes_too_long_is_set_aside(
    tmp_path: Path, nest: Nursery, where: str, how: str
) -> None:
    """Also one that holds the interpreter, so that no other thread of it gets a turn."""
    url = f"sqlite:///{tmp_path / 'world.db'}"
    world = DeadlyWorld(tmp_path, url, {"DEADLY_TIMEOUT_S": "0.3"})
    world.prepare()
    ran = world.live(nest, where, [how], [33])

    assert 0 == ran.status, ran.err
    assert is_whole_without(world, 33)
    ((*_, reason),) = world.set_aside()
    assert "took longer than 0.3 s" == reason if how == "hang" else "took too long" in reason
    assert (2 if how == "hang" else 4) == deaths_in(ran)
    died = next(event for event in ran.events if event["event"] == "attempt_died")
    assert "live_in" in died["stack"]


@pytest.mark.parametrize("where", PLACES[:-1])
def test_endless_recursion_is_a_failure_like_any_other(
    on_sqlite: DeadlyWorld, nest: Nursery, where: str
) -> None:
    ran = on_sqlite.live(nest, where, ["recurse"], [33])

    assert (0, 0) == (ran.status, deaths_in(ran)), ran.err
    assert is_whole_without(on_sqlite, 33)


def test_a_record_that_wants_too_much_memory_is_set_aside(
    on_sqlite: DeadlyWorld, nest: Nursery
) -> None:
    ran = on_sqlite.live(nest, "map", ["want memory"], [33])

    assert 0 == ran.status, ran.err
    assert is_whole_without(on_sqlite, 33)
    ((*_, reason),) = on_sqlite.set_aside()
    assert "killed its process: MemoryError" == reason


@pytest.mark.parametrize("where", ["map", "each", "each_chunk"])
def test_two_killers_in_one_chunk_are_both_found(
    on_sqlite: DeadlyWorld, nest: Nursery, where: str
) -> None:
    ran = on_sqlite.live(nest, where, ["segfault", "exit 0"], [31, 37])

    assert 0 == ran.status, ran.err
    assert is_whole_without(on_sqlite, 31, 37)
    assert 6 == deaths_in(ran)


def test_a_killer_in_every_chunk_stops_nothing(on_sqlite: DeadlyWorld, nest: Nursery) -> None:
    killers = list(range(5, RECORDS, CHUNK))
    ran = on_sqlite.live(nest, "map", ["kill"], killers, "--set", "work.parallel=3")

    assert 0 == ran.status, ran.err
    assert is_whole_without(on_sqlite, *killers)


LARGE = 2_500
AT_ONCE = ("--set", f"work.chunk={LARGE}")


@pytest.fixture
def large(tmp_path: Path) -> DeadlyWorld:
    """Give a world whose one chunk has too many records to try each of them."""
    url = f"sqlite:///{tmp_path / 'world.db'}"
    world = DeadlyWorld(tmp_path, url, {"DEADLY_RECORDS": str(LARGE)})
    world.prepare()
    return world


def is_large_without(world: DeadlyWorld, *killers: int) -> bool:
    assert [str(n).encode() for n in killers] == sorted(raw for raw, *_ in world.set_aside())
    assert (LARGE, LARGE - len(killers), len(killers)) == world.fates()
    return [n for n in range(LARGE) if n not in killers] == world.squares()


@pytest.mark.parametrize("how", ["segfault", "exit 0"])
def test_a_killer_among_many_costs_one_death_more(
    large: DeadlyWorld, nest: Nursery, how: str, seed: int
) -> None:
    """The process dies in a part of the chunk, among its records, and at the killer by itself."""
    killer = random.Random(seed).randrange(LARGE)
    ran = large.live(nest, "each_chunk", [how], [killer], *AT_ONCE)

    assert (0, 5) == (ran.status, deaths_in(ran)), ran.err
    assert is_large_without(large, killer)
    died = [event["record"] for event in ran.events if event["event"] == "attempt_died"]
    part = killer // 50 * 50
    named = [f"{part + 1} to {part + 50}", str(killer + 1), str(killer + 1)]
    assert [None, None, *(f"{n} in each_chunk of work (0, {LARGE}]" for n in named)] == died


def test_killers_in_one_part_and_in_others_are_all_found(large: DeadlyWorld, nest: Nursery) -> None:
    killers = [1_010, 1_020, 1_900]
    ran = large.live(nest, "each_chunk", ["segfault", "exit 0"], killers, *AT_ONCE)

    assert (0, 2 + 3 * len(killers)) == (ran.status, deaths_in(ran)), ran.err
    assert is_large_without(large, *killers)


@pytest.mark.parametrize("most", [3, 4])
def test_nobody_among_many_is_blamed_for_deaths_that_come_from_outside(
    large: DeadlyWorld, nest: Nursery, most: int
) -> None:
    """Neither a part in which a process died, nor the record that was at hand in it later."""
    ran = large.live(nest, "each_chunk", ["kill"], [1_010], "--most", str(most), *AT_ONCE)

    assert (0, most) == (ran.status, deaths_in(ran)), ran.err
    assert is_large_without(large)


def test_records_that_kill_only_together_fail_the_step(large: DeadlyWorld, nest: Nursery) -> None:
    ran = large.live(nest, "each_chunk together", ["kill"], [1_010], *AT_ONCE)

    assert (1, "ProcessDied") == (ran.status, ran.events[-1]["error"]), ran.err
    assert [] == large.squares()


def test_too_many_killers_fail_the_run(tmp_path: Path, nest: Nursery) -> None:
    url = f"sqlite:///{tmp_path / 'world.db'}"
    world = DeadlyWorld(tmp_path, url, {"DEADLY_MAX_BAD": "1"})
    world.prepare()
    ran = world.live(nest, "map", ["kill"], [31, 37])

    assert (1, "TooManyBadRecords") == (ran.status, ran.events[-1]["error"]), ran.err
    assert list(range(30)) == world.squares()


def test_nobody_is_blamed_for_deaths_that_come_from_outside(
    on_sqlite: DeadlyWorld, nest: Nursery
) -> None:
    """A record that is at hand whenever the process dies, and lives when it is tried by itself."""
    ran = on_sqlite.live(nest, "map", ["kill"], [33], "--most", "3")

    assert (0, 3) == (ran.status, deaths_in(ran)), ran.err
    assert is_whole_without(on_sqlite)


def test_a_killer_is_found_by_the_same_command_typed_again_and_again(
    on_sqlite: DeadlyWorld, nest: Nursery
) -> None:
    statuses = [on_sqlite.live(nest, "map", ["kill"], [33], *UNSUPERVISED).status for _ in range(5)]

    assert [-signal.SIGKILL] * 4 + [0] == statuses
    assert is_whole_without(on_sqlite, 33)


def test_a_new_run_is_entered_once_however_often_the_process_dies(
    on_sqlite: DeadlyWorld, nest: Nursery
) -> None:
    ran = on_sqlite.live(nest, "map", ["kill"], [33], "--again")

    assert (0, 4) == (ran.status, deaths_in(ran)), ran.err
    assert is_whole_without(on_sqlite, 33)
    assert [1] == on_sqlite.runs()


def test_a_restart_begins_again_once_however_often_the_process_dies(
    on_sqlite: DeadlyWorld, nest: Nursery
) -> None:
    job = on_sqlite.folder / "job.py"
    deadly = job.read_text()
    job.write_text(deadly.replace("return times < most", "return False"))
    assert 0 == on_sqlite.live(nest, "map", ["kill"], [33]).status
    job.write_text(deadly)
    on_sqlite.take_back()
    words = ["restart", "1", "work", "--again", "--undone", "work", "--file", str(job), "--json"]
    ran = nest.run(on_sqlite, words=words)

    assert (0, 4) == (ran.status, deaths_in(ran)), ran.err
    assert [n for n in range(RECORDS) if n != 33] == on_sqlite.squares()
    assert [1, 2] == on_sqlite.passes()


def test_a_replay_goes_on_without_those_that_kill_it_again(
    on_sqlite: DeadlyWorld, nest: Nursery
) -> None:
    """A record that was bad for another reason passes, though one that kills lies beside it."""
    ran = on_sqlite.live(nest, "map", ["kill", "recurse"], [33, 44])
    assert 0 == ran.status, ran.err
    job = on_sqlite.folder / "job.py"
    job.write_text(job.read_text().replace("def recurse() -> None:\n    recurse()", MENDED))
    words = ["quarantine", "1", "--replay", "--file", str(job), "--json"]
    replayed = nest.run(on_sqlite, words=words)

    assert (0, 1) == (replayed.status, deaths_in(replayed)), replayed.err
    assert [33] == [int(raw) for raw, *_ in on_sqlite.set_aside()]
    assert [n for n in range(RECORDS) if n != 33] == on_sqlite.squares()
    assert 1 == replayed.events[-1]["killers"]


@pytest.mark.parametrize("point", OF_DEATHS)
def test_a_kill_while_a_range_is_tried_alone_changes_nothing(
    on_sqlite: DeadlyWorld, nest: Nursery, point: FaultPoint
) -> None:
    """Nobody supervises, so that the fault can be armed in the attempt that passes the point."""
    lives = point == "alone.after_record"  # which is passed behind a record that lives
    words = (*UNSUPERVISED, "--most", "3" if lives else "1000")
    statuses: list[int] = []
    hits = 0
    while len(statuses) < RESUMES_MAX and 0 not in statuses:
        fault = f"{point}:1:kill" if hits < 2 else None
        ran = on_sqlite.live(nest, "each_chunk", ["exit 3"], [33], *words, fault=fault)
        statuses.append(ran.status)
        hits += ran.status == -signal.SIGKILL

    assert (0, 2) == (statuses[-1], hits), statuses
    assert is_whole_without(on_sqlite, *(() if lives else (33,)))


@pytest.mark.parametrize("number", range(2))
def test_a_supervised_command_that_is_killed_goes_on_by_itself(
    world: World, expected: Undisturbed, nest: Nursery, number: int, seed: int
) -> None:
    point = random.Random(seed).choice(["chunk.before_commit", "chunk.after_commit"])
    hit = random.Random(seed).randint(1, expected.hits[point])  # type: ignore[index]
    ran = nest.run(world, options=("--attempts", str(3 - number)), fault=f"{point}:{hit}:kill")

    assert (0, 1) == (ran.status, deaths_in(ran)), ran.err
    assert expected.checksum == world.checksum()


@pytest.mark.parametrize("point", ["notes.before_rename", "ledger.before_write"])
def test_a_request_to_stop_that_comes_before_the_run_listens_is_a_stop(
    world: World, expected: Undisturbed, nest: Nursery, point: FaultPoint
) -> None:
    stopped = nest.run(world, fault=f"{point}:1:term")

    assert (4, True) == (stopped.status, "interrupted" in stopped.err), stopped.err
    assert 0 == nest.run(world).status
    assert expected.checksum == world.checksum()


DOOMED = {
    "task": """
        @job.task(impact="Nobody knows.")
        def fetch(run: Run) -> None:
            os.kill(os.getpid(), 9)
    """,
    "import": "os.kill(os.getpid(), 9)\n",
}


@pytest.mark.parametrize("when", DOOMED)
def test_a_run_whose_process_dies_whenever_it_is_started_fails(
    on_sqlite: DeadlyWorld, nest: Nursery, when: str
) -> None:
    head = (
        "import os\nfrom daybreak import Database, Job, Run\njob = Job('doomed')\ndb = Database()\n"
    )
    text = re.sub(r"^ {8}", "", DOOMED[when], flags=re.MULTILINE)
    (on_sqlite.folder / "job.py").write_text(head + text)
    ran = nest.run(on_sqlite)

    assert 1 == ran.status, ran.err
    assert (4 if when == "import" else 3) == deaths_in(ran) + ran.err.count("gave up")
    if when == "task":
        failure = ran.events[-1]
        assert ("failure", "ProcessDied", 1) == (
            failure["event"],
            failure["error"],
            failure["exit_status"],
        )
        assert (
            "SIGKILL, SIGKILL, SIGKILL; at the last time it had in hand: fetch"
            in (failure["message"])
        )
        assert "daybreak run" in failure["commands"]["resume"]
