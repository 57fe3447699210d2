"""Programs that check, third round: validation, permissions, ledgers, reconciliation."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Decimal
from heapq import heapify, heappop, heappush
from itertools import combinations
from typing import Any

from pydantic import BaseModel, Field, TypeAdapter

from .program import program

N_LOG_N, SQUARE = "n log n", "n²"


# ---------------------------------------------------------------- validation


class Order(BaseModel):
    """What a shop sends."""

    id: int
    name: str = Field(min_length=1)
    cents: int = Field(ge=0)
    tags: list[str] = []


ORDERS = TypeAdapter(list[Order])


def sent_orders(n: int) -> list[dict[str, Any]]:
    """Return orders as they are sent; their numbers are texts."""
    chance = random.Random(101)
    return [
        {"id": str(i), "name": f"name {i}", "cents": chance.randrange(10_000), "tags": ["new"]}
        for i in range(n)
    ]


@program("validation", "n", 20_000, prepare=sent_orders)
def validate_orders(data: list[dict[str, Any]]) -> object:
    return [Order.model_validate(each) for each in data]


@program("validation", "n", 20_000, prepare=lambda n: json.dumps(sent_orders(n)))
def validate_json_orders(data: str) -> object:
    return ORDERS.validate_json(data)


@program("validation", SQUARE, 6_000, prepare=sent_orders, hidden=True)
def validate_and_check_names(data: list[dict[str, Any]]) -> object:
    valid: list[Order] = []
    for number, each in enumerate(data, 1):
        valid.append(Order.model_validate(each))
        if number % 300 == 0 and len({order.name for order in valid}) < number:
            raise ValueError(each["name"])
    return valid


# ---------------------------------------------------------------- permissions

ROLES = {f"role {role}": {f"right {role * k % 40}" for k in range(12)} for role in range(20)}


def requests(n: int) -> list[tuple[list[str], str]]:
    """Return requests: the roles of whoever asks, and the right it takes."""
    chance = random.Random(102)
    return [(chance.sample(list(ROLES), 3), f"right {chance.randrange(40)}") for _ in range(n)]


@program("permissions", "n", 30_000, prepare=requests)
def check_roles(data: list[tuple[list[str], str]]) -> object:
    return [any(right in ROLES[role] for role in roles) for roles, right in data]


def groups(n: int) -> list[int]:
    """Return for each group one that was there before; it has log n of them above, in the mean."""
    chance = random.Random(103)
    return [chance.randrange(group) if group else 0 for group in range(n)]


@program("permissions", N_LOG_N, 20_000, prepare=groups)
def climb_groups(data: list[int]) -> object:
    allowed = 0
    for start in range(len(data)):
        group = start
        while group and group % 1_000 != 999:  # a group of these is refused
            group = data[group]
        allowed += group == 0
    return allowed


def paths_and_rules(n: int) -> tuple[list[str], list[tuple[str, bool]]]:
    """Return n paths, and for ten of them one rule."""
    chance = random.Random(104)
    paths = [f"/shops/{i}/orders" for i in range(n)]
    chance.shuffle(paths)
    return paths, [(f"/shops/{i}/", i % 2 == 0) for i in range(0, n, 10)]


@program("permissions", SQUARE, 2_000, smallest=50, prepare=paths_and_rules)
def first_rule_that_matches(data: tuple[list[str], list[tuple[str, bool]]]) -> object:
    paths, rules = data
    return [
        next((allows for begin, allows in rules if path.startswith(begin)), False) for path in paths
    ]


# ---------------------------------------------------------------- ledgers

CENT = Decimal("0.01")


def postings(n: int) -> list[tuple[str, str, str]]:
    """Return what is posted: from an account, to another, how much; n / 4 accounts."""
    chance = random.Random(105)
    some = max(2, n // 4)
    return [
        (
            f"account {chance.randrange(some)}",
            f"account {chance.randrange(some)}",
            f"{chance.randrange(100_000) / 100:.2f}",
        )
        for _ in range(n)
    ]


@program("ledgers", "n", 20_000, prepare=postings)
def balance_accounts(data: list[tuple[str, str, str]]) -> object:
    balances: defaultdict[str, Decimal] = defaultdict(Decimal)
    for debit, credit, amount in data:
        balances[debit] -= Decimal(amount)
        balances[credit] += Decimal(amount)
    return balances


@program("ledgers", "n", 20_000, prepare=postings)
def convert_currencies(data: list[tuple[str, str, str]]) -> object:
    rates = {0: Decimal("1.0837"), 1: Decimal("0.8541"), 2: Decimal("163.52")}
    return [
        (Decimal(amount) * rates[number % 3]).quantize(CENT, ROUND_HALF_EVEN)
        for number, (_, _, amount) in enumerate(data)
    ]


def debts(n: int) -> list[int]:
    """Return what each of n members owes or is owed; together nothing."""
    chance = random.Random(106)
    cents = [chance.randrange(-100_000, 100_000) for _ in range(n - 1)]
    return [*cents, -sum(cents)]


@program("ledgers", N_LOG_N, 15_000, prepare=debts)
def settle_debts(data: list[int]) -> object:
    owing = [(cents, member) for member, cents in enumerate(data) if cents < 0]
    owed = [(-cents, member) for member, cents in enumerate(data) if cents > 0]
    heapify(owing)
    heapify(owed)
    payments = []
    while owing and owed:  # the largest debt is paid to whom most is owed
        debt, debtor = heappop(owing)
        credit, creditor = heappop(owed)
        paid = min(-debt, -credit)
        payments.append((debtor, creditor, paid))
        if debt + paid:
            heappush(owing, (debt + paid, debtor))
        if credit + paid:
            heappush(owed, (credit + paid, creditor))
    return payments


@program("ledgers", SQUARE, 12_000, prepare=postings, hidden=True)
def trial_balance_now_and_then(data: list[tuple[str, str, str]]) -> object:
    balances: defaultdict[str, Decimal] = defaultdict(Decimal)
    for number, (debit, credit, amount) in enumerate(data, 1):
        balances[debit] -= Decimal(amount)
        balances[credit] += Decimal(amount)
        if number % 400 == 0 and sum(balances.values(), Decimal(0)):
            raise ValueError(number)
    return balances


# ---------------------------------------------------------------- reconciliation


def two_books(n: int) -> tuple[dict[str, int], dict[str, int]]:
    """Return what two systems know of n payments; a hundredth is missing, another one differs."""
    chance = random.Random(107)
    ours = {f"payment {i}": chance.randrange(100_000) for i in range(n)}
    theirs = {key: cents + (i % 100 == 7) for i, (key, cents) in enumerate(ours.items()) if i % 100}
    return ours, theirs


@program("reconciliation", "n", 40_000, prepare=two_books)
def reconcile_by_key(data: tuple[dict[str, int], dict[str, int]]) -> object:
    ours, theirs = data
    differing = [(key, cents) for key, cents in ours.items() if theirs.get(key) != cents]
    return differing, theirs.keys() - ours.keys()


def invoices(n: int) -> list[int]:
    """Return amounts in cents."""
    return random.Random(108).choices(range(1_000, 100_000), k=n)


@program("reconciliation", "n³", 70, smallest=5, prepare=invoices)
def three_that_add_up(data: list[int]) -> object:
    payment = sum(data[:3])
    return [three for three in combinations(data, 3) if sum(three) == payment]


@program("reconciliation", "exponential", 15, smallest=4, prepare=invoices, factors=())
def invoices_that_add_up(data: list[int]) -> object:
    def ways(place: int, left: int) -> int:
        if place == len(data):
            return left == 0
        return ways(place + 1, left) + ways(place + 1, left - data[place])

    return ways(0, sum(data) // 2)
