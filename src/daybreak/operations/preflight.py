"""The preflight: what can be known of the surroundings before any step begins, all of it at once.

Looked at: limits of the ledger, rights on Daybreak's own tables, sessions that the servers allow.
Disks are looked at even before the ledger is opened (`disk`). A table that a step fills is looked
at when the step begins, for only then its pipeline is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..databases import Database
from ..databases.session import LOCK_WAIT_S
from ..databases.target import DatabaseTarget
from ..errors import PreflightError, RightsMissing
from ..ledger.clock import SystemClock
from ..ledger.store import LedgerStore
from ..model.job import Step, StepKind
from ..model.knobs import Knobs
from ..model.limits import PARALLEL_AUTO_MAX
from ..model.shares import Uses, more_than_there_is
from .mentions import databases_mentioned
from .sessions import sessions_findings, sessions_to_spare


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


def bounded(
    steps: Sequence[Step[Any]],
    knobs: Mapping[str, Knobs],
    databases: Mapping[str, Database],
    store: LedgerStore,
) -> dict[str, Knobs]:
    """Return knobs in which every number of chunks in flight that adapts has its bound.

    A step has no more of them than sessions are left, divided by the steps that adapt, and no more
    than it has units of any limit that it uses.

    Args:
        steps: Those that are not done.
        knobs: Of the steps that the command names.
        databases: The job's, by name, bound.
        store: The ledger.
    """
    turned = {step.name: knobs.get(step.name, step.knobs) for step in steps}
    adapting = [step for step in steps if turned[step.name].parallel_adapts]
    if not adapting:
        return dict(knobs)
    limits = {limit.name: limit.units for limit in store.limits()}
    places = {step.name: _databases_of(step, databases) for step in steps}
    spare = sessions_to_spare(steps, knobs, places, limits)
    more = PARALLEL_AUTO_MAX if spare is None else spare // len(adapting)
    return {
        **knobs,
        **{
            step.name: replace(
                turned[step.name],
                parallel_most=max(1, min(PARALLEL_AUTO_MAX, 1 + more, *step.uses.values())),
            )
            for step in adapting
        },
    }


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
