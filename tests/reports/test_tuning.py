"""What tuning found, as it is shown."""

from __future__ import annotations

import io
import json
from dataclasses import replace

from daybreak.databases.watching import Wait
from daybreak.forecast.scaling import fit_scaling
from daybreak.forecast.scaling_laws import Setting
from daybreak.operations.samples import Sample
from daybreak.operations.tune import Measured, Tuning
from daybreak.reports.look import console_on
from daybreak.reports.secrets import Mask
from daybreak.reports.tuning import tuning_parts, tuning_payload
from tests.forecast.scaled_steps import STEPS

RECORDS = 1_000_000
SETTINGS = [Setting(parallel, chunk) for parallel in (1, 2, 4, 8) for chunk in (100, 1_000)]
MEASURED = [Setting(p, c) for p, c in ((1, 100), (1, 1_000), (2, 1_000), (4, 1_000), (8, 1_000))]
ON_ACCOUNTS = Wait("a row of accounts", 5.0, is_lock=True)


def sample(setting: Setting, **of: object) -> Sample:
    seconds = STEPS["one at a time"].seconds(setting, 160_000)
    known = Sample(160_000, seconds, 60_000_000, 1.0, RECORDS, chunk_s_max=0.1)
    return replace(known, **of)  # type: ignore[arg-type]


def tuned(*measured: Measured) -> Tuning:
    """Tune a step of which only one worker does anything at a time."""
    others = [Measured(one, sample(one)) for one in MEASURED]
    everything = [*(one for one in others if one.setting not in {m.setting for m in measured})]
    everything += measured
    scaling = fit_scaling([one.timing for one in everything], SETTINGS)
    chosen = Setting(1, 1_000)
    return Tuning(
        job="shop",
        step="load",
        records=RECORDS,
        now=Setting(8, 1_000),
        measured=everything,
        scaling=scaling,
        settings=SETTINGS,
        recommended=chosen,
        fastest=chosen,
        is_in_time=True,
        probability=0.95,
        window="02:00-05:00 Asia/Tokyo",
        window_s=3 * 3600.0,
        caveats=["nobody else was at work"],
    )


LOCKED = Measured(Setting(8, 1_000), sample(Setting(8, 1_000), waits=(ON_ACCOUNTS,)))
FOUND = tuned(LOCKED)


def shown(found: Tuning) -> str:
    stream = io.StringIO()
    console = console_on(stream, width=200)
    for part in tuning_parts(found):
        console.print(part)
    return stream.getvalue()


def test_people_read_the_reason_and_what_to_do() -> None:
    text = shown(FOUND)

    assert "beyond 1 worker they wait for a row of accounts (62% of their time): " in text
    assert "% of the work is serial" in text
    assert "parallel=1, chunk=1000: 1,000,000 records in about" in text
    assert "it ends in its window (02:00-05:00 Asia/Tokyo, 3 h 00 min): over 99 % sure" in text
    assert "note: nobody else was at work" in text
    assert 1 + len(MEASURED) == text.count("●"), "in the title, and where it was measured"


def test_python_itself_is_the_reason_where_one_processor_is_busy() -> None:
    busy = sample(Setting(8, 1_000))
    busy = replace(busy, processor_s=0.97 * busy.seconds, waits=(ON_ACCOUNTS,))
    found = tuned(Measured(Setting(8, 1_000), busy))

    assert "they wait for Python, which runs one of them at a time" in shown(found)


def test_a_target_that_would_suffer_is_a_caution() -> None:
    """The recommended setting itself was measured: its transactions are long, and locked."""
    waits = (replace(ON_ACCOUNTS, workers=0.5),)
    one = sample(FOUND.recommended, waits=waits, transaction_s_max=14.0)
    text = shown(tuned(Measured(FOUND.recommended, one)))

    assert "caution: with it a transaction lasts up to 14 s (caution from 2.0 s)" in text
    assert "caution: with it 50% of the workers' time is waiting for locks" in text


def test_what_is_not_recommended_is_no_caution() -> None:
    """Eight workers wait for each other, but one is recommended."""
    assert "caution" not in shown(FOUND)
    assert [0.0, 0.0, 0.0, 0.0, 0.625] == [one.locked for one in FOUND.measured]


def test_a_window_that_no_setting_fits_is_said() -> None:
    assert "it may not end in its window" in shown(replace(FOUND, is_in_time=False))


def test_a_job_without_a_window_gets_the_fastest() -> None:
    found = replace(FOUND, is_in_time=None, window=None, window_s=None)

    assert "nothing that can be chosen is faster" in shown(found)
    assert tuning_payload(found, Mask())["settings"][0]["probability"] is None


def test_programs_get_numbers() -> None:
    payload = json.loads(json.dumps(tuning_payload(FOUND, Mask())))

    assert {"parallel": 1, "chunk": 1_000} == payload["recommended"]
    assert 8 == len(payload["settings"])
    assert payload["settings"][0]["seconds"] > 0
    assert 0.625 == payload["measured"][-1]["locked"]
    assert [] == payload["cautions"]


def test_knobs_that_adapt_now_are_told_as_such() -> None:
    found = replace(FOUND, adapting=["chunk"])

    assert "(now chunk=auto); it ends in its window" in shown(found)
    assert {"parallel": 8, "chunk": "auto"} == tuning_payload(found, Mask())["now"]
