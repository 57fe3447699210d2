"""Records that are pickled attribute by attribute arrive as if they had been pickled one by one."""

from __future__ import annotations

import copyreg
import pickle
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Self

import pytest

from daybreak.pipeline.columns import RECORDS_MIN, by_columns

COUNT = RECORDS_MIN


@dataclass
class Plain:
    number: int
    name: str = "a"


@dataclass(frozen=True)
class Frozen:
    number: int
    on: date = date(2026, 1, 1)


@dataclass(frozen=True, slots=True)
class FrozenSlots:
    number: int
    price: Decimal = Decimal("1.5")


@dataclass(slots=True)
class Slots:
    number: int
    name: str | None = None


@dataclass(slots=True)
class MoreSlots(Slots):
    more: float = 0.5


@dataclass
class Derived(Plain):
    extra: bytes = b"x"


@dataclass
class NoInitPlease:
    number: int

    def __post_init__(self) -> None:
        self.number += 1


@dataclass
class WithList:
    number: int
    parts: list[int] = field(default_factory=list)


@dataclass
class WithOther:
    number: int
    other: Plain | None = None


@dataclass
class OwnState:
    number: int

    def __getstate__(self) -> dict[str, int]:
        return {"number": self.number + 100}


@dataclass
class OwnSetState:
    number: int

    def __setstate__(self, state: dict[str, int]) -> None:
        self.number = state["number"] + 100


@dataclass
class OwnReduce:
    number: int

    def __reduce__(self) -> Any:
        return OwnReduce, (self.number + 100,)


@dataclass
class OwnNew:
    number: int

    def __new__(cls, *_: Any) -> Self:
        made = super().__new__(cls)
        made.number = 100
        return made


@dataclass
class HalfSlots(Slots):
    pass


@dataclass
class Registered:
    number: int


@dataclass
class Empty:
    pass


class NoDataclass:
    def __init__(self, number: int) -> None:
        self.number = number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NoDataclass) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return self.number


copyreg.pickle(Registered, lambda record: (Registered, (record.number + 100,)))


class IntSubclass(int):
    pass


def loaded(pickled: bytes) -> list[Any]:
    records: list[Any] = pickle.loads(pickled)  # noqa: S301 - from above
    return records


def of(kind: Any) -> list[Any]:
    return [kind(number) for number in range(COUNT)]


def one_has_more() -> list[Any]:
    records = of(Plain)
    records[1].more = 1
    return records


def one_has_less() -> list[Any]:
    records = of(Slots)
    del records[1].name
    return records


def one_has_another() -> list[Any]:
    records = of(Plain)
    del records[1].name
    records[1].more = 1
    return records


def as_text(records: list[Any]) -> str:
    """Say what the records hold, in every detail."""
    said = [
        (
            type(record).__qualname__,
            vars(record) if hasattr(record, "__dict__") else None,
            [getattr(record, name, "not there") for name in getattr(record, "__match_args__", ())],
        )
        for record in records
    ]
    return repr(said)


@pytest.mark.parametrize(
    "records",
    [
        of(Plain),
        of(Frozen),
        of(FrozenSlots),
        of(Slots),
        of(MoreSlots),
        of(Derived),
        of(NoInitPlease),
        [Plain(1, None), Plain(2, 2.5), Plain(3, "ü"), Plain(4, b"x")],  # type: ignore[arg-type]
    ],
    ids=lambda records: type(records[0]).__name__,
)
def test_plain_records_are_taken_apart_and_arrive_as_by_pickle(records: list[Any]) -> None:
    taken = by_columns(records)
    arrived = loaded(pickle.dumps(taken))

    assert taken is not records
    assert as_text(loaded(pickle.dumps(records))) == as_text(arrived)
    assert len(arrived) == COUNT


@pytest.mark.parametrize(
    "records",
    [
        [],
        [Plain(1)],
        [1, 2, 3, 4],
        [*of(Plain), Derived(1)],
        of(WithList),
        [WithOther(number, Plain(number)) for number in range(COUNT)],
        [Plain(IntSubclass(number)) for number in range(COUNT)],
        of(OwnState),
        of(OwnSetState),
        of(OwnReduce),
        of(OwnNew),
        of(HalfSlots),
        of(Registered),
        of(NoDataclass),
        [Empty() for _ in range(COUNT)],
        one_has_more(),
        one_has_less(),
        one_has_another(),
    ],
    ids=lambda records: type(records[0]).__name__ if records else "none",
)
def test_all_other_records_are_left_to_pickle(records: list[Any]) -> None:
    assert by_columns(records) is records
