"""What a sink computes of a whole chunk, before the chunk's transaction begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..abc import ComputingSink, Sink
from ..errors import DaybreakError
from ..model.chunk import ChunkInput
from ..model.ranges import Range
from ..model.rows_by_column import RowsByColumn
from ..pipeline import Carried, Failure
from .draft import Draft, draft_of, units_of


def computed_draft(part: Range, read: ChunkInput, carried: Carried, sink: Sink) -> Draft:
    """Return a draft of what the stages gave, as the sink wants it written.

    A function that raises for some records is asked again for the halves of them, until it has
    named those for which it raises alone: they have failed, as in a stage.
    """
    if not isinstance(sink, ComputingSink):
        return draft_of(part, read, carried)
    assert read.rows is not None, "only what reads rows is joined to a sink that compares them"
    origins = carried.block.origins
    rows = _rows_of(read.rows, origins)
    try:
        values = sink.computed(carried.block.values, rows)
    except DaybreakError:
        raise  # it speaks of the step, or of the moment
    except Exception:  # noqa: BLE001 - found again below, with its record
        carried, origins, values = _divided(sink, sink.name, carried, rows)
    return draft_of(part, read, carried, units_of(origins, values))


def _rows_of(
    rows: Sequence[Sequence[Any]] | Mapping[int, Sequence[Any]], origins: Sequence[int]
) -> Sequence[Sequence[Any]]:
    if isinstance(rows, RowsByColumn):
        return rows.chosen(origins)
    return list(map(rows.__getitem__, origins))


def _divided(
    sink: ComputingSink, stage: str, carried: Carried, rows: Sequence[Sequence[Any]]
) -> tuple[Carried, Sequence[Any], Sequence[Any]]:
    """Return what became of the records, and the origins and values of those that have any."""
    block = carried.block
    results: dict[int, Any] = {}
    failures: dict[Any, Failure] = {}
    waiting = [range(len(rows))]
    while waiting:
        part = waiting.pop()
        values = [block.values[place] for place in part]
        try:
            given = sink.computed(values, [rows[place] for place in part])
        except DaybreakError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, a record is at fault
            if len(part) > 1:
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]
            else:
                origin = block.origins[part[0]]
                failures.setdefault(origin, Failure(origin, stage, error))
        else:
            results.update(zip(part, given, strict=True))
    places = [place for place in sorted(results) if block.origins[place] not in failures]
    found = replace(carried, failures=[*carried.failures, *failures.values()])
    return found, [block.origins[one] for one in places], [results[one] for one in places]
