"""What a check found, on a terminal."""

from __future__ import annotations

import io

import pytest

from daybreak.check.summary import CheckSummary, FileSummary
from daybreak.model.chunk import Finding
from daybreak.reports.findings import CAUSES_SHOWN_MAX, findings_parts, verdict_parts
from daybreak.reports.look import console_on
from daybreak.reports.secrets import Mask


def summary(*found: tuple[str | None, str, str | None], rows: int = 100) -> CheckSummary:
    file = FileSummary("f.csv", rows=rows, faulty_rows=len(found), size_bytes=1234)
    for line, (column, reason, value) in enumerate(found, 2):
        file.add(Finding("f.csv", line, column, value, reason))
    file.too_many = bool(found)
    return CheckSummary([file], "0")


def shown(found: CheckSummary, *, width: int = 80, mask: Mask | None = None) -> str:
    stream = io.StringIO()
    console = console_on(stream, width=width)
    for part in [
        *findings_parts(found, stream, mask or Mask()),
        *verdict_parts(found, 2.0, stream),
    ]:
        console.print(part)
    return stream.getvalue()


def test_causes_come_the_commonest_first_with_their_places() -> None:
    text = shown(summary(("a", "rare", "1"), ("b", "often", "2"), ("b", "often", "3")))

    assert text.index("b: often") < text.index("a: rare")
    assert "          2    2.00%  b: often" in text
    assert ["line 3  2", "line 4  3", "line 2  1"] == [
        line.strip() for line in text.splitlines() if "line" in line
    ]


def test_what_a_terminal_would_obey_is_written_out_and_secrets_are_hidden() -> None:
    text = shown(
        summary(("a\x1b", "r", "\x1b[31m\u202e"), (None, "s", "hunter2")), mask=Mask(["hunter2"])
    )

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert r"\x1b[31m\u202e" in text
    assert "***" in text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_it_fits_any_terminal(width: int) -> None:
    found = summary(("c" * 100, "r" * 150, "v" * 200), (None, "s", "w " * 100))

    assert all(len(line) <= width for line in shown(found, width=width).splitlines())


def test_many_causes_are_cut_short() -> None:
    found = summary(*((f"c{number}", "r", "v") for number in range(CAUSES_SHOWN_MAX + 3)))

    assert "… and 3 more causes" in shown(found)


def test_empty_and_missing_values_are_told_apart() -> None:
    text = shown(summary(("a", "r", ""), ("b", "r", None)))

    assert "line 2  (empty)" in text
    assert "line 3  (nothing)" in text


def test_totals_rate_and_verdict_end_it() -> None:
    clean = summary()
    clean.files[0].too_many = False

    assert [
        "100 records, 0 faulty; 2.0 s, 50/s",
        "✓ clean: every record keeps the schema",
    ] == shown(clean).splitlines()[-2:]


def test_a_share_that_two_decimals_cannot_show_is_not_shown_as_nothing() -> None:
    assert "<0.01%" in shown(summary(("a", "r", "v"), rows=1_000_000))
