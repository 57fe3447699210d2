"""Programs on words and sequences, second round: patterns, templates, differences, best answers."""

from __future__ import annotations

import difflib
import random
import re
from bisect import bisect_left
from string import Template

from .program import MALLOC, program

N_LOG_N, SQUARE = "n log n", "n²"


def tokens(n: int, seed: int = 41) -> list[str]:
    """Return words of eight letters and digits, hardly one twice."""
    chance = random.Random(seed)
    return [f"{chance.getrandbits(32):08x}" for _ in range(n)]


def log_lines(n: int) -> list[str]:
    """Return lines of a web server's log."""
    chance = random.Random(42)
    return [
        f"10.{chance.randrange(256)}.7.{chance.randrange(256)} - - [27/Nov/2026:03:{i % 60:02}:00]"
        f' "GET /items/{chance.randrange(10_000)} HTTP/1.1" 200 {chance.randrange(100_000)}'
        for i in range(n)
    ]


# ---------------------------------------------------------------- finding text

LINE = re.compile(r'(\S+) \S+ \S+ \[([^]]+)\] "(\w+) (\S+) [^"]+" (\d+) (\d+)')
ADDRESS = re.compile(r"\b(\d+\.\d+)\.\d+\.\d+\b")


@program("finding text", "n", 10_000, prepare=log_lines)
def parse_log_lines(data: list[str]) -> object:
    matches = [LINE.match(line) for line in data]
    return [match.groups() for match in matches if match]


@program("finding text", "n", 8_000, prepare=lambda n: "\n".join(log_lines(n)))
def redact_addresses(data: str) -> object:
    return ADDRESS.sub(lambda found: f"{found[1]}.x.x", data)


@program("finding text", SQUARE, 1_500, prepare=lambda n: (" ".join(tokens(n)), tokens(n, seed=43)))
def look_for_every_word(data: tuple[str, list[str]]) -> object:
    text, wanted = data
    return [word for word in wanted if word in text]


# ---------------------------------------------------------------- backtracking


@program("backtracking", SQUARE, 2_000, prepare=lambda n: " " * n + "x")
def strip_by_pattern(data: str) -> object:
    return re.sub(r"\s+$", "", data)


@program("backtracking", "exponential", 22, smallest=8, prepare=lambda n: "x" * n, factors=())
def ambiguous_alternatives(data: str) -> object:
    return re.match(r"(?:x|xx)+y", data)


# ---------------------------------------------------------------- templates

LETTER = Template("Dear $name,\nyour order $number of $cents cents is on its way.\n")


@program("templates", "n", 5_000, prepare=tokens)
def fill_letters(data: list[str]) -> object:
    return [
        LETTER.substitute(name=name, number=number, cents=number * 7)
        for number, name in enumerate(data)
    ]


@program("templates", "n", 25_000, prepare=tokens)
def format_report(data: list[str]) -> object:
    return "\n".join(
        f"{number:>8} {name:<12} {number / 100:10.2f}" for number, name in enumerate(data)
    )


@program(
    "templates",
    SQUARE,
    1_000,
    prepare=lambda n: ", ".join(f"<{i}>" for i in range(n)),
    cliff=True,
    limit=MALLOC,
)
def replace_every_placeholder(data: str) -> object:
    for number in range(data.count("<")):
        data = data.replace(f"<{number}>", f"customer number {number}")
    return data


# ---------------------------------------------------------------- differences


def versions(n: int, changes: int) -> tuple[list[str], list[str]]:
    """Return lines, and the same with so many changed ones spread evenly."""
    before = tokens(n)
    after = list(before)
    for number in range(changes):
        after[number * n // changes] = f"changed {number}"
    return before, after


@program("differences", "n", 4_000, prepare=lambda n: versions(n, 8))
def diff_with_eight_changes(data: tuple[list[str], list[str]]) -> object:
    return list(difflib.unified_diff(*data, lineterm=""))


@program("differences", SQUARE, 1_000, smallest=60, prepare=lambda n: versions(n, n // 20))
def diff_with_changes_everywhere(data: tuple[list[str], list[str]]) -> object:
    return list(difflib.unified_diff(*data, lineterm=""))


# ---------------------------------------------------------------- dynamic programming


@program(
    "dynamic programming", N_LOG_N, 30_000, prepare=lambda n: random.Random(44).sample(range(n), n)
)
def longest_rise(data: list[int]) -> object:
    ends: list[int] = []
    for value in data:
        place = bisect_left(ends, value)
        ends[place : place + 1] = [value]
    return len(ends)


@program(
    "dynamic programming",
    SQUARE,
    300,
    smallest=5,
    prepare=lambda n: [random.Random(seed).choices("acgt", k=n) for seed in (45, 46)],
)
def longest_common_part(data: list[list[str]]) -> object:
    left, right = data
    before = [0] * (len(right) + 1)
    for one in left:
        now = [0]
        for column, other in enumerate(right, 1):
            now.append(
                before[column - 1] + 1 if one == other else max(before[column], now[column - 1])
            )
        before = now
    return before[-1]


@program(
    "dynamic programming",
    "n³",
    38,
    smallest=4,
    prepare=lambda n: random.Random(47).choices(range(10, 100), k=n + 1),
)
def cheapest_brackets(data: list[int]) -> object:
    size = len(data) - 1
    cost = [[0] * size for _ in range(size)]
    for length in range(1, size):
        for start in range(size - length):
            end = start + length
            cost[start][end] = min(
                cost[start][cut] + cost[cut + 1][end] + data[start] * data[cut + 1] * data[end + 1]
                for cut in range(start, end)
            )
    return cost[0][-1]
