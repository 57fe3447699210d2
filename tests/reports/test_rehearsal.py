"""A rehearsal as people and programs read it."""

from __future__ import annotations

import io
from dataclasses import replace

from daybreak.databases.commit_price import CommitPrice
from daybreak.errors import TooManyBadRecords
from daybreak.model.fate import Counts
from daybreak.model.job import StepKind
from daybreak.model.status import StepStatus
from daybreak.operations.rehearsal import Rehearsal, RehearsedChunk, RehearsedStep
from daybreak.reports.look import console_on
from daybreak.reports.rehearsal import (
    CHUNKS_SHOWN_MAX,
    last_line,
    rehearsal_parts,
    rehearsal_payload,
    shown_chunks,
)
from daybreak.reports.secrets import Mask


def chunk(number: int) -> RehearsedChunk:
    counts = Counts(read=10, passed=10, written=10)
    return RehearsedChunk(f"chunk {number}", counts, 100, 0.5, 10 * number, 0.5 * number)


STEP = RehearsedStep(
    step="load",
    kind=StepKind.STEP,
    impact="Nothing is loaded.",
    status=StepStatus.DONE,
    duration_s=20.0,
    counts=Counts(read=400, passed=400, written=400),
    chunks=[chunk(number) for number in range(1, 41)],
)
REHEARSAL = Rehearsal(
    job="shop",
    is_scratch=False,
    records_max=400,
    steps=[STEP],
    commit=CommitPrice(0.002, 0.01, 15, "commits of nothing"),
    caveats=["these were the first 400 of 1,000 records"],
)


def shown(rehearsal: Rehearsal, mask: Mask | None = None) -> str:
    stream = io.StringIO()
    console = console_on(stream)
    for part in rehearsal_parts(rehearsal, stream, mask or Mask()):
        console.print(part)
    return stream.getvalue()


def test_of_many_chunks_some_are_shown_the_first_and_the_last_among_them() -> None:
    numbers = [one.records_upto for one in shown_chunks(STEP.chunks)]

    assert CHUNKS_SHOWN_MAX == len(numbers) == len(set(numbers))
    assert (10, 400) == (numbers[0], numbers[-1])
    assert "and 28 chunks in between" in shown(REHEARSAL)


def test_few_chunks_are_all_shown() -> None:
    few = replace(STEP, chunks=STEP.chunks[:3])

    assert list(few.chunks) == shown_chunks(few.chunks)
    assert "in between" not in shown(replace(REHEARSAL, steps=[few]))


def test_what_a_run_pays_on_top_is_said() -> None:
    text = " ".join(shown(REHEARSAL).split())

    assert "a commit costs 2.00 ms here" in text
    assert "40 of them, 0.08 s, are not in these times" in text
    assert "note: these were the first 400 of 1,000 records" in text


def test_the_last_line_says_how_it_ended() -> None:
    bad = replace(STEP, counts=Counts(read=2, passed=1, quarantined=1))
    stopped = replace(STEP, status=StepStatus.STOPPED)

    assert "nothing would be quarantined; nothing is left of it" in last_line(REHEARSAL)
    assert "1 record would be quarantined" in last_line(replace(REHEARSAL, steps=[bad]))
    assert last_line(replace(REHEARSAL, steps=[stopped])).startswith("stopped after 20 s")


def test_programs_read_every_chunk_and_why_it_failed() -> None:
    error = TooManyBadRecords("too many of s3cret", hint="mend s3cret")
    failed = replace(STEP, status=StepStatus.FAILED, error=error)
    payload = rehearsal_payload(replace(REHEARSAL, steps=[failed]), Mask({"s3cret"}))

    assert "failed" == payload["status"]
    assert 40 == len(payload["steps"][0]["chunks"])
    assert {
        "error": "TooManyBadRecords",
        "message": "too many of ***",
        "hint": "mend ***",
    } == payload["steps"][0]["error"]
