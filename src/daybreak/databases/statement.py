"""Statements: `:name` binds made the driver's own, and statements kept in files.

SQLAlchemy's `text()` takes `:x` for a bind inside string literals and comments as well, which
would change what a user's statement says; hence the small scanner here.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from ..errors import DefinitionError
from .dialect import DIALECTS

_TOKENS: Final = re.compile(
    r"""
      [eE]'(?:[^'\\]|\\.|'')*'       # PostgreSQL's escape string
    | '(?:[^']|'')*'                 # string
    | "(?:[^"]|"")*"                 # quoted name
    | --[^\n]*                       # comment to the end of the line
    | /\*.*?\*/                      # comment
    | \$(?P<dollar>\w*)\$.*?\$(?P=dollar)\$
    | ::                             # PostgreSQL's cast
    | (?<!\w):(?P<bind>[A-Za-z_]\w*)  # but not a slice, a[1:n]
    | %
    """,
    re.VERBOSE | re.DOTALL,
)

_FOLDER: Final = Path(__file__).with_name("sql")
"""A package that is installed is a folder; `importlib.resources` would cost each start 6 ms."""

_ENDS: Final = re.compile(r";\s*(?:\n|\Z)")


@lru_cache(maxsize=1024)
def binds_of(sql: str) -> frozenset[str]:
    """Return the names of the binds in a statement."""
    return frozenset(match["bind"] for match in _TOKENS.finditer(sql) if match["bind"])


@lru_cache(maxsize=1024)
def in_percent_style(sql: str) -> str:
    """Return a statement with `%(name)s` for `:name`, and every other `%` doubled."""

    def spelled(match: re.Match[str]) -> str:
        if match["bind"]:
            return f"%({match['bind']})s"
        return match[0].replace("%", "%%")

    return _TOKENS.sub(spelled, sql)


@lru_cache(maxsize=1024)
def in_dollar_style(sql: str) -> str:
    """Return a statement with `$name` for `:name`."""
    return _TOKENS.sub(lambda match: f"${match['bind']}" if match["bind"] else match[0], sql)


def check_binds(sql: str, given: frozenset[str] | set[str]) -> None:
    """Raise unless the binds given are those that the statement names.

    Raises:
        DefinitionError: Naming what is missing or superfluous.
    """
    wanted = binds_of(sql)
    if wanted == given:
        return
    missing, extra = sorted(wanted - given), sorted(given - wanted)
    said = [f"without a value: {', '.join(missing)}"] if missing else []
    said += [f"unknown to it: {', '.join(extra)}"] if extra else []
    raise DefinitionError(
        f"the binds do not fit the statement ({'; '.join(said)}): {shortened(sql)}",
        hint="give every :name of the statement a value of the same name",
    )


def shortened(sql: str, length: int = 120) -> str:
    """Return a statement on one line, cut to `length` characters."""
    line = " ".join(sql.split())
    return line if len(line) <= length else line[: length - 1] + "…"


@cache
def load(dialect: str, name: str) -> str:
    """Return the statement kept in `sql/<dialect>/<name>.sql`, else in `sql/<name>.sql`.

    The shared files say `daybreak.markers`; a database that has no schemas reads
    `daybreak_markers`.
    """
    own = _FOLDER / dialect / f"{name}.sql"
    sql = (own if own.is_file() else _FOLDER / f"{name}.sql").read_text("utf-8")
    return sql.replace("daybreak.", DIALECTS[dialect].own)


def statements_of(script: str) -> list[str]:
    """Return the statements of a script of ours: each ends with a semicolon at a line's end."""
    return [one for one in (part.strip() for part in _ENDS.split(script)) if one]
