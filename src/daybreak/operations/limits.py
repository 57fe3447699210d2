"""Limits that all runs of a ledger share: how they stand, setting one, removing one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..errors import DefinitionError
from ..ledger.rows import ClaimRow, LimitRow
from ..ledger.store import LedgerStore
from ..model.shares import refuse_units
from .inspect import OWNER_GONE, is_owner_gone, reading
from .run_lock import who


@dataclass(frozen=True, slots=True)
class LimitLine:
    """A limit, as one line of a table."""

    name: str
    units: int
    in_use: int
    holders: Sequence[str]
    """Which steps have how much: `run 7 step load: 2`, in the order in which they came."""

    waiting: Sequence[str]
    """Which steps wait for how much, in the order in which they came."""

    set_by: str
    set_at: datetime


def limits(ledger: str) -> list[LimitLine]:
    """Return the limits of a ledger, by name.

    Raises:
        PreflightError: If there is no ledger, or it cannot be read.
    """
    with reading(ledger) as store:
        claims, now = store.claims(), store.now()
        return [_line_of(limit, claims, now) for limit in store.limits()]


def set_limit(ledger: str, name: str, units: int) -> None:
    """Set a limit for all runs of a ledger, also for those at work; the ledger is made if need be.

    Raises:
        DefinitionError: If it is no name or no number of units; nothing was written.
        PreflightError: If the ledger cannot be written.
    """
    refuse_units("a limit", name, units)
    store = LedgerStore.open(ledger)
    try:
        store.set_limit(name, units, who=who())
    finally:
        store.close()


def remove_limit(ledger: str, name: str) -> None:
    """Remove a limit of a ledger.

    Raises:
        DefinitionError: If there is none of that name.
    """
    store = LedgerStore.open(ledger)
    try:
        if not store.remove_limit(name):
            names = ", ".join(limit.name for limit in store.limits()) or "none"
            raise DefinitionError(
                f"the ledger has no limit {name!r}", hint=f"it has: {names}; see daybreak limits"
            )
    finally:
        store.close()


def _line_of(limit: LimitRow, claims: Iterable[ClaimRow], now: datetime) -> LimitLine:
    concerned = [one for one in claims if limit.name in one.uses]
    holding = [one for one in concerned if one.granted_at is not None]
    return LimitLine(
        name=limit.name,
        units=limit.units,
        in_use=sum(one.uses[limit.name] for one in holding),
        holders=[_said(one, limit.name, now) for one in holding],
        waiting=[_said(one, limit.name, now) for one in concerned if one.granted_at is None],
        set_by=limit.set_by,
        set_at=limit.set_at,
    )


def _said(one: ClaimRow, name: str, now: datetime) -> str:
    gone = f" ({OWNER_GONE})" if is_owner_gone(one.run, now) else ""
    return f"{one.claim.who}: {one.uses[name]}{gone}"
