"""From a type of the model to a rule over a column, where there is one that is certain.

A type has a rule only if every word of its core schema is known here: whatever a later pydantic
adds has none, and the model is asked. A rule may be stricter than the model, never laxer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeAlias

from .arrow_rules import OneOf, Pattern
from .moments import DateBounds, Dates, Instants
from .numbers import Bounds, PointNumbers, WholeNumbers
from .patterns import Portable, portable
from .shapes import Shape
from .texts import Texts
from .words import Flags

Core: TypeAlias = Mapping[str, Any]
Rule: TypeAlias = Callable[[Texts], Flags]
"""Says of each text whether it is certainly good. NULL is not its business."""

_LIMITS: Final = frozenset({"gt", "ge", "lt", "le"})
_EDGE_MAX: Final = 1e300
"""A float's bound must be nearer to zero than this, and so have neighbours that are finite."""

_SILENT: Final = frozenset({"type", "metadata", "ref", "serialization"})
"""Words of a core schema that change nothing about which texts are good."""

_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "any": frozenset(),
    "str": frozenset(
        {"strict", "min_length", "max_length", "pattern", "regex_engine"}
        | {"strip_whitespace", "to_lower", "to_upper"}
    ),
    "int": frozenset({"strict"}) | _LIMITS,
    "float": frozenset({"strict", "allow_inf_nan"}) | _LIMITS,
    "decimal": frozenset({"strict", "allow_inf_nan", "max_digits", "decimal_places"}) | _LIMITS,
    "bool": frozenset({"strict"}),
    "date": frozenset({"strict"}) | _LIMITS,
    "datetime": frozenset({"strict", "tz_constraint", "microseconds_precision"}),
    "literal": frozenset({"expected", "strict"}),
    "enum": frozenset({"cls", "members", "sub_type", "missing", "strict"}),
    "uuid": frozenset({"strict", "version"}),
}


class _None(Exception):  # noqa: N818 - a verdict, raised and caught here
    """There is no rule."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What holds for all columns of a file."""

    config: Core
    """The model's."""

    codec: str
    """The file's encoding."""

    marks: bytes
    """Its delimiter and its quote: no text without quotes around it has one of them in it."""


def anything(texts: Texts) -> Flags:
    """Say that every text is good: the rule of a column without a condition."""
    return texts.length >= 0


def rule_of(core: Core, of: Surroundings) -> Rule | None:
    """Return the rule of a type, or None if the model has to be asked.

    Args:
        core: Its core schema, without what is about NULL and defaults.
        of: What holds for the whole file.
    """
    kind = core["type"]
    if kind not in _WORDS or core.keys() - _SILENT - _WORDS[kind]:
        return None
    try:
        return _RULES[kind](core, of)
    except _None:
        return None


# ---------------------------------------------------------------- one function a type


def _any(core: Core, of: Surroundings) -> Rule:  # noqa: ARG001 - one of several
    return anything


def _str(core: Core, of: Surroundings) -> Rule:
    tests = [*_lengths(core, of), *_pattern(core, of)]
    if not tests:
        return anything
    if _setting(core, of, "to_lower") or _setting(core, of, "to_upper"):
        raise _None  # they may change a length
    if _setting(core, of, "strip_whitespace"):
        tests.append(_is_bare)
    return _all_of(tests)


def _setting(core: Core, of: Surroundings, name: str) -> Any:
    """Return what is set for a text, at its type or for the whole model."""
    return core.get(name, of.config.get(f"str_{name}"))


def _lengths(core: Core, of: Surroundings) -> list[Rule]:
    low, high = _setting(core, of, "min_length") or 0, _setting(core, of, "max_length")
    return [_Lengths(low, high)] if low or high is not None else []


def _pattern(core: Core, of: Surroundings) -> list[Rule]:
    if (pattern := core.get("pattern")) is None:
        return []
    engine = core.get("regex_engine", of.config.get("regex_engine", "rust-regex"))
    found = portable(pattern) if engine == "rust-regex" and isinstance(pattern, str) else None
    if found is None:
        raise _None
    return [_by_pattern(found, of)]


def _by_pattern(pattern: Portable, of: Surroundings) -> Rule:
    if pattern.shape is not None:
        return Shape(pattern.shape)
    try:
        return Pattern(pattern, of.marks)
    except ValueError as exc:  # RE2 refuses what would become too large
        raise _None from exc


def _is_bare(texts: Texts) -> Flags:
    """Say of each text whether it surely has no blanks around it."""
    data = texts.buffer.data
    first, last = data[texts.first], data[texts.last - 1]
    visible = (first > ord(" ")) & (first <= ord("~")) & (last > ord(" ")) & (last <= ord("~"))
    return visible & (texts.length > 0)


@dataclass(frozen=True, slots=True)
class _Lengths:
    """Characters at least and at most."""

    low: int
    high: int | None

    def __call__(self, texts: Texts) -> Flags:
        count, certain = texts.characters()
        if self.low:
            certain &= count >= self.low
        if self.high is not None:
            certain &= count <= self.high
        return certain


def _all_of(tests: list[Rule]) -> Rule:
    if not tests:
        return anything
    if len(tests) == 1:
        return tests[0]

    def every(texts: Texts) -> Flags:
        found = tests[0](texts)
        for test in tests[1:]:
            found = found & test(texts)
        return found

    return every


def _int(core: Core, of: Surroundings) -> Rule:  # noqa: ARG001 - one of several
    return WholeNumbers(_bounds(core, int))


def _decimal(core: Core, of: Surroundings) -> Rule:  # noqa: ARG001 - one of several
    return PointNumbers(
        _bounds(core, int, Decimal), core.get("max_digits"), core.get("decimal_places")
    )


def _float(core: Core, of: Surroundings) -> Rule:  # noqa: ARG001 - one of several
    """Compare the number as it is written: rounding keeps the order, but may reach a bound."""
    limits = _limits(core, int, float)
    edges = {name: float(value) for name, value in limits.items()}
    if any(not abs(edge) < _EDGE_MAX for edge in edges.values()):  # infinite, or no number, too
        raise _None
    lows = [edges["ge"]] if "ge" in edges else []
    lows += [math.nextafter(edges["gt"], math.inf)] if "gt" in edges else []
    highs = [edges["le"]] if "le" in edges else []
    highs += [math.nextafter(edges["lt"], -math.inf)] if "lt" in edges else []
    return PointNumbers(
        Bounds(ge=Fraction(max(lows)) if lows else None, le=Fraction(min(highs)) if highs else None)
    )


def _bool(core: Core, of: Surroundings) -> Rule:  # noqa: ARG001 - one of several
    return OneOf([b"true", b"false"])


def _date(core: Core, of: Surroundings) -> Rule:  # noqa: ARG001 - one of several
    return Dates(DateBounds(**_limits(core, date)))


def _datetime(core: Core, of: Surroundings) -> Rule:  # noqa: ARG001 - one of several
    zone = core.get("tz_constraint")
    if zone not in {None, "aware", "naive"}:
        raise _None
    return Instants(naive=zone != "aware", aware=zone != "naive")


def _literal(core: Core, of: Surroundings) -> Rule:
    return _one_of(core["expected"], of, whole=all(type(one) is int for one in core["expected"]))


def _enum(core: Core, of: Surroundings) -> Rule:
    if core.get("strict") or of.config.get("strict") or core.get("sub_type") == "float":
        raise _None  # then a text is no member at all, or is a number with many texts
    values = [member.value for member in core["members"]]
    return _one_of(values, of, whole=core.get("sub_type") == "int")


def _one_of(values: list[Any], of: Surroundings, *, whole: bool) -> Rule:
    """Return the rule of some values; numbers are good in one form only, others are uncertain."""
    kind = int if whole else str
    texts = [str(value) for value in values if type(value) is kind]
    members = [text.encode() for text in texts if of.codec == "utf-8" or text.isascii()]
    return OneOf(members)


def _uuid(core: Core, of: Surroundings) -> Rule:
    if core.get("strict") or of.config.get("strict"):
        raise _None
    version = core.get("version") or "1-8"
    digit = "[0-9a-fA-F]"
    pattern = portable(
        f"^{digit}{{8}}-{digit}{{4}}-[{version}]{digit}{{3}}-[89abAB]{digit}{{3}}-{digit}{{12}}$"
    )
    assert pattern is not None, "it is one of our own"
    return _by_pattern(pattern, of)


_RULES: Final[Mapping[str, Callable[[Core, Surroundings], Rule]]] = {
    "any": _any,
    "str": _str,
    "int": _int,
    "float": _float,
    "decimal": _decimal,
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
    "literal": _literal,
    "enum": _enum,
    "uuid": _uuid,
}


# ---------------------------------------------------------------- bounds


def _limits(core: Core, *kinds: type) -> dict[str, Any]:
    """Return the bounds of a type; none of another kind than these."""
    found = {name: core[name] for name in _LIMITS if core.get(name) is not None}
    if any(type(value) not in kinds for value in found.values()):
        raise _None
    return found


def _bounds(core: Core, *kinds: type) -> Bounds:
    limits = _limits(core, *kinds)
    if not all(isinstance(value, int) or value.is_finite() for value in limits.values()):
        raise _None
    return Bounds(**{name: Fraction(value) for name, value in limits.items()})
