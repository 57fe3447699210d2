"""Which steps a wish means, and what stands in their way: each kind of step and of sink."""

from __future__ import annotations

from typing import Any

import pytest

from daybreak import Database, Job, Transaction, Work
from daybreak.errors import DefinitionError
from daybreak.model.fate import Counts
from daybreak.model.job import Step
from daybreak.model.progress import Former, StepRow
from daybreak.model.restart import Standing, Wish, obstacle
from daybreak.model.status import StepStatus

job = Job("net")


def declared(name: str, *after: Step[Any]) -> Step[Any]:
    return job.task(name=name, after=after)(lambda: None)


fetch = declared("fetch")
check = declared("check", fetch)
other = declared("other")
load = declared("load", check)
report = declared("report", load, other)


@pytest.mark.parametrize(
    ("wish", "names"),
    [
        (Wish(), ["fetch", "check", "other", "load", "report"]),
        (Wish("check"), ["check", "load", "report"]),
        (Wish("other"), ["other", "report"]),
        (Wish("report"), ["report"]),
        (Wish("check", is_only=True), ["check"]),
        (Wish("check", undone=frozenset({"load"})), ["check", "load", "report"]),
    ],
)
def test_a_wish_means_a_step_and_those_behind_it(wish: Wish, names: list[str]) -> None:
    assert names == [step.name for step in wish.steps(job)]


@pytest.mark.parametrize(
    "wish", [Wish("lod"), Wish("load", undone=frozenset({"check"}))], ids=["unknown", "before"]
)
def test_a_wish_for_what_does_not_begin_again_is_refused(wish: Wish) -> None:
    with pytest.raises(DefinitionError):
        wish.steps(job)


db = Database("sqlite://")
kinds = Job("kinds")


def work() -> Work:
    raise AssertionError("nobody calls it")


def nothing(_tx: Transaction) -> None:
    raise AssertionError("nobody calls it")


chunked = kinds.step(name="chunked")(work)
undoable = kinds.atomic(db, name="undoable", undo=nothing)(nothing)
final = kinds.atomic(db, name="final")(nothing)


def standing(
    step: Step[Any],
    sink: dict[str, str] | None = None,
    *,
    has_committed: bool = True,
    former: Former | None = None,
) -> Standing:
    facts = {"sink": sink or {}, "database": "shop", "source": {"size": 7}}
    row = StepRow(
        step.name, StepStatus.DONE, 2, None, None, facts, Counts(), None, None, None, former, {}
    )
    return Standing(row, Counts(read=5, passed=4, filtered=1, written=4), has_committed)


OLDER = Former(1, {"sink": {"table": "orders", "mode": "replace"}})


@pytest.mark.parametrize(
    ("step", "left", "why"),
    [
        (fetch, standing(fetch), None),
        (undoable, standing(undoable), None),
        (final, standing(final), "has committed, and has no undo="),
        (final, standing(final, has_committed=False), None),
        (final, standing(final, has_committed=False, former=OLDER), "has no undo="),
        (chunked, standing(chunked, {"table": "orders", "mode": "replace"}), None),
        (chunked, standing(chunked, {"table": "orders", "mode": "upsert"}), None),
        (chunked, standing(chunked, {"table": "orders", "mode": "append"}), "orders: 4 rows"),
        (chunked, standing(chunked, {"table": "orders", "mode": "insert"}), "orders: 4 rows"),
        (chunked, standing(chunked, {"each": "note"}), "4 records of this run to note: 4 rows"),
        (chunked, standing(chunked, {"each": "note"}, has_committed=False), None),
        (chunked, standing(chunked, {"each": "n"}, has_committed=False, former=OLDER), None),
    ],
)
def test_what_cannot_be_replaced_stands_in_the_way(
    step: Step[Any], left: Standing, why: str | None
) -> None:
    found = obstacle(step, left)

    assert (why is None) == (found is None)
    assert (why or "") in (found or "")


def test_a_pass_that_committed_nothing_leaves_what_was_there_before() -> None:
    """Else a pass that fails at once would make the effects of the one before it forgotten."""
    assert OLDER == standing(chunked, has_committed=False, former=OLDER).left
    assert Former(2, {"sink": {}, "database": "shop"}) == standing(chunked, former=OLDER).left
