"""What a check found, as values: by file and by cause. Rendering is the reports' business."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple

from ..model.chunk import Finding

SAMPLES_MAX: Final = 3
"""Findings shown of one cause."""

CAUSES_MAX: Final = 200
"""Causes kept apart in one file; a model whose messages quote values could make any number."""

OTHER_CAUSES: Final = "other causes"


class CauseRow(NamedTuple):
    """One line of the table that people look at."""

    file: str
    column: str
    reason: str
    records: int
    """Findings of this cause."""

    sample: str
    """The first of them, with its line and value."""


@dataclass(slots=True)
class Cause:
    """One reason against one column, and how often it was found."""

    column: str | None
    reason: str
    count: int = 0
    samples: list[Finding] = field(default_factory=list)
    """The first `SAMPLES_MAX` of them."""

    def add(self, finding: Finding) -> None:
        """Count one more."""
        self.count += 1
        if len(self.samples) < SAMPLES_MAX:
            self.samples.append(finding)


@dataclass(slots=True)
class FileSummary:
    """What the check found in one file."""

    file: str
    rows: int = 0
    """Records behind the header, good and bad."""

    faulty_rows: int = 0
    findings: int = 0
    """Faults of all faulty rows together, those of the file itself included."""

    refused: bool = False
    """Whether the file as a whole could not be read as records; then no row was looked at."""

    too_many: bool = False
    """Whether it has more faulty rows than `max_bad` allows."""

    ignored_columns: tuple[str, ...] = ()
    """Columns that the model does not name."""

    findings_file: str = ""
    """Where its findings are, relative to the run's folder; empty if there are none."""

    causes: dict[tuple[str | None, str], Cause] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        """Count one finding under its cause."""
        self.findings += 1
        key = (finding.column, finding.reason)
        if key not in self.causes and len(self.causes) >= CAUSES_MAX:
            key = (None, OTHER_CAUSES)
        self.causes.setdefault(key, Cause(*key)).add(finding)

    @property
    def failed(self) -> bool:
        """Whether the check fails because of this file."""
        return self.refused or self.too_many

    def __str__(self) -> str:
        if self.refused:
            reasons = "; ".join(_named(cause) for cause in self.causes.values())
            return f"{self.file}: {reasons}"
        return f"{self.file}: {self.faulty_rows:,} of {self.rows:,} records are faulty"


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """What the check found in all files, in the order in which they were given."""

    files: Sequence[FileSummary]
    max_bad: str

    @property
    def failed(self) -> bool:
        """Whether any file has more faults than are allowed."""
        return any(file.failed for file in self.files)

    def rows_for_people(self) -> Iterator[CauseRow]:
        """Yield one row a cause, the commonest first within each file."""
        for file in self.files:
            for cause in sorted(file.causes.values(), key=lambda cause: -cause.count):
                first = cause.samples[0]
                value = "" if first.value is None else f": {first.value}"
                sample = f"line {first.line}{value}"
                yield CauseRow(file.file, cause.column or "", cause.reason, cause.count, sample)

    def as_json(self) -> str:
        """Return it as JSON text."""
        files = [_file_as_json(file) for file in self.files]
        return json.dumps(
            {"max_bad": self.max_bad, "failed": self.failed, "files": files},
            ensure_ascii=False,
            indent=2,
        )


def _named(cause: Cause) -> str:
    return f"{cause.column}: {cause.reason}" if cause.column else cause.reason


def _file_as_json(file: FileSummary) -> dict[str, Any]:
    data = asdict(file)
    data["causes"] = [
        asdict(cause) for cause in sorted(file.causes.values(), key=lambda cause: -cause.count)
    ]
    return data
