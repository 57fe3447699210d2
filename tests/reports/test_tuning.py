"""What tuning found, as it is shown."""

from __future__ import annotations

import io
import json
from dataclasses import replace

from daybreak.forecast.scaling import Scaling, Setting
from daybreak.operations.samples import Sample
from daybreak.operations.tune import Measured, Tuning
from daybreak.reports.look import console_on
from daybreak.reports.secrets import Mask
from daybreak.reports.tuning import tuning_parts, tuning_payload

SETTINGS = [Setting(parallel, chunk) for parallel in (1, 2, 4, 8) for chunk in (100, 1_000)]
FOUND = Tuning(
    job="shop",
    step="load",
    records=1_000_000,
    now=Setting(8, 1_000),
    measured=[Measured(Setting(1, 100), Sample(10_000, 0.3, 60_000_000, 1.0, 1_000_000))],
    scaling=Scaling(1e-5, 2e-3, 0.0, 0.38, 0.05, 0.05),
    settings=SETTINGS,
    recommended=Setting(2, 1_000),
    fastest=Setting(4, 1_000),
    is_in_time=True,
    probability=0.95,
    window="02:00-05:00 Asia/Tokyo",
    window_s=3 * 3600.0,
    caveats=["nobody else was at work"],
)


def shown(found: Tuning) -> str:
    stream = io.StringIO()
    console = console_on(stream, width=200)
    for part in tuning_parts(found):
        console.print(part)
    return stream.getvalue()


def test_people_read_the_reason_and_what_to_do() -> None:
    text = shown(FOUND)

    assert "38% of the work is serial" in text
    assert "beyond 4 workers they disturb each other more than they help" in text
    assert "parallel=2, chunk=1000: 1,000,000 records in about" in text
    assert "it ends in its window (02:00-05:00 Asia/Tokyo, 3 h 00 min): over 99 % sure" in text
    assert "note: nobody else was at work" in text
    assert 2 == text.count("●"), "in the title, and where it was measured"


def test_a_window_that_no_setting_fits_is_said() -> None:
    assert "it may not end in its window" in shown(replace(FOUND, is_in_time=False))


def test_a_job_without_a_window_gets_the_fastest() -> None:
    found = replace(FOUND, is_in_time=None, window=None, window_s=None)

    assert "nothing that was tried is faster" in shown(found)
    assert tuning_payload(found, Mask())["settings"][0]["probability"] is None


def test_programs_get_numbers() -> None:
    payload = json.loads(json.dumps(tuning_payload(FOUND, Mask())))

    assert {"parallel": 2, "chunk": 1_000} == payload["recommended"]
    assert 8 == len(payload["settings"])
    assert payload["settings"][0]["seconds"] > 0
