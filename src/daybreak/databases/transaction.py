"""The transaction behind the face that users get: everything but ending it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import SourceError, TransactionEnded
from .rows import read_as
from .session import Session
from .statement import shortened


class OpenTransaction:
    """An `abc.Transaction` over a session; refuses work once its chunk has ended."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._is_open = True

    def execute(self, sql: str, /, **bind: object) -> int:
        return self._live(sql).execute(sql, **bind)

    def executemany(self, sql: str, binds: Iterable[Mapping[str, object]], /) -> int:
        return self._live(sql).executemany(sql, list(binds))

    def copy(
        self, table: str, rows: Iterable[Sequence[object]], /, *, columns: Sequence[str]
    ) -> int:
        return self._live(f"copy {table}").copy(table, list(rows), columns)

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
        if not self._session.in_transaction:
            raise TransactionEnded(
                f"something ended the transaction before: {shortened(sql)}",
                hint="look for COMMIT or ROLLBACK in the function, and for RAISE(ROLLBACK) in"
                " triggers; outside a transaction this would have no marker",
            )
        return self._session


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
