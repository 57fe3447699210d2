"""Batch jobs that are done before daybreak: the door, names only.

Every name is imported when it is first used, so that `daybreak --help` answers at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from . import files, forecast
    from .abc import Transaction
    from .databases import Database, Row
    from .errors import DaybreakError, Quarantine
    from .model.fate import Counts
    from .model.job import Job, Step
    from .model.parameters import Secret
    from .model.retry import Retry
    from .operations.measure import measure
    from .operations.run_handle import Run
    from .pipeline import (
        Collect,
        CurrentScope,
        Pipeline,
        Receiver,
        Report,
        Results,
        Scope,
        Sink,
        StageOptions,
        StageReport,
        Work,
        current_scope,
        source,
    )

_WHERE: Final = {
    "Collect": ".pipeline",
    "Counts": ".model.fate",
    "CurrentScope": ".pipeline",
    "Database": ".databases",
    "DaybreakError": ".errors",
    "Job": ".model.job",
    "Pipeline": ".pipeline",
    "Quarantine": ".errors",
    "Receiver": ".pipeline",
    "Report": ".pipeline",
    "Results": ".pipeline",
    "Retry": ".model.retry",
    "Row": ".databases",
    "Run": ".operations.run_handle",
    "Scope": ".pipeline",
    "Secret": ".model.parameters",
    "Sink": ".pipeline",
    "StageOptions": ".pipeline",
    "StageReport": ".pipeline",
    "Step": ".model.job",
    "Transaction": ".abc",
    "Work": ".pipeline",
    "current_scope": ".pipeline",
    "files": ".files",
    "forecast": ".forecast",
    "measure": ".operations.measure",
    "source": ".pipeline",
}

__all__ = [
    "Collect",
    "Counts",
    "CurrentScope",
    "Database",
    "DaybreakError",
    "Job",
    "Pipeline",
    "Quarantine",
    "Receiver",
    "Report",
    "Results",
    "Retry",
    "Row",
    "Run",
    "Scope",
    "Secret",
    "Sink",
    "StageOptions",
    "StageReport",
    "Step",
    "Transaction",
    "Work",
    "current_scope",
    "files",
    "forecast",
    "measure",
    "source",
]


if not TYPE_CHECKING:  # they would take any name for one of the door's

    def __getattr__(name: str) -> Any:
        if name not in _WHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = importlib.import_module(_WHERE[name], __name__)
        value = module if name in ("files", "forecast") else getattr(module, name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return __all__
