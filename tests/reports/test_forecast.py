"""A forecast as it is shown: the law, the numbers, where it ends; and as a page."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from functools import cache

import pytest

from daybreak.forecast import Forecast, fit
from daybreak.operations.dangers import Danger, DangerKind, seen_in
from daybreak.operations.forecast import Ends, StepForecast, first_beyond
from daybreak.operations.samples import Sample
from daybreak.reports.forecast import forecast_parts, forecast_payload, span_fine, verdict
from daybreak.reports.forecast_page import page_of
from daybreak.reports.look import console_on
from daybreak.reports.secrets import Mask

WINDOW_S = 3 * 3600.0
SPILL = Danger(DangerKind.SPILL, "database <shop>", 1e6, "work_mem is 4MB")


SIZES = [150 * 2**n for n in range(12)]
SAMPLES = [Sample(n, 0.01 + 4e-9 * n * n, 60_000_000 + 100 * n, 1.0, 10**6) for n in SIZES]


@cache
def laws() -> tuple[Forecast, Forecast, Ends]:
    """Return the forecasts of time and memory, and where the time ends."""
    time = fit([(one.records, one.seconds) for one in SAMPLES])
    memory = fit([(one.records, one.rss_bytes) for one in SAMPLES], unit="bytes")
    return time, memory, Ends(first_beyond(time.safe_bound, WINDOW_S), None)


def found(*, records: int = 100_000, job: str = "shop") -> StepForecast:
    """Return the forecast of a step that grows by the square."""
    time, memory, ends = laws()
    return StepForecast(
        job=job,
        step="load",
        impact="Orders are missing.",
        records=records,
        samples=SAMPLES,
        runs=[],
        time=time,
        memory=memory,
        parallel=1,
        window="02:00-05:00 Asia/Tokyo",
        window_s=WINDOW_S,
        memory_bytes=8_000_000_000,
        ends=ends,
        caveats=["it was a warm day"],
        dangers=seen_in([(300, [SPILL]), (600, [replace(SPILL, amount=5e6)])]),
    )


def shown(forecast: StepForecast, encoding: str = "utf-8") -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = console_on(stream, width=120)
    for part in forecast_parts(forecast, stream):
        console.print(part)
    stream.flush()
    stream.seek(0)
    return stream.read()


@cache
def shown_in_full() -> str:
    return shown(found())


def test_people_read_the_law_the_time_and_where_it_ends() -> None:
    text = shown_in_full()

    assert "time of load: grows like n²; it is super-linear" in text
    assert "100,000 records take about" in text
    assert "it fits its window (02:00-05:00 Asia/Tokyo, 3 h 00 min) up to" in text
    assert "note: it was a warm day" in text
    assert "●" in text
    assert "◆" in text


@pytest.mark.slow
def test_dangers_are_named_with_their_sizes_and_what_they_mean() -> None:
    text = " ".join(shown_in_full().split())
    page = page_of(found(), Mask())
    (told,) = forecast_payload(found(), Mask())["dangers"]

    assert "spill to disk database <shop> 300 2 of 12 5.0 MB 600" in text
    assert "an index (work_mem is 4MB)" in text
    assert "beware: spill to disk from 300 records on (database <shop>)" in text
    assert "<td>spill to disk</td><td><bdi>database &lt;shop&gt;</bdi></td>" in page
    assert ("spill to disk", 300, 600, 5e6, "bytes") == tuple(
        told[name] for name in ("kind", "records_first", "records_worst", "amount", "unit")
    )


@pytest.mark.slow
def test_what_two_sizes_cannot_say_is_not_said() -> None:
    time = fit([(16, 1.68), (32, 2.055)])
    memory = fit([(16, 7.0e7), (32, 7.02e7)], unit="bytes")
    text = shown(replace(found(records=30_000), time=time, memory=memory))

    assert "9 of 10 times: not known" in text
    assert "more cannot be excluded)" in text
    assert "over 1,000.0 TB" in text
    assert "GB   " not in text


@pytest.mark.slow
def test_a_window_that_is_passed_is_said_first_in_the_page_by_its_colour() -> None:
    forecast = found(records=10_000_000)

    assert "it may not fit its window" in shown(forecast)
    assert 'class="verdict bad"' in page_of(forecast, Mask())


@pytest.mark.slow
def test_a_stream_without_braille_gets_plain_letters() -> None:
    text = shown(found(), encoding="latin-1")

    assert "root of n" in text
    assert "o measured  * asked  -- likely  .. 9 of 10  . . safe bound  == window" in text
    assert "......" in text, "the curve"


@pytest.mark.slow
def test_the_page_has_a_picture_of_time_and_one_of_memory() -> None:
    page = page_of(found(), Mask())
    time, memory = page.split("<svg")[1:]

    assert 'aria-label="seconds over records"' in time
    assert 'aria-label="bytes over records"' in memory
    assert 12 == time.count('<circle class="point"') == memory.count('<circle class="point"')
    assert "1 h 00 min</text>" in time
    assert "MB</text>" in memory
    assert 'class="limit"' in time
    assert 'class="limit"' not in memory, "the machine's memory is far away"
    tight = page_of(replace(found(), memory_bytes=90_000_000), Mask())
    assert "70% of the machine&#x27;s memory</text>" in tight


def test_what_to_measure_next_is_what_can_be_measured() -> None:
    small = replace(found(), samples=[replace(one, source_records=9) for one in found().samples])
    capped = replace(found(records=9_000_000), sample_most=400)
    runs = replace(found(records=9_000_000), samples=[])

    assert "its source holds no more than 9 records" in " ".join(
        verdict(replace(small, records=9_000_000))
    )
    assert "a larger --sample" in " ".join(verdict(capped))
    assert "--basis both lets it rehearse" in " ".join(verdict(runs))

    close = fit([(n, 0.01 * n) for n in range(1_000, 1_900, 100)])
    (further,) = [line for line in verdict(replace(capped, time=close)) if "to know better" in line]
    assert " too, or more than 307,200: a larger --sample" in further


def test_numbers_of_records_at_which_something_ends_have_three_digits() -> None:
    ends = Ends(4_562_318, 926_123_456)
    text = " ".join(verdict(replace(found(), ends=ends)))

    assert "up to 4,560,000 records" in text
    assert "from 926,000,000 records on" in text


@pytest.mark.slow
def test_foreign_text_is_harmless_on_the_page() -> None:
    page = page_of(found(job="<script>alert(1)</script>"), Mask())

    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_programs_get_numbers() -> None:
    payload = json.loads(json.dumps(forecast_payload(found(), Mask())))

    assert "n²" == payload["time"]["law"]
    assert "yes" == payload["time"]["super_linear"]
    assert 4 == len(payload["time"]["at"])
    assert "bytes" == payload["memory"]["unit"]


@pytest.mark.parametrize(("limit", "expected"), [(50.0, 51), (0.1, 1), (1e15, None)])
def test_the_first_size_beyond_a_limit(limit: float, expected: int | None) -> None:
    assert expected == first_beyond(lambda records: records, limit)


def test_a_bound_that_is_high_where_nothing_was_measured_passes_no_window_there() -> None:
    """Far below the sizes measured nobody knows anything, and a bound says so."""

    def bound(records: float) -> float:
        return 100.0 if records < 50 else records / 10

    assert 501 == first_beyond(bound, 50.0, begin=100)
    assert 1 == first_beyond(bound, 5.0, begin=100)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.0123, "12.3 ms"), (2.0, "2.0 s"), (4000.0, "1 h 06 min"), (1e12, "over 10 years")],
)
def test_spans_of_any_length(seconds: float, expected: str) -> None:
    assert expected == span_fine(seconds)
