"""Programs on graphs, grids, tries and whole numbers, second round."""

from __future__ import annotations

import heapq
import random
from graphlib import TopologicalSorter
from itertools import combinations, count, cycle, islice
from math import inf, isqrt
from typing import Any

from .program import program

N_LOG_N, SQUARE, ROOT_3 = "n log n", "n²", "n^1.5"


# ---------------------------------------------------------------- networks


def pairs(n: int) -> list[tuple[int, int]]:
    """Return n random edges of n nodes."""
    chance = random.Random(81)
    return [(chance.randrange(n), chance.randrange(n)) for _ in range(n)]


def needs(n: int) -> dict[int, list[int]]:
    """Return for each node three earlier ones."""
    chance = random.Random(82)
    return {node: [chance.randrange(node) for _ in range(3)] if node else [] for node in range(n)}


def roads(n: int) -> list[tuple[int, int, int]]:
    """Return four random edges for each of n nodes, with lengths."""
    chance = random.Random(83)
    return [
        (node, chance.randrange(n), chance.randrange(1, 100)) for node in range(n) for _ in range(4)
    ]


@program("networks", "n", 15_000, prepare=pairs)
def unite_and_find(data: list[tuple[int, int]]) -> object:
    parent = list(range(len(data)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one, other in data:
        parent[root(one)] = root(other)
    return sum(1 for node, above in enumerate(parent) if node == above)


@program("networks", "n", 4_000, prepare=needs)
def order_by_needs(data: dict[int, list[int]]) -> object:
    return list(TopologicalSorter(data).static_order())


@program("networks", SQUARE, 150, smallest=4, prepare=roads)
def relax_every_road(data: list[tuple[int, int, int]]) -> object:
    size = len(data) // 4
    far = [0.0] + [inf] * (size - 1)
    for _ in range(size - 1):  # Bellman and Ford, who never stop early
        for start, end, length in data:
            far[end] = min(far[end], far[start] + length)
    return far


# ---------------------------------------------------------------- weighted graphs


@program("weighted graphs", N_LOG_N, 5_000, prepare=roads)
def nearest_first(data: list[tuple[int, int, int]]) -> object:
    size = len(data) // 4
    far = [inf] * size
    queue: list[tuple[float, int]] = [(0.0, 0)]
    while queue:
        distance, node = heapq.heappop(queue)
        if distance < far[node]:
            far[node] = distance
            for _, end, length in data[4 * node : 4 * node + 4]:
                heapq.heappush(queue, (distance + length, end))
    return far


@program(
    "weighted graphs",
    "n³",
    70,
    smallest=5,
    prepare=lambda n: [random.Random(84 + row).choices((0, 1), k=n) for row in range(n)],
)
def count_triangles(data: list[list[int]]) -> object:
    return sum(
        1
        for a, b, c in combinations(range(len(data)), 3)
        if data[a][b] and data[b][c] and data[a][c]
    )


# ---------------------------------------------------------------- tries


def names(n: int) -> list[str]:
    """Return words of eight letters."""
    chance = random.Random(85)
    return ["".join(chance.choices("abcdefghij", k=8)) for _ in range(n)]


@program("tries", "n", 6_000, prepare=names)
def build_trie(data: list[str]) -> dict[str, Any]:
    trie: dict[str, Any] = {}
    for name in data:
        node = trie
        for letter in name:
            node = node.setdefault(letter, {})
        node["end"] = name
    return trie


@program(
    "tries",
    "constant",
    6_000,
    prepare=lambda n: (build_trie(names(n)), list(islice(cycle(names(n)), 1_000))),
)
def find_a_thousand_names(data: tuple[dict[str, Any], list[str]]) -> object:
    trie, wanted = data
    found = 0
    for name in wanted:
        node = trie
        for letter in name:
            node = node[letter]
        found += node["end"] == name
    return found


# ---------------------------------------------------------------- grids


def matrix(n: int) -> list[list[float]]:
    """Return a square matrix of about n cells, whose diagonal is larger than what is beside it."""
    chance = random.Random(86)
    side = isqrt(n)
    return [
        [chance.random() + (side if row == column else 0) for column in range(side)]
        for row in range(side)
    ]


@program("grids", ROOT_3, 6_000, prepare=matrix)
def determinant(data: list[list[float]]) -> object:
    found = 1.0
    for place, pivot in enumerate(data):
        found *= pivot[place]
        for row in data[place + 1 :]:
            factor = row[place] / pivot[place]
            for column in range(place, len(row)):
                row[column] -= factor * pivot[column]
    return found


@program("grids", "√n", 4_000_000, prepare=lambda n: [bytes(isqrt(n))] * isqrt(n))
def sum_of_the_border(data: list[bytes]) -> object:
    return sum(data[0]) + sum(data[-1]) + sum(row[0] + row[-1] for row in data)


def islands(n: int) -> tuple[int, bytearray]:
    """Return the width and the cells of a grid, two fifths of them land, within a rim of sea."""
    chance = random.Random(87)
    side = isqrt(n) + 2
    cells = bytearray(side * side)
    for row in range(1, side - 1):
        for column in range(1, side - 1):
            cells[row * side + column] = chance.random() < 0.4
    return side, cells


@program("grids", "n", 20_000, prepare=islands)
def count_islands(data: tuple[int, bytearray]) -> object:
    side, cells = data
    found = 0
    for start in range(len(cells)):
        if not cells[start]:
            continue
        found += 1
        cells[start] = 0
        reached = [start]
        while reached:
            cell = reached.pop()
            for near in (cell - side, cell - 1, cell + 1, cell + side):
                if cells[near]:
                    cells[near] = 0
                    reached.append(near)
    return found


# ---------------------------------------------------------------- whole numbers


@program("whole numbers", "log n", 1_000_000, smallest=10)
def modular_powers(n: int) -> object:
    return [pow(base, n, 1_000_003) for base in range(2, 502)]


def is_prime(number: int) -> bool:
    """Try every divisor."""
    return all(number % divisor for divisor in range(2, isqrt(number) + 1))


@program(
    "whole numbers",
    "√n",
    10_000_000,
    prepare=lambda n: list(islice(filter(is_prime, count(n)), 20)),
)
def prove_twenty_primes(data: list[int]) -> object:
    return all([is_prime(number) for number in data])


@program("whole numbers", SQUARE, 3_000, hidden=True)
def add_up_fibonacci(n: int) -> object:
    one, other = 0, 1
    for _ in range(n):
        one, other = other, one + other
    return one
