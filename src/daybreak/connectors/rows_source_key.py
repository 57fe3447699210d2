"""What is known of a query before its rows are read: its columns, its key, and how that is proven.

A key is unique and NOT NULL by the word of the catalogue where the query takes the rows of one
table as they are. Of any other the query itself is asked, once, when a run begins; and whatever is
read later is looked at again, for a row that nobody could tell from another would be lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, is_dataclass
from dataclasses import fields as dataclass_fields
from typing import Any, Final

from ..databases.catalogue import facts_of
from ..databases.nodes import RowsRoot
from ..databases.select_shape import PlainSelect, plain_select
from ..databases.session import Session
from ..databases.sql_tokens import is_standard
from ..databases.table_facts import TableFacts
from ..errors import CursorTypeError, SchemaMismatch
from ..model.fields import fields_of, has_fields
from ..model.row import values_of
from .rows_source_query import KeyedQuery, ask
from .rows_source_types import types_of_key

_GIVING_ROWS: Final = frozenset(
    {"unnest", "unlist", "generate_subscripts", "regexp_split_to_table"}
)
"""What gives several rows for one among a query's columns in DuckDB."""

_REAL: Final = ("REAL", "FLOA", "DOUB")
"""What a declared type contains whose column holds floats in SQLite."""


@dataclass(frozen=True, slots=True)
class KnownQuery:
    """A query that was looked at."""

    query: KeyedQuery
    names: tuple[str, ...]
    """Its columns."""

    types: tuple[str, ...]
    """Of the key's columns, in the database's words; empty where columns have none."""

    is_unique: bool
    """Whether the catalogue says that its key is unique."""

    is_not_null: bool
    """Whether the catalogue says that no part of its key is NULL."""

    plain: PlainSelect | None = None
    """The query as one over a single table; None if it is not seen to be one."""


def look_at(root: RowsRoot, session: Session) -> KnownQuery:
    """Find out what a query gives, without reading its rows.

    Raises:
        SchemaMismatch: If it lacks a column of the key or of the model, or has one twice; or if the
            key of a table is none by the catalogue's word.
        CursorTypeError: If the key's type cannot be a cursor.
        DaybreakError: If the database refuses the query.
    """
    query = KeyedQuery(root)
    names = tuple(ask(session, query.names())[0])
    _refuse_drift(root, names)
    types = types_of_key(query, names, session)
    if query.dialect.casts_keys:
        query = KeyedQuery(root, types)
    plain = _plain(root, session)
    facts = None if plain is None else facts_of(root.database.url, plain.table)
    if plain is None or facts is None or _gives_rows_more_than_once(plain, session):
        return KnownQuery(query, names, types, is_unique=False, is_not_null=False)
    columns = [_spelled(plain.column(name), facts) for name in root.key]
    is_unique = any(one and one <= set(columns) for one in facts.unique)
    is_not_null = facts.not_null.issuperset(columns)
    if session.dialect == "sqlite":
        is_not_null = _is_not_null_in_sqlite(root, session, plain.table, columns)
    if root.table and not (is_unique and is_not_null):
        raise SchemaMismatch(
            f"({', '.join(root.key)}) is no unique key of {root.table} whose columns are all"
            " NOT NULL",
            hint="name the columns of its primary key, or of a unique constraint on NOT NULL"
            " columns",
        )
    return KnownQuery(
        query, names, types, is_unique=is_unique, is_not_null=is_not_null, plain=plain
    )


def refuse_unproven(known: KnownQuery, session: Session) -> None:
    """Ask the query itself for what the catalogue does not say of its key.

    Raises:
        SchemaMismatch: If a row has no key, or several have the same.

    Complexity: reads all keys, unless the catalogue proves them.
    """
    root = known.query.root
    names = ", ".join(root.key)
    if not known.is_not_null and (rows := ask(session, known.query.nulls())):
        raise SchemaMismatch(
            f"{root.name} gives a row whose key ({names}) is {_shown(values_of(rows[0]))}:"
            " it could not be found again",
            hint="leave such rows out (… is not null), or name a key that every row has",
        )
    if not known.is_unique and (rows := ask(session, known.query.doubles())):
        *key, records = values_of(rows[0])
        raise SchemaMismatch(
            f"{root.name} gives {records:,} rows whose key ({names}) is {_shown(key)}:"
            " they could not be told apart",
            hint="name all columns that tell its rows apart, key=(…, …), or group them",
        )


def _shown(key: Sequence[object]) -> str:
    return ", ".join("NULL" if one is None else repr(one) for one in key)


def _refuse_drift(root: RowsRoot, names: Sequence[str]) -> None:
    """Refuse a query that does not give what the key and the model want."""
    has = f"the query gives: {', '.join(names)}"
    if missing := [one for one in root.key if one not in names]:
        raise SchemaMismatch(
            f"{root.name} has no column {', '.join(missing)}, which is named as its key", hint=has
        )
    if twice := sorted({one for one in names if names.count(one) > 1}):
        raise SchemaMismatch(
            f"{root.name} gives column {', '.join(twice)} twice", hint="name one of them: … as …"
        )
    if root.model is None:
        return
    if not has_fields(root.model):
        if len(names) != 1:
            raise SchemaMismatch(
                f"{root.name} gives {len(names)} columns, and {root.model.__name__} is one value",
                hint="select one column, or give a class with a field for each",
            )
        return
    wanted = [one for one in wanted_of(root.model) if one not in names]
    if wanted:
        raise SchemaMismatch(
            f"{root.name} has no column {', '.join(wanted)}, which {root.model.__name__} wants",
            hint=f"select it, give the field a default, or leave it out; {has}",
        )


def wanted_of(model: type[Any]) -> list[str]:
    """Return the fields of a model that have no default: the columns that it cannot do without."""
    if hasattr(model, "model_fields"):
        fields = model.model_fields.items()
        return [_by_alias(name, one) for name, one in fields if one.is_required()]
    if is_dataclass(model):
        return [
            one.name
            for one in dataclass_fields(model)
            if one.init and one.default is MISSING and one.default_factory is MISSING
        ]
    given = getattr(model, "_field_defaults", {})
    return [one.name for one in fields_of(model) if one.name not in given]


def _by_alias(name: str, field: Any) -> str:
    alias = field.validation_alias or field.alias
    return alias if isinstance(alias, str) else name


def _plain(root: RowsRoot, session: Session) -> PlainSelect | None:
    if root.table:
        return PlainSelect(root.table, {}, has_all=True)
    plain = plain_select(root.sql)
    if plain and session.dialect == "mysql" and not is_standard(root.sql, plain.table):
        return None
    return plain


def _spelled(name: str | None, facts: TableFacts) -> str | None:
    """Return a column as the catalogue spells it: SQLite knows it in letters of either case."""
    if name is None or name in facts.columns:
        return name
    return next((one for one in facts.columns if one.lower() == name.lower()), name)


def _gives_rows_more_than_once(plain: PlainSelect, session: Session) -> bool:
    """Say whether a function among its columns may give several rows for one."""
    if session.dialect == "duckdb":
        calls = {one.lower() for one in plain.calls}  # in quotes as well it knows either case
        return not calls.isdisjoint(_GIVING_ROWS) or _calls_macro(calls, session)
    if session.dialect != "postgresql" or not plain.calls:
        return False
    sql = "select count(*) as found from pg_proc where proretset and proname = any(:names)"
    return bool(session.query(sql, names=sorted(plain.calls))[0].found)


def _calls_macro(calls: set[str], session: Session) -> bool:
    """Say whether a function is another's words for an expression, which may give rows too."""
    sql = (
        "select count(*) as found from duckdb_functions() where function_type = 'macro'"
        " and list_contains(cast(:names as varchar[]), lower(function_name))"
    )
    return bool(calls) and bool(session.query(sql, names=sorted(calls))[0].found)


def _is_not_null_in_sqlite(
    root: RowsRoot, session: Session, table: str, columns: Sequence[str | None]
) -> bool:
    """Say whether SQLite keeps NULL out of columns: its primary keys alone do not.

    Raises:
        CursorTypeError: If one of them holds floats.
    """
    rows = session.query("select name, type, pk, [notnull] from pragma_table_info(:t)", t=table)
    by_name = {row.name: row for row in rows}
    keys = sum(row.pk > 0 for row in rows)
    found = [by_name[one] for one in columns if one in by_name]
    for name, row in zip(root.key, found, strict=False):
        if any(real in row.type.upper() for real in _REAL):
            raise CursorTypeError(
                f"key {name} of {root.name} is of type {row.type}, which cannot be a cursor",
                hint="use a key of whole numbers, texts or bytes",
            )
    numbered = [row.pk > 0 and keys == 1 and row.type.upper() == "INTEGER" for row in found]
    is_kept = [bool(row["notnull"]) or one for row, one in zip(found, numbered, strict=True)]
    return len(found) == len(columns) and all(is_kept)
