"""The check of files without a job: no ledger, and nothing left behind but what was asked for."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..abc import Publish
from ..check.findings_spill import FindingsSpill
from ..check.sources import check_sources
from ..check.summary import SAMPLES_MAX, CheckSummary
from ..connectors.faulty_rows import require_export
from ..connectors.file_index import FileIndex, index_path
from ..connectors.file_root import File, FileRoot
from ..connectors.spool import spool_path
from ..errors import CheckFailed, PreflightError
from ..model.chunk import Finding
from ..model.limits import BadLimit


@dataclass(frozen=True, slots=True)
class CheckWish:
    """What is wanted besides the verdict."""

    max_bad: BadLimit = field(default_factory=lambda: BadLimit.parse(0))
    samples_max: int = SAMPLES_MAX
    """Findings to keep of each cause."""

    html: Path | None = None
    """Where the report goes."""

    export: Callable[[Path], Path] | None = None
    """Says where the faulty records of a file go."""

    schema: str = ""
    """By which name the schema was asked for."""

    with_values: bool = True
    """Whether values may stand in what is written, which may be personal data."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, and what it has written."""

    summary: CheckSummary
    duration_s: float
    exports: dict[Path, int]
    """How many records each export has."""

    html: Path | None


def check_files(sources: File[object], wish: CheckWish, publish: Publish) -> Checked:
    """Look at every record of files, and write what is wished for.

    Args:
        sources: The files, as a pipeline with nothing behind them.
        wish: What else is wanted.
        publish: Hears `CheckProgress`, `FileSummary` and `CheckSummary`.

    Raises:
        DefinitionError: If records of this format cannot be exported. Nothing was read.
        PreflightError: If what is to be written would replace a file that is read, or has no
            folder. Nothing was read.
        SourceChanged: If a file changes meanwhile; there is no report then.
        SourceError: If something cannot be written.
    """
    root = sources.root
    assert isinstance(root, FileRoot), "a file pipeline begins with files"
    _require_places(root, wish)
    began_s = time.perf_counter()
    heard: list[CheckSummary] = []

    def hear(event: object) -> None:
        if isinstance(event, CheckSummary):
            heard.append(event)
        publish(event)

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="daybreak-check-")))
        spills: list[FindingsSpill] = []

        def take(path: Path) -> Callable[[Finding], None]:
            spill = FindingsSpill(folder / f"found-{len(spills)}", path.name)
            spills.append(stack.enter_context(spill))
            return spill.add

        with suppress(CheckFailed):  # its summary was published, and is what we return
            check_sources(
                sources,
                folder=folder,
                max_bad=wish.max_bad,
                publish=hear,
                take=None if wish.export is None else take,
                samples_max=wish.samples_max,
                is_of_run=False,
                wants_sha256=wish.html is not None,
            )
        summary, duration_s = heard[-1], time.perf_counter() - began_s
        exports = {} if wish.export is None else _export(root, summary, spills, wish, folder)
        if wish.html is not None:  # last, since it is done at once: who is ended leaves no part
            from ..check.report import (  # noqa: PLC0415 - only for who wants one
                ReportWish,
                report_of,
                write_report,
            )

            said = ReportWish(wish.schema, wish.with_values)
            write_report(report_of(summary, [root], said), wish.html)
    return Checked(summary, duration_s, exports, wish.html)


def _export(
    root: FileRoot,
    summary: CheckSummary,
    spills: Sequence[FindingsSpill],
    wish: CheckWish,
    folder: Path,
) -> dict[Path, int]:
    """Write the faulty records of every file that has records."""
    from ..check.faulty_export import export_faulty  # noqa: PLC0415 - only for who wants one

    assert wish.export is not None, "somebody wishes for it"
    written = {}
    for path, found, spill in zip(root.paths, summary.files, spills, strict=True):
        if not found.refused:
            to = wish.export(path)
            place = index_path(folder, path, root.format)
            index = FileIndex.load(place)
            written[to] = export_faulty(
                path,
                root.format,
                index,
                spill,
                to,
                with_values=wish.with_values,
                rows_from=None if index.spool is None else spool_path(place),
            )
    return written


def _require_places(root: FileRoot, wish: CheckWish) -> None:
    """Refuse, before the work, what could not be written at its end, or would do harm."""
    places = [] if wish.html is None else [wish.html]
    if wish.export is not None:
        from ..check.faulty_export import reasons_path  # noqa: PLC0415 - only for who wants one

        require_export(root.format)
        exports = [wish.export(path) for path in root.paths]
        places += [*exports, *map(reasons_path, exports)]
    _refuse_equal(places, root.paths)
    for place in places:
        if not place.parent.is_dir():
            raise PreflightError(
                f"cannot write {str(place)!r}: there is no such folder",
                hint="name a file in a folder that exists",
            )


def _refuse_equal(places: Sequence[Path], sources: Sequence[Path]) -> None:
    taken = {path.resolve() for path in sources}
    for place in places:
        if place.resolve() in taken:
            raise PreflightError(
                f"{str(place)!r} is checked, or written to, already",
                hint="give what is written names of its own",
            )
        taken.add(place.resolve())
