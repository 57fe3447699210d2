"""A disk that answers a sync with an error: what was not synced was not committed. Needs strace.

strace lets the sync calls to one SQLite file, and to its journal, fail: with EIO, as a disk does
that is broken, or ENOSPC, as one that notices late that it is full.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from .outages import PATIENT, SMALL, WHOLE, Place

pytestmark = [pytest.mark.slow, pytest.mark.torture]

IMPATIENT = ("--patience-s", "1", "--lease-s", "5", "--takeover-s", "1")
PASSING = "9..11"
LASTING = "21+"
"""Of each thread's sync calls to the file: a few of them fail, or all from one on. With the first
twenty the main thread takes and plans the run."""


@pytest.fixture(params=[".daybreak/ledger.db", "x.db"], ids=["ledger", "target"])
def place(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Place, Path]:
    """Give a place, and the file whose disk is to break."""
    if not can_strace():
        pytest.skip("strace is missing, or may not trace here")
    return Place.make(tmp_path, f"sqlite:///{tmp_path / 'x.db'}"), tmp_path / request.param


@cache
def can_strace() -> bool:
    """Say whether a process of ours may be traced."""
    words = ["strace", "-qq", "-o", "/dev/null", "true"]
    return shutil.which("strace") is not None and subprocess.run(words, check=False).returncode == 0


def on_a_broken_disk(place: Place, file: Path, error: str, when: str) -> Place:
    """Return the place with sync calls to the file failing."""
    paths = ("-P", str(file), "-P", f"{file}-journal")
    harm = (
        "-e",
        "trace=fsync,fdatasync",
        "-e",
        f"inject=fsync,fdatasync:error={error}:when={when}",
    )
    report = place.folder / "strace"
    return replace(place, within=("strace", "-f", "-qq", "-o", str(report), *paths, *harm))


def failures(place: Place) -> int:
    """Return how many calls were let fail."""
    return (place.folder / "strace").read_text().count("(INJECTED)")


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_a_sync_that_fails_for_a_while_is_no_commit_and_is_made_again(
    place: tuple[Place, Path], error: str
) -> None:
    made, file = place
    ran = on_a_broken_disk(made, file, error, PASSING).run(*SMALL, *PATIENT)

    assert 0 == ran.status, ran.err
    assert failures(made) > 0
    assert made.left() == WHOLE


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_a_sync_that_always_fails_ends_the_run_which_resumes_on_a_whole_disk(
    place: tuple[Place, Path], error: str
) -> None:
    made, file = place
    with on_a_broken_disk(made, file, error, LASTING).started(*SMALL, *IMPATIENT) as running:
        running.end()
    made.assert_no_more_is_said_than_happened()
    again = made.run(*SMALL)

    assert [1, 0] == [ran.status for ran in (running, again)], again.err
    assert failures(made) > 0
    assert made.left() == WHOLE
