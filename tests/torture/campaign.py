"""`make torture N=… SEED=…`: fault points at four of their hits each, and N random instants.

Each case is a world of its own: a command of one of the `scenes` is killed, perhaps killed again
while it resumes, then typed once more, and what is left is compared with what is left when nobody
disturbs. Prints its seed first and a table last; ends with status 1 if anything differs. The
random instants are divided evenly among scenes and databases; SCENES=… names the scenes to kill,
INSTANTS=1 leaves the fault points out.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TypeAlias

from daybreak.faultpoints import FaultPoint, Trace
from tests.postgres_server import running_server

from .nursery import Nursery, nursery
from .scenes import SCENES, Expected, Scene
from .undisturbed import worlds
from .world import World

DIALECTS = ("sqlite", "postgresql")
WORKERS = 2
SHOWN_MAX = 20
"""So many differences of a case are shown."""


PHASES = {
    "ledger": "ledger",
    "notes": "starting",
    "alone": "alone",
    "epoch": "take-over",
    "step": "preparing",
    "publish": "publishing",
    "atomic": "atomic step",
    "chunk.before_read": "reading",
    "chunk.after_read": "stages",
    "chunk.after_stages": "writing",
    "chunk.before_isolation": "isolation",
    "chunk.in_isolation": "isolation",
    "chunk.after_isolation": "writing",
    "chunk.before_commit": "commit",
    "chunk.after_commit": "between chunks",
    "chunk": "writing",
    "replay": "replaying",
}


@dataclass(frozen=True)
class Case:
    """One way to be killed."""

    scene: str
    dialect: str
    first: str | float
    """A fault (`point:hit:kill`), or an instant as a share of the undisturbed command's work."""

    again: str | float | None
    """The same for the resume, or None."""

    def __str__(self) -> str:
        return f"{self.scene} on {self.dialect} {self.first} then {self.again}"

    @property
    def place(self) -> Place:
        """Where it happens."""
        return self.scene, self.dialect


@dataclass(frozen=True)
class Verdict:
    """What came of a case."""

    case: Case
    kills: int
    phases: tuple[str, ...]
    """Where the kills fell."""

    problem: str | None


Place: TypeAlias = tuple[str, str]
"""A scene's name, and a dialect."""


def point_cases(expected: dict[Place, Expected], chance: random.Random) -> Iterator[Case]:
    """Each point at its first, second, middle and last hit, also with a kill in the resume."""
    for (scene, dialect), passed in expected.items():
        points = SCENES[scene].points
        for point in points:
            hits = passed.hits[point]
            chosen = sorted({1, min(2, hits), (hits + 1) // 2, hits})
            for number, hit in enumerate(chosen):
                fault = f"{point}:{hit}:kill"
                again = f"{chance.choice(points)}:1:kill" if number % 2 else f"{point}:1:kill"
                yield Case(scene, dialect, fault, None)
                yield Case(scene, dialect, fault, again)


def instant_cases(places: Sequence[Place], count: int, chance: random.Random) -> Iterator[Case]:
    """Random instants while the command does its work; every third one again."""
    for number in range(count):
        scene, dialect = places[number % len(places)]
        again = chance.random() if number // len(places) % 3 == 0 else None
        yield Case(scene, dialect, chance.random(), again)


def tried(case: Case, expected: Expected, socket: Path | None, nest: Nursery) -> Verdict:
    """Kill, resume and compare."""
    phases: list[str] = []
    problem = None
    scene = SCENES[case.scene]
    try:
        with worlds(case.dialect, socket, job=scene.job) as world:
            scene.prepare(world, nest)
            for how in (case.first, case.again):
                if how is not None:
                    phases += killed(scene, world, how, expected, nest)
            scene.finish(world, nest)
            left = world.left(scene.left)
            if left != expected.left:
                found = expected.differences(left) or ["rows come another number of times"]
                problem = "\n".join(found[:SHOWN_MAX])
    except Exception:  # noqa: BLE001 - a broken case is a result, not the end
        problem = traceback.format_exc()
    return Verdict(case, len(phases), tuple(phases), problem)


def killed(
    scene: Scene, world: World, how: str | float, expected: Expected, nest: Nursery
) -> list[str]:
    """Run until it is killed; say where the kill fell, or nothing if the run ended before it."""
    if isinstance(how, str):
        ran = nest.run(world, fault=how, words=scene.words(world))
        if ran.status == -signal.SIGKILL:
            return [phase_of(world)]
        assert ran.status == 0, ran.err
        return []
    child = scene.at_work(world, nest)
    time.sleep(how * expected.took_s)
    child.kill()
    return [phase_of(world)] if child.wait().status == -signal.SIGKILL else []


def phase_of(world: World) -> str:
    """Name the phase of the fault point that was passed last, by any thread."""
    last: FaultPoint | None = Trace(world.trace).last()
    if last is None:
        return "before the first point"
    return PHASES.get(last) or PHASES[last.split(".")[0]]


@dataclass(frozen=True)
class Wish:
    """What somebody wants of a campaign."""

    count: int
    seed: int
    scenes: Sequence[str]
    has_points: bool


def run(wish: Wish) -> int:
    """Run the campaign; return the process's exit status."""
    told = "" if wish.has_points else ", without the fault points"
    print(f"seed {wish.seed}; {wish.count} random instants{told}: {', '.join(wish.scenes)}")
    chance = random.Random(wish.seed)
    places = list(product(wish.scenes, DIALECTS))
    with running_server() as socket, nursery() as nest:
        expected = {
            (scene, dialect): SCENES[scene].measured(dialect, socket, nest)
            for scene, dialect in places
        }
        points = list(point_cases(expected, chance)) if wish.has_points else []
        cases = [*points, *instant_cases(places, wish.count, chance)]
        verdicts = []
        with ThreadPoolExecutor(WORKERS) as pool:
            jobs = [pool.submit(tried, case, expected[case.place], socket, nest) for case in cases]
            for done, job in enumerate(jobs, 1):
                verdict = job.result()
                verdicts.append(verdict)
                if verdict.problem is not None:
                    print(f"DIFFERENT: {verdict.case}\n{verdict.problem}", flush=True)
                if done % 50 == 0:
                    print(f"{done} of {len(cases)} cases", flush=True)
    return summed_up(verdicts, wish.seed)


def summed_up(verdicts: list[Verdict], seed: int) -> int:
    """Print what the campaign found; return the process's exit status."""
    phases = Counter(phase for verdict in verdicts for phase in verdict.phases)
    wrong = [verdict for verdict in verdicts if verdict.problem is not None]
    print(f"\nseed {seed}: {len(verdicts)} cases, {sum(phases.values())} kills")
    fallen: Counter[Place] = Counter()
    for verdict in verdicts:
        fallen[verdict.case.place] += verdict.kills
    for (scene, dialect), fell in fallen.items():
        print(f"  {scene:<24}{dialect:<12}{fell:>6}")
    print("the last fault point that was passed before the kill lay in:")
    for phase, kills in phases.most_common():
        print(f"  {phase:<24}{kills:>6}")
    print(f"differences to the undisturbed run: {len(wrong)}")
    return 1 if wrong else 0


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=200, help="random instants")
    parser.add_argument("--seed", type=int, default=None, help="repeats a campaign")
    parser.add_argument("--scenes", nargs="*", choices=sorted(SCENES), help="all, if none is named")
    parser.add_argument("--instants", action="store_true", help="leave the fault points out")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(4), "big")
    scenes = options.scenes or list(SCENES)
    sys.exit(run(Wish(options.n, seed, scenes, has_points=not options.instants)))


if __name__ == "__main__":
    main()
