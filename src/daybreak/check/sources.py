"""`run.check`: all records of all files before the work, all faults at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from ..abc import Publish
from ..connectors.csv_file import CsvRoot
from ..connectors.publishing import publishing
from ..errors import CheckFailed, DefinitionError
from ..model.limits import BadLimit
from ..pipeline import Pipeline
from .csv_file import check_csv
from .structure import pipelines_in, with_pipelines
from .summary import CheckSummary, FileSummary

S = TypeVar("S")

FAULTS_SHOWN_MAX: Final = 5
"""Files that the message of a failed check names."""


def check_sources(
    sources: S, *, folder: Path, max_bad: BadLimit, publish: Publish | None = None
) -> S:
    """Look at every record of every file, and write down everything that is wrong.

    In the folder it leaves `findings/FILE.jsonl` for every file with faults, a summary of them in
    `findings/summary.json`, and an index of every file, by which it is divided and read later.

    Args:
        sources: A pipeline that begins with files, or a structure of such pipelines.
        folder: The run's.
        max_bad: How many faulty records each file may have: a count, or a share of its records.
        publish: Is given `CheckProgress` while a file is read, `FileSummary` when it is done, and
            `CheckSummary` at the end.

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
    check = _Check(folder, max_bad, publish or (lambda _event: None))
    checked = {root: check.check(root) for root in roots}
    summary = check.finish()
    if summary.failed:
        raise _failure(summary, folder)
    return with_pipelines(sources, lambda pipeline: _with_root(pipeline, checked[_root(pipeline)]))


def _root(pipeline: Pipeline[Any]) -> CsvRoot:
    root = pipeline.root
    if not isinstance(root, CsvRoot):
        raise DefinitionError(
            f"cannot check {root}: it is no file", hint="check what begins with files.csv(...)"
        )
    return replace(root, indexes=())


def _with_root(pipeline: Pipeline[Any], root: CsvRoot) -> Pipeline[Any]:
    return replace(pipeline, nodes=(root, *pipeline.stages))


class _Check:
    """One check under way: file after file, then the summary."""

    def __init__(self, folder: Path, limit: BadLimit, publish: Publish) -> None:
        self._folder = folder
        self._limit = limit
        self._publish = publish
        self._files: list[FileSummary] = []
        self._names: set[str] = set()

    def check(self, root: CsvRoot) -> CsvRoot:
        return replace(root, indexes=tuple(self._check_file(path, root) for path in root.paths))

    def _check_file(self, path: Path, root: CsvRoot) -> Path:
        summary, index = check_csv(
            path,
            root.model,
            root.dialect,
            folder=self._folder,
            findings_file=self._folder / "findings" / self._unused_name(path.name),
            tell=self._publish,
        )
        rows, bad = summary.rows, summary.faulty_rows
        summary.too_many = self._limit.is_exceeded(bad, read=rows, total=rows)
        self._files.append(summary)
        self._publish(summary)
        return index

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


def _failure(summary: CheckSummary, folder: Path) -> CheckFailed:
    failed = [file for file in summary.files if file.failed]
    shown = "; ".join(str(file) for file in failed[:FAULTS_SHOWN_MAX])
    more = len(failed) - FAULTS_SHOWN_MAX
    error = CheckFailed(
        f"the check refused {len(failed)} of {len(summary.files)} files: {shown}"
        + (f"; and {more} more" if more > 0 else ""),
        hint=f"see every fault in {folder / 'findings'}, have the files repaired, then run again",
        max_bad=summary.max_bad,
    )
    error.summary = summary
    return error
