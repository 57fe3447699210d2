"""What a pipeline may name of a database: plain values, whose meaning connectors know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar, get_args
from uuid import UUID

from ..errors import CursorTypeError, DefinitionError
from ..model.fields import fields_of, has_fields
from ..pipeline import Pipeline
from ..pipeline.nodes import Node, Root
from .sqlite import quoted
from .statement import check_binds, shortened

if TYPE_CHECKING:
    from .database import Database

T = TypeVar("T")

RESERVED: Final = "daybreak_"
"""How the binds and columns begin that are added to a user's query."""

_BOUND: Final = (
    bool,
    int,
    float,
    str,
    bytes,
    Decimal,
    date,
    time,
    timedelta,
    UUID,
    Enum,
    type(None),
)
"""What may be bound; `datetime` is a `date`."""

Key: TypeAlias = str | tuple[str, ...]
Mode: TypeAlias = Literal["insert", "upsert", "replace", "append"]


@dataclass(frozen=True)
class RowsRoot(Root):
    """The rows of a query, or of a table, in the order of a key."""

    database: Database
    sql: str
    """The query as its author wrote it; empty if it is a whole table."""

    model: type[Any] | None
    """What a record is; None for `Row`."""

    key: tuple[str, ...]
    """Columns of the query that tell its rows apart: unique and NOT NULL."""

    binds: tuple[tuple[str, Any], ...] = ()
    """The query's, by name."""

    table: str = ""
    """The table whose rows they are, all of them, if it is one."""

    @property
    def query(self) -> str:
        """The query, so that it can stand in brackets: nothing ends it, no comment swallows them.

        Raises:
            DefinitionError: If the model of a table is none.
        """
        if not self.table:
            return self.sql.strip().rstrip(";") + "\n"
        names = [] if self.model is None else [quoted(one.name) for one in fields_of(self.model)]
        wanted = dict.fromkeys([*names, *map(quoted, self.key)]) if names else ["*"]
        return f"select {', '.join(wanted)} from {quoted(self.table)}"  # noqa: S608 - quoted names

    @property
    def name(self) -> str:
        """Its name for people: the table's, or the beginning of the query."""
        return self.table or shortened(self.sql, 40)

    def __str__(self) -> str:
        return f"rows of {self.name}"


@dataclass(frozen=True, repr=False)
class Table(Pipeline[T]):
    """A table, as the end of a pipeline or as its beginning; made by `Database.table`."""

    nodes: tuple[Node, ...] = field(init=False)
    database: Database
    name: str
    model: type[Any] | None
    key: tuple[str, ...]
    mode: Mode
    create: bool

    def __post_init__(self) -> None:
        """Refuse what no table can be."""
        if self.mode not in get_args(Mode):
            raise DefinitionError(
                f"expected a mode of {', '.join(map(repr, get_args(Mode)))}, got {self.mode!r}",
                hint="insert adds rows and refuses equal keys; upsert writes over them; append adds"
                " without a key; replace leaves the table with this step's records only",
            )
        if not self.key and self.mode != "append":
            raise DefinitionError(
                f"table {self.name} needs a key for mode {self.mode!r}",
                hint='say which columns identify a row: key="id"; only mode="append" needs none',
            )
        if self.create and self.model is None:
            raise DefinitionError(
                f"table {self.name} cannot be created without a model",
                hint="give the class of its records as the second argument",
            )
        root = RowsRoot(self.database, "", self.model, self.key, table=self.name)
        object.__setattr__(self, "nodes", (root,))
        super().__post_init__()

    def accepts(self, record: T, /) -> None:
        """Say to type checkers which records fit."""

    def __repr__(self) -> str:
        return f"<Table {self.name}>"


def rows_root(
    database: Database,
    sql: str,
    model: type[Any] | None,
    key: Key,
    bind: Mapping[str, object],
) -> RowsRoot:
    """Return the rows of a query as the beginning of a pipeline.

    Raises:
        DefinitionError: If a bind is missing, unknown to the query, or of a type that no database
            takes; or if the key cannot be one.
    """
    check_binds(sql, set(bind))
    for name, value in bind.items():
        _refuse_bind(name, value)
    columns = key_columns(key)
    if model is not None and has_fields(model):
        floats = [one.name for one in fields_of(model) if one.name in columns and one.bare is float]
        if floats:
            raise CursorTypeError(
                f"key {', '.join(floats)} is a float in {model.__name__}, which cannot be a cursor",
                hint="use a key of whole or exact numbers, texts, bytes, dates or UUIDs",
            )
    return RowsRoot(database, sql, model, columns, tuple(bind.items()))


def _refuse_bind(name: str, value: object) -> None:
    if name.startswith(RESERVED):
        raise DefinitionError(
            f"bind {name} has a name of Daybreak's own", hint=f"let no bind begin with {RESERVED}"
        )
    items = value if isinstance(value, list) else [value]
    if wrong := next((one for one in items if not isinstance(one, _BOUND)), None):
        raise DefinitionError(
            f"bind {name} cannot be {wrong!r} of type {type(wrong).__name__}",
            hint="give a number, a text, bytes, a date, a time, a UUID, a bool, None, or a list of"
            " these where the database knows lists",
        )


def key_columns(key: Key) -> tuple[str, ...]:
    """Return the columns of a key, given as one name or several.

    Raises:
        DefinitionError: If there is none, or one of them twice.
    """
    columns = (key,) if isinstance(key, str) else tuple(key)
    if not columns or not all(columns) or len(set(columns)) != len(columns):
        raise DefinitionError(
            f"expected the names of a key's columns, got {key!r}", hint='key="id"'
        )
    return columns
