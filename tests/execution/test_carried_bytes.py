"""Records go through stages a part at a time, and come out as if they had gone together."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from daybreak import files
from daybreak.check import by_columns
from daybreak.check.by_columns import looks_at
from daybreak.connectors.file_root import FileRoot
from daybreak.connectors.scanned_source import ScannedSource
from daybreak.execution.carried_bytes import carried_bytes
from daybreak.model.chunk import ChunkInput
from daybreak.pipeline import Block, Pipeline, Scope, carrier

ROWS = 40


class Item(BaseModel):
    id: int
    note: str


class Short(BaseModel):
    id: int


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_columns, "COLUMNAR_BYTES_MIN", 0)
    monkeypatch.setattr(by_columns, "BLOCK_BYTES", 150)
    monkeypatch.setattr("daybreak.connectors.raw_rows.PART_ROWS", 7)


def pipeline_of(folder: Path) -> Pipeline[Item]:
    path = folder / "f.csv"
    rows = [f"{n},n{n}\n" if n % 9 else f"x{n},bad\n" for n in range(ROWS)]
    path.write_text("id,note\n" + "".join(rows))
    return files.csv(path, Item)


def read(pipeline: Pipeline[Any]) -> ChunkInput:
    assert isinstance(pipeline.root, FileRoot)
    source = ScannedSource.of(pipeline.root, looks_at)
    assert source is not None
    (part,) = source.ranges(source.whole(), 10_000)
    return source.read(part)


def shout(item: Item) -> Item:
    item.note = item.note.upper()
    return item


def choke(item: Item) -> Item:
    if item.id % 5 == 0:
        raise ValueError(item.id)
    return item


def is_even(item: Item) -> bool:
    return item.id % 2 == 0


def some_short(item: Item) -> Any:
    return Short(id=item.id) if item.id > 30 else shout(item)


def unwritable(item: Item) -> Item:
    called.append(item.id)
    if item.id == 20:
        item.note = "no row can hold \0"
    return item


called: list[int] = []
"""Of which items, one behind the other."""

STAGES: dict[str, Callable[[Pipeline[Item]], Pipeline[Any]]] = {
    "changes": lambda items: items.map(shout),
    "leaves out and fails": lambda items: items.filter(is_even).map(choke).map(shout),
    "fails always": lambda items: items.map(lambda item: 1 // 0 and item),
    "another model": lambda items: items.map(lambda item: Short(id=item.id)),
    "another model at the end": lambda items: items.map(some_short),
    "what cannot be written": lambda items: items.map(unwritable),
    "two of each": lambda items: items.flat_map(lambda item: [item, shout(item)]),
    "by workers": lambda items: items.map(choke, workers=2).map(shout),
}


@pytest.mark.parametrize("name", STAGES)
def test_parts_give_what_the_whole_gives(tmp_path: Path, name: str) -> None:
    pipeline = STAGES[name](pipeline_of(tmp_path))
    inner: Any = pipeline.nodes[1:]
    with Scope() as scope, carrier(scope, inner) as carries:
        whole = read(pipeline)
        expected = carries.carry(Block(list(whole.values), whole.origins))
        chunk = read(pipeline)
        assert chunk.as_bytes is not None

        found, units = carried_bytes(
            chunk.as_bytes, chunk.origins, carries.carry, at_once=carries.has_workers
        )

    values, origins = found.block.values, list(found.block.origins)
    if units is not None:
        values, origins = list(units.records.values()), list(units.origins)
        written = b"".join(units.records.blocks or ()).decode()
        assert [[str(one.id), one.note] for one in values] == list(csv.reader(io.StringIO(written)))
    assert (units is not None) == (name in ("changes", "leaves out and fails", "by workers"))
    assert expected.block.values == values
    assert list(expected.block.origins) == origins
    assert expected.filtered == found.filtered
    assert [str(one) for one in expected.failures] == [str(one) for one in found.failures]


def test_records_that_cannot_be_written_in_the_end_are_not_computed_again(tmp_path: Path) -> None:
    pipeline = pipeline_of(tmp_path).map(unwritable)
    inner: Any = pipeline.nodes[1:]
    chunk = read(pipeline)
    assert chunk.as_bytes is not None
    called.clear()
    with Scope() as scope, carrier(scope, inner) as carries:
        found, units = carried_bytes(chunk.as_bytes, chunk.origins, carries.carry, at_once=False)

    assert units is None
    assert called == [item.id for item in found.block.values] == sorted({*called})
    assert ["no row can hold \0"] == [one.note for one in found.block.values if one.id == 20]
