"""One chunk of an update of table things, written and rolled back."""

from __future__ import annotations

from typing import Any

from daybreak import Database
from daybreak.abc import ChunkWriter
from daybreak.connectors.update import UpdateSink
from daybreak.databases.nodes import Key, RowsRoot
from daybreak.model.chunk import Written
from daybreak.model.ranges import Range
from tests.execution.house import OF, House


def sink_of(house: House, query: str, key: Key = "id", column: str = "n") -> UpdateSink:
    db = Database(house.url)
    root = db.rows(query, key=key).root
    assert isinstance(root, RowsRoot)
    return UpdateSink(db.update("things", key=key, set={column: lambda row: row}), root)


def read(house: House, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in Database(house.url).query(query)]


def written(
    writer: ChunkWriter, sink: UpdateSink, rows: list[tuple[Any, ...]], new: Any
) -> Written:
    assert writer.begin(OF, Range.of(0, 1))
    try:
        return sink.write(writer.transaction, sink.computed([new] * len(rows), rows))
    finally:
        writer.rollback()
