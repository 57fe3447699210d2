"""`python -m bench NAME [--json]`: measures figures on this machine.

NAME is a group of figures, such as `spine`, or one part of a group, such as `spine.chunk_cost`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping

from . import backfill, check, forecast, importing, pipeline, plan, recovery, spine, tune
from .measure import Figure
from .report import print_lines, print_table

GROUPS: Mapping[str, Mapping[str, Callable[[], Iterator[Figure]]]] = {
    "spine": spine.PARTS,
    "recovery": recovery.PARTS,
    "pipeline": pipeline.PARTS,
    "check": check.PARTS,
    "backfill": backfill.PARTS,
    "import": importing.PARTS,
    "forecast": forecast.PARTS,
    "plan": plan.PARTS,
    "tune": tune.PARTS,
}


def names() -> list[str]:
    """Return every name that can be measured."""
    return [
        name
        for group, parts in GROUPS.items()
        for name in (group, *(f"{group}.{p}" for p in parts))
    ]


def figures_of(name: str) -> Iterator[Figure]:
    """Measure what a name stands for, one figure after the other."""
    group, _, wanted = name.partition(".")
    for part, figures in GROUPS[group].items():
        if wanted in ("", part):
            yield from figures()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", metavar="NAME", choices=names(), help=", ".join(names()))
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    given = parser.parse_args()
    figures = figures_of(given.name)
    if given.json:
        print_lines(figures)
    else:
        print_table(given.name, figures)


if __name__ == "__main__":
    main()
