"""Threads that only pass records on: into groups, one of two ways, or together from several."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any, TypeAlias

from .block import BLOCK_RECORDS, Block, joined
from .channel import Channel, Drained, NothingYet, Sender
from .fates import FailFast
from .grain import Grain
from .leash import Leash
from .meter import Stopwatch, Tally
from .nodes import Group, Split
from .stages import parted

Way: TypeAlias = "Channel[Any, Block[Any]]"
"""A channel of blocks."""


def filled(
    way: Way, records: int, within_s: float | None, unless: Callable[[], bool] = bool
) -> Block[Any]:
    """Receive a block of so many records; of fewer, if no more come in time.

    Args:
        way: Where they come from.
        records: How many.
        within_s: Seconds that the first may wait for the others; None for as long as it takes.
        unless: What ends the waiting for the first, as in `Channel.receive`.

    Raises:
        Drained: If nothing will come any more.
    """
    parts = [way.receive(records, unless=unless)]
    count = len(parts[0])
    until = None if within_s is None else monotonic() + within_s
    try:
        while count < records:
            left_s = None if until is None else until - monotonic()
            if left_s is not None and left_s <= 0:
                break
            parts.append(way.receive(records - count, within_s=left_s))
            count += len(parts[-1])
    except (Drained, NothingYet):
        pass
    return joined(parts)


def group_up(group: Group, way: Way, sender: Sender[Block[Any]], tally: Tally) -> None:
    """Make lists of records until nothing comes any more; a list has its first record's origin."""
    watch = Stopwatch()
    for block in _received(lambda: filled(way, group.records, group.within_s)):
        tally.starved += watch.lap()
        tally.records += len(block)
        sender.send(Block([block.values], [block.origins[0]]))
        tally.blocked += watch.lap()


def forward_blocks(way: Way, sender: Sender[Block[Any]]) -> None:
    """Send what comes, as it comes."""
    for block in _received(lambda: way.receive(BLOCK_RECORDS)):
        sender.send(block)


def part_ways(
    split: Split,
    way: Way,
    senders: tuple[Sender[Any], Sender[Any]],
    leash: Leash,
    tally: Tally,
) -> None:
    """Send each record one of two ways, until nothing comes any more."""
    fates = FailFast()
    watch = Stopwatch()
    grain = Grain()
    for block in _received(lambda: way.receive(grain.records)):
        tally.starved += watch.lap()
        tally.records += len(block)
        before_s = tally.busy
        for parts in parted(split.name, split.predicate, block, fates, leash):
            tally.busy += watch.lap()
            for sender, part in zip(senders, parts, strict=True):
                if len(part):
                    sender.send(part)
            tally.blocked += watch.lap()
        grain.took(len(block), tally.busy - before_s)


def _received(receive: Callable[[], Block[Any]]) -> Iterator[Block[Any]]:
    while True:
        try:
            yield receive()
        except Drained:
            return
