"""How good forecasts were, as people read it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from rich.cells import cell_len

from daybreak.operations.accuracy import Judged, Record
from daybreak.reports.accuracy import accuracy_parts
from tests.reports.printing import printed

AT = datetime(2026, 11, 27, 2, tzinfo=UTC)


def shown(record: Record, width: int) -> list[str]:
    """Print a record as a terminal of some width shows it."""
    return printed(accuracy_parts(record, width), width)


def judged(step: str = "load", *, low: float = 300.0, high: float = 900.0) -> Judged:
    return Judged(
        12, date(2026, 11, 27), step, 1_200_000, 500.0, AT, 480.0, low, high, 3_000.0, "A"
    )


@pytest.mark.parametrize("width", [80, 160])
def test_a_run_is_a_line_on_any_usual_terminal(width: int) -> None:
    lines = shown(Record([judged(), judged("a_step_with_a_very_long_name")], 0), width)
    rows = [line for line in lines if "1,200,000" in line]

    assert 2 == len(rows)
    assert all(row.endswith("A") and "+4%" in row for row in rows)
    assert max(map(cell_len, lines)) <= width


def test_a_narrow_terminal_has_no_room_for_nights_and_seconds() -> None:
    assert "5 min 00 s to 15 min 00 s" in shown(Record([judged()], 0), 160)[3]
    assert "5 to 15 min" in shown(Record([judged()], 0), 80)[3]
    assert "2026-11-27" not in "".join(shown(Record([judged()], 0), 80))


@pytest.mark.parametrize("width", [80, 160])
def test_an_interval_that_says_nothing_is_not_known(width: int) -> None:
    row = shown(Record([judged(low=0.005, high=float("inf"))], 0), width)[3]

    assert "not known" in row
