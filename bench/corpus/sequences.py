"""Programs on lists and strings: sorting, shifting, building, searching."""

from __future__ import annotations

import bisect
import heapq
import io
import random
import re
from operator import itemgetter

from .program import MALLOC, program

N_LOG_N, SQUARE = "n log n", "n²"


def floats(n: int) -> list[float]:
    """Return random numbers."""
    chance = random.Random(1)
    return [chance.random() for _ in range(n)]


def rows(n: int) -> list[tuple[int, str, float]]:
    """Return rows with an integer, a text and a number."""
    chance = random.Random(2)
    return [(chance.randrange(n), f"name {chance.randrange(n)}", chance.random()) for _ in range(n)]


def words(n: int) -> list[str]:
    """Return short texts."""
    chance = random.Random(3)
    return [f"word{chance.randrange(10_000)}" for _ in range(n)]


def text(n: int) -> str:
    """Return a text of n words."""
    return " ".join(words(n))


# ---------------------------------------------------------------- sorting


@program("sorting", N_LOG_N, 200_000, prepare=floats)
def sort_floats(data: list[float]) -> object:
    return sorted(data)


@program("sorting", N_LOG_N, 60_000, prepare=rows)
def sort_rows_by_name(data: list[tuple[int, str, float]]) -> object:
    return sorted(data, key=itemgetter(1))


@program("sorting", N_LOG_N, 40_000, prepare=floats)
def merge_sort(data: list[float]) -> list[float]:
    if len(data) < 2:
        return data
    middle = len(data) // 2
    return list(heapq.merge(merge_sort(data[:middle]), merge_sort(data[middle:])))


@program("heaps", N_LOG_N, 60_000, prepare=floats)
def heap_sort(data: list[float]) -> object:
    heap: list[float] = []
    for value in data:
        heapq.heappush(heap, value)
    return [heapq.heappop(heap) for _ in range(len(heap))]


@program("heaps", "n", 200_000, prepare=floats)
def ten_largest(data: list[float]) -> object:
    return heapq.nlargest(10, data)


@program("heaps", "n", 200_000, prepare=floats)
def heapify_floats(data: list[float]) -> object:
    copied = list(data)
    heapq.heapify(copied)
    return copied


# ---------------------------------------------------------------- shifting


@program("shifting", SQUARE, 40_000, prepare=lambda n: list(range(n)), hidden=True)
def pop_first(data: list[int]) -> object:
    total = 0
    while data:
        total += data.pop(0)
    return total


@program("shifting", SQUARE, 12_000)
def insert_first(n: int) -> object:
    found: list[int] = []
    for number in range(n):
        found.insert(0, number)
    return found


@program("shifting", SQUARE, 60_000, prepare=floats, hidden=True)
def insort_floats(data: list[float]) -> object:
    found: list[float] = []
    for value in data:
        bisect.insort(found, value)
    return found


# ---------------------------------------------------------------- building strings


@program("building strings", "n", 200_000, prepare=words)
def join_words(data: list[str]) -> object:
    return " ".join(data)


@program("building strings", SQUARE, 8_000, prepare=words, cliff=True, limit=MALLOC)
def add_to_kept_string(data: list[str]) -> object:
    built, kept = "", ""
    for word in data:
        kept = built  # a second reference: it can no longer be lengthened in place
        built = built + word
    return built, kept


@program("building strings", "n", 100_000, prepare=words)
def write_to_buffer(data: list[str]) -> object:
    buffer = io.StringIO()
    for word in data:
        buffer.write(word)
    return buffer.getvalue()


@program("building bytes", SQUARE, 10_000, prepare=words, cliff=True, limit=MALLOC)
def add_to_bytes(data: list[str]) -> object:
    built = b""
    for word in data:
        built += word.encode()
    return built


@program("building bytes", "n", 100_000, prepare=words)
def extend_bytearray(data: list[str]) -> object:
    built = bytearray()
    for word in data:
        built.extend(word.encode())
    return bytes(built)


# ---------------------------------------------------------------- patterns


@program("patterns", "n", 60_000, prepare=text)
def find_all_words(data: str) -> object:
    return re.findall(r"\bword\d+\b", data)


@program("patterns", SQUARE, 3_000, prepare=lambda n: "a" * n)
def search_without_end(data: str) -> object:
    return re.search(r"a+b", data)


@program("patterns", "exponential", 22, smallest=8, prepare=lambda n: "a" * n + "!", factors=())
def nested_quantifiers(data: str) -> object:
    return re.match(r"(a+)+$", data)


@program("text", "n", 100_000, prepare=text)
def replace_words(data: str) -> object:
    return data.replace("word1", "name2").upper()


@program("text", "n", 100_000, prepare=text)
def split_and_strip(data: str) -> object:
    return [word.strip("0") for word in data.split()]


# ---------------------------------------------------------------- searching


def haystack(n: int) -> tuple[list[float], list[float]]:
    """Return a sorted list, and a fixed number of needles."""
    return sorted(floats(n)), floats(3_000)


@program("searching", "log n", 100_000, prepare=haystack)
def bisect_fixed_needles(data: tuple[list[float], list[float]]) -> object:
    hay, needles = data
    return [bisect.bisect(hay, needle) for needle in needles]


@program("searching", "n", 100_000, prepare=floats)
def count_above(data: list[float]) -> object:
    return sum(1 for value in data if value > 0.5)


@program("searching", "constant", 200_000, prepare=lambda n: dict.fromkeys(range(n)))
def look_up_a_hundred(data: dict[int, None]) -> object:
    return [data.get(number) for number in range(100)]


@program("edit distance", SQUARE, 250, smallest=4, prepare=lambda n: (words(n), words(n + 7)))
def edit_distance(data: tuple[list[str], list[str]]) -> object:
    left, right = data
    before = list(range(len(right) + 1))
    for row, one in enumerate(left, 1):
        now = [row]
        for column, other in enumerate(right, 1):
            change = before[column - 1] + (one != other)
            now.append(min(change, before[column] + 1, now[-1] + 1))
        before = now
    return before[-1]
