"""Which run a command means, by its job, its parameters, its databases and its night."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from ..databases import Database
from ..databases.url import without_credentials
from ..model.identity import Identity
from .load import LoadedJob


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
        databases={name: without_credentials(db.url) for name, db in databases.items()},
        night=night,
    )
