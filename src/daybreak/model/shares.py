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

    Complexity: O(claims x names), and what the waits tell of others.
    """
    line = _Line(limits, held)
    answers: list[Wait | None] = []
    for claim in waiting:
        stop = line.stop_of(claim)
        answers.append(None if stop is None else line.wait_at(stop, claim))
        line.add(claim, is_waiting=stop is not None)
    return answers


def may_begin(limits: Uses, held: Iterable[Claim], waiting: Iterable[Claim]) -> list[bool]:
    """Say of every waiting claim whether it may begin now: as `decide`, but not why not.

    Complexity: O(claims x names).
    """
    line = _Line(limits, held)
    answers: list[bool] = []
    for claim in waiting:
        if claim.uses and claim.uses.keys() <= line.ahead.keys():
            answers.append(False)  # nor does it change anything for those behind it
            continue
        stop = line.stop_of(claim)
        answers.append(stop is None)
        line.add(claim, is_waiting=stop is not None)
    return answers


class _Line:
    """What the claims at work, and those that wait, leave to the next one."""

    def __init__(self, limits: Uses, held: Iterable[Claim]) -> None:
        self._limits = limits
        self._in_use = dict.fromkeys(limits, 0)
        self._holders: dict[str, list[str]] = {name: [] for name in limits}
        self.ahead: dict[str, list[str]] = {}
        for claim in held:
            self.add(claim, is_waiting=False)

    def stop_of(self, claim: Claim) -> str | None:
        """Return the first limit at which a claim has to wait."""
        for name in sorted(claim.uses.keys() & self._limits.keys()):
            in_use = self._in_use[name] + claim.uses[name]
            if name in self.ahead or in_use > self._limits[name]:
                return name
        return None

    def wait_at(self, name: str, claim: Claim) -> Wait:
        """Return what a claim waits for at a limit."""
        holders, ahead = tuple(self._holders[name]), tuple(self.ahead.get(name, ()))
        wanted, in_use = claim.uses[name], self._in_use[name]
        return Wait(name, self._limits[name], wanted, in_use, holders, ahead)

    def add(self, claim: Claim, *, is_waiting: bool) -> None:
        """Have those behind a claim find it at work, or waiting."""
        if is_waiting and any(more_than_there_is(claim.uses, self._limits)):
            return
        for name in claim.uses.keys() & self._limits.keys():
            if is_waiting:
                self.ahead.setdefault(name, []).append(claim.who)
            else:
                self._holders[name].append(claim.who)
                self._in_use[name] += claim.uses[name]


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
