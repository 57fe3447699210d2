"""Programs on numbers and on tables of columns: numpy, pandas, polars, primes, long integers."""

from __future__ import annotations

import random
from math import isqrt
from typing import Any

import numpy as np

from .program import L3, program

N_LOG_N, SQUARE, ROOT_3 = "n log n", "n²", "n^1.5"


def array(n: int) -> Any:
    """Return random numbers."""
    return np.random.default_rng(10).random(n)


@program("arrays", N_LOG_N, 400_000, prepare=array)
def sort_array(data: Any) -> object:
    return np.sort(data, kind="heapsort")


@program("arrays", "n", 1_000_000, prepare=array)
def running_sum(data: Any) -> object:
    return np.cumsum(data)


@program("arrays", SQUARE, 800, smallest=10, prepare=array, cliff=True, limit=L3)
def all_distances(data: Any) -> object:
    return np.abs(data[:, None] - data[None, :]).sum()


@program(
    "gathering",
    "n",
    200_000,
    prepare=lambda n: (array(n), np.random.default_rng(11).permutation(n)),
    cliff=True,
    limit=2_000_000,
)
def gather_at_random(data: Any) -> object:
    values, places = data
    return values[places].sum()


@program(
    "matrices", ROOT_3, 60_000, prepare=lambda n: array(isqrt(n) ** 2).reshape(isqrt(n), isqrt(n))
)
def matrix_product(data: Any) -> object:
    return np.einsum("ij,jk->ik", data, data)


@program(
    "matrices",
    ROOT_3,
    900,
    smallest=16,
    prepare=lambda n: [[float(i * j % 7) for i in range(isqrt(n))] for j in range(isqrt(n))],
)
def plain_matrix_product(data: list[list[float]]) -> object:
    columns = list(zip(*data, strict=True))
    return [[sum(map(float.__mul__, row, column)) for column in columns] for row in data]


@program("primes", "n", 60_000)
def sieve(n: int) -> object:
    marked = bytearray([1]) * (n + 1)
    for number in range(2, isqrt(n) + 1):
        if marked[number]:
            for multiple in range(number * number, n + 1, number):
                marked[multiple] = 0
    return sum(marked)


@program("primes", ROOT_3, 3_000, smallest=30)
def trial_division(n: int) -> object:
    return sum(
        all([number % divisor for divisor in range(2, isqrt(number) + 1)]) for number in range(n)
    )


def long_integer(n: int) -> int:
    """Return an integer of n 30-bit digits."""
    return random.Random(12).getrandbits(30 * n) | 1


@program("long integers", "n^1.6", 8_000, smallest=80, prepare=long_integer)
def multiply_integers(data: int) -> object:
    return data * (data + 2)


@program(
    "long integers",
    SQUARE,
    1_500,
    smallest=15,
    prepare=lambda n: (long_integer(2 * n), long_integer(n)),
)
def divide_integers(data: tuple[int, int]) -> object:
    return data[0] // data[1]


def frame(n: int) -> Any:
    """Return a table of pandas."""
    import pandas as pd  # noqa: PLC0415 - only its own programs pay for it

    chance = np.random.default_rng(13)
    return pd.DataFrame({"key": chance.integers(0, n, n), "value": chance.random(n)})


@program("pandas", "n", 200_000, prepare=lambda n: (frame(n), frame(n).drop_duplicates("key")))
def pandas_merge(data: Any) -> object:
    return data[0].merge(data[1], on="key")


@program("pandas", "n", 200_000, prepare=frame)
def pandas_group(data: Any) -> object:
    return data.groupby(data["key"] % 1_000)["value"].sum()


@program(
    "pandas", SQUARE, 300, smallest=6, prepare=lambda n: [frame(200) for _ in range(n)], hidden=True
)
def pandas_concat_in_loop(data: list[Any]) -> object:
    import pandas as pd  # noqa: PLC0415 - only its own programs pay for it

    whole = data[0]
    for part in data[1:]:
        whole = pd.concat([whole, part])
    return len(whole)


def polars_frame(n: int) -> Any:
    """Return a table of polars."""
    import polars as pl  # noqa: PLC0415 - only its own programs pay for it

    chance = np.random.default_rng(14)
    return pl.DataFrame({"key": chance.integers(0, n, n), "value": chance.random(n)})


@program("polars", "n", 300_000, prepare=lambda n: (polars_frame(n), polars_frame(n).unique("key")))
def polars_join(data: Any) -> object:
    return data[0].join(data[1], on="key")


@program("polars", N_LOG_N, 300_000, prepare=polars_frame)
def polars_sort(data: Any) -> object:
    return data.sort("value")
