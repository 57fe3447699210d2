"""A user's function as a sink: `each(record, tx)` and `each_chunk(records, tx)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ..abc import RecordRefused, Transaction
from ..errors import (
    DatabaseUnreachable,
    DefinitionError,
    ProofFailed,
    TransactionEnded,
    TransientError,
)
from ..model.chunk import Written

_NO_RECORDS_FAULT: Final = (
    DatabaseUnreachable,
    DefinitionError,
    ProofFailed,
    TransactionEnded,
    TransientError,
)


class _FunctionSink:
    """What the two have in common: a function's name, and nothing to make ready."""

    KIND = ""

    def __init__(self, function: Callable[[Any, Transaction], None]) -> None:
        self._function = function

    @property
    def name(self) -> str:
        return name_of(self._function)

    def facts(self) -> Mapping[str, Any]:
        return {self.KIND: self.name}

    def preflight(self) -> None:
        return None

    def prepare(self, tx: Transaction) -> None:
        return None

    def rows_expected(self, written: int) -> tuple[str, int] | None:
        return None


class EachSink(_FunctionSink):
    """`abc.Sink` that calls a function for every record; one that raises names its record."""

    KIND = "each"

    def write(self, tx: Transaction, records: Sequence[Any]) -> Written:
        return self.write_telling(tx, records, lambda _position: None)

    def write_telling(
        self, tx: Transaction, records: Sequence[Any], begins: Callable[[int], None]
    ) -> Written:
        counting = _Counting(tx)
        for position, record in enumerate(records):
            begins(position)
            try:
                self._function(record, counting)
            except _NO_RECORDS_FAULT:
                raise
            except Exception as error:
                raise RecordRefused(position, error) from error
        return Written(counting.rows)

    def goes_in_pieces(self, tx: Transaction) -> bool:
        del tx
        return True


class EachChunkSink(_FunctionSink):
    """`abc.Sink` that calls a function for every chunk; bad records are found by division."""

    KIND = "each_chunk"

    def write(self, tx: Transaction, records: Sequence[Any]) -> Written:
        counting = _Counting(tx)
        self._function(records, counting)
        return Written(counting.rows)


class _Counting:
    """The transaction as the function sees it; adds up the rows that its statements touched."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.rows = 0
        self.query = tx.query
        self.one = tx.one

    def execute(self, sql: str, /, **bind: object) -> int:
        return self._counted(self._tx.execute(sql, **bind))

    def executemany(self, sql: str, binds: Any, /) -> int:
        return self._counted(self._tx.executemany(sql, binds))

    def copy(self, table: str, rows: Any, /, *, columns: Sequence[str]) -> int:
        return self._counted(self._tx.copy(table, rows, columns=columns))

    @property
    def connection(self) -> Any:
        return self._tx.connection

    def _counted(self, rows: int) -> int:
        self.rows += rows
        return rows


def name_of(function: Callable[..., Any]) -> str:
    """Name a function for people: its own name, or that of what a partial wraps."""
    inner = getattr(function, "func", function)
    return getattr(inner, "__name__", type(inner).__name__)
