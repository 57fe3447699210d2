"""Where things are: the ledger, the folder of a job's runs, and the folder of one run.

`--ledger`, else `DAYBREAK_LEDGER`, else `.daybreak/ledger.db` beside the job's file (without a
job's file: in the current folder). A relative SQLite file that somebody typed starts at the current
folder, so that it means the same to every command.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from ..databases.url import file_of, parse, resolve, without_credentials

ENVIRONMENT_LEDGER: Final = "DAYBREAK_LEDGER"
ENVIRONMENT_DATABASE: Final = "DAYBREAK_DATABASE_"
HOME: Final = ".daybreak"


def home_of(job_file: Path | None) -> Path:
    """Return the folder for ledger and runs: beside the job's file, else in the current folder."""
    folder = Path.cwd() if job_file is None else job_file.resolve().parent
    return folder / HOME


def default_ledger_url(job_file: Path | None) -> str:
    """Return the URL of the ledger that is meant when nobody names one."""
    return f"sqlite:///{home_of(job_file) / 'ledger.db'}"


def ledger_url(given: str | None, job_file: Path | None) -> str:
    """Return the URL of the ledger that a command means.

    Args:
        given: What `--ledger` says, if anything.
        job_file: The job's file, if the command names one.

    Raises:
        DefinitionError: If it is no URL of a database.
    """
    named = given or os.environ.get(ENVIRONMENT_LEDGER)
    return resolve(named, Path.cwd()) if named else default_ledger_url(job_file)


def runs_folder(ledger: str, job_file: Path | None) -> Path:
    """Return the folder that holds the folders of a ledger's runs, each named by its number.

    It is `.daybreak/runs` for the default ledger; another one counts its runs by itself, and has a
    folder of its own beside that, so that no two runs ever share one.

    Args:
        ledger: The ledger's URL, as `ledger_url` gives it.
        job_file: The job's file.
    """
    home = home_of(job_file)
    if parse(ledger) == parse(default_ledger_url(job_file)):
        return home / "runs"
    return home / f"runs-{hashlib.sha256(without_credentials(ledger).encode()).hexdigest()[:8]}"


def database_url(name: str, given: str | None, job_file: Path | None, stored: str) -> str:
    """Return the URL by which a finished run's database can be reached again.

    Args:
        name: The database's name.
        given: What `--database` says, if anything.
        job_file: The job's file; relative SQLite files start beside it.
        stored: The URL in the ledger, which has no credentials.
    """
    named = given or database_from_environment(name)
    folder = Path.cwd() if job_file is None else job_file.resolve().parent
    return resolve(named, folder) if named else stored


def is_missing_file(url: str) -> bool:
    """Say whether a database is a file that does not exist: opening it would make it."""
    file = file_of(url)
    return file is not None and not file.exists()


def database_from_environment(name: str) -> str | None:
    """Return the URL that the environment gives a database: `DAYBREAK_DATABASE_NAME`."""
    return os.environ.get(ENVIRONMENT_DATABASE + name.upper().replace("-", "_"))
