"""The jobs that load orders, each time in a folder of its own, and how they are started."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .flights_job import nobodys_settings

ROOT: Final = Path(__file__).parents[1]


def import_command(
    folder: Path, job: str, path: Path, url: str, settings: Sequence[str] = ()
) -> list[str]:
    """Copy a job into a folder; return the command that runs it there."""
    shutil.copy(Path(__file__).with_name(job), folder)
    words = [sys.executable, "-m", "daybreak", "run", job, "--path", str(path), "--database", url]
    return [*words, "--json", *(word for setting in settings for word in ("--set", setting))]


def import_environment() -> dict[str, str]:
    """Return the environment of such a command: the job finds what it imports.

    Modules are compiled once, as those of an installed package are, whatever this process does:
    to compile them at each start takes longer than all else before the work.
    """
    others = os.environ.get("PYTHONPATH", "")
    found = nobodys_settings() | {
        "PYTHONPATH": f"{ROOT}{os.pathsep}{others}",
        "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "daybreak-bench" / "compiled"),
    }
    found.pop("PYTHONDONTWRITEBYTECODE", None)
    return found
