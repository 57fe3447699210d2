"""What must hold across the records of files: a unique key, references, counts and totals.

Plain values, as a pipeline names them. They are looked at by a check (`check.across`), which leaves
a list of the rows that break them (`refused_rows`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypedDict

from ..databases.nodes import Key, Table, key_columns
from ..errors import DefinitionError
from ..pipeline import Pipeline
from .csv_schema import Column, schema_of
from .expected import Expected, Number, Records, expected_of

if TYPE_CHECKING:
    from ..databases import Database
    from .file_root import FileRoot

Target: TypeAlias = Table[Any] | Pipeline[Any] | Key
"""Whose keys a column refers to: a table, the records of other files, or a column beside it."""

References: TypeAlias = Mapping[Any, Target]
"""By column or columns; a mapping is invariant in what it is asked by, hence Any."""


class Rules(TypedDict, total=False):
    """The arguments of every `files.FORMAT(...)` that speak of more than one record."""

    key: Key
    """The columns whose values no two records share; NULL is no key."""

    references: References
    """By column, or columns: where its values must be. `db.table("users", key="id")`, files with a
    `key` of their own, or the name of a column of the same files."""

    records: Records
    """How many records there must be: exactly, or `(least, most)` with None for no bound."""

    totals: Mapping[str, Number]
    """By column: what its values must add up to."""


@dataclass(frozen=True, slots=True)
class TableKey:
    """Columns of a table."""

    database: Database
    table: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return _shown(self.table, self.columns)


@dataclass(frozen=True, slots=True)
class FileKey:
    """The key of other files."""

    root: FileRoot
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return _shown(" and ".join(path.name for path in self.root.paths), self.columns)


@dataclass(frozen=True, slots=True)
class OwnKey:
    """Columns of the same files."""

    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{', '.join(self.columns)} of any record"


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns whose values must be found elsewhere."""

    columns: tuple[str, ...]
    to: TableKey | FileKey | OwnKey

    @property
    def reason(self) -> str:
        """Say what is wrong with a value that is not there."""
        return f"is not in {self.to}"


def _shown(where: str, columns: Sequence[str]) -> str:
    one = len(columns) == 1
    return f"{where}.{columns[0]}" if one else f"{where} ({', '.join(columns)})"


@dataclass(frozen=True, slots=True)
class FileRules:
    """What must hold across the records of one source. Columns are named as in the header."""

    key: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    expected: Expected = Expected()  # noqa: RUF009 - a frozen value

    @property
    def name_rows(self) -> bool:
        """Whether rows may be refused because of other rows."""
        return bool(self.key or self.references)

    def __bool__(self) -> bool:
        return self.name_rows or bool(self.expected)


NO_RULES: Final = FileRules()


def rules_of(model: type | None, given: Rules) -> FileRules:
    """Read the rules that a pipeline names.

    Raises:
        DefinitionError: If a column is none of the model, or a rule cannot be looked at.
    """
    if unknown := set(given) - set(Rules.__annotations__):
        raise DefinitionError(
            f"no such argument: {', '.join(sorted(unknown))}",
            hint=f"give {', '.join(Rules.__annotations__)}",
        )
    key = given.get("key")
    return FileRules(
        key=() if key is None else _named(model, key_columns(key)),
        references=tuple(
            _reference(model, columns, target)
            for columns, target in given.get("references", {}).items()
        ),
        expected=_expected(model, given),
    )


def _reference(model: type | None, given: Key, target: Target) -> Reference:
    columns = _named(model, key_columns(given))
    to: TableKey | FileKey | OwnKey
    match target:
        case Table():
            to = TableKey(target.database, target.name, target.key)
        case Pipeline():
            to = _file_key(target)
        case str() | tuple():
            to = OwnKey(_named(model, key_columns(target)))
        case _:
            raise DefinitionError(
                f"{', '.join(columns)} cannot refer to {target!r}",
                hint='give db.table("users", key="id"), files with a key, or a column beside it',
            )
    if len(to.columns) != len(columns):
        raise DefinitionError(
            f"{', '.join(columns)} cannot refer to {to}: they are not as many columns",
            hint="give as many columns as the key has, in its order",
        )
    return Reference(columns, to)


def _file_key(target: Pipeline[Any]) -> FileKey:
    rules: FileRules | None = getattr(target.root, "rules", None)
    if rules is None or target.inner:
        raise DefinitionError(
            f"a column cannot refer to {target!r}", hint="give files alone, without a stage"
        )
    if not rules.key:
        raise DefinitionError(
            f"a column cannot refer to {target.root}, which has no key",
            hint='say by which column: files.csv(path, Country, key="code")',
        )
    root: Any = target.root
    return FileKey(root, rules.key)


def _expected(model: type | None, given: Rules) -> Expected:
    totals = given.get("totals", {})
    if totals and model is None:
        raise DefinitionError(
            "totals need a model: without one every value is a text",
            hint='give one: {"amount": Decimal}',
        )
    named = {_named(model, (column,))[0]: total for column, total in totals.items()}
    return expected_of(given.get("records"), named)


# ---------------------------------------------------------------- columns and what is in them


def _named(model: type | None, names: Sequence[str]) -> tuple[str, ...]:
    """Return columns as the header names them; a field may be named instead."""
    return tuple(one if model is None else _column(model, one).name for one in names)


def _column(model: type, name: str) -> Column:
    columns = schema_of(model).columns
    by_name = {one.field: one for one in columns} | {one.name: one for one in columns}
    if name not in by_name:
        raise DefinitionError(
            f"{model.__name__} has no column {name!r}",
            hint=f"it has: {', '.join(one.name for one in columns)}",
        )
    return by_name[name]


def taking(model: type | None, columns: Sequence[str]) -> Callable[[Any], Any]:
    """Return what takes the values of columns from a record: one, or a tuple of several.

    Args:
        model: What records are.
        columns: As the header names them.
    """
    if model is None:
        return itemgetter(*columns)
    fields = [_column(model, name).field for name in columns]
    if not schema_of(model).gives_dicts:
        return attrgetter(*fields)
    if len(fields) == 1:
        field = fields[0]
        return lambda record: record.get(field)
    return lambda record: tuple([record.get(field) for field in fields])


def is_null(value: Any) -> bool:
    """Say whether what was taken is NULL, or a part of it is."""
    return value is None or (type(value) is tuple and None in value)


def shown(value: Any) -> str:
    """Return what was taken from a record as people read it."""
    return ", ".join(map(str, value)) if type(value) is tuple else str(value)
