"""Processing quarantined records again: each replay is one transaction (PROTOCOL.md 6 and 7).

Fence, row of the replay, records out of quarantine, data, what fails again back into quarantine,
fates in the markers of their ranges, COMMIT. `max_bad` does not apply: a person chose the records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, groupby, pairwise

from ..abc import ReplayWriter
from ..errors import ProofFailed, TransientError
from ..faultpoints import hit
from ..model.chunk import FatesMoved, Kept, SetAside
from ..model.fate import Counts
from ..model.ownership import Pass
from ..model.ranges import Range
from ..pipeline import Block, Carrier
from .committer import Refusal, until_durable, write_units
from .computing import computed_draft
from .draft import Draft
from .patience import Patience
from .plan import ChunkedPlan
from .whole import Admitted


@dataclass(frozen=True, slots=True)
class Replayed:
    """One replay that is durable."""

    counts: Counts
    """What became of the records; `quarantined` ones were set aside again."""

    refused: Sequence[Kept] = field(default=())
    """Those that the sink refused: others that it took since may have been in their way."""


@dataclass(frozen=True, slots=True)
class Replayer:
    """Replays records of one step, one transaction after the other."""

    plan: ChunkedPlan
    of: Pass
    writer: ReplayWriter
    patience: Patience
    carrier: Carrier
    """The stages, with the workers that all replays share."""

    def replay(self, records: Sequence[Kept], number: int) -> Replayed:
        """Take records out of quarantine, and make durable what they become.

        Args:
            records: In source order.
            number: Of this replay within the epoch; no other has it.

        Raises:
            LeaseLost: If another process owns the run. It was rolled back.
            ProofFailed: If quarantine or markers are not as they were. It was rolled back.
            TransientError: If patience ran out. It was rolled back.
        """
        draft = self._draft(records)
        return until_durable(
            lambda refusal: self._once(records, draft, number, refusal),
            self.writer.chunk,
            self.patience,
        )

    def _draft(self, records: Sequence[Kept]) -> Draft:
        """Run the stages; an origin of this draft is a record's place in `records`."""
        read = self.plan.source.again(records)
        carried = self.carrier.carry(Block(list(read.values), read.origins))
        return computed_draft(records[0].part, read, carried, self.plan.sink)

    def _once(
        self, records: Sequence[Kept], draft: Draft, number: int, refusal: Refusal | None
    ) -> Replayed:
        hit("replay.before_mark")
        if not self.writer.begin(self.of, number):
            return self._replayed_before(number)
        hit("replay.after_mark")
        taken = self.writer.take(self.of, records)
        if taken != len(records):
            raise ProofFailed(
                f"quarantine holds {taken:,} of the {len(records):,} records to be replayed",
                hint="somebody else removed some of them; see what is left: daybreak quarantine",
            )
        hit("replay.after_take")
        admitted = write_units(self.writer.chunk, self.plan.sink, draft.units, refusal)
        aside = [
            *draft.set_aside,
            *(draft.aside(unit, self.plan.sink.name, error) for unit, error in admitted.refused),
        ]
        hit("replay.before_fates")
        counts = self._settle(records, draft, admitted, aside)
        hit("replay.before_commit")
        self.writer.commit(self.of, number, counts)
        hit("replay.after_commit")
        refused = [replace(records[unit.origin], by_check=False) for unit, _ in admitted.refused]
        return Replayed(counts, refused)

    def _settle(
        self,
        records: Sequence[Kept],
        draft: Draft,
        admitted: Admitted,
        aside: Sequence[SetAside],
    ) -> Counts:
        """Put back what failed again, and move the fates of the rest; return what became of all."""
        quarantined = sum(
            self.writer.chunk.quarantine(self.of, part, group)
            for part, group in _by_range(records, aside)
        )
        counts = Counts(
            read=len(records),
            passed=admitted.passed,
            filtered=draft.filtered,
            quarantined=quarantined,
            superseded=len(admitted.superseded),
            written=admitted.written,
        )
        moved = _moved(records, draft, admitted, aside)
        if not counts.is_balanced or _sum(moved) != change_of(counts):
            raise ProofFailed(
                f"the records replayed do not add up: {counts}",
                hint="a record was lost or doubled on its way; the replay was rolled back",
            )
        if self.writer.move(self.of, moved) != len(moved):
            raise ProofFailed(
                "a range of the records replayed has no marker",
                hint="somebody removed it; the replay was rolled back",
            )
        return counts

    def _replayed_before(self, number: int) -> Replayed:
        """Take what an earlier try of this epoch committed, whose answer was lost."""
        counts = self.writer.stored(self.of, number)
        self.writer.chunk.rollback()
        if counts is None:
            raise TransientError(f"the row of replay {number} came and went")
        return Replayed(counts)


def _by_range(
    records: Sequence[Kept], aside: Sequence[SetAside]
) -> list[tuple[Range, list[SetAside]]]:
    """Return what is set aside by range, with the places that it has there."""
    placed = sorted(aside, key=lambda one: one.origin)
    return [
        (part, [replace(one, origin=records[one.origin].origin) for one in group])
        for part, group in groupby(placed, key=lambda one: records[one.origin].part)
    ]


def _moved(
    records: Sequence[Kept], draft: Draft, admitted: Admitted, aside: Sequence[SetAside]
) -> list[FatesMoved]:
    """Return the change of fates by range; the terms are counted, none is derived from a sum."""
    refused = {unit.origin for unit, _ in admitted.refused}
    superseded = {unit.origin for unit in admitted.superseded}
    gone = refused | superseded
    passed = [unit for unit in draft.units if unit.origin not in gone]
    known = {unit.origin for unit in draft.units} | {one.origin for one in aside}
    parts: dict[Range, None] = dict.fromkeys(one.part for one in records)
    taken = Counter(one.part for one in records)
    by_check = Counter(one.part for one in records if one.by_check)
    passes = Counter(records[unit.origin].part for unit in passed)
    filtered = Counter(one.part for place, one in enumerate(records) if place not in known)
    newer = Counter(records[place].part for place in superseded)
    again = Counter(records[one.origin].part for one in aside)
    again_by_check = Counter(records[one.origin].part for one in aside if one.by_check)
    outputs = Counter[Range]()
    for unit in passed:
        outputs[records[unit.origin].part] += len(unit.values)
    rows = dict(
        zip(parts, shares([outputs[part] for part in parts], admitted.written), strict=True)
    )
    return [
        FatesMoved(
            part,
            Counts(
                passed=passes[part],
                filtered=filtered[part],
                quarantined=again[part] - taken[part],
                superseded=newer[part],
                written=rows[part],
            ),
            again_by_check[part] - by_check[part],
        )
        for part in parts
    ]


def shares(outputs: Sequence[int], written: int) -> list[int]:
    """Divide the rows that a sink wrote among ranges, by their outputs; the sum is exact.

    A table writes a row for each output, so that each share is exact too; what a function wrote
    for which record nobody knows.
    """
    total = sum(outputs)
    if total == 0:
        return [written, *(0 for _ in outputs[1:])]
    ends = [written * upto // total for upto in accumulate(outputs, initial=0)]
    return [upto - after for after, upto in pairwise(ends)]


def _sum(moved: Sequence[FatesMoved]) -> Counts:
    return sum((one.counts for one in moved), Counts())


def change_of(counts: Counts) -> Counts:
    """Return what a replay changes in the markers, by its own counts."""
    return replace(counts, read=0, quarantined=counts.quarantined - counts.read)
