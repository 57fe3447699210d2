"""Who owns a run, and which go over a step's input is meant: what a target is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ownership:
    """The right of one process to a run, as its targets know it."""

    run_key: str
    """Canonical hash of the run's identity."""

    run_id: str
    ledger_id: str
    epoch: int
    """Counts up with every owner; a target refuses all but the highest announced."""

    owner: str
    """Host and process, for people."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One go over a step's input: each restart is a new one."""

    step: str
    number: int = 1
