"""How many bytes records are taken to have, by a few of them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from daybreak.pipeline import source
from daybreak.pipeline.weight import UNKNOWN_BYTES, bytes_of, weigh

MEGABYTE = 1_000_000


class Tensor:
    """Something whose data lies elsewhere, as in NumPy and Arrow."""

    nbytes = 5 * MEGABYTE


class Shy:
    """Something that does not say how large it is, and lies about its data."""

    nbytes = "many"

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def __sizeof__(self) -> int:
        raise RuntimeError("nobody knows")


@dataclass
class Page:
    url: str
    body: bytes


@dataclass(slots=True)
class SlottedPage:
    url: str
    body: bytes


class PageTuple(NamedTuple):
    url: str
    body: bytes


def keep(record: Shy) -> Shy:
    return record


class HalfMade:
    """Has a slot that was never filled."""

    __slots__ = ("body",)


@pytest.mark.parametrize(
    "value", [0, 10**100, 1.5, True, None, "", "x" * 1000, "ü" * 1000, b"x" * 1000, bytearray(1000)]
)
def test_plain_values_weigh_what_they_are(value: Any) -> None:
    assert sys.getsizeof(value) == bytes_of(value)


@pytest.mark.parametrize(
    "value",
    [
        Page("u", b"x" * MEGABYTE),
        SlottedPage("u", b"x" * MEGABYTE),
        PageTuple("u", b"x" * MEGABYTE),
        {"url": "u", "body": b"x" * MEGABYTE},
        ["u", b"x" * MEGABYTE],
        ({"page": Page("u", b"x" * MEGABYTE)},),
        {"page": {"parts": [b"x" * MEGABYTE]}},
        {b"x" * MEGABYTE},
        frozenset({b"x" * MEGABYTE}),
        memoryview(b"x" * MEGABYTE),
    ],
)
def test_what_is_inside_is_weighed_too(value: Any) -> None:
    assert MEGABYTE <= bytes_of(value) < 1.01 * MEGABYTE


def test_buffers_that_lie_elsewhere_are_believed() -> None:
    assert Tensor.nbytes == bytes_of(Tensor())
    assert Tensor.nbytes < bytes_of([Tensor()]) < 1.01 * Tensor.nbytes


def test_parts_of_large_containers_are_taken_to_be_alike() -> None:
    numbers = [1.5] * 100_000

    assert pytest.approx(sys.getsizeof(numbers) + 100_000 * sys.getsizeof(1.5)) == bytes_of(numbers)


def test_what_is_deep_inside_counts_only_as_far_as_is_looked() -> None:
    deep: Any = b"x" * MEGABYTE
    for _ in range(10):
        deep = [deep]

    assert bytes_of(deep) < 1000
    endless: list[Any] = []
    endless.append(endless)

    assert bytes_of(endless) < 1000


@pytest.mark.parametrize("value", [HalfMade(), [], {}, (), object(), type("Empty", (), {})()])
def test_what_has_no_parts_weighs_little(value: Any) -> None:
    assert 0 < bytes_of(value) < 500


def test_a_generator_is_not_read() -> None:
    generator = (number for number in range(3))
    bytes_of(generator)

    assert [0, 1, 2] == list(generator)


def test_few_records_are_all_weighed() -> None:
    assert sum(map(bytes_of, [b"x" * 10, b"x" * MEGABYTE])) == weigh([b"x" * 10, b"x" * MEGABYTE])
    assert 0 == weigh([])


@pytest.mark.parametrize("count", [9, 100, 8_192])
def test_many_records_are_taken_to_be_like_some(count: int) -> None:
    alike = [b"x" * 1000] * count

    assert count * bytes_of(alike[0]) == weigh(alike)
    mixed = [b"x" * 100, b"x" * 1900] * (count // 2)

    assert pytest.approx(sum(map(bytes_of, mixed)), rel=0.95) == weigh(mixed)


def test_what_cannot_be_weighed_is_taken_to_weigh_something() -> None:
    assert 2 * UNKNOWN_BYTES == weigh([Shy(), Shy()])
    assert list(range(50)) == [
        each.number for each in source(range(50)).map(Shy).map(keep, workers=2).collect()
    ]
