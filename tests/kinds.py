"""The kinds of databases on which tests run.

Most run on the two that do everything. A module that is about targets says

    database_url = every_kind

and its tests run on all four, or `database_url = two_kinds_and_slowly("mysql")`, which leaves the
others out of `make check`; with `server_url = every_server`, those that need one run on both
servers. MariaDB stands for MySQL, which is not installed where these tests are run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from daybreak.databases.dialect import DIALECTS

if TYPE_CHECKING:
    from daybreak.databases.session import Session

TWO_KINDS: Final = ("sqlite", "postgresql")
EVERY_KIND: Final = (*TWO_KINDS, "mysql", "duckdb")

_FIXTURES: Final = {
    "sqlite": "sqlite_url",
    "postgresql": "postgres_url",
    "mysql": "mysql_url",
    "duckdb": "duckdb_url",
}


def url_of_kind(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty database of the kind that is the fixture's parameter."""
    url: str = request.getfixturevalue(_FIXTURES[request.param])
    return url


@pytest.fixture(params=EVERY_KIND, name="database_url")
def every_kind(request: pytest.FixtureRequest) -> str:
    """Give the URL of an empty database of this test's own, once on each kind there is."""
    return url_of_kind(request)


def two_kinds_and_slowly(*others: str) -> Any:
    """Make a fixture that gives a URL on the two kinds, and on others in tests that are slow."""
    slow = [pytest.param(kind, marks=pytest.mark.slow) for kind in others]

    @pytest.fixture(params=[*TWO_KINDS, *slow], name="database_url")
    def some_kinds(request: pytest.FixtureRequest) -> str:
        return url_of_kind(request)

    return some_kinds


@pytest.fixture(params=["postgresql", "mysql"], name="server_url")
def every_server(request: pytest.FixtureRequest) -> str:
    """Give the URL of an empty database of this test's own, once on each server."""
    return url_of_kind(request)


def on_its_connection(session: Session, sql: str) -> None:
    """Run a statement on the driver's own connection, which nobody of ours hears of."""
    connection = session.connection
    (connection.query if session.dialect == "mysql" else connection.execute)(sql)


def ours(session: Session, sql: str) -> str:
    """Return a statement with the names that `daybreak.epochs` and the like have there."""
    return sql.replace("daybreak.", DIALECTS[session.dialect].own)
