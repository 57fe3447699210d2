"""Sources, sinks and graphs that change between two attempts, or while a run reads."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daybreak.connectors.file_source import FileSource
from daybreak.errors import SourceChanged
from daybreak.model.ranges import Range
from daybreak.model.status import RunStatus, StepStatus
from daybreak.operations.start import Outcome
from tests.operations.rerun_house import RerunHouse, armed

JOB = """
from pydantic import BaseModel
from daybreak import Database, Job, Run, Work, files

db = Database("sqlite:///shop.db")
job = Job("orders")

class Order(BaseModel):
    id: int
    name: str

@job.task(impact="Nothing is loaded.")
def check(run: Run, folder: str) -> files.File[Order]:
    return run.check(files.csv(folder + "/orders.csv", Order))

@job.step(after=check, chunk=10, impact="Orders are missing.")
def load(run: Run, folder: str) -> Work:
    orders = run[check]
    return orders.into(db.table("orders", Order, key="id", mode="replace", create=True))
"""
UNCHECKED = ("run[check]", 'files.csv(folder + "/orders.csv", Order)')
RECORDS = 50
COMMITTED = 30
AS_THEY_WERE = [f"order {n}" for n in range(1, RECORDS + 1)]


class ChangesHouse(RerunHouse):
    """A job that loads one file in chunks of ten; in its first attempt three of them."""

    def write_job(self, old: str = "", new: str = "") -> None:
        assert not old or 1 == JOB.count(old)
        (self.folder / "orders_job.py").write_text(JOB.replace(old, new) if old else JOB)

    def half(self) -> None:
        """Commit the first three chunks, then fail."""
        with armed("chunk.before_marker:4:raise"):
            assert RunStatus.FAILED == self.start().status
        assert COMMITTED == len(self.orders())

    @property
    def file(self) -> Path:
        return self.folder / "orders.csv"

    def replace_record(self, number: int, text: str) -> None:
        lines = self.file.read_text().splitlines()
        lines[number] = text
        self.file.write_text("\n".join(lines) + "\n")

    def put_in_front(self) -> None:
        head, *rest = self.file.read_text().splitlines()
        self.file.write_text("\n".join([head, "0,order 0", *rest]) + "\n")

    def replace_by_rename(self, name: str = "order") -> None:
        new = self.folder / "new.csv"
        rows = "".join(f"{n},{name} {n}\n" for n in range(1, RECORDS + 1))
        new.write_text("id,name\n" + rows)
        new.replace(self.file)

    def touch(self) -> None:
        os.utime(self.file, ns=(0, 1_000_000_001))


@pytest.fixture(params=["checked", "unchecked"])
def house(request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str) -> ChangesHouse:
    """Give a job whose file was checked before, and one whose file was not."""
    found = ChangesHouse(tmp_path, sqlite_url)
    if request.param == "unchecked":
        found.write_job(*UNCHECKED)
    return found


@pytest.fixture
def unchecked(tmp_path: Path, sqlite_url: str) -> ChangesHouse:
    found = ChangesHouse(tmp_path, sqlite_url)
    found.write_job(*UNCHECKED)
    return found


Edit = Callable[[ChangesHouse], None]
EDITS: dict[str, tuple[Edit, str]] = {
    "edited before the checkpoint": (
        lambda house: house.replace_record(5, "5,ORDER 5"),
        "has other bytes",
    ),
    "edited beside the checkpoint": (
        lambda house: house.replace_record(25, "25,ORDER 25"),
        "has other bytes",
    ),
    "edited behind the checkpoint": (
        lambda house: house.replace_record(45, "45,ORDER 45"),
        "has other bytes",
    ),
    "truncated behind the checkpoint": (lambda house: house.write_orders(40), "size was"),
    "truncated before the checkpoint": (lambda house: house.write_orders(25), "size was"),
    "appended": (lambda house: house.write_orders(60), "size was"),
    "replaced by the same": (lambda house: house.replace_by_rename(), "inode was"),
    "replaced by another": (lambda house: house.replace_by_rename("other"), "inode was"),
    "touched": (lambda house: house.touch(), "is 1970-01-01T00:00:01"),
    "shifted": (lambda house: house.put_in_front(), "size was"),
}
ACCEPTED: dict[str, list[str]] = {
    "edited before the checkpoint": AS_THEY_WERE,
    "edited behind the checkpoint": [*AS_THEY_WERE[:44], "ORDER 45", *AS_THEY_WERE[45:]],
    "truncated behind the checkpoint": AS_THEY_WERE[:40],
    "appended": [f"order {n}" for n in range(1, 61)],
    "replaced by the same": AS_THEY_WERE,
    "touched": AS_THEY_WERE,
}
"""Of the edits that can be accepted what the table holds then: committed records as they were."""

REFUSED: dict[str, str] = {
    "edited beside the checkpoint": r"\(30, 50\] is still to be read, but what was committed beside"
    r" it, \(20, 30\], is not what the source holds there now",
    "truncated before the checkpoint": "it has fewer records than are committed, up to 30",
    "replaced by another": r"\(30, 50\] is still to be read",
    "shifted": r"\(30, 51\] is still to be read",
}


def change_of(outcome: Outcome) -> SourceChanged:
    assert RunStatus.FAILED == outcome.status
    assert isinstance(outcome.error, SourceChanged)
    return outcome.error


@pytest.mark.slow
@pytest.mark.parametrize("edit", list(EDITS))
def test_a_changed_file_is_refused_with_the_difference_and_nothing_more_is_written(
    house: ChangesHouse, edit: str
) -> None:
    change, difference = EDITS[edit]
    house.half()
    change(house)
    error = change_of(house.start())

    assert difference in str(error)
    assert "--accept-changes" in error.hint
    assert COMMITTED == len(house.orders())
    assert StepStatus.FAILED == house.rows()["load"].status


@pytest.mark.slow
@pytest.mark.parametrize("edit", list(ACCEPTED))
def test_a_changed_file_is_accepted_where_the_rest_still_joins(
    house: ChangesHouse, edit: str
) -> None:
    house.half()
    EDITS[edit][0](house)
    house.start()
    outcome = house.start(accepts_changes=True)

    assert (RunStatus.DONE, None) == (outcome.status, outcome.error)
    assert ACCEPTED[edit] == house.orders()
    assert [line.details["step"] for line in house.audit("changes accepted")] == ["load"]
    assert any(text.startswith("accepted: the source of step load changed") for text in house.said)


def test_a_file_that_changed_after_its_check_and_before_it_was_read_is_accepted_and_said(
    tmp_path: Path, sqlite_url: str
) -> None:
    house = ChangesHouse(tmp_path, sqlite_url)
    house.only("check")
    house.write_orders(60)
    refused = change_of(house.start())
    done = house.start(accepts_changes=True)
    (line,) = house.audit("changes accepted")

    assert "size was" in str(refused)
    assert RunStatus.DONE == done.status
    assert [f"order {n}" for n in range(1, 61)] == house.orders()
    assert "size was" in line.details["changed"]
    assert any("size was" in text for text in house.said)


@pytest.mark.slow
@pytest.mark.parametrize("edit", list(REFUSED))
def test_a_changed_file_is_not_accepted_where_records_would_be_lost_or_doubled(
    house: ChangesHouse, edit: str
) -> None:
    house.half()
    EDITS[edit][0](house)
    error = change_of(house.start(accepts_changes=True))

    assert re.search(REFUSED[edit], str(error))
    assert "--from load" in error.hint
    assert COMMITTED == len(house.orders())
    assert [] == house.audit("changes accepted")
    assert Range.of(0, RECORDS) == house.rows()["load"].whole


def test_every_edit_is_either_accepted_or_refused() -> None:
    assert set(EDITS) == set(ACCEPTED) | set(REFUSED)
    assert not set(ACCEPTED) & set(REFUSED)


@pytest.mark.slow
def test_the_proof_says_which_ranges_were_made_from_other_bytes(unchecked: ChangesHouse) -> None:
    unchecked.half()
    unchecked.replace_record(5, "5,ORDER 5")
    unchecked.start(accepts_changes=True)

    assert "committed from other bytes than the source holds now, as accepted: (0, 10]" in (
        unchecked.said
    )


@pytest.mark.slow
def test_what_changes_after_it_was_accepted_is_noticed(unchecked: ChangesHouse) -> None:
    """Accepted is what was there then, not whatever comes."""
    unchecked.half()
    unchecked.replace_record(5, "5,ORDER 5")
    with armed("chunk.before_marker:1:raise"):
        unchecked.start(accepts_changes=True)
    before = unchecked.file.stat()
    unchecked.replace_record(6, "6,ORDER 6")
    os.utime(unchecked.file, ns=(before.st_atime_ns, before.st_mtime_ns))
    refused = change_of(unchecked.start())
    done = unchecked.start(accepts_changes=True)

    assert "has other bytes" in str(refused)
    assert RunStatus.DONE == done.status


@pytest.mark.slow
def test_a_range_that_was_accepted_is_proven_against_what_was_accepted(
    unchecked: ChangesHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    unchecked.half()
    unchecked.replace_record(5, "5,ORDER 5")
    edit_behind_its_back(unchecked, monkeypatch, "5,0rder 5")

    assert "changed after range (0, 10] was committed" in str(
        change_of(unchecked.start(accepts_changes=True))
    )


def edit_behind_its_back(house: ChangesHouse, monkeypatch: pytest.MonkeyPatch, record: str) -> None:
    """Edit record 5 once the last range is read; size, inode and time stay as they were."""
    original = FileSource.read

    def read(self: FileSource, part: Range) -> Any:
        found = original(self, part)
        if part == Range.of(40, 50):
            before = house.file.stat()
            house.replace_record(5, record)
            os.utime(house.file, ns=(before.st_atime_ns, before.st_mtime_ns))
        return found

    monkeypatch.setattr(FileSource, "read", read)


@pytest.mark.slow
@pytest.mark.parametrize("point", ["step.before_accept", "step.after_accept"])
def test_dying_around_the_acceptance_leaves_all_of_it_or_none(
    unchecked: ChangesHouse, point: str
) -> None:
    unchecked.half()
    unchecked.write_orders(60)
    with armed(f"{point}:1:raise"):
        unchecked.start(accepts_changes=True)
    plain = unchecked.start()
    outcome = unchecked.start(accepts_changes=True)

    assert isinstance(plain.error, SourceChanged) == ("before" in point)
    assert RunStatus.DONE == outcome.status
    assert [f"order {n}" for n in range(1, 61)] == unchecked.orders()


@pytest.mark.slow
def test_a_file_that_was_accepted_is_begun_again_as_it_is(unchecked: ChangesHouse) -> None:
    """A new pass makes its own index, and has accepted nothing."""
    unchecked.half()
    unchecked.replace_record(5, "5,ORDER 5")
    unchecked.start(accepts_changes=True)
    unchecked.again("load")

    assert "ORDER 5" == unchecked.orders()[4]
    assert "accepted" not in (unchecked.rows()["load"].fingerprint or {})


# ---------------------------------------------------------------- while a run reads it


@pytest.fixture
def edit_at_third_read(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have a file edited when the third chunk is about to be read."""
    original = FileSource.read

    def at_third(house: ChangesHouse, edit: Edit) -> None:
        seen = []

        def read(self: FileSource, part: Range) -> Any:
            seen.append(part)
            if len(seen) == 3:
                edit(house)
            return original(self, part)

        monkeypatch.setattr(FileSource, "read", read)

    return at_third


@pytest.mark.slow
@pytest.mark.parametrize("edit", list(EDITS))
def test_a_file_that_changes_while_it_is_read_ends_the_run_resumable(
    house: ChangesHouse, edit: str, edit_at_third_read: Callable[..., None]
) -> None:
    edit_at_third_read(house, EDITS[edit][0])
    error = change_of(house.start())

    assert "is not the file that the run began with" in str(error)
    assert AS_THEY_WERE[:20] == house.orders()


def test_a_file_that_changed_in_a_range_that_is_committed_fails_the_proof(
    unchecked: ChangesHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Size, inode and time are those that they were: only the bytes tell."""
    edit_behind_its_back(unchecked, monkeypatch, "5,ORDER 5")

    assert "changed after range (0, 10] was committed" in str(change_of(unchecked.start()))


# ---------------------------------------------------------------- sink, graph and code

GRAPHS: dict[str, tuple[str, str, str]] = {
    "another table": ('table("orders", ', 'table("others", ', "table was 'orders', is 'others'"),
    "another key": ('key="id"', 'key="name"', r"key was \['id'\], is \['name'\]"),
    "another mode": ('mode="replace", ', "", "mode was 'replace', is 'insert'"),
}


@pytest.mark.slow
@pytest.mark.parametrize("graph", list(GRAPHS))
def test_another_target_is_never_accepted(unchecked: ChangesHouse, graph: str) -> None:
    old, new, difference = GRAPHS[graph]
    unchecked.write_job()
    unchecked.half()
    unchecked.write_job(old, new)
    unchecked.spoil("create table others (id integer primary key, name text)")
    unchecked.spoil("create unique index by_name on orders (name)")
    error = change_of(unchecked.start(accepts_changes=True))

    assert re.search(difference, str(error))
    assert re.search(
        "it cannot be accepted: what is committed was written with another", str(error)
    )
    assert COMMITTED == len(unchecked.orders())


@pytest.mark.slow
def test_another_stage_is_refused_and_can_be_accepted(unchecked: ChangesHouse) -> None:
    unchecked.write_job()
    unchecked.half()
    unchecked.write_job("orders = run[check]", "orders = run[check].map(lambda order: order)")
    error = change_of(unchecked.start())
    outcome = unchecked.start(accepts_changes=True)

    assert "the stages of step load changed since the run began" in str(error)
    assert RunStatus.DONE == outcome.status
    assert AS_THEY_WERE == unchecked.orders()


def test_changed_code_goes_on_and_is_recorded(unchecked: ChangesHouse) -> None:
    unchecked.write_job()
    unchecked.half()
    unchecked.write_job("orders = run[check]", "orders = run[check]  # mended")
    outcome = unchecked.start()

    assert RunStatus.DONE == outcome.status
    assert ["load"] == [line.details["step"] for line in unchecked.audit("code changed")]
    assert "the step's code changed since the last attempt; it goes on with the new one" in (
        unchecked.said
    )
