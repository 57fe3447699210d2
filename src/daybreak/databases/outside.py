"""Tables that take no part in transactions, such as those of MyISAM: no target can be one."""

from __future__ import annotations

from ..errors import SchemaMismatch
from .dialect import MYSQL, dialect_of
from .session import opened
from .statement import load


def refuse_outside(url: str, table: str) -> None:
    """Raise if a table takes no part in transactions.

    Raises:
        SchemaMismatch: A ROLLBACK would leave rows in it that no marker speaks of.
    """
    if dialect_of(url) is not MYSQL:
        return
    bare = table.rpartition(".")[2]
    with opened(url) as session:
        found = {row.name: row.engine for row in session.query(load(session.dialect, "outside"))}
    if bare.lower() in found:
        raise SchemaMismatch(
            f"table {table} is kept by {found[bare.lower()]}, which knows no transactions: what a"
            " chunk wrote could not be rolled back",
            hint=f"alter table {bare} engine = InnoDB",
        )
