"""What differs between kinds of databases, as one value for each: `Dialect`.

Here is what other modules ask before they do something: names, quotes, limits, what is refused.
How a session does it stands in `postgresql.py`, `sqlite.py`, `mysql.py` and `duckdb.py`; what its
errors mean in the `…_errors.py` beside them; its statements in `sql/<name>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from ..errors import DefinitionError

ParentsBy: TypeAlias = Literal["row", "statement", "end"]
"""Up to where a row's parent may come: the row before it, the statement before it, or anywhere."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of database."""

    name: str
    """By which the others know it, and the folder of its statements."""

    product: str
    """For people."""

    schemes: tuple[str, ...]
    """How its URLs begin, without a driver."""

    example: str
    """A URL of it."""

    own: str
    """What stands before the names of Daybreak's own tables: a schema, or the beginning of them."""

    finds_own: str
    """A query: is there the table of ours that is called `:name`?"""

    is_file: bool = False
    """Whether a database is one file, with no server in front of it."""

    has_one_writer: bool = False
    """Whether one transaction at a time writes: those of this process take turns."""

    has_transactional_ddl: bool = True
    """Whether a table can be made in a transaction; else making one ends it."""

    parents: ParentsBy = "end"
    """When it looks for the parent of a row that refers to another one of its table."""

    compares_rows: bool = True
    """Whether it finds `(a, b) > (1, 2)` by an index; else one column after the other is said."""

    casts_keys: bool = False
    """Whether it has to be told of which type a value is that is compared with a key."""

    lists_rows: bool = True
    """Whether rows of values may stand for a table, as `values (1, 2), (3, 4)`."""

    hides_connection: bool = False
    """Whether a function gets no connection of the driver: what it did there could not be repeated
    after a record was refused."""

    refusals: Mapping[str, str] = field(default_factory=dict)
    """What it cannot do, by the word of what is asked for, each with the way out."""

    def refuse(self, what: str, asked_by: str) -> None:
        """Raise if it cannot do what is asked for.

        Args:
            what: One of the words of `refusals`.
            asked_by: Who asks, for people.

        Raises:
            DefinitionError: With the way out.
        """
        if (way_out := self.refusals.get(what)) is not None:
            raise DefinitionError(
                f"{asked_by}: Daybreak has no {what} on {self.product}", hint=way_out
            )


UPDATE: Final = "db.update"
RULES: Final = "rule of a check that looks into a table"
REHEARSAL: Final = "rehearsal"
LEDGER: Final = "ledger"
"""What may be asked of a database, and some cannot do."""

_REFUSED: Final[Mapping[str, str]] = {
    UPDATE: "write the rows with .each(function): its UPDATE belongs to the chunk's transaction",
    RULES: "let the table's own constraints refuse the records: they are quarantined, too",
    REHEARSAL: "copy the database, and run the job on the copy with a ledger of its own",
    LEDGER: "keep the ledger in its SQLite file, or in PostgreSQL: --ledger",
}

POSTGRESQL: Final = Dialect(
    name="postgresql",
    product="PostgreSQL",
    schemes=("postgresql",),
    example="postgresql://user@host/name",
    own="daybreak.",
    finds_own="select to_regclass('daybreak.' || :name) is not null as found",
    casts_keys=True,
)
SQLITE: Final = Dialect(
    name="sqlite",
    product="SQLite",
    schemes=("sqlite",),
    example="sqlite:///file.db",
    own="daybreak_",
    finds_own="select count(*) as found from sqlite_master where name = 'daybreak_' || :name",
    is_file=True,
    has_one_writer=True,
    parents="row",
)
MYSQL: Final = Dialect(
    name="mysql",
    product="MariaDB and MySQL",
    schemes=("mysql", "mariadb"),
    example="mariadb://user@host/name",
    own="daybreak_",
    finds_own="select count(*) as found from information_schema.tables"
    " where table_schema = database() and table_name = concat('daybreak_', :name)",
    has_transactional_ddl=False,
    parents="row",
    compares_rows=False,
    lists_rows=False,  # MySQL wants `values row(1, 2)`, which MariaDB does not know
    refusals={what: way_out for what, way_out in _REFUSED.items() if what != UPDATE},
)
DUCKDB: Final = Dialect(
    name="duckdb",
    product="DuckDB",
    schemes=("duckdb",),
    example="duckdb:///file.duckdb",
    own="daybreak.",
    finds_own="select count(*) as found from duckdb_tables()"
    " where database_name = current_database() and schema_name = 'daybreak'"
    " and table_name = :name",
    is_file=True,
    has_one_writer=True,
    parents="statement",
    compares_rows=False,
    casts_keys=True,
    hides_connection=True,
    refusals=_REFUSED,
)

DIALECTS: Final[Mapping[str, Dialect]] = {
    one.name: one for one in (SQLITE, POSTGRESQL, MYSQL, DUCKDB)
}
"""By name."""

_BY_SCHEME: Final[Mapping[str, Dialect]] = {
    scheme: one for one in DIALECTS.values() for scheme in one.schemes
}

EXAMPLES: Final = " or ".join(one.example for one in DIALECTS.values())


def dialect_of(url: str) -> Dialect:
    """Return the kind of database that a URL means.

    Raises:
        DefinitionError: If it is none that we know.
    """
    scheme = url.partition(":")[0].partition("+")[0]
    found = _BY_SCHEME.get(scheme)
    if found is None:
        raise DefinitionError(f"no such kind of database: {scheme!r}", hint=f"use {EXAMPLES}")
    return found
