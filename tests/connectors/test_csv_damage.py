"""Damaged files: nothing wrong comes out, and only what the damage touches is withheld.

A selection of what `make torture-csv` tries at every place; each sample is damaged by every shape.
"""

from __future__ import annotations

import random

import pytest

from tests.connectors.csv_damage import SHAPES, Damage, Verdict, damages, judge, places, sample_of

FAILURES = {Verdict.WRONG, Verdict.WITHHELD, Verdict.LOST}
PLACES = 4


@pytest.mark.parametrize("shape", SHAPES)
def test_no_damage_makes_a_wrong_record_or_withholds_a_good_one(shape: str, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(PLACES):
        number = chance.randrange(10**6)
        sample = sample_of(number)
        at = chance.choice(places(sample))
        damage = damages(sample, shape, at, random.Random(at))

        assert judge(sample, damage) not in FAILURES, f"sample {number}, {damage}"


def test_an_undamaged_file_is_read_as_it_was_written(seed: int) -> None:
    for number in range(seed, seed + 20):
        sample = sample_of(number)

        assert judge(sample, Damage(len(sample.data), 0, b"")) is Verdict.RIGHT


@pytest.mark.slow
def test_every_quote_lost_or_added_alone_is_seen_or_leaves_records_only(seed: int) -> None:
    sample = sample_of(seed)
    quote = (sample.dialect.quote or "").encode(sample.dialect.codec)
    for at in places(sample):
        added = Damage(at, 0, quote)
        lost = Damage(at, len(quote), b"") if sample.data.startswith(quote, at) else added

        assert {judge(sample, added), judge(sample, lost)}.isdisjoint(FAILURES)
