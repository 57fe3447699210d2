"""What a command says about a run, and what it means: knobs, databases, night."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date

from ..abc import Clock
from ..databases import Database
from ..databases.session import connect
from ..databases.url import resolve
from ..errors import DefinitionError, TransientError
from ..execution.overrun_watch import Ending
from ..model.job import Job
from ..model.knobs import Knob, Knobs, refuse_side_by_side
from ..model.limits import DISK_FREE_BYTES_MIN, LEASE_S, PATIENCE_S, TAKEOVER_S
from ..model.overrun import Left
from ..model.restart import Wish
from .load import LoadedJob
from .places import database_from_environment


@dataclass(frozen=True)
class Settings:
    """What a command says about a run."""

    parameters: Mapping[str, object] = field(default_factory=dict)
    """The job's parameters as given: texts, or values."""

    knobs: Mapping[str, Mapping[str, Knob]] = field(default_factory=dict)
    """By step: `{"load": {"parallel": 4, "chunk": "auto"}}`."""

    databases: Mapping[str, str] = field(default_factory=dict)
    """URL by name; the name "" means the job's only database."""

    ledger: str | None = None
    night: date | None = None
    """Which night, for jobs with a window; else the present one, or that of an unfinished run."""

    again: bool = False
    """Begin a new run, although there is one."""

    restart: Wish | None = None
    """Which steps begin again, or which one is to be done alone."""

    run: int | None = None
    """The run that is meant, by its number; else it is found by its identity."""

    accepts_changes: bool = False
    """Go on although a source or the graph changed, as far as that is safe."""

    force_start: str | None = None
    """Why a critical job is started although it is not sure enough to end in its window."""

    lease_s: float = LEASE_S
    """How long other machines wait for a sign of life before they take the run over."""

    takeover_s: float = TAKEOVER_S
    """How long the chunks in flight of an earlier owner are waited for."""

    patience_s: float = PATIENCE_S
    """How long a database or a ledger that does not answer is waited for, before the run fails."""

    kill_owner: bool = False
    """Kill whoever owns the run on this machine, and take it over."""

    disk_free_bytes_min: int = DISK_FREE_BYTES_MIN
    """How much room there must be where the run writes."""


def knobs_of(job: Job, given: Mapping[str, Mapping[str, Knob]]) -> dict[str, Knobs]:
    """Return the knobs of the steps that the command names.

    Raises:
        DefinitionError: If there is no such step or knob, or a value is out of bounds.
    """
    knobs = {}
    for name, settings in given.items():
        step = job.step_named(name)
        known = step.knobs.turned_to
        for knob in settings:
            if knob not in known:
                raise DefinitionError(
                    f"step {name} has no knob {knob!r}", hint="the knobs are chunk and parallel"
                )
        knobs[name] = Knobs.of(**{**known, **settings})
        refuse_side_by_side(step.order, knobs[name])
    return knobs


def bound_databases(loaded: LoadedJob, settings: Settings) -> dict[str, Database]:
    """Bind the job's databases to their URLs, and prove that each answers.

    Raises:
        DefinitionError: If a name or a URL is wrong, or missing.
        DatabaseUnreachable: If one does not answer.
    """
    databases = named_databases(loaded, settings)
    for database in databases.values():
        with suppress(TransientError):  # busy is not unreachable
            connect(database.url, lock_wait_s=settings.takeover_s).close()
    return databases


def named_databases(loaded: LoadedJob, settings: Settings) -> dict[str, Database]:
    """Bind the job's databases to their URLs; no connection is made, and no file.

    Raises:
        DefinitionError: If a name or a URL is wrong, or missing.
    """
    databases = {database.name: database for database in loaded.databases}
    _refuse_unknown_databases(settings.databases, databases)
    given = settings.databases
    for name, database in databases.items():
        url = (
            given.get(name)
            or given.get("")
            or database_from_environment(name)
            or database.default_url
        )
        if url is None:
            raise DefinitionError(
                f"database {name!r} has no URL", hint=f"give --database {name}=URL"
            )
        database.bind(resolve(url, loaded.path.parent))
    return databases


def _refuse_unknown_databases(given: Iterable[str], known: Collection[str]) -> None:
    names = ", ".join(known) or "none"
    for name in given:
        if name and name not in known:
            raise DefinitionError(f"the job has no database {name!r}", hint=f"it has: {names}")
    if "" in given and len(known) != 1:
        raise DefinitionError(
            f"--database does not say which of {len(known)} databases it means",
            hint=f"write --database NAME=URL with one of: {names}",
        )


def night_of(job: Job, settings: Settings, clock: Clock) -> date | None:
    """Return the business date that a run would have that starts now.

    Raises:
        DefinitionError: If the command names a night, and the job has none.
    """
    if settings.night is not None and job.window is None:
        raise DefinitionError(
            f"job {job.name} has no window, so it has no nights", hint="leave --night out"
        )
    if job.window is None or job.once:
        return None
    return settings.night or job.window.night_at(clock.now())


def ending_of(job: Job, clock: Clock, typical: Mapping[str, Left]) -> Ending | None:
    """Return when the window ends in which a run works now; None for a job without a window.

    It is the present window, or the next one, whatever night the run belongs to: one that was not
    done in its own goes on in this one.

    Args:
        job: The job.
        clock: Of the run.
        typical: What past runs say of steps that have not begun.
    """
    if job.window is None:
        return None
    _, ends_at = job.window.span_of(job.window.night_at(clock.now()))
    return Ending(ends_at.astimezone(job.window.zone), job.on_overrun, typical)
