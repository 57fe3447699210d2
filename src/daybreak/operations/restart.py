"""What a restart means: the run says its job's file, its parameters and its databases.

The ledger keeps no secrets: values of secret parameters and credentials of databases are given
again, and only they may be.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..databases.session import connect
from ..databases.url import resolve, without_credentials
from ..errors import DatabaseUnreachable, DefinitionError, ParameterError, TransientError
from ..ledger.rows import RunRow
from .inspect import reading
from .load import LoadedJob, load_job
from .places import ENVIRONMENT_DATABASE, database_from_environment, database_url


def run_to_restart(ledger: str, run_id: int) -> RunRow:
    """Return the run that is to begin again.

    Raises:
        LedgerError: If there is none of that number.
        PreflightError: If there is no ledger, or it cannot be read.
    """
    with reading(ledger) as store:
        return store.run(run_id)


def job_of(run: RunRow) -> LoadedJob:
    """Load the job of a run from its file.

    Raises:
        DefinitionError: If the file is gone, is wrong, or has another job by now.
    """
    loaded = load_job(run.job_file)
    if loaded.job.name != run.job:
        raise DefinitionError(
            f"{run.job_file} has the job {loaded.job.name!r} now; run {run.id} is one of"
            f" {run.job!r}",
            hint="bring the job's file back, or start the other job with daybreak run",
        )
    return loaded


def parameters_of(
    run: RunRow, loaded: LoadedJob, given: Mapping[str, object]
) -> Mapping[str, object]:
    """Return the parameters of a run, secret ones as they were given again.

    Raises:
        ParameterError: If a secret one is missing, or one is given that the ledger knows.
    """
    secret = {name for name, parameter in loaded.parameters.items() if parameter.is_secret}
    for name in given:
        if name not in secret:
            raise ParameterError(
                f"parameter {name!r} is not given again: run {run.id} has its value, if it has one",
                hint=f"secret ones are: {', '.join(sorted(secret)) or 'there are none'};"
                " another value would be another run: daybreak run FILE",
            )
    for name in sorted(secret):
        if name not in given and loaded.parameters[name].is_required:
            raise ParameterError(
                f"parameter {name} is secret, so the ledger does not keep it",
                hint=f"give it again: --parameter {name}=VALUE",
            )
    known = {name: value for name, value in run.parameters.items() if name in loaded.parameters}
    return {**known, **given}


def databases_of(run: RunRow, loaded: LoadedJob, given: Mapping[str, str]) -> dict[str, str]:
    """Return the URLs of a run's databases, with credentials where they are known.

    Args:
        run: The run.
        loaded: Its job.
        given: By name, what is given again; an empty name means the only database.

    Raises:
        DefinitionError: If a URL is that of another database.
        DatabaseUnreachable: If one does not answer with what is known of it.
    """
    folder = Path(run.job_file).parent
    defaults = {one.name: one.default_url for one in loaded.databases}
    urls = {}
    for name, stored in run.databases.items():
        said = given.get(name) or (given.get("") if len(run.databases) == 1 else None)
        url = database_url(name, said, Path(run.job_file), stored)
        default = defaults.get(name)
        is_known = said or database_from_environment(name)
        if not is_known and default and without_credentials(resolve(default, folder)) == stored:
            url = resolve(default, folder)
        _refuse_other(run, name, url, stored)
        _reach(name, url)
        urls[name] = url
    return urls


def _refuse_other(run: RunRow, name: str, url: str, stored: str) -> None:
    if without_credentials(url) != stored:
        raise DefinitionError(
            f"run {run.id} used another database {name}: {stored}, not {without_credentials(url)}",
            hint="give the URL that the run was started with",
        )


def _reach(name: str, url: str) -> None:
    try:
        with suppress(TransientError):  # busy is not unreachable
            connect(url).close()
    except DatabaseUnreachable as error:
        raise DatabaseUnreachable(
            f"database {name} cannot be reached with what the ledger keeps: {error}",
            hint="it keeps no credentials: give them again with"
            f" --database {name}=URL, or set {ENVIRONMENT_DATABASE}{name.upper()}",
            database=name,
        ) from error


def read_again(loaded: LoadedJob, texts: Mapping[str, Any]) -> dict[str, object]:
    """Return what was given again as values: `{"api_key": "…"}`.

    Raises:
        ParameterError: If the job has no such parameter, or it does not fit its type.
    """
    values: dict[str, object] = {}
    for name, text in texts.items():
        if name not in loaded.parameters:
            raise ParameterError(
                f"unknown parameter {name!r}",
                hint=f"the job has: {', '.join(loaded.parameters) or 'none'}",
            )
        values[name] = loaded.parameters[name].read(text)
    return values
