"""Database URLs: read, resolved against the job's folder, and shown without credentials."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import DefinitionError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


_PLAIN: Final = re.compile(r"sqlite:///([\w./-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A URL that names an SQLite file, without options or escapes.

    It is read without SQLAlchemy, whose import costs more than most commands.
    """

    database: str
    """The path of the file."""

    def get_backend_name(self) -> str:
        """Return the kind of database, as `URL` does."""
        return "sqlite"


def parse(url: str) -> SqliteFile | URL:
    """Read a database URL.

    Raises:
        DefinitionError: If it is no URL of a database we know.
    """
    if plain := _PLAIN.fullmatch(url):
        return SqliteFile(plain[1])
    parsed = parse_fully(url)
    plain = _PLAIN.fullmatch(parsed.render_as_string(hide_password=False))
    return SqliteFile(plain[1]) if plain else parsed


def parse_fully(url: str) -> URL:
    """Read a database URL as one that can be changed, and that SQLAlchemy takes.

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
    if _PLAIN.fullmatch(url):
        return url
    bare = parse_fully(url)._replace(
        username=None, password=None
    )  # `set` takes None for "as it was"
    return bare.difference_update_query(["user", "password"]).render_as_string()
