"""Programs on things in order, second round: sorts, merges, intervals, queues, windows."""

from __future__ import annotations

import functools
import hashlib
import heapq
import random
from collections import OrderedDict, deque
from itertools import combinations
from math import isqrt

from .program import program

N_LOG_N, SQUARE, ROOT_3 = "n log n", "n²", "n^1.5"


def chances(n: int) -> list[float]:
    """Return random numbers."""
    chance = random.Random(31)
    return [chance.random() for _ in range(n)]


# ---------------------------------------------------------------- orders


@program("orders", "n", 300_000, prepare=lambda n: list(range(n, 0, -1)))
def sort_reversed(data: list[int]) -> object:
    return sorted(data)


def compared(one: float, other: float) -> int:
    """Compare as older languages do."""
    return (one > other) - (one < other)


@program("orders", N_LOG_N, 10_000, prepare=chances)
def sort_by_comparison(data: list[float]) -> object:
    return sorted(data, key=functools.cmp_to_key(compared))


@program("orders", SQUARE, 500, smallest=10, prepare=chances)
def insertion_sort(data: list[float]) -> object:
    for end in range(1, len(data)):
        value, place = data[end], end
        while place and data[place - 1] > value:
            data[place] = data[place - 1]
            place -= 1
        data[place] = value
    return data


# ---------------------------------------------------------------- merging


def sorted_parts(n: int) -> list[list[float]]:
    """Return eight sorted lists of n numbers together."""
    values = chances(n)
    return [sorted(values[part::8]) for part in range(8)]


@program("merging", "n", 40_000, prepare=sorted_parts)
def merge_eight_sorted(data: list[list[float]]) -> object:
    return list(heapq.merge(*data))


@program(
    "merging", "n", 40_000, prepare=lambda n: (list(range(0, 2 * n, 2)), list(range(0, 3 * n, 3)))
)
def join_sorted(data: tuple[list[int], list[int]]) -> object:
    left, right = data
    one = other = 0
    found = []
    while one < len(left) and other < len(right):
        if left[one] == right[other]:
            found.append(left[one])
        if left[one] <= right[other]:
            one += 1
        else:
            other += 1
    return found


@program("merging", SQUARE, 10_000, prepare=chances, hidden=True)
def sort_in_every_thousand(data: list[float]) -> object:
    kept: list[float] = []
    for start in range(0, len(data), 1_000):
        kept = sorted(kept + data[start : start + 1_000])  # a sorted run, and a thousand more
    return kept


# ---------------------------------------------------------------- intervals


def spans(n: int) -> list[tuple[float, float]]:
    """Return intervals of which a few overlap each moment, however many there are."""
    chance = random.Random(32)
    starts = [chance.random() * n for _ in range(n)]
    return [(start, start + 2 * chance.random()) for start in starts]


@program("intervals", N_LOG_N, 20_000, prepare=spans)
def merge_intervals(data: list[tuple[float, float]]) -> object:
    merged: list[list[float]] = []
    for start, end in sorted(data):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged


@program("intervals", SQUARE, 500, smallest=8, prepare=spans)
def overlapping_pairs(data: list[tuple[float, float]]) -> object:
    return sum(1 for (a, b), (c, d) in combinations(data, 2) if a <= d and c <= b)


# ---------------------------------------------------------------- queues


@program("queues", "n", 30_000, prepare=lambda n: deque((job, 3) for job in range(n)))
def round_robin(data: deque[tuple[int, int]]) -> object:
    turns = 0
    while data:
        job, left = data.popleft()
        turns += 1
        if left > 1:
            data.append((job, left - 1))
    return turns


@program("queues", N_LOG_N, 10_000, prepare=chances)
def earliest_deadline_first(data: list[float]) -> object:
    queue: list[tuple[float, int]] = []
    for job, deadline in enumerate(data):
        heapq.heappush(queue, (deadline, job))
    late = []
    while queue:
        deadline, job = heapq.heappop(queue)
        if deadline < 1 and job % 2:
            heapq.heappush(queue, (deadline + 1, job))  # it is put off once
        else:
            late.append(job)
    return late


@program("queues", SQUARE, 30_000, prepare=lambda n: list(range(n)), hidden=True)
def take_batches_from_the_front(data: list[int]) -> object:
    digits = 0
    while data:
        batch = data[:100]
        del data[:100]  # what is left moves up
        digits += sum(len(str(number)) for number in batch)
    return digits


# ---------------------------------------------------------------- least recently used


def visits(n: int) -> list[int]:
    """Return keys out of three thousand."""
    return random.Random(33).choices(range(3_000), k=n)


@program("least recently used", "n", 30_000, prepare=visits)
def forget_by_ordered_dict(data: list[int]) -> object:
    recent: OrderedDict[int, int] = OrderedDict()
    misses = 0
    for key in data:
        if key in recent:
            recent.move_to_end(key)
        else:
            misses += 1
            recent[key] = key
            if len(recent) > 1_000:
                recent.popitem(last=False)
    return misses


@program(
    "least recently used",
    SQUARE,
    2_000,
    smallest=40,
    prepare=lambda n: random.Random(34).choices(range(n // 5), k=n),
)
def forget_by_list(data: list[int]) -> object:
    room = len(data) // 10
    recent: list[int] = []
    for key in data:
        if key in recent:
            recent.remove(key)
        elif len(recent) >= room:
            recent.pop(0)
        recent.append(key)
    return recent


@program(
    "least recently used",
    "saturating",
    1_500,
    prepare=lambda n: random.Random(35).choices(range(150), k=n),
)
def check_each_password_once(data: list[int]) -> object:
    @functools.lru_cache(maxsize=150)
    def checked(user: int) -> bytes:
        return hashlib.pbkdf2_hmac("sha256", str(user).encode(), b"salt", 200)

    return sum(checked(user)[0] for user in data)


# ---------------------------------------------------------------- sliding windows


@program("sliding windows", "n", 40_000, prepare=chances)
def window_maxima(data: list[float]) -> object:
    falling: deque[int] = deque()
    maxima = []
    for place, value in enumerate(data):
        while falling and data[falling[-1]] <= value:
            falling.pop()
        falling.append(place)
        if falling[0] <= place - 100:
            falling.popleft()
        maxima.append(data[falling[0]])
    return maxima


@program("sliding windows", ROOT_3, 10_000, prepare=chances)
def maxima_of_root_windows(data: list[float]) -> object:
    width = isqrt(len(data))
    return [max(data[start : start + width]) for start in range(len(data) - width + 1)]
