"""What a mutant is: the source, broken in one known way; and what its patches make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Patch:
    """One replacement in one file."""

    file: str
    """Below src/daybreak."""

    old: str
    """Text that stands there exactly once."""

    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """The source, broken in one way that the suite must notice."""

    name: str
    breaks: str
    """What is wrong then, in one sentence."""

    rooms: tuple[str, ...]
    """Folders and modules of tests that may notice it; what kills processes comes after them."""

    patches: tuple[Patch, ...]


class MutantRotten(Exception):  # noqa: N818 - of this tool, not of Daybreak
    """The source has changed under a patch: it must be written anew."""


def broken(mutant: Mutant, package: Path) -> Mapping[str, str]:
    """Return the files that a mutant changes, with their new text; nothing is written.

    Args:
        mutant: Which.
        package: The folder src/daybreak, or a copy of it.

    Raises:
        MutantRotten: If a patch does not fit, or what it makes is no Python.
    """
    texts: dict[str, str] = {}
    for patch in mutant.patches:
        path = package / patch.file
        text = texts.get(patch.file) or (path.read_text() if path.is_file() else "")
        if (found := text.count(patch.old)) != 1:
            raise MutantRotten(
                f"{mutant.name}: expected this text once in {patch.file}, found it {found} times:"
                f"\n{patch.old}"
            )
        texts[patch.file] = text.replace(patch.old, patch.new)
    for file, text in texts.items():
        _refuse_nonsense(mutant, file, text)
    return texts


def _refuse_nonsense(mutant: Mutant, file: str, text: str) -> None:
    if not file.endswith(".py"):
        return
    try:
        compile(text, file, "exec")
    except SyntaxError as error:
        raise MutantRotten(f"{mutant.name}: {file} does not compile any more: {error}") from error
