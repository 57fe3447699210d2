"""Which run a command means, by its job, its parameters, its databases and its night."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from ..databases import Database
from ..databases.url import without_credentials
from ..ledger.rows import RunRow
from ..ledger.store import LedgerStore
from ..model.identity import Identity
from .load import LoadedJob
from .settings import Settings


def shown_parameters(loaded: LoadedJob, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that may be stored and shown, as JSON data."""
    return {
        name: parameter.to_json(parameters[name])
        for name, parameter in loaded.parameters.items()
        if not parameter.is_secret
    }


def identity_of(
    loaded: LoadedJob,
    parameters: Mapping[str, Any],
    databases: Mapping[str, Database],
    night: date | None,
) -> Identity:
    """Return the identity of the run that these mean."""
    return Identity(
        job=loaded.job.name,
        parameters=shown_parameters(loaded, parameters),
        databases=urls_of(databases),
        night=night,
    )


def urls_of(databases: Mapping[str, Database]) -> dict[str, str]:
    """Return databases as the ledger names them: without credentials."""
    return {name: without_credentials(db.url) for name, db in databases.items()}


def run_meant(store: LedgerStore, identity: Identity, settings: Settings) -> RunRow | None:
    """Return the run that a command would begin or go on with; None if it would be a new one."""
    run = named_or_unfinished(store, identity, settings)
    return store.newest(identity) if run is None and not settings.again else run


def named_or_unfinished(
    store: LedgerStore, identity: Identity, settings: Settings
) -> RunRow | None:
    """Return the run that a command names by its number, or else the unfinished one it means."""
    if settings.run is not None:
        return store.run(settings.run)
    if settings.night is not None or settings.again:
        return None
    return store.newest_unfinished(identity.family)
