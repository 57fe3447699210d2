"""Programs that estimate, third round: sketches, samples, statistics, signals, places, routes."""

from __future__ import annotations

import hashlib
import random
from fractions import Fraction
from itertools import combinations, pairwise
from math import asin, cos, exp, floor, hypot, inf, isqrt, log, radians, sin, sqrt
from typing import Any

import numpy as np

from .program import L2, program

N_LOG_N, SQUARE, ROOT_3 = "n log n", "n²", "n^1.5"


# ---------------------------------------------------------------- sketches


@program(
    "sketches", "n", 15_000, prepare=lambda n: [f"visitor {i % 9_000}".encode() for i in range(n)]
)
def count_distinct_by_registers(data: list[bytes]) -> object:
    registers = [0] * 1_024  # HyperLogLog
    for each in data:
        digest = int.from_bytes(hashlib.blake2b(each, digest_size=8).digest(), "big")
        place, rest = digest & 1_023, digest >> 10
        registers[place] = max(registers[place], 55 - rest.bit_length())
    return 0.7213 * 1_024**2 / sum(2.0**-each for each in registers)


@program(
    "sketches",
    "n",
    30_000,
    prepare=lambda n: np.random.default_rng(121).integers(0, 2**60, n, dtype=np.uint64),
    cliff=True,
    limit=L2,
)
def fill_bloom_filter(data: Any) -> object:
    bits = np.zeros(8 * len(data), dtype=bool)
    seen = np.ones(len(data), dtype=bool)
    for odd in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9):
        places = ((data * np.uint64(odd)) >> np.uint64(20)) % np.uint64(len(bits))
        seen &= bits[places]
        bits[places] = True
    return bits.sum(), seen.sum()


# ---------------------------------------------------------------- sampling


@program("sampling", N_LOG_N, 30_000, prepare=lambda n: [(i * 7_919) % 1_000 + 1 for i in range(n)])
def sample_by_weight(data: list[int]) -> object:
    return random.Random(122).choices(range(len(data)), weights=data, k=len(data))


@program("sampling", "log n", 10_000_000, smallest=10_000, prepare=range)
def sample_by_leaps(data: range) -> object:
    chance = random.Random(123)
    kept = list(data[:1_000])  # k of them: the further on, the longer the leaps (Li's algorithm L)
    share = exp(log(chance.random()) / 1_000)
    at = 999 + floor(log(chance.random()) / log(1 - share)) + 1
    while at < len(data):
        kept[chance.randrange(1_000)] = data[at]
        share *= exp(log(chance.random()) / 1_000)
        at += floor(log(chance.random()) / log(1 - share)) + 1
    return kept


@program("sampling", "√n", 20_000_000, prepare=lambda n: b"eight by" * (n // 8))
def sample_every_root(data: bytes) -> object:
    step = isqrt(len(data))
    digests = [hashlib.sha256(data[at : at + 8]).digest() for at in range(0, len(data), step)]
    return len(set(digests))


# ---------------------------------------------------------------- statistics


def measured_pairs(n: int) -> list[tuple[float, float]]:
    """Return pairs of numbers that have to do with each other."""
    chance = random.Random(124)
    first = [chance.random() for _ in range(n)]
    return [(each, each + chance.random()) for each in first]


@program("statistics", N_LOG_N, 15_000, prepare=measured_pairs)
def rank_correlation(data: list[tuple[float, float]]) -> object:
    size = len(data)
    ranks = [[0] * size, [0] * size]
    for side in (0, 1):
        order = sorted(range(size), key=[pair[side] for pair in data].__getitem__)
        for rank, place in enumerate(order):
            ranks[side][place] = rank
    return 1 - 6 * sum((a - b) ** 2 for a, b in zip(*ranks, strict=True)) / (size**3 - size)


@program("statistics", SQUARE, 1_500, hidden=True)
def add_up_fractions(n: int) -> object:
    total = Fraction(0)
    for number in range(1, n + 1):
        total += Fraction(1, number)  # numbers of O(n) digits
    return total


# ---------------------------------------------------------------- signals


def signal(n: int) -> Any:
    """Return noise; as long as a transform likes it, which is at most a few percent longer."""
    from scipy.fft import next_fast_len  # noqa: PLC0415 - only its own programs pay for it

    return np.random.default_rng(125).random(next_fast_len(n, real=True))


@program("signals", N_LOG_N, 24_000, prepare=signal, cliff=True, limit=L2)
def clip_and_filter(data: Any) -> object:
    for _ in range(3):  # what is filtered rises above the limits again
        found = np.fft.rfft(data.clip(0.1, 0.9))
        found[len(found) // 4 :] = 0
        data = np.fft.irfft(found, len(data))
    return data


@program(
    "signals",
    SQUARE,
    3_000,
    smallest=60,
    prepare=lambda n: np.random.default_rng(128).integers(0, 4_096, n),  # not by threads, as floats
)
def correlate_with_itself(data: Any) -> object:
    return np.correlate(data, data, mode="full")


# ---------------------------------------------------------------- places


def spots(n: int) -> list[tuple[float, float]]:
    """Return places by latitude and longitude."""
    chance = random.Random(126)
    return [(chance.uniform(47, 55), chance.uniform(6, 15)) for _ in range(n)]


def distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the way in kilometres as the crow flies."""
    lat, north = radians(one[0]), radians(other[0])
    half = sin((north - lat) / 2) ** 2
    half += cos(lat) * cos(north) * sin(radians(other[1] - one[1]) / 2) ** 2
    return 12_742 * asin(sqrt(half))


def tree_and_spots(n: int) -> tuple[Any, Any]:
    """Return a kind of tree, and places to be put into one."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - only its own programs pay for it

    return cKDTree, np.array(spots(n))


@program("places", N_LOG_N, 15_000, prepare=tree_and_spots)
def nearest_by_tree(data: tuple[Any, Any]) -> object:
    tree, places = data
    return tree(places).query(places, k=2)  # log n levels down for each


@program("places", SQUARE, 700, prepare=lambda n: np.array(spots(n)), hidden=True)
def nearest_by_rows(data: Any) -> object:
    found = []
    north, east = data.T.copy()
    for place in range(len(data)):
        far = (north - north[place]) ** 2 + (east - east[place]) ** 2
        far[place] = inf
        found.append(far.argmin())
    return found


@program("places", ROOT_3, 3_000, smallest=40, prepare=spots)
def nearest_of_root_depots(data: list[tuple[float, float]]) -> object:
    depots = data[: isqrt(len(data))]
    return [min([hypot(north - lat, east - long) for lat, long in depots]) for north, east in data]


@program(
    "places",
    "saturating",
    4_000,
    prepare=lambda n: random.Random(127).choices(spots(200), k=n),
)
def locate_each_place_once(data: list[tuple[float, float]]) -> object:
    towns = spots(300)
    known: dict[tuple[float, float], tuple[float, float]] = {}
    for place in data:
        if place not in known:
            known[place] = min(towns, key=lambda town, place=place: distance(place, town))  # type: ignore[misc]
    return len(known)


# ---------------------------------------------------------------- routes


@program("routes", "n", 25_000, prepare=spots)
def length_of_track(data: list[tuple[float, float]]) -> object:
    return sum(distance(one, other) for one, other in pairwise(data))


@program("routes", SQUARE, 300, smallest=6, prepare=spots)
def visit_the_nearest_next(data: list[tuple[float, float]]) -> object:
    here, route = data[0], []
    left = set(data[1:])
    while left:
        here = min(left, key=lambda spot: hypot(spot[0] - here[0], spot[1] - here[1]))
        left.remove(here)
        route.append(here)
    return route


@program("routes", "exponential", 11, smallest=3, prepare=spots, factors=())
def shortest_tour(data: list[tuple[float, float]]) -> object:
    rest = range(1, len(data))  # n² 2ⁿ steps, by Held and Karp
    best = {(1 << end, end): distance(data[0], data[end]) for end in rest}
    for size in range(2, len(data)):
        for chosen in combinations(rest, size):
            mask = sum(1 << place for place in chosen)
            for end in chosen:
                before = mask ^ (1 << end)
                best[mask, end] = min(
                    best[before, last] + distance(data[last], data[end])
                    for last in chosen
                    if last != end
                )
    every = (1 << len(data)) - 2
    return min(best[every, end] + distance(data[end], data[0]) for end in rest)
