"""The end of a run: the table of fates and the last line."""

from __future__ import annotations

import io
from typing import Any

import pytest

from daybreak.model.fate import Counts
from daybreak.model.status import RunStatus
from daybreak.reports.look import console_on
from daybreak.reports.summary import last_line, quarantined_in, summary_table
from tests.reports.conftest import Events, Watched


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"quarantined": 56_295},
            "run 1 done in 14 s; 56,295 records quarantined (see: daybreak quarantine 1)",
        ),
        ({}, "run 1 done in 14 s; nothing quarantined"),
        (
            {"status": RunStatus.STOPPED},
            "run 1 stopped after 14 s between two chunks; what is committed stays",
        ),
        ({"was_done": True}, "run 1 was done already; nothing to do; once more: daybreak run"),
        (
            {"was_done": True, "quarantined": 1},
            (
                "run 1 was done already; 1 record quarantined (see: daybreak quarantine 1);"
                " once more: daybreak run"
            ),
        ),
    ],
)
def test_the_last_line_says_how_it_ended(changes: dict[str, Any], line: str) -> None:
    usual: dict[str, Any] = {
        "run": "1",
        "status": RunStatus.DONE,
        "quarantined": 0,
        "duration_s": 14.2,
        "was_done": False,
        "see": "daybreak quarantine 1",
        "again": "daybreak run",
    }

    assert line == last_line(**{**usual, **changes})


def test_the_table_shows_what_adds_up(
    watched: Watched, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    watched.hear(events.run("load", "mail"))
    watched.hear(events.step())
    watched.hear(events.ended(counts=Counts(1000, 900, 50, 30, 20, 910)))
    stream = io.StringIO()
    console_on(stream).print(summary_table(watched.progress.steps, stream))

    head, _rule, load, mail = stream.getvalue().splitlines()
    names = ["step", "read", "passed", "filtered", "quarantined", "superseded", "written", "took"]
    assert names == head.split()
    assert ["load", "1,000", "900", "50", "30", "20", "910", "2.5", "s"] == load.split()[1:]
    assert ["mail", "waiting"] == mail.split()[1:]
    assert 30 == quarantined_in(watched.progress)
