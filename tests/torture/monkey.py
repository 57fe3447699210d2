"""`make torture-monkey N=… SEED=…`: one fault after the other, drawn from all that we know of.

A night is a world of its own in which a few faults happen one after the other, each to a run of the
same command; then a phase without faults begins, in which the run must finish by itself, and what
it leaves is compared with an undisturbed run. Prints its seed first, and last which faults fell at
which fault points. Ends with status 1 if anything differs.
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
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg

from daybreak.faultpoints import FaultPoint
from tests.postgres_server import running_server

from .nursery import Child, Nursery, nursery
from .points import OF_RUNS
from .proxy import Harm, Proxy, proxied
from .undisturbed import Undisturbed, undisturbed, worlds
from .world import World

DIALECTS = ("sqlite", "postgresql")
WORKERS = 2
FAULTS_A_NIGHT = 4
CUTS_MAX = 41
"""Up to this COMMIT of a run one is cut."""

RESUMES_MAX = 3
DRAWS_MAX = 30
"""So often a fault is drawn anew because it has happened already."""
LEASE = ("--lease-s", "1", "--takeover-s", "1", "--patience-s", "20")
OTHER_HOST = {"DAYBREAK_HOST": "another-machine"}
ENDINGS = {0, 1, 4, 5, -signal.SIGKILL}
"""How a run that a fault happened to may end: done, failed, stopped, owned by another, killed."""


@dataclass(frozen=True)
class Fault:
    """One fault, as it is counted: equal ones are one."""

    dialect: str
    kind: str
    point: str = ""
    hit: int = 0

    def __str__(self) -> str:
        return (
            f"{self.dialect} {self.kind} {self.point}{f':{self.hit}' if self.hit else ''}".strip()
        )


@dataclass(frozen=True)
class Verdict:
    """What came of one night."""

    night: int
    faults: tuple[Fault, ...]
    problem: str | None


@dataclass(frozen=True)
class Night:
    """One world, and the faults that happen in it."""

    world: World
    dialect: str
    expected: Undisturbed
    nest: Nursery
    proxy: Proxy
    chance: random.Random
    known: frozenset[Fault]
    """What happened in the nights before; drawn again only if nothing else is."""

    def disturb(self) -> Fault:
        """Let one fault happen, and wait until it is over."""
        kinds: list[Callable[[], Fault]] = [
            self._kill_at_point,
            self._kill_at_point,
            self._kill_at_instant,
            self._raise_at_point,
            self._term_at_point,
            self._zombie,
            self._two_operators,
        ]
        if self.dialect == "postgresql":
            kinds += [self._cut_commit, self._end_sessions]
        return self.chance.choice(kinds)()

    def finish(self) -> str | None:
        """Run without faults; say what is wrong with what is left."""
        final = self.nest.run(self.world, options=LEASE)
        for _ in range(RESUMES_MAX):
            if final.status == 0:
                break
            final = self.nest.run(self.world, options=LEASE)
        if final.status != 0:
            return f"the last run ended with {final.status}: {final.err[-3000:]}"
        if self.world.checksum() != self.expected.checksum:
            return f"what is left differs: {self.world.left()}"
        return None

    def _point(self, kind: str) -> Fault:
        return self._new(lambda: self._any_point(kind))

    def _any_point(self, kind: str) -> Fault:
        point: FaultPoint = self.chance.choice(OF_RUNS)
        hits = max(self.expected.hits[point], 1)
        return Fault(self.dialect, kind, point, self.chance.randint(1, hits))

    def _any_instant(self, kind: str) -> Fault:
        return Fault(self.dialect, kind, hit=self.chance.randint(50, self._last_ms))

    def _any_cut(self) -> Fault:
        harm: Harm = self.chance.choice(("before", "behind"))
        return Fault(self.dialect, f"cut {harm}", hit=self.chance.randint(1, CUTS_MAX))

    @property
    def _last_ms(self) -> int:
        return int(self.expected.last_commit_s * 1000)

    def _new(self, draw: Callable[[], Fault]) -> Fault:
        """Draw until something comes that has not happened in an earlier night."""
        drawn = draw()
        for _ in range(DRAWS_MAX):
            if drawn not in self.known:
                break
            drawn = draw()
        return drawn

    def _ended(self, fault: Fault, child: Child) -> Fault:
        ran = child.wait()
        assert ran.status in ENDINGS, f"{fault} ended with {ran.status}: {ran.err[-3000:]}"
        return fault

    def _armed(self, fault: Fault, action: str) -> Child:
        arming = f"{fault.point}:{fault.hit}:{action}"
        return self.nest.start(self.world, fault=arming, options=LEASE)

    def _kill_at_point(self) -> Fault:
        fault = self._point("kill")
        return self._ended(fault, self._armed(fault, "kill"))

    def _raise_at_point(self) -> Fault:
        fault = self._point("raise")
        return self._ended(fault, self._armed(fault, "raise"))

    def _term_at_point(self) -> Fault:
        fault = self._point("term")
        return self._ended(fault, self._armed(fault, "term"))

    def _kill_at_instant(self) -> Fault:
        fault = self._new(lambda: self._any_instant("instant"))
        child = self.nest.start(self.world, options=LEASE)
        time.sleep(fault.hit / 1000)
        child.kill()
        return self._ended(fault, child)

    def _zombie(self) -> Fault:
        """Stop an owner, let another machine take over, then let the first one go on."""
        fault = self._point("stop")
        zombie = self._armed(fault, "stop")
        if zombie.has_stopped():
            successor = self.nest.start(self.world, options=LEASE, environment=OTHER_HOST)
            self._ended(fault, successor)
            os.kill(zombie.pid, signal.SIGCONT)
        return self._ended(fault, zombie)

    def _two_operators(self) -> Fault:
        first = self.nest.start(self.world, options=LEASE)
        second = self.nest.start(self.world, options=LEASE, environment=OTHER_HOST)
        fault = Fault(self.dialect, "two operators")
        self._ended(fault, first)
        return self._ended(fault, second)

    def _cut_commit(self) -> Fault:
        fault = self._new(self._any_cut)
        harm: Harm = "before" if fault.kind.endswith("before") else "behind"
        self.proxy.cut(harm, spare=fault.hit - 1)
        return self._ended(fault, self.nest.start(self.world, options=LEASE))

    def _end_sessions(self) -> Fault:
        """End all sessions of this world's database, at some instant."""
        fault = self._new(lambda: self._any_instant("end sessions"))
        child = self.nest.start(self.world, options=LEASE)
        time.sleep(fault.hit / 1000)
        with psycopg.connect(self.world.url, autocommit=True) as admin:
            admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        return self._ended(fault, child)


@dataclass(frozen=True)
class House:
    """What all nights share."""

    seed: int
    expected: dict[str, Undisturbed]
    socket: Path
    nest: Nursery


def tried(number: int, house: House, known: frozenset[Fault]) -> Verdict:
    """Spend one night."""
    chance = random.Random(f"{house.seed}:{number}")
    dialect = DIALECTS[number % 2]
    faults: list[Fault] = []
    problem = None
    try:
        with (
            proxied(house.socket) as proxy,
            worlds(dialect, house.socket, through=proxy.folder) as world,
        ):
            expected = house.expected[dialect]
            night = Night(world, dialect, expected, house.nest, proxy, chance, known)
            for _ in range(chance.randint(1, FAULTS_A_NIGHT)):
                fault = night.disturb()
                faults.append(fault)
            proxy.spare()
            problem = night.finish()
    except Exception:  # noqa: BLE001 - a broken night is a result, not the end
        problem = traceback.format_exc()
    return Verdict(number, tuple(faults), problem)


def run(count: int, seed: int) -> int:
    """Spend nights until so many distinct faults have happened; return the exit status."""
    print(f"seed {seed}; until {count} distinct faults have happened", flush=True)
    faults: set[Fault] = set()
    wrong: list[Verdict] = []
    nights = 0
    with running_server() as socket, nursery() as nest, ThreadPoolExecutor(WORKERS) as pool:
        expected = {dialect: undisturbed(dialect, socket) for dialect in DIALECTS}
        house = House(seed, expected, socket, nest)
        while len(faults) < count:
            batch = range(nights, nights + 25 * WORKERS)
            known = frozenset(faults)  # of earlier batches, so that a seed repeats a campaign
            for verdict in pool.map(lambda n, known=known: tried(n, house, known), batch):
                faults.update(verdict.faults)
                if verdict.problem is not None:
                    wrong.append(verdict)
                    said = "; ".join(map(str, verdict.faults))
                    print(f"NIGHT {verdict.night}: {said}\n{verdict.problem}", flush=True)
            nights = batch.stop
            print(f"{nights} nights, {len(faults)} distinct faults", flush=True)
    _report(faults, nights, len(wrong), seed)
    return 1 if wrong else 0


def _report(faults: set[Fault], nights: int, wrong: int, seed: int) -> None:
    kinds = Counter((fault.kind, fault.dialect) for fault in faults)
    print(f"\nseed {seed}: {nights} nights, {len(faults)} distinct faults")
    for (kind, dialect), number in sorted(kinds.items()):
        print(f"  {kind:<16}{dialect:<12}{number:>6}")
    actions = ("kill", "stop", "term", "raise")
    print("distinct hits of fault points, both databases:")
    print(f"  {'point':<32}" + "".join(f"{action:>8}" for action in actions))
    for point in OF_RUNS:
        hits = Counter(fault.kind for fault in faults if fault.point == point)
        print(f"  {point:<32}" + "".join(f"{hits[action]:>8}" for action in actions))
    print(f"nights that did not end as undisturbed: {wrong}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=200, help="distinct faults")
    parser.add_argument("--seed", type=int, default=None, help="repeats a campaign")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(4), "big")
    sys.exit(run(options.n, seed))


if __name__ == "__main__":
    main()
