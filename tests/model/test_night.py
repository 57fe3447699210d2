"""The business date of a run, around midnight and when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daybreak.errors import DefinitionError
from daybreak.model.night import Window, read_critical

BERLIN = ZoneInfo("Europe/Berlin")  # clocks change at 01:00 UTC, on 2026-03-29 and on 2026-10-25
WINDOWS = [
    Window.parse(text)
    for text in (
        "02:00-05:00 Asia/Tokyo",
        "22:00-05:00 America/New_York",
        "23:30-02:30 Europe/Berlin",
        "00:00-02:30 Europe/Berlin",
        "02:15-02:45 Europe/Berlin",
        "18:00-00:00 Australia/Lord_Howe",
    )
]
INSTANTS = st.datetimes(
    datetime(2025, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2027, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
SPRING = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)


def at(text: str, zone: ZoneInfo = BERLIN, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


def end_of(window: Window, night: date) -> datetime:
    """Say when the window that begins on a date ends, as an instant."""
    day = night + timedelta(days=window.end < window.begin)
    return datetime.combine(day, window.end, window.zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("window", "local", "night"),
    [
        pytest.param("02:00-05:00", "2026-01-02T00:00", date(2026, 1, 2), id="before-it"),
        pytest.param("02:00-05:00", "2026-01-02T02:00", date(2026, 1, 2), id="as-it-opens"),
        pytest.param("02:00-05:00", "2026-01-02T04:59:59", date(2026, 1, 2), id="inside"),
        pytest.param("02:00-05:00", "2026-01-02T05:00", date(2026, 1, 3), id="as-it-ends"),
        pytest.param("02:00-05:00", "2025-12-31T12:00", date(2026, 1, 1), id="next-year"),
        pytest.param("22:00-05:00", "2026-01-02T21:59", date(2026, 1, 2), id="evening-before"),
        pytest.param("22:00-05:00", "2026-01-02T23:59:59", date(2026, 1, 2), id="not-midnight-yet"),
        pytest.param("22:00-05:00", "2026-01-03T00:00", date(2026, 1, 2), id="midnight"),
        pytest.param("22:00-05:00", "2026-01-03T04:59:59", date(2026, 1, 2), id="past-midnight"),
        pytest.param("22:00-05:00", "2026-01-03T05:00", date(2026, 1, 3), id="its-end"),
        pytest.param("18:00-00:00", "2026-01-02T23:59", date(2026, 1, 2), id="until-midnight"),
        pytest.param("18:00-00:00", "2026-01-03T00:00", date(2026, 1, 3), id="behind-midnight"),
    ],
)
def test_a_run_belongs_to_the_date_on_which_its_window_begins(
    window: str, local: str, night: date
) -> None:
    assert night == Window.parse(f"{window} Europe/Berlin").night_at(at(local))


def test_the_night_is_that_of_the_windows_zone() -> None:
    evening = datetime(2026, 1, 1, 18, tzinfo=UTC)

    assert date(2026, 1, 2) == Window.parse("02:00-05:00 Asia/Tokyo").night_at(evening)
    assert date(2026, 1, 1) == Window.parse("17:00-19:00 UTC").night_at(evening)


@given(st.sampled_from(WINDOWS), INSTANTS, st.timedeltas(timedelta(0), timedelta(hours=3)))
@example(WINDOWS[2], AUTUMN, timedelta(minutes=30))
@example(WINDOWS[3], AUTUMN, timedelta(minutes=30))
@example(WINDOWS[4], AUTUMN, timedelta(minutes=45))
@example(WINDOWS[4], SPRING, timedelta(minutes=2))
def test_nights_never_go_back_as_time_goes_on(
    window: Window, instant: datetime, later: timedelta
) -> None:
    assert window.night_at(instant) <= window.night_at(instant + later)


@given(st.sampled_from(WINDOWS), INSTANTS)
def test_the_window_of_a_night_is_the_first_that_has_not_ended(
    window: Window, instant: datetime
) -> None:
    night = window.night_at(instant)

    assert end_of(window, night - timedelta(days=1)) <= instant < end_of(window, night)


def test_a_window_that_ends_in_the_hour_that_comes_twice_ends_the_first_time() -> None:
    window = Window.parse("23:30-02:30 Europe/Berlin")

    assert date(2026, 10, 24) == window.night_at(at("2026-10-25T02:29"))
    assert date(2026, 10, 25) == window.night_at(at("2026-10-25T02:31"))
    assert date(2026, 10, 25) == window.night_at(at("2026-10-25T02:29", fold=1))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "02:00-05:00",
        "02:00 Asia/Tokyo",
        "02:00-25:00 Asia/Tokyo",
        "2-5 Asia/Tokyo",
        "02:00-05:00 Asia/Nowhere",
        "02:00-05:00 ../etc/passwd",
        "02:00-05:00  Asia/Tokyo",
        "02:00-02:00 Asia/Tokyo",
    ],
)
def test_a_window_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(DefinitionError, match="window"):
        Window.parse(text)


def test_a_time_zone_that_there_is_not_is_named_with_what_may_be_meant() -> None:
    with pytest.raises(DefinitionError, match="there is no time zone 'Asia/Tokio'") as caught:
        Window.parse("02:00-05:00 Asia/Tokio")

    assert "did you mean 'Asia/Tokyo'?" == caught.value.hint


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_a_window_reads_as_it_was_written(window: Window) -> None:
    assert window == Window.parse(str(window))


def test_the_window_of_a_night_ends_on_the_next_day_if_it_passes_midnight() -> None:
    begin, end = Window.parse("22:00-05:00 Europe/Berlin").span_of(date(2026, 3, 28))

    assert datetime(2026, 3, 28, 21, tzinfo=UTC) == begin
    assert datetime(2026, 3, 29, 3, tzinfo=UTC) == end  # the clocks went forward in between


def test_critical_is_a_probability_of_a_job_with_a_window() -> None:
    window = Window.parse("02:00-05:00 Asia/Tokyo")

    assert read_critical(None, None) is None
    assert 0.99 == read_critical(0.99, window)
    for wrong in (0, 1, 99, True):
        with pytest.raises(DefinitionError, match="a probability between 0 and 1"):
            read_critical(wrong, window)
    with pytest.raises(DefinitionError, match="has none"):
        read_critical(0.9, None)
