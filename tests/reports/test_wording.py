"""Numbers, spans and foreign text as people read them."""

from __future__ import annotations

import pytest

from daybreak.reports.wording import from_to, rate, records, span, visible, visible_bytes


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.7, "1 h 00 min"),
        (7500, "2 h 05 min"),
        (100_000, "1 d 03 h"),
    ],
)
def test_a_span_is_written_with_its_units(seconds: float, text: str) -> None:
    assert text == span(seconds)


def test_rates_and_records_are_written_with_their_units() -> None:
    assert ["0.5/s", "1,234/s"] == [rate(0.5), rate(1234.4)]
    assert ["1 record", "1,234 records"] == [records(1), records(1234)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("日本語 é", "日本語 é"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\udcff", r"\udcff"),
    ],
)
def test_foreign_text_cannot_move_the_cursor(text: str, shown: str) -> None:
    assert shown == visible(text)


def test_long_text_is_cut_visibly() -> None:
    assert "abcd…" == visible("abcdefgh", 5)


def test_bytes_that_are_no_text_are_shown_as_bytes() -> None:
    assert r"a\xffb\x00" == visible_bytes(b"a\xffb\x00")
    assert 10 == len(visible_bytes(b"x" * 1000, 10))


@pytest.mark.parametrize(
    ("low_s", "high_s", "text"),
    [
        (0.4, 12.2, "0 to 13 s"),
        (12, 12, "12 s"),
        (80, 100, "1 to 2 min"),
        (480, 1_080, "8 to 18 min"),
        (5_300, 8_300, "1.4 to 2.4 h"),
        (86_400, 400 * 3_600, "1.0 to 16.7 d"),
    ],
)
def test_an_interval_where_there_is_little_room(low_s: float, high_s: float, text: str) -> None:
    assert text == from_to(low_s, high_s)
