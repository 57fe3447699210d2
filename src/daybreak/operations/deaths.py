"""What is said of attempts that died, and where the notes of an attempt are."""

from __future__ import annotations

from pathlib import Path

from ..abc import Clock
from ..errors import ProcessDied
from ..execution.in_flight import InFlight
from ..ledger.rows import RunRow
from ..model.deaths import Death
from ..telemetry import AttemptDied, Telemetry
from .attempt import Attempt
from .run_lock import host_name


def in_flight_of(run: RunRow, attempt: Attempt) -> InFlight:
    """Open the notes of an attempt at a run; its lock is held."""
    return InFlight(
        Path(run.folder),
        host=host_name(),
        how=attempt.deaths[-1] if attempt.deaths else "",
        is_supervised=attempt.is_supervised,
        follows_a_death=bool(attempt.deaths),
    )


def tell_of_death(in_flight: InFlight, telemetry: Telemetry, clock: Clock) -> None:
    """Tell how the attempt before this one died, if it did."""
    died = in_flight.died
    if died is not None:
        telemetry.publish(
            AttemptDied(
                at=clock.now(),
                how=died.how,
                in_flight=[str(work) for work in died.in_flight],
                record=_record(died),
                stack=died.stack,
            )
        )


def process_died(in_flight: InFlight, attempt: Attempt) -> ProcessDied:
    """Return the error for a run whose process dies whenever it is started."""
    died = in_flight.died or Death("")
    hand = "; ".join(str(work) for work in died.in_flight) or "nothing"
    hows = ", ".join(attempt.deaths)
    return ProcessDied(
        f"the run's process died {len(attempt.deaths)} times, and did not get on: {hows};"
        f" at the last time it had in hand: {hand}",
        hint="mend what kills it (memory, a C extension, an exit), then run the same command again",
    )


def replay_died(attempt: Attempt) -> ProcessDied:
    """Return the error for a replay whose process dies whenever it is started."""
    hows = ", ".join(attempt.deaths)
    return ProcessDied(
        f"the replay's process died {len(attempt.deaths)} times: {hows}",
        hint="mend what kills it, or replay less at a time, with --step or --reason; what was"
        " replayed stays replayed",
    )


def _record(died: Death) -> str | None:
    if died.named is None:
        return None
    return f"{died.named} of {died.named_in}"
