"""Records taken together and worked on in slices, claimed without a lock."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from daybreak.pipeline import Block
from daybreak.pipeline.hand import Hand, Weighed


@pytest.fixture
def _hasty() -> Iterator[None]:
    """Have the interpreter change threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def hand_of(records: int, slice_records: int) -> Hand:
    return Hand(Block(list(range(records)), range(records)), slice_records)


@pytest.mark.parametrize(
    ("records", "slice_records", "slices"),
    [(1, 1, 1), (1, 9, 1), (9, 9, 1), (10, 9, 2), (100, 1, 100), (100, 7, 15)],
)
def test_slices_cover_all_records_in_order(records: int, slice_records: int, slices: int) -> None:
    hand = hand_of(records, slice_records)
    numbers = [hand.claim() for _ in range(slices)]

    assert list(range(slices)) == numbers
    assert hand.claim() is None
    assert hand.claim() is None
    parts = [hand.slice(number) for number in range(slices)]
    assert list(range(records)) == [value for part in parts for value in part.values]
    assert list(range(records)) == [origin for part in parts for origin in part.origins]
    assert max(map(len, parts)) <= slice_records


def test_the_last_to_end_is_told_so_once_whatever_the_order() -> None:
    hand = hand_of(4, 1)

    assert [False, False, False, True] == [hand.end(number) for number in (2, 0, 3, 1)]
    assert [True] * 4 == hand.ends


def test_results_of_a_slice_stay_in_its_place_in_their_order() -> None:
    hand = hand_of(4, 2)
    hand.add(1, Weighed(Block(["c"], [2]), 10))
    hand.add(0, Weighed(Block(["a", "b"], [0, 1]), 30))
    hand.add(1, Weighed(Block(["d"], [3]), 10))

    assert Weighed(Block(["a"], [0]), 15) == hand.take(0, 1)
    assert Weighed(Block(["b"], [1]), 15) == hand.take(0, 9)
    assert Weighed(Block(["c"], [2]), 10) == hand.take(1, 9)
    assert Weighed(Block(["d"], [3]), 10) == hand.take(1, 9)


def test_what_is_taken_in_parts_weighs_as_much_as_before() -> None:
    hand = hand_of(7, 7)
    hand.add(0, Weighed(Block(list("abcdefg"), range(7)), 100))
    parts = [hand.take(0, 3) for _ in range(3)]

    assert ["abc", "def", "g"] == ["".join(part.block.values) for part in parts]
    assert 100 == sum(part.bytes for part in parts)


def test_results_of_a_record_that_travels_alone_are_its_own() -> None:
    hand = hand_of(3, 1)

    assert [False, False, True] == [
        hand.end_alone(number, results) for number, results in ((1, ["b"]), (0, []), (2, ["c"]))
    ]
    assert not hand.pieces[0]
    assert Block(["b"], [1]) == hand.take(1, 9).block
    assert not hand.pieces[1]


@pytest.mark.usefixtures("_hasty")
def test_no_slice_is_claimed_twice_and_one_worker_ends_the_hand() -> None:
    hand = hand_of(2_000, 1)
    claimed: list[int] = []
    lasts: list[int] = []
    ready = threading.Barrier(4, timeout=30)

    def work() -> None:
        ready.wait()
        while (number := hand.claim()) is not None:
            claimed.append(number)
            if hand.end(number):
                lasts.append(number)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert list(range(2_000)) == sorted(claimed)
    assert 1 == len(lasts)
