"""Telling a watcher of each record before a stage begins with it; what the watcher does is its own.

The loops of the stages stay as they are: they are given a block whose records tell as they are
taken. Only chunks that are watched pay for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Protocol

from .block import Block, Origin
from .leash import Leash
from .nodes import Stage
from .stages import RULES, Fates, Rule


class Watch(Protocol):
    """Who is told which record is at hand; called from the thread that has it."""

    def began(self, place: str, origin: Origin, /) -> None:
        """Hear that a place begins with a record of this origin."""

    def ended(self) -> None:
        """Hear that this thread has no record at hand any more."""


def watched_rule(
    stage: Stage, block: Block[Any], fates: Fates, leash: Leash, watch: Watch
) -> Iterator[Block[Any]]:
    """Do what the stage does to a block, and tell of each record."""
    telling = _Telling(block, stage.name, watch)
    told: Block[Any] = Block(telling, block.origins)
    for piece in RULES[type(stage)](stage, told, fates, leash):
        yield block if piece is told else piece
        telling.tell_again()  # stages behind this one had records at hand meanwhile


class _Telling(list[Any]):
    """The values of a block; each tells that it is begun when it is taken."""

    def __init__(self, block: Block[Any], place: str, watch: Watch) -> None:
        super().__init__(block.values)
        self._origins = block.origins
        self._place = place
        self._watch = watch
        self._taken = 0

    def __iter__(self) -> Iterator[Any]:
        began, place = self._watch.began, self._place
        for value, origin in zip(super().__iter__(), self._origins, strict=False):
            self._taken += 1
            began(place, origin)
            yield value
        self._taken = 0
        self._watch.ended()

    def tell_again(self) -> None:
        if self._taken:
            self._watch.began(self._place, self._origins[self._taken - 1])


def rule_of(stage: Stage, watch: Watch | None) -> Rule:
    """Return what a stage does to a block, telling of each record if somebody wants to know."""
    return RULES[type(stage)] if watch is None else partial(watched_rule, watch=watch)
