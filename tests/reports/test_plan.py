"""A plan as people read it: no time of day is ambiguous, and no line breaks."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from rich.cells import cell_len

from daybreak import Database, Job, Work, source
from daybreak.operations.plan import Plan, plan_from
from daybreak.operations.plan_known import Known
from daybreak.operations.what_if import read_what_if
from daybreak.reports.plan import plan_parts
from daybreak.reports.plan_clock import clock_at, ticks
from daybreak.reports.plan_page import page_of
from daybreak.reports.plan_words import facts, title, wanted
from daybreak.reports.secrets import Mask
from tests.reports.printing import Utf8, printed

NIGHT = date(2026, 12, 1)
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
LONG = "a_step_with_a_name_that_is_longer_than_any_column"
WIDE = "受注データの読み込みと検査と集計の処理"


def night(
    words: str = "load=2h,close=1h",
    *,
    window: str | None = "22:00-05:00 Asia/Tokyo",
    of: date = NIGHT,
    names: tuple[str, str] = ("load", "close"),
    critical: float | None = None,
) -> Plan:
    """Plan a job of two steps by somebody's word."""
    job = Job("nightly", window=window, critical=critical)
    db = Database("sqlite:///nowhere.db")

    def load() -> Work:
        return source(range(10)).each(lambda _n, _tx: None, database=db)

    def close() -> int:
        return 1

    load.__name__, close.__name__ = names
    job.task(after=job.step()(load))(close)
    return plan_from(
        job,
        Known(),
        night=of,
        now=NOON,
        file="nightly.py",
        what_if=read_what_if(words, names, []),
        supposed=words,
        nights=400,
    )


def shown(plan: Plan, width: int) -> list[str]:
    """Print a plan as a terminal of some width shows it."""
    return printed(plan_parts(plan, Utf8(), width), width)


def test_a_time_of_another_day_says_so() -> None:
    plan = night("load=30h,close=1h")
    ends = [line for line in shown(plan, 120) if line.startswith("nothing fails")]

    assert " +2 d" in ends[0]
    assert "23:00" == clock_at(plan, 3_600)
    assert "22:00 +1 d" == clock_at(plan, 86_400)
    assert "05:00" == clock_at(plan, 7 * 3_600)
    assert "22:00 -1 d" == clock_at(plan, -86_400)


def test_an_hour_that_comes_twice_says_which_one_it_is() -> None:
    plan = night(window="22:00-05:00 Europe/Berlin", of=date(2026, 10, 24))

    assert ["02:00 CEST", "02:00 CET", "03:00"] == [clock_at(plan, h * 3_600) for h in (4, 5, 6)]
    assert 8 * 3_600 == plan.timing.window_s


def test_a_start_on_another_day_than_the_night_has_its_date() -> None:
    assert "starts 22:00," in title(night())
    assert "starts 2026-12-02 06:00," in title(night("load=2h,close=1h,start=06:00"))


def test_a_start_behind_the_window_has_no_end_of_it_in_the_picture() -> None:
    plan = night("load=2h,close=1h,start=06:00")
    lines = shown(plan, 120)

    assert not any("│" in line for line in lines)
    assert "end of the window</title>" not in page_of(plan, Mask())
    assert ("window breaks", "this night, however few records there are") in facts(plan)
    assert "on what date" not in dict(facts(plan))


def test_a_latest_start_that_is_over_says_by_how_much() -> None:
    told = dict(facts(night("load=8h,close=1h")))["latest start"]

    assert " before this start, to be done with 95 %; " in told


def test_the_wanted_probability_is_written_as_it_was_given() -> None:
    assert "95 %" == wanted(night())
    assert "99.95 %" == wanted(night(critical=0.9995))


@pytest.mark.parametrize("hours", [0.01, 0.2, 3, 30, 300, 3_000])
@pytest.mark.parametrize("width", [80, 120])
def test_times_above_the_bars_never_touch(hours: float, width: int) -> None:
    plan = night(f"load={hours}h,{LONG}=1s", names=("load", LONG))
    lines = shown(plan, width)
    (place,) = (n for n, line in enumerate(lines) if line.startswith("load  ") and "█" in line)
    labels = lines[place - 1].split("  ")

    assert all(len(label.strip()) <= 9 for label in labels), lines[place - 1]


def test_round_times_are_those_of_the_windows_clock() -> None:
    plan = night(window="22:00-05:00 Asia/Kolkata")

    assert ["22:00", "23:00", "00:00"] == [label for _, label in ticks(plan, 2.5 * 3_600, 4)]


@pytest.mark.parametrize("width", [80, 120, 160])
@pytest.mark.parametrize("names", [("load", "close"), (LONG, "close"), (WIDE, "close")])
def test_bars_and_rows_are_aligned_and_none_breaks(width: int, names: tuple[str, str]) -> None:
    plan = night(f"{names[0]}=2h,close=1h", names=names)
    lines = shown(plan, width)
    bars = [line for line in lines if (line.endswith("critical") and "│" in line) or "█" in line]
    (head,) = (line for line in lines if line.startswith("step "))
    rows = lines[lines.index(head) + 2 :][:2]

    assert max(map(cell_len, lines)) <= width
    assert 2 == len(bars)
    assert 1 == len({cell_len(bar[: bar.rindex("│")]) for bar in bars})
    assert rows[1].startswith("close  ")
    assert all("min" in row or " h " in row for row in rows)


def test_a_narrow_terminal_is_told_from_where_all_is_known() -> None:
    assert not any(line.startswith("known from") for line in shown(night(), 160))
    (line,) = (line for line in shown(night(), 80) if line.startswith("known from"))
    assert line.endswith("  your word, every step")


def test_a_page_of_a_job_without_a_window_has_no_empty_column() -> None:
    assert '<th class="n">done</th>' in page_of(night(), Mask())
    assert '<th class="n">done</th>' not in page_of(night(window=None), Mask())


def test_minutes_are_told_with_their_seconds() -> None:
    plan = night("load=20s,close=10s", window=None)

    assert 8 == len(clock_at(plan, 1.0))
