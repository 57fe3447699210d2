"""What a COMMIT costs, measured by committing next to nothing: no row, no table, no file remains.

On a server each try is a transaction that writes an empty message into its log. In SQLite, whose
file must not be touched, it is a row in a scratch file on the same disk.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from ..errors import DaybreakError
from .session import Session, connect
from .statement import load
from .url import parse

TRIES: Final = 15


@dataclass(frozen=True, slots=True)
class CommitPrice:
    """What a COMMIT costs beside the work of its chunk."""

    median_s: float
    slowest_s: float
    tries: int
    how: str
    """How it was measured, for people."""


def commit_price(url: str, scratch: Path) -> CommitPrice | str:
    """Measure what a COMMIT costs.

    Args:
        url: The database.
        scratch: A folder in which a file may be made, and is removed again.

    Returns:
        The price; or why it could not be measured.
    """
    parsed = parse(url)
    try:
        if parsed.kind == "postgresql":
            return _of_server(url)
        return _of_file(Path(parsed.database or ""), scratch)
    except (DaybreakError, OSError) as error:
        return f"the price of a commit could not be measured: {error}"


def _of_server(url: str) -> CommitPrice:
    session = connect(url, application="daybreak:rehearsal")
    try:
        return _measured(
            session,
            lambda: session.query(load(session.dialect, "emit_nothing")),
            "commits of an empty message in the server's log",
        )
    finally:
        session.close()


def _of_file(database: Path, scratch: Path) -> CommitPrice | str:
    if database.exists() and database.stat().st_dev != scratch.stat().st_dev:
        return (
            f"the price of a commit was not measured: {scratch} is on another disk than the"
            " database (set TMPDIR to a folder on its disk)"
        )
    file = scratch / f"commit-{uuid4().hex}.db"
    session = connect(f"sqlite:///{file}")
    try:
        session.execute("create table rows (n integer)")
        return _measured(
            session,
            lambda: session.execute("insert into rows values (1)"),
            "commits of a row in a file beside it, in TRUNCATE/FULL",
        )
    finally:
        session.close()
        for left in scratch.glob(f"{file.name}*"):
            left.unlink()


def _measured(session: Session, act: Callable[[], object], how: str) -> CommitPrice:
    spans = []
    for _ in range(TRIES):
        session.begin()
        act()
        began_s = time.perf_counter()
        session.commit()
        spans.append(time.perf_counter() - began_s)
    return CommitPrice(statistics.median(spans), max(spans), len(spans), how)
