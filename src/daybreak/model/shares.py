"""Who may begin where steps share what is limited: a decision over values, without a clock.

A claim names all that a step uses. It may begin when all of it is to be had at once, and nobody
who came before it waits at any of the same limits. Whoever waits holds nothing but a place, so
that nobody waits in a circle; whoever came first waits for those at work only, so that a large
claim is not starved by small ones. The price: a free share may lie idle for a claim that came
first and waits for more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from ..errors import DefinitionError

Uses: TypeAlias = Mapping[str, int]
"""Units by the name of their limit."""

NOTHING: Final[Uses] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Claim:
    """What one step uses, or wants to use."""

    who: str
    """For people: `run 7 step load`."""

    uses: Uses


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a claim does not begin: the first limit at which it waits."""

    limit: str
    units: int
    """How many there are."""

    wanted: int
    in_use: int
    holders: tuple[str, ...]
    """Who has them."""

    ahead: tuple[str, ...]
    """Who waits here and came before."""

    @property
    def is_for_ever(self) -> bool:
        """Whether it would wait even if nobody else were there."""
        return self.wanted > self.units

    def __str__(self) -> str:
        if self.is_for_ever:
            return f"{self.limit}: wants {self.wanted}, the limit is {self.units} by now"
        wants = f"wants {self.wanted}, " if self.wanted > 1 else ""
        by = f" by {', '.join(self.holders)}" if self.holders else ""
        first = f"; {', '.join(self.ahead)} came first" if self.ahead else ""
        return f"{self.limit}: {wants}{self.in_use} of {self.units} in use{by}{first}"


def decide(limits: Uses, held: Iterable[Claim], waiting: Sequence[Claim]) -> list[Wait | None]:
    """Say of every waiting claim whether it may begin now, or what it waits for.

    Claims that may begin count as begun for those behind them. A name without a limit has no end.
    A claim for more than there is waits, but in nobody's way.

    Args:
        limits: Units that there are.
        held: The claims at work.
        waiting: The others, in the order in which they came.

    Returns:
        For each of `waiting` None, if it may begin, else why not.

    Complexity: O(claims x names).
    """
    holders = list(held)
    ahead: list[Claim] = []
    answers: list[Wait | None] = []
    for claim in waiting:
        wait = _wait_of(claim, limits, holders, ahead)
        answers.append(wait)
        if wait is None:
            holders.append(claim)
        elif not any(units > limits.get(name, units) for name, units in claim.uses.items()):
            ahead.append(claim)
    return answers


def _wait_of(
    claim: Claim, limits: Uses, holders: Sequence[Claim], ahead: Sequence[Claim]
) -> Wait | None:
    for name in sorted(claim.uses.keys() & limits.keys()):
        wanted, units = claim.uses[name], limits[name]
        in_use = sum(one.uses.get(name, 0) for one in holders)
        first = _named(ahead, name)
        if first or in_use + wanted > units:
            return Wait(name, units, wanted, in_use, tuple(_named(holders, name)), tuple(first))
    return None


def _named(claims: Iterable[Claim], name: str) -> list[str]:
    return [claim.who for claim in claims if name in claim.uses]


# ---------------------------------------------------------------- what is written down


def read_units(option: str, given: Mapping[str, int]) -> Uses:
    """Check the names and numbers of `limits=` or `uses=`.

    Raises:
        DefinitionError: If a name is empty or a number is no positive whole one.
    """
    for name, units in given.items():
        refuse_units(option, name, units)
    return MappingProxyType(dict(given))


def refuse_units(option: str, name: object, units: object) -> None:
    """Raise unless a name and a number of units may stand in a limit.

    Raises:
        DefinitionError: Saying which may not.
    """
    is_name = isinstance(name, str) and name.isprintable() and name.strip() == name != ""
    if not is_name:
        raise DefinitionError(
            f"expected the name of a limit in {option}, got {name!r}",
            hint='name it by what is short, for example "db"',
        )
    if type(units) is not int or units < 1:
        raise DefinitionError(
            f"expected {option} to give {name!r} a whole number from 1, got {units!r}",
            hint="say how many units there are, or are used",
        )


def refuse_impossible(step: str, uses: Uses, limits: Uses) -> None:
    """Raise if a step can never begin under its own job's limits.

    A job that declares no limits may use those of its ledger, which nobody knows yet.

    Raises:
        DefinitionError: If it uses more than there is, or what no limit of the job is named.
    """
    for name in uses if limits else ():
        if name not in limits:
            import difflib  # noqa: PLC0415 - on the error path only

            close = difflib.get_close_matches(name, limits, n=1)
            raise DefinitionError(
                f"step {step} uses {name!r}, which is no limit of its job",
                hint=f"did you mean {close[0]!r}?"
                if close
                else f"add it to limits=, which has: {', '.join(limits)}",
            )
    for name, wanted, units in more_than_there_is(uses, limits):
        raise DefinitionError(
            f"step {step} uses {wanted} of {name!r}, but the job's limit is {units}",
            hint="raise the limit, or let the step use less",
        )


def more_than_there_is(uses: Uses, limits: Uses) -> Iterator[tuple[str, int, int]]:
    """Yield name, wanted and limit of all that can never be had."""
    for name, wanted in uses.items():
        if wanted > limits.get(name, wanted):
            yield name, wanted, limits[name]
