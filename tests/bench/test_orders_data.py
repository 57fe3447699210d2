"""The orders that the check is measured with are what they are said to be, each time."""

from __future__ import annotations

import random
from itertools import islice

import pytest

from bench.orders_data import FAULTY, HEADER, SEED, Order, orders
from tests.check.columnar.checking import look

RECORDS = 30_000


def test_the_same_seed_gives_the_same_orders() -> None:
    first, again = (list(islice(orders(random.Random(SEED)), 100)) for _ in range(2))

    assert first == again


@pytest.mark.slow
def test_so_many_are_faulty_and_the_columns_are_sure_of_nearly_all_others() -> None:
    lines = islice(orders(random.Random(SEED)), RECORDS)
    data = (HEADER + "".join(lines)).encode()

    found = look(data, Order, block_bytes=2**20)

    assert 0.5 * FAULTY * RECORDS < len(found.refused) < 2 * FAULTY * RECORDS
    assert [] == found.unsound
    assert len(found.doubtful) < 2 * len(found.refused)
    assert 80 < len(data) / RECORDS < 100
