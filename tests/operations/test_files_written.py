"""Steps that write files: what a reader sees, what is resumed, begun again, replayed, rehearsed."""

from __future__ import annotations

import errno
import gzip
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daybreak.connectors.part_files import written_to
from daybreak.connectors.text_writing import LineWriter
from daybreak.errors import (
    DaybreakError,
    DefinitionError,
    PreflightError,
    ProofFailed,
    RightsMissing,
    SinkError,
    TransientError,
)
from daybreak.ledger.store import LedgerStore
from daybreak.model.fate import Counts
from daybreak.model.restart import Wish
from daybreak.model.status import RunStatus, StepStatus
from daybreak.operations import start as start_module
from daybreak.operations.choice import Wanted
from daybreak.operations.erase import Key, erase
from daybreak.operations.load import load_job
from daybreak.operations.places import ledger_url
from daybreak.operations.quarantine import quarantine_causes
from daybreak.operations.rehearse import rehearse
from daybreak.operations.rehearse_scratch import rehearse_in_scratch
from daybreak.operations.replay import replay
from daybreak.operations.settings import Settings
from daybreak.operations.start import Outcome, start
from daybreak.telemetry import ChunkCommitted, Event, Said, Telemetry
from tests.operations.rerun_house import armed

pytestmark = pytest.mark.slow

RECORDS = 100
JOB = """
from dataclasses import dataclass
from pathlib import Path
from daybreak import Counts, Job, Quarantine, Run, Work, files, source

job = Job("numbers")
FOLDER = Path(__file__).parent

@dataclass(frozen=True)
class Number:
    n: int
    name: str

def number(n: int) -> Number:
    if n % 25 == 7:
        raise Quarantine("ends in seven, every hundred twice", n=n)
    return Number(n, "" if n % 50 == 13 else f"no {n}")

@job.step(chunk=10, parallel=3, max_bad="50%", impact="There is no list.")
def write(run: Run) -> Work:
    return source(range(100)).map(number).into(files.csv(PLACE, Number))

@job.step(after=write, chunk=20, impact="There is no copy.")
def copy(run: Run) -> Work:
    assert run[write].written == run[write].passed
    return files.csv(PLACE, Number).into(files.jsonl(FOLDER / "copy.jsonl.gz", Number))
"""
BAD = frozenset(n for n in range(RECORDS) if n % 25 == 7 or n % 50 == 13)
SETTLED = Counts(read=RECORDS, passed=94, quarantined=6, written=94)


def lines(numbers: list[int]) -> str:
    return "n,name\n" + "".join(f"{n},no {n}\n" for n in numbers)


GOOD = [n for n in range(RECORDS) if n not in BAD]
EXPECTED = lines(GOOD)


class House:
    """One job's folder, and a way to start it; the ledger is on the database given."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.ledger = None if url.startswith("sqlite") else url
        self.events: list[Event] = []
        self.write_job()

    def write_job(self, place: str = 'FOLDER / "numbers.csv"', **mended: str) -> None:
        text = JOB.replace("PLACE", place)
        for broken, whole in mended.items():
            assert broken in text
            text = text.replace(broken, whole)
        (self.folder / "job.py").write_text(text)

    def mend(self, broken: str, whole: str) -> None:
        text = (self.folder / "job.py").read_text()
        assert broken in text
        (self.folder / "job.py").write_text(text.replace(broken, whole))

    @property
    def job(self) -> Any:
        return load_job(self.folder / "job.py")

    @property
    def settings(self) -> Settings:
        return Settings(ledger=self.ledger, takeover_s=10)

    @property
    def ledger_url(self) -> str:
        return ledger_url(self.ledger, self.folder / "job.py")

    def start(self, listener: Callable[[Event], None] | None = None, **settings: Any) -> Outcome:
        telemetry = Telemetry()
        self.events = []
        telemetry.subscribe(self.events.append)
        if listener is not None:
            telemetry.subscribe(listener)
        return start(self.job, replace(self.settings, **settings), telemetry)

    def broken_at(self, fault: str, **settings: Any) -> None:
        """Start, and break it off at a fault point."""
        with armed(f"{fault}:raise"):
            outcome = self.start(**settings)
        assert RunStatus.FAILED == outcome.status

    def replay(self) -> RunStatus:
        return replay(self.job, 1, Wanted(), self.settings, Telemetry()).status

    def counts(self, step: str = "write") -> Counts:
        store = LedgerStore.open(self.ledger_url)
        found = {row.step: row.counts for row in store.steps(1)}
        store.close()
        return found[step]

    @property
    def wrote(self) -> list[str]:
        """Return the ranges of the file that were committed since the last start."""
        found = [event for event in self.events if isinstance(event, ChunkCommitted)]
        return [event.part for event in found if event.step == "write"]

    @property
    def numbers(self) -> str:
        return (self.folder / "numbers.csv").read_text()

    def left(self) -> list[str]:
        """Return what lies beside the file, hidden or not."""
        return sorted(path.name for path in self.folder.iterdir() if path.name != "__pycache__")

    def parts(self) -> list[Path]:
        return sorted(self.folder.glob(".daybreak/runs*/1/parts/write-*/*/*.part"))


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> House:
    return House(tmp_path, database_url)


@pytest.fixture
def sqlite_house(tmp_path: Path, sqlite_url: str) -> House:
    return House(tmp_path, sqlite_url)


def failure_of(outcome: Outcome) -> DaybreakError:
    assert RunStatus.FAILED == outcome.status
    assert outcome.error is not None
    return outcome.error


# ---------------------------------------------------------------- what a reader sees


def test_a_file_has_all_good_records_in_order_and_the_next_step_reads_it(house: House) -> None:
    outcome = house.start()

    assert RunStatus.DONE == outcome.status, outcome.error
    assert EXPECTED == house.numbers
    assert SETTLED == house.counts()
    with gzip.open(house.folder / "copy.jsonl.gz", "rt") as copy:
        assert [f'{{"n": {n}, "name": "no {n}"}}\n' for n in GOOD] == list(copy)
    assert [".daybreak", "copy.jsonl.gz", "job.py", "numbers.csv"] == house.left()


def test_a_file_that_is_there_stays_as_it_is_until_the_new_one_is_whole(
    sqlite_house: House,
) -> None:
    house = sqlite_house
    (house.folder / "numbers.csv").write_text("yesterday's\n")
    seen = set()

    def look(event: Event) -> None:
        if isinstance(event, ChunkCommitted) and event.step == "write":
            seen.add(house.numbers)

    house.broken_at("publication.before_rename:1")
    assert house.numbers == "yesterday's\n"
    house.start(look)
    assert seen == set()  # everything was committed before it was broken off
    (house.folder / "numbers.csv").write_text("yesterday's\n")
    house.start(look, again=True)

    assert seen == {"yesterday's\n"}
    assert EXPECTED == house.numbers


def test_no_record_gives_a_file_with_its_header_only(sqlite_house: House) -> None:
    sqlite_house.mend("range(100)", "range(0)")
    outcome = sqlite_house.start()

    assert RunStatus.DONE == outcome.status, outcome.error
    assert sqlite_house.numbers == "n,name\n"


def test_the_same_bytes_are_written_whatever_chunk_and_parallel_are(sqlite_house: House) -> None:
    """A packed file too: it does not follow from its parts."""
    copies = set()
    for knobs in ({"chunk": 3, "parallel": 4}, {"chunk": 100, "parallel": 1}):
        sqlite_house.start(again=True, knobs={"write": knobs, "copy": {"chunk": knobs["chunk"]}})
        assert EXPECTED == sqlite_house.numbers
        copies.add((sqlite_house.folder / "copy.jsonl.gz").read_bytes())

    assert 1 == len(copies)


# ---------------------------------------------------------------- resuming


@pytest.mark.parametrize(
    "fault",
    [
        "part.before_write:5",
        "part.before_sync:5",
        "part.after_sync:5",
        "part.before_enter:5",
        "part.after_enter:5",
        "chunk.after_commit:5",
        "publication.before_begin:1",
        "publication.after_begin:1",
        "publication.before_join:1",
        "publication.after_join:1",
        "publication.before_rename:1",
        "publication.after_rename:1",
        "publication.before_end:1",
        "publication.after_end:1",
        "publication.before_removal:1",
        "publication.after_removal:1",
    ],
)
def test_a_run_that_was_broken_off_goes_on_with_other_knobs(house: House, fault: str) -> None:
    house.broken_at(fault)
    outcome = house.start(knobs={"write": {"chunk": 7, "parallel": 1}})

    assert RunStatus.DONE == outcome.status, outcome.error
    assert EXPECTED == house.numbers
    assert SETTLED == house.counts()
    assert [".daybreak", "copy.jsonl.gz", "job.py", "numbers.csv"] == house.left()


def test_parts_stay_only_as_long_as_a_replay_may_need_them(sqlite_house: House) -> None:
    house = sqlite_house
    house.broken_at("part.after_sync:5")
    house.start()
    with_quarantine = len(house.parts())
    house.mend("raise Quarantine", "return Number(n, 'seven')  #")
    house.mend('"" if n % 50 == 13 else ', "")
    house.start(restart=Wish("write", is_only=True))

    assert 10 == with_quarantine  # and none that no marker speaks of
    assert [] == house.parts()


def test_a_published_file_that_is_gone_before_its_step_was_done_is_published_again(
    sqlite_house: House,
) -> None:
    sqlite_house.broken_at("publication.after_end:1")
    (sqlite_house.folder / "numbers.csv").unlink()
    sqlite_house.start()

    assert EXPECTED == sqlite_house.numbers


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda part: part.unlink(), "is not there any more"),
        (lambda part: part.write_bytes(part.read_bytes()[:-1] + b"?"), "is not as it was"),
    ],
    ids=["gone", "changed"],
)
def test_a_part_that_is_not_as_it_was_committed_is_named_and_a_restart_helps(
    sqlite_house: House, spoil: Callable[[Path], object], expected: str
) -> None:
    house = sqlite_house
    house.broken_at("chunk.after_commit:5")
    spoil(house.parts()[0])
    error = failure_of(house.start())
    numbers = house.folder / "numbers.csv"

    assert isinstance(error, ProofFailed)
    assert expected in str(error)
    assert "daybreak restart RUN write" in error.hint
    assert ("not there" in expected) == (house.wrote == [])
    assert not numbers.exists()
    assert RunStatus.DONE == house.start(restart=Wish("write")).status
    assert EXPECTED == house.numbers


def test_another_place_for_the_file_is_refused_in_mid_run(sqlite_house: House) -> None:
    sqlite_house.broken_at("chunk.after_commit:5")
    sqlite_house.write_job('FOLDER / "others.csv"')

    assert "others.csv" in str(failure_of(sqlite_house.start()))


# ---------------------------------------------------------------- beginning again, replaying


def test_a_step_that_begins_again_replaces_its_file(house: House) -> None:
    house.start()
    house.mend('f"no {n}"', 'f"number {n}"')
    outcome = house.start(restart=Wish("write", is_only=True))

    assert RunStatus.DONE == outcome.status, outcome.error
    assert EXPECTED.replace("no ", "number ") == house.numbers


def test_a_step_that_begins_again_does_not_leave_its_former_file_beside_another(
    sqlite_house: House,
) -> None:
    sqlite_house.start()
    sqlite_house.write_job('FOLDER / "others.csv"')

    assert "others.csv" in str(failure_of(sqlite_house.start(restart=Wish("write"))))
    assert EXPECTED == sqlite_house.numbers


def test_what_is_replayed_stands_at_the_end_of_a_file_that_is_written_anew(house: House) -> None:
    house.start()
    house.mend("if n % 25 == 7:", "if n == 7:")
    first = house.replay()
    after_first = house.numbers
    house.mend("if n == 7:", "if n < 0:")
    house.mend('"" if n % 50 == 13', '"" if n == 13')
    second = house.replay()

    assert [RunStatus.DONE] * 2 == [first, second]
    assert lines([*GOOD, 32, 57, 82]) == after_first
    assert lines([*GOOD, 32, 57, 82, 7, 63]) == house.numbers
    assert Counts(read=RECORDS, passed=99, quarantined=1, written=99) == house.counts()


@pytest.mark.parametrize(
    "fault", ["part.after_sync:1", "replay.after_commit:1", "publication.after_rename:1"]
)
def test_a_replay_that_was_broken_off_is_gone_on_with(sqlite_house: House, fault: str) -> None:
    house = sqlite_house
    house.start()
    house.mend("if n % 25 == 7:", "if n < 0:")
    with armed(f"{fault}:raise"), pytest.raises(DaybreakError):
        house.replay()

    assert RunStatus.DONE == house.start().status
    assert RunStatus.DONE == house.replay()
    assert lines([*GOOD, 7, 32, 57, 82]) == house.numbers


def test_the_quarantine_of_a_file_is_shown_once_and_can_be_erased(house: House) -> None:
    house.start()
    causes = quarantine_causes(house.ledger_url, 1)
    null = "it would not be read back: name: its text means NULL"

    assert [4, 2] == [cause.records for cause in causes]
    assert null in causes[1].reason
    assert 1 == erase(house.ledger_url, 1, Key("32"), house.settings)


# ---------------------------------------------------------------- rehearsing


@pytest.mark.parametrize("is_scratch", [False, True])
def test_a_rehearsal_writes_a_file_that_nobody_ever_sees(
    sqlite_house: House, *, is_scratch: bool
) -> None:
    house = sqlite_house
    house.mend("after=write, chunk=20", "chunk=20")
    house.mend("    assert run[write].written == run[write].passed\n", "")
    (house.folder / "numbers.csv").write_text("n,name\n1,a\n")
    before = house.left()
    rehearsed = (
        rehearse_in_scratch(house.job, None, house.settings, Telemetry())
        if is_scratch
        else rehearse(house.job, "write", house.settings, Telemetry())
    )
    step = rehearsed.steps[0]

    assert StepStatus.DONE == step.status, step.error
    assert SETTLED == step.counts
    assert [4, 2] == [cause.records for cause in step.causes]
    assert before == house.left()
    assert house.numbers == "n,name\n1,a\n"


# ---------------------------------------------------------------- what is refused


def test_a_folder_that_is_not_there_is_named_before_a_record_is_read(sqlite_house: House) -> None:
    sqlite_house.write_job('FOLDER / "there/numbers.csv"')
    error = failure_of(sqlite_house.start())

    assert isinstance(error, PreflightError)
    assert f"mkdir -p {sqlite_house.folder}/there" in error.hint


def test_a_folder_in_the_files_place_is_named(sqlite_house: House) -> None:
    (sqlite_house.folder / "numbers.csv").mkdir()

    assert "it is a folder" in str(failure_of(sqlite_house.start()))


def test_a_folder_that_may_not_be_written_is_named(
    sqlite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = os.access
    folder = sqlite_house.folder / "closed"
    folder.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: path != folder and asked(path, mode))
    sqlite_house.write_job('FOLDER / "closed/numbers.csv"')

    assert isinstance(failure_of(sqlite_house.start()), RightsMissing)


def test_a_place_without_enough_room_is_named_before_a_record_is_read(
    sqlite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_module, "places_of", lambda *_: {})  # all other places have room
    error = failure_of(sqlite_house.start(disk_free_bytes_min=2**60))

    assert isinstance(error, PreflightError)
    assert "there is too little room for the file numbers.csv" in str(error)


def test_a_step_does_not_write_the_file_that_it_reads(sqlite_house: House) -> None:
    sqlite_house.mend('FOLDER / "copy.jsonl.gz"', 'FOLDER / "numbers.csv"')
    error = failure_of(sqlite_house.start())

    assert isinstance(error, DefinitionError)
    assert "reads" in str(error)
    assert "writes it too" in str(error)


@pytest.mark.parametrize(
    ("number", "expected"), [(errno.ENOSPC, TransientError), (errno.EACCES, SinkError)]
)
def test_a_full_disk_may_pass_and_a_missing_right_does_not(
    number: int, expected: type[DaybreakError]
) -> None:
    with pytest.raises(SinkError, match="x cannot be written") as raised, written_to(Path("x")):
        raise OSError(number, os.strerror(number))

    assert expected is type(raised.value)


def test_a_disk_that_was_full_fails_the_run_which_goes_on_where_it_was(
    sqlite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = sqlite_house
    house.mend("parallel=3", "parallel=1")
    write, left = LineWriter.part, [4]

    def part(self: LineWriter, pieces: Any, stream: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            stream.write(b"half a ")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, pieces, stream)

    monkeypatch.setattr(LineWriter, "part", part)
    error = failure_of(house.start(patience_s=0))
    kept = len(house.parts())
    monkeypatch.undo()
    outcome = house.start()
    done = [event for event in house.events if isinstance(event, ChunkCommitted)]

    assert "No space left on device" in str(error)
    assert "goes on where it was" in error.hint
    assert 4 == kept
    assert RunStatus.DONE == outcome.status
    assert 6 == sum(event.step == "write" for event in done)
    assert EXPECTED == house.numbers
    assert not any("lost commits" in e.message for e in house.events if isinstance(e, Said))
