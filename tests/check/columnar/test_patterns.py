"""A pattern is given to RE2 only if the model's engine finds it in the same texts."""

from __future__ import annotations

import random
import string
from typing import Annotated

import pytest
from pydantic import Field, create_model
from pydantic_core import SchemaValidator, ValidationError, core_schema

from daybreak.check.columnar.arrow_rules import Pattern
from daybreak.check.columnar.patterns import portable
from daybreak.check.columnar.shapes import Shape
from daybreak.check.columnar.texts import Buffer, Texts
from daybreak.check.columnar.words import PAD
from tests.check.columnar.checking import look

SAME = [
    "",
    "a",
    "^$",
    r"^[A-Z]{2}$",
    r"^[\w.+-]+@[\w-]+\.[\w.-]+$",
    r"^[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}$",
    r"^\+?\d{1,3}(?:[ -]?\d{2,4}){2,4}$",
    r"^(?:red|green|)$",
    r"^[-a]+$",
    r"^[a-z0-9._+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$",
    r"^[a-z-]+$",
    r"^[a-]+?$",
    r"^\$\d+(\.\d{2})?$",
    r"a.b",
    r"^\d{4}/\d{2}/\d{2}$",
    r"^#[0-9a-fA-F]{6}$",
]
OTHER = [
    r"\bred\b",
    r"(?i)red",
    r"(?x) a b",
    r"(?P<name>a)",
    r"\p{L}",
    r"\pL",
    r"[[:alpha:]]",
    r"[a-z&&[^b]]",
    r"[a~~b]",
    r"[a--b]",
    r"[]a]",
    r"a{,3}",
    r"a{1001}",
    r"\x41",
    r"\n",
    r"\A",
    r"\z",
    r"\<a\>",
    r"a**",
    r"^*",
    r"(?=a)",
    r"[a-\d]",
    r"[a-z-9]",
    r"[a-z--9]",
    r"[\d-z]",
    r"é",
    "a\n",
    r"\Qa.b\E",
    r"\07",
    r"\C",
    "a" * 1_001,
]


@pytest.mark.parametrize("pattern", SAME)
def test_a_common_pattern_is_portable(pattern: str) -> None:
    assert portable(pattern) is not None


@pytest.mark.parametrize("pattern", OTHER)
def test_a_pattern_that_may_mean_something_else_is_left_to_the_model(pattern: str) -> None:
    assert portable(pattern) is None


@pytest.mark.parametrize(
    "member",
    [".", "a", r"\.", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", "[a-c]", "[^A-Z0-8_]", "[-+]"],
)
def test_a_shape_has_the_bytes_that_the_model_takes(member: str) -> None:
    model = SchemaValidator(core_schema.str_schema(pattern=f"^{member}$"))
    both = portable(f"^{member}$")

    assert both is not None
    assert both.shape is not None
    assert [{ord(one) for one in string.printable[:95] if takes(model, one)}] == [*both.shape]


@pytest.mark.slow
def test_both_engines_find_a_portable_pattern_in_the_same_texts(seed: int) -> None:
    chance = random.Random(seed)
    tried = found = shapes = 0
    while tried < 1_500:
        pattern = made(chance, 3) if chance.random() < 0.6 else shaped(chance)
        if (both := portable(pattern)) is None:
            continue
        try:
            model = SchemaValidator(core_schema.str_schema(pattern=pattern))
        except Exception:  # noqa: BLE001, S112 - neither would it be a model's
            continue
        try:
            rule = Pattern(both)
        except ValueError:
            continue
        tried += 1
        texts = [text(chance) for _ in range(40)]
        expected = [takes(model, one) for one in texts]

        assert expected == rule(column(texts)).tolist(), pattern
        found += sum(expected)
        if both.shape is not None:
            assert expected == Shape(both.shape)(column(texts)).tolist(), pattern
            shapes += 1
    assert found > 10_000
    assert shapes > 50


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("^[a-z]+$", [b"a", b"bcd", b'"e"'], [b"", b"A", b'"a,b"', b'"a""b"', b'"a\nb"', b"a;b"]),
        ("^[a-z]*$", [b"a", b'"b"'], [b"a b", b'"a,"', b'",a"', b'"\n"']),
        ("^a|b$", [b"a", b"ax", b"xb"], [b"x", b'"x,x"']),
        ("^([a-z];)+[a-z]$", [b"a;b", b"a;b;c"], [b"a", b"a;", b"a;;b", b'"a;b,a;b"']),
        ("^([a-z],[a-z]|q)$", [b"q", b'"a,b"'], [b"a", b"b"]),
        ('^(ab|ab"c)$', [b"ab"], [b'"ab",1\nc', b'"ab"\n1,c']),
    ],
)
@pytest.mark.parametrize("is_last", [True, False])
def test_texts_that_are_matched_together_are_taken_as_if_alone(
    pattern: str, good: list[bytes], bad: list[bytes], *, is_last: bool, seed: int
) -> None:
    chance = random.Random(seed)
    model = create_model("Record", x=(Annotated[str, Field(pattern=pattern)], ...))
    for share in (0, 0.01, 0.5):
        texts = [chance.choice(bad if chance.random() < share else good) for _ in range(600)]
        lines = [b"1," + text if is_last else text + b",1" for text in texts]
        end = chance.choice([b"\n", b"\r\n"])

        found = look(end.join([b"y,x" if is_last else b"x,y", *lines, b""]), model)

        assert [] == found.unsound
        assert [] == [row for row in found.doubted if b'""' not in row]


def takes(model: SchemaValidator, text: str) -> bool:
    try:
        model.validate_python(text)
    except ValidationError:
        return False
    return True


def column(texts: list[str]) -> Texts:
    import numpy as np  # noqa: PLC0415 - as the code does

    raw = "\n".join(texts).encode()
    buffer = Buffer(len(raw))
    buffer.bytes[PAD : PAD + len(raw)] = raw
    lengths = np.array([len(text) for text in texts])
    first = PAD + np.concatenate(([0], np.cumsum(lengths[:-1] + 1)))
    return Texts(buffer, first, first + lengths)


def text(chance: random.Random) -> str:
    alphabet = chance.choice(["ab", "abAB01", "abcABC012", string.printable[:95]])
    return "".join(chance.choices(alphabet, k=chance.randrange(8)))


def made(chance: random.Random, depth: int) -> str:
    """Make a pattern: mostly of the grammar, sometimes with a sign anywhere."""
    found = "|".join(
        "".join(part(chance, depth) for _ in range(chance.randrange(4)))
        for _ in range(chance.choice([1, 1, 1, 2, 3]))
    )
    if chance.random() < 0.1:
        at = chance.randrange(len(found) + 1)
        found = found[:at] + chance.choice(string.printable[:95]) + found[at:]
    return found


def shaped(chance: random.Random) -> str:
    return "^" + "".join(part(chance, 0) for _ in range(chance.randrange(1, 4))) + "$"


def part(chance: random.Random, depth: int) -> str:
    kind = chance.randrange(8 if depth else 6)
    if kind == 0:
        return chance.choice("^$")
    if kind >= 6:
        one = chance.choice(["(", "(?:"]) + made(chance, depth - 1) + ")"
    else:
        one = [
            "a",
            chance.choice(string.printable[:95]),
            "\\" + chance.choice(r"dDwWsS.*+?()[]{}|^$\-/@#&~"),
            member_class(chance),
            ".",
            chance.choice("abAB01"),
        ][kind]
    return one + chance.choice(
        ["", "", "", "*", "+", "?", "{2}", "{0,1}", "{1,}", "*?", "+?", "??"]
    )


def member_class(chance: random.Random) -> str:
    members = [
        "a-b",
        "A-Z",
        "0-9",
        "a",
        "b",
        "1",
        ".",
        "+",
        "@",
        r"\d",
        r"\w",
        r"\s",
        r"\-",
        "_",
        "|",
        "^",
    ]
    inside = "".join(chance.choices(members, k=chance.randrange(1, 4)))
    begin = chance.choice(["[", "[^"]) + chance.choice(["", "", "-"])
    return begin + inside + chance.choice(["]", "]", "-]"])
