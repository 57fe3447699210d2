"""Programs on tables and arrays, second round: frames, Arrow, growing tables, random access."""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np

from .program import L2, L3, MALLOC, program

N_LOG_N, SQUARE, ROOT_3 = "n log n", "n²", "n^1.5"


def columns(n: int) -> dict[str, Any]:
    """Return two columns of keys and one of random numbers."""
    chance = np.random.default_rng(71)
    return {
        "day": chance.integers(0, 30, n),
        "shop": chance.integers(0, 20, n),
        "value": chance.random(n),
    }


# ---------------------------------------------------------------- frames


def pandas_frame(n: int) -> Any:
    """Return a table of pandas."""
    import pandas as pd  # noqa: PLC0415 - only its own programs pay for it

    return pd.DataFrame(columns(n))


@program("frames", N_LOG_N, 100_000, prepare=pandas_frame)
def frame_sort(data: Any) -> object:
    return data.sort_values("value")


@program("frames", "n", 2_000, prepare=pandas_frame)
def frame_apply_to_rows(data: Any) -> object:
    return data.apply(lambda row: row["day"] * row["value"], axis=1)


@program("frames", "n", 150_000, prepare=pandas_frame)
def frame_pivot(data: Any) -> object:
    return data.pivot_table(index="day", columns="shop", values="value", aggfunc="sum")


# ---------------------------------------------------------------- Arrow


def arrow_table(n: int) -> Any:
    """Return a table of Arrow."""
    import pyarrow as pa  # noqa: PLC0415 - only its own programs pay for it

    return pa.table(columns(n))


@program("arrow", N_LOG_N, 100_000, prepare=arrow_table)
def arrow_sort(data: Any) -> object:
    import pyarrow.compute as pc  # noqa: PLC0415 - only its own programs pay for it

    return pc.sort_indices(data, sort_keys=[("value", "ascending")])


@program("arrow", "n", 400_000, prepare=arrow_table)
def arrow_group(data: Any) -> object:
    return data.group_by(["day", "shop"], use_threads=False).aggregate([("value", "sum")])


# ---------------------------------------------------------------- growing tables


@program(
    "growing tables",
    SQUARE,
    200,
    prepare=lambda n: [arrow_table(70) for _ in range(n)],
    hidden=True,
    cliff=True,
    limit=L2,
)
def append_to_arrow_table(data: list[Any]) -> object:
    import pyarrow as pa  # noqa: PLC0415 - only its own programs pay for it

    whole = data[0]
    for batch in data[1:]:
        whole = pa.concat_tables([whole, batch]).combine_chunks()
    return whole


def batches(n: int) -> list[Any]:
    """Return n short arrays."""
    chance = np.random.default_rng(72)
    return [chance.random(100) for _ in range(n)]


@program(
    "growing tables",
    SQUARE,
    150,
    smallest=3,
    prepare=batches,
    hidden=True,
    cliff=True,
    limit=MALLOC,
)
def append_to_array(data: list[Any]) -> object:
    whole = data[0]
    for batch in data[1:]:
        whole = np.append(whole, batch)
    return whole


@program("growing tables", "n", 4_000, prepare=batches)
def join_arrays_once(data: list[Any]) -> object:
    return np.concatenate([np.sqrt(batch) for batch in data])


# ---------------------------------------------------------------- random access


def ring(n: int) -> list[int]:
    """Return a list that tells for each place the next, once round in no order."""
    order = np.random.default_rng(73).permutation(n)
    following = np.empty(n, dtype=np.int64)
    following[order] = np.roll(order, -1)
    found: list[int] = following.tolist()
    return found


@program("random access", "n", 15_000, prepare=ring, cliff=True, limit=L2)
def walk_round_a_ring(data: list[int]) -> object:
    place = 0
    for _ in data:
        place = data[place]
    return place


@program(
    "random access",
    "n",
    50_000,
    prepare=lambda n: np.random.default_rng(74).integers(0, n, n),
    cliff=True,
    limit=L2,
)
def count_in_bins(data: Any) -> object:
    return np.bincount(data, minlength=len(data))


@program(
    "random access",
    SQUARE,
    1_500,
    smallest=20,
    prepare=lambda n: np.random.default_rng(75).integers(0, 100, n),
    cliff=True,
    limit=L3,
)
def equal_pairs(data: Any) -> object:
    return np.count_nonzero(np.equal.outer(data, data))


# ---------------------------------------------------------------- sliding windows


@program("sliding windows", ROOT_3, 50_000, prepare=lambda n: np.random.default_rng(76).random(n))
def average_over_root_windows(data: Any) -> object:
    width = isqrt(len(data))
    return np.convolve(data, np.full(width, 1 / width), mode="valid")
