"""A ledger on each database, with a time that is moved by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daybreak.ledger import session
from daybreak.ledger.store import LedgerStore
from tests.ledger.manual import ManualTime

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def time() -> ManualTime:
    return ManualTime()


@pytest.fixture
def store(database_url: str, time: ManualTime) -> Iterator[LedgerStore]:
    """Give an empty ledger, once on SQLite and once on PostgreSQL."""
    store = LedgerStore.open(database_url, patience=time.patience())
    yield store
    store.close()


@pytest.fixture
def no_lock_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a statement that meets another's lock fail nearly at once."""
    monkeypatch.setattr(session, "LOCK_WAIT_S", 0.05)
