"""How many heavy records a pipeline holds at once, when its source is fast and its consumer is not.

The records say that they have a megabyte, and have none: what is held is counted.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest

from daybreak.pipeline import Pipeline, source
from daybreak.pipeline.block import BLOCK_BYTES
from daybreak.pipeline.buffers import BYTES

pytestmark = pytest.mark.slow

LONG_S = 20.0
RECORDS = 5_000
WORKERS = 4
QUIET_S = 0.02
"""Nothing moves any more if the number of records has not changed for so long."""


class Heavy:
    """A record that claims a megabyte, and counts how many of its kind are alive."""

    nbytes = 1_000_000
    alive: ClassVar[int] = 0
    most: ClassVar[int] = 0
    lock: ClassVar = threading.RLock()

    def __init__(self, _of: object = None) -> None:
        with Heavy.lock:
            Heavy.alive += 1
            Heavy.most = max(Heavy.most, Heavy.alive)

    def __del__(self) -> None:
        with Heavy.lock:
            Heavy.alive -= 1


def await_standstill() -> None:
    """Wait until every channel is full."""
    last = time.monotonic() + LONG_S
    before = -1
    while before != Heavy.most and time.monotonic() < last:
        before = Heavy.most
        time.sleep(QUIET_S)


def heavy_ones() -> Iterator[Heavy]:
    for _ in range(RECORDS):
        yield Heavy()


def many_of(_number: int) -> Iterator[Heavy]:
    return heavy_ones()


async def heavy_async(_number: int) -> Heavy:
    return Heavy()


def first_waits(number: int) -> Heavy:
    """Have all others run ahead as far as they may."""
    if number == 0:
        await_standstill()
    return Heavy()


def made(verb: str, fn: Callable[..., Any], **options: Any) -> Pipeline[Any]:
    pipeline: Pipeline[Any] = getattr(source(range(RECORDS)), verb)(fn, **options)
    return pipeline


PARTS = BYTES // Heavy.nbytes
BLOCK = BLOCK_BYTES // Heavy.nbytes
STAGE = 2 * PARTS + BLOCK  # what it may open, the hand that filled it, and what was taken of it
CASES: dict[str, tuple[Callable[[bool], Pipeline[Any]], int]] = {
    "source": (lambda _: source(heavy_ones), PARTS + 3 * BLOCK),
    "source and stage": (
        lambda ordered: source(heavy_ones).map(Heavy, workers=WORKERS, ordered=ordered),
        PARTS + 3 * BLOCK + 2 * STAGE,  # records and results of a stage
    ),
    "map of one": (lambda ordered: made("map", Heavy, ordered=ordered), STAGE),
    "map": (lambda ordered: made("map", Heavy, ordered=ordered, workers=WORKERS), STAGE),
    "slow first": (
        lambda ordered: made("map", first_waits, ordered=ordered, workers=WORKERS),
        STAGE,
    ),
    "two in one thread": (
        lambda ordered: made("map", Heavy, ordered=ordered).map(Heavy),
        2 * STAGE,
    ),
    "async": (
        lambda ordered: made("map", heavy_async, ordered=ordered, workers=WORKERS),
        STAGE + PARTS,  # a further hand lies ready for its tasks
    ),
    "flat_map": (
        lambda ordered: made("flat_map", many_of, ordered=ordered, workers=WORKERS),
        STAGE + 4 * WORKERS * BLOCK,
    ),
}


@pytest.mark.parametrize("ordered", [True, False], ids=["ordered", "unordered"])
@pytest.mark.parametrize("case", CASES)
def test_no_more_records_are_held_than_is_stated(
    case: str,
    ordered: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    make, most = CASES[case]
    gc.collect()  # what other pipelines have left in cycles
    Heavy.most = Heavy.alive
    before = Heavy.alive
    with make(ordered).open(deadline_s=LONG_S) as results:
        for number, _ in enumerate(results):
            if number % 100 == 0:
                await_standstill()
            if number == 500:
                break

    assert 10 < Heavy.most - before <= most
