"""What a rehearsal says before it starts: what it will do, what it costs, whom it holds up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ..databases import Database
from ..databases.url import parse
from ..model.job import Step, StepKind
from .rehearsal import RehearsedStep

SPREAD: Final = "spread over the source"
REAL: Final = (
    "what a function does without the transaction it is given (files elsewhere, calls, connections"
    " of its own) is real: ask run.rehearsal to leave it out"
)
_SERVER: Final = (
    "what it writes is locked until it ends: it gives way between two chunks if others wait for it",
    "sequences that it draws from keep their gaps; its dead rows wait for the next vacuum",
    "its write-ahead log goes to archives and replicas as any other",
)
_FILE: Final = (
    "the whole file is locked for other writers as long as it lasts; readers are not held up",
    "changed pages are held in memory, none reaches the file",
)


def records_text(number: int) -> str:
    """Write a number of records with its noun."""
    return f"{number:,} record" if number == 1 else f"{number:,} records"


def said_in_place(
    step: Step[Any], databases: Iterable[Database], records: int, chunk: int
) -> list[str]:
    """Return what the rehearsal of one step in place says before it starts, as sentences."""
    kinds = {parse(database.url).kind for database in databases}
    said = [_what(step, records, chunk)]
    if step.kind is not StepKind.TASK:
        said += _SERVER if "postgresql" in kinds else ()
        said += _FILE if "sqlite" in kinds else ()
    return [*said, REAL]


def _what(step: Step[Any], records: int, chunk: int) -> str:
    match step.kind:
        case StepKind.TASK:
            return "the task works in a temporary folder, which is removed at the end"
        case StepKind.ATOMIC:
            return "the step runs whole in its one transaction, which is rolled back at the end"
        case StepKind.STEP:
            return (
                f"at most {records:,} records (--records) are done in one transaction, which is"
                f" rolled back at the end; its chunks of {chunk:,} are savepoints in it, one worker"
                " at a time"
            )


def which_records(step: RehearsedStep, records: int) -> str:
    """Say which of the records a rehearsal has read; nothing if it was all of them.

    Args:
        step: What it found out.
        records: At most how many were to be read.
    """
    whole = step.source_records
    if whole is not None and whole <= records:
        return ""
    if step.places is not None and step.places > 1:
        return f"{step.counts.read:,}{_of(step)} records, {SPREAD} ({step.places} places)"
    first = f"the first {records:,}{_of(step)} records"
    if whole is not None:
        return first
    is_all = step.counts.read < records
    return "" if is_all else f"{first}: the others may be of another kind"


def _of(step: RehearsedStep) -> str:
    if step.source_records is not None:
        return f" of {step.source_records:,}"
    return "" if step.source_about is None else f" of about {step.source_about:,}"


def said_in_scratch(records: int, databases: Iterable[Database]) -> list[str]:
    """Return what a rehearsal in scratch databases says before it starts, as sentences."""
    names = ", ".join(database.name for database in databases)
    return [
        f"a scratch database is made for {names or 'nothing'}, and removed at the end",
        "it has the tables of the real one without their rows, those that steps look up included",
        f"at most {records:,} records (--records) of each step are done, and committed there",
        REAL,
    ]
