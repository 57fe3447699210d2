"""What a worker process does to a hand of records: one piece of results after the other.

Whom it answers, and what ends it, is `child`.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from .block import Block
from .columns import by_columns
from .leash import Leash
from .messages import Born, Failed, FarError, Given, Piece, Say, Told
from .nodes import Filter, FlatMap, Stage, Tap
from .stages import RULES
from .wire import Packed, Singly, packed, without


class ChildWorker:
    """The stage, and the hand of records that it is at."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._leash = Leash()
        self._pieces: Generator[Piece, None, None] | None = None
        self._last: Piece | None = None  # as it was sent, should it be asked for again

    def answer(self, request: Given | Say) -> Packed:
        """Make the next piece of results."""
        if request is Say.SINGLY:
            assert self._last is not None
            return packed(_singly(self._last))
        self._last = None
        if isinstance(request, Given):
            self.close()
            self._pieces = _pieces(self._stage, request, self._leash)
        assert self._pieces is not None
        self._last = next(self._pieces)
        try:
            return _packed(self._last)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - a result may hold anything
            return packed(_singly(self._last))

    def close(self) -> None:
        """Leave the hand, if nobody wants the rest of it; a generator's `finally` runs."""
        if self._pieces is not None:
            self._pieces.close()


def _pieces(stage: Stage, hand: Given, leash: Leash) -> Generator[Piece, None, None]:
    """Apply the stage to a hand of records; the last piece says that it is the last.

    Only a flat_map is asked for its pieces one by one, and cannot know which one is the last.
    """
    heard = _Heard()
    block = _block(hand, heard)
    with closing(_applied(stage, block, heard, leash)) as blocks:
        pieces = (_piece(stage, block, each, heard) for each in blocks)
        if not isinstance(stage, FlatMap):
            *others, last = pieces
            yield from others
            yield last._replace(is_last=True)
            return
        yield from pieces
    yield Piece(None, [], heard.taken(), is_last=True)


def _applied(
    stage: Stage, block: Block[Any], heard: _Heard, leash: Leash
) -> Generator[Block[Any], None, None]:
    yield from RULES[type(stage)](stage, block, heard, leash)


def _block(hand: Given, heard: _Heard) -> Block[Any]:
    if not isinstance(hand.values, Singly):
        return Block(hand.values, range(len(hand.values)))
    values, failures = hand.values.values()
    for position, error in failures:
        error.add_note("where: on its way into a worker process")
        heard.failed(position, "", error)
    return Block(values, without(range(len(hand.values.pickles)), failures))


def _piece(stage: Stage, block: Block[Any], result: Block[Any], heard: _Heard) -> Piece:
    passes_on = isinstance(stage, Filter | Tap)
    is_whole = result.origins is block.origins and isinstance(result.origins, range)
    return Piece(
        None if passes_on else result.values,
        None if is_whole else result.origins,
        heard.taken(),
        is_last=False,
    )


def _packed(piece: Piece) -> Packed:
    if isinstance(piece.values, list):
        piece = piece._replace(values=by_columns(piece.values))
    return packed(piece)


def _singly(piece: Piece) -> Piece:
    """Pickle the results one by one: those that cannot be are failures of their records."""
    if not isinstance(piece.values, list):
        return piece
    singly, failures = Singly.of(piece.values)
    origins = range(len(piece.values)) if piece.origins is None else piece.origins
    told = list(piece.told)
    for position, error in failures:
        error.add_note("where: a result on its way out of a worker process")
        error.add_note("hint: return plain data, or run the stage on threads")
        told.append(Failed(origins[position], FarError.of(error)))
    return piece._replace(values=singly, origins=without(origins, failures), told=told)


@dataclass(slots=True)
class _Heard:
    """What the rules tell of records, until the next piece takes it along."""

    told: list[Told] = field(default_factory=list)

    def failed(self, origin: Any, _stage: str, error: Exception) -> None:
        self.told.append(Failed(origin, FarError.of(error)))

    def dropped(self, origin: Any) -> None:
        self.told.append(origin)

    def born(self, origin: Any, records: int) -> None:
        self.told.append(Born(origin, records))

    def living(self, block: Block[Any]) -> Block[Any]:
        return block

    def taken(self) -> list[Told]:
        told, self.told = self.told, []
        return told
