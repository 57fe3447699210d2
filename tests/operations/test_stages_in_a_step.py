"""What a step makes of a pipeline's verbs: which have a meaning in a chunk, and what fates say."""

from __future__ import annotations

from pathlib import Path

import pytest

from daybreak.databases.session import opened
from daybreak.errors import DefinitionError
from daybreak.model.fate import Counts
from daybreak.model.status import RunStatus
from daybreak.operations.load import load_job
from daybreak.operations.settings import Settings
from daybreak.operations.start import Outcome, start
from daybreak.telemetry import Event, StepEnded, Telemetry

JOB = """
from dataclasses import dataclass
from daybreak import Collect, Database, Job, Quarantine, Retry, Run, Transaction, Work, source

db = Database("sqlite:///numbers.db")
job = Job("numbers")

@dataclass
class Number:
    number: int
    text: str

def is_odd(number):
    return number % 2 == 1

def is_large(number):
    return number >= 100

def refuse_sevens(number):
    if number % 10 == 7:
        raise Quarantine("no sevens", number=number)

def numbered(number):
    return Number(number, f"number {number}")

async def numbered_later(number):
    return Number(number, f"later {number}")

tries = {}

def fail_at_first(number):
    tries[number] = tries.get(number, 0) + 1
    if tries[number] < 3:
        raise ConnectionError(number)
    return number

def saved(numbers, tx):
    for each in numbers:
        tx.execute("insert into seen (number, text) values (:n, :t)", n=each.number, t=each.text)

@job.atomic(db)
def create(tx: Transaction) -> None:
    tx.execute("create table seen (place integer primary key, number integer, text text)")

@job.step(after=create, chunk=64, parallel=PARALLEL, max_bad="100%", order="ORDER")
def load(run: Run) -> Work:
    pipeline = source(range(300))STAGES
    return pipeline.each_chunk(saved, database=db)
"""


class House:
    """One job's folder, and a way to run it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._url = f"sqlite:///{folder}/numbers.db"
        self.counts = Counts()

    def run(self, stages: str, *, parallel: int = 1) -> Outcome:
        file = self._folder / "numbers_job.py"
        text = JOB.replace("STAGES", stages).replace("PARALLEL", str(parallel))
        file.write_text(text.replace("ORDER", "source" if parallel == 1 else "any"))
        telemetry = Telemetry()
        telemetry.subscribe(self._hear)
        return start(load_job(file), Settings(databases={"": self._url}), telemetry)

    def _hear(self, event: Event) -> None:
        if isinstance(event, StepEnded) and event.step == "load":
            self.counts = event.counts

    def seen(self) -> list[tuple[int, str]]:
        with opened(self._url) as session:
            rows = session.query("select number, text from seen order by place")
            return [(row.number, row.text) for row in rows]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "ways",
    [
        "lambda odd: odd.map(numbered), lambda even: even.map(numbered_later, workers=3)",
        "lambda odd: odd.map(numbered, workers=3), lambda even: even.map(numbered_later)",
    ],
)
def test_both_ways_of_a_split_end_in_source_order(house: House, ways: str) -> None:
    outcome = house.run(f".split(is_odd, {ways})")

    assert RunStatus.DONE is outcome.status
    assert [
        (number, f"number {number}" if number % 2 else f"later {number}") for number in range(300)
    ] == house.seen()
    assert Counts(read=300, passed=300, written=300) == house.counts


@pytest.mark.parametrize("parallel", [1, 3])
def test_fates_add_up_over_both_ways_of_a_split(house: House, parallel: int) -> None:
    outcome = house.run(
        ".split(is_odd, lambda odd: odd.tap(refuse_sevens, workers=2),"
        " lambda even: even.filter(is_large)).map(numbered)",
        parallel=parallel,
    )
    odd = [number for number in range(1, 300, 2) if number % 10 != 7]
    kept = sorted([*odd, *range(100, 300, 2)])

    assert RunStatus.DONE is outcome.status
    assert kept == sorted(number for number, _text in house.seen())
    assert Counts(read=300, passed=220, filtered=50, quarantined=30, written=220) == house.counts


def test_a_way_may_be_left_as_it_is_and_hold_another_split(house: House) -> None:
    house.run(
        ".split(is_odd, lambda odd: odd.split(is_large, lambda large: large.filter(bool),"
        " lambda small: small.tap(refuse_sevens)), lambda even: even).map(numbered)"
    )

    assert Counts(read=300, passed=290, quarantined=10, written=290) == house.counts
    assert [n for n in range(300) if n >= 100 or n % 10 != 7] == [n for n, _text in house.seen()]


def test_an_error_of_the_predicate_is_its_records_fate(house: House) -> None:
    house.run(".split(lambda n: n % (n - 5) == 0, lambda p: p, lambda p: p).map(numbered)")

    assert Counts(read=300, passed=299, quarantined=1, written=299) == house.counts
    assert 5 not in [number for number, _text in house.seen()]


@pytest.mark.parametrize("workers", [1, 3])
def test_a_call_in_a_step_is_tried_again_before_its_record_is_set_aside(
    house: House, workers: int
) -> None:
    house.run(
        f".map(fail_at_first, workers={workers}, retry=Retry(attempts=3, wait_s=0)).map(numbered)"
    )
    assert Counts(read=300, passed=300, written=300) == house.counts

    assert list(range(300)) == [number for number, _text in house.seen()]


@pytest.mark.parametrize(
    ("stages", "message", "hint"),
    [
        (".map(numbered, errors=Collect())", "stage 'numbered' collects errors", "max_bad"),
        (".group(10)", "'group' has no meaning in a step", "each_chunk"),
        (
            ".merge(source([1])).map(numbered)",
            "'merge' has no meaning in a step",
            "a step for each",
        ),
        (
            ".split(is_odd, lambda p: p.group(2), lambda p: p)",
            "'group' has no meaning in a step",
            "each_chunk",
        ),
        (
            ".split(is_odd, lambda p: p, lambda p: p.map(numbered, errors=Collect(max=3)))",
            "stage 'numbered' collects errors",
            "max_bad",
        ),
    ],
)
def test_what_has_no_meaning_in_a_chunk_is_refused(
    house: House, stages: str, message: str, hint: str
) -> None:
    outcome = house.run(stages)

    assert RunStatus.FAILED is outcome.status
    assert isinstance(outcome.error, DefinitionError)
    assert message in str(outcome.error)
    assert hint in outcome.error.hint
    assert [] == house.seen()
