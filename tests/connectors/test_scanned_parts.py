"""A checked file that is read by columns gives what it gives row by row, chunk by chunk."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from daybreak import files
from daybreak.check import by_columns
from daybreak.check.by_columns import looks_at
from daybreak.check.sources import check_sources
from daybreak.connectors import file_index
from daybreak.connectors.file_root import FileRoot
from daybreak.connectors.file_source import FileSource
from daybreak.connectors.scanned_parts import ScannedParts
from daybreak.errors import SourceChanged
from daybreak.model.limits import BadLimit
from daybreak.model.ranges import Range
from tests.connectors.test_scanned_source import (
    CASES,
    ROWS,
    Item,
    ItemRow,
    Shouted,
    fates,
    written,
)

ALL = BadLimit.parse("100%")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have small files read by columns, in many blocks, with many places in their indexes."""
    monkeypatch.setattr(by_columns, "COLUMNAR_BYTES_MIN", 0)
    monkeypatch.setattr(by_columns, "BLOCK_BYTES", 300)
    monkeypatch.setattr(file_index, "INDEX_STRIDE_RECORDS", 3)


def checked(folder: Path, *paths: Path, model: Any = Item, **dialect: Any) -> FileRoot:
    file = files.csv(paths, model, **dialect)
    root = check_sources(file, folder=folder / "checked", max_bad=ALL).root
    assert isinstance(root, FileRoot)
    return root


@pytest.mark.parametrize("seed", CASES)
def test_every_chunk_is_as_row_by_row(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    paths = [
        written(tmp_path, chance.choices(ROWS, k=chance.randrange(1, 50)), f"{number}.csv")
        for number in range(chance.randrange(1, 4))
    ]
    model = chance.choice([Item, ItemRow, Shouted])
    root = checked(tmp_path, *paths, model=model, max_record_bytes=150)
    records = chance.randrange(1, 60)
    by_rows = FileSource(root, tmp_path)
    source = FileSource(root, tmp_path, looks_at=looks_at)

    parts = list(source.ranges(source.whole(), records))
    ahead = [source.read(part) for part in parts]

    assert list(by_rows.ranges(by_rows.whole(), records)) == parts
    for part, chunk in zip(parts, ahead, strict=True):
        row_by_row, again = by_rows.read(part), source.read(part)
        assert fates([row_by_row]) == fates([chunk]) == fates([again])
        facts = [(one.read, one.bytes_read, one.digest) for one in (row_by_row, chunk, again)]
        assert facts[:1] * 3 == facts
        assert by_rows.digest(part) == source.digest(part) == chunk.digest
        assert (chunk.as_bytes is None) or model is not Shouted


@pytest.mark.slow
def test_any_range_can_be_read_by_itself(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS * 4)
    root = checked(tmp_path, path)
    by_rows, source = FileSource(root, tmp_path), FileSource(root, tmp_path, looks_at=looks_at)

    for after in range(0, len(ROWS), 2):
        part = Range.of(after, after + 5)
        assert fates([by_rows.read(part)]) == fates([source.read(part)])


def test_other_bytes_of_the_same_size_and_time_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS[:5] * 4)
    root = checked(tmp_path, path)
    source = FileSource(root, tmp_path, looks_at=looks_at)
    (part,) = source.ranges(source.whole(), 1000)
    stat = path.stat()
    with path.open("r+b") as stream:
        stream.seek(-5, os.SEEK_END)
        stream.write(b"z")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    with pytest.raises(SourceChanged, match="other bytes"):
        source.read(part)


def test_files_with_rules_across_their_records_are_read_row_by_row(tmp_path: Path) -> None:
    root = checked(tmp_path, written(tmp_path, ROWS[:5]), key="id")

    source = FileSource(root, tmp_path, looks_at=looks_at, judge=lambda *_: {})

    (part,) = source.ranges(source.whole(), 1000)
    assert source.read(part).as_bytes is None


def test_a_file_with_a_trailer_is_read_row_by_row(tmp_path: Path) -> None:
    path = written(tmp_path, [*ROWS[:5], "T,5\n"])
    root = checked(tmp_path, path, trailer=files.Trailer("T"))
    parts = FileSource(root, tmp_path)._parts

    assert ScannedParts.of(root, parts, looks_at) is None
