"""Programs on dictionaries, sets and graphs of objects, and those that hide a square."""

from __future__ import annotations

import copy
import functools
import json
import random
from collections import Counter, defaultdict, deque
from itertools import combinations, permutations
from typing import Any

from .program import program
from .sequences import rows, words

SQUARE = "n²"


def keys(n: int) -> list[int]:
    """Return random integers, few of them twice."""
    chance = random.Random(4)
    return [chance.randrange(10 * n) for _ in range(n)]


# ---------------------------------------------------------------- dictionaries and sets


@program("hash tables", "n", 100_000, prepare=keys)
def build_dict(data: list[int]) -> object:
    return {key: number for number, key in enumerate(data)}


@program("hash tables", "n", 150_000, prepare=keys)
def build_set(data: list[int]) -> object:
    return set(data)


@program("hash tables", "n", 100_000, prepare=words)
def count_words(data: list[str]) -> object:
    return Counter(data)


@program("hash tables", "n", 60_000, prepare=rows)
def group_rows(data: list[tuple[int, str, float]]) -> object:
    groups: defaultdict[int, list[float]] = defaultdict(list)
    for key, _, value in data:
        groups[key % 1_000].append(value)
    return {key: sum(values) for key, values in groups.items()}


class Colliding:
    """A key whose hash says nothing."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Colliding) and self.number == other.number


@program("bad hashes", SQUARE, 400, smallest=6, prepare=lambda n: [Colliding(i) for i in range(n)])
def collide(data: list[Colliding]) -> object:
    return set(data)


# ---------------------------------------------------------------- de-duplication


@program("de-duplication", SQUARE, 1_500, smallest=15, prepare=keys)
def distinct_by_list(data: list[int]) -> object:
    found: list[int] = []
    for key in data:
        if key not in found:
            found.append(key)
    return found


@program("de-duplication", "n", 100_000, prepare=keys)
def distinct_by_dict(data: list[int]) -> object:
    return list(dict.fromkeys(data))


@program("de-duplication", SQUARE, 300, smallest=6, prepare=rows)
def compare_all_pairs(data: list[tuple[int, str, float]]) -> object:
    return sum(1 for a, b in combinations(data, 2) if a[0] == b[0] and a[1] == b[1])


# ---------------------------------------------------------------- graphs of objects


class Node:
    """One of many objects that the collector has to look at."""

    def __init__(self, value: int, rest: Node | None) -> None:
        self.value, self.rest, self.more = value, rest, {"value": value}


@program("object graphs", "n", 30_000)
def build_nodes(n: int) -> object:
    nodes: list[Node] = []
    for number in range(n):
        nodes.append(Node(number, nodes[-1] if number % 8 else None))
    return nodes


@program("object graphs", "n", 60_000)
def build_nested_dicts(n: int) -> object:
    return [{"id": i, "tags": [i, i + 1], "more": {"a": (i,)}} for i in range(n)]


@program("object graphs", "n", 10_000, prepare=build_nested_dicts)
def deep_copy(data: Any) -> object:
    return copy.deepcopy(data)


@program("object graphs", "n", 40_000)
def make_garbage_cycles(n: int) -> object:
    kept = []
    for number in range(n):
        one: list[Any] = [number]
        one.append(one)
        if number % 4 == 0:
            kept.append(one)
    return len(kept)


def edges(n: int) -> dict[int, list[int]]:
    """Return a random graph with four edges a node."""
    chance = random.Random(5)
    return {node: [chance.randrange(n) for _ in range(4)] for node in range(n)}


@program("graphs", "n", 30_000, prepare=edges)
def breadth_first(data: dict[int, list[int]]) -> object:
    seen, queue = {0}, deque([0])
    while queue:
        for node in data[queue.popleft()]:
            if node not in seen:
                seen.add(node)
                queue.append(node)
    return len(seen)


@program(
    "graphs",
    "n³",
    24,
    smallest=3,
    prepare=lambda n: [[(i * j) % 97 for i in range(n)] for j in range(n)],
)
def shortest_paths(data: list[list[int]]) -> object:
    size = range(len(data))
    for middle in size:
        for start in size:
            for end in size:
                way = data[start][middle] + data[middle][end]
                data[start][end] = min(data[start][end], way)
    return data


# ---------------------------------------------------------------- a hidden square


def documents(n: int) -> list[str]:
    """Return small JSON documents."""
    return [json.dumps({"id": i, "name": f"name {i}", "tags": [i, i * 2]}) for i in range(n)]


@program("hidden squares", SQUARE, 12_000, prepare=documents, hidden=True)
def parse_and_check_log(data: list[str]) -> object:
    parsed: list[Any] = []
    for line in data:
        parsed.append(json.loads(line))
        if len(parsed) % 500 == 0:
            sum(1 for each in parsed if each["id"] < 0)
    return len(parsed)


@program("hidden squares", SQUARE, 20_000, prepare=words, hidden=True)
def copy_history(data: list[str]) -> object:
    history: list[str] = []
    for number, word in enumerate(data):
        history.append(word.title().replace("o", "0"))
        if number % 60 == 0:
            history = list(history)
    return history


@program("rising rescans", SQUARE, 16_000, prepare=keys, hidden=True)
def rebuild_index_now_and_then(data: list[int]) -> object:
    index: dict[int, int] = {}
    for number, key in enumerate(data):
        index[key] = hash((key, str(number)))
        if number % 1_000 == 999:
            index = dict(sorted(index.items()))
    return len(index)


@program("rising rescans", SQUARE, 20_000, prepare=words, hidden=True)
def running_maximum(data: list[str]) -> object:
    lengths: list[int] = []
    best = 0
    for number, word in enumerate(data):
        lengths.append(len(word.split("d")[-1].zfill(12)))
        if number % 400 == 0:
            best = max(lengths)
    return best


# ---------------------------------------------------------------- explosive


@program("explosive", "exponential", 8, smallest=2, factors=())
def all_orders(n: int) -> object:
    return sum(1 for order in permutations(range(n)) if order[0] < order[-1])


@program("explosive", "exponential", 20, smallest=5, factors=())
def naive_fibonacci(n: int) -> int:
    return n if n < 2 else naive_fibonacci(n - 1) + naive_fibonacci(n - 2)


@program("subsets", "exponential", 16, smallest=4, factors=())
def all_subsets(n: int) -> object:
    return sum(1 for mask in range(1 << n) if mask.bit_count() * 2 == n)


# ---------------------------------------------------------------- saturating


def skewed(n: int) -> list[int]:
    """Return keys out of two thousand."""
    chance = random.Random(6)
    return [chance.randrange(2_000) for _ in range(n)]


@program("caching", "saturating", 8_000, smallest=80, prepare=skewed)
def dear_misses(data: list[int]) -> object:
    @functools.cache
    def answer(key: int) -> int:
        return sum(range(key + 20_000))

    return sum(answer(key) for key in data)


@program("caching", "saturating", 8_000, smallest=80, prepare=skewed)
def first_hundred_failures(data: list[int]) -> object:
    failures = 0
    for key in data:
        if key % 20 == 0:
            failures += sum(range(2_000)) > 0
            if failures == 100:
                break
    return failures
