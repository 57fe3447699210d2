"""How far a check is, by a clock that is moved by hand."""

from __future__ import annotations

import io

from daybreak.check.by_columns import CheckedByRows
from daybreak.check.file import CheckProgress
from daybreak.check.summary import FileSummary
from daybreak.reports.check_progress import CheckDisplay
from tests.reports.conftest import HandClock


def test_a_line_every_few_seconds_says_how_far_it_is() -> None:
    stream, clock = io.StringIO(), HandClock()
    with CheckDisplay({"f.csv": 1000}, stream, clock) as display:
        clock.now_s += 1
        display.hear(CheckProgress("f.csv", 10, 0, 100, 1000))
        clock.now_s += 5
        display.hear(CheckProgress("f.csv", 60, 2, 600, 1000))

    assert "f.csv: 60 records (60%), 10/s, 4.0 s left, 2 faulty\n" == stream.getvalue()


def test_why_a_file_is_checked_row_by_row_is_a_line_that_stays() -> None:
    stream = io.StringIO()

    with CheckDisplay({"f.csv": 1000}, stream, HandClock()) as display:
        display.hear(CheckedByRows("f.csv", "it has a trailer"))

    said = "f.csv is checked row by row, which takes longer: it has a trailer\n"
    assert said == stream.getvalue()


def test_the_share_is_of_all_files() -> None:
    clock = HandClock()
    display = CheckDisplay({"a": 100, "b": 300}, io.StringIO(), clock)

    display.hear(CheckProgress("a", 1, 0, 100, 100))
    display.hear(FileSummary("a", rows=1, size_bytes=100))
    display.hear(CheckProgress("b", 3, 0, 100, 300))

    assert 0.5 == display.share
    assert "b (2 of 2)" == display.what
    assert "3" == display.done


def test_files_without_bytes_are_done_at_once() -> None:
    display = CheckDisplay({"a": 0}, io.StringIO(), HandClock())

    assert 1.0 == display.share
    assert "…" == display.line()
