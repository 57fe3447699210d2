"""Limits with names, and the limit a user writes: how many bad records a step may have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

from ..errors import DefinitionError

CHUNK_RECORDS: Final = 10_000
"""Records a chunk where nobody says how many and nothing can be learnt: 1 to 10 MB a commit."""

CHUNK_RECORDS_MAX: Final = 10_000_000
PARALLEL_MAX: Final = 64
PARALLEL_AUTO_MAX: Final = 8
"""Chunks in flight at most when `parallel="auto"`: each holds a session and a chunk in memory."""

BAD_ALWAYS_ALLOWED: Final = 10
"""Fewer bad records than this never exceed a percentage, unless all records are bad."""

PATIENCE_S: Final = 60.0
"""How long a database that does not answer is waited for: one that restarts is back within this."""

REHEARSAL_RECORDS: Final = 100_000
"""Records that a rehearsal reads unless it is told otherwise: ten chunks of the usual size."""

LEASE_S: Final = 30.0
TAKEOVER_S: Final = 30.0
"""How long a new owner waits for the chunks in flight of the old one."""

DISK_FREE_BYTES_MIN: Final = 100_000_000
"""Less free room than this, where a run writes, is a finding of its preflight."""

Bad: TypeAlias = int | str


@dataclass(frozen=True, slots=True)
class BadLimit:
    """How many records may be set aside: a count, or a share of the records.

    A share is of the step's total where it is known, else of the records read so far; fewer than
    `BAD_ALWAYS_ALLOWED` never exceed it, unless the total is known and all are bad: the first
    record of a source without a known end says nothing of the others (PROTOCOL.md 6).
    """

    records: int | None = None
    share: Decimal | None = None

    @classmethod
    def parse(cls, text: Bad) -> BadLimit:
        """Read `100` or `"0.1%"`.

        Raises:
            DefinitionError: If it is neither, or outside 0 to 100 %.
        """
        if isinstance(text, int) and not isinstance(text, bool) and text >= 0:
            return cls(records=text)
        if isinstance(text, str) and re.fullmatch(r"\d+(\.\d+)?%", text):
            share = Decimal(text[:-1]) / 100
            if share <= 1:
                return cls(share=share)
        raise DefinitionError(
            f"expected max_bad to be a count or a percentage, got {text!r}",
            hint='write max_bad=100 or max_bad="0.1%"',
        )

    def is_exceeded(self, bad: int, *, read: int, total: int | None) -> bool:
        """Say whether `bad` records of `read` so far (of `total` in all, if known) are too many."""
        if self.records is not None:
            return bad > self.records
        assert self.share is not None
        whole = read if total is None else total
        if 0 < bad == total and self.share < 1:
            return True
        return bad >= BAD_ALWAYS_ALLOWED and bad > self.share * whole

    def __str__(self) -> str:
        if self.records is not None:
            return f"{self.records:,}"
        assert self.share is not None
        return f"{(self.share * 100).normalize():f}%"
