"""A clock that a job's own functions turn; the job's file imports it."""

from __future__ import annotations

from tests.execution.pacing import TurnedClock

CLOCK = TurnedClock()
"""02:00 in UTC, until it is turned."""
