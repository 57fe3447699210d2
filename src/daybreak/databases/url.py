"""Database URLs: read, resolved against the job's folder, and shown without credentials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DefinitionError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


def parse(url: str) -> URL:
    """Read a database URL.

    Raises:
        DefinitionError: If it is no URL of a database we know.
    """
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - heavy
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415 - heavy

    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DefinitionError(
            "expected a database's URL, got something else",
            hint="write sqlite:///file.db or postgresql://user@host/name",
        ) from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise DefinitionError(
            f"no such kind of database: {parsed.get_backend_name()!r}",
            hint="use sqlite:///file.db or postgresql://user@host/name",
        )
    return parsed


def resolve(url: str, folder: Path) -> str:
    """Return a URL whose SQLite file is absolute; a relative one starts at `folder`."""
    parsed = parse(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return url
    assert parsed.database is not None
    return f"sqlite:///{(folder / parsed.database).resolve()}"


def without_credentials(url: str) -> str:
    """Return a URL that may be stored and shown: no user, no password."""
    bare = parse(url)._replace(username=None, password=None)  # `set` takes None for "as it was"
    return bare.difference_update_query(["user", "password"]).render_as_string()
