# ruff: noqa: RUF001 - what looks alike and is not is the point
"""No text is certainly good by columns that grammar and model refuse: kinds of checks, one by one.

Of each kind at least 1,000 texts are good and 1,000 are not, from a seed. What the columns are not
sure of costs time only; so few good texts are left to the model that a real file is quick.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NaiveDatetime,
    StringConstraints,
    create_model,
)

from daybreak.check.columnar.asking import Field as AskedField
from daybreak.connectors.csv_dialect import CsvDialect
from tests.check.columnar.checking import look, written
from tests.check.columnar.nasty import NASTY

Texts = Callable[[random.Random], str]
VERDICTS_MIN = 1_000
MARK = "\ufeff".encode()
ROUND = 500


class Colour(Enum):
    RED = "red"
    GREEN = "grün"
    QUOTED = 'a "b", c'
    NUMBER = 7


class Size(IntEnum):
    SMALL = 1
    LARGE = -20


# ---------------------------------------------------------------- texts, good and nasty


def mutated(text: str, chance: random.Random) -> str:
    """Change a text in one place: most often it becomes a bad one that looks like a good one."""
    at = chance.randrange(len(text) + 1)
    piece = chance.choice(
        ["", " ", "-", "+", ".", ":", "0", "9", "é", "１", "T", "Z", "_", "/", "\x00"]
    )
    return text[:at] + piece + text[at + chance.randrange(2) :]


def of(good: Texts) -> Texts:
    """Return texts of one kind: most of them good, some changed, some nasty."""

    def text(chance: random.Random) -> str:
        match chance.randrange(5):
            case 0:
                return chance.choice(NASTY)
            case 1 | 2:
                return mutated(good(chance), chance)
            case _:
                return good(chance)

    return text


def whole(chance: random.Random) -> str:
    digits = chance.choice([1, 2, 3, 7, 8, 9, 15, 16, 17, 18, 19, 20, 23, 24, 25])
    return chance.choice(["", "", "-", "+"]) + "".join(chance.choices(string.digits, k=digits))


def near(*edges: int) -> Texts:
    return lambda chance: str(chance.choice(edges) + chance.randrange(-2, 3))


def point(chance: random.Random) -> str:
    before, behind = chance.choice([0, 1, 2, 5, 8, 9, 16]), chance.choice([0, 1, 2, 3, 7, 8, 12])
    return (
        chance.choice(["", "", "-", "+"])
        + "".join(chance.choices(string.digits, k=before))
        + chance.choice([".", "."] if before or behind else ["0"])
        + "".join(chance.choices(string.digits, k=behind))
    )


def money(chance: random.Random) -> str:
    return f"{chance.randrange(-200, 100_000)}.{chance.randrange(100):02d}"


def exponent(chance: random.Random) -> str:
    return f"{point(chance)}e{chance.randrange(-400, 400)}"


def near_point(*edges: str) -> Texts:
    def text(chance: random.Random) -> str:
        edge = Decimal(chance.choice(edges))
        places = chance.randrange(6)
        return f"{edge + chance.randrange(-2, 3) * Decimal(10) ** -places:f}"

    return text


def day(chance: random.Random) -> str:
    year = chance.choice([1, 4, 100, 400, 1900, 1999, 2000, 2023, 2024, 2100, 9999])
    return f"{year:04d}-{chance.randrange(1, 14):02d}-{chance.randrange(1, 33):02d}"


def instant(chance: random.Random) -> str:
    text = (
        day(chance)
        + chance.choice("TT _")
        + f"{chance.randrange(25):02d}:{chance.randrange(61):02d}"
    )
    if chance.random() < 0.8:
        text += f":{chance.randrange(61):02d}"
        if chance.random() < 0.5:
            text += "." + "".join(chance.choices(string.digits, k=chance.randrange(0, 8)))
    hours, minutes = chance.randrange(25), chance.randrange(61)
    sign = chance.choice("+-")
    return text + chance.choice(
        [
            "",
            "Z",
            f"{sign}{hours:02d}",
            f"{sign}{hours:02d}{minutes:02d}",
            f"{sign}{hours:02d}:{minutes:02d}",
        ]
    )


def plain_instant(chance: random.Random) -> str:
    begin = datetime(2024, 1, 1)  # noqa: DTZ001 - it becomes a text
    moment = begin + timedelta(seconds=chance.randrange(10**8))
    return moment.isoformat(chance.choice("T ")) + chance.choice(["", "Z", "+09:00"])


def letters(alphabet: str, most: int) -> Texts:
    return lambda chance: "".join(chance.choices(alphabet, k=chance.randrange(most)))


def one_of(*texts: str) -> Texts:
    return lambda chance: chance.choice(texts)


def mail(chance: random.Random) -> str:
    name = letters("abz09._+-", 12)(chance)
    return f"{name}@{letters('abc-', 6)(chance)}.{letters('comjp', 5)(chance)}"


def uuid(chance: random.Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=chance.randrange(1, 6)))


class Kind:
    """One kind of check: types, the texts with which they are tried, and how sure the rules are.

    Args:
        types: The types of some columns.
        texts: Where their texts come from.
        sure: Of the good texts, the share that needs no model.
    """

    def __init__(self, types: Iterable[Any], *texts: Texts, sure: float = 0.9) -> None:
        self.types = list(types)
        self.texts = texts
        self.sure = sure


def limited(base: Any, **limits: Any) -> Any:
    return Annotated[base, Field(**limits)]


KINDS = {
    "int": Kind([int, limited(int, ge=-(10**30))], whole, near(0, 1), sure=0.5),
    "int bounds": Kind(
        [
            limited(int, gt=0),
            limited(int, ge=-5, le=5),
            limited(int, lt=0),
            limited(int, gt=10**17, lt=10**18 + 1),
            limited(int, le=2**63 - 1),
            limited(int, ge=-(2**63)),
            limited(int, le=2**64),
        ],
        whole,
        near(0, 5, -5),
        near(10**17, 10**18, 2**63, -(2**63), 2**64),
        sure=0.8,
    ),
    "float": Kind([float], point, exponent, money, sure=0.4),
    "float bounds": Kind(
        [
            limited(float, gt=0),
            limited(float, ge=0.1, lt=0.3),
            limited(float, le=-1.5),
            limited(float, ge=-0.0, le=1e300),
            limited(float, gt=1, lt=16777217),
            limited(float, gt=0.1, ge=0),
        ],
        point,
        money,
        near_point("0", "0.1", "0.3", "-1.5", "1", "16777217"),
        exponent,
        sure=0.4,
    ),
    "decimal": Kind([Decimal], point, money, sure=0.8),
    "decimal bounds": Kind(
        [
            limited(Decimal, gt=0),
            limited(Decimal, ge=Decimal("-0.5"), le=Decimal("99.995")),
            limited(Decimal, lt=Decimal("-0.001")),
            limited(Decimal, gt=Decimal(-1), lt=Decimal(10) ** 17),
        ],
        point,
        money,
        near_point("0", "-0.5", "99.995", "-0.001", "-1"),
        sure=0.8,
    ),
    "decimal digits": Kind(
        [
            limited(Decimal, max_digits=5, decimal_places=2),
            limited(Decimal, max_digits=7),
            limited(Decimal, decimal_places=2, gt=0),
            limited(Decimal, max_digits=2, decimal_places=2),
            limited(Decimal, decimal_places=0),
        ],
        point,
        money,
        one_of(
            "100.00", "1.50", "1.500", "0.05", ".05", "001", "00.5", "123.45", "1234.5", "0", "0.00"
        ),
        sure=0.6,
    ),
    "length": Kind(
        [
            limited(str, min_length=2),
            limited(str, max_length=3),
            limited(str, min_length=1, max_length=2),
            limited(str, min_length=4, max_length=4),
        ],
        letters("abé日😀 ", 6),
        letters("abc", 6),
    ),
    "stripped length": Kind(
        [
            Annotated[str, StringConstraints(strip_whitespace=True, min_length=2)],
            Annotated[str, StringConstraints(strip_whitespace=True, max_length=3)],
            Annotated[str, StringConstraints(to_upper=True, max_length=3)],
            Annotated[str, StringConstraints(to_lower=True, min_length=2)],
        ],
        letters("ab \t\u3000\u00a0ßİé", 6),
        sure=0,
    ),
    "pattern": Kind(
        [
            limited(str, pattern=r"^[^@\s]+@[^@\s]+\.[a-z]+$"),
            limited(str, pattern=r"^[\w.+-]+@[\w-]+\.[\w.-]+$"),
            limited(str, pattern=r"^\d{1,3}$"),
            limited(str, pattern="b"),
            limited(str, pattern=r"^(?:red|a+b*)?$"),
            limited(str, pattern=r"\s"),
            limited(str, pattern=r"^\S+$", max_length=5),
            limited(str, pattern=r"^.$"),
            limited(str, pattern=r"^[A-Z]{2}$"),
            limited(str, pattern=r"^(?:..)*$"),
        ],
        mail,
        letters("ab0９٣ſK é\u00a0\n\x0b", 5),
        letters("ABé", 4),
        one_of("red", "aab", "abab", "12", "1234", "\n", "a\n", "AB\n", '"', 'a"', '"a"'),
        sure=0.5,
    ),
    "pattern by the model": Kind(
        [
            limited(str, pattern=r"^\p{L}+$"),
            limited(str, pattern=r"(?i)^red$"),
            limited(str, pattern=r"^[a-z&&[^b]]+$"),
            limited(str, pattern=r"^\bred\b$"),
        ],
        letters("abcé日", 5),
        one_of("red", "RED", "ſ", "reD"),
        sure=0,
    ),
    "literal": Kind(
        [
            Literal["a", "red", "grün"],
            Literal[1, 2, -3],
            Literal["1", 1],
            Literal['a "b", c', 'a""b'],
        ],
        one_of("a", "red", "grün", "1", "2", "-3", "01", "+1", "3", 'a "b", c', "b", 'a"b', 'a""b'),
        sure=0.5,
    ),
    "enum": Kind(
        [Colour, Size], one_of("red", "grün", "1", "-20", "+1", "7", 'a "b", c', "blue"), sure=0.5
    ),
    "bool": Kind([bool], one_of("true", "false", "true", "False", "1", "t")),
    "date": Kind([date], day),
    "date bounds": Kind(
        [
            limited(date, ge=date(2000, 2, 29)),
            limited(date, gt=date(1999, 12, 31), lt=date(2024, 2, 29)),
            limited(date, le=date(9999, 12, 31)),
        ],
        day,
        one_of("2000-02-28", "2000-02-29", "2000-03-01", "1999-12-31", "2024-02-28", "2024-02-29"),
    ),
    "datetime": Kind([datetime], instant, plain_instant),
    "aware or naive": Kind([AwareDatetime, NaiveDatetime], instant, plain_instant),
    "NULL": Kind(
        [int | None, str, str | None, limited(str, min_length=1) | None, Decimal | None],
        one_of("", "", "1", "a", "NA", "5.5"),
    ),
    "defaults": Kind(
        [
            (int, 7),
            (int | None, None),
            (int, Field(default=0, gt=0)),
            (int, Field(default=0, gt=0, validate_default=True)),
            (list[int], Field(default_factory=list)),
            (int, Field(default_factory=lambda: 1)),
            (int, Field(default_factory=lambda: "x", validate_default=True)),
        ],
        one_of("", "", "1", "0", "-1", "x"),
        sure=0,
    ),
    "uuid": Kind([UUID, Annotated[UUID, Field()]], uuid),
    "by the model": Kind(
        [
            Annotated[int, BeforeValidator(lambda text: text.replace(".", ""))],
            int | str,
            timedelta,
            limited(int, multiple_of=3),
            limited(datetime, gt=datetime(2020, 1, 1)),  # noqa: DTZ001 - a naive bound
        ],
        whole,
        plain_instant,
        one_of("1.000", "P1D", "3", "x"),
        sure=0,
    ),
}


def model_of(types: list[Any], config: ConfigDict | None = None) -> type[BaseModel]:
    fields = {
        f"c{at}": kind if isinstance(kind, tuple) else (kind, ...) for at, kind in enumerate(types)
    }
    make: Callable[..., type[BaseModel]] = create_model
    return make("Made", __config__=config, **fields)


def verdicts(
    model: type, names: list[str], column: int, texts: list[str], dialect: CsvDialect
) -> tuple[int, int]:
    """Compare both ways over texts of one column; return how many are good, and are not."""
    filler = [""] * len(names)
    records = [[*filler[:column], text, *filler[column + 1 :], "."] for text in texts]
    found = look(written([*names, "end"], records), model, dialect)

    assert [] == found.unsound
    doubted = [raw for raw in found.doubted if MARK not in raw]
    assert [] == doubted, "the model was asked, and so everything good is certain"
    return len(texts) - len(found.refused), len(found.refused)


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("config", [None, ConfigDict(strict=True)], ids=["", "strict"])
def test_no_text_is_certain_that_grammar_and_model_refuse(
    name: str, config: ConfigDict | None, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, chance = KINDS[name], random.Random(seed)
    asked = count_asked(monkeypatch)
    good = bad = 0
    while min(good, bad) < VERDICTS_MIN and not (config and bad > 3 * VERDICTS_MIN):
        for one in kind.types:
            model = model_of([one], config)
            texts = [of(chance.choice(kind.texts))(chance) for _ in range(ROUND)]
            dialect = CsvDialect(null=chance.choice(["", "", "NA"]))
            more = verdicts(model, ["c0"], 0, texts, dialect)
            good, bad = good + more[0], bad + more[1]

    sure = good - asked["good"]
    assert config or sure >= kind.sure * good, f"{sure} of {good} good texts need no model"


def count_asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    counts = {"good": 0}
    takes = AskedField.takes

    def counted(self: AskedField, text: str) -> bool:
        answer = takes(self, text)
        counts["good"] += answer
        return answer

    monkeypatch.setattr(AskedField, "takes", counted)
    return counts
