"""What a mutant is: the source, broken in one known way; and how its patch is applied."""

from __future__ import annotations

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


def apply(mutant: Mutant, package: Path) -> None:
    """Break a copy of the package.

    Args:
        mutant: How.
        package: The copy of src/daybreak.

    Raises:
        MutantRotten: If a patch does not fit; the copy is of no use then.
    """
    for patch in mutant.patches:
        path = package / patch.file
        text = path.read_text() if path.is_file() else ""
        if (found := text.count(patch.old)) != 1:
            raise MutantRotten(
                f"{mutant.name}: expected this text once in {patch.file}, found it {found} times:"
                f"\n{patch.old}"
            )
        path.write_text(text.replace(patch.old, patch.new))
