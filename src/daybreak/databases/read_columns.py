"""What a query's rows are made of on PostgreSQL, and how two of their values are compared.

A value is compared in the type that it was read with. What the driver cannot give back as it was
(an interval of months, a point) cannot be compared, and is refused: as text it can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..errors import SchemaMismatch
from .session import Session
from .sqlite import quoted
from .statement import load

_TEXTS: Final = frozenset({"text", "varchar", "bpchar", "name"})
_DOCUMENTS: Final = frozenset({"json", "jsonb"})
_EXACT: Final = frozenset(
    {
        "bool",
        "bytea",
        "cidr",
        "date",
        "enum",
        "float4",
        "float8",
        "inet",
        "int2",
        "int4",
        "int8",
        "numeric",
        "oid",
        "time",
        "timestamp",
        "timestamptz",
        "uuid",
    }
)
"""Types whose values the driver gives back as they were."""


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """A column of a query."""

    name: str
    type: str
    """As SQL, without its length."""

    kind: str
    """Its type's name in the catalogue, that of an array's elements if it is one."""

    @property
    def is_document(self) -> bool:
        """Whether it is JSON: the driver gives it as lists and dicts."""
        return self.kind in _DOCUMENTS

    def same(self, one: str, other: str) -> str:
        """Return SQL that says whether two expressions of this type have one value, or are NULL."""
        if self.kind in _TEXTS:  # letter by letter, whatever the column's collation takes for equal
            one, other = f'{one} collate "C"', f'{other} collate "C"'
        elif self.is_document:  # `json` knows no equality; white space and order are no change
            one, other = f"{one}::jsonb", f"{other}::jsonb"
        return f"{one} is not distinct from {other}"


def read_columns(session: Session, query: str, binds: Mapping[str, object]) -> list[ReadColumn]:
    """Ask PostgreSQL for the columns of a query.

    Raises:
        SchemaMismatch: If one of them cannot be compared after it was read.
    """
    names = list(
        session.query(
            f"select q.* from (select 1) as one left join ({query}) as q on false",  # noqa: S608 - the user's own
            **binds,
        )[0]
    )
    asked = ", ".join(
        f"pg_typeof((select q.{quoted(name)} from ({query}) as q limit 0))::oid::text"  # noqa: S608 - ditto
        for name in names
    )
    oids = list(session.query(f"select array[{asked}] as oids", **binds)[0].oids)
    types = {row.oid: row for row in session.query(load("postgresql", "types"), oids=oids)}
    columns = [
        ReadColumn(name, types[oid].type, types[oid].kind)
        for name, oid in zip(names, oids, strict=True)
    ]
    for column in columns:
        if column.kind not in _EXACT | _TEXTS | _DOCUMENTS:
            raise SchemaMismatch(
                f"column {column.name} of type {column.type} cannot be compared with what was read",
                hint=f"read it as text: {column.name}::text as {column.name}; or leave it out",
            )
    return columns
