"""What may be accepted of a changed source, against an oracle that knows every record."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from daybreak.connectors.functions import EachSink
from daybreak.connectors.sequence import SequenceSource
from daybreak.errors import RestartRefused, SourceChanged
from daybreak.execution.changes import accepted, accepted_digests, change_of, refuse_beside
from daybreak.execution.plan import ChunkedPlan
from daybreak.model.chunk import Marker
from daybreak.model.fate import Counts
from daybreak.model.progress import Accepted, Former, StepRow
from daybreak.model.ranges import Range, gaps
from daybreak.model.status import StepStatus
from tests.execution.house import insert, source_of

NOW = datetime(2026, 3, 2, tzinfo=UTC)
LAST = 12
OLD = [f"old {n}" for n in range(1, LAST + 1)]


class _Named:
    name = "shop"


def plan_of(records: list[str]) -> ChunkedPlan:
    return ChunkedPlan(source_of(records), [], EachSink(insert), cast("Any", _Named()))


def row_of(records: list[str]) -> StepRow:
    plan = plan_of(records)
    return StepRow(
        step="load",
        status=StepStatus.RUNNING,
        pass_number=1,
        whole=plan.source.whole(),
        total=plan.source.total(),
        fingerprint=plan.facts(),
        counts=Counts(),
        value=None,
        error=None,
        code=None,
        former=None,
        upstream={"check": 1},
    )


def committed(source: SequenceSource, part: Range) -> Marker:
    read = source.read(part)
    return Marker(part, 1, Counts(read.read, read.read), 0, read.digest, 0.0, NOW)


def judged(
    before: list[str], now: list[str], parts: list[Range], row: StepRow | None = None
) -> Accepted:
    row = row or row_of(before)
    plan = plan_of(now)
    change = change_of(row, plan.facts(), {"check": 1})
    chunks = [committed(source_of(before), part) for part in parts]
    return accepted(change, plan, row, chunks, {"check": 1})


def records_of(records: list[str], part: Range) -> list[str]:
    return list(source_of(records).read(part).values)


CUTS = st.sets(st.integers(1, LAST - 1), max_size=6)
EDITS = st.lists(
    st.tuples(st.sampled_from(["put in", "take out", "replace"]), st.integers(0, LAST - 1)),
    min_size=1,
    max_size=3,
)


def edited(records: list[str], edits: list[tuple[str, int]]) -> list[str]:
    """Edit a file as people do: nothing is moved, and what is new was never there."""
    now = list(records)
    for number, (edit, place) in enumerate(edits):
        at = min(place, len(now))
        if edit == "put in":
            now.insert(at, f"new {number}")
        elif at < len(now) and edit == "take out":
            del now[at]
        elif at < len(now):
            now[at] = f"new {number}"
    return now


@given(CUTS, EDITS, st.data())
def test_what_is_accepted_loads_no_record_twice_and_loses_none_unsaid(
    cuts: set[int], edits: list[tuple[str, int]], data: st.DataObject
) -> None:
    chain = [Range.of(*ends) for ends in pairwise([0, *sorted(cuts), LAST])]
    parts = data.draw(st.lists(st.sampled_from(chain), unique=True))
    now = edited(OLD, edits)
    assume(source_of(now).fingerprint() != source_of(OLD).fingerprint())  # else the proof finds it
    try:
        found = judged(OLD, now, parts)
    except SourceChanged:
        return
    source = source_of(now)
    missing = gaps(found.whole, parts, source.in_order)
    loaded = Counter(
        [record for part in parts for record in records_of(OLD, part)]
        + [record for part in missing for record in records_of(now, part)]
    )
    named = {
        record
        for part in parts
        if part.after in found.fingerprint.get("accepted", {})
        for record in records_of(now, part)
    }

    assert set() == {record for record, times in loaded.items() if times > 1}
    assert set() == set(now) - set(loaded) - named


@given(CUTS, st.data())
def test_an_end_that_grows_or_shrinks_behind_what_is_committed_is_accepted(
    cuts: set[int], data: st.DataObject
) -> None:
    chain = [Range.of(*ends) for ends in pairwise([0, *sorted(cuts), LAST])]
    parts = chain[: data.draw(st.integers(0, len(chain)))]
    reach = int(str(parts[-1].upto_cursor)) if parts else 0
    length = data.draw(st.integers(reach, LAST + 5))
    now = [*OLD, *(f"new {n}" for n in range(5))][:length]
    found = judged(OLD, now, parts)

    assert (Range.of(0, length), length) == (found.whole, found.total)
    assert "accepted" not in found.fingerprint


def test_a_file_that_is_brought_back_has_nothing_accepted_any_more() -> None:
    parts = [Range.of(0, 4), Range.of(4, 8)]
    other = ["other", *OLD[1:]]
    found = judged(OLD, other, parts)
    row = replace(row_of(OLD), fingerprint=found.fingerprint)
    again = judged(OLD, OLD, parts, row)

    assert list(accepted_digests(row)) == [Range.of(0, 4).after]
    assert "accepted" not in again.fingerprint


def test_the_same_facts_are_no_change() -> None:
    row = row_of(OLD)

    assert not change_of(row, plan_of(OLD).facts(), {"check": 1})
    assert change_of(row, plan_of(OLD).facts(), {"check": 2})
    assert not change_of(replace(row, upstream={}), plan_of(OLD).facts(), {"check": 2})


@pytest.mark.parametrize(
    ("table", "mode", "database", "is_refused"),
    [
        ("orders", "replace", "shop", False),
        ("orders", "insert", "shop", True),
        ("others", "replace", "shop", True),
        ("orders", "replace", "mall", True),
    ],
)
def test_a_new_pass_must_replace_what_the_former_left(
    table: str,
    mode: str,
    database: str,
    *,
    is_refused: bool,
) -> None:
    former = Former(1, {"database": "shop", "sink": {"table": "orders", "mode": "replace"}})
    now = {"database": database, "sink": {"table": table, "mode": mode}}
    if is_refused:
        with pytest.raises(RestartRefused, match="in its pass 1"):
            refuse_beside("load", former, now)
    else:
        refuse_beside("load", former, now)


@pytest.mark.parametrize(
    ("before", "key", "mode", "is_refused"),
    [
        ("upsert", ["id"], "upsert", False),
        ("upsert", ["id"], "replace", False),
        ("upsert", ["no"], "upsert", True),
        ("upsert", ["id"], "insert", True),
        ("replace", ["id"], "upsert", True),
    ],
)
def test_a_new_pass_writes_over_what_was_written_by_the_same_key(
    before: str, key: list[str], mode: str, *, is_refused: bool
) -> None:
    """Rows of a table that was replaced may have no record any more: they would stay."""
    left = {"table": "orders", "mode": before, "key": ["id"]}
    former = Former(1, {"database": "shop", "sink": left})
    now = {"database": "shop", "sink": {"table": "orders", "mode": mode, "key": key}}
    if is_refused:
        with pytest.raises(RestartRefused, match="has filled orders in its pass 1"):
            refuse_beside("load", former, now)
    else:
        refuse_beside("load", former, now)
