"""What a step needs to run, found out by operations: execution asks, and knows no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..abc import ClosableSource, Sink, Source, Target, Transaction
from ..model.fate import Counts
from ..model.job import Step
from ..model.knobs import Knobs
from ..pipeline import Inner, names_in


@dataclass(frozen=True, slots=True)
class ChunkedPlan:
    """A step's pipeline, resolved: where from, through what, where to."""

    source: Source
    stages: Sequence[Inner]
    sink: Sink
    target: Target
    changed: str = ""
    """How the source differs from what was checked, if it is read all the same."""

    said: str = ""
    """What is to be said of the source when a run begins."""

    def close(self) -> None:
        """Close what the source keeps open."""
        if isinstance(self.source, ClosableSource):
            self.source.close()

    def facts(self) -> Mapping[str, Any]:
        """Return what must not change between two attempts; a difference is refused."""
        return {
            "source": dict(self.source.fingerprint()),
            "sink": dict(self.sink.facts()),
            "stages": list(names_in(self.stages)),
            "database": self.target.name,
        }


class Bodies(Protocol):
    """The steps' own functions, called with the run and the job's parameters."""

    def chunked(self, step: Step[Any]) -> ChunkedPlan:
        """Call a step's function and resolve the pipeline that it returns."""
        ...

    def task(self, step: Step[Any]) -> str:
        """Call a task's function; return what it gave as JSON text."""
        ...

    def atomic(self, step: Step[Any], tx: Transaction) -> str:
        """Call an atomic step's function; return what it gave as JSON text."""
        ...

    def target_of(self, step: Step[Any]) -> Target:
        """Return the target of an atomic step."""
        ...

    def target_named(self, name: str) -> Target | None:
        """Return a target by its database's name."""
        ...

    def knobs(self, step: Step[Any]) -> Knobs:
        """Return a step's knobs, as the operator set them."""
        ...

    def code(self, step: Step[Any]) -> str:
        """Hash a step's code; a difference is recorded, not refused."""
        ...

    def done(self, step: Step[Any], value: str | None, counts: Counts) -> None:
        """Make known what a finished step gave, so that `run[step]` answers."""
        ...
