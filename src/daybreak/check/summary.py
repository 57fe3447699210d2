"""What a check found, as values: by file and by cause. Rendering is the reports' business."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from ..model.chunk import BrokenOff, Finding

SAMPLES_MAX: Final = 10
"""Findings kept of one cause, unless more are asked for."""

CAUSES_MAX: Final = 200
"""Causes kept apart in one file; a model whose messages quote values could make any number."""

LINES_SHOWN: Final = 3
"""Lines of one cause in a table."""

OTHER_CAUSES: Final = "other causes"

_NOT_IN_JSON: Final = ("take", "sha256")


@dataclass(slots=True)
class Cause:
    """One reason against one column, and how often it was found."""

    column: str | None
    reason: str
    count: int = 0
    samples: list[Finding] = field(default_factory=list)
    """The first of them."""

    def add(self, finding: Finding, samples_max: int = SAMPLES_MAX) -> None:
        """Count one more."""
        self.count += 1
        if len(self.samples) < samples_max:
            self.samples.append(finding)

    def __str__(self) -> str:
        return f"{self.column}: {self.reason}" if self.column else self.reason


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

    unexpected: tuple[str, ...] = ()
    """Counts and totals that are others than expected, what could not be looked at, and where the
    file breaks off: each fails the check, however few faulty rows there are."""

    ignored_columns: tuple[str, ...] = ()
    """Columns that the model does not name."""

    findings_file: str = ""
    """Where its findings are, relative to the run's folder; empty if there are none."""

    size_bytes: int = 0
    duration_s: float = 0.0
    """How long the check of it took."""

    samples_max: int = SAMPLES_MAX
    """Findings kept of each cause."""

    causes: dict[tuple[str | None, str], Cause] = field(default_factory=dict)
    sha256: str = ""
    """Its checksum, if somebody wished for it and it came of reading the rows."""

    take: Callable[[Finding], None] | None = field(default=None, repr=False, compare=False)
    """Whoever wants every finding, not the first ones only."""

    def add(self, finding: Finding) -> None:
        """Count one finding under its cause."""
        self.findings += 1
        if isinstance(finding.reason, BrokenOff):
            self.unexpected = (*self.unexpected, str(finding))
        if self.take is not None:
            self.take(finding)
        key = (finding.column, finding.reason)
        if key not in self.causes and len(self.causes) >= CAUSES_MAX:
            key = (None, OTHER_CAUSES)
        self.causes.setdefault(key, Cause(*key)).add(finding, self.samples_max)

    @property
    def by_frequency(self) -> list[Cause]:
        """The causes, the commonest first."""
        return sorted(self.causes.values(), key=lambda cause: -cause.count)

    @property
    def failed(self) -> bool:
        """Whether the check fails because of this file."""
        return self.refused or self.too_many or bool(self.unexpected)

    def __str__(self) -> str:
        if self.refused:
            reasons = "; ".join(map(str, self.causes.values()))
            return f"{self.file}: {reasons}"
        faulty = f"{self.file}: {self.faulty_rows:,} of {self.rows:,} records are faulty"
        if not self.unexpected:
            return faulty
        return "; ".join(self.unexpected if not self.faulty_rows else (*self.unexpected, faulty))


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """What the check found in all files, in the order in which they were given."""

    files: Sequence[FileSummary]
    max_bad: str

    @property
    def failed(self) -> bool:
        """Whether any file has more faults than are allowed."""
        return any(file.failed for file in self.files)

    @property
    def rows(self) -> int:
        """Records of all files, good and bad."""
        return sum(file.rows for file in self.files)

    @property
    def faulty_rows(self) -> int:
        """Faulty records of all files."""
        return sum(file.faulty_rows for file in self.files)

    @property
    def findings(self) -> int:
        """Faults of all files."""
        return sum(file.findings for file in self.files)

    def causes_in_rows(self) -> Iterator[dict[str, Any]]:
        """Yield one row a cause for tables, the commonest first within each file; no values."""
        for file in self.files:
            for cause in file.by_frequency:
                yield {
                    "file": file.file,
                    "column": cause.column or "",
                    "cause": cause.reason,
                    "records": cause.count,
                    "first lines": ", ".join(str(one.line) for one in cause.samples[:LINES_SHOWN]),
                }

    def as_json(self) -> str:
        """Return it as JSON text."""
        files = [_file_as_json(file) for file in self.files]
        return json.dumps(
            {"max_bad": self.max_bad, "failed": self.failed, "files": files},
            ensure_ascii=False,
            indent=2,
        )


def _file_as_json(file: FileSummary) -> dict[str, Any]:
    names = [one.name for one in fields(file) if one.name not in _NOT_IN_JSON]
    data = {name: getattr(file, name) for name in names}
    data["causes"] = [asdict(cause) for cause in file.by_frequency]
    return data
