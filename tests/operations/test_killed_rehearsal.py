"""Killed at any instant, a rehearsal leaves nothing; ended by a signal, it ends with 4."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path
from typing import Any, Final

import pytest

from daybreak.databases.session import opened
from daybreak.faultpoints import FaultPoint
from daybreak.operations.rehearse_scratch import rehearse_in_scratch
from daybreak.telemetry import Telemetry
from tests.operations.rehearsed import Rehearsed
from tests.torture.nursery import Nursery
from tests.torture.points import OF_REHEARSALS

pytestmark = pytest.mark.slow

IN_PLACE: Final[tuple[FaultPoint, ...]] = (
    "rehearsal.before_begin",
    "rehearsal.after_begin",
    "epoch.after_announce",
    "step.after_prepare_commit",
    "chunk.after_marker",
    "chunk.in_isolation",
    "chunk.after_quarantine",
    "chunk.before_commit",
    "chunk.after_commit",
    "rehearsal.before_rollback",
    "rehearsal.after_rollback",
)
IN_SCRATCH: Final[tuple[FaultPoint, ...]] = (
    "scratch.before_create",
    "scratch.after_create",
    "chunk.after_commit",
    "atomic.after_commit",
    "scratch.before_drop",
    "scratch.after_drop",
)


@pytest.fixture
def house(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Rehearsed:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return Rehearsed(tmp_path / "job", database_url)


def ended(house: Rehearsed, nest: Nursery, *words: str, fault: str) -> int:
    """Rehearse in a process of its own, with one fault point armed; return its exit status."""
    environment = {"TMPDIR": os.environ["TMPDIR"], "PYTHONDONTWRITEBYTECODE": "1"}
    words = ("rehearse", "shop_job.py", *words, "--database", house.url)
    return nest.typed(house.folder, *words, fault=fault, environment=environment).status


def left(house: Rehearsed) -> dict[str, Any]:
    """Read what is left but the folder, which the next rehearsal removes."""
    return {**house.left(), "folders": []}


def settled(house: Rehearsed) -> None:
    """Wait until the server has seen that a killed process is gone."""
    if house.url.startswith("sqlite"):
        return
    with opened(house.url) as session:
        sql = (
            "select 1 from pg_stat_activity where application_name like 'daybreak:%'"
            " and pid <> pg_backend_pid() and (datname = current_database() or datname like :like)"
        )
        number = session.query(
            "select oid::text as n from pg_database where datname = :d",
            d=house.url.split("/")[3].split("?")[0],
        )[0].n
        while session.query(sql, like=f"daybreak\\_scratch\\_{number}%"):
            session.query("select pg_sleep(0.02)")


def test_every_point_that_only_a_rehearsal_passes_is_killed_at() -> None:
    assert [] == [point for point in OF_REHEARSALS if point not in IN_PLACE + IN_SCRATCH]


@pytest.mark.parametrize("point", IN_PLACE)
def test_a_kill_in_place_leaves_nothing(house: Rehearsed, nest: Nursery, point: FaultPoint) -> None:
    before = left(house)
    status = ended(house, nest, "numbers", fault=f"{point}:1:kill")
    settled(house)

    assert -signal.SIGKILL == status
    assert before == left(house)
    house.rehearse("told")
    assert [] == house.left()["folders"]


@pytest.mark.parametrize("point", IN_SCRATCH)
def test_what_a_kill_in_scratch_leaves_the_next_one_removes(
    house: Rehearsed, nest: Nursery, point: FaultPoint
) -> None:
    before = left(house)
    status = ended(house, nest, "count", "--scratch", fault=f"{point}:1:kill")
    settled(house)

    assert -signal.SIGKILL == status
    assert before == left(house), "the real database is never touched"
    rehearse_in_scratch(house.job, "told", house.settings(), Telemetry())
    assert [] == house.scratches()
    assert [] == house.left()["folders"]


@pytest.mark.parametrize(
    ("words", "point"),
    [
        (["numbers"], "chunk.after_write"),
        (["told"], "atomic.after_body"),
        (["count", "--scratch"], "chunk.after_commit"),
    ],
    ids=["chunks", "atomic", "scratch"],
)
def test_a_signal_ends_it_with_4_and_leaves_nothing(
    house: Rehearsed, nest: Nursery, words: list[str], point: FaultPoint
) -> None:
    before = house.left()

    assert 4 == ended(house, nest, *words, fault=f"{point}:1:term")
    assert before == house.left()
    assert [] == house.scratches()
