"""A failure is told in a fixed order: who suffers, the cause, where, what to type."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from daybreak.check.summary import CheckSummary, FileSummary
from daybreak.errors import CheckFailed, StepFailed, TooManyBadRecords
from daybreak.model.chunk import Finding
from daybreak.reports.failure import Failure, as_payload, tell, user_place
from daybreak.reports.secrets import Mask


def told(failure: Failure, mask: Mask | None = None, *, with_traceback: bool = False) -> list[str]:
    stream = io.StringIO()
    tell(failure, stream, mask or Mask(), with_traceback=with_traceback)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_a_failure_is_told_in_this_order() -> None:
    error = TooManyBadRecords(
        "84,120 of 336,776 are bad", hint="see what they share", range="(90000, 100000]"
    )
    failure = Failure(
        error,
        [("look", "daybreak quarantine 1"), ("resume", "daybreak run examples/flights.py")],
        "flights",
        "The year is missing from every report.",
        run="1",
    )

    assert [
        "✗ step flights failed: The year is missing from every report.",
        "  TooManyBadRecords: 84,120 of 336,776 are bad",
        "  where: run 1, step flights, range (90000, 100000]",
        "  hint: see what they share",
        "",
        "  look:    daybreak quarantine 1",
        "  resume:  daybreak run examples/flights.py",
    ] == told(failure)


def test_without_an_impact_the_step_is_named_alone() -> None:
    assert "✗ step load failed" == told(Failure(StepFailed("x"), [], "load"))[0]


def test_a_message_of_many_lines_is_indented_and_harmless() -> None:
    lines = told(Failure(StepFailed("one\n\x1b[2Jtwo [red]"), []))

    assert ["  StepFailed: one", r"  \x1b[2Jtwo [red]"] == lines[1:3]


def _raise_for_user() -> None:
    raise ValueError("no carrier 'ZZ'")


@pytest.fixture
def from_user() -> StepFailed:
    """Give the error of a step whose function raised."""
    try:
        _raise_for_user()
    except ValueError as error:
        failed = StepFailed(f"ValueError: {error}", hint="mend the function")
        failed.__cause__ = error
    return failed


def test_the_users_innermost_frame_is_named(
    from_user: StepFailed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    line = _raise_for_user.__code__.co_firstlineno + 1

    lines = told(Failure(from_user, [], "load"))
    assert f"  at: test_failure.py:{line} in _raise_for_user" in lines
    assert not any("caused by" in text for text in lines)


def test_a_cause_that_the_message_does_not_repeat_is_told() -> None:
    error = StepFailed("the function failed")
    error.__cause__ = KeyError("dest")

    assert "  caused by KeyError: 'dest'" in told(Failure(error, []))


def test_an_error_without_a_users_frame_names_none() -> None:
    assert user_place(TooManyBadRecords("x")) is None


def test_the_traceback_is_shown_when_wanted(from_user: StepFailed) -> None:
    lines = told(Failure(from_user, [], "load"), with_traceback=True)

    assert "Traceback (most recent call last):" in lines
    assert "✗ step load failed" in lines


def test_secrets_are_hidden_everywhere() -> None:
    error = StepFailed("refused hunter22", hint="ask hunter22", key="hunter22")
    error.__cause__ = ValueError("hunter22!")
    failure = Failure(error, [], "load", "No hunter22.")
    mask = Mask(["hunter22"])

    assert "hunter22" not in "".join(told(failure, mask, with_traceback=True))
    assert "hunter22" not in str(as_payload(failure, mask, status=1))


def test_the_findings_of_a_check_are_shown_by_file_and_cause() -> None:
    summary = FileSummary("orders.csv", rows=3, faulty_rows=3)
    for line in (2, 3):
        summary.add(Finding("orders.csv", line, "amount", "-5", "below 0"))
    summary.add(Finding("orders.csv", 4, "id", "hunter22", "no number"))
    error = CheckFailed("the check refused 1 of 1 files")
    error.summary = CheckSummary([summary], "0")  # as the check does
    lines = told(Failure(error, [("resume", "daybreak run")], "check"), Mask(["hunter22"]))

    rows = [line.split() for line in lines]
    assert ["2", "66.67%", "amount:", "below", "0"] in rows
    assert ["line", "2", "-5"] in rows
    assert ["1", "33.33%", "id:", "no", "number"] in rows
    assert ["line", "4", "***"] in rows
    assert "  resume:  daybreak run" == lines[-1]


def test_programs_get_all_of_it(from_user: StepFailed) -> None:
    failure = Failure(from_user, [("resume", "daybreak run")], "load", "Old orders.", run="7")
    payload = as_payload(failure, Mask(), status=1)

    assert {
        "event": "failure",
        "exit_status": 1,
        "error": "StepFailed",
        "step": "load",
        "impact": "Old orders.",
        "where": {"run": "7", "step": "load"},
        "hint": "mend the function",
        "commands": {"resume": "daybreak run"},
    }.items() <= payload.items()
    assert "_raise_for_user" in payload["traceback"]
