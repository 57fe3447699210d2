"""Causes of quarantined records as people look at them."""

from __future__ import annotations

import io
from dataclasses import replace

from daybreak.operations.quarantine import QuarantineCause, QuarantinedRecord
from daybreak.reports.look import console_on
from daybreak.reports.quarantine import quarantine_parts


def record(step: str, raw: bytes) -> QuarantinedRecord:
    return QuarantinedRecord(
        step,
        "x.csv:7",
        "look",
        "bad",
        {"dest": "\x1b[1mBQN"},
        raw,
        by_check=False,
        set_aside_at=None,
    )


def test_causes_are_grouped_by_step_with_harmless_samples() -> None:
    causes = [
        QuarantineCause(
            "load",
            "look",
            "bad",
            by_check=False,
            records=1200,
            samples=[record("load", b"\xff\x1b[2J\n")],
        ),
        QuarantineCause("load", "check", "worse", by_check=True, records=34),
        QuarantineCause("mail", "send", "worst", by_check=False, records=1),
    ]
    stream = io.StringIO()
    for part in quarantine_parts(causes):
        console_on(stream).print(part)

    assert [
        "step load: 1,234 records quarantined",
        "1,200  bad  in look",
        r"x.csv:7  dest=\x1b[1mBQN",
        r"\xff\x1b[2J\n",
        "34  worse  found by the check",
        "step mail: 1 record quarantined",
        "1  worst  in send",
    ] == [line.strip() for line in stream.getvalue().splitlines()]


def test_a_row_without_bytes_is_not_taken_for_an_erased_one() -> None:
    broken_off = record("load", b"")
    erased = replace(broken_off, details={})
    cause = QuarantineCause("load", "check", "bad", by_check=True, records=2)
    stream = io.StringIO()

    for part in quarantine_parts([replace(cause, samples=[broken_off, erased])]):
        console_on(stream).print(part)

    lines = [line.strip() for line in stream.getvalue().splitlines()]
    assert ["(no bytes)", "(erased)"] == [line for line in lines if line.startswith("(")]
    assert (False, True) == (broken_off.is_erased, erased.is_erased)
