"""The transaction behind the face that users get: everything but ending it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..errors import SourceError, TransactionEnded, TransientError
from ..model.raw import RawRecords
from ..model.rows_by_column import RowsByColumn
from .rows import read_as
from .session import RawSession, Session
from .statement import shortened

_ENDING: Final = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
    r"(?:abort|begin|commit|end|prepare\s+transaction|release|rollback|savepoint"
    r"|set\s+transaction|start\s+transaction)\b",
    re.IGNORECASE | re.DOTALL,
)
"""A statement that begins, ends or divides a transaction, behind white space and comments."""


class OpenTransaction:
    """An `abc.Transaction` over a session; refuses work once its chunk has ended.

    It belongs to the thread that it was given to: others could still write when the chunk commits.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._is_open = True
        self._thread = threading.get_ident()

    def execute(self, sql: str, /, **bind: object) -> int:
        return self._live(sql).execute(sql, **bind)

    def executemany(self, sql: str, binds: Iterable[Mapping[str, object]], /) -> int:
        return self._live(sql).executemany(sql, list(binds))

    def copy(
        self, table: str, rows: Iterable[Sequence[object]], /, *, columns: Sequence[str]
    ) -> int:
        given = rows if isinstance(rows, RowsByColumn) else list(rows)
        return self._live(f"copy {table}").copy(table, given, columns)

    def copy_raw(self, table: str, raw: RawRecords) -> int:
        """Write records as bytes, into columns of their fields' names; return how many it wrote."""
        session = self._live(f"copy {table}")
        assert isinstance(session, RawSession), "whoever offers bytes knows the dialect"
        return session.copy_raw(table, raw)

    def query(self, sql: str, model: type[Any] | None = None, /, **bind: object) -> list[Any]:
        rows = self._live(sql).query(sql, **bind)
        return rows if model is None else read_as(model, rows)

    def one(self, sql: str, model: type[Any] | None = None, /, **bind: object) -> Any:
        return only(self.query(sql, model, **bind), sql)

    @property
    def connection(self) -> Any:
        return self._live("connection").connection

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._session.dialect

    def close(self) -> None:
        """Refuse everything from now on."""
        self._is_open = False

    def _live(self, sql: str) -> Session:
        if not self._is_open:
            raise TransactionEnded(
                f"the transaction has ended; it cannot run: {shortened(sql)}",
                hint="use `tx` only inside the function it was given to, and keep it nowhere",
            )
        if threading.get_ident() != self._thread:
            raise TransactionEnded(
                f"the transaction was used in another thread than its own: {shortened(sql)}",
                hint="use `tx` in the function it was given to; let threads compute, not write",
            )
        refuse_ended(self._session)
        if _ENDING.match(sql):
            raise TransactionEnded(
                f"a statement tried to begin, end or divide the transaction: {shortened(sql)}",
                hint="leave COMMIT, ROLLBACK and SAVEPOINT out of the function",
            )
        return self._session


def refuse_ended(session: Session) -> None:
    """Raise unless the session is still in the transaction that its owner began.

    Raises:
        TransientError: If its connection is lost, and the transaction with it.
        TransactionEnded: If something ended the transaction: its effects may be durable.
    """
    if session.in_transaction:
        return
    if not session.is_usable:
        raise TransientError(
            "the connection was lost, and the transaction with it",
            hint="see whether the server is up; then run again",
        )
    raise ended_by_another()


def ended_by_another() -> TransactionEnded:
    """Return the error for a transaction that somebody else than its owner has ended."""
    return TransactionEnded(
        "the chunk's transaction is not the one that was begun: something in it ended it,"
        " and its effects may be durable without a marker",
        hint="look for COMMIT, ROLLBACK or DDL in the step's functions, and for RAISE(ROLLBACK) in"
        " triggers",
    )


def only(rows: list[Any], sql: str) -> Any:
    """Return the only element.

    Raises:
        SourceError: If there is none or more than one.
    """
    if len(rows) != 1:
        raise SourceError(
            f"expected one row, got {len(rows)}: {shortened(sql)}",
            hint="make the query give exactly one row, or use query()",
        )
    return rows[0]
