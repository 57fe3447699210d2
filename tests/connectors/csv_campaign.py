"""`make torture-csv N=… SEED=…`: N CSV files, each with every shape of damage at every position.

Every tenth damaged file gets a second damage. What comes out is judged by `csv_damage.judge`, which
knows the undamaged file. Prints its seed first, a table last, and of each failure the arguments
that repeat it. Ends with status 1 if there was one.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

from tests.connectors.csv_damage import SHAPES, Damage, Verdict, damages, judge, places, sample_of

FAILURES: frozenset[Verdict] = frozenset({Verdict.WRONG, Verdict.WITHHELD, Verdict.LOST})
SHOWN_MAX = 3
"""Failures of one kind shown of one file."""

AGAIN_EVERY = 10


def tried(seed: int, counts: Counter[Verdict], shown: list[str]) -> None:
    """Damage one file in every way."""
    sample = sample_of(seed)
    chance = random.Random(seed)
    for at in places(sample):
        for shape in SHAPES:
            every = [damages(sample, shape, at, chance)]
            counts[verdict_of(seed, shape, every, shown)] += 1
            if chance.randrange(AGAIN_EVERY) == 0 and at > len(sample.head):
                earlier = chance.randrange(len(sample.head), at)
                other = damages(sample, chance.choice(list(SHAPES)), earlier, chance)
                if other.at + other.removed <= at:
                    both = [every[0], other]
                    counts[verdict_of(seed, shape, both, shown)] += 1


def verdict_of(seed: int, shape: str, every: list[Damage], shown: list[str]) -> Verdict:
    """Judge one file, and say how to repeat a failure."""
    sample = sample_of(seed)
    verdict = judge(sample, *every)
    if (
        verdict in FAILURES
        and sum(f"{verdict.name} seed={seed} " in one for one in shown) < SHOWN_MAX
    ):
        shown.append(f"{verdict.name} seed={seed} {shape}: {every}")
    return verdict


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=100, help="undamaged files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="at most so long")
    args = parser.parse_args()
    print(f"seed {args.seed}")
    counts: Counter[Verdict] = Counter()
    shown: list[str] = []
    began = time.monotonic()
    files = 0
    for seed in range(args.seed, args.seed + args.n):
        if time.monotonic() - began > args.seconds:
            break
        tried(seed, counts, shown)
        files += 1
    for line in shown:
        print(line)
    print(f"{counts.total():,} damaged files, of {files} files")
    for verdict in Verdict:
        print(f"{counts[verdict]:>12,} {verdict.name.lower()}: {verdict.value}")
    return 1 if any(counts[verdict] for verdict in FAILURES) else 0


if __name__ == "__main__":
    sys.exit(main())
