"""`run.check`: all records of all files before the work, all faults at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, TypeVar

from ..abc import Publish
from ..connectors.file_root import FileRoot
from ..connectors.publishing import publishing
from ..errors import CheckFailed, DefinitionError
from ..model.chunk import Finding
from ..model.limits import BadLimit
from ..pipeline import Pipeline
from .by_columns import CheckedByRows
from .file import check_file, findings_written
from .structure import pipelines_in, with_pipelines
from .summary import SAMPLES_MAX, CheckSummary, FileSummary

if TYPE_CHECKING:
    from ..databases.keys_of_tables import KeysOfTable
    from .across import Across

S = TypeVar("S")
Take: TypeAlias = Callable[[Path], Callable[[Finding], None]]

FAULTS_SHOWN_MAX: Final = 5
"""Files that the message of a failed check names."""

REPORT_NAME: Final = "report.html"


def check_sources(
    sources: S,
    *,
    folder: Path,
    max_bad: BadLimit,
    publish: Publish | None = None,
    take: Take | None = None,
    samples_max: int = SAMPLES_MAX,
    is_of_run: bool = True,
    wants_sha256: bool = False,
) -> S:
    """Look at every record of every file, and write down everything that is wrong.

    In the folder it leaves `findings/FILE.jsonl` for every file with faults, a summary of them in
    `findings/summary.json` and, if there are any, in `findings/report.html` for whoever sent the
    files; and an index of every file, by which it is divided and read later.

    Args:
        sources: A pipeline that begins with files, or a structure of such pipelines.
        folder: The run's.
        max_bad: How many faulty records each file may have: a count, or a share of its records.
        publish: Is given `CheckProgress` while a file is read, `CheckedByRows` if that takes longer
            than it might, `FileSummary` when it is done, and `CheckSummary` at the end.
        take: Is asked for each file, in order, who wants every finding of it.
        samples_max: Findings to keep of each cause.
        is_of_run: Whether this is the check of a run: then somebody wants `findings/report.html`,
            and later loads the records, for which hashes of the clean ones are kept.
        wants_sha256: Whether the checksum of each file is wanted, for a report.

    Returns:
        The same structure, its pipelines knowing their indexes. Records with faults are still in
        the files; the step that loads them sets them aside.

    Raises:
        CheckFailed: If a file has more faults than `max_bad`, or cannot be read as records at all.
            Every file was looked at before; the error carries the summary.
        DefinitionError: If something in `sources` is no file.
        SourceChanged: If a file changes while it is read.
    """
    roots = list(dict.fromkeys(_root(pipeline) for pipeline in pipelines_in(sources)))
    tables = {root: _tables_of(root) for root in roots}
    check = _Check(
        folder,
        max_bad,
        publish or (lambda _event: None),
        take,
        samples_max,
        is_of_run=is_of_run,
        wants_sha256=wants_sha256,
    )
    checked = {root: check.check(root, tables[root]) for root in roots}
    summary = check.finish()
    report = folder / "findings" / REPORT_NAME
    if is_of_run and summary.findings:
        from .report import report_of, write_report  # noqa: PLC0415 - only if there are faults

        write_report(report_of(summary, roots), report)
    else:
        report.unlink(missing_ok=True)  # of a check before this one
    if summary.failed:
        raise _failure(summary, report if is_of_run else None)
    return with_pipelines(sources, lambda pipeline: _with_root(pipeline, checked[_root(pipeline)]))


def _root(pipeline: Pipeline[Any]) -> FileRoot:
    root = pipeline.root
    if not isinstance(root, FileRoot):
        raise DefinitionError(
            f"cannot check {root}: it is no file",
            hint="check what begins with files, such as files.csv(...)",
        )
    return replace(root, indexes=(), refused_rows=None)


def _tables_of(root: FileRoot) -> Mapping[int, KeysOfTable]:
    if not root.rules.references:
        return {}
    from .rules import tables_of  # noqa: PLC0415 - heavy

    return tables_of(root)


def _with_root(pipeline: Pipeline[Any], root: FileRoot) -> Pipeline[Any]:
    return replace(pipeline, nodes=(root, *pipeline.inner))


class _Looked(NamedTuple):
    """A file that was read."""

    summary: FileSummary
    place: Path
    """Of its index."""

    findings_file: Path


class _Check:
    """One check under way: file after file, then the summary."""

    def __init__(
        self,
        folder: Path,
        limit: BadLimit,
        publish: Publish,
        take: Take | None,
        samples_max: int,
        *,
        is_of_run: bool,
        wants_sha256: bool,
    ) -> None:
        self._folder = folder
        self._limit = limit
        self._publish = publish
        self._take = take
        self._samples_max = samples_max
        self._is_of_run = is_of_run
        self._wants_sha256 = wants_sha256
        self._files: list[FileSummary] = []
        self._names: set[str] = set()
        self._told: set[str] = set()

    def check(self, root: FileRoot, tables: Mapping[int, KeysOfTable]) -> FileRoot:
        if root.rules:
            return self._check_with_rules(root, tables)
        looked = [self._look(path, root) for path in root.paths]
        for one in looked:
            self._end(one.summary)
        return replace(root, indexes=tuple(one.place for one in looked))

    def _look(self, path: Path, root: FileRoot, across: Across | None = None) -> _Looked:
        began_s = time.perf_counter()
        findings_file = self._folder / "findings" / self._unused_name(path.name)
        summary, index = check_file(
            path,
            root.model,
            root.format,
            folder=self._folder,
            findings_file=findings_file,
            tell=self._tell,
            summary=FileSummary(
                path.name,
                samples_max=self._samples_max,
                take=self._take(path) if self._take else None,
            ),
            across=across,
            is_loaded=self._is_of_run,
            wants_sha256=self._wants_sha256,
        )
        summary.size_bytes = path.stat().st_size if path.is_file() else 0
        summary.duration_s = time.perf_counter() - began_s
        return _Looked(summary, index, findings_file)

    def _check_with_rules(self, root: FileRoot, tables: Mapping[int, KeysOfTable]) -> FileRoot:
        from .rules import RulesCheck, working_folder  # noqa: PLC0415 - heavy

        looked: list[_Looked] = []

        def look(path: Path, across: Across) -> Path | None:
            looked.append(self._look(path, root, across))
            return None if looked[-1].summary.refused else looked[-1].place

        with working_folder(self._folder) as place:
            rules = RulesCheck(root, tables, self._folder, place)
            rules.look(look)
            self._write_of_source(looked[0], rules.of_source())
            for file, found in groupby(rules.of_rows(), key=lambda one: one.file):
                self._write_of_rows(looked[file], (one.findings for one in found))
            refused_rows = rules.save()
        for one in looked:
            self._end(one.summary)
        return replace(root, indexes=tuple(one.place for one in looked), refused_rows=refused_rows)

    def _write_of_source(self, looked: _Looked, findings: Sequence[Finding]) -> None:
        looked.summary.unexpected = (*looked.summary.unexpected, *map(str, findings))
        with self._more(looked) as write:
            write(findings)

    def _write_of_rows(self, looked: _Looked, rows: Iterable[Sequence[Finding]]) -> None:
        with self._more(looked) as write:
            for findings in rows:
                looked.summary.faulty_rows += 1
                write(findings)

    def _more(self, looked: _Looked) -> AbstractContextManager[Callable[[Sequence[Finding]], None]]:
        return findings_written(looked.findings_file, self._folder, looked.summary, goes_on=True)

    def _end(self, summary: FileSummary) -> None:
        rows, bad = summary.rows, summary.faulty_rows
        summary.too_many = self._limit.is_exceeded(bad, read=rows, total=rows)
        self._files.append(summary)
        self._publish(summary)

    def _tell(self, event: object) -> None:
        """Tell of everything, but why files are checked row by row only once."""
        if isinstance(event, CheckedByRows):
            if event.why in self._told:
                return
            self._told.add(event.why)
        self._publish(event)

    def _unused_name(self, name: str) -> str:
        number = 1
        found = f"{name}.jsonl"
        while found in self._names:
            number += 1
            found = f"{name}-{number}.jsonl"
        self._names.add(found)
        return found

    def finish(self) -> CheckSummary:
        summary = CheckSummary(self._files, str(self._limit))
        with publishing(self._folder / "findings" / "summary.json") as stream:
            stream.write(summary.as_json().encode("utf-8", "backslashreplace"))
        self._publish(summary)
        return summary


def _failure(summary: CheckSummary, report: Path | None) -> CheckFailed:
    failed = [file for file in summary.files if file.failed]
    shown = "; ".join(str(file) for file in failed[:FAULTS_SHOWN_MAX])
    more = len(failed) - FAULTS_SHOWN_MAX
    error = CheckFailed(
        f"the check refused {len(failed)} of {len(summary.files)} files: {shown}"
        + (f"; and {more} more" if more > 0 else ""),
        hint=(
            f"hand {report} to whoever sent the files (every fault is beside it), have them"
            " repaired, then run again"
            if report
            else "have the files repaired, then check them again"
        ),
        max_bad=summary.max_bad,
    )
    error.summary = summary
    return error
