"""The proof that a step is done: closed chain, balanced fates, nothing changed meanwhile.

Everything is read from the target again; nothing this process remembers is taken for true
(PROTOCOL.md 7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..abc import Source
from ..errors import ProofFailed, SourceChanged
from ..model.chunk import Marker
from ..model.fate import Counts
from ..model.ownership import Pass
from ..model.ranges import Range, breaks
from .plan import ChunkedPlan


def sum_of(markers: Iterable[Marker]) -> Counts:
    """Add up the fates of markers."""
    total = Counts()
    for marker in markers:
        total += marker.counts
    return total


def prove(
    plan: ChunkedPlan,
    whole: Range,
    chunks: Sequence[Marker],
    *,
    run_key: str,
    of: Pass,
    committed: Iterable[Range],
    accepted: Mapping[str, str] | None = None,
) -> Counts:
    """Prove that a step's work is complete; return its fates.

    Args:
        plan: The step's source, sink and target.
        whole: The ends of the chain.
        chunks: The markers, as the target gives them now.
        run_key: Of the run.
        of: The pass to prove.
        committed: The ranges that this attempt believes it committed.
        accepted: By the starts of ranges, what a person accepted that the source holds there now.

    Raises:
        ProofFailed: With what is missing or too much; the step is not done.
        SourceChanged: If the source is not the one whose bytes were committed.
    """
    _chain_is_closed(plan.source, whole, chunks)
    _belief_is_true(chunks, committed)
    counts = sum_of(chunks)
    _fates_add_up(plan, run_key, of, chunks, counts)
    _source_is_the_same(plan.source, chunks, accepted or {})
    _target_agrees(plan, counts)
    return counts


def _chain_is_closed(source: Source, whole: Range, chunks: Sequence[Marker]) -> None:
    if whole.is_empty and not chunks:
        return
    found = breaks(whole, (marker.part for marker in chunks), source.in_order)
    if found:
        raise ProofFailed(
            f"the ranges of {source.name} do not form a chain: {'; '.join(map(str, found[:3]))}",
            hint="a chunk was lost or doubled; run the same command again to fill a gap",
        )


def _belief_is_true(chunks: Sequence[Marker], committed: Iterable[Range]) -> None:
    durable = {marker.part for marker in chunks}
    for part in committed:
        if part not in durable:
            raise ProofFailed(
                f"range {part} was acknowledged, but the target has no marker of it",
                hint="the target lost a commit (failover, restored backup?); nothing more was done",
            )


def _fates_add_up(
    plan: ChunkedPlan, run_key: str, of: Pass, chunks: Sequence[Marker], counts: Counts
) -> None:
    wrong = [marker.part for marker in chunks if not marker.counts.is_balanced]
    if wrong:
        raise ProofFailed(f"the fates of range {wrong[0]} do not add up: {counts}")
    total = plan.source.total()
    if total is not None and total != counts.read:
        raise ProofFailed(
            f"{plan.source.name} holds {total:,} records, but {counts.read:,} were read",
            hint="a chunk was lost or doubled",
        )
    set_aside = plan.target.set_aside(run_key, of)
    if set_aside != counts.quarantined:
        raise ProofFailed(
            f"the markers speak of {counts.quarantined:,} quarantined records,"
            f" quarantine holds {set_aside:,}",
            hint="somebody removed or added records in the quarantine table",
        )


def _source_is_the_same(
    source: Source, chunks: Sequence[Marker], accepted: Mapping[str, str]
) -> None:
    for marker in chunks:
        expected = accepted.get(marker.part.after, marker.digest)
        if expected and source.digest(marker.part) != expected:
            raise SourceChanged(
                f"{source.name} changed after range {marker.part} was committed",
                hint="bring back the file that the run began with, or start again with --again",
            )


def _target_agrees(plan: ChunkedPlan, counts: Counts) -> None:
    expected = plan.sink.rows_expected(counts.written)
    if expected is None:
        return
    sql, rows = expected
    found = plan.target.count(sql)
    if found != rows:
        raise ProofFailed(
            f"{plan.sink.name} holds {found:,} rows, but this step wrote {rows:,}",
            hint="somebody else wrote to it, or a chunk was written twice",
        )
