"""What the nodes of a step's pipeline mean: one table for roots, one for ends (DESIGN.md 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..abc import Sink, Source, Target
from ..connectors.csv_file import CsvRoot
from ..connectors.csv_source import CsvSource
from ..connectors.functions import EachChunkSink, EachSink
from ..connectors.sequence import SequenceSource
from ..connectors.table import TableSink
from ..databases import Database
from ..databases.nodes import Table
from ..errors import DefinitionError
from ..execution.plan import ChunkedPlan
from ..model.job import Step
from ..pipeline import Work
from ..pipeline.nodes import Each, EachChunk, End, Into, IterableRoot, Root


@dataclass(frozen=True, slots=True)
class Reading:
    """For whom a source is opened."""

    folder: Path
    """The run's."""

    pass_number: int = 1
    """The pass of the step that reads."""

    accepts_changes: bool = False
    """Whether a file may be another one than before: what that means is decided later."""


SOURCES: Final[Mapping[type[Root], Callable[[Any, Reading], Source]]] = {
    CsvRoot: lambda root, reading: CsvSource(
        root,
        reading.folder,
        pass_number=reading.pass_number,
        accepts_changes=reading.accepts_changes,
    ),
    IterableRoot: lambda root, _reading: SequenceSource(root),
}


def plan_of(
    step: Step[Any], work: object, *, reading: Reading, target_of: Callable[[Database], Target]
) -> ChunkedPlan:
    """Resolve the pipeline that a step returned.

    Args:
        step: The step.
        work: What its function returned.
        reading: For whom its source is opened.
        target_of: Gives the target of a database.

    Raises:
        DefinitionError: If it is no pipeline that ends, or a part of it means nothing here.
    """
    if not isinstance(work, Work):
        raise DefinitionError(
            f"step {step.name} returned {work!r}, expected a pipeline that ends",
            hint="return a pipeline with .into(...), .each(...) or .each_chunk(...) at its end",
            step=step.name,
        )
    root, stages = work.pipeline.root, work.pipeline.stages
    opened = SOURCES.get(type(root))
    if opened is None:
        raise DefinitionError(
            f"step {step.name} reads from {root}, which no step can", step=step.name
        )
    sink, database = _sink_of(step, work.end)
    return ChunkedPlan(
        source=opened(root, reading),
        stages=stages,
        sink=sink,
        target=target_of(database),
    )


def _sink_of(step: Step[Any], end: End) -> tuple[Sink, Database]:
    match end:
        case Into(sink=Table() as table):
            return TableSink(table), table.database
        case Each(fn=fn, database=Database() as database):
            return EachSink(fn), database
        case EachChunk(fn=fn, database=Database() as database):
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
                hint="end it into a table: .into(db.table(...))",
                step=step.name,
            )
