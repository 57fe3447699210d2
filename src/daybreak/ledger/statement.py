"""The ledger's statements, one a file: loaded by name, spelled for the database in use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent


@cache
def load(dialect: str, name: str) -> str:
    """Return the statement kept in `sql/<dialect>/<name>.sql`, else in `sql/<name>.sql`."""
    own = _FOLDER / "sql" / dialect / f"{name}.sql"
    file = own if own.is_file() else _FOLDER / "sql" / f"{name}.sql"
    return _spelled(dialect, file.read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Migration:
    """What makes a ledger of version `version - 1` one of version `version`."""

    version: int
    sql: str


@cache
def migrations(dialect: str) -> tuple[Migration, ...]:
    """Return all migrations of a database, the oldest first: versions 1, 2, 3 and so on."""
    folder = _FOLDER / "migrations" / dialect
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    found = tuple(
        Migration(int(file.name.split("_")[0]), _spelled(dialect, file.read_text("utf-8")))
        for file in files
        if file.name.endswith(".sql")
    )
    assert [one.version for one in found] == list(range(1, len(found) + 1))
    return found


def _spelled(dialect: str, sql: str) -> str:
    # Tables are named in full, so that no search path can lead to a user's table of that name.
    # The SQLite file is the ledger's own, and SQLite has no schemas.
    return sql.replace("daybreak_ledger.", "") if dialect == "sqlite" else sql
