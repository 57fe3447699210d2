"""The public `Database`: a named place where data lives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, overload

from ..errors import DefinitionError
from ..model.row import Row
from .nodes import Key, Mode, Table, key_columns
from .rows import read_as
from .session import Connect, connect
from .transaction import only
from .url import parse, resolve

M = TypeVar("M")
_declared: list[Database] | None = None


class Database:
    """Where data lives: a name and a default URL; `--database` or the environment says otherwise.

    Args:
        url: `sqlite:///file` (relative to the job's file) or `postgresql://…`; None if it must be
            given at every start.
        name: By which `--database NAME=URL` and `DAYBREAK_DATABASE_NAME` mean it.

    Raises:
        DefinitionError: If the URL is none.
    """

    def __init__(self, url: str | None = None, *, name: str = "database") -> None:
        if url is not None:
            parse(url)
        self.name = name
        self.default_url = url
        self._bound: str | None = None
        self._opens: Connect = connect
        if _declared is not None:
            _declared.append(self)

    def bind(self, url: str, opens: Connect = connect) -> None:
        """Say which URL it means from now on; relative files must have been resolved.

        Args:
            url: Where it is.
            opens: How `query` opens its sessions: in a rehearsal inside its transaction.
        """
        self._bound = url
        self._opens = opens

    @property
    def url(self) -> str:
        """The URL it means now.

        Raises:
            DefinitionError: If it has none.
        """
        if self._bound is not None:
            return self._bound
        if self.default_url is None:
            raise DefinitionError(
                f"database {self.name!r} has no URL",
                hint=f"give --database {self.name}=URL",
            )
        return resolve(self.default_url, Path.cwd())

    @overload
    def query(self, sql: str, /, **bind: object) -> list[Row]: ...
    @overload
    def query(self, sql: str, model: type[M], /, **bind: object) -> list[M]: ...
    def query(self, sql: str, model: type[Any] | None = None, /, **bind: object) -> list[Any]:
        """Return the rows of a query, in a session of its own.

        Raises:
            DatabaseUnreachable: If it does not answer.
            SourceError: If a row does not fit the model.
        """
        session = self._opens(self.url)
        try:
            rows = session.query(sql, **bind)
        finally:
            session.close()
        return rows if model is None else read_as(model, rows)

    @overload
    def one(self, sql: str, /, **bind: object) -> Row: ...
    @overload
    def one(self, sql: str, model: type[M], /, **bind: object) -> M: ...
    def one(self, sql: str, model: type[Any] | None = None, /, **bind: object) -> Any:
        """Return the only row of a query, in a session of its own.

        Raises:
            SourceError: If there is none or more than one.
        """
        rows: list[Any] = (
            self.query(sql, **bind) if model is None else self.query(sql, model, **bind)
        )
        return only(rows, sql)

    @overload
    def table(
        self, name: str, /, *, key: Key, mode: Mode = "insert", create: bool = False
    ) -> Table[Any]: ...
    @overload
    def table(
        self, name: str, model: type[M], /, *, key: Key, mode: Mode = "insert", create: bool = False
    ) -> Table[M]: ...
    def table(
        self,
        name: str,
        model: type[Any] | None = None,
        /,
        *,
        key: Key,
        mode: Mode = "insert",
        create: bool = False,
    ) -> Table[Any]:
        """Name a table as the end of a pipeline.

        Args:
            name: The table, with its schema if need be.
            model: The class of its records; its fields are the columns.
            key: The columns that identify a row; unique and NOT NULL in the table.
            mode: `insert` adds rows and refuses equal keys; `replace` leaves the table with this
                step's records only.
            create: Whether a missing table is made from the model; otherwise it is a finding.
        """
        return Table(self, name, model, key_columns(key), mode, create)

    def __repr__(self) -> str:
        return f"<Database {self.name}>"


@contextmanager
def declared() -> Iterator[list[Database]]:
    """Collect the databases that are declared inside the block: those of a job's file."""
    global _declared  # noqa: PLW0603 - a job's file is loaded by one thread, at start-up
    before, _declared = _declared, []
    try:
        yield _declared
    finally:
        _declared = before
