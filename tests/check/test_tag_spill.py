"""Parts on disk give back what was put in, in order, and the first of each tag is the first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from daybreak.check import tag_spill
from daybreak.check.key_tags import spelled, tag_of, tags_of
from daybreak.check.tag_spill import PARTS, Known, TagSpill, firsts, part_of

ENTRY = np.dtype([("high", "<u8"), ("low", "<u8"), ("at", "<u4")])


def entries_of(values: list[int]) -> tag_spill.Entries:
    tags = tags_of(values)
    entries = np.zeros(len(values), ENTRY)
    entries["high"], entries["low"], entries["at"] = tags[:, 0], tags[:, 1], range(len(values))
    return entries


@pytest.mark.parametrize("buffer", [10, 10_000])
def test_a_part_gives_its_entries_in_the_order_of_arrival(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, buffer: int
) -> None:
    monkeypatch.setattr(tag_spill, "BUFFER_ENTRIES", buffer)
    monkeypatch.setattr(tag_spill, "LOADED_ENTRIES_MAX", 3)
    chance = np.random.default_rng(seed)
    entries = entries_of([int(n) for n in chance.integers(0, 300, 1_000)])
    spill = TagSpill(tmp_path / "spill", ENTRY)
    for begin in range(0, 1_000, 7):
        spill.take(entries[begin : begin + 7])
    spill.finish()

    parts = part_of(entries)
    for part in range(PARTS):
        found = [at for piece in spill.part(part) for at in piece["at"].tolist()]
        assert np.flatnonzero(parts == part).tolist() == found
    assert (buffer < 1_000) == (tmp_path / "spill").exists()
    spill.close()


def test_the_first_of_each_tag_is_the_first(seed: int) -> None:
    chance = np.random.default_rng(seed)
    values = [int(n) for n in chance.integers(0, 40, 5_000)]
    entries = entries_of(values)
    first: dict[int, int] = {}
    for at, value in enumerate(values):
        first.setdefault(value, at)

    heads, first_of = firsts(entries)

    assert sorted(first.values()) == sorted(heads.tolist())
    assert [first[value] for value in values] == first_of.tolist()
    known = Known(ENTRY)
    for begin in range(0, 5_000, 100):
        known.add(entries[begin : begin + 100])
    assert [first[value] for value in values] == known.at(known.find(entries))["at"].tolist()
    assert [-1] == known.find(entries_of([99])).tolist()


def test_many_whole_numbers_have_the_tags_that_each_has_by_itself() -> None:
    values = [0, 1, -1, 255, 256, -(2**63), 2**63 - 1]
    for several in (values, [*values, 2**63, -(2**63) - 1, 10**40]):
        assert b"".join(map(tag_of, several)) == tags_of(several).tobytes()


def test_only_long_spellings_are_hashed() -> None:
    assert tag_of("a" * 14) == spelled("a" * 14) + b"\x0f"
    assert tag_of("a" * 15)[-1] == 0xFF
    assert 500 == len({tag_of("a" * size) for size in range(500)})
