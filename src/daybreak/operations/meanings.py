"""What the nodes of a step's pipeline mean: one table for roots, one for ends (DESIGN.md 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..abc import Sink, Source, Target
from ..connectors.file_root import File, FileRoot
from ..databases import Database
from ..databases.dialect import UPDATE, dialect_of
from ..databases.nodes import RowsRoot, Table
from ..databases.update_node import Update
from ..errors import DefinitionError
from ..execution.plan import ChunkedPlan
from ..model.job import Step
from ..pipeline import Work, refuse_in_a_step
from ..pipeline.nodes import Each, EachChunk, End, Into, IterableRoot, Root

if TYPE_CHECKING:
    from ..connectors.file_sink import FileSink
    from ..connectors.file_source import FileSource


@dataclass(frozen=True, slots=True)
class Reading:
    """For whom a source is opened."""

    folder: Path
    """The run's."""

    pass_number: int = 1
    """The pass of the step that reads."""

    accepts_changes: bool = False
    """Whether a file may be another one than before: what that means is decided later."""

    databases: Mapping[str, Database] = field(default_factory=dict)
    """Those of the run, by name: a kept pipeline knows no more of them."""


# Each kind of source and sink is imported by the steps that have it.


def _files(root: FileRoot, reading: Reading) -> Source:
    from ..check.by_columns import looks_at  # noqa: PLC0415 - as said above
    from ..connectors.scanned_source import ScannedSource  # noqa: PLC0415 - as said above

    return ScannedSource.of(root, looks_at) or _divided_files(root, reading)


def _divided_files(root: FileRoot, reading: Reading) -> FileSource:
    from ..check.by_columns import looks_at  # noqa: PLC0415 - as said above
    from ..connectors.file_source import FileSource, Judge  # noqa: PLC0415 - as said above

    judge: Judge | None = None
    if root.rules.name_rows:
        from ..check.replay_rules import ReplayJudge  # noqa: PLC0415 - heavy, and seldom needed

        judge = ReplayJudge(root, reading.folder, reading.databases)
    return FileSource(
        root,
        reading.folder,
        pass_number=reading.pass_number,
        accepts_changes=reading.accepts_changes,
        judge=judge,
        looks_at=looks_at,
    )


def _rows(root: RowsRoot, _reading: Reading) -> Source:
    from ..connectors.rows_source import RowsSource  # noqa: PLC0415 - as said above

    return RowsSource(root)


def _sequence(root: IterableRoot, _reading: Reading) -> Source:
    from ..connectors.sequence import SequenceSource  # noqa: PLC0415 - as said above

    return SequenceSource(root)


SOURCES: Final[Mapping[type[Root], Callable[[Any, Reading], Source]]] = {
    FileRoot: _files,
    IterableRoot: _sequence,
    RowsRoot: _rows,
}


def plan_of(
    step: Step[Any],
    work: object,
    *,
    reading: Reading,
    target_of: Callable[[Database], Target],
    files_target_of: Callable[[FileSink], Target],
) -> ChunkedPlan:
    """Resolve the pipeline that a step returned.

    Args:
        step: The step.
        work: What its function returned.
        reading: For whom its source is opened.
        target_of: Gives the target of a database.
        files_target_of: Gives the target of a step that writes a file.

    Raises:
        DefinitionError: If it is no pipeline that ends, or a part of it means nothing here.
    """
    if not isinstance(work, Work):
        raise DefinitionError(
            f"step {step.name} returned {work!r}, expected a pipeline that ends",
            hint="return a pipeline with .into(...), .each(...) or .each_chunk(...) at its end",
            step=step.name,
        )
    root, stages = _bound(work.pipeline.root, reading), work.pipeline.inner
    opened = SOURCES.get(type(root))
    if opened is None:
        raise DefinitionError(
            f"step {step.name} reads from {root}, which no step can", step=step.name
        )
    refuse_in_a_step(stages, step.name)
    _refuse_what_no_dialect_does(step, work.end)
    sink: Sink
    if (file := _file_of(step, root, work.end)) is not None:
        sink, target = file, files_target_of(file)
    else:
        sink, database = _sink_of(step, work.end, root)
        target = target_of(database)
    # Only an update has stages of its own, and only it and rows have something to say.
    stages = (*stages, *getattr(sink, "stages", ()))
    source = opened(root, reading)
    said = "; ".join(filter(None, (getattr(part, "said", "") for part in (source, sink))))
    return ChunkedPlan(source, stages, sink, target, said=said)


def _refuse_what_no_dialect_does(step: Step[Any], end: End) -> None:
    """Raise if a database that is named cannot do what is asked of it.

    Raises:
        DefinitionError: With the way out.
    """
    if isinstance(end, Into) and isinstance(end.sink, Update):
        dialect_of(end.sink.database.url).refuse(UPDATE, f"step {step.name}")


def _file_of(step: Step[Any], read: Root, end: End) -> FileSink | None:
    """Return the file that a step writes; None if it writes into a database."""
    if not (isinstance(end, Into) and isinstance(end.sink, File)):
        return None
    from ..connectors.file_sink import FileSink  # noqa: PLC0415 - as said above

    root = end.sink.root
    assert isinstance(root, FileRoot)
    sink = FileSink(root, Path.cwd())
    if isinstance(read, FileRoot) and sink.place in [Path.cwd() / path for path in read.paths]:
        raise DefinitionError(
            f"step {step.name} reads {sink.place} and writes it too",
            hint="write a file of another name",
            step=step.name,
        )
    return sink


def _bound(root: Root, reading: Reading) -> Root:
    """Return rows of a database of the run: those of a kept pipeline know its name only."""
    if isinstance(root, RowsRoot) and root.database.name in reading.databases:
        return replace(root, database=reading.databases[root.database.name])
    return root


def _sink_of(step: Step[Any], end: End, root: Root) -> tuple[Sink, Database]:
    if isinstance(root, RowsRoot) and isinstance(end, Each | EachChunk) and end.database is None:
        end = replace(end, database=root.database)
    match end:
        case Into(sink=Table() as table):
            from ..connectors.upsert_table import sink_of_table  # noqa: PLC0415 - as said above

            return sink_of_table(table), table.database
        case Into(sink=Update() as update) if isinstance(root, RowsRoot):
            from ..connectors.update import UpdateSink  # noqa: PLC0415 - as said above

            return UpdateSink(update, root), update.database
        case Into(sink=Update() as update):
            raise DefinitionError(
                f"step {step.name} updates {update.table}, but its records are no rows of"
                f" {update.database.name}: what it overwrites could not be compared with anything",
                hint="begin it with db.rows(...) or db.table(...); or write .each(function)",
                step=step.name,
            )
        case Each(fn=fn, database=Database() as database):
            from ..connectors.functions import EachSink  # noqa: PLC0415 - as said above

            return EachSink(fn), database
        case EachChunk(fn=fn, database=Database() as database):
            from ..connectors.functions import EachChunkSink  # noqa: PLC0415 - as said above

            return EachChunkSink(fn), database
        case Each() | EachChunk():
            raise DefinitionError(
                f"step {step.name} does not say in which database its function works",
                hint="write .each(function, database=db)",
                step=step.name,
            )
        case _:
            raise DefinitionError(
                f"step {step.name} ends {end}, which is no sink of a step",
                hint="end it into a table or a file: .into(db.table(...)), .into(files.csv(...))",
                step=step.name,
            )
