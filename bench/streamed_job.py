"""A script: takes so many integers through three cheap stages, and checks their sum.

The stage in the middle has two workers, so that the records travel through real channels. The
figure is how much memory its process needs, which `resident.py` measures.
"""

from __future__ import annotations

import sys

from daybreak import source


def up(number: int) -> int:
    """Add one."""
    return number + 1


def twice(number: int) -> int:
    """Double."""
    return 2 * number


def down(number: int) -> int:
    """Take one away."""
    return number - 1


def main() -> None:
    """Run; the number of integers is the argument."""
    records = int(sys.argv[1])
    total = 0
    pipeline = source(range(records)).map(up).map(twice, workers=2).map(down)
    with pipeline.open() as results:
        for result in results:
            total += result
    assert total == records * records, f"added up to {total}"  # the sum of the odd numbers


if __name__ == "__main__":
    main()
