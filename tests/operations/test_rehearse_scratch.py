"""A whole job rehearsed in scratch databases: in order, with files and commits, without a trace."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from daybreak.model.fate import Counts
from daybreak.model.status import StepStatus
from daybreak.operations.rehearsal import Rehearsal, RehearsedStep
from daybreak.operations.rehearse_scratch import rehearse_in_scratch
from daybreak.telemetry import Telemetry
from tests.operations.rehearsed import Rehearsed

pytestmark = pytest.mark.slow


@pytest.fixture
def house(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Rehearsed:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return Rehearsed(tmp_path / "job", database_url)


def rehearsed(
    house: Rehearsed, last: str | None, *, records: int = 1_000, **settings: Any
) -> Rehearsal:
    """Rehearse in scratch databases, and see that nothing is left."""
    before = house.left()
    job = house.job
    rehearsal = rehearse_in_scratch(
        job, last, house.settings(**settings), Telemetry(), records=records
    )

    assert before == house.left()
    assert house.url == job.databases[0].url
    assert [] == house.scratches()
    return rehearsal


def by_name(rehearsal: Rehearsal) -> dict[str, RehearsedStep]:
    return {step.step: step for step in rehearsal.steps}


def test_the_steps_up_to_one_are_done_in_order(house: Rehearsed) -> None:
    """The check's file, its index and its value are there for the load, the load for the count."""
    rehearsal = rehearsed(house, "count", records=50)
    steps = by_name(rehearsal)

    assert ["check", "load", "count"] == list(steps)
    assert StepStatus.DONE == rehearsal.status
    assert Counts(read=50, passed=48, quarantined=2, written=48) == steps["load"].counts
    assert ["id: not a whole number"] == [cause.reason for cause in steps["load"].causes]
    assert "1" == steps["count"].value, "the real table had a note already"
    assert "step load did the first 50 of 60 records" in rehearsal.caveats


def test_a_job_that_fails_is_told_with_every_step(house: Rehearsed) -> None:
    """Its parents are rows of the real database, which are not copied."""
    rehearsal = rehearsed(house, None)
    steps = by_name(rehearsal)

    assert StepStatus.FAILED == rehearsal.status
    assert rehearsal.failed is steps["children"]
    assert Counts(read=60, passed=48, quarantined=12, written=48) == steps["numbers"].counts
    assert StepStatus.DONE == steps["count"].status
