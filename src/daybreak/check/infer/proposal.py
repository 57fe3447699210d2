"""From evidence to a type, and from a type to a wider one when the file holds more than was seen.

Widening never refuses what the narrower type accepted: of those values nobody knows more than that
they were accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from .evidence import DECIMAL, EMAIL, WHOLE, Evidence

PATTERN_VALUES_MIN: Final = 20
"""Values from which a shape or a length is taken for a rule."""

CHOICE_VALUES_MIN: Final = 50
CHOICE_REPEATS_MIN: Final = 10
"""How often, on average, each value of an enumeration comes."""

CHOICE_LENGTH_MAX: Final = 30
LENGTHS: Final = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 4_000)
"""Customary bounds of texts: a length that was seen is rounded up to one of these."""

LENGTH_MARGIN: Final = 1.5
"""The next file has longer texts than this one."""

_LENGTH_OF: Final = {"bool": 5, "int": 19, "date": 10, "datetime": 35}
"""The longest text of a type; others have none."""

_KINDS: Final = ("bool", "int", "decimal", "float", "date", "datetime")
_WIDER: Final = {
    "bool": ("bool",),
    "int": ("int", "decimal", "float"),
    "decimal": ("decimal", "float"),
    "float": ("float",),
    "date": ("date",),
    "datetime": ("datetime",),
}
_WORDS: Final = {
    "bool": "true or false",
    "int": "whole numbers",
    "decimal": "numbers",
    "date": "dates",
    "datetime": "dates with a time",
}
_MOSTLY: Final = 0.9
_RARE: Final = 200
"""A value of an enumeration that comes less than once among so many stands out."""

_SHOWN_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class Proposal:
    """The type of one column."""

    kind: str
    """One of `bool int decimal float date datetime choice text any`."""

    is_nullable: bool = False
    may_be_missing: bool = False
    places: int = 0
    """Of `decimal`."""

    zone: str = ""
    """Of `datetime`: `aware` or `naive`; empty if both came."""

    choices: tuple[str, ...] = ()
    pattern: str = ""
    max_length: int | None = None

    def annotation(self, *, is_guarded: bool = False) -> Any:
        """Return the type itself, without NULL.

        Args:
            is_guarded: Whether numbers are to be held to the form in which nothing is lost: as
                texts by a pattern, which a number's own type is not.
        """
        from decimal import Decimal  # noqa: PLC0415 - with those that are heavy
        from typing import Annotated, Literal  # noqa: PLC0415 - ditto

        from pydantic import Field  # noqa: PLC0415 - heavy

        if is_guarded and self.kind in ("int", "decimal"):
            return Annotated[str, Field(pattern=self._number_pattern())]
        match self.kind:
            case "decimal":
                return Annotated[Decimal, Field(decimal_places=self.places)]
            case "choice":
                return Literal[self.choices]
            case "text" if self.rules:
                return Annotated[str, Field(**self.rules)]
            case kind:
                return _plain_types()[f"{kind} {self.zone}".rstrip()]

    def _number_pattern(self) -> str:
        if self.kind == "int":
            return f"^{WHOLE}$"
        return f"^{DECIMAL.replace('{1,18}', f'{{1,{max(self.places, 1)}}}')}$"

    @property
    def rules(self) -> dict[str, Any]:
        """What pydantic's `Field` is told of a text."""
        rules = {"pattern": self.pattern or None, "max_length": self.max_length}
        return {name: rule for name, rule in rules.items() if rule is not None}


def _plain_types() -> dict[str, Any]:
    from datetime import date, datetime  # noqa: PLC0415 - beside the heavy ones

    from pydantic import AwareDatetime, NaiveDatetime  # noqa: PLC0415 - heavy

    return {
        "bool": bool,
        "int": int,
        "float": float,
        "date": date,
        "datetime": datetime,
        "datetime aware": AwareDatetime,
        "datetime naive": NaiveDatetime,
        "text": str,
        "any": Any,
    }


# ---------------------------------------------------------------- decisions


def propose(seen: Evidence) -> Proposal:
    """Return the narrowest type that all values which were seen have, with nothing lost."""
    found = Proposal("text")
    kind = next((kind for kind in _KINDS if _is(kind, seen)), None)
    if seen.is_mixed or (seen.values and not seen.texts and kind is None):
        found = Proposal("any")
    elif seen.values:
        found = _typed(kind, seen) if kind else _text(seen, may_be_choice=True)
    return _with_absence(found, seen)


def widen(old: Proposal, seen: Evidence) -> Proposal:
    """Return a type that has all values of the old one, and those that were seen since.

    Args:
        old: What was proposed.
        seen: All that is known, with the values that the old type refused.
    """
    if seen.is_mixed or old.kind == "any":
        found = Proposal("any")
    elif old.kind in _WIDER:
        kind = next((kind for kind in _WIDER[old.kind] if _is(kind, seen)), None)
        found = _untyped(old, seen) if kind is None else _wider(kind, old, seen)
    elif old.kind == "choice":
        found = _text(seen, may_be_choice=True)
    elif old.kind == "text":
        found = _text(seen, may_be_choice=False)
        if not old.rules:  # who had no bound has none
            found = Proposal("text")
        elif not old.pattern:
            found = replace(found, pattern="")
    else:
        found = old
    found = _with_absence(found, seen)
    return replace(
        found,
        is_nullable=found.is_nullable or old.is_nullable,
        may_be_missing=found.may_be_missing or old.may_be_missing,
    )


def _is(kind: str, seen: Evidence) -> bool:
    # Codes such as 12E4 read as numbers too: a column of floats has points somewhere.
    return seen.all_fit(kind) and (kind != "float" or seen.points > 0)


def _typed(kind: str, seen: Evidence) -> Proposal:
    zone = ""
    if kind == "datetime" and seen.aware in (0, seen.values):
        zone = "aware" if seen.aware else "naive"
    return Proposal(kind, places=seen.places if kind == "decimal" else 0, zone=zone)


def _wider(kind: str, old: Proposal, seen: Evidence) -> Proposal:
    found = _typed(kind, seen)
    zone = found.zone if found.zone == old.zone else ""
    return replace(
        found, places=max(found.places, old.places) if kind == "decimal" else 0, zone=zone
    )


def _untyped(old: Proposal, seen: Evidence) -> Proposal:
    """Return the text that is left of a type: of its values only their longest is known."""
    if not seen.texts:  # numbers and truths, and no text among them
        return Proposal("any")
    if old.kind not in _LENGTH_OF:
        return Proposal("text")
    return Proposal("text", max_length=_rounded(max(_LENGTH_OF[old.kind], seen.length_max)))


def _text(seen: Evidence, *, may_be_choice: bool) -> Proposal:
    pattern = seen.shape.pattern if seen.values >= PATTERN_VALUES_MIN else ""
    if pattern and seen.shape.is_code:
        return Proposal("text", pattern=pattern)
    if may_be_choice and _is_choice(seen):
        assert seen.distinct is not None
        return Proposal("choice", choices=tuple(sorted(seen.distinct)))
    if pattern:
        return Proposal("text", pattern=pattern)
    if seen.values < PATTERN_VALUES_MIN:
        return Proposal("text")
    email = f"^{EMAIL}$" if seen.all_fit("email") else ""
    return Proposal("text", pattern=email, max_length=_rounded(seen.length_max))


def _is_choice(seen: Evidence) -> bool:
    return (
        seen.distinct is not None
        and _mostly(seen) is None
        and seen.values >= max(CHOICE_VALUES_MIN, CHOICE_REPEATS_MIN * len(seen.distinct))
        and all(0 < len(one) <= CHOICE_LENGTH_MAX for one in seen.distinct)
    )


def _rounded(length: int) -> int | None:
    return next((bound for bound in LENGTHS if length * LENGTH_MARGIN <= bound), None)


def _with_absence(found: Proposal, seen: Evidence) -> Proposal:
    return replace(
        found,
        is_nullable=bool(seen.nulls or seen.missing or not seen.values),
        may_be_missing=bool(seen.missing),
    )


# ---------------------------------------------------------------- doubts


def remarks(proposal: Proposal, seen: Evidence) -> Iterator[str]:
    """Yield what a person should know before he takes a proposal for a rule."""
    if not seen.values:
        yield "no value in it: its type is not known"
        return
    if proposal.kind == "any":
        yield "lists or objects, or texts among numbers: whatever it is, it is accepted"
    if proposal.kind in ("text", "choice"):
        yield from _doubts_of_text(proposal, seen)
    if proposal.kind == "datetime" and not proposal.zone:
        yield "some have an offset from UTC, some have none"
    if proposal.kind == "int" and (unit := seen.epoch):
        yield f"may count {unit} since 1970: kept as a number, for nothing says that it is a date"
    if proposal.kind in ("int", "decimal") and seen.least is not None:
        yield f"{seen.least:f} to {seen.most:f} in the sample"


def _doubts_of_text(proposal: Proposal, seen: Evidence) -> Iterator[str]:
    for doubt, one in seen.doubts.items():
        if doubt == "may mean NULL":
            yield f"{_shown(one.text)} may mean NULL: then say so with --null {_shown(one.text)}"
        else:
            yield f"{_shown(one.text)} {doubt}: kept as text"
    if (kind := _mostly(seen)) is not None:
        one = seen.misfits[kind]
        where = "" if one.line is None else f"line {one.line}: "
        yield f"most values are {_WORDS[kind]}, but not {where}{_shown(one.text)}"
    if seen.distinct is None:
        return
    if proposal.pattern:
        yield f"in the sample: {', '.join(map(_shown, sorted(seen.distinct)))}"
    if proposal.pattern or proposal.choices:
        rare = [one for one, times in seen.distinct.items() if times * _RARE < seen.values]
        if rare:
            yield f"seldom, perhaps a fault: {', '.join(map(_shown, sorted(rare)))}"


def _mostly(seen: Evidence) -> str | None:
    """Return the type that nearly all values have, but not all."""
    of = seen.values
    return next((one for one in _WORDS if of * _MOSTLY <= seen.fits[one] < of), None)


def _shown(text: str) -> str:
    """Return a value as a comment can hold it: on one line, and short."""
    return repr(text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 1] + "…")
