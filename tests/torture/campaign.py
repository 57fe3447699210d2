"""`make torture N=… SEED=…`: every fault point at four of its hits, and random instants.

Each case is a world of its own: the job is killed, perhaps killed again while it resumes, then the
same command is typed once more, and what is left is compared with an undisturbed run. Prints its
seed first and a table last; ends with status 1 if anything differs.
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
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from daybreak.faultpoints import FaultPoint, Trace
from tests.postgres_server import running_server

from .nursery import Nursery, nursery
from .points import OF_RUNS
from .undisturbed import Undisturbed, undisturbed, worlds
from .world import World

DIALECTS = ("sqlite", "postgresql")
WORKERS = 2

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
}


@dataclass(frozen=True)
class Case:
    """One way to be killed."""

    dialect: str
    first: str | float
    """A fault (`point:hit:kill`), or an instant as a share of the undisturbed run's commits."""

    again: str | float | None
    """The same for the resume, or None."""

    def __str__(self) -> str:
        return f"{self.dialect} {self.first} then {self.again}"


@dataclass(frozen=True)
class Verdict:
    """What came of a case."""

    case: Case
    kills: int
    phases: tuple[str, ...]
    """Where the kills fell."""

    problem: str | None


def point_cases(expected: dict[str, Undisturbed], chance: random.Random) -> Iterator[Case]:
    """Each point at its first, second, middle and last hit, also with a kill in the resume."""
    for dialect in DIALECTS:
        for point in OF_RUNS:
            hits = expected[dialect].hits[point]
            chosen = sorted({1, min(2, hits), (hits + 1) // 2, hits})
            for number, hit in enumerate(chosen):
                fault = f"{point}:{hit}:kill"
                again = f"{chance.choice(OF_RUNS)}:1:kill" if number % 2 else f"{point}:1:kill"
                yield Case(dialect, fault, None)
                yield Case(dialect, fault, again)


def instant_cases(count: int, chance: random.Random) -> Iterator[Case]:
    """Random instants between the first and the last commit; every third one again."""
    for number in range(count):
        again = chance.random() if number % 3 == 0 else None
        yield Case(DIALECTS[number % 2], chance.random(), again)


def tried(case: Case, expected: Undisturbed, socket: Path, nest: Nursery) -> Verdict:
    """Kill, resume and compare."""
    phases: list[str] = []
    problem = None
    try:
        with worlds(case.dialect, socket) as world:
            for how in (case.first, case.again):
                if how is not None:
                    phases += killed(world, how, expected, nest)
            final = nest.run(world)
            if final.status != 0:
                problem = f"the resume ended with {final.status}: {final.err[:2000]}"
            elif world.checksum() != expected.checksum:
                problem = f"what is left differs: {world.left()}"
    except Exception:  # noqa: BLE001 - a broken case is a result, not the end
        problem = traceback.format_exc()
    return Verdict(case, len(phases), tuple(phases), problem)


def killed(world: World, how: str | float, expected: Undisturbed, nest: Nursery) -> list[str]:
    """Run until it is killed; say where the kill fell, or nothing if the run ended before it."""
    if isinstance(how, str):
        ran = nest.run(world, fault=how)
        if ran.status == -signal.SIGKILL:
            return [phase_of(world)]
        assert ran.status == 0, ran.err
        return []
    span_s = expected.last_commit_s - expected.first_commit_s
    child = nest.start(world)
    time.sleep(expected.first_commit_s + how * span_s)
    child.kill()
    return [phase_of(world)] if child.wait().status == -signal.SIGKILL else []


def timed(expected: Undisturbed, dialect: str, socket: Path, nest: Nursery) -> Undisturbed:
    """Measure when a run that the nursery starts commits first and last."""
    with worlds(dialect, socket) as world:
        began = time.time()
        ran = nest.run(world)
        assert ran.status == 0, ran.err
        commits = [
            datetime.fromisoformat(event["at"]).timestamp() - began
            for event in ran.events
            if event["event"] == "chunk_committed"
        ]
        assert world.checksum() == expected.checksum
    return replace(expected, first_commit_s=commits[0], last_commit_s=commits[-1])


def phase_of(world: World) -> str:
    """Name the phase of the fault point that was passed last, by any thread."""
    last: FaultPoint | None = Trace(world.trace).last()
    if last is None:
        return "before the first point"
    return PHASES.get(last) or PHASES[last.split(".")[0]]


def run(count: int, seed: int) -> int:
    """Run the campaign; return the process's exit status."""
    print(f"seed {seed}; {count} random instants besides the fault points", flush=True)
    chance = random.Random(seed)
    with running_server() as socket, nursery() as nest:
        expected = {
            dialect: timed(undisturbed(dialect, socket), dialect, socket, nest)
            for dialect in DIALECTS
        }
        cases = [*point_cases(expected, chance), *instant_cases(count, chance)]
        verdicts = []
        with ThreadPoolExecutor(WORKERS) as pool:
            jobs = [
                pool.submit(tried, case, expected[case.dialect], socket, nest) for case in cases
            ]
            for number, job in enumerate(jobs, 1):
                verdict = job.result()
                verdicts.append(verdict)
                if verdict.problem is not None:
                    print(f"DIFFERENT: {verdict.case}\n{verdict.problem}", flush=True)
                if number % 50 == 0:
                    print(f"{number} of {len(cases)} cases", flush=True)
    return summed_up(verdicts, seed)


def summed_up(verdicts: list[Verdict], seed: int) -> int:
    """Print what the campaign found; return the process's exit status."""
    phases = Counter(phase for verdict in verdicts for phase in verdict.phases)
    wrong = [verdict for verdict in verdicts if verdict.problem is not None]
    print(f"\nseed {seed}: {len(verdicts)} cases, {sum(phases.values())} kills")
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
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(4), "big")
    sys.exit(run(options.n, seed))


if __name__ == "__main__":
    main()
