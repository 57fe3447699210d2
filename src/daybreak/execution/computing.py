"""What a sink computes of a whole chunk, before the chunk's transaction begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..abc import ComputingSink, Sink
from ..errors import DaybreakError
from ..model.chunk import ChunkInput
from ..pipeline import Block, Carried, Failure


def computed(sink: Sink, read: ChunkInput, carried: Carried) -> Carried:
    """Return what the stages gave as the sink wants it written.

    A function that raises for some records is asked again for the halves of them, until it has
    named those for which it raises alone: they have failed, as in a stage.
    """
    if not isinstance(sink, ComputingSink):
        return carried
    assert read.rows is not None, "only what reads rows is joined to a sink that compares them"
    block = carried.block
    rows = [read.rows[origin] for origin in block.origins]
    try:
        return _with(carried, block.origins, sink.computed(block.values, rows))
    except DaybreakError:
        raise  # it speaks of the step, or of the moment
    except Exception:  # noqa: BLE001 - found again below, with its record
        return _divided(sink, sink.name, carried, rows)


def _divided(
    sink: ComputingSink, stage: str, carried: Carried, rows: Sequence[Sequence[Any]]
) -> Carried:
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
    origins = [block.origins[place] for place in places]
    found = Carried(carried.block, carried.filtered, [*carried.failures, *failures.values()])
    return _with(found, origins, [results[place] for place in places])


def _with(carried: Carried, origins: Sequence[Any], values: Sequence[Any]) -> Carried:
    return Carried(Block(list(values), origins), carried.filtered, carried.failures)
