"""What a report says, as values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from .schema_words import ColumnWords
from .summary import OTHER_CAUSES, CheckSummary, FileSummary


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file in a report."""

    found: FileSummary
    sha256: str
    """Empty if the file cannot be read."""

    form: str
    """How it is written, in words."""

    schema: str
    columns: Sequence[ColumnWords]
    key: tuple[str, ...] = ()
    """Columns that no two records may have in common, if that was checked."""

    @property
    def faults_by_column(self) -> dict[str | None, int]:
        """How often each column was at fault; None is the record as a whole."""
        counts: dict[str | None, int] = {}
        for cause in self.found.causes.values():
            counts[cause.column] = counts.get(cause.column, 0) + cause.count
        return counts

    @property
    def not_looked_at(self) -> Iterator[str]:
        """What nobody may believe to have been checked, as sentences."""
        found = self.found
        if found.refused:
            yield (
                "No record was looked at, because the file as a whole could not be read as"
                " records. There may be more faults in it."
            )
            return
        if not self.columns:
            yield "There was no schema: only the form of the file was looked at."
        if found.ignored_columns:
            names = ", ".join(found.ignored_columns)
            yield f"These columns are not in the schema, nothing was looked at in them: {names}."
        if any(cause.column is None for cause in found.causes.values()):
            yield (
                "A record that could not be taken apart into its fields was not compared with the"
                " schema: it may have more faults than the one that is named."
            )
        if not self.key:
            yield (
                "Each record was looked at by itself: whether two records have the same key was not"
                " looked at."
            )
        if any(cause.reason == OTHER_CAUSES for cause in found.causes.values()):
            yield f"Of the many kinds of faults only {len(found.causes) - 1} are told apart."


@dataclass(frozen=True, slots=True)
class Report:
    """All of it."""

    files: Sequence[FileReport]
    summary: CheckSummary
    at: datetime
    with_values: bool = True
