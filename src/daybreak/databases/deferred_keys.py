"""Deferred foreign keys on SQLite, which checks them at COMMIT only, and then names nobody.

Its own counter of missing parents cannot be read from here. So the rows without a parent are
counted, before the first savepoint of a transaction and when somebody asks; each time the tables
that have such keys are read from end to end. Most databases have none: that costs one look at the
schema.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..errors import DataRefused
from .statement import load

if TYPE_CHECKING:
    from .session import Session

_DEFERRED: Final = re.compile(r"\binitially\s+deferred\b", re.IGNORECASE)


class DeferredKeys:
    """The deferred foreign keys of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._missing_before: int | None = None

    def forget(self) -> None:
        """Begin a transaction."""
        self._missing_before = None

    def remember(self) -> None:
        """Count what is missing already, unless that was done in this transaction."""
        if self._missing_before is None:
            self._missing_before = self._missing()

    def force(self) -> None:
        """Raise if more parents are missing than at the transaction's first savepoint.

        Raises:
            DataRefused: In the words that COMMIT would have.
        """
        self.remember()
        if self._missing() > (self._missing_before or 0):
            raise DataRefused("FOREIGN KEY constraint failed", rule="foreign key")

    def _missing(self) -> int:
        session = self._session
        is_all = session.query("pragma defer_foreign_keys")[0].defer_foreign_keys
        missing = 0
        for table in session.query(load("sqlite", "tables_with_parents")):
            if is_all or _DEFERRED.search(table.sql):
                found = session.query(load("sqlite", "parents_missing"), table=table.name)
                missing += found[0].parents
        return missing
