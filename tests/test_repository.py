"""Nothing in the repository depends on the machine or the network on which it was written.

The forbidden words are put together from pieces, so that this file does not hold them itself.
"""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOMES = ("home", "root", "Users")
REGISTRIES = ("pypi", "pythonhosted", "npmjs", "maven", "crates", "golang")
SETTINGS = ("index", "extra-index", "trusted")

FORBIDDEN = {
    "a registry's address": rf"https?://[\w.-]*(?:{'|'.join(REGISTRIES)})[\w.-]*/",
    "a registry's host": rf"\b(?:{'|'.join(REGISTRIES)})\w*\.(?:org|io|com)\b",
    "a registry's setting": rf"\b(?:{'|'.join(SETTINGS)})-(?:url|host)\b",
    "a path of somebody's home": rf"(?<![\w.])/(?:{'|'.join(HOMES)})/\w",
    "a path of this checkout": re.escape(str(ROOT)) + r"\b",
    "a path of this machine's owner": re.escape(str(Path.home())) + r"/\w",
}
FILES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git is wherever it is
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    if name and (ROOT / name).is_file()
]


@cache
def text_of(path: Path) -> str:
    return path.read_text(errors="replace")


def test_there_is_something_to_look_at() -> None:
    """The list of files holds this one."""
    assert Path(__file__) in FILES


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_contains(what: str) -> None:
    """No file, tracked or about to be, holds what only means something here."""
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in FILES
        if pattern.search(text_of(path))
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if pattern.search(line)
    ]

    assert [] == found


def test_every_forbidden_thing_would_be_found() -> None:
    """The patterns match what they are meant to match."""
    examples = {
        "a registry's address": "https://files.python" + "hosted.org/packages/x.whl",
        "a registry's host": "py" + "pi.org",
        "a registry's setting": "--extra-index" + "-url",
        "a path of somebody's home": "open('/ho" + "me/somebody/x')",
        "a path of this checkout": f"{ROOT}/src",
        "a path of this machine's owner": f"{Path.home()}/x",
    }

    assert [] == [what for what, text in examples.items() if not re.search(FORBIDDEN[what], text)]


def test_constraints_pin_versions_and_name_no_place() -> None:
    """Each line of constraints.txt is `name==version`, with a marker at most."""
    lines = [
        line
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    pinned = re.compile(r"[\w.-]+==[\w.]+(?: ; [\w .'\"<>=!]+)?")

    assert lines
    assert [] == [line for line in lines if not pinned.fullmatch(line)]
