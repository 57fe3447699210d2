"""What is written is read back equal, by the reader of the same format and model; twice alike."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typing_extensions import TypedDict

from daybreak import files
from daybreak.abc import RecordRefused
from daybreak.check.sources import check_sources
from daybreak.connectors.file_root import File, FileRoot
from daybreak.connectors.file_sink import FileSink
from daybreak.connectors.file_source import FileSource
from daybreak.connectors.file_writing import is_same
from daybreak.connectors.packing import packed
from daybreak.connectors.parquet_writing import ROW_GROUP_ROWS
from daybreak.errors import DefinitionError
from daybreak.model.limits import BadLimit

# ---------------------------------------------------------------- writing without a run


def sink_of(file: Any) -> FileSink:
    assert isinstance(file, File)
    return FileSink(cast("FileRoot", file.root), Path.cwd())


def written(sink: FileSink, records: Sequence[Any], folder: Path, *, chunk: int = 3) -> bytes:
    """Write records in parts of a few, and return the bytes of the whole file."""
    parts = []
    for at in range(0, len(records), chunk):
        parts.append(folder / f"{at}.part")
        with parts[-1].open("wb") as stream:
            sink.writer.part([sink.writer.piece(records[at : at + chunk])], stream)
    whole = BytesIO()
    sink.writer.join(parts, whole)
    return whole.getvalue()


def sayable(sink: FileSink, records: Sequence[Any]) -> list[Any]:
    """Return the records that the format can say."""
    bad = set(sink.suspects(cast("Any", None), records, cast("Any", None)))
    return [record for place, record in enumerate(records) if place not in bad]


def read_back(file: Any, folder: Path) -> list[Any]:
    """Check a file, which must be faultless, and return its records as a step would read them."""
    checked = check_sources(
        file, folder=folder, max_bad=BadLimit.parse(0), publish=lambda _event: None
    )
    source = FileSource(cast("FileRoot", checked.root), folder)
    return list(source.read(source.whole()).values)


def assert_comes_back(file: Any, records: Sequence[Any], folder: Path) -> None:
    """Write records in two ways, and read what was written."""
    sink = sink_of(file)
    whole = written(sink, records, folder)
    sink.place.write_bytes(whole)

    assert whole == written(sink, records, folder, chunk=100)
    if records:  # a check takes a file without a record for one that is not there yet
        again = read_back(file, folder)
        assert len(records) == len(again)
        assert all(
            is_same(vars(one), vars(other)) for one, other in zip(records, again, strict=True)
        )


# ---------------------------------------------------------------- generated models and values

TEXTS = st.text(max_size=12) | st.sampled_from(
    ["", " ", '"', "a,b", "a\r\nb", "NULL", "\ufeffx", "\0", "\ud800", "\x1a", "\u2028", "é", "0"]
)
ZONES = st.sampled_from([UTC, ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")])
INSTANTS = st.datetimes(
    min_value=datetime(1800, 1, 1),  # noqa: DTZ001 - hypothesis wants it so
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - hypothesis wants it so
    timezones=ZONES,
)
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers() | st.integers(-(2**63), 2**63 - 1),
    float: st.floats(),
    Decimal: st.decimals(places=3, min_value=-(10**9), max_value=10**9) | st.decimals(),
    bool: st.booleans(),
    str: TEXTS,
    date: st.dates(),
    datetime: INSTANTS,
}
TAME: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    Decimal: st.decimals(places=3, min_value=-(10**9), max_value=10**9),
    bool: st.booleans(),
    str: st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12),
    date: st.dates(),
    datetime: INSTANTS,
}
"""What every format can say."""


@st.composite
def generated(draw: st.DrawFn, values: dict[Any, st.SearchStrategy[Any]]) -> tuple[Any, list[Any]]:
    """Draw a model, and records of it."""
    kinds = draw(st.lists(st.sampled_from(list(values)), min_size=1, max_size=4))
    optional = draw(st.lists(st.booleans(), min_size=len(kinds), max_size=len(kinds)))
    types = {
        f"c{at}": kind | None if may_be else kind
        for at, (kind, may_be) in enumerate(zip(kinds, optional, strict=True))
    }
    model = pydantic.create_model("Record", **cast("Any", {n: (t, ...) for n, t in types.items()}))
    row = st.fixed_dictionaries(
        {
            f"c{at}": st.none() | values[kind] if may_be else values[kind]
            for at, (kind, may_be) in enumerate(zip(kinds, optional, strict=True))
        }
    )
    rows = draw(st.lists(row, max_size=8))
    return model, [model.model_construct(**one) for one in rows]


FILES: dict[str, Any] = {
    "csv": files.csv,
    "csv utf-16": lambda path, model: files.csv(path, model, encoding="utf-16", delimiter="\t"),
    "csv cp932": lambda path, model: files.csv(path, model, encoding="cp932", null="NA"),
    "csv without quotes": lambda path, model: files.csv(path, model, quote=None, delimiter="|"),
    "csv without header": lambda path, model: files.csv(path, model, header=False),
    "jsonl": files.jsonl,
    "jsonl cp932": lambda path, model: files.jsonl(path, model, encoding="cp932"),
    "parquet": files.parquet,
}


ENOUGH = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
"""On a busy machine too."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES)
@ENOUGH
@given(drawn=generated(VALUES))
def test_whatever_can_be_said_is_read_back_equal(kind: str, drawn: tuple[Any, list[Any]]) -> None:
    """Through the check and the source of the same format, from any model and any values."""
    model, records = drawn
    with tempfile.TemporaryDirectory() as folder:
        file = FILES[kind](Path(folder) / "records", model)

        assert_comes_back(file, sayable(sink_of(file), records), Path(folder))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@ENOUGH
@given(drawn=generated(TAME))
def test_no_ordinary_record_is_refused(kind: str, drawn: tuple[Any, list[Any]]) -> None:
    """Otherwise a writer that refuses everything would pass the test above."""
    model, records = drawn
    with tempfile.TemporaryDirectory() as folder:
        file = FILES[kind](Path(folder) / "records", model)

        assert records == sayable(sink_of(file), records)
        assert_comes_back(file, records, Path(folder))


# ---------------------------------------------------------------- what is said, and how


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Thing:
    id: UUID
    colour: Colour
    at: time
    took: timedelta


THING = Thing(UUID(int=7), Colour.RED, time(3, 4, 5), timedelta(minutes=90))


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_types_beyond_the_grammar_are_written_as_pydantic_reads_them(
    tmp_path: Path, kind: str
) -> None:
    assert_comes_back(FILES[kind](tmp_path / "things", Thing), [THING, THING], tmp_path)


@dataclass
class Order:
    id: int
    amount: Decimal
    note: str | None


def text_written(file: Any, records: Sequence[Any], folder: Path) -> str:
    return written(sink_of(file), records, folder).decode()


def test_csv_has_one_header_and_quotes_where_they_are_needed(tmp_path: Path) -> None:
    orders = [Order(n, Decimal("1.50"), 'a "b", c\n') for n in range(1, 5)]
    orders.append(Order(5, Decimal("1E+3"), None))
    line = ',1.50,"a ""b"", c\n"\n'

    expected = "id,amount,note\n" + "".join(f"{n}{line}" for n in range(1, 5)) + "5,1000,\n"
    assert expected == text_written(files.csv(tmp_path / "x", Order), orders, tmp_path)


def test_json_lines_keep_the_digits_of_a_decimal(tmp_path: Path) -> None:
    orders = [Order(1, Decimal("1.50"), "é")]

    expected = '{"id": 1, "amount": 1.50, "note": "é"}\n'
    assert expected == text_written(files.jsonl(tmp_path / "x", Order), orders, tmp_path)


def test_json_lines_without_a_model_are_the_dicts_themselves(tmp_path: Path) -> None:
    records = [{"a": 0.1, "b": [1, {"c": None}]}, {"z": "\0"}, {}]
    file = files.jsonl(tmp_path / "x")

    expected = '{"a": 0.1, "b": [1, {"c": null}]}\n{"z": "\\u0000"}\n{}\n'
    assert expected == text_written(file, records, tmp_path)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_no_record_gives_a_file_with_its_columns_only(tmp_path: Path, kind: str) -> None:
    whole = written(sink_of(FILES[kind](tmp_path / "x", Order)), [], tmp_path)

    if kind == "parquet":
        assert ["id", "amount", "note"] == pq.read_table(BytesIO(whole)).column_names
    else:
        assert whole == {"csv": b"id,amount,note\n", "jsonl": b""}[kind]


class Row(NamedTuple):
    n: int
    name: str


class Shaped(TypedDict):
    n: int
    name: str


@pytest.mark.parametrize("model", [Row, Shaped])
def test_models_of_every_kind_are_written(tmp_path: Path, model: Any) -> None:
    file = files.csv(tmp_path / "x", model)

    assert text_written(file, [model(n=1, name="a")], tmp_path) == "n,name\n1,a\n"


class Aliased(pydantic.BaseModel):
    number: int = pydantic.Field(alias="注文番号")


def test_a_column_has_the_name_of_its_alias(tmp_path: Path) -> None:
    file = files.csv(tmp_path / "x", Aliased)

    assert text_written(file, [Aliased(注文番号=1)], tmp_path) == "注文番号\n1\n"


def test_a_parquet_file_has_full_row_groups_wherever_its_parts_ended(tmp_path: Path) -> None:
    @dataclass
    class Number:
        n: int

    sink = sink_of(files.parquet(tmp_path / "x", Number))
    parts = []
    for at, size in enumerate((ROW_GROUP_ROWS // 2, ROW_GROUP_ROWS, 7)):
        parts.append(tmp_path / f"{at}.part")
        column = pa.field("n", pa.int64(), nullable=False)
        table = pa.table({"n": range(size)}, pa.schema([column]))
        pq.write_table(table, parts[-1], row_group_size=1_000)
    with sink.place.open("wb") as stream:
        sink.writer.join(parts, stream)
    found = pq.ParquetFile(sink.place).metadata

    sizes = [found.row_group(at).num_rows for at in range(found.num_row_groups)]
    assert [ROW_GROUP_ROWS, ROW_GROUP_ROWS // 2 + 7] == sizes


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_name_says_how_a_file_is_packed_and_the_bytes_are_the_same_twice(suffix: str) -> None:
    def once() -> bytes:
        stream = BytesIO()
        with packed(stream, f"x.csv{suffix}") as inner:
            inner.write(b"id\n" * 100)
        return stream.getvalue()

    if suffix == ".gz":
        assert b"id\n" * 100 == gzip.decompress(once())
    assert once() == once()
    assert len(once()) < 100


# ---------------------------------------------------------------- what cannot be said


def why(file: Any, record: Any) -> str:
    with pytest.raises(RecordRefused) as refused:
        sink_of(file).writer.piece([record])
    assert refused.value.position == 0
    return str(refused.value.cause)


@dataclass
class Text:
    text: str


@dataclass
class Optional:
    text: str | None


@dataclass
class Moment:
    at: datetime


@dataclass
class Amount:
    amount: Decimal


class Cents(pydantic.BaseModel):
    amount: Decimal = pydantic.Field(decimal_places=2, max_digits=5)


@pytest.mark.parametrize(
    ("kind", "record", "expected"),
    [
        ("csv", Text(""), "would not be read back: text: its text means NULL"),
        ("csv", Optional(""), "text: an empty text would be read back as NULL"),
        ("csv", Text("\0"), "would not be read back"),
        ("csv", Text("\ud800"), "the format cannot say it: UnicodeEncodeError"),
        ("csv", Text(cast("str", None)), "text: its text means NULL"),
        ("csv", Text(cast("str", 7)), "int would be read back as another value of type str"),
        ("csv", Text("\n" * 200), "would not be read back"),
        ("csv", Amount(Decimal("NaN")), "the format cannot say it: ValueError"),
        ("csv", Amount(Decimal("1E+999999")), "the format cannot say it: ValueError"),
        ("csv without quotes", Text("a|b"), "would not be read back"),
        ("csv cp932", Text("é"), "the format cannot say it: UnicodeEncodeError"),
        ("jsonl", Text("\ud800"), "the format cannot say it: UnicodeEncodeError"),
        ("jsonl", Amount(Decimal("Infinity")), "the format cannot say it: ValueError"),
        ("parquet", Amount(Decimal("1.0000000000000000001")), "amount: not of type decimal128(38"),
        ("parquet", Cents.model_construct(amount=Decimal("1.005")), "not of type decimal128(5, 2)"),
        ("parquet", Text(cast("str", None)), "text: NULL, which the model does not allow"),
        ("parquet", Moment(datetime(2024, 1, 1)), "another value of type datetime"),  # noqa: DTZ001 - on purpose
        ("parquet", Text("\ud800"), "the format cannot say it"),
    ],
)
def test_a_record_that_cannot_be_said_is_named_with_its_reason(
    tmp_path: Path, kind: str, record: Any, expected: str
) -> None:
    assert expected in why(FILES[kind](tmp_path / "x", type(record)), record)


def test_the_first_bad_record_of_several_is_named(tmp_path: Path) -> None:
    sink = sink_of(files.csv(tmp_path / "x", Text))
    records = [Text("a"), Text("b"), Text("\0"), Text("c"), Text("")]
    with pytest.raises(RecordRefused) as refused:
        sink.writer.piece(records)

    assert refused.value.position == 2
    assert [2, 4] == sink.suspects(cast("Any", None), records, cast("Any", None))


@dataclass
class Tagged:
    tags: list[str]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (lambda: files.csv(["a", "b"], Order), "a step writes one file, not 2"),
        (lambda: files.csv("a", Order, key="id"), "rules across records"),
        (lambda: files.csv("a"), "has no model"),
        (lambda: files.parquet("a"), "has no model"),
        (lambda: files.csv("a", Order, header_lines=3), "with 1 lines before its records, not 3"),
        (lambda: files.csv("a", Order, trailer=files.Trailer("T")), "without a trailer"),
        (lambda: files.json("a", Order), "kind json are read, not written"),
        (lambda: files.parquet("a.parquet.gz", Order), "compressed inside"),
        (lambda: files.parquet("a", Tagged), "'tags' is of a type that no Parquet column"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_first_record(
    file: Any, expected: str
) -> None:
    with pytest.raises(DefinitionError, match=expected):
        sink_of(file())
