"""How often and how patiently something that may succeed is tried again."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import (
    DatabaseUnreachable,
    DaybreakError,
    DeadlinePassed,
    DefinitionError,
    SourceChanged,
    SourceError,
    TransientError,
)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits between tries, growing by doubling up to a bound."""

    first_s: float = 0.05
    most_s: float = 5.0

    def wait_s(self, tries: int, chance: float) -> float:
        """Return the wait after `tries` failed tries (from 1).

        Args:
            tries: How many tries have failed.
            chance: A number from 0 to 1 that spreads simultaneous losers apart: the wait is
                between half and all of the doubled time.
        """
        whole = min(self.first_s * 2.0 ** (tries - 1), self.most_s)
        return whole * (0.5 + chance / 2)


_MAY_PASS = (DatabaseUnreachable, DeadlinePassed, SourceError, TransientError)


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a task is tried again within one attempt, and after which exceptions.

    Errors of Daybreak that no second try can mend are never retried, whatever `on` says: a wrong
    definition, a failed check, a changed source, a lost lease.

    Raises:
        DefinitionError: If a value is out of bounds; nothing was declared.
    """

    attempts: int = 3
    """Tries in all, the first one included: 1 or more."""

    on: tuple[type[Exception], ...] = (Exception,)
    """The exceptions after which it is tried again."""

    wait_s: float = 0.5
    """The wait after the first failed try; it doubles with each, and is spread by chance."""

    wait_s_max: float = 30.0
    """The longest wait."""

    def __post_init__(self) -> None:
        """Refuse values outside their bounds."""
        if type(self.attempts) is not int or self.attempts < 1:
            raise _refused("attempts", "a whole number from 1", self.attempts)
        if not self.on or not all(map(_is_exception, self.on)):
            raise _refused("on", "a tuple of exceptions", self.on)
        if not 0 <= self.wait_s <= self.wait_s_max:
            raise _refused("wait_s", f"from 0 to wait_s_max ({self.wait_s_max!r})", self.wait_s)

    def is_worth(self, error: Exception, tries: int) -> bool:
        """Say whether to try again after so many failed tries, the last with `error`."""
        if tries >= self.attempts or not isinstance(error, self.on):
            return False
        if not isinstance(error, DaybreakError):
            return True
        return isinstance(error, _MAY_PASS) and not isinstance(error, SourceChanged)

    @property
    def backoff(self) -> Backoff:
        """The waits between its tries."""
        return Backoff(self.wait_s, self.wait_s_max)


def _is_exception(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Exception)


def _refused(name: str, expected: str, got: object) -> DefinitionError:
    return DefinitionError(
        f"expected {name} of Retry to be {expected}, got {got!r}",
        hint="write for example retry=Retry(attempts=3, on=(ConnectionError,))",
    )
