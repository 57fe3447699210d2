"""Console blocks, typed again: each `$ command`, and behind it what it must say.

All commands of a page are typed in one shell, in one folder. Compared is what does not differ from
one machine to the next: times, rates, instants, process numbers and paths are masked, `…` on a line
of its own stands for any lines.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.docs.pages import ROOT, Block

_BETWEEN: Final = "\x1e"
_SECONDS_MAX: Final = 50.0
_MASKS: Final = (
    (r"^.*\bKilled\b.*$", "Killed"),
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b", "INSTANT"),
    (r"\b\d+(\.\d+)? s\b", "SPAN"),
    (r"[\d,.]+/s\b", "RATE"),
    (r"\bpid \d+\b", "pid N"),
    (r"[─ \t]+", " "),
    (r" +$", ""),
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One command of a transcript, and what it says."""

    command: str
    said: str


def exchanges_in(block: Block) -> list[Exchange]:
    """Return the commands of a console block, each with its output."""
    pieces = re.split(r"^\$ ", block.body, flags=re.MULTILINE)
    assert pieces[0] == "", f"{block}: a console block begins with a command"
    found = []
    for piece in pieces[1:]:
        command, _, said = piece.partition("\n")
        found.append(Exchange(command, said))
    return found


def typed(commands: Sequence[str], folder: Path) -> list[str]:
    """Type commands in one shell; return what each of them said."""
    script = [f'daybreak() {{ "{sys.executable}" -m daybreak "$@"; }}', "set +e", "(exit 0)"]
    for command in commands:
        script += [command, f"_status=$?; printf '%s' '{_BETWEEN}'; (exit $_status)"]
    ran = subprocess.run(
        ["bash", "-c", "\n".join(script)],  # noqa: S607 - bash is wherever it is
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS_MAX,
        check=False,
    )
    return ran.stdout.split(_BETWEEN)[: len(commands)]


def environment() -> dict[str, str]:
    """Return the environment of a reader: this checkout, a wide window, no settings."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("DAYBREAK_")}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "100"}


def masked(text: str) -> list[str]:
    """Return the lines that say something, without what differs from machine to machine."""
    for pattern, mask in _MASKS:
        text = re.sub(pattern, mask, text, flags=re.MULTILINE)
    return [line.strip() for line in text.splitlines() if line.strip()]


def says_the_same(expected: str, said: str) -> bool:
    """Compare two outputs; `…` in the expected one stands for any lines."""
    pattern = "".join(
        r"(?:.*\n)*" if line == "…" else re.escape(line) + r"\n" for line in masked(expected)
    )
    return re.fullmatch(pattern, "".join(line + "\n" for line in masked(said))) is not None
