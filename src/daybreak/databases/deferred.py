"""Checking now what a database checks at COMMIT, without a COMMIT."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from ..errors import DataRefused
from .session import Session
from .sqlite import quoted
from .statement import load


def deferred_check(session: Session) -> Callable[[], None]:
    """Return what checks the constraints that wait for COMMIT, and lets them wait again.

    Asked once, at the beginning of the transaction: constraints made in it are not known.

    The function raises `DataRefused` if COMMIT would be refused.
    """
    names = [row.name for row in session.query(load(session.dialect, "deferred_constraints"))]
    if session.dialect == "postgresql":
        return lambda: _check_on_server(session, names)
    before = _loose(session, names)
    return lambda: _check_in_file(session, names, before)


def _check_on_server(session: Session, deferred: list[str]) -> None:
    session.execute("set constraints all immediate")
    if deferred:
        # Not all: those that are immediate by their own definition must be so afterwards too.
        session.execute(f"set constraints {', '.join(deferred)} deferred")


def _check_in_file(session: Session, tables: list[str], before: Counter[Any]) -> None:
    if _loose(session, tables) - before:
        raise DataRefused("FOREIGN KEY constraint failed")


def _loose(session: Session, tables: list[str]) -> Counter[Any]:
    """Count the references that lead nowhere; some may have been there before.

    Complexity: SQLite reads each of the tables whole; it does not say what hangs in the air.
    """
    return Counter(
        tuple(row.values())
        for table in tables
        for row in session.query(f"pragma foreign_key_check({quoted(table)})")
    )
