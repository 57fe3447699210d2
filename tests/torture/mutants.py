"""The suite itself is tested: break the source in known ways; some test must notice each.

`python -m tests.torture.mutants [--list] [--only NAME]` applies every mutant to a copy of the
tree, runs the tests of the rooms concerned there, then, if none noticed, those that kill and stop
processes, and says which test noticed it first, or that it survived. Whatever is run for a mutant
is run once without any before, and must pass. The mutants stand in the modules beside this one.
Exit statuses: 0 all were caught, 1 some survived, 2 the tests or the patches are of no use.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.torture import (
    mutants_of_commits,
    mutants_of_deaths,
    mutants_of_files,
    mutants_of_modes,
    mutants_of_outages,
    mutants_of_ownership,
    mutants_of_rehearsals,
    mutants_of_replay,
    mutants_of_restarts,
    mutants_of_sharing,
    mutants_of_truth,
)
from tests.torture.mutant import Mutant, MutantRotten, broken

MUTANTS: Final = (
    *mutants_of_ownership.MUTANTS,
    *mutants_of_commits.MUTANTS,
    *mutants_of_truth.MUTANTS,
    *mutants_of_rehearsals.MUTANTS,
    *mutants_of_replay.MUTANTS,
    *mutants_of_restarts.MUTANTS,
    *mutants_of_sharing.MUTANTS,
    *mutants_of_deaths.MUTANTS,
    *mutants_of_outages.MUTANTS,
    *mutants_of_modes.MUTANTS,
    *mutants_of_files.MUTANTS,
)
ROOT: Final = Path(__file__).parents[2]
COPIED: Final = ("src", "tests", "pyproject.toml")
PROCESSES: Final = "2"
SELECTION_S_MAX: Final = 1200.0
"""No selection of tests takes longer: a mutant that lasts so long hangs, and is noticed by that."""

_GREEN, _RED, _INTERRUPTED, _EMPTY = 0, 1, 2, 5  # pytest's exit statuses
_NOTICED: Final = re.compile(r"^(?:FAILED|ERROR) tests/(\S+?::.+?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant."""

    mutant: Mutant
    caught_by: str | None
    """The test that noticed it; None if it survived."""

    after_s: float


class NotGreen(Exception):  # noqa: N818 - of this tool, not of Daybreak
    """The tests say nothing about mutants: they fail, or cannot be run, without any."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0 if every mutant was caught, else 1."""
    options = _options(arguments)
    mutants = [one for one in MUTANTS if options.only in (None, one.name)]
    if options.list:
        for mutant in mutants:
            print(f"{mutant.name:30}{mutant.breaks}")
        return 0
    os.environ.setdefault("DAYBREAK_SEED", str(random.SystemRandom().getrandbits(32)))
    print(f"seed: DAYBREAK_SEED={os.environ['DAYBREAK_SEED']}", flush=True)
    with tempfile.TemporaryDirectory(prefix="daybreak-mutants-") as folder:
        original = Path(folder) / "original"
        _copy(ROOT, original)
        for mutant in mutants:
            broken(mutant, original / "src" / "daybreak")  # before all else: does it still fit?
        _see_that_the_copy_is_imported(original)
        rooms = dict.fromkeys(room for mutant in mutants for room in mutant.rooms)
        _prove_green(original, *_fast(original, tuple(rooms)))
        verdicts = [_tried(original, mutant, Path(folder)) for mutant in mutants]
    return _report(verdicts)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.torture.mutants", description="Test the tests."
    )
    parser.add_argument("--list", action="store_true", help="list the mutants, run nothing")
    parser.add_argument(
        "--only", metavar="NAME", choices=[one.name for one in MUTANTS], help="just this mutant"
    )
    return parser.parse_args(arguments)


# ---------------------------------------------------------------- copies


def _copy(tree: Path, to: Path) -> None:
    """Copy what tests need, without bytecode, which would belong to the unbroken source."""
    to.mkdir()
    for name in COPIED:
        if (tree / name).is_dir():
            shutil.copytree(tree / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(tree / name, to / name)


def _broken(original: Path, mutant: Mutant, folder: Path) -> Path:
    """Return a copy of the tree that the mutant has broken."""
    tree = folder / mutant.name
    _copy(original, tree)
    package = tree / "src" / "daybreak"
    for file, text in broken(mutant, package).items():
        (package / file).write_text(text)
    return tree


# ---------------------------------------------------------------- tests


def _see_that_the_copy_is_imported(original: Path) -> None:
    """Ask a child process, which runs in some other folder like the children of tests.

    Raises:
        NotGreen: With the package that was imported instead.
    """
    told = subprocess.run(
        [sys.executable, "-c", "import daybreak; print(daybreak.__file__)"],
        env=_environment(original),
        cwd=original.parent,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    if not Path(told).is_relative_to(original):
        raise NotGreen(f"expected the package in {original} to be imported, got {told}")


@functools.cache
def _prove_green(original: Path, *selection: str) -> None:
    """Run tests once without a mutant; asked again, it is known.

    Raises:
        NotGreen: With the test that fails.
    """
    began_s = time.monotonic()
    if (noticed := _noticed(original, selection)) is not None:
        raise NotGreen(f"the tests fail without a mutant: {noticed}")
    print(f"without a mutant: green after {time.monotonic() - began_s:.0f} s", flush=True)


def _tried(original: Path, mutant: Mutant, folder: Path) -> Verdict:
    tree = _broken(original, mutant, folder)
    began_s = time.monotonic()
    caught_by = _noticed(tree, _fast(tree, mutant.rooms))
    if caught_by is None:
        _prove_green(original, *_kills(original))
        caught_by = _noticed(tree, _kills(tree))
    verdict = Verdict(mutant, caught_by, time.monotonic() - began_s)
    shutil.rmtree(tree)
    print(_line(verdict), flush=True)
    return verdict


def _fast(tree: Path, rooms: Sequence[str]) -> list[str]:
    """Return the folders of the rooms that have tests, and single modules of tests."""
    places = [tree / "tests" / room for room in rooms]
    return [str(place) for place in places if place.is_file() or any(place.glob("test_*.py"))]


def _kills(tree: Path) -> list[str]:
    """Return what kills and stops real processes."""
    return [str(path) for path in sorted((tree / "tests" / "torture").glob("test_*.py"))]


def _noticed(tree: Path, selection: Sequence[str]) -> str | None:
    """Run tests until one fails; return its name, or None if all pass.

    A module of tests that cannot be collected is no test that fails.

    Raises:
        NotGreen: If they could not be run at all.
    """
    if not selection:
        return None
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", PROCESSES, "-m", "not torture"]
    command += ["-p", "no:cacheprovider", "--tb=short", "-rfE", *selection]
    with _finished(command, tree) as (status, out):
        if status in (_GREEN, _EMPTY):
            return None
        if status is None:
            return "(the tests hang)"
        noticed = _NOTICED.search(out)
        if status not in (_RED, _INTERRUPTED) or noticed is None:
            raise NotGreen(f"pytest ended with status {status}:\n{out[-4000:]}")
        return noticed[1]


@contextlib.contextmanager
def _finished(command: Sequence[str], tree: Path) -> Iterator[tuple[int | None, str]]:
    """Run tests to their end; whatever they leave running is killed with them."""
    process = subprocess.Popen(
        command,
        cwd=tree,
        env=_environment(tree),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        out, _ = process.communicate(timeout=SELECTION_S_MAX)
        yield process.returncode, out
    except subprocess.TimeoutExpired:
        yield None, ""
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment(tree: Path) -> dict[str, str]:
    """Return an environment in which the copy's package is the one, for children too."""
    return {**os.environ, "PYTHONPATH": str(tree / "src")}


# ---------------------------------------------------------------- the report


def _report(verdicts: Sequence[Verdict]) -> int:
    survivors = [one for one in verdicts if one.caught_by is None]
    print()
    for verdict in verdicts:
        print(_line(verdict))
    print(f"{len(verdicts) - len(survivors)} of {len(verdicts)} caught")
    for verdict in survivors:
        print(f"no test notices {verdict.mutant.name}: {verdict.mutant.breaks}")
    return 1 if survivors else 0


def _line(verdict: Verdict) -> str:
    outcome = "SURVIVED" if verdict.caught_by is None else f"caught by {verdict.caught_by}"
    return f"{verdict.mutant.name:30}{verdict.after_s:6.1f} s  {outcome}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (NotGreen, MutantRotten) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
