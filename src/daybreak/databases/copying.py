"""COPY into PostgreSQL that ends as soon as the server refuses, and says which row it refused."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import sql as composing
from psycopg.copy import LibpqWriter

from ..model.raw import RawRecords, RawShape
from .spelling import ROWS_AT_ONCE, spelled

if TYPE_CHECKING:
    from psycopg.abc import Buffer
    from psycopg.sql import Composed

_ERROR: Final = b"E"
_LINE: Final = re.compile(r"^COPY .*?, line (\d+)", re.MULTILINE)


class RowRefused(Exception):  # noqa: N818 - it reads as a sentence
    """A row was at fault: its place among those given, from 0, and what was raised for it."""

    def __init__(self, row: int, cause: Exception) -> None:
        super().__init__(row, cause)
        self.row = row
        self.cause = cause


def copy_rows(
    cursor: psycopg.Cursor[Any], statement: bytes, rows: Sequence[Sequence[object]]
) -> int:
    """Write rows; return how many the server counted.

    Raises:
        RowRefused: If it is known which row is at fault.
        psycopg.Error: If it is not.
    """
    writer, given = _ListeningWriter(cursor), 0
    try:
        with cursor.copy(statement, writer=writer) as copying:
            if cursor.connection.info.encoding == "utf-8":
                for block in spelled(rows):
                    copying.write(block)
                    given += ROWS_AT_ONCE
            for row in islice(iter(rows), given, None):
                given += 1
                copying.write_row(row)
    except _Answered as answered:
        writer.finish(answered)  # psycopg has not, if the last block was answered
        raise _named(writer.answer, len(rows)) from writer.answer
    except (psycopg.Error, UnicodeEncodeError) as error:
        if is_unspeakable(error):
            raise RowRefused(given - 1, error) from error
        raise _named(error, len(rows)) from error
    return max(cursor.rowcount, 0)


def copy_raw(cursor: psycopg.Cursor[Any], statement: Composed, raw: RawRecords) -> int:
    """Write records as bytes; return how many the server counted.

    Raises:
        RowRefused: If it is known which record is at fault.
        psycopg.Error: If it is not.
    """
    lines = len(raw) if raw.are_lines else 0
    writer = _ListeningWriter(cursor)
    try:
        with cursor.copy(statement, writer=writer) as copying:
            for block in raw.blocks or ():
                copying.write(block)
    except _Answered as answered:
        writer.finish(answered)
        raise _named(writer.answer, lines) from writer.answer
    except psycopg.Error as error:
        raise _named(error, lines) from error
    return max(cursor.rowcount, 0)


def raw_options(shape: RawShape) -> Composed:
    """Return how COPY is told to read records; what means NULL does so inside quotes as well."""
    return composing.SQL(
        "(format csv, encoding 'UTF8', delimiter {}, quote {}, null {}, force_null ({}))"
    ).format(
        *map(composing.Literal, (shape.delimiter, shape.quote, shape.null)),
        names_of([field.name for field in shape.fields]),
    )


@cache
def copy_statement(table: str, columns: tuple[str, ...]) -> bytes:
    """Return the statement by which rows go to a table."""
    named = composing.Identifier(*table.split("."))
    return composing.SQL("copy {} ({}) from stdin").format(named, names_of(columns)).as_bytes()


def names_of(columns: Sequence[str]) -> Composed:
    """Return columns as a list in SQL."""
    return composing.SQL(", ").join(map(composing.Identifier, columns))


def is_unspeakable(error: Exception) -> bool:
    """Whether a value could not even be spelled for the server: NUL, a lone surrogate, a dict."""
    if isinstance(error, psycopg.DataError):
        return error.sqlstate is None
    if isinstance(error, psycopg.ProgrammingError):
        return "cannot adapt type" in str(error)
    return isinstance(error, UnicodeEncodeError)


def _named(error: Exception, rows: int) -> Exception:
    """Return an error together with the row of which it speaks, if it does.

    The server names the line in the error's context. What it finds at the end of the statement,
    such as a missing parent, has no line.
    """
    assert isinstance(error, psycopg.Error)
    line = _LINE.search(error.diag.context or "")
    if line is None or not 0 < int(line[1]) <= rows:
        return error
    return RowRefused(int(line[1]) - 1, error)


class _Answered(Exception):  # noqa: N818 - it reads as a sentence
    """The server said something before it was told everything."""


class _ListeningWriter(LibpqWriter):
    """Looks after every block whether the server has refused already.

    Otherwise a chunk whose first row is bad would be spelled and sent to its end for nothing.
    """

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        super().__init__(cursor)
        self.answer: psycopg.Error = psycopg.errors.QueryCanceled("COPY was cancelled")
        """What the server said; that it was cancelled, psycopg does not tell."""

        self._is_finished = False

    def write(self, data: Buffer) -> None:
        super().write(data)
        if self._is_refused():
            raise _Answered

    def _is_refused(self) -> bool:
        if self._pgconn.ssl_in_use:
            return False  # what can be seen on the socket is enciphered
        with socket.socket(fileno=socket.dup(self._pgconn.socket)) as peeked:
            try:
                return peeked.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == _ERROR
            except BlockingIOError:
                return False

    def finish(self, exc: BaseException | None = None) -> None:
        if self._is_finished:
            return
        self._is_finished = True
        try:
            super().finish(exc)
        except psycopg.Error as error:
            if not isinstance(exc, _Answered):
                raise
            self.answer = error
