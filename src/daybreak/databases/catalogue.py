"""What a database's catalogue says of a table, and how a missing one is made from a model."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from ..errors import DatabaseUnreachable, DefinitionError
from ..model.field_kinds import Kind, is_enum, kind_of
from ..model.fields import ModelField, fields_of
from .families import Family, family_declared, family_of
from .url import parse_fully, without_credentials

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.engine.reflection import Inspector
    from sqlalchemy.types import TypeEngine


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What the catalogue says of one column."""

    type: str
    """In the database's own words."""

    family: Family
    length_max: int | None = None
    """How many characters a text may have, if that is bounded."""

    scale: int | None = None
    """How many decimal places a number keeps, if that is bounded."""

    is_computed: bool = False
    """Whether the database computes it, and takes no value."""

    is_always_numbered: bool = False
    """Whether it is `generated always as identity`."""


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What the catalogue says of one table."""

    columns: tuple[str, ...]
    required: tuple[str, ...]
    """NOT NULL columns without a default."""

    not_null: frozenset[str]
    generated: frozenset[str]
    """Columns that the database computes, and nobody may write."""

    unique: tuple[frozenset[str], ...]
    """The primary key and every unique constraint or index over whole columns."""

    details: Mapping[str, ColumnFacts] = field(default_factory=dict)
    is_view: bool = False

    def is_key(self, key: tuple[str, ...]) -> bool:
        """Whether `key` is unique and NOT NULL by the catalogue's word."""
        return frozenset(key) in self.unique and self.not_null.issuperset(key)


def facts_of(url: str, table: str) -> TableFacts | None:
    """Ask the catalogue about a table; None if there is none.

    Raises:
        DatabaseUnreachable: If the database does not answer.
    """
    from sqlalchemy import create_engine  # noqa: PLC0415 - heavy
    from sqlalchemy.exc import NoSuchTableError, OperationalError, SAWarning  # noqa: PLC0415 - heavy
    from sqlalchemy.pool import NullPool  # noqa: PLC0415 - heavy

    parsed = parse_fully(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed, poolclass=NullPool)
    schema, _, bare = table.rpartition(".")
    try:
        with warnings.catch_warnings(), engine.connect() as connection:  # one for all questions
            warnings.simplefilter("ignore", SAWarning)  # it knows no `xml`; names are enough here
            return _read(connection, bare, schema or None)
    except NoSuchTableError:
        return None
    except OperationalError as error:
        raise DatabaseUnreachable(
            f"cannot read the catalogue of {without_credentials(url)}: {error.orig}",
            hint="check that the server runs and who may connect",
        ) from error
    finally:
        engine.dispose()


def _read(connection: Connection, table: str, schema: str | None) -> TableFacts:
    from sqlalchemy import inspect  # noqa: PLC0415 - heavy

    catalogue = inspect(connection)
    columns = catalogue.get_columns(table, schema=schema)
    primary = list(catalogue.get_pk_constraint(table, schema=schema)["constrained_columns"])
    not_null = frozenset(c["name"] for c in columns if not c["nullable"]) | frozenset(primary)
    # SQLite numbers the rows of a table with one integer key by itself.
    is_numbered = catalogue.dialect.name == "sqlite" and len(primary) == 1
    numbered = frozenset(primary) if is_numbered else frozenset[str]()
    return TableFacts(
        columns=tuple(column["name"] for column in columns),
        required=tuple(
            column["name"]
            for column in columns
            if column["name"] in not_null - numbered and not _is_filled(column)
        ),
        not_null=not_null,
        generated=frozenset(column["name"] for column in columns if _is_computed(column)),
        unique=tuple(_unique_sets(catalogue, table, schema, primary)),
        details=_details(columns, _declared(connection, table, schema)),
        is_view=_is_view(catalogue, table, schema),
    )


def _details(
    columns: Sequence[Mapping[str, Any]], declared: Mapping[str, str]
) -> dict[str, ColumnFacts]:
    details = {column["name"]: _facts_of_column(column) for column in columns}
    return details | {
        name: replace(details[name], type=type_.lower(), family=family_declared(type_))
        for name, type_ in declared.items()
        if name in details
    }


def _declared(connection: Connection, table: str, schema: str | None) -> dict[str, str]:
    """Return the types of a table's columns as they were declared to SQLite; nothing for others."""
    from sqlalchemy import text  # noqa: PLC0415 - heavy

    if connection.dialect.name != "sqlite":
        return {}
    asked = text("select name, type from pragma_table_xinfo(:table, :schema)")
    rows = connection.execute(asked, {"table": table, "schema": schema or "main"})
    return {row.name: row.type for row in rows}


def _facts_of_column(column: Mapping[str, Any]) -> ColumnFacts:
    spoken = column["type"]
    return ColumnFacts(
        type=_spelled(spoken),
        family=family_of(spoken),
        length_max=getattr(spoken, "length", None),
        scale=getattr(spoken, "scale", None),
        is_computed=column.get("computed") is not None,
        is_always_numbered=bool((column.get("identity") or {}).get("always")),
    )


def _spelled(spoken: TypeEngine[Any]) -> str:
    from sqlalchemy.exc import CompileError  # noqa: PLC0415 - heavy

    try:
        return str(spoken).lower()
    except CompileError:  # a type that SQLAlchemy does not know
        return "of a type of its own"


def _is_view(catalogue: Inspector, table: str, schema: str | None) -> bool:
    names = catalogue.get_view_names(schema=schema)
    if catalogue.dialect.name == "postgresql":
        names = [*names, *catalogue.get_materialized_view_names(schema=schema)]
    return table in names


def _unique_sets(
    catalogue: Inspector, table: str, schema: str | None, primary: list[str]
) -> Iterator[frozenset[str]]:
    """Yield the primary key, and every unique constraint or index over whole columns."""
    yield frozenset(primary)
    for constraint in catalogue.get_unique_constraints(table, schema=schema):
        yield frozenset(constraint["column_names"])
    for index in catalogue.get_indexes(table, schema=schema):
        names = index["column_names"]
        if index["unique"] and None not in names and not _is_partial(index):
            yield frozenset(name for name in names if name)


def _is_filled(column: Mapping[str, Any]) -> bool:
    """Whether the database gives a column its value by itself."""
    return any(column.get(way) for way in ("default", "identity", "computed"))


def _is_computed(column: Mapping[str, Any]) -> bool:
    """Whether a column takes no value but the database's own."""
    return bool(column.get("computed") or (column.get("identity") or {}).get("always"))


def _is_partial(index: Mapping[str, Any]) -> bool:
    return bool(dict(index.get("dialect_options", {})).get("postgresql_where"))


def create_statement(name: str, model: type[Any], key: tuple[str, ...], dialect: str) -> str:
    """Return the `create table if not exists` for a model, in a database's own words.

    Raises:
        DefinitionError: If a field's type has no column type.
    """
    import sqlalchemy  # noqa: PLC0415 - heavy
    from sqlalchemy.dialects import postgresql, sqlite  # noqa: PLC0415 - heavy
    from sqlalchemy.schema import CreateTable  # noqa: PLC0415 - heavy

    schema, _, bare = name.rpartition(".")
    table = sqlalchemy.Table(
        bare,
        sqlalchemy.MetaData(),
        *(
            sqlalchemy.Column(
                field.name,
                _column_type(field, model, dialect),
                primary_key=field.name in key,
                nullable=field.is_optional and field.name not in key,
                autoincrement=False,
            )
            for field in fields_of(model)
        ),
        schema=schema or None,
    )
    spoken = {"sqlite": sqlite.dialect, "postgresql": postgresql.dialect}[dialect]()
    return str(CreateTable(table, if_not_exists=True).compile(dialect=spoken))


_MOMENTS: Final = frozenset({"aware datetime", "naive datetime", "datetime"})
_VALUES: Final[Mapping[Kind, type]] = {"str": str, "int": int}
"""What the members of an enumeration are stored as."""


def _column_type(field: ModelField, model: type[Any], dialect: str) -> TypeEngine[Any]:
    from sqlalchemy import types  # noqa: PLC0415 - heavy

    # SQLite has no exact decimal: text keeps every digit.
    decimal = types.Text() if dialect == "sqlite" else types.Numeric()
    known: dict[Any, TypeEngine[Any]] = {
        bool: types.Boolean(),
        int: types.BigInteger(),
        float: types.Double(),
        str: types.Text(),
        bytes: types.LargeBinary(),
        Decimal: decimal,
        datetime: types.DateTime(timezone=True),
        date: types.Date(),
        time: types.Time(),
        UUID: types.Uuid(),
    }
    if dialect != "sqlite":
        known[timedelta] = types.Interval()
    if kind_of(field.bare) in _MOMENTS:
        return types.DateTime(timezone=kind_of(field.bare) != "naive datetime")
    if is_enum(field.bare) and kind_of(field.bare) in _VALUES:
        return known[_VALUES[kind_of(field.bare)]]
    if field.bare not in known:
        raise DefinitionError(
            f"field {field.name} of {model.__name__} has no column type: {field.bare!r}",
            hint="create the table yourself, or use a plain type",
        )
    return known[field.bare]
