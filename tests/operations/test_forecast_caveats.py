"""In what a forecast's rehearsals differ from production; and a sample that is killed."""

from __future__ import annotations

import signal
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from daybreak.databases.sizes import Sizes, TableSize
from daybreak.errors import ProcessDied, RunError
from daybreak.operations import child_rehearsal, forecast, samples
from daybreak.operations.forecast_caveats import beyond_a_chunk, caveats_of
from daybreak.operations.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALL = Sample(100, 0.1, 10**8, 1.0, None, 9_000, caveats=("these were the first 100",))
SIZES = Sizes(
    "shop",
    [
        TableSize("bookings", 60_000, 6_600_000, 2_600_000),
        TableSize("new", None, 8_192, 0),
        TableSize("c", 1, 8_192, 0),
        TableSize("d", 1, 8_192, 0),
    ],
    9_300_000,
    134_000_000,
)


def test_tables_indexes_and_caches_are_named_as_they_were_met() -> None:
    large = replace(SMALL, records=200, sizes=(SIZES,), caveats=("these were the first 200",))
    said = "\n".join(caveats_of([SMALL, large], [], 1, 1, 9_000))

    assert "bookings (about 60,000 rows, 6.6 MB, indexes 2.6 MB), new (8 kB)" in said
    assert "and 1 smaller" in said
    assert "they fit into the server's cache (9.3 MB of shared_buffers 134.0 MB)" in said
    assert "caches were warm" in said
    assert "first 200" in said
    assert "first 100" not in said, "only the largest sample counts"

    assert "how often equal ones meet" not in said

    spread = replace(large, caveats=("these were 200 of 9,000 records, spread over the source",))
    said = "\n".join(caveats_of([SMALL, spread], [], 1, 1, 9_000))
    assert "how often equal ones meet" in said
    assert "these were" not in said, "that is said beforehand"

    tight = replace(large, sizes=(replace(SIZES, cache_bytes=10**6),))
    assert "they do not fit" in "\n".join(caveats_of([tight], [], 1, 1, 9_000))


def test_memory_is_forecast_from_samples_of_a_chunk_or_more_if_there_are_enough() -> None:
    made = [replace(SMALL, records=100 * 2**n) for n in range(6)]

    assert [400, 800, 1_600, 3_200] == [one.records for one in beyond_a_chunk(made, 400)]
    assert [] == beyond_a_chunk(made, 1_600), "two sizes say less than all of them"
    assert [] == beyond_a_chunk([replace(SMALL, records=900)] * 3, 400), "nor does one"


def test_no_sample_is_larger_than_one_that_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    def sampled(_: Sequence[str], records: int) -> Sample:
        if records > 250:
            raise ProcessDied("killed")
        return replace(SMALL, records=records, source_about=None)

    monkeypatch.setattr(forecast, "sampled", sampled)
    taken = forecast.Samples([], most=None, budget_s=40, chance=Random(1))
    sizes = [one.records for one in taken.each(chunk=2_000)]

    assert [62, 124, 248] == sizes[:3]
    assert [496] == taken.killed
    assert 248 == max(sizes)


def test_a_rehearsal_that_was_killed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    killed = child_rehearsal.Ended(-signal.SIGKILL, "", "")
    monkeypatch.setattr(samples, "ended", lambda _: killed)
    with pytest.raises(ProcessDied, match="a rehearsal of 1,000 records was killed"):
        samples.sampled(["job.py", "load"], 1_000)


@pytest.mark.parametrize("colour", ["", "\x1b[1;31m"])
def test_a_rehearsal_that_did_not_begin_says_why_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch, colour: str
) -> None:
    """It is told on standard error, with a hint and a command that nobody here has typed."""
    err = (
        f"{colour}✗ rehearse failed\n{colour}  PreflightError: step pay needs what step load gave\n"
        "  hint: rehearse the whole job: --scratch\n\n  again:  daybreak rehearse j.py pay --spread"
    )
    monkeypatch.setattr(samples, "ended", lambda _: child_rehearsal.Ended(1, "", err))
    with pytest.raises(RunError) as told:
        samples.sampled(["job.py", "pay"], 31)

    assert "a rehearsal of 31 records did not begin: step pay needs what step load gave" == str(
        told.value
    )
    assert "rehearse the whole job: --scratch" == told.value.hint
