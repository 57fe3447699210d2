"""Database URLs: read, resolved against the job's folder, and shown without credentials."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, quote_plus, unquote

from ..errors import DefinitionError
from .dialect import EXAMPLES, dialect_of

_CREDENTIALS: Final = frozenset({"user", "password"})
_URL: Final = re.compile(
    r"""
    (?P<scheme>[\w+]+)://
    (?: (?P<username>[^:/?@]*) (?: :(?P<password>[^@]*) )? @ )?
    (?: \[(?P<ipv6>[^/?]+)\] | (?P<host>[^/:?@]+) )?
    (?: :(?P<port>[0-9]+) )?
    (?: /(?P<database>[^?]*) )?
    (?: \?(?P<query>.*) )?
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Url:
    """A URL, taken apart; nothing in it is escaped."""

    scheme: str
    """The kind of database, and perhaps a driver behind a plus sign."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    host: str | None = None
    port: int | None = None
    database: str | None = None
    """The name of a database of a server, or the path of a file."""

    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    """Options, each with its values."""

    @property
    def kind(self) -> str:
        """The kind of database."""
        return self.scheme.partition("+")[0]

    def without_credentials(self) -> Url:
        """Return it as it may be stored and shown: no user, no password."""
        query = {name: of for name, of in self.query.items() if name not in _CREDENTIALS}
        return replace(self, username=None, password=None, query=query)

    def __str__(self) -> str:
        """Write it with everything in it, the password as well."""
        return "".join(
            [
                f"{self.scheme}://",
                self._user(),
                f"[{self.host}]" if self.host and ":" in self.host else self.host or "",
                "" if self.port is None else f":{self.port}",
                "" if self.database is None else f"/{quote(self.database, safe=' +/')}",
                self._options(),
            ]
        )

    def _user(self) -> str:
        if self.username is None:
            return ""
        password = "" if self.password is None else f":{quote(self.password, safe=' +')}"
        return f"{quote(self.username, safe=' +')}{password}@"

    def _options(self) -> str:
        given = [
            f"{quote_plus(name)}={quote_plus(value)}"
            for name in sorted(self.query)
            for value in self.query[name]
        ]
        return f"?{'&'.join(given)}" if given else ""


def parse(url: str) -> Url:
    """Read a database URL.

    Raises:
        DefinitionError: If it is no URL of a database we know.
    """
    read = _URL.fullmatch(url)
    if read is None or _is_misread(read):
        raise DefinitionError(
            "expected a database's URL, got something else",
            hint=f"write {EXAMPLES}; in a name or a password, @ is %40, : is %3A and / is %2F",
        )
    dialect_of(read["scheme"])
    query: dict[str, tuple[str, ...]] = {}
    for name, value in parse_qsl(read["query"] or ""):
        query[name] = (*query.get(name, ()), value)
    return Url(
        scheme=read["scheme"],
        username=_unescaped(read["username"]),
        password=_unescaped(read["password"]),
        host=read["host"] or read["ipv6"],
        port=int(read["port"]) if read["port"] else None,
        database=_unescaped(read["database"]),
        query=query,
    )


def _is_misread(read: re.Match[str]) -> bool:
    """Say whether more than one @ could be that behind the user: a password may be no host."""
    behind = read.string.partition("://")[2]
    has_no_host = behind.startswith("/")
    counted = read["query"] or "" if has_no_host else behind
    return counted.count("@") > (read["username"] is not None)


def _unescaped(part: str | None) -> str | None:
    return None if part is None else unquote(part)


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
    return str(parse(url).without_credentials())
