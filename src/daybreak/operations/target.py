"""Daybreak's own tables in a target: the statements that make them, and making them.

A relative file starts at the current folder, as wherever somebody types one.
"""

from __future__ import annotations

from pathlib import Path

from ..databases.dialect import dialect_of
from ..databases.statement import load
from ..databases.target import DatabaseTarget
from ..databases.url import resolve
from ..ledger.clock import SystemClock


def statements(url: str) -> str:
    """Return the statements that make the tables in a database, for whoever may run them.

    Raises:
        DefinitionError: If it is no URL of a database.
    """
    return load(dialect_of(url).name, "install")


def install(url: str) -> None:
    """Make the tables, unless they are there.

    Raises:
        DatabaseUnreachable: If it does not answer.
        RightsMissing: If the user may not; nothing was made.
    """
    DatabaseTarget(resolve(url, Path.cwd()), "database", SystemClock()).install()
