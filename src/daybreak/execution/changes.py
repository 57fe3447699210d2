"""What changed since a step began: refused, or accepted as far as that is safe (PROTOCOL.md 5).

What is committed stays as it is. What is not yet committed may be read from a changed source only
if it still joins: the ranges beside it must hold the very bytes that were committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..abc import Source
from ..errors import RestartRefused, SourceChanged
from ..model.chunk import Marker
from ..model.cursor import decode
from ..model.differences import differences
from ..model.progress import SWEEPS, Accepted, Former, StepRow
from ..model.ranges import Range, gaps
from .plan import ChunkedPlan

ACCEPTED: Final = "accepted"
"""The fact that holds, by the starts of ranges, what the source held there when it was accepted."""

UPSTREAM: Final = "upstream"
_OF_THE_CHAIN: Final = (ACCEPTED, SWEEPS)
"""Facts about what was done, which nobody can change."""

_WHERE_EFFECTS_ARE: Final = ("table", "key", "mode")


@dataclass(frozen=True, slots=True)
class Change:
    """What a step began with, and what it would go on with."""

    step: str
    then: Mapping[str, Any]
    now: Mapping[str, Any]

    def __str__(self) -> str:
        return "; ".join(
            f"the {what} of step {self.step} changed since the run began: {'; '.join(found)}"
            for what, found in self._found()
        )

    def __bool__(self) -> bool:
        return any(True for _ in self._found())

    def touches(self, what: str) -> bool:
        """Say whether one of the facts changed."""
        return bool(self.then.get(what) != self.now.get(what))

    def _found(self) -> Iterator[tuple[str, list[str]]]:
        for what in sorted(set(self.then) | set(self.now)):
            found = list(differences(self.then.get(what), self.now.get(what)))
            if found:
                yield what, [text.removeprefix(" ") for text in found]

    def refused(self, why: str = "") -> SourceChanged:
        """Return the error that names the difference."""
        way_out = f"begin the step again (--from {self.step})"
        return SourceChanged(
            f"{self}{f'; it cannot be accepted: {why}' if why else ''}",
            hint=f"bring back what it was, or {way_out}"
            if why
            else f"bring back what it was, go on with it as it is (--accept-changes), or {way_out}",
            step=self.step,
        )


def change_of(row: StepRow, facts: Mapping[str, Any], upstream: Mapping[str, int]) -> Change:
    """Return what changed since a step's present pass began."""
    then = {**(row.fingerprint or {})}
    for what in _OF_THE_CHAIN:
        then.pop(what, None)
    now = dict(facts)
    if row.upstream:
        then[UPSTREAM], now[UPSTREAM] = dict(row.upstream), dict(upstream)
    return Change(row.step, then, now)


def refuse_beside(step: str, former: Former, facts: Mapping[str, Any]) -> None:
    """Refuse a new pass that would not replace what the former one left.

    Raises:
        RestartRefused: Nothing was written to the target.
    """
    then, now = former.facts, facts
    if _replaces(then, now):
        return
    raise RestartRefused(
        f"step {step} has filled {_place(then)} in its pass {former.number},"
        f" and would now write into {_place(now) or 'something else'} beside it",
        hint="let it fill that again, in the same way; or delete what is there, and say so:"
        f" daybreak restart RUN {step} --undone {step} --again",
        step=step,
    )


def _replaces(then: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether what a new pass writes stands in the place of what a former one left."""
    if then.get("database") != now["database"] or _place(then) != _place(now):
        return False
    before, after = then["sink"], now["sink"]
    if after.get("mode") == "upsert":
        return bool(before.get("mode") == "upsert" and before.get("key") == after.get("key"))
    return bool(after.get("mode") == "replace")


def _place(facts: Mapping[str, Any]) -> str | None:
    """Return what a sink fills: a table, or a file."""
    sink = facts.get("sink", {})
    place: str | None = sink.get("table") or sink.get("file")
    return place


def accepted(
    change: Change,
    plan: ChunkedPlan,
    row: StepRow,
    chunks: Sequence[Marker],
    upstream: Mapping[str, int],
) -> Accepted:
    """Return what a step may go on with.

    Args:
        change: What changed.
        plan: The step, with its source as it is now.
        row: The step as it began.
        chunks: Its committed ranges.
        upstream: The passes of the steps before it as they are now.

    Raises:
        SourceChanged: If that is not safe: it says why. Nothing was written.

    Complexity: if the source changed, it is read once as far as it is committed.
    """
    assert row.whole is not None
    _refuse_other_target(change)
    facts = {**change.now}
    facts.pop(UPSTREAM, None)
    if not change.touches("source"):
        kept = {what: of for what, of in (row.fingerprint or {}).items() if what in _OF_THE_CHAIN}
        return Accepted(row.whole, row.total, {**facts, **kept}, upstream)
    whole = _whole(change, plan.source, row.whole, chunks)
    other = _other_bytes(change, plan.source, chunks)
    _refuse_what_does_not_join(change, plan.source, whole, chunks, other)
    return Accepted(whole, plan.source.total(), {**facts, **_named(other)}, upstream)


def _named(other: Mapping[str, str]) -> dict[str, Any]:
    return {ACCEPTED: dict(other)} if other else {}


def _refuse_other_target(change: Change) -> None:
    """What is committed lies where it lies: it would be left behind."""
    if change.touches("database"):
        raise change.refused("what is committed lies in the other database")
    then, now = (facts.get("sink", {}) for facts in (change.then, change.now))
    for fact in _WHERE_EFFECTS_ARE:
        if then.get(fact) != now.get(fact):
            raise change.refused(f"what is committed was written with another {fact}")


def _whole(change: Change, source: Source, before: Range, chunks: Sequence[Marker]) -> Range:
    """Return the chain's new ends, if the old ranges lie within."""
    if set(change.then["source"]) != set(change.now["source"]):
        raise change.refused("it is another kind of source")
    whole = source.whole()
    if whole.after != before.after:
        raise change.refused("it begins elsewhere")
    ends = [marker.part.upto for marker in chunks]
    if ends and source.in_order([*ends, whole.upto])[-1] != whole.upto:
        last = source.in_order(ends)[-1]
        raise change.refused(f"it has fewer records than are committed, up to {decode(last)!s}")
    return whole


def _other_bytes(change: Change, source: Source, chunks: Sequence[Marker]) -> dict[str, str]:
    """Return of each committed range whose bytes are others now what the source holds there."""
    if any(not marker.digest for marker in chunks):
        raise change.refused("its records cannot be compared with the committed ones")
    now = {marker.part.after: source.digest(marker.part) for marker in chunks}
    return {
        marker.part.after: now[marker.part.after]
        for marker in chunks
        if now[marker.part.after] != marker.digest
    }


def _refuse_what_does_not_join(
    change: Change,
    source: Source,
    whole: Range,
    chunks: Sequence[Marker],
    other: Mapping[str, str],
) -> None:
    """Refuse if a range to be read lies beside one whose bytes are others by now.

    Perhaps a record was put in or taken out there: then the range to be read would begin with a
    record that is committed, or behind one that is not.
    """
    for gap in gaps(whole, (marker.part for marker in chunks), source.in_order):
        beside = [
            str(marker.part)
            for marker in chunks
            if marker.part.after in other
            and (marker.part.upto == gap.after or marker.part.after == gap.upto)
        ]
        if beside:
            raise change.refused(
                f"{gap} is still to be read, but what was committed beside it,"
                f" {' and '.join(beside)}, is not what the source holds there now"
            )


def accepted_digests(row: StepRow) -> Mapping[str, str]:
    """Return, by the starts of ranges, the digests that were accepted in place of the markers'."""
    found: Mapping[str, str] = (row.fingerprint or {}).get(ACCEPTED, {})
    return found
