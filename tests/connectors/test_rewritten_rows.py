"""What stages made of records is written as it is, and what they left alone keeps its text."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from daybreak import files
from daybreak.check import by_columns
from daybreak.check.by_columns import looks_at
from daybreak.connectors.file_root import FileRoot
from daybreak.connectors.scanned_source import ScannedSource
from daybreak.model.chunk import ChunkInput
from daybreak.model.raw import RawRecords

ROWS = [
    '007,1.50,2024-02-29T01:02Z,"a, b"\n',
    "+8,.5,2024-02-29 01:02:03,x\n",
    "bad,1,2024-02-29 01:02,x\n",
    '9,,0001-01-01T00:00,"two\nlines"\n',
    '10,1.,2024-02-29T01:02+09:00,""\n',
]


class Item(BaseModel):
    id: int
    price: Decimal | None
    at: datetime
    note: str | None


class Other(BaseModel):
    id: int


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_columns, "COLUMNAR_BYTES_MIN", 0)
    monkeypatch.setattr(by_columns, "BLOCK_BYTES", 100)


def read(folder: Path, rows: list[str], **dialect: Any) -> ChunkInput:
    path = folder / "f.csv"
    path.write_text("id,price,at,note\n" + "".join(rows), newline="")
    root = files.csv(path, Item, **dialect).root
    assert isinstance(root, FileRoot)
    source = ScannedSource.of(root, looks_at)
    assert source is not None
    (part,) = source.ranges(source.whole(), 10_000)
    return source.read(part)


def rewritten(chunk: ChunkInput, change: Callable[[Item], Any]) -> RawRecords | None:
    """Have a function change all records, or put another in the place of each."""
    raw = chunk.as_bytes
    assert raw is not None
    found = []
    for part in raw.parts():
        values = [change(value) or value for value in part.values]
        found.append(part.rewritten(range(len(values)), values))
    rows = [one for one in found if one is not None]
    return raw.joined(rows) if len(rows) == len(found) else None


def changed(chunk: ChunkInput, change: Callable[[Item], Any]) -> RawRecords:
    found = rewritten(chunk, change)
    assert found is not None
    return found


def texts(raw: RawRecords) -> list[list[str]]:
    assert raw.blocks is not None
    return list(csv.reader(io.StringIO(b"".join(raw.blocks).decode(), newline="")))


def put(name: str, value: object) -> Callable[[Item], object]:
    return lambda item: setattr(item, name, value)


def test_what_is_as_it_was_keeps_its_text(tmp_path: Path) -> None:
    raw = changed(read(tmp_path, ROWS), lambda _: None)

    assert [
        ["007", "1.50", "2024-02-29T01:02Z", "a, b"],
        ["+8", ".5", "2024-02-29 01:02:03", "x"],
        ["9", "", "0001-01-01T00:00", "two\nlines"],
        ["10", "1.", "2024-02-29T01:02+09:00", ""],
    ] == texts(raw)
    assert not raw.are_lines


def test_what_is_another_value_is_written_as_that(tmp_path: Path) -> None:
    raw = changed(read(tmp_path, ROWS[:2]), put("note", 'x"y'))
    more = changed(read(tmp_path, ROWS[:2]), put("price", Decimal("1E+3")))

    assert [["007", 'x"y'], ["+8", 'x"y']] == [[row[0], row[3]] for row in texts(raw)]
    assert ["1000", "1000"] == [row[1] for row in texts(more)]
    assert raw.are_lines


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("note", "", id="it would be NULL"),
        pytest.param("note", "a\0b", id="a NUL"),
        pytest.param("note", "\ud800", id="half a character"),
        pytest.param("note", 7, id="no text"),
        pytest.param("id", True, id="a bool for an int"),
        pytest.param("id", 1.5, id="a float for an int"),
        pytest.param("price", Decimal("NaN"), id="no number"),
        pytest.param("at", "2024-01-01", id="a text for an instant"),
    ],
)
def test_what_has_no_text_of_its_kind_goes_by_values(
    tmp_path: Path, name: str, value: object
) -> None:
    assert rewritten(read(tmp_path, ROWS), put(name, value)) is None


def test_records_of_another_class_go_by_values(tmp_path: Path) -> None:
    assert rewritten(read(tmp_path, ROWS), lambda _: Other(id=1)) is None


def test_nothing_is_rewritten_where_values_were_made_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunk = read(tmp_path, ROWS)
    monkeypatch.setattr("daybreak.connectors.csv_format.arrays", lambda *_: None)
    seen: list[Item] = []

    assert rewritten(chunk, seen.append) is None
    assert [7, 8, 9, 10] == [item.id for item in seen]


@pytest.mark.parametrize("is_broken", [False, True], ids=["lines", "notes of two lines"])
def test_some_are_chosen_again_and_again(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch, *, is_broken: bool
) -> None:
    monkeypatch.setattr("daybreak.connectors.raw_rows.PART_ROWS", 7)
    chance = random.Random(seed)
    rows = [f"{n},{n}.50,2024-02-29 01:02,n{n}\n" for n in range(40)]
    raw = read(tmp_path, rows).as_bytes
    assert raw is not None
    left, values = [], []
    for part in raw.parts():
        kept = [at for at in range(len(part.values)) if chance.random() < 0.5]
        own = [part.values[at] for at in kept]
        for value in own[::2]:
            value.note = "new\nnote" if is_broken else f"new {value.id}"
        left.append(part.rewritten(kept, own))
        values += own
    whole = raw.joined([one for one in left if one is not None])
    assert whole is not None
    some = sorted(chance.sample(range(len(values)), len(values) // 2))

    found = whole.chosen(some)

    expected = [values[number] for number in some]
    assert len(whole) == len(values)
    assert values == list(whole.values())
    assert values == [whole.value(number) for number in range(len(whole))]
    assert expected == list(found.values())
    assert [one.note for one in expected] == list(found.column("note"))
    assert [one.price for one in expected] == list(found.column("price"))
    assert [(str(one.id), one.note) for one in expected] == [
        (row[0], row[3]) for row in texts(found)
    ]
    assert [texts(found)[1], texts(found)[4]] == texts(found.chosen([1, 4]))


@pytest.mark.parametrize("delimiter", [";", "\t", "-", "]", "\\", "1"])
def test_any_delimiter_is_put_into_quotes(tmp_path: Path, delimiter: str) -> None:
    def quoted(row: str) -> str:
        return delimiter.join(f'"{cell}"' for cell in row.rstrip("\n").split(",")) + "\n"

    path = tmp_path / "f.csv"
    rows = ["id,price,at,note\n", "11,1.50,2024-02-29 01:02,x\n"]
    path.write_text("".join(map(quoted, rows)))
    root = files.csv(path, Item, delimiter=delimiter).root
    assert isinstance(root, FileRoot)
    source = ScannedSource.of(root, looks_at)
    assert source is not None
    (part,) = source.ranges(source.whole(), 10)

    raw = changed(source.read(part), put("note", f"a{delimiter}b"))

    assert raw.blocks is not None
    (row,) = csv.reader(io.StringIO(b"".join(raw.blocks).decode()), delimiter=delimiter)
    assert ["11", "1.50", "2024-02-29 01:02", f"a{delimiter}b"] == row
