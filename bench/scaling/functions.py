"""What the workloads do to a record, outside of any database."""

from __future__ import annotations

import time
from typing import Final

PAD: Final = "x" * 16_000


def counted(number: int, rounds: int) -> int:
    """Keep a processor, and Python, busy for a number of rounds; return some number."""
    total = number
    for each in range(rounds):
        total = (total * 31 + each) % 1_000_003
    return total


def counted_little(number: int) -> int:
    """Return the number itself, after some rounds."""
    counted(number, 200)
    return number


def row(number: int) -> dict[str, int]:
    """Return a small row."""
    return {"n": number, "what": number % 97}


def computed(number: int) -> dict[str, int]:
    """Return a small row that took long to compute."""
    return {"n": number, "what": counted(number, 2_000)}


def asked(number: int) -> dict[str, int]:
    """Return a small row that somebody else took a millisecond to answer."""
    time.sleep(0.001)
    return row(number)


def asked_and_computed(number: int) -> dict[str, int]:
    """Return a small row that was asked for, and then computed."""
    time.sleep(0.0005)
    return {"n": number, "what": counted(number, 700)}


def large(number: int) -> dict[str, object]:
    """Return a row of sixteen thousand bytes."""
    return {"n": number, "pad": f"{number}{PAD}"}


def compared(items: list[int]) -> int:
    """Compare each with each: what a function costs that was not meant for large chunks."""
    found = 0
    for one in items:
        found += sum(1 for other in items if (one * other) % 7 == 1)
    return found
