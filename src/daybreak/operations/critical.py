"""A critical job is started only if it will surely enough end in its window; or with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ..errors import DefinitionError, PreflightError, StartRefused
from ..ledger.owned import OwnedRun
from ..ledger.store import LedgerStore
from ..model.identity import Identity
from ..model.job import Job
from ..model.progress import START_FORCED
from .naming import run_meant
from .settings import Settings

if TYPE_CHECKING:
    from .plan_known import Known

NIGHTS: Final = 4_000
_SHOWN_LEAST: Final = 0.1


@dataclass(frozen=True)
class Forced:
    """A start that would have been refused, but for somebody's reason."""

    reason: str
    because: str
    """Why it would have been refused."""

    def note(self, owned: OwnedRun) -> None:
        """Keep it in the audit of the run."""
        owned.note(START_FORCED, reason=self.reason, because=self.because)


def surely_enough(
    store: LedgerStore,
    job: Job,
    identity: Identity,
    settings: Settings,
    *,
    now: datetime,
    file: str,
) -> Forced | None:
    """See that a critical job may be started at this instant.

    What the run has done already is left out of the plan. A step that is done alone is not looked
    at: it does not end the job.

    Args:
        store: The ledger.
        job: The job.
        identity: Of the run that the command means.
        settings: What the command says.
        now: The instant.
        file: The job's file, for what to type next.

    Returns:
        None if it may be started, else with which reason it is.

    Raises:
        StartRefused: If it is less likely than `critical` to end in its window with the worst
            failure, or if that cannot be said, and no reason was given; nothing was started.
        DefinitionError: If a reason was given for a job that is not critical, or an empty one.
    """
    if settings.force_start is not None and not settings.force_start.strip():
        raise DefinitionError(
            "expected a reason to start a critical job anyhow, got none",
            hint='say why: --force-start "the partner was late, finance agreed to 06:00"',
        )
    if job.critical is None:
        if settings.force_start is not None:
            raise DefinitionError(
                f"job {job.name} is not critical: its start is never refused",
                hint="leave --force-start out, or say critical=0.99 in the job",
            )
        return None
    run = run_meant(store, identity, settings)
    is_alone = settings.restart is not None and settings.restart.is_only
    if is_alone or (run is not None and run.is_final and settings.restart is None):
        return None
    from .plan_known import known_of  # noqa: PLC0415 - numpy, for critical jobs only

    goes_on = None if run is None or settings.restart is not None else run.id
    because = _doubt(job, known_of(store, job, identity.databases, goes_on), now, file)
    if because is None:
        return None
    if settings.force_start:
        return Forced(settings.force_start, because)
    raise StartRefused(
        f"job {job.name} is critical, and {because}",
        hint=f"see daybreak plan {file}; to start it anyhow, say why: --force-start REASON",
    )


def _doubt(job: Job, known: Known, now: datetime, file: str) -> str | None:
    """Return why it is not sure enough; None if it is."""
    if known.unfinished is not None and len(known.unfinished.done) == len(job.steps):
        return None
    from .plan import plan_from  # noqa: PLC0415 - numpy and scipy, for critical jobs only
    from .what_if import WhatIf  # noqa: PLC0415 - with it

    try:
        plan = plan_from(
            job,
            known,
            night=None,
            now=now,
            file=file,
            what_if=WhatIf(),
            nights=NIGHTS,
            starts_now=True,
        )
    except PreflightError as error:
        return str(error)
    stated = plan.timing.worst_in_time
    assert stated is not None, "a critical job has a window"
    assert job.critical is not None
    if stated >= job.critical:
        return None
    return (
        f"if it starts now and {plan.timing.worst} fails at its worst moment, it is done by the end"
        f" of its window with {_percent(stated)} only, less than {_percent(job.critical)}"
    )


def _percent(share: float) -> str:
    """Write a probability with as many digits as there are: `94.8 %`, `99.95 %`."""
    percent = 100 * share
    return "under 0.1 %" if percent < _SHOWN_LEAST else f"{percent:.6g} %"
