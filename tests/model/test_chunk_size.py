"""`chunk="auto"`: half a second of transaction, found fast, held, and left when it slows."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.model.chunk_size import (
    AUTO_RECORDS_MAX,
    CHUNK_BYTES,
    CHUNK_S,
    FIRST_RECORDS,
    LIMIT,
    PIECES,
    STEP_DOWN,
    STEP_UP,
    STEP_WARMING,
    TRANSACTION_S,
    ChunkSize,
    ChunkTook,
    is_too_slow,
)

Seconds = Callable[[float], float]
"""What a record takes, by the clock."""

WORST = LIMIT + STEP_DOWN / PIECES
"""So many times its aim a transaction takes at most when a database turns four times slower."""


@dataclass
class Night:
    """Chunks one after the other, as a worker does them, on a database simulated by a clock."""

    record_s: Seconds
    now_s: float = 0.0
    size: ChunkSize = field(default_factory=ChunkSize)
    sizes: list[int] = field(default_factory=list)
    transactions_s: list[float] = field(default_factory=list)

    def work(self, chunks: int) -> None:
        for _ in range(chunks):
            self._do(self.size.records)

    def _do(self, records: int) -> None:
        began_s, done = self.now_s, 0
        piece = -(-records // PIECES)
        while done < records:
            some = min(piece, records - done)
            piece_s = some * self.record_s(self.now_s)
            self.now_s += piece_s
            done += some
            left = -(-(records - done) // piece)
            if is_too_slow(done, records, self.now_s - began_s, piece_s, left):
                self.transactions_s.append(self.now_s - began_s)
                self.size = self.size.slowed(done, self.now_s - began_s)
                return
        self.transactions_s.append(self.now_s - began_s)
        self.sizes.append(records)
        self.size = self.size.after(ChunkTook(records, self.now_s - began_s, self.now_s - began_s))


def turning_slower(record_s: float, from_s: float) -> Seconds:
    """Records that take four times as long from an instant on."""
    return lambda now_s: record_s * (4 if now_s >= from_s else 1)


def noisy(record_s: float, chance: random.Random) -> Seconds:
    """Records that take a sixth more or less, by chance."""
    return lambda _now_s: record_s * chance.uniform(0.85, 1.15)


@pytest.mark.parametrize("record_us", [8, 50, 1_000, 5_000, 200_000])
def test_the_size_is_found_within_a_few_chunks(record_us: int) -> None:
    night = Night(lambda _now_s: record_us / 1e6)
    night.work(5)

    right = min(TRANSACTION_S / record_us * 1e6, AUTO_RECORDS_MAX)
    assert night.size.records == pytest.approx(right, rel=0.3)


def test_what_is_too_fast_to_need_a_bound_has_one() -> None:
    night = Night(lambda _now_s: 1e-7)
    night.work(20)

    assert AUTO_RECORDS_MAX == night.size.records


def test_a_database_that_turns_four_times_slower_meets_no_four_fold_transaction() -> None:
    """Whenever it happens: before a chunk, at any place in it, or with every one slower still."""
    for seed in range(200):
        chance = random.Random(seed)
        record_s = 10 ** chance.uniform(-5, -2.3)
        slow_from_s = chance.uniform(3, 6)
        night = Night(turning_slower(record_s, slow_from_s))
        while night.now_s < 20:
            night.work(1)

        worst = max(night.transactions_s[5:]) / TRANSACTION_S
        assert worst <= WORST, f"seed {seed}: {worst:.2f} times its aim"
        assert night.transactions_s[-1] <= 1.3 * TRANSACTION_S, f"seed {seed}"


def test_without_breaking_off_the_next_chunk_is_a_quarter() -> None:
    size = ChunkSize(8_000, is_warm=True)

    slower = size.after(ChunkTook(8_000, 4 * TRANSACTION_S, 4 * TRANSACTION_S))

    assert 2_000 == slower.records
    assert "8,000 records took 2.00 of 0.5 s of transaction" == slower.reason
    # Others of the old size, in flight meanwhile, say the same thing: it is not said twice.
    assert slower == slower.after(ChunkTook(8_000, 4 * TRANSACTION_S, 4 * TRANSACTION_S))


def test_noise_does_not_turn_the_knob() -> None:
    """Chunks that take a sixth more or less than they should: the size settles, and stays."""
    for seed in range(50):
        chance = random.Random(seed)
        night = Night(noisy(5e-5, chance))
        night.work(60)

        late = night.sizes[10:]
        turns = sum(one != other for one, other in itertools.pairwise(late))
        assert turns <= 1, f"seed {seed}: {night.sizes}"


def test_much_noise_turns_it_about_the_right_size() -> None:
    for seed in range(20):
        chance = random.Random(seed)
        size, sizes = ChunkSize(), []
        for _ in range(100):
            took_s = size.records * 5e-5 * chance.lognormvariate(0, 0.4)
            size = size.after(ChunkTook(size.records, took_s, took_s), in_flight=4)
            sizes.append(size.records)

        assert all(2_000 <= one <= 20_000 for one in sizes[10:]), f"seed {seed}: {sizes}"
        turns = sum(one != other for one, other in itertools.pairwise(sizes[10:]))
        assert turns <= 25, f"seed {seed}: {turns}"


def test_a_database_that_is_fast_again_is_used_again_at_most_twice_as_much_each_time() -> None:
    night = Night(lambda now_s: 1e-3 if now_s < 10 else 1e-4)
    while night.now_s < 10:
        night.work(1)
    before = len(night.sizes)
    night.work(12)

    later = night.sizes[before - 1 :]
    assert all(after <= STEP_UP * one for one, after in itertools.pairwise(later))
    assert 5_000 == pytest.approx(night.size.records, rel=0.3)


def test_bytes_and_the_time_of_the_stages_bound_a_chunk_too() -> None:
    wide = ChunkSize(10_000, is_warm=True).after(ChunkTook(10_000, 0.01, 0.1, 2 * CHUNK_BYTES))
    slow = ChunkSize(10_000, is_warm=True).after(ChunkTook(10_000, 0.01, 2 * CHUNK_S))

    assert 5_000 == wide.records
    assert "10,000 records were 16.0 of 8 MB" == wide.reason
    assert 5_000 == slow.records
    assert "10,000 records took 20.0 of 10 s with reading and stages" == slow.reason


@given(
    st.lists(
        st.tuples(
            st.integers(0, 200_000), st.floats(0, 1e4), st.floats(0, 1e4), st.integers(0, 10**10)
        ),
        max_size=20,
    )
)
def test_no_step_is_larger_than_allowed(chunks: list[tuple[int, float, float, int]]) -> None:
    size = ChunkSize()
    for records, transaction_s, more_s, bytes_read in chunks:
        before = size
        size = size.after(ChunkTook(records, transaction_s, transaction_s + more_s, bytes_read))

        assert 1 <= size.records <= AUTO_RECORDS_MAX
        assert size.records >= before.records // STEP_DOWN
        up = STEP_UP if before.is_warm else STEP_WARMING
        assert size.records <= up * before.records
        if records * STEP_UP < before.records:
            assert size.records <= before.records


def test_the_first_chunk_is_small() -> None:
    assert ChunkSize().records == FIRST_RECORDS == 1_000
