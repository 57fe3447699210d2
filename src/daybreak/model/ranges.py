"""Ranges and the chain they must form: no gap, no overlap, from one end to the other.

Ends are equal when their texts are equal; nothing here compares keys by size, for only the
source knows the order of its keys (PROTOCOL.md 5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .cursor import START, Cursor, decode, encode


@dataclass(frozen=True, slots=True)
class Range:
    """The half-open part (after, upto] of a source; ends are canonical cursor texts."""

    after: str
    """Where it begins, exclusive; `START` for the beginning of the source."""

    upto: str
    """Where it ends, inclusive."""

    @classmethod
    def of(cls, after: Cursor | None, upto: Cursor) -> Range:
        """Return the range between two cursors; None means the beginning of the source."""
        return cls(START if after is None else encode(after), encode(upto))

    @property
    def after_cursor(self) -> Cursor | None:
        """Where it begins, exclusive, as a value; None for the beginning of the source."""
        return None if self.after == START else decode(self.after)

    @property
    def upto_cursor(self) -> Cursor:
        """Where it ends, inclusive, as a value."""
        return decode(self.upto)

    @property
    def is_empty(self) -> bool:
        """Whether it covers nothing: the source had no record."""
        return self.after == self.upto

    def __str__(self) -> str:
        after = "start" if self.after == START else _plain(self.after)
        return f"({after}, {_plain(self.upto)}]"


def _plain(text: str) -> str:
    return str(decode(text))


def evenly_divided(after: int, upto: int, count: int) -> list[Range]:
    """Divide ordinals behind one up to another into so many ranges, or fewer if there are few."""
    ends = sorted({after + (upto - after) * number // count for number in range(count + 1)})
    return [Range.of(*pair) for pair in pairwise(ends)]


InOrder = Callable[[Sequence[str]], Sequence[str]]
"""Sorts cursor texts the way the source does."""


@dataclass(frozen=True, slots=True)
class Break:
    """One place where ranges do not join: a gap between them, or an overlap."""

    after: str
    upto: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} at {Range(self.after, self.upto)}"


def gaps(whole: Range, done: Iterable[Range], in_order: InOrder) -> list[Range]:
    """Return the parts of `whole` that no range in `done` covers, in source order.

    `done` are ranges of one pass: they never overlap (the marker's key and the fence see to it;
    `breaks` proves it at the end). What joins is found by equality of ends.

    Args:
        whole: The chain's fixed ends.
        done: Committed ranges, in any order.
        in_order: The source's own order, asked for the ranges only that follow a gap.

    Complexity: O(n) look-ups.
    """
    if whole.is_empty:
        return []
    upto_of = {part.after: part.upto for part in done}
    ends = {upto for after, upto in upto_of.items() if after != upto}
    heads = [after for after in upto_of if after not in ends and after != whole.after]
    place = _followed(whole.after, upto_of)
    found = []
    for head in in_order(heads) if len(heads) > 1 else heads:
        if head != place:
            found.append(Range(place, head))
        place = _followed(head, upto_of)
    if place != whole.upto:
        found.append(Range(place, whole.upto))
    return found


def _followed(place: str, upto_of: Mapping[str, str]) -> str:
    """Return where the ranges end that join from a place on."""
    for _ in range(len(upto_of)):
        if place not in upto_of:
            break
        place = upto_of[place]
    return place


def divided_at(parts: Iterable[Range], ends: Sequence[str], in_order: InOrder) -> Iterator[Range]:
    """Divide parts of a chain at ends that lie inside them.

    Args:
        parts: Of one chain.
        ends: Cursor texts, in the source's order.
        in_order: The source's own order.
    """
    for part in parts:
        place = part.after
        for end in ends:
            if (
                end not in (START, part.after, part.upto)
                and is_within(Range(end, part.upto), [part], in_order)
                and _is_before(end, part.upto, in_order)
            ):
                yield Range(place, end)
                place = end
        yield Range(place, part.upto)


def is_within(part: Range, wholes: Iterable[Range], in_order: InOrder) -> bool:
    """Say whether one of several ranges covers the whole of a part."""
    return any(
        (whole.after in (START, part.after) or _is_before(whole.after, part.after, in_order))
        and (whole.upto == part.upto or _is_before(part.upto, whole.upto, in_order))
        for whole in wholes
    )


def _is_before(one: str, other: str, in_order: InOrder) -> bool:
    return other != START and next(iter(in_order([other, one]))) == one


def breaks(whole: Range, done: Iterable[Range], in_order: InOrder) -> list[Break]:
    """Return where the ranges fail to form the chain of `whole`; empty means: closed.

    Unlike `gaps` this trusts nothing: two ranges with one start, a range that ends behind the
    start of the next, and a range outside the ends are all found, by equality of ends alone.
    """
    ranges = list(done)
    upto_of: dict[str, str] = {}
    found = []
    for part in ranges:
        if part.after in upto_of:
            found.append(Break(part.after, part.upto, "two ranges"))
        upto_of[part.after] = part.upto
    place = whole.after
    seen = 0
    while place != whole.upto and place in upto_of and seen <= len(upto_of):
        place = upto_of[place]
        seen += 1
    if place != whole.upto:
        found.append(Break(place, _next_start(whole, place, upto_of, in_order), "a gap"))
    elif seen != len(upto_of):
        reached = _reached(whole, upto_of)
        found.extend(
            Break(start, upto, "an overlap")
            for start, upto in upto_of.items()
            if start not in reached
        )
    return found


def _reached(whole: Range, upto_of: dict[str, str]) -> set[str]:
    reached = set()
    place = whole.after
    while place != whole.upto and place not in reached:
        reached.add(place)
        place = upto_of[place]
    return reached


def _next_start(whole: Range, place: str, upto_of: dict[str, str], in_order: InOrder) -> str:
    ordered = list(in_order([*upto_of, place]))
    behind = ordered[ordered.index(place) + 1 :]
    return behind[0] if behind else whole.upto
