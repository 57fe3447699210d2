"""How many records there must be, and what columns must add up to, as a caller or a trailer says.

A record counts whether it is good or bad. A sum is that of the values which could be read: what a
faulty record holds, nobody knows. So a file with faulty records may miss its totals; then that is a
finding, for nothing less than an equal sum proves that all is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any, Final, TypeAlias

from ..errors import DefinitionError
from ..model.chunk import Finding

Number: TypeAlias = int | Decimal
Records: TypeAlias = int | tuple[int | None, int | None]

OTHER_COUNT: Final = "not the number of records that was expected"
OTHER_TOTAL: Final = "not the total that was expected"
NO_NUMBER: Final = "a value that cannot be added up exactly"

_EXACT: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of all records together."""

    least: int | None = None
    most: int | None = None
    totals: tuple[tuple[str, Decimal], ...] = ()
    """By column."""

    def __bool__(self) -> bool:
        return self != Expected()

    @property
    def count(self) -> str:
        """The number of records, for people."""
        if self.least == self.most:
            return f"{self.least:,}"
        if self.least is None:
            return f"{self.most:,} at most"
        return (
            f"{self.least:,} at least" if self.most is None else f"{self.least:,} to {self.most:,}"
        )


def expected_of(records: Records | None, totals: Mapping[str, Number]) -> Expected:
    """Read what is expected.

    Raises:
        DefinitionError: If it is no count, no range of counts, or no exact number.
    """
    least, most = records if isinstance(records, tuple) else (records, records)
    for bound in (least, most):
        if bound is not None and (type(bound) is not int or bound < 0):
            raise DefinitionError(
                f"expected a number of records, got {bound!r}",
                hint="records=120_000, or (60_000, None) for at least so many",
            )
    if least is not None and most is not None and least > most:
        raise DefinitionError(f"no number of records is at least {least} and at most {most}")
    for column, total in totals.items():
        if type(total) not in (int, Decimal) or not Decimal(total).is_finite():
            raise DefinitionError(
                f"expected the exact total of {column}, got {total!r}",
                hint='write it as an int or a Decimal: {"amount": Decimal("99.50")}',
            )
    return Expected(least, most, tuple((name, Decimal(total)) for name, total in totals.items()))


@dataclass(slots=True)
class Tally:
    """What is there, as it is counted."""

    records: int = 0
    unread: int = 0
    """Those of them whose values could not be read."""

    totals: dict[str, Decimal] = field(default_factory=dict)
    inexact: set[str] = field(default_factory=set)
    """Columns in which a value was found that cannot be added up, such as a float or a text."""

    def add(self, column: str, value: Any) -> None:
        """Add one value to a column's total; NULL adds nothing."""
        if type(value) is int:
            value = Decimal(value)
        if isinstance(value, Decimal) and value.is_finite():
            self.totals[column] = _EXACT.add(self.totals.get(column, Decimal()), value)
        elif value is not None:
            self.inexact.add(column)


def unexpected(expected: Expected, tally: Tally, file: str, line: int = 1) -> Iterator[Finding]:
    """Yield a finding for each count and total that is another one than expected.

    Args:
        expected: What is expected.
        tally: What is there.
        file: The file to which the findings belong.
        line: The line on which the expectation stands, of a trailer.
    """
    low = expected.least is not None and tally.records < expected.least
    if low or (expected.most is not None and tally.records > expected.most):
        against = f"expected {expected.count}"
        yield Finding(file, line, None, f"{tally.records:,}", OTHER_COUNT, against)
    for column, wanted in expected.totals:
        found = tally.totals.get(column, Decimal())
        if column in tally.inexact:
            yield Finding(file, line, column, None, NO_NUMBER, f"expected {wanted}")
        elif found != wanted:
            without = (
                f", {tally.unread:,} faulty records are not in the sum" if tally.unread else ""
            )
            yield Finding(
                file, line, column, str(found), OTHER_TOTAL, f"expected {wanted}{without}"
            )
