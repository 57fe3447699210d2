"""Parquet: every value exactly or a finding, from any place; damage costs a row group at most."""

from __future__ import annotations

import base64
import json
import math
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from daybreak import files
from daybreak.check.sources import check_sources
from daybreak.check.summary import CheckSummary
from daybreak.connectors import file_index
from daybreak.connectors.file_index import FileIndex
from daybreak.connectors.file_root import FileRoot
from daybreak.connectors.file_source import FileSource
from daybreak.connectors.parquet_format import BATCH_ROWS, DAMAGED, NOT_PARQUET
from daybreak.errors import CheckFailed
from daybreak.model.chunk import ChunkInput, Kept
from daybreak.model.limits import BadLimit
from daybreak.model.ranges import Range

EXAMPLES = settings().max_examples
NS = 10**9


class Order(BaseModel):
    id: int
    amount: Decimal
    note: str | None


def source_of(folder: Path, path: Path, model: type | None = Order) -> FileSource:
    root = (files.parquet(path, model) if model else files.parquet(path)).root
    assert isinstance(root, FileRoot)
    return FileSource(root, folder / "run")


def orders(count: int, *, first: int = 1) -> pa.Table:
    ids = range(first, first + count)
    return pa.table(
        {
            "id": pa.array(ids, pa.int64()),
            "amount": pa.array([Decimal(at) / 100 for at in ids], pa.decimal128(18, 2)),
            "note": pa.array([None if at % 3 else f"n{at}" for at in ids]),
        }
    )


def written(folder: Path, table: pa.Table, **options: Any) -> Path:
    path = folder / "f.parquet"
    pq.write_table(table, path, **options)
    return path


def column(values: Sequence[Any], of: pa.DataType) -> pa.Table:
    return pa.table({"x": pa.array(values, of)})


def records_of(chunks: Iterator[ChunkInput]) -> list[Any]:
    found: list[Any] = []
    for chunk in chunks:
        fates: dict[int, Any] = dict(zip(chunk.origins, chunk.values, strict=True))
        fates |= {one.origin: tuple(one.findings) for one in chunk.refused}
        assert sorted(fates) == list(range(chunk.read))
        found += [(fates[at], chunk.raw(at), chunk.cursor(at)) for at in sorted(fates)]
    return found


def read(folder: Path, table: pa.Table, model: type | None = None) -> list[Any]:
    """Return of each record its dict, its model, or the reasons against it."""
    source = source_of(Path(tempfile.mkdtemp(dir=folder)), written(folder, table), model)
    return [
        [one.reason for one in fate] if isinstance(fate, tuple) else fate
        for fate, _, _ in records_of(iter([source.read(source.whole())]))
    ]


def refused(folder: Path, path: Path, model: type | None = Order) -> list[Any]:
    """Return the file's findings as (column, value, reason)."""
    pipeline = files.parquet(path, model) if model else files.parquet(path)
    with pytest.raises(CheckFailed) as caught:
        check_sources(pipeline, folder=folder / "run", max_bad=BadLimit.parse(0))
    summary = caught.value.summary
    assert isinstance(summary, CheckSummary)
    (file,) = summary.files
    return [(c.column, c.samples[0].value, c.reason) for c in file.causes.values()]


class TestPlaces:
    @settings(derandomize=True, max_examples=EXAMPLES, deadline=None, database=None)
    @given(st.integers(0, 40), st.integers(1, 15), st.integers(1, 12))
    def test_ranges_of_any_size_give_what_one_pass_gives(
        self, count: int, group: int, chunk: int
    ) -> None:
        with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
            patch.setattr(file_index, "INDEX_STRIDE_RECORDS", 3)
            folder = Path(name)
            source = source_of(folder, written(folder, orders(count), row_group_size=group))
            parts = source.ranges(source.whole(), chunk)

            expected = records_of(iter([source.read(source.whole())]))
            assert expected == records_of(source.read(part) for part in parts)
            assert [at + 1 for at in range(count)] == [order.id for order, _, _ in expected]

    def test_a_record_is_its_line_of_json(self, tmp_path: Path) -> None:
        source = source_of(tmp_path, written(tmp_path, orders(5)))

        chunk = source.read(Range.of(2, 4))

        assert b'{"id": 3, "amount": "0.03", "note": "n3"}\n' == chunk.raw(0)
        assert "f.parquet:4" == chunk.cursor(1)
        assert Order(id=3, amount=Decimal("0.03"), note="n3") == chunk.values[0]
        assert chunk.digest == source.digest(Range.of(2, 4))
        assert len(chunk.raw(0)) + len(chunk.raw(1)) == chunk.bytes_read

    def test_batches_do_not_lose_what_is_between_them(self, tmp_path: Path) -> None:
        count = 2 * BATCH_ROWS + 7
        source = source_of(tmp_path, written(tmp_path, orders(count)))
        around = Range.of(BATCH_ROWS - 3, BATCH_ROWS + 3)

        assert list(range(BATCH_ROWS - 2, BATCH_ROWS + 4)) == [
            order.id for order in source.read(around).values
        ]
        assert count == len(source.read(source.whole()).values)

    def test_a_line_that_was_set_aside_is_read_again(self, tmp_path: Path) -> None:
        source = source_of(tmp_path, written(tmp_path, orders(2)))
        raw = source.read(source.whole()).raw(0)

        def again(content: bytes) -> ChunkInput:
            return source.again(
                [Kept(Range.of(0, 2), 0, "f", "x", raw, by_check=True, repaired=content)]
            )

        assert again(raw).values == source.read(Range.of(0, 1)).values
        assert 9 == again(raw.replace(b'"id": 1', b'"id": 9')).values[0].id
        for bad in (b"", b"x", b"[]", b'{"id": 1}', raw + raw, raw.replace(b'"note"', b'"id"')):
            assert 1 == len(again(bad).refused)
        (text,) = again(raw.replace(b'"id": 1', b'"id": "1"')).refused
        assert ["not a whole number"] == [one.reason for one in text.findings]

    def test_the_kinds_of_the_columns_are_kept_with_the_index(self, tmp_path: Path) -> None:
        path = written(tmp_path, orders(3))
        files_ = check_sources(
            files.parquet(path), folder=tmp_path / "run", max_bad=BadLimit.parse(0)
        )
        assert isinstance(files_.root, FileRoot)

        header = FileIndex.load(files_.root.indexes[0]).header
        assert ["int", "decimal", "text"] == json.loads(header.notes)


EXACT: list[tuple[pa.DataType, list[Any]]] = [
    (pa.int64(), [2**63 - 1, -(2**63), None]),
    (pa.uint64(), [2**64 - 1, 0]),
    (pa.int8(), [-128]),
    (pa.float64(), [0.1, 1e308, -0.0, None]),
    (pa.float32(), [0.5]),
    (pa.decimal128(38, 10), [Decimal("1234567890123456789012345678.0123456789"), None]),
    (pa.decimal256(50, 0), [Decimal(10**49)]),
    (pa.bool_(), [True, False, None]),
    (pa.string(), ["", "日", 'quote " \\ \n\t\x00', "  blanks  ", None]),
    (pa.large_string(), ["x"]),
    (pa.dictionary(pa.int32(), pa.string()), ["a", "b", "a", None]),
    (pa.binary(), [b"\x00\xff", b"", None]),
    (pa.binary(3), [b"abc"]),
    (pa.date32(), [date(1, 1, 1), date(9999, 12, 31), None]),
    (pa.timestamp("s"), [datetime(1969, 12, 31, 23, 59, 59)]),  # noqa: DTZ001 - without a zone
    (pa.timestamp("us"), [datetime(2024, 2, 29, 1, 2, 3, 999999), None]),  # noqa: DTZ001
    (pa.timestamp("ns"), [datetime(2024, 2, 29, 1, 2, 3, 999999)]),  # noqa: DTZ001
    (pa.timestamp("us", "UTC"), [datetime(2024, 2, 29, 1, 2, 3, 4, UTC), None]),
    (pa.timestamp("ms", "Asia/Tokyo"), [datetime(2024, 2, 29, 1, 2, 3, 4000, UTC)]),
    (pa.time64("us"), [time(23, 59, 59, 999999), None]),
    (pa.time32("s"), [time(1, 2, 3)]),
    (pa.duration("us"), [timedelta(days=-1, microseconds=1), None]),
    (pa.null(), [None]),
    (pa.list_(pa.decimal128(5, 2)), [[Decimal("1.50"), None], [], None, [Decimal("2.00")]]),
    (pa.list_(pa.list_(pa.int64())), [[[1], None, []], None, [[2, 3]]]),
    (pa.map_(pa.string(), pa.int64()), [[("a", 1), ("b", None)], None, [], [("c", 2)]]),
    (
        pa.struct([("a", pa.int64()), ("b", pa.list_(pa.date32()))]),
        [{"a": 1, "b": [date(2024, 1, 1)]}, None, {"a": None, "b": None}],
    ),
]


class TestValues:
    @pytest.mark.parametrize(("of", "values"), EXACT, ids=[str(of) for of, _ in EXACT])
    def test_a_value_comes_back_exactly(
        self, tmp_path: Path, of: pa.DataType, values: list[Any]
    ) -> None:
        found = [record["x"] for record in read(tmp_path, column(values, of))]

        assert values == found
        assert [repr(one) for one in values] == [repr(one) for one in found]

    def test_nan_and_infinity_are_values_without_a_model_only(self, tmp_path: Path) -> None:
        class Model(BaseModel):
            x: float

        table = column([math.nan, math.inf, -math.inf, 1.5], pa.float64())

        nan, *others = [record["x"] for record in read(tmp_path, table)]
        assert math.isnan(nan)
        assert [math.inf, -math.inf, 1.5] == others
        bad = ["not a number (NaN or infinity)"]
        assert [bad, bad, bad, Model(x=1.5)] == read(tmp_path, table, Model)

    def test_nanoseconds_that_would_be_lost_are_a_finding(self, tmp_path: Path) -> None:
        table = column([1, 1000, None], pa.timestamp("ns"))

        first, second, third = read(tmp_path, table)

        assert ["finer than a microsecond"] == first
        assert datetime(1970, 1, 1, microsecond=1) == second["x"]  # noqa: DTZ001 - without a zone
        assert third == {"x": None}

    @pytest.mark.parametrize("seconds", [253402300800, -62135596801, 10**14])
    def test_years_that_no_calendar_has_are_a_finding(self, tmp_path: Path, seconds: int) -> None:
        reason = ["outside the calendar (years 1 to 9999)"]
        for zone in (None, "UTC"):
            assert [reason] == read(tmp_path, column([seconds], pa.timestamp("s", zone)))

    def test_text_that_is_no_utf8_is_a_finding_of_its_row(self, tmp_path: Path) -> None:
        raw = pa.array([b"good", b"b\xffd", None], pa.binary())
        text = pa.Array.from_buffers(pa.string(), 3, raw.buffers())

        good, bad, null = read(tmp_path, pa.table({"x": text}))

        assert {"x": "good"} == good
        assert ["bytes that are not utf-8"] == bad
        assert {"x": None} == null

    def test_required_values_and_defaults(self, tmp_path: Path) -> None:
        class Model(BaseModel):
            x: int = 7

        class Needs(BaseModel):
            x: int

        table = column([1, None], pa.int64())

        assert [Model(x=1), Model()] == read(tmp_path, table, Model)
        assert [Needs(x=1), ["required"]] == read(tmp_path, table, Needs)

    def test_what_a_model_says_names_column_and_value(self, tmp_path: Path) -> None:
        class Model(BaseModel):
            x: UUID

        good = UUID(int=5)
        source = source_of(
            tmp_path, written(tmp_path, column([str(good), "no"], pa.string())), Model
        )
        chunk = source.read(source.whole())

        assert [Model(x=good)] == chunk.values
        (finding,) = chunk.refused[0].findings
        assert ("f.parquet", 2, "x", "no") == (
            finding.file, finding.line, finding.column, finding.value
        )  # fmt: skip


@dataclass
class Bytes:
    x: bytes


def one_field(of: Any) -> type:
    return type("Model", (BaseModel,), {"__annotations__": {"x": of}})


NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
TWICE = ["two values for one key"]
FITTING: list[tuple[pa.DataType, Any, Any, Any]] = [
    (pa.decimal128(5, 2), int, Decimal("3.00"), 3),
    (pa.decimal128(5, 2), int, Decimal("3.10"), ["not a whole number"]),
    (pa.int64(), Decimal, 3, Decimal(3)),
    (pa.int64(), float, 2**53, float(2**53)),
    (pa.int64(), float, 2**53 + 1, ["not exact as a float"]),
    (pa.dictionary(pa.int8(), pa.string()), str, "a", "a"),
    (pa.binary(), bytes, b"\xff", b"\xff"),
    (pa.list_(pa.int64()), list[int], [1, 2], [1, 2]),
    (pa.map_(pa.string(), pa.int64()), dict[str, int], [("a", 1)], {"a": 1}),
    (pa.map_(pa.string(), pa.int64()), dict[str, int], [("a", 1), ("a", 2)], TWICE),
    (pa.timestamp("us", "UTC"), datetime, NEW_YEAR, NEW_YEAR),
]

UNFIT: list[tuple[pa.DataType, Any]] = [
    (pa.string(), int),
    (pa.float64(), int),
    (pa.bool_(), int),
    (pa.int64(), bool),
    (pa.float64(), Decimal),
    (pa.string(), Decimal),
    (pa.decimal128(5, 2), float),
    (pa.int64(), str),
    (pa.binary(), str),
    (pa.string(), bytes),
    (pa.timestamp("us"), date),
    (pa.date32(), datetime),
    (pa.string(), datetime),
    (pa.int64(), timedelta),
]


class TestFit:
    @pytest.mark.parametrize(("of", "field", "value", "expected"), FITTING)
    def test_a_column_that_fits(
        self, tmp_path: Path, of: pa.DataType, field: Any, value: Any, expected: Any
    ) -> None:
        (found,) = read(tmp_path, column([value], of), one_field(field))

        found = found if isinstance(found, list) else found.x
        assert expected == found
        assert type(expected) is type(found)

    @pytest.mark.parametrize(("of", "field"), UNFIT)
    def test_a_column_of_another_type_is_a_finding_of_the_file(
        self, tmp_path: Path, of: pa.DataType, field: Any
    ) -> None:
        path = written(tmp_path, column([None], of))

        ((name, value, reason),) = refused(tmp_path, path, one_field(field))

        assert ("x", str(of)) == (name, value)
        assert reason.startswith("a column of another type than ")

    def test_a_column_that_no_check_has_seen_gives_no_value(self, tmp_path: Path) -> None:
        found = read(tmp_path, column([1.5, None], pa.float64()), one_field(Decimal))

        assert [["a column of another type than decimal"], ["required"]] == found

    def test_missing_and_repeated_columns_are_told_at_once(self, tmp_path: Path) -> None:
        ids = pa.array([1])
        path = written(tmp_path, pa.Table.from_arrays([ids, ids, ids], ["id", "note", "note"]))

        assert {
            ("amount", None, "a column that the model needs is missing"),
            ("note", "note", "two columns have this name"),
            ("note", "int64", "a column of another type than str"),
        } == set(refused(tmp_path, path))

    def test_no_column_of_the_model_is_one_finding(self, tmp_path: Path) -> None:
        path = written(tmp_path, column([1], pa.int64()))

        assert [(None, "x", "no column of the model")] == refused(tmp_path, path)

    def test_other_columns_are_ignored_and_said(self, tmp_path: Path) -> None:
        table = orders(1).append_column("more", pa.array([1]))
        events: list[Any] = []
        check_sources(
            files.parquet(written(tmp_path, table), Order),
            folder=tmp_path / "run",
            max_bad=BadLimit.parse(0),
            publish=events.append,
        )

        assert ("more",) == events[-1].files[0].ignored_columns

    def test_a_type_that_is_not_read_is_a_finding(self, tmp_path: Path) -> None:
        strange = pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])
        path = written(tmp_path, orders(3).slice(2).append_column("x", strange))

        assert [("x", str(strange.type), "a type that is not read")] == refused(tmp_path, path)


def test_base64_is_what_quarantine_shows_of_bytes(tmp_path: Path) -> None:
    """Bytes in a line of JSON can be decoded by anybody."""
    source = source_of(tmp_path, written(tmp_path, column([b"\x00\xff"], pa.binary())), Bytes)

    line = source.read(source.whole()).raw(0)

    assert b"\x00\xff" == base64.b64decode(json.loads(line)["x"])


class TestDamage:
    @pytest.mark.parametrize(
        "spoil",
        [
            lambda data: data[:0],
            lambda data: data[:3],
            lambda data: data[:-1],
            lambda data: data[: len(data) // 2],
            lambda data: b"id,amount,note\n1,2,x\n" + data[:0],
            lambda data: data[:-8] + b"\xff\xff\xff\x7f" + data[-4:],
        ],
    )
    def test_a_file_that_is_cut_off_is_refused(
        self, tmp_path: Path, spoil: Callable[[bytes], bytes]
    ) -> None:
        path = written(tmp_path, orders(10))
        path.write_bytes(spoil(path.read_bytes()))

        assert [(None, None, NOT_PARQUET)] == refused(tmp_path, path)

    def test_a_damaged_page_costs_the_rest_of_its_row_group(self, tmp_path: Path) -> None:
        path = written(tmp_path, orders(30), row_group_size=10, write_page_checksum=True)
        spoil_group(path, 1)
        source = source_of(tmp_path, path)
        chunk = source.read(source.whole())

        assert [*range(1, 11), *range(21, 31)] == [order.id for order in chunk.values]
        (bad,) = chunk.refused
        assert (10, [DAMAGED]) == (bad.origin, [one.reason for one in bad.findings])
        assert "f.parquet:11" == chunk.cursor(10)
        assert [11, 20] == json.loads(chunk.raw(10))["rows"]
        assert "f.parquet:21" == chunk.cursor(11)

    def test_damage_is_cut_the_same_way_from_any_place(self, tmp_path: Path) -> None:
        count = 3 * BATCH_ROWS
        table = orders(count)
        path = written(
            tmp_path, table, write_page_checksum=True, data_page_size=512, use_dictionary=False
        )
        spoil_group(path, 0, at=0.6)
        source = source_of(tmp_path, path)
        parts = list(source.ranges(source.whole(), 70))

        whole = records_of(iter([source.read(source.whole())]))
        assert whole == records_of(source.read(part) for part in parts)
        assert isinstance(whole[-1][0], tuple)
        assert 0 < len(whole) - 1 < count
        assert [*range(1, len(whole))] == [order.id for order, _, _ in whole[:-1]]

    @pytest.mark.slow
    def test_no_flipped_byte_is_a_crash_and_none_changes_a_value(
        self, tmp_path: Path, seed: int
    ) -> None:
        """Every page has its checksum here; without one nobody can tell."""
        rng = random.Random(seed)
        path = written(tmp_path, orders(50), row_group_size=10, write_page_checksum=True)
        good = path.read_bytes()
        data_end = len(good) - 8 - int.from_bytes(good[-8:-4], "little")
        expected = {
            order.id: order for order in source_of(tmp_path, path).read(Range.of(0, 50)).values
        }
        for number in range(300):
            data = bytearray(good)
            data[rng.randrange(4, len(good))] ^= 1 << rng.randrange(8)
            is_page = data[data_end:] == good[data_end:]
            path.write_bytes(data)
            folder = tmp_path / str(number)
            with suppress(CheckFailed):
                check_sources(files.parquet(path, Order), folder=folder, max_bad=BadLimit.parse(0))
            if is_page and (folder / "index").exists():
                source = source_of(folder, path)
                for order in source.read(source.whole()).values:
                    assert expected[order.id] == order


def spoil_group(path: Path, group: int, *, at: float = 0.5) -> None:
    """Flip a byte within the first column of a row group."""
    of = pq.ParquetFile(path).metadata.row_group(group).column(0)
    begin = of.dictionary_page_offset or of.data_page_offset
    data = bytearray(path.read_bytes())
    data[begin + int(of.total_compressed_size * at)] ^= 0xFF
    path.write_bytes(data)
