"""What an attempt notes survives its death, however it dies, and is forgotten behind a told end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from daybreak.execution import in_flight
from daybreak.execution.in_flight import NO_RECORD, InFlight, noted_record
from daybreak.execution.record_watch import ChunkWatch
from daybreak.model.deaths import Named, Trial, Work
from daybreak.model.ownership import Pass
from daybreak.model.ranges import Range

OF = Pass("load")
FIRST = Work(OF, Range.of(0, 10))
SECOND = Work(OF, Range.of(10, 20))


HOST = "here"
_left: list[object] = []


def died_in(folder: Path, *works: Work) -> InFlight:
    """Begin works, and leave them like a process that dies: nothing is told."""
    notes = InFlight(folder, host=HOST)
    for work in works:
        begun = notes.noted(work)
        begun.__enter__()
        _left.append(begun)  # nobody collects a dead process's garbage either
    return notes


def test_what_was_in_hand_is_known_to_the_next_attempt(tmp_path: Path) -> None:
    notes = died_in(tmp_path, FIRST, Work(Pass("fetch")))
    with notes.noted(SECOND):
        pass

    died = InFlight(tmp_path, host=HOST, how="SIGKILL").died
    assert died is not None
    assert ("SIGKILL", (FIRST, Work(Pass("fetch")))) == (died.how, tuple(died.in_flight))


def test_an_end_that_was_told_leaves_nothing(tmp_path: Path) -> None:
    died_in(tmp_path, FIRST)
    with InFlight(tmp_path, host=HOST) as notes, notes.noted(SECOND):
        pass

    assert [] == list(tmp_path.iterdir())
    assert InFlight(tmp_path, host=HOST).died is None


def test_deaths_are_counted_over_attempts(tmp_path: Path) -> None:
    died_in(tmp_path, FIRST, SECOND)
    died_in(tmp_path, SECOND)
    died_in(tmp_path)

    notes = InFlight(tmp_path, host=HOST)
    assert [SECOND.part] == [suspect.part for suspect in notes.suspects(OF)]
    assert notes.suspects_step("load")
    assert not notes.suspects_step("fetch")


def test_the_record_at_hand_is_named_if_its_range_was_alone(tmp_path: Path) -> None:
    notes = died_in(tmp_path, FIRST)
    notes.tried(FIRST, Trial.ALONE)
    with notes.record_file() as file:
        assert file is not None
        os.pwrite(file, noted_record(12345, "a long name"), 0)
        os.pwrite(file, noted_record(7, "put"), 0)

    died = InFlight(tmp_path, host=HOST).died
    assert died is not None
    assert (Named(7, "put"), FIRST) == (died.named, died.named_in)


def test_records_that_were_at_hand_together_are_named_to_every_later_attempt(
    tmp_path: Path,
) -> None:
    for _ in range(2):
        died_in(tmp_path, FIRST)
    notes = died_in(tmp_path, FIRST)
    notes.tried(FIRST, Trial.ALONE)
    with notes.record_file() as file:
        ChunkWatch(FIRST, {}, file).began_several("a table", 2, 5)
    died_in(tmp_path)

    (suspect,) = InFlight(tmp_path, host=HOST).suspects(OF)
    assert (Named(2, "a table", 5), 3) == (suspect.candidate, suspect.deaths)


@pytest.mark.parametrize("note", [NO_RECORD, b"", b"7", b"7 put\n"])
def test_no_record_is_named_if_none_was_at_hand(tmp_path: Path, note: bytes) -> None:
    notes = died_in(tmp_path, FIRST)
    notes.tried(FIRST, Trial.ALONE)
    (tmp_path / "in_flight.here.record").write_bytes(note)

    died = InFlight(tmp_path, host=HOST).died
    assert died is not None
    assert died.named is None


def test_a_file_that_a_lost_machine_tore_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    died_in(tmp_path, FIRST)
    path = tmp_path / "in_flight.here"
    path.write_bytes(path.read_bytes() + b'["begin", "lo\x00\xff')

    died = InFlight(tmp_path, host=HOST).died
    assert died is not None
    assert (FIRST,) == tuple(died.in_flight)


def test_the_file_does_not_grow_with_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_flight, "BYTES_MAX", 2000)
    died_in(tmp_path, SECOND)
    died_in(tmp_path, SECOND)
    notes = died_in(tmp_path, SECOND)
    for number in range(100):
        with notes.noted(Work(OF, Range.of(number, number + 1))):
            pass
        assert (tmp_path / "in_flight.here").stat().st_size < 3000

    assert [3] == [suspect.deaths for suspect in InFlight(tmp_path, host=HOST).suspects(OF)]


def test_who_is_to_die_dies_though_nobody_can_be_told(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from daybreak.execution.in_flight import InFlight
try:
    InFlight(Path({str(tmp_path)!r}), host="here").die("MemoryError")
finally:
    sys.exit(77)
"""
    with Path("/dev/full").open("w") as full:
        died = subprocess.run([sys.executable, "-c", program], stderr=full, check=False)

    assert in_flight.STATUS_DIED == died.returncode
    after = InFlight(tmp_path, host="here").died
    assert after is not None
    assert "MemoryError" == after.how


def test_a_folder_that_cannot_be_written_costs_the_notes_only(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with InFlight(tmp_path / "file" / "folder", host=HOST) as notes, notes.noted(FIRST):
        assert [] == notes.suspects(OF)
        with notes.record_file() as file:
            assert file is None
