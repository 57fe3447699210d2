"""What a database's catalogue says of a table, and how a missing one is made from a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ..errors import DatabaseUnreachable, DefinitionError
from ..model.fields import ModelField, fields_of
from .url import parse, without_credentials

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What the catalogue says of one table."""

    columns: tuple[str, ...]
    required: tuple[str, ...]
    """NOT NULL columns without a default."""

    not_null: frozenset[str]
    unique: tuple[frozenset[str], ...]
    """The primary key and every unique constraint or index over whole columns."""

    def is_key(self, key: tuple[str, ...]) -> bool:
        """Whether `key` is unique and NOT NULL by the catalogue's word."""
        return frozenset(key) in self.unique and self.not_null.issuperset(key)


def facts_of(url: str, table: str) -> TableFacts | None:
    """Ask the catalogue about a table; None if there is none.

    Raises:
        DatabaseUnreachable: If the database does not answer.
    """
    from sqlalchemy import create_engine, inspect  # noqa: PLC0415 - heavy
    from sqlalchemy.exc import NoSuchTableError, OperationalError  # noqa: PLC0415 - heavy
    from sqlalchemy.pool import NullPool  # noqa: PLC0415 - heavy

    parsed = parse(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed, poolclass=NullPool)
    schema, _, bare = table.rpartition(".")
    try:
        catalogue = inspect(engine)
        columns = catalogue.get_columns(bare, schema=schema or None)
        primary = catalogue.get_pk_constraint(bare, schema=schema or None)["constrained_columns"]
        indexes = [
            index["column_names"]
            for index in catalogue.get_indexes(bare, schema=schema or None)
            if index["unique"] and not _is_partial(index)
        ]
        uniques = [
            unique["column_names"]
            for unique in catalogue.get_unique_constraints(bare, schema=schema or None)
        ]
    except NoSuchTableError:
        return None
    except OperationalError as error:
        raise DatabaseUnreachable(
            f"cannot read the catalogue of {without_credentials(url)}: {error.orig}",
            hint="check that the server runs and who may connect",
        ) from error
    finally:
        engine.dispose()
    keys: list[Sequence[str | None]] = [primary, *uniques, *indexes]
    not_null = frozenset(c["name"] for c in columns if not c["nullable"]) | frozenset(primary)
    is_rowid = parsed.get_backend_name() == "sqlite" and len(primary) == 1
    generated = frozenset(primary) if is_rowid else frozenset()
    return TableFacts(
        columns=tuple(column["name"] for column in columns),
        required=tuple(
            column["name"]
            for column in columns
            if column["name"] in not_null
            and column["name"] not in generated
            and column.get("default") is None
            and not column.get("identity")
            and not column.get("computed")
        ),
        not_null=not_null,
        unique=tuple(
            frozenset(name for name in names if name)
            for names in keys
            if names and None not in names
        ),
    )


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
    if field.bare not in known:
        raise DefinitionError(
            f"field {field.name} of {model.__name__} has no column type: {field.bare!r}",
            hint="create the table yourself, or use a plain type",
        )
    return known[field.bare]
