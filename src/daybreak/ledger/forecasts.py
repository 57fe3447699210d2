"""Forecasts that were made, kept so that the runs behind them can be compared with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .rows import as_json, instant
from .session import LedgerSession, LedgerTransaction


@dataclass(frozen=True, slots=True)
class KeptForecast:
    """A forecast of one step, as `daybreak.forecast.Forecast.to_json` gave it."""

    step: str
    databases: Mapping[str, str]
    """On which databases it was measured, name to URL without credentials."""

    workers: int
    """Chunks in flight of what was measured."""

    made_at: datetime
    forecast: Mapping[str, Any]


def keep_forecast(session: LedgerSession, job: str, kept: KeptForecast) -> None:
    """Write a forecast down."""
    binds = {
        "job": job,
        "step": kept.step,
        "databases": as_json(dict(kept.databases)),
        "workers": kept.workers,
        "made_at": kept.made_at,
        "forecast": as_json(dict(kept.forecast)),
    }

    def write(tx: LedgerTransaction) -> None:
        tx.execute("insert_forecast", **binds)

    session.write(write)


def kept_forecasts(session: LedgerSession, job: str) -> list[KeptForecast]:
    """Return the forecasts of a job's steps, the oldest first."""
    return [
        KeptForecast(
            step=row.step,
            databases=json.loads(row.databases),
            workers=row.workers,
            made_at=instant(row.made_at),
            forecast=json.loads(row.forecast),
        )
        for row in session.read("select_forecasts", job=job)
    ]
