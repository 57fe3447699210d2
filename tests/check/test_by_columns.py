"""By columns the check finds what it finds row by row, leaves the same, and says when it cannot."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import settings
from pydantic import BaseModel, Field, model_validator

from daybreak import files
from daybreak.check import by_columns, file
from daybreak.check.by_columns import CheckedByRows
from daybreak.check.file import CheckProgress
from daybreak.check.sources import check_sources
from daybreak.check.summary import CheckSummary, FileSummary
from daybreak.connectors.file_format import RowReader
from daybreak.connectors.file_index import FileIndex
from daybreak.connectors.file_root import FileRoot
from daybreak.connectors.row import Row
from daybreak.model.chunk import Finding
from daybreak.model.limits import BadLimit
from daybreak.pipeline import Pipeline

ALL = BadLimit.parse("100%")
ROUNDS = min(15, settings().max_examples // 3)  # few in `make check`
PIECES = [
    *[b"1,a\n", b"2,b\r\n", b'3,"x\ny"\n', b'3,"x""y"\n', "4,é\n".encode()] * 4,
    b'"4\n',
    b"5\n",
    b"6,a,b\n",
    b"x,\n",
    b"0,c\n",
    b"\xff,a\n",
    b"7,\0\n",
    b'8,a"b\n',
    b'more"\n',
    b"\n",
]


class Item(BaseModel):
    id: Annotated[int, Field(gt=0)]
    name: str


class Ordered(BaseModel):
    id: int
    name: str

    @model_validator(mode="after")
    def known(self) -> Ordered:
        if self.name == "b":
            raise ValueError("b is unknown")
        return self


class Counting:
    """Counts the rows that a reader is asked for."""

    def __init__(self, reader: RowReader) -> None:
        self._reader = reader
        self.count = 0

    @property
    def ignored(self) -> tuple[str, ...]:
        return self._reader.ignored

    def read(self, row: Row) -> tuple[Any, Sequence[Finding]]:
        self.count += 1
        return self._reader.read(row)


def test_findings_of_a_block_are_made_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All at once they would take hundreds of times the block's memory, if rows are short."""
    monkeypatch.setattr(by_columns, "COLUMNAR_BYTES_MIN", 0)
    path = tmp_path / "f.csv"
    path.write_text("id,name\n" + "x\n" * 5_000)
    root = files.csv(path, Item).root
    assert isinstance(root, FileRoot)
    with path.open("rb") as stream:
        header = root.format.header(stream, path.name, ())
        columns = by_columns.Columns(root.format, header, Item, path.stat().st_size)
        reader = Counting(root.format.reader(path.name, header, Item))
        with columns.seen(stream, reader) as blocks:
            seen = next(blocks)
            judged = seen.judged()

            assert 0 == next(judged)[0]
            assert 1 == reader.count
            assert [*range(1, 5_000)] == [number for number, _ in judged]
            assert [*range(5_000)] == list(seen.faulty_numbers)


def checked(path: Path, model: type, folder: Path, seen: list[object]) -> list[bytes]:
    """Check a file; return the bytes of the index, and of the findings."""
    found: Pipeline[Any] = check_sources(
        files.csv(path, model), folder=folder, max_bad=ALL, publish=seen.append
    )
    assert isinstance(found.root, FileRoot)
    findings = folder / "findings" / f"{path.name}.jsonl"
    return [found.root.indexes[0].read_bytes(), findings.read_bytes() if findings.exists() else b""]


def comparable(event: object) -> object:
    """Return an event without what may differ: time, and bytes, for the row reader reads ahead."""
    if isinstance(event, CheckProgress):
        return replace(event, bytes_read=0)
    if isinstance(event, CheckSummary):
        return [comparable(one) for one in event.files]
    return replace(event, duration_s=0) if isinstance(event, FileSummary) else event


@pytest.fixture
def by_columns_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_columns, "COLUMNAR_BYTES_MIN", 0)
    monkeypatch.setattr(by_columns, "BLOCK_BYTES", 1_000)


def test_everything_is_as_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    path = tmp_path / "f.csv"
    for number in range(ROUNDS):
        body = b"".join(chance.choices(PIECES, k=chance.randrange(2_000)))
        path.write_bytes(b"id,name\n" + body)
        monkeypatch.setattr(file, "PROGRESS_RECORDS", chance.choice([1, 7, 100]))
        monkeypatch.setattr(by_columns, "BLOCK_BYTES", chance.choice([100, 1_000, 2**16]))
        rows_seen: list[object] = []
        columns_seen: list[object] = []

        monkeypatch.setattr(by_columns, "COLUMNAR_BYTES_MIN", 2**60)
        by_rows = checked(path, Item, tmp_path / f"rows-{number}", rows_seen)
        monkeypatch.setattr(by_columns, "COLUMNAR_BYTES_MIN", 0)
        found = checked(path, Item, tmp_path / f"columns-{number}", columns_seen)

        assert by_rows == found
        assert len(rows_seen) == len(columns_seen)
        assert [*map(comparable, rows_seen)] == [*map(comparable, columns_seen)]


@pytest.mark.usefixtures("by_columns_always")
def test_a_model_for_whole_records_is_asked_row_by_row_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(b"id,name\n" + b"1,a\n2,b\n" * 3)
    seen: list[object] = []

    checked(path, Ordered, tmp_path, seen)

    assert CheckedByRows("f.csv", "it has a validator for whole records") == seen[0]
    assert [3] == [one.faulty_rows for one in seen if isinstance(one, FileSummary)]


@pytest.mark.usefixtures("by_columns_always")
def test_without_the_libraries_it_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_columns, "NEEDED", ("numpy", "no_such_library"))
    several: list[Any] = []
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(b"id,name\n1,a\n0,b\n")
        several.append(files.csv(tmp_path / name, Item))
    seen: list[object] = []

    check_sources(several, folder=tmp_path, max_bad=ALL, publish=seen.append)

    assert [CheckedByRows("a.csv", by_columns.NOT_INSTALLED)] == [
        one for one in seen if isinstance(one, CheckedByRows)
    ]
    assert [1, 1] == [one.faulty_rows for one in seen if isinstance(one, FileSummary)]


@pytest.mark.parametrize("is_of_run", [True, False])
@pytest.mark.usefixtures("by_columns_always")
def test_clean_rows_are_hashed_only_where_they_will_be_loaded(
    tmp_path: Path, *, is_of_run: bool
) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(b"id,name\n" + b"1,a\n" * 1_000)

    found: Pipeline[Any] = check_sources(
        files.csv(path, Item), folder=tmp_path, max_bad=ALL, is_of_run=is_of_run
    )

    assert isinstance(found.root, FileRoot)
    index = FileIndex.load(found.root.indexes[0])
    assert (10 if is_of_run else 0) == len(index.hashes)
    assert 1_000 == index.records


def test_a_small_file_is_read_row_by_row_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(b"id,name\n1,a\n")
    seen: list[object] = []

    checked(path, Item, tmp_path, seen)

    assert not [one for one in seen if isinstance(one, CheckedByRows)]


@pytest.mark.usefixtures("by_columns_always")
def test_an_error_of_the_one_who_listens_ends_the_check(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(b"id,name\n" + b"1,a\n" * 50_000)

    def stop(event: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_sources(files.csv(path, Item), folder=tmp_path, max_bad=ALL, publish=stop)
