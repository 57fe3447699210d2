"""The live picture of a run, drawn on a terminal that is not there."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from daybreak.model.fate import Counts
from daybreak.model.job import StepKind
from daybreak.model.status import StepStatus
from daybreak.reports.live import LiveDisplay, RunView, choose
from daybreak.reports.progress import StepProgress
from daybreak.reports.secrets import Mask
from daybreak.telemetry import Fetching
from tests.reports.conftest import AT, Events, Watched
from tests.reports.printing import Utf8


class Ascii(io.StringIO):
    """A stream that can write few."""

    encoding = "ascii"


def picture(watched: Watched, stream: io.StringIO | None = None, width: int = 120) -> list[str]:
    console = Console(
        file=stream or Utf8(), width=width, height=24, force_terminal=True, color_system=None
    )
    with console.capture() as capture:
        console.print(RunView(watched.progress, stream or Utf8()))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_step_that_waits_says_so_until_it_begins(watched: Watched, events: Events) -> None:
    watched.hear(events.run("load"))
    watched.hear(events.waits())
    assert "waits for db" in picture(watched)[1]

    watched.hear(events.step())
    assert "waits" not in picture(watched)[1]


def test_a_row_a_step_says_how_far_it_is(watched: Watched, events: Events) -> None:
    watched.hear(events.run("check", "load", "mail"))
    watched.hear(events.step("check", None, kind=StepKind.TASK))
    watched.hear(events.ended("check"))
    watched.hear(events.step("load", 100))
    watched.pass_s(2)
    watched.hear(events.chunk(50, quarantined=3))

    head, check, load, mail = picture(watched)
    assert "shop  run 1" == head
    assert ["✓", "check", "2.5", "s"] == check.split()
    assert "50 / 100  25/s  2.0 s left  3 quarantined" in load
    assert 12 == load.count("━") - load.count("╺")
    assert ["·", "mail"] == mail.split()


def test_a_task_shows_how_long_it_is_at_work(watched: Watched, events: Events) -> None:
    watched.hear(events.run("check"))
    watched.hear(events.step("check", None, kind=StepKind.TASK))
    watched.pass_s(65)

    assert picture(watched)[1].split()[1:] == ["check", "1", "min", "05", "s"]


def test_a_task_shows_how_much_has_come_of_what_it_fetches(
    watched: Watched, events: Events
) -> None:
    watched.hear(events.run("fetch"))
    watched.hear(events.step("fetch", None, kind=StepKind.TASK))
    watched.hear(Fetching(AT, "fetch", "f.csv", 5_000_000, 20_000_000, 1e6, 0, 1))

    row = picture(watched)[1]

    assert "5.0 MB of 20.0 MB (25%)  1.0 MB/s" in row
    assert 6 == row.count("━") - row.count("╺")


def test_a_step_of_unknown_length_has_no_remaining_time(watched: Watched, events: Events) -> None:
    watched.hear(events.run("load"))
    watched.hear(events.step(total=None))
    watched.pass_s(2)
    watched.hear(events.chunk(50))

    assert "50  25/s  2.0 s" in picture(watched)[1]


def test_a_resumed_run_says_so(watched: Watched, events: Events) -> None:
    watched.hear(events.run("check", "load", is_resumed=True))
    watched.hear(events.ended("check", was_done=True))
    watched.hear(events.ended("load", StepStatus.FAILED))

    head, check, load = picture(watched)
    assert "shop  resumed run 1" == head
    assert "done already" in check
    assert ["✗", "load", "failed", "2.5", "s"] == load.split()


def test_how_sure_the_end_is_has_room_on_any_usual_terminal(
    watched: Watched, events: Events
) -> None:
    watched.hear(events.run("load"))
    watched.hear(events.step())
    watched.pass_s(2)
    watched.hear(events.chunk(50))
    watched.hear(events.estimated(720))

    assert "25/s  12 min 00 s left (8 min 00 s to 18 min 00 s)" in picture(watched, width=120)[1]
    assert picture(watched, width=80)[1].endswith("50 / 100  25/s  8 to 18 min left")


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_row_is_wider_than_the_terminal(width: int, watched: Watched, events: Events) -> None:
    watched.hear(events.run("a_step_with_a_very_long_name_indeed_that_goes_on_and_on"))
    watched.hear(events.step("a_step_with_a_very_long_name_indeed_that_goes_on_and_on", 10**9))
    watched.pass_s(1)
    watched.hear(
        events.chunk(5_000_000, 1_000, "a_step_with_a_very_long_name_indeed_that_goes_on_and_on")
    )
    watched.hear(events.estimated(7_200, "a_step_with_a_very_long_name_indeed_that_goes_on_and_on"))
    lines = picture(watched, width=width)

    assert 2 == len(lines)
    assert max(map(len, lines)) <= width


def test_a_terminal_without_fine_letters_gets_plain_ones(watched: Watched, events: Events) -> None:
    watched.hear(events.run("load", "mail"))
    watched.hear(events.step())
    signs = [line[0] for line in picture(watched, Ascii())[1:]]

    assert ["|", "."] == signs


def test_of_many_steps_those_at_work_are_shown() -> None:
    steps = [StepProgress(f"s{number}") for number in range(10)]
    for step in steps[:5]:
        step.status = StepStatus.DONE
    steps[5].status = steps[7].status = StepStatus.RUNNING
    steps[2].status = StepStatus.FAILED

    assert ["s2", "s5", "s6", "s7"] == [step.name for step in choose(steps, 4)]
    assert steps == choose(steps, 10)


def test_what_is_said_stays_above_the_picture(watched: Watched, events: Events) -> None:
    stream = Utf8()
    console = Console(file=stream, width=100, force_terminal=True, color_system=None)
    with LiveDisplay(watched.progress, stream, Mask(["hunter22"]), console) as display:
        for event in (
            events.run("load", is_resumed=True),
            events.step(done=Counts(read=90)),
            events.said("with hunter22"),
            events.shown({"n": 1}),
            events.end(),
        ):
            watched.hear(event)
            display.hear(event)

    text = stream.getvalue()
    assert "resumed run 1: load goes on after 90 records" in text
    assert "load: with ***" in text
    assert "Totals" in text
    assert "hunter22" not in text
