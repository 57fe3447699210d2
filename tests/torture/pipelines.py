"""`make torture-pipelines N=… SEED=…`: random pipelines of all lanes, each with a random end.

Each is compared with plain loops, runs under a deadline that only a hang reaches, and must leave
nothing over: no thread, task, process, descriptor. Some run with threads that change places all the
time, with locks that are slow at random, or with crews that grow and rest all the time. Prints its
seed first, a table last, and of each failure the seed that repeats it: `make torture-pipelines
ONLY=seed`. Ends with status 1 if there was one.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import random
import sys
import time
import traceback
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field

from tests.pipeline.random_pipelines import Drawn, drawn, tried
from tests.pipeline.schedules import restless, shaken

PROCESSES = 0.25
"""The share of stages in processes, in the pipelines that have any."""

WITH_PROCESSES = 20
"""One pipeline of so many has stages in processes: they take ten times as long."""

HASTY = 5
"""One pipeline of so many runs while its threads change places after every few instructions."""

SHAKY = 3
"""One pipeline of so many runs with locks that are slow at random."""

RESTLESS = 4
"""One pipeline of so many has another number of workers work all the time."""

SWITCH_S = 1e-6
STUCK_S = 180.0
"""After which the campaign shows where all its threads are, and gives up: it was no pipeline's
deadline that ended them."""

REPORT_EVERY = 500


@dataclass
class Verdicts:
    """What came of all pipelines."""

    ends: Counter[str] = field(default_factory=Counter)
    failures: list[int] = field(default_factory=list)
    slowest: list[tuple[float, int]] = field(default_factory=list)


def plan_of(seed: int) -> Drawn:
    """Draw a pipeline, one of some with processes."""
    return drawn(seed, processes=PROCESSES if seed % WITH_PROCESSES == 0 else 0.0)


def judge(seed: int, verdicts: Verdicts) -> None:
    """Try one pipeline, and note what came of it."""
    plan = plan_of(seed)
    before = sys.getswitchinterval()
    faulthandler.dump_traceback_later(STUCK_S, exit=True)
    began = time.monotonic()
    try:
        if seed % HASTY == 0:
            sys.setswitchinterval(SWITCH_S)
        with (
            shaken(seed) if seed % SHAKY == 0 else nullcontext(),
            restless(seed) if seed % RESTLESS == 0 else nullcontext(),
        ):
            verdicts.ends[tried(plan)] += 1
    except Exception:  # noqa: BLE001 - a failure is a result, not the end
        verdicts.failures.append(seed)
        print(f"FAILED: {traceback.format_exc()}", flush=True)
    finally:
        sys.setswitchinterval(before)
        faulthandler.cancel_dump_traceback_later()
    verdicts.slowest = sorted([*verdicts.slowest, (time.monotonic() - began, seed)])[-3:]


def run(seeds: list[int]) -> int:
    """Run the campaign; return the process's exit status."""
    verdicts = Verdicts()
    began = time.monotonic()
    for number, seed in enumerate(seeds, 1):
        judge(seed, verdicts)
        if number % REPORT_EVERY == 0:
            failed = len(verdicts.failures)
            print(f"{number:,} of {len(seeds):,} pipelines, {failed} failed", flush=True)
    summed_up(verdicts, time.monotonic() - began)
    return 1 if verdicts.failures else 0


def summed_up(verdicts: Verdicts, seconds: float) -> None:
    """Print what the campaign found."""
    tried_ones = verdicts.ends.total() + len(verdicts.failures)
    print(f"\n{tried_ones:,} pipelines in {seconds:,.0f} s; how they were ended, and what came:")
    for ending, count in sorted(verdicts.ends.items()):
        print(f"  {ending:<28}{count:>7,}")
    slowest = ", ".join(f"{seconds:.1f} s (seed {seed})" for seconds, seed in verdicts.slowest)
    print(f"slowest: {slowest}")
    print(f"hangs, leaks and differences: {len(verdicts.failures)}")
    for seed in verdicts.failures:
        print(f"  repeat: make torture-pipelines ONLY={seed}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1_000, help="pipelines")
    parser.add_argument("--seed", type=int, default=None, help="repeats a campaign")
    parser.add_argument("--only", type=int, default=None, help="repeats one pipeline of it")
    options = parser.parse_args()
    if options.only is not None:
        print(plan_of(options.only))
        sys.exit(run([options.only]))
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}; {options.n:,} random pipelines", flush=True)
    chance = random.Random(seed)
    sys.exit(run([chance.getrandbits(32) for _ in range(options.n)]))


if __name__ == "__main__":
    main()
