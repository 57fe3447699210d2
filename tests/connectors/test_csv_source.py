"""A CSV source gives the same records in any division, and only those of the file it began with."""

from __future__ import annotations

import hashlib
import json
import os
import random
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from daybreak import faultpoints, files
from daybreak.connectors import csv_format, csv_rows, file_index, file_pieces
from daybreak.connectors.csv_dialect import CsvDialect
from daybreak.connectors.csv_format import CsvFormat
from daybreak.connectors.file_index import INDEX_STRIDE_RECORDS, FileIndex, index_path
from daybreak.connectors.file_root import FileRoot
from daybreak.connectors.file_source import FileSource
from daybreak.errors import DefinitionError, SourceChanged, SourceError
from daybreak.model.chunk import ChunkInput, Kept
from daybreak.model.cursor import START, encode
from daybreak.model.ranges import Range, breaks

PIECES = [
    b"1,a\n",
    b"2,b\r\n",
    b'3,"x\ny"\n',
    b'"4\n',
    b"5\n",
    b"6,a,b\n",
    b"x,a\n",
    b",c\n",
    b"\xff,a\n",
]
body = st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join)
EXAMPLES = settings().max_examples  # few in `make check`
seeded = settings(derandomize=True, max_examples=EXAMPLES, deadline=None, database=None)


class Item(BaseModel):
    id: int
    name: str


def opened(folder: Path, *paths: Path, model: type | None = Item, **options: Any) -> FileSource:
    root = (files.csv(paths, model, **options) if model else files.csv(paths, **options)).root
    assert isinstance(root, FileRoot)
    return FileSource(root, folder / "run")


def written(folder: Path, data: bytes, name: str = "f.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def in_ranges(source: FileSource, chunk_records: int) -> Iterator[ChunkInput]:
    return (source.read(part) for part in source.ranges(source.whole(), chunk_records))


def records_of(chunks: Iterator[ChunkInput]) -> list[Any]:
    """Return of every record, good or bad, all that is known of it, in order."""
    found: list[Any] = []
    for chunk in chunks:
        fates: dict[int, Any] = dict(zip(chunk.origins, chunk.values, strict=True))
        fates |= {one.origin: tuple(one.findings) for one in chunk.refused}
        assert sorted(fates) == list(range(chunk.read))
        found += [(fates[at], chunk.raw(at), chunk.cursor(at)) for at in sorted(fates)]
    return found


@pytest.fixture(autouse=True)
def small_stride(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a place in the index at every third record, so that small files have many."""
    monkeypatch.setattr(file_index, "INDEX_STRIDE_RECORDS", 3)


class TestDivision:
    @seeded
    @given(body, body, st.integers(1, 12))
    def test_ranges_of_any_size_give_what_one_pass_gives(
        self, first: bytes, second: bytes, chunk_records: int
    ) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            paths = [
                written(folder, b"id,name\n" + first, "a.csv"),
                written(folder, b"\xef\xbb\xbfid,name\r\n" + second, "b.csv"),
            ]
            source = opened(folder, *paths)

            expected = records_of(iter([source.read(source.whole())]))
            parts = list(source.ranges(source.whole(), chunk_records))

            assert expected == records_of(in_ranges(source, chunk_records))
            assert [] == breaks(source.whole(), parts, source.in_order)
            assert first + second == b"".join(raw for _, raw, _ in expected)
            assert source.total() == len(expected)

    def test_a_chunk_is_read_by_its_own_bytes(self, tmp_path: Path) -> None:
        lines = [b"%d,n%d\n" % (at, at) for at in range(1, 21)]
        source = opened(tmp_path, written(tmp_path, b"id,name\n" + b"".join(lines)))

        chunk = source.read(Range.of(10, 15))

        assert [11, 12, 13, 14, 15] == [item.id for item in chunk.values]
        assert list(range(5)) == list(chunk.origins)
        assert (5, sum(map(len, lines[10:15]))) == (chunk.read, chunk.bytes_read)
        assert "f.csv:12" == chunk.cursor(0)
        assert lines[14] == chunk.raw(4)
        exact = hashlib.blake2b(b"".join(lines[10:15]), digest_size=16).hexdigest()
        assert exact == chunk.digest == source.digest(Range.of(10, 15))

    def test_whole_is_empty_for_a_file_with_a_header_only(self, tmp_path: Path) -> None:
        source = opened(tmp_path, written(tmp_path, b"id,name\n"))

        assert source.whole().is_empty
        assert [] == list(source.ranges(source.whole(), 10))
        assert 0 == source.read(source.whole()).read

    def test_ranges_touch_no_file(self, tmp_path: Path) -> None:
        path = written(tmp_path, b"id,name\n" + b"1,a\n" * 10)
        source = opened(tmp_path, path)
        path.unlink()

        assert ["(0, 4]", "(4, 8]", "(8, 10]"] == [
            str(part) for part in source.ranges(source.whole(), 4)
        ]

    def test_a_gap_in_the_middle_is_divided_alone(self, tmp_path: Path) -> None:
        source = opened(tmp_path, written(tmp_path, b"id,name\n" + b"1,a\n" * 10))

        assert [Range.of(3, 5), Range.of(5, 6)] == list(source.ranges(Range.of(3, 6), 2))

    def test_cursors_are_ordered_as_numbers(self, tmp_path: Path) -> None:
        source = opened(tmp_path, written(tmp_path, b"id,name\n"))
        texts = [START, encode(2), encode(10), encode(100)]
        mixed = random.Random(7).sample(texts, 4)

        assert texts == source.in_order(mixed)

    def test_many_threads_read_at_once(self, tmp_path: Path) -> None:
        data = b"id,name\n" + b"".join(b"%d,n\n" % at for at in range(2_000))
        source = opened(tmp_path, written(tmp_path, data))
        parts = list(source.ranges(source.whole(), 37))

        with ThreadPoolExecutor(8) as pool:
            chunks = list(pool.map(source.read, parts))

        assert list(range(2_000)) == [item.id for chunk in chunks for item in chunk.values]

    def test_reading_the_last_tenth_reads_little_more_than_that(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(file_index, "INDEX_STRIDE_RECORDS", INDEX_STRIDE_RECORDS)
        data = b"id,name\n" + b"1234,abcdefghijklmnop\n" * 50_000
        source = opened(tmp_path, written(tmp_path, data))
        seen = []
        real = csv_rows.rows

        def counting(*args: Any, **options: Any) -> Iterator[Any]:
            for row in real(*args, **options):
                seen.append(row.size)
                yield row

        monkeypatch.setattr(csv_format, "rows", counting)
        chunk = source.read(Range.of(45_050, 45_100))

        assert 50 == chunk.read
        assert sum(seen) <= chunk.bytes_read + 100 * 22

    def test_of_a_row_as_large_as_a_memory_the_beginning_is_kept_and_that_is_said(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(file_pieces, "KEPT_BYTES_MAX", 3_000)
        long = b"1," + b"x" * 2**21 + b"\n"
        path = written(tmp_path, b"id,name\n" + long + b"2,b\n")
        source = opened(tmp_path, path, max_record_bytes=100)

        read = source.read(source.whole())

        assert long[:3_000] == read.raw(0)
        assert [
            "longer than a record may be",
            "of its 2,097,155 bytes, from 8 on, 3,000 are kept",
        ] == [one.reason for one in read.refused[0].findings]
        assert hashlib.blake2b(long + b"2,b\n", digest_size=16).hexdigest() == read.digest
        whole = source.whole()
        kept = Kept(whole, 0, read.cursor(0), "", read.raw(0), by_check=True)
        assert not source.again([kept]).values

    def test_a_row_that_is_too_long_to_be_held_keeps_its_exact_bytes(self, tmp_path: Path) -> None:
        long = b"1," + b"x" * 5_000 + b"\n"
        path = written(tmp_path, b"id,name\n" + long + b"2,b\n")
        source = opened(tmp_path, path, max_record_bytes=100)

        chunk = source.read(source.whole())

        assert [Item(id=2, name="b")] == chunk.values
        assert long == chunk.raw(0)
        assert hashlib.blake2b(long + b"2,b\n", digest_size=16).hexdigest() == chunk.digest


class TestChanges:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return written(tmp_path, b"id,name\n" + b"1,a\n" * 10)

    def test_an_appended_file_is_refused_with_the_difference(
        self, tmp_path: Path, path: Path
    ) -> None:
        source = opened(tmp_path, path)
        with path.open("ab") as stream:
            stream.write(b"2,b\n")

        with pytest.raises(SourceChanged, match="size was 48, is 52"):
            source.read(source.whole())
        with pytest.raises(SourceChanged, match="its end has other bytes"):
            opened(tmp_path, path)

    def test_a_truncated_file_is_refused(self, tmp_path: Path, path: Path) -> None:
        source = opened(tmp_path, path)
        os.truncate(path, 20)

        with pytest.raises(SourceChanged, match="size was 48, is 20"):
            source.digest(Range.of(0, 2))

    def test_a_byte_exchanged_behind_our_back_is_seen_at_the_next_attempt(
        self, tmp_path: Path, path: Path
    ) -> None:
        opened(tmp_path, path)
        before = path.stat()
        with path.open("r+b") as stream:
            stream.seek(8)
            stream.write(b"9")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

        with pytest.raises(SourceChanged, match="its beginning has other bytes"):
            opened(tmp_path, path)

    def test_a_touched_file_is_refused_with_both_times(self, tmp_path: Path, path: Path) -> None:
        opened(tmp_path, path)
        os.utime(path, ns=(0, 1_000_000_001))

        with pytest.raises(SourceChanged, match=r"is 1970-01-01T00:00:01\.000000001Z"):
            opened(tmp_path, path)

    def test_a_file_that_is_gone_is_named(self, tmp_path: Path, path: Path) -> None:
        source = opened(tmp_path, path)
        path.unlink()

        with pytest.raises(SourceError, match="no such file"):
            source.read(source.whole())
        with pytest.raises(SourceChanged, match=r"f\.csv is gone"):
            opened(tmp_path, path)

    def test_a_range_that_the_file_never_had_is_refused(self, tmp_path: Path, path: Path) -> None:
        with pytest.raises(SourceChanged, match="has 10 records, not those of"):
            opened(tmp_path, path).read(Range.of(8, 12))

    def test_fewer_records_than_the_index_says_are_refused(
        self, tmp_path: Path, path: Path
    ) -> None:
        source = opened(tmp_path, path)
        before = path.stat()
        path.write_bytes(b"id,name\n" + b"1,aaaaa\n" * 5)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert before.st_size == path.stat().st_size

        with pytest.raises(SourceChanged, match="ends after"):
            source.read(source.whole())


class TestIndex:
    def test_it_comes_back_as_it_was_saved(self, tmp_path: Path) -> None:
        path = written(tmp_path, b"id,name\n" + b"1,a\n" * 10)
        opened(tmp_path, path)
        form = CsvFormat(CsvDialect())
        place = index_path(tmp_path / "run", path, form)

        index = FileIndex.load(place)

        assert file_index.build(path, form, place) == index
        assert [8, 20, 32, 44] == list(index.offsets)
        assert [2, 5, 8, 11] == list(index.lines)
        assert (7, 8, 32) == index.place(9)

    @pytest.mark.parametrize("damage", [b"", b"{}\n", b"no json"])
    def test_a_damaged_one_is_refused(self, tmp_path: Path, damage: bytes) -> None:
        path = written(tmp_path, b"id,name\n1,a\n")
        opened(tmp_path, path)
        index_path(tmp_path / "run", path, CsvFormat(CsvDialect())).write_bytes(damage)

        with pytest.raises(SourceError, match="cannot be read") as raised:
            opened(tmp_path, path)

        assert "run the check again" in raised.value.hint

    def test_one_byte_less_is_a_damage(self, tmp_path: Path) -> None:
        path = written(tmp_path, b"id,name\n1,a\n")
        opened(tmp_path, path)
        place = index_path(tmp_path / "run", path, CsvFormat(CsvDialect()))
        place.write_bytes(place.read_bytes()[:-1])

        with pytest.raises(SourceError, match="damaged"):
            opened(tmp_path, path)

    @pytest.mark.parametrize("point", ["publish.before_rename", "publish.after_rename"])
    def test_dying_around_its_rename_leaves_the_whole_of_it_or_nothing(
        self, tmp_path: Path, point: str
    ) -> None:
        path = written(tmp_path, b"id,name\n1,a\n")
        faultpoints.arm(f"{point}:1:raise")
        try:
            with pytest.raises(faultpoints.InjectedFault):
                opened(tmp_path, path)
        finally:
            faultpoints.arm(None)
        left = [one.name for one in (tmp_path / "run" / "index").iterdir()]

        assert (0 if point == "publish.before_rename" else 1) == len(left)
        assert 1 == opened(tmp_path, path).total()

    def test_two_files_of_one_name_have_an_index_each(self, tmp_path: Path) -> None:
        (tmp_path / "x").mkdir()
        (tmp_path / "y").mkdir()
        first = written(tmp_path / "x", b"id,name\n1,a\n")
        second = written(tmp_path / "y", b"id,name\n1,a\n2,b\n")

        assert [1, 2] == [opened(tmp_path, path).total() for path in (first, second)]

    def test_steps_that_open_one_file_side_by_side_share_its_index(self, tmp_path: Path) -> None:
        path = written(tmp_path, b"id,name\n" + b"1,a\n" * 1_000)

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: opened(tmp_path, path).total(), range(16)))

        assert [1_000] * 16 == found


class TestOpening:
    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "an empty file, without a header"),
            (b"id,id\n", "two columns have this name"),
            (b"id\n", r"f\.csv lacks the columns name"),
            (b'"id\n', "a quote that is never closed"),
        ],
    )
    def test_a_file_that_cannot_be_read_as_records_is_refused(
        self, tmp_path: Path, data: bytes, message: str
    ) -> None:
        with pytest.raises(SourceError, match=message) as raised:
            opened(tmp_path, written(tmp_path, data))

        assert "run.check" in raised.value.hint

    def test_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"no.csv:1 .*no.csv': no such file"):
            opened(tmp_path, tmp_path / "no.csv")

    def test_without_a_model_records_are_dicts(self, tmp_path: Path) -> None:
        source = opened(tmp_path, written(tmp_path, b"a,b\n1,2\n"), model=None)

        assert [{"a": "1", "b": "2"}] == source.read(source.whole()).values

    def test_its_fingerprint_survives_json(self, tmp_path: Path) -> None:
        found = opened(tmp_path, written(tmp_path, b"id,name\n1,a\n")).fingerprint()

        assert json.loads(json.dumps(found)) == found
        assert {"size": 12, "records": 1}.items() <= found["files"]["1 f.csv"].items()

    @pytest.mark.parametrize(
        ("where", "message"),
        [
            ([], "expected at least one file"),
            ("https://example.org/f.csv", "got the URL"),
            ([1], "expected the path of a file, got 1"),
        ],
    )
    def test_what_is_no_path_is_refused_at_once(self, where: Any, message: str) -> None:
        with pytest.raises(DefinitionError, match=message):
            files.csv(where)

    def test_a_pipeline_names_its_files(self, tmp_path: Path) -> None:
        assert "csv a.csv, b.csv" == str(files.csv([tmp_path / "a.csv", "b.csv"], Item))
