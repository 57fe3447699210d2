"""Database URLs: read, resolved against the job's folder, and shown without credentials."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..dataclass import dataclass
from ..errors import DefinitionError
from .dialect import EXAMPLES, dialect_of

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
            hint=f"write {EXAMPLES}",
        ) from None
    dialect_of(parsed.drivername)
    return parsed


def resolve(url: str, folder: Path) -> str:
    """Return a URL whose file is absolute; a relative one starts at `folder`."""
    file = file_of(url)
    return url if file is None else f"{dialect_of(url).name}:///{(folder / file).resolve()}"


def file_of(url: str) -> Path | None:
    """Return the file of a database that is one; None for a server, or one in memory."""
    parsed = parse(url)
    if not dialect_of(url).is_file or parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database))


def without_credentials(url: str) -> str:
    """Return a URL that may be stored and shown: no user, no password."""
    if _PLAIN.fullmatch(url):
        return url
    bare = parse_fully(url)._replace(
        username=None, password=None
    )  # `set` takes None for "as it was"
    return bare.difference_update_query(["user", "password"]).render_as_string()
