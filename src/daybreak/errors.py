"""Every exception the package raises on purpose, drawn as a tree.

* DaybreakError
  x DefinitionError          the job is wrong: change the code, or the command
    + CursorTypeError
    + ParameterError
    + SpentSource
  x PreflightError           the surroundings are not ready: prepare them, then start
    + DatabaseUnreachable
    + RestartRefused
    + RightsMissing
    + SchemaMismatch
    + StartRefused
  x RunError                 a run ended early: fix the cause, then resume
    + CheckFailed
    + DeadlinePassed
    + ProcessDied
    + ProofFailed
    + SourceError
      - SourceChanged
    + SinkError
      - DataRefused
      - TransactionEnded
      - TransientError
        . DatabaseBusy
    + StepFailed
    + StuckWorker
    + TooManyBadRecords
  x LedgerError              the ledger refused; nothing was written
    + ForeignLedger
    + InvalidTransition
    + LedgerBehind
    + LedgerVersionError
    + OwnershipError
      - LeaseLost
      - RunOwned

The branches answer the reader's first question: who has to act, and when.
`Quarantine` stands apart: a user's function raises it to set one record aside.
"""

from __future__ import annotations

from collections.abc import Mapping


class DaybreakError(Exception):
    """Base of everything we raise on purpose.

    Args:
        message: What happened, with the offending value, without a full stop.
        hint: What to do next, as an imperative. Shown under the traceback.
        where: Where it happened: run, step, chunk, cursor. Also logged as fields.
    """

    def __init__(self, message: str, *, hint: str = "", **where: object) -> None:
        super().__init__(message)
        self.hint = hint
        self.where = where
        if where:
            self.add_note("where: " + ", ".join(f"{k} {v}" for k, v in where.items()))
        if hint:
            self.add_note(f"hint: {hint}")


# ---------------------------------------------------------------- change the code, or the command


class DefinitionError(DaybreakError):
    """A job, a pipeline or a command is wrong; nothing was started."""


class CursorTypeError(DefinitionError, TypeError):
    """A key or place has a type that does not survive storage exactly; nothing was read."""


class ParameterError(DefinitionError, ValueError):
    """A parameter is unknown, missing or of the wrong type; nothing was started."""


class SpentSource(DefinitionError):  # noqa: N818 - it names a state
    """A source that can be read once only was read a second time; nothing was read."""


# ---------------------------------------------------------------- prepare the surroundings


class PreflightError(DaybreakError):
    """The surroundings are not ready; nothing was written to the target."""


class DatabaseUnreachable(PreflightError):  # noqa: N818 - reads as a sentence
    """A database did not answer, or refused the connection."""


class RestartRefused(PreflightError):  # noqa: N818 - reads as a sentence
    """A step cannot begin again: what it committed would stay beside what the new pass writes."""


class RightsMissing(PreflightError):  # noqa: N818 - reads as a sentence
    """A database user may not do what the step needs."""


class SchemaMismatch(PreflightError):  # noqa: N818 - reads as a sentence
    """A table is missing, or has other columns or keys than the step says."""


class StartRefused(PreflightError):  # noqa: N818 - reads as a sentence
    """A critical job would not end in its window surely enough; nothing was started."""


# ---------------------------------------------------------------- fix the cause, then resume


class RunError(DaybreakError):
    """A run ended early; what was committed stays, and the same command resumes."""


class CheckFailed(RunError):  # noqa: N818 - reads as a sentence
    """The check found more faults than `max_bad` allows; nothing was loaded."""

    summary: object = None
    """What was found, by file and cause: a `check.summary.CheckSummary`."""


class DeadlinePassed(RunError, TimeoutError):  # noqa: N818 - reads as a sentence
    """A `deadline_s` passed: the work was cut off, and all its threads have returned."""


class ProcessDied(RunError):  # noqa: N818 - reads as a sentence
    """A process died: of a run, again and again; or of a pipeline's stage, with records at hand."""


class ProofFailed(RunError):  # noqa: N818 - reads as a sentence
    """A step's ranges or fates do not add up: the step is not done, whatever was committed."""


class SourceError(RunError):
    """A source could not be read; the chunk in hand was not written."""


class SourceChanged(SourceError):  # noqa: N818 - reads as a sentence
    """A source is not the one that the run began with; nothing more was written."""


class SinkError(RunError):
    """A sink could not be written; the chunk in hand was rolled back."""


class DataRefused(SinkError):  # noqa: N818 - reads as a sentence
    """The database refused the data of a statement (not its form, not the moment).

    Args:
        message: The database's words, without what differs from record to record.
        details: What differs, in the database's words, by name: quarantine keeps it.
        rule: The kind of rule that was broken, if known: `not null`, `value` (its type, its length,
            its range), `check`, `unique`, `foreign key`.
        row: The place, from 0, of the row at fault among those of the statement, if known.
        stayed: How many rows the database says it changed for those in front of the row at fault,
            where it takes back nothing of them; None if it takes them back.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        details: Mapping[str, str] | None = None,
        rule: str = "",
        row: int | None = None,
        stayed: int | None = None,
        **where: object,
    ) -> None:
        super().__init__(message, hint=hint, **where)
        self.details = dict(details or {})
        self.rule = rule
        self.row = row
        self.stayed = stayed

    @property
    def constraint(self) -> str:
        """The name of the constraint that was broken; empty if it has none, or is not known."""
        return self.details.get("constraint", "")

    @property
    def column(self) -> str:
        """The name of the column that was NULL; empty if that is not the rule, or not known."""
        return self.details.get("column", "") if self.rule == "not null" else ""

    @property
    def is_final(self) -> bool:
        """Whether the row would be refused whatever other rows there were besides."""
        return self.rule in ("not null", "value", "check", "unique")


class TransactionEnded(SinkError):  # noqa: N818 - reads as a sentence
    """A transaction was ended by somebody else than its owner: effects may lack their marker."""


class TransientError(SinkError):
    """The database could not do it now (connection, deadlock, lock, disk): the same may succeed."""


class DatabaseBusy(TransientError):  # noqa: N818 - reads as a sentence
    """Somebody else holds a lock, and did not give it up in time."""


class StepFailed(RunError):  # noqa: N818 - reads as a sentence
    """A step's own function raised; the cause is chained."""


class StuckWorker(RunError):  # noqa: N818 - it names a state
    """A thread did not come back from a user's function in time; its stack is in the message."""


class TooManyBadRecords(RunError):  # noqa: N818 - reads as a sentence
    """More records were set aside than `max_bad` allows; what was committed stays."""


# ---------------------------------------------------------------- the ledger refused


class LedgerError(DaybreakError):
    """The ledger refused an operation; nothing was written."""


class ForeignLedger(LedgerError):  # noqa: N818 - reads as a sentence
    """A target is already owned by another ledger's run of the same identity."""


class InvalidTransition(LedgerError):  # noqa: N818 - reads as a sentence
    """A run or step was asked to take a step its status does not allow."""


class LedgerBehind(LedgerError):  # noqa: N818 - reads as a sentence
    """The ledger and a target disagree on what was committed: one of them is an older copy."""


class LedgerVersionError(LedgerError):
    """The ledger's tables are of a version that this release does not know."""


class OwnershipError(LedgerError):
    """Another process owns the run."""


class LeaseLost(OwnershipError):  # noqa: N818 - reads as a sentence
    """This process owned the run and lost it; nothing was written after that."""


class RunOwned(OwnershipError):  # noqa: N818 - reads as a sentence
    """Another process owns the run now; nothing was started."""


# ---------------------------------------------------------------- one record


class Quarantine(Exception):  # noqa: N818 - an imperative: raise Quarantine("dest is unknown")
    """Raise it to set this record aside: `Quarantine("dest is in no master", dest=flight.dest)`.

    Args:
        reason: The cause, the same words for the same cause: reports group by it.
        details: What a person needs to decide, by name.
    """

    def __init__(self, reason: str, /, **details: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details
