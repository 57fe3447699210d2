"""The repository's pages as data: their code blocks, links, tables and the names they mention."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
PAGES: Final = tuple(sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")]))

_FENCE: Final = re.compile(r"^```(?P<words>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\[[^\]]*\]\((?P<to>[^)\s]+)\)")
_CODE: Final = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page."""

    page: Path
    line: int
    """Where its code begins, from 1."""

    language: str
    file: str | None
    """The file it is, as in `python file=orders.py`."""

    body: str

    def __str__(self) -> str:
        return f"{name_of(self.page)}:{self.line}"


def name_of(page: Path) -> str:
    """Return the path of a page, below the repository."""
    return str(page.relative_to(ROOT))


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [_block(page, text, match) for match in _FENCE.finditer(text)]


def _block(page: Path, text: str, match: re.Match[str]) -> Block:
    language, *words = match["words"].split() or [""]
    options = dict(word.split("=", 1) for word in words)
    line = text.count("\n", 0, match.start("body")) + 1
    return Block(page, line, language, options.get("file"), match["body"])


def prose_of(page: Path) -> str:
    """Return the text of a page without its blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def links_of(page: Path) -> Iterator[str]:
    """Give where the links of a page lead."""
    for match in _LINK.finditer(prose_of(page)):
        yield match["to"]


def is_relative(link: str) -> bool:
    """Say whether a link leads to a file of the repository."""
    return not re.match(r"[a-z]+:|#", link)


def target_of(page: Path, link: str) -> Path:
    """Return the file to which a relative link leads."""
    return (page.parent / link.partition("#")[0]).resolve()


def code_in(text: str) -> set[str]:
    """Return everything that stands between backticks."""
    return set(_CODE.findall(text))


def section_of(page: Path, heading: str) -> str:
    """Return the text below a heading, up to the next one of its level or a higher one."""
    level = heading.split(" ", maxsplit=1)[0]
    _, _, rest = page.read_text(encoding="utf-8").partition(f"\n{heading}\n")
    assert rest, f"{name_of(page)} has no heading {heading!r}"
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows_in(text: str) -> list[list[str]]:
    """Return the cells of all table rows in a text, without heads and rules."""
    rows = []
    for table in re.findall(r"(?:^\|.*\|\n)+", text, flags=re.MULTILINE):
        lines = table.splitlines()[2:]
        rows += [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return rows
