"""About how many rows a query gives, without counting them: by its planner, and by its keys."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from ..databases.nodes import RowsRoot
from ..model.expected import About
from ..model.row import Row, values_of

SPREAD_OF_TABLE: Final = 0.3
SPREAD_OF_QUERY: Final = 0.7
"""What a condition leaves out the planner can only guess: it is easily off by a factor of two."""


def planned(rows: list[Row], root: RowsRoot) -> About:
    """Return what a planner expects.

    Args:
        rows: What PostgreSQL's `explain (format json)` gave.
        root: Of what.
    """
    (plan,) = values_of(rows[0])[0]
    spread = SPREAD_OF_TABLE if root.table else SPREAD_OF_QUERY
    return About(int(plan["Plan"]["Plan Rows"]), spread)


def share_of_way(first: Any, after: Any, upto: Any, last: Any) -> float | None:
    """Return which share of the way from the first key to the last lies between two others.

    None if such keys have no distances.
    """
    begin, low, high, end = [_place(one) for one in (first, after, upto, last)]
    if begin is None or low is None or high is None or end is None or not end > begin:
        return None
    return min(max(float((high - low) / (end - begin)), 0.0), 1.0)


def _place(key: Any) -> Decimal | None:
    """Return a key as a number; None for texts and bytes."""
    match key:
        case int() | Decimal():
            return Decimal(key) if Decimal(key).is_finite() else None
        case datetime():
            return Decimal(key.astimezone(UTC).timestamp())
        case date():
            return Decimal(key.toordinal())
        case UUID():
            return Decimal(key.int)
        case _:
            return None
