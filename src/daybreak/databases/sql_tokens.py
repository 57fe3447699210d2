"""A user's query as words and signs, as far as the databases agree on them. No parser.

Where MariaDB and MySQL do not, `is_standard` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TOKENS: Final = re.compile(
    r"""
      (?P<gap>\s+|--[^\n]*|/\*.*?\*/)
    | (?P<value>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\$(?P<dollar>\w*)\$.*?\$(?P=dollar)\$)
    | (?P<name>"(?:[^"]|"")*"|[^\W\d][\w$]*)
    | (?P<sign>::|.)
    """,
    re.VERBOSE | re.DOTALL,
)


_OF_MYSQL: Final = re.compile(r"[`#$]|/\*M?!|--(?!\s|\Z)|\b[eE]'")
"""Other quotes of names, other comments, comments that are run; and what is no quote there."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a quoted name, a text, or a sign."""

    text: str
    """As it is written."""

    is_name: bool
    """Whether it is a word or a quoted name."""

    depth: int
    """In how many brackets it stands; a bracket itself stands outside of its own."""

    start: int
    end: int

    @property
    def name(self) -> str:
        """Return a name as the catalogue has it."""
        return spelled(self.text)

    @property
    def word(self) -> str:
        """Return a word in small letters; empty for what is quoted, or no word."""
        return self.text.lower() if self.is_name and not self.text.startswith('"') else ""

    def is_(self, *texts: str) -> bool:
        """Whether it is one of some words, in small letters, or signs."""
        return (self.word if self.is_name else self.text) in texts


def tokens(sql: str) -> Iterator[Token]:
    """Yield what a query is made of, without gaps and comments."""
    depth = 0
    for match in _TOKENS.finditer(sql):
        if match["gap"]:
            continue
        text = match[0]
        depth -= text == ")"
        yield Token(text, bool(match["name"]), depth, match.start(), match.end())
        depth += text == "("


def is_standard(sql: str, table: str) -> bool:
    """Say whether a query has nothing of what MariaDB and MySQL alone read otherwise than here.

    They tell tables apart by capital letters, also where a name stands without quotes.
    """
    if _OF_MYSQL.search(sql) is not None:
        return False
    parts = table.split(".")
    named = (one for one in tokens(sql) if one.is_name and one.name in parts)
    return all(one.text in (one.name, f'"{one.name}"') for one in named)


def spelled(name: str) -> str:
    """Return a name as the catalogue has it: without quotes, or in small letters."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
