"""The preflight: what can be known of the surroundings before any step begins, all of it at once.

Looked at: limits of the ledger, rights on Daybreak's own tables, sessions that the servers allow.
Disks are looked at even before the ledger is opened (`disk`). A table that a step fills is looked
at when the step begins, for only then its pipeline is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..databases import Database
from ..databases.session import LOCK_WAIT_S
from ..databases.target import DatabaseTarget
from ..errors import PreflightError, RightsMissing
from ..ledger.clock import SystemClock
from ..ledger.store import LedgerStore
from ..model.job import Step, StepKind
from ..model.knobs import Knobs
from ..model.shares import Uses, more_than_there_is
from .mentions import databases_mentioned
from .sessions import sessions_findings


def preflight(
    steps: Sequence[Step[Any]],
    knobs: Mapping[str, Knobs],
    databases: Mapping[str, Database],
    store: LedgerStore,
    *,
    lock_wait_s: float = LOCK_WAIT_S,
) -> None:
    """Raise unless the surroundings are ready for the steps.

    Args:
        steps: Those that are not done.
        knobs: Of the steps that the command names.
        databases: The job's, by name, bound.
        store: The ledger.
        lock_wait_s: How long it waits for locks of others.

    Raises:
        DatabaseBusy: If somebody holds a target locked; nothing is known of it then.
        PreflightError: With all findings; no step was begun, and no target was written.
    """
    limits = {limit.name: limit.units for limit in store.limits()}
    places = {step.name: _databases_of(step, databases) for step in steps}
    refuse(
        [
            *limit_findings(steps, limits),
            *_rights_findings(steps, places, lock_wait_s),
            *sessions_findings(steps, knobs, places, limits),
        ]
    )


def refuse(findings: Iterable[PreflightError]) -> None:
    """Raise all findings as one; nothing for none.

    Raises:
        PreflightError: A single finding as it is; several of one kind as one of that kind.
    """
    found = list(findings)
    if len(found) == 1:
        raise found[0]
    if found:
        kinds = {type(finding) for finding in found}
        kind = kinds.pop() if len(kinds) == 1 else PreflightError
        raise kind(
            f"{len(found)} things are not ready: {'; '.join(map(str, found))}",
            hint="; ".join(dict.fromkeys(finding.hint for finding in found)),
        )


def limit_findings(steps: Sequence[Step[Any]], limits: Uses) -> Iterator[PreflightError]:
    """Yield which steps could never begin under the ledger's limits, or use what nobody limits."""
    for step in steps:
        for name, wanted, units in more_than_there_is(step.uses, limits):
            yield PreflightError(
                f"step {step.name} uses {wanted} of {name!r}, but the ledger's limit is {units}",
                hint=f"raise it: daybreak limits {name} {wanted}; or let the step use less",
            )
        for name, wanted in step.uses.items():
            if name not in limits and name not in step.job.limits:
                yield PreflightError(
                    f"step {step.name} uses {wanted} of {name!r}, which no limit is named",
                    hint=f"set it in the ledger: daybreak limits {name} N; or write"
                    f' limits={{"{name}": N}} on the job',
                )


def _rights_findings(
    steps: Sequence[Step[Any]], places: Mapping[str, Sequence[Database]], lock_wait_s: float
) -> Iterator[PreflightError]:
    targets = {
        database.url: database
        for step in steps
        for database in places[step.name]
        if step.kind is StepKind.ATOMIC or len(places[step.name]) == 1
    }
    for url, database in targets.items():
        try:
            DatabaseTarget(url, database.name, SystemClock(), lock_wait_s).preflight()
        except RightsMissing as finding:
            yield finding


def _databases_of(step: Step[Any], databases: Mapping[str, Database]) -> Sequence[Database]:
    """Return the databases in which a step works, as far as its declaration and code show it.

    A chunked step that names none works in the job's only one.
    """
    if step.kind is StepKind.TASK:
        return ()
    if step.database is not None:
        return (step.database,)
    named = tuple(databases_mentioned(step.function))
    return named or (tuple(databases.values()) if len(databases) == 1 else ())
