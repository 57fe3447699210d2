"""What becomes of every input record, counted; and the sum that proves that none was lost."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What became of an input record."""

    PASSED = "passed"
    """All its outputs are committed."""

    FILTERED = "filtered"
    """It has no output, by the pipeline's own decision."""

    QUARANTINED = "quarantined"
    """One of its outputs was refused: all are withdrawn, and it is set aside."""

    SUPERSEDED = "superseded"
    """A record with an equal key, later in the chunk, won."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The fates of a step's input: read = passed + filtered + quarantined + superseded.

    The terms are counted where they happen and none is derived from the others, so that the sum
    is a proof.
    """

    read: int = 0
    """Input records, counted by the source."""

    passed: int = 0
    """Records all of whose outputs were handed to the sink and accepted."""

    filtered: int = 0
    """Records with no output."""

    quarantined: int = 0
    """Records set aside, counted by the rows written to quarantine."""

    superseded: int = 0
    """Records beaten by a later one with an equal key in their chunk."""

    written: int = 0
    """Rows in the target, from the database's own command tags."""

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.read + other.read,
            self.passed + other.passed,
            self.filtered + other.filtered,
            self.quarantined + other.quarantined,
            self.superseded + other.superseded,
            self.written + other.written,
        )

    @property
    def decided(self) -> int:
        """Records that have a fate."""
        return self.passed + self.filtered + self.quarantined + self.superseded

    @property
    def is_balanced(self) -> bool:
        """Whether every record that was read has exactly one fate."""
        return self.read == self.decided

    def __str__(self) -> str:
        return (
            f"read {self.read:,} = passed {self.passed:,} + filtered {self.filtered:,}"
            f" + quarantined {self.quarantined:,} + superseded {self.superseded:,}"
        )
