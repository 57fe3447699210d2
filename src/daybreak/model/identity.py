"""Which run a command means: (job, identifying parameters, databases, night), as one key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes a run this run; equal identities are the same run, on any machine."""

    job: str
    parameters: Mapping[str, Any]
    """Identifying parameters as JSON data; secret ones are left out."""

    databases: Mapping[str, str]
    """Name to URL without credentials."""

    night: date | None
    """The business date, for jobs with a window."""

    number: int = 1
    """Counts up with `--again`."""

    @property
    def family(self) -> str:
        """The key of all runs that differ in their night and number only."""
        return _hashed({"job": self.job, **self._what()})

    @property
    def key(self) -> str:
        """The key of the run's epochs, markers and quarantine in its targets."""
        return _hashed(
            {
                "job": self.job,
                **self._what(),
                "night": self.night.isoformat() if self.night else None,
                "number": self.number,
            }
        )

    def _what(self) -> dict[str, Any]:
        return {"parameters": dict(self.parameters), "databases": dict(self.databases)}


def _hashed(what: Mapping[str, Any]) -> str:
    text = json.dumps(what, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
