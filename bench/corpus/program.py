"""What a program of the corpus is, and which part it belongs to.

Programs came in three rounds. A test part tells something only until it is opened; those of the
first two rounds were, so their families are development now, and the third round brought families
nobody had seen. The first two were dealt by their families' names alone, before any of their
programs was measured; the third is a test part as a whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

Part = Literal["development", "calibration", "test"]
Function = Callable[[Any], object]
F = TypeVar("F", bound=Function)

PARTS: Final[tuple[Part, ...]] = ("development", "calibration", "test")
FACTORS: Final = (2, 4, 10)
MALLOC: Final = 131_072
"""Bytes; a block beyond that is asked of the kernel each time."""

L2: Final = 1_000_000
"""Bytes; the second cache, of each core alone."""

L3: Final = 32_000_000
"""Bytes; the last cache."""

FIRST_ROUND: Final = frozenset(
    {
        "arrays",
        "bad hashes",
        "building bytes",
        "building strings",
        "caching",
        "compressing",
        "csv",
        "de-duplication",
        "edit distance",
        "explosive",
        "gathering",
        "graphs",
        "grouping",
        "hash tables",
        "hashing",
        "heaps",
        "hidden squares",
        "inserting",
        "joins",
        "json",
        "long integers",
        "matrices",
        "object graphs",
        "page caches",
        "paging",
        "pandas",
        "patterns",
        "polars",
        "primes",
        "rising rescans",
        "searching",
        "shifting",
        "sorting",
        "spills",
        "subsets",
        "text",
        "values",
    }
)
"""The families of the first round."""

SECOND_ROUND: Final = frozenset(
    {
        "arrow",
        "audit trails",
        "backtracking",
        "byte buffers",
        "dates and zones",
        "differences",
        "duckdb",
        "dynamic programming",
        "finding text",
        "frames",
        "grids",
        "growing tables",
        "intervals",
        "least recently used",
        "look-ups",
        "markup",
        "merging",
        "networks",
        "orders",
        "queues",
        "random access",
        "records and pickles",
        "sliding windows",
        "state files",
        "templates",
        "tight caches",
        "tries",
        "upserts",
        "weighted graphs",
        "whole numbers",
        "window functions",
    }
)
"""The families of the second round; every one that is in neither is of the third."""


@dataclass(frozen=True, slots=True)
class Program:
    """A small program, and what is known of its growth."""

    name: str
    family: str
    law: str
    """Its growth by operation count, in the words of `daybreak.forecast.Law`."""

    function: Function
    prepare: Callable[[int], Any] | None
    smallest: int
    largest: int
    """The ladder's sizes; the truth is measured at 2, 4 and 10 times the largest."""

    factors: tuple[int, ...]
    """At which multiples of the largest size the truth is measured; none for explosive growth."""

    is_hidden: bool
    """Whether it has an n² that is a tenth, or a few tenths, of the time at the largest size."""

    is_cliff: bool
    """Whether memory, a cache or a spill lies between the largest size and ten times it."""

    limit: float | None
    """The bytes of that cache, where they are known."""

    @property
    def part(self) -> Part:
        """The part it belongs to: by a hash of its family's name, so that kin stay together."""
        return part_of(self.family)


PROGRAMS: Final[dict[str, Program]] = {}


def part_of(family: str) -> Part:
    """Return the part of a family, which its name decides; fixed before anything was measured.

    The first round was dealt into three parts, the second into calibration and test; what was a
    test part is development since it was opened. The third round is the test part, all of it.
    """
    dealt = hashlib.sha256(family.encode()).digest()[0] % 3
    if family in FIRST_ROUND:
        return "calibration" if dealt == 1 else "development"
    if family in SECOND_ROUND:
        return "calibration" if dealt == 0 else "development"
    return "test"


def program(
    family: str,
    law: str,
    largest: int,
    *,
    smallest: int | None = None,
    prepare: Callable[[int], Any] | None = None,
    factors: tuple[int, ...] = FACTORS,
    hidden: bool = False,
    cliff: bool = False,
    limit: float | None = None,
) -> Callable[[F], F]:
    """Enter a function into the corpus under its own name."""

    def enter(function: F) -> F:
        name = function.__name__
        assert name not in PROGRAMS, f"two programs are called {name}"
        PROGRAMS[name] = Program(
            name=name,
            family=family,
            law=law,
            function=function,
            prepare=prepare,
            smallest=max(2, largest // 100) if smallest is None else smallest,
            largest=largest,
            factors=factors,
            is_hidden=hidden,
            is_cliff=cliff,
            limit=limit,
        )
        return function

    return enter
