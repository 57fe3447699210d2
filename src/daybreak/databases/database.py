"""The public `Database`: a named place where data lives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

from ..errors import DefinitionError
from ..model.row import Row
from ..pipeline import Pipeline
from .nodes import Key, Mode, Table, key_columns, rows_root
from .rows import read_as
from .session import Connect, Session, connect
from .transaction import only
from .update_node import Update
from .url import parse, resolve

M = TypeVar("M")
_declared: list[Database] | None = None


class Database:
    """Where data lives: a name and a default URL; `--database` or the environment says otherwise.

    Args:
        url: `sqlite:///file` or `duckdb:///file` (relative to the job's file), `postgresql://…`,
            `mariadb://…` or `mysql://…`; None if it must be given at every start.
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
        session = self.session()
        try:
            rows = session.query(sql, **bind)
        finally:
            session.close()
        return rows if model is None else read_as(model, rows)

    def session(self) -> Session:
        """Open a session for one who reads, as `query` does: in a rehearsal inside its transaction.

        Raises:
            DatabaseUnreachable: If it does not answer.
        """
        return self._opens(self.url)

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
    def rows(self, sql: str, /, *, key: Key, **bind: object) -> Pipeline[Row]: ...
    @overload
    def rows(self, sql: str, model: type[M], /, *, key: Key, **bind: object) -> Pipeline[M]: ...
    def rows(
        self, sql: str, model: type[Any] | None = None, /, *, key: Key, **bind: object
    ) -> Pipeline[Any]:
        """Begin a pipeline with the rows of a query, in the order of a key.

        A step walks the key's index: it goes on where it was, and never reads over what is done.

        Args:
            sql: The query, with `:name` binds.
            model: The class of its records; its fields are columns of the query. `Row` without it.
            key: The columns that tell the rows apart: unique and NOT NULL.
            bind: A value for every bind.

        Raises:
            DefinitionError: If the binds do not fit the query, or the key cannot be one.
        """
        return Pipeline((rows_root(self, sql, model, key, bind),))

    @overload
    def table(
        self, name: str, /, *, key: Key, mode: Mode = "insert", create: bool = False
    ) -> Table[Any]: ...
    @overload
    def table(
        self, name: str, model: type[M], /, *, key: Key, mode: Mode = "insert", create: bool = False
    ) -> Table[M]: ...
    @overload
    def table(
        self, name: str, /, *, mode: Literal["append"], create: bool = False
    ) -> Table[Any]: ...
    @overload
    def table(
        self, name: str, model: type[M], /, *, mode: Literal["append"], create: bool = False
    ) -> Table[M]: ...
    def table(
        self,
        name: str,
        model: type[Any] | None = None,
        /,
        *,
        key: Key | None = None,
        mode: Mode = "insert",
        create: bool = False,
    ) -> Table[Any]:
        """Name a table: the end of a pipeline, or the beginning of one that reads all its rows.

        Args:
            name: The table, with its schema if need be.
            model: The class of its records; its fields are the columns.
            key: The columns that identify a row; unique and NOT NULL in the table. Only `append`
                needs none.
            mode: `insert` adds rows and refuses equal keys; `upsert` writes over the row with an
                equal key, and of equal keys in a chunk the last one stands; `append` adds rows and
                asks for no key; `replace` leaves the table with this step's records only.
            create: Whether a missing table is made from the model; otherwise it is a finding.
        """
        columns = () if key is None else key_columns(key)
        return Table(self, name, model, columns, mode, create)

    def update(
        self,
        table: str,
        /,
        *,
        key: Key,
        set: Mapping[str, Callable[[M], object]] | None = None,  # noqa: A002 - the word of SQL
        set_chunk: Mapping[str, Callable[[Sequence[M]], Sequence[object]]] | None = None,
    ) -> Update[M]:
        """Name columns of a table's rows as the end of a pipeline: a back-fill.

        The records come from `rows` or `table` of the same database. A row that the application
        changed since it was read, or deleted, or that is no longer among those that were asked for,
        is left alone: its fate is *superseded*.

        Args:
            table: The table, with its schema if need be.
            key: The columns that identify a row; unique and NOT NULL in the table.
            set: By column, the function that gives its new value for a record.
            set_chunk: By column, the function that gives its new values for the records of a
                chunk, one for each and in their order.

        Raises:
            DefinitionError: If nothing is set, a column in two ways, or one of the key.
        """
        return Update(self, table, key_columns(key), dict(set or {}), dict(set_chunk or {}))

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
