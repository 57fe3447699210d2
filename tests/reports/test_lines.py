"""Plain lines where there is no terminal."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from daybreak.model.fate import Counts
from daybreak.model.overrun import Outlook
from daybreak.reports.lines import CHUNK_LINE_EVERY_S, Lines, overrun
from daybreak.reports.secrets import Mask
from daybreak.telemetry import AttemptDied, Event, Overrun, RangeSuspected
from tests.reports.conftest import Events, Watched


class Broken(io.StringIO):
    """A pipe whose reader is gone."""

    def __init__(self) -> None:
        super().__init__()
        self.tries = 0

    def write(self, _text: str) -> int:
        self.tries += 1
        raise BrokenPipeError


def written(watched: Watched, *all_events: Event, mask: Mask | None = None) -> list[str]:
    stream = io.StringIO()
    lines = Lines(watched.progress, stream, mask or Mask())
    for event in all_events:
        watched.hear(event)
        lines.hear(event)
    return stream.getvalue().splitlines()


def test_a_run_is_told_line_by_line(watched: Watched, events: Events) -> None:
    done = Counts(100, 98, 0, 2, 0, 98)

    assert [
        "run 1 of job shop started",
        "load: started, 100 records",
        "load: done in 2.5 s, 100 records, 2 quarantined",
    ] == written(watched, events.run("load"), events.step(), events.ended(counts=done))


def test_a_resumed_run_says_where_it_goes_on(watched: Watched, events: Events) -> None:
    done = Counts(read=90_000, passed=90_000)

    assert [
        "run 1 of job shop resumed",
        "check: done already",
        "resumed run 1: load goes on after 90,000 records",
    ] == written(
        watched,
        events.run("check", "load", is_resumed=True),
        events.ended("check", was_done=True),
        events.step(done=done),
    )


def test_a_step_that_waits_says_for_what(watched: Watched, events: Events) -> None:
    """A name that another job chose is shown as it is, and no terminal obeys it."""
    waits = events.waits(holder="run 7 step \x1b[2J")

    assert ["load: waiting for db: 2 of 2 in use by run 7 step \\x1b[2J"] == written(watched, waits)


def test_chunks_are_told_every_few_seconds_only(watched: Watched, events: Events) -> None:
    stream = io.StringIO()
    lines = Lines(watched.progress, stream, Mask())
    watched.hear(events.step(total=1000))
    for _second in range(int(2 * CHUNK_LINE_EVERY_S)):
        watched.pass_s(1)
        watched.hear(events.chunk(10, quarantined=1))
        lines.hear(events.chunk())

    assert [
        "load: 50 of 1,000 records (5%), 10/s, 1 min 35 s left, 5 quarantined",
        "load: 100 of 1,000 records (10%), 10/s, 1 min 30 s left, 10 quarantined",
    ] == stream.getvalue().splitlines()


def test_tables_and_words_of_a_step_are_shown(watched: Watched, events: Events) -> None:
    found = written(
        watched,
        events.said("fetching\x1b", key="hunter22"),
        events.shown({"carrier": "AA", "late": 1.234}, {"carrier": "[b]UA", "late": None}),
        mask=Mask(["hunter22"]),
    )

    assert r"load: fetching\x1b (key=***)" == found[0]
    assert [["Totals"], ["carrier", "late"], ["AA", "1.23"], ["[b]UA"]] == [
        line.split() for line in found[1:] if line.strip() and "─" not in line
    ]


def test_a_reader_that_is_gone_is_not_written_to_again(watched: Watched, events: Events) -> None:
    stream = Broken()
    lines = Lines(watched.progress, stream, Mask())
    lines.hear(events.run("load"))
    lines.hear(events.said("more"))

    assert 1 == stream.tries


AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            AttemptDied(AT, "SIGSEGV", ["load (0, 10]", "fetch"], None, ""),
            "the process before this one died: SIGSEGV; in hand: load (0, 10], fetch",
        ),
        (
            AttemptDied(AT, "SIGKILL", ["load (0, 10]"], "4 in put", ""),
            "the process before this one died: SIGKILL; in hand: load (0, 10]; at record 4 in put",
        ),
        (AttemptDied(AT, "", [], None, ""), "the process before this one died"),
        (
            RangeSuspected(AT, "load", "(0, 10]", 1),
            "load: its process died once at (0, 10]; that is done alone",
        ),
    ],
)
def test_deaths_are_told_with_what_was_in_hand(watched: Watched, event: Event, line: str) -> None:
    assert [line] == written(watched, event)


def last_line(watched: Watched, events: Events, *heard: Event) -> str:
    """Hear events, and a chunk when the next line is due; return that line."""
    stream = io.StringIO()
    lines = Lines(watched.progress, stream, Mask())
    for event in heard:
        watched.hear(event)
        lines.hear(event)
    watched.pass_s(CHUNK_LINE_EVERY_S)
    watched.hear(events.chunk(0))
    lines.hear(events.chunk(0))
    return stream.getvalue().splitlines()[-1]


def test_the_time_that_is_left_comes_from_the_law_once_that_is_known(
    watched: Watched, events: Events
) -> None:
    last = last_line(watched, events, events.step(), events.chunk(50), events.estimated(720))

    assert "11 min 55 s left (7 min 55 s to 17 min 55 s)" in last


def test_where_nobody_knows_how_many_records_there_are_it_is_said_so(
    watched: Watched, events: Events
) -> None:
    idea = replace(events.estimated(720), total=123_456, is_about=True)
    last = last_line(watched, events, events.step(total=None), events.chunk(50), idea)

    assert "50 of about 120,000 records (0%)" in last
    assert "about 11 min 55 s left (7 min 55 s to 17 min 55 s)" in last


def late(likely_s: float, window_s: float = 3_600.0, outlook: Outlook = Outlook.LATE) -> str:
    """Say it at two o'clock in Tokyo, of a run that takes at most twice as long as is likely."""
    at = datetime(2026, 1, 30, 17, tzinfo=UTC)
    ends_at = (at + timedelta(seconds=window_s)).astimezone(ZoneInfo("Asia/Tokyo"))
    return overrun(Overrun(at, outlook, ends_at, likely_s, 2 * likely_s, (), "warn"))


@pytest.fixture
def live_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Give what moves the reader to another time zone."""

    def move(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


def test_an_overrun_is_told_by_the_clock_of_the_window(live_in: Callable[[str], None]) -> None:
    live_in("Asia/Tokyo")
    assert "will overrun: the window ends at 03:00, the run at 03:30 to 05:00" == late(5_400)
    assert "the run at 2026-02-03 02:00 to 2026-02-06 02:00" in late(3 * 86_400)
    assert "the window ends at 02:05:00, the run at 02:05:10 to 02:10:20" in late(310, 300)
    assert late(600, outlook=Outlook.ON_TIME).startswith("on time again: the window ends at 03:00")

    live_in("UTC")
    assert "the window ends at 03:00 JST, the run at 03:30 JST to 05:00 JST" in late(5_400)
