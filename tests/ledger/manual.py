"""Time moved by hand, and short ways to make what ledger tests need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from daybreak.databases.session import opened
from daybreak.ledger.clock import Patience
from daybreak.ledger.owned import OwnedRun
from daybreak.ledger.rows import Owner, RunRow
from daybreak.ledger.store import LedgerStore
from daybreak.model.identity import Identity

NIGHT = date(2026, 3, 2)
TABLES = ("meta", "runs", "steps", "measurements", "audit", "limits", "claims")


@dataclass
class ManualTime:
    """A wall clock that can jump and a monotonic one that only waits move; waits return at once."""

    wall: datetime = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
    elapsed_s: float = 0.0
    waits: list[float] = field(default_factory=list)
    on_wait: Callable[[], object] = lambda: None

    def now(self) -> datetime:
        return self.wall

    def monotonic_s(self) -> float:
        return self.elapsed_s

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.elapsed_s += seconds
        self.wall += timedelta(seconds=seconds)
        self.on_wait()

    def patience(self) -> Patience:
        return Patience(clock=self, wait=self.wait, chance=lambda: 1.0)


def identity(night: date | None = NIGHT, job: str = "orders") -> Identity:
    """Name a run."""
    return Identity(job, {"month": "2026-02"}, {"shop": "sqlite:///shop.db"}, night)


def start(store: LedgerStore, which: Identity | None = None, *, is_again: bool = False) -> RunRow:
    """Enter a run, or get the one that exists."""
    return store.start(
        which or identity(),
        parameters={"month": "2026-02"},
        job_file="orders.py",
        runs_folder=Path("runs"),
        who="a test",
        is_again=is_again,
    )


def owner(number: int) -> Owner:
    """Name a process on a host of its own."""
    return Owner(f"host{number}", 1000 + number, f"lock{number}")


def taken(store: LedgerStore, number: int = 1) -> OwnedRun:
    """Enter a run and take it."""
    return store.take(start(store).id, owner(number), is_locked=True)


def content(url: str) -> dict[str, list[str]]:
    """Read all rows of a ledger, as text."""
    with opened(url) as session:
        prefix = "daybreak_ledger." if session.dialect == "postgresql" else ""
        statements = {table: f"select * from {prefix}{table}" for table in TABLES}  # noqa: S608 - ours
        return {
            table: sorted(str(row) for row in session.query(statement))
            for table, statement in statements.items()
        }


def alter(url: str, sql: str, **bind: object) -> None:
    """Change a ledger behind its back; `sql` names tables in full."""
    with opened(url) as session:
        plain = sql if session.dialect == "postgresql" else sql.replace("daybreak_ledger.", "")
        assert session.execute(plain, **bind) > 0
