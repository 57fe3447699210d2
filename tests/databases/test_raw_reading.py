"""PostgreSQL reads a file's own texts as it reads the values made of them, where we say so."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, make_dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from daybreak import Database, files
from daybreak.abc import RecordRefused
from daybreak.check import by_columns
from daybreak.check.by_columns import looks_at
from daybreak.connectors.file_root import FileRoot
from daybreak.connectors.scanned_source import ScannedSource
from daybreak.connectors.table import TableSink
from daybreak.databases import raw_reading
from daybreak.databases.raw_reading import are_read_equally
from daybreak.databases.session import opened
from daybreak.databases.transaction import OpenTransaction
from daybreak.errors import DataRefused
from daybreak.model.chunk import ChunkInput
from daybreak.model.raw import RawField, RawRecords, RawShape

DRAWN = 60

NUMBERS = ["0", "-0", "+0", "7", "+7", "-7", "007", "-007", "32767", "2147483647", "9" * 18]
POINTS = ["1.50", "1.5", "+1.", ".5", "-.50", "00.10", "0.0000000001", "12345678901234567890.123"]
TEXTS: dict[str, list[str]] = {
    "int": [*NUMBERS, "9" * 30],
    "decimal": [*NUMBERS, *POINTS],
    "float": [*NUMBERS, *POINTS, "1e3", "1E-3", "-0.0", "1e308", "4.9e-324", "1e-400", "0.1"],
    "bool": ["true", "false"],
    "date": ["2024-02-29", "0001-01-01", "9999-12-31", "0099-03-04", "1900-02-28"],
    "datetime": [
        "2024-02-29T01:02",
        "2024-02-29 01:02:03",
        "0001-01-01T00:00:00",
        "9999-12-31 23:59:59.999999",
        "2024-02-29T01:02:03.5Z",
        "2024-02-29T01:02:03.123456+09:00",
        "2024-02-29T01:02:03-0330",
        "2024-02-29T01:02:03+09",
        "2024-02-29T01:02:03-00:00",
        "0001-01-01T00:00:00+14:00",
        "2024-02-29T01:02:03+23:59",
        "2024-03-31T02:30:00",
    ],
    "str": [
        "a",
        " a ",
        "NA",
        "\\N",
        "\\.",
        "a\\tb",
        "日本",
        "\u0001",
        "null",
        "a\tb",
        "'",
        "é" * 9,
    ],
}
QUOTED = ["a,b", 'say "hi"', "two\nlines", "\n\\.\n", '"', "\r", "a\rb", "", "NA"]
MODELS: dict[str, Any] = {
    "int": int,
    "decimal": Decimal,
    "float": float,
    "bool": bool,
    "date": date,
    "datetime": datetime,
    "str": str,
}
OTHER_TYPES = ["varchar(5)", "char(6)", "bytea", "name", "json", "date", "numeric(5, 1)", "inet"]
LENGTHS = {"numeric": ["numeric", "numeric(30, 2)", "numeric(6, 4)"]}
PAIRS = [
    *((kind, one) for kind, types in raw_reading._EQUAL.items() for one in sorted(types)),
    ("str", "text"),
    *(("str", one) for one in OTHER_TYPES),
]


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_columns, "COLUMNAR_BYTES_MIN", 0)


def texts_of(kind: str, chance: random.Random) -> list[str]:
    """Return texts that the grammar of a kind allows, edges first."""

    def digits(most: int) -> str:
        return "".join(chance.choices("0123456789", k=chance.randrange(1, most)))

    def drawn() -> str:
        sign = chance.choice(["", "", "-", "+"])
        year, month, day = (
            chance.randrange(1, 9999),
            chance.randrange(1, 13),
            chance.randrange(1, 29),
        )
        zone = chance.choice(["", "Z", "+01:00", "-1130", "+05"])
        found = {
            "int": sign + digits(12),
            "decimal": f"{sign}{digits(9)}.{digits(9)}",
            "float": f"{sign}{digits(9)}.{digits(18)}e{chance.randrange(-30, 30)}",
            "date": f"{year:04}-{month:02}-{day:02}",
            "datetime": f"{year:04}-{month:02}-{day:02}T{chance.randrange(24):02}:30{zone}",
            "str": "".join(chance.choices("ab ,\\\t.'é日NA", k=chance.randrange(1, 9))),
        }
        return found.get(kind, "true")

    return [*TEXTS[kind], *(drawn() for _ in range(DRAWN))]


def quoted(text: str, quote: str = '"') -> str:
    return f"{quote}{text.replace(quote, quote * 2)}{quote}"


@dataclass
class Tables:
    """Two tables of one shape: for the bytes, and for the values made of them."""

    url: str
    folder: Path
    model: type

    def written(self, rows: Sequence[str], names: str = "n,v", **dialect: Any) -> ChunkInput:
        """Write rows into a file; read it."""
        path = self.folder / "f.csv"
        path.write_bytes("\n".join([names, *rows, ""]).encode())
        root = files.csv(path, self.model, **dialect).root
        assert isinstance(root, FileRoot)
        source = ScannedSource.of(root, looks_at)
        assert source is not None
        (part,) = source.ranges(source.whole(), 10_000)
        return source.read(part)

    def sink(self, table: str) -> TableSink:
        return TableSink(Database(self.url).table(table, self.model, key="n"))

    @contextmanager
    def transaction(self) -> Iterator[OpenTransaction]:
        with opened(self.url) as session:
            session.begin()
            try:
                yield OpenTransaction(session)
                session.commit()
            finally:
                session.rollback()

    def take_raw(self, chunk: ChunkInput) -> bool:
        """Have the bytes written, record by record if some are refused; say if they were taken."""
        raw = chunk.as_bytes
        assert raw is not None
        try:
            with self.transaction() as tx:
                return self.sink("raw").write_raw(tx, raw) is not None
        except (DataRefused, RecordRefused):
            for number in range(len(raw)):
                self._refusable(partial(_write_raw, self.sink("raw"), raw.chosen([number])))
            return True

    def take_values(self, chunk: ChunkInput) -> None:
        """Have the values written, one by one if some are refused."""
        try:
            with self.transaction() as tx:
                self.sink("made").write(tx, chunk.values)
        except (DataRefused, RecordRefused):
            for value in chunk.values:
                self._refusable(partial(_write, self.sink("made"), value))

    def _refusable(self, write: Callable[[OpenTransaction], object]) -> None:
        try:
            with self.transaction() as tx:
                write(tx)
        except (DataRefused, RecordRefused):
            pass

    def content(self, table: str) -> dict[int, str]:
        with opened(self.url) as session:
            rows = session.query(f"select n, row({table}.*)::text as v from {table}")  # noqa: S608 - ours
            return {row.n: row.v for row in rows}


def _write_raw(sink: TableSink, raw: RawRecords, tx: OpenTransaction) -> None:
    sink.write_raw(tx, raw)


def _write(sink: TableSink, value: object, tx: OpenTransaction) -> None:
    sink.write(tx, [value])


def tables(url: str, folder: Path, kind: str, type_: str) -> Tables:
    with opened(url) as session:
        session.script(f"create table raw (n integer primary key, v {type_})")
        session.script(f"create table made (n integer primary key, v {type_})")
    return Tables(url, folder, make_dataclass("Made", [("n", int), ("v", MODELS[kind] | None)]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "type_"),
    [(kind, one) for kind, type_ in PAIRS for one in LENGTHS.get(type_, [type_])],
)
def test_a_text_is_read_as_its_value_is(
    postgres_url: str, tmp_path: Path, kind: str, type_: str, seed: int
) -> None:
    both = tables(postgres_url, tmp_path, kind, type_)
    texts = texts_of(kind, random.Random(seed))
    cells = [quoted(text) if set(text) & set(',"\n\r') else text for text in texts]
    cells += ["", '""', *(map(quoted, QUOTED) if kind == "str" else map(quoted, texts[:4]))]
    chunk = both.written([f"{number},{cell}" for number, cell in enumerate(cells)])
    assert () == tuple(chunk.refused)
    if chunk.as_bytes is None:  # what is in quotes could be taken for the end: it goes by values
        cells = [cell for cell in cells if "\\." not in cell and "\r" not in cell]
        chunk = both.written([f"{number},{cell}" for number, cell in enumerate(cells)])

    assert both.take_raw(chunk)
    both.take_values(chunk)

    raw, made = both.content("raw"), both.content("made")
    assert {number: made[number] for number in raw} == raw, "what is taken is what the value says"
    assert raw.keys() >= made.keys() - {
        number for number, cell in enumerate(cells) if cell == "1e-400"
    }


@pytest.mark.parametrize(
    "dialect",
    [
        pytest.param({"delimiter": ";", "quote": "'"}, id="marks"),
        pytest.param({"delimiter": "\t"}, id="tabs"),
        pytest.param({"null": "NA"}, id="null"),
        pytest.param({"null": "\\N"}, id="backslash"),
    ],
)
def test_a_dialect_is_told_to_the_server(
    postgres_url: str, tmp_path: Path, dialect: dict[str, str]
) -> None:
    both = tables(postgres_url, tmp_path, "str", "text")
    delimiter, quote = dialect.get("delimiter", ","), dialect.get("quote", '"')
    texts = ["a", "", "NA", "\\N", 'x"y', "x'y", "x;y", "x\ty", "x,y", "two\nlines", "é"]
    rows = [
        f"{number}{delimiter}{cell}"
        for number, cell in enumerate(
            [*(quoted(text, quote) for text in texts), "a", "", "NA", "\\N"]
        )
    ]
    chunk = both.written(rows, f"n{delimiter}v", **dialect)

    assert both.take_raw(chunk)
    both.take_values(chunk)

    assert len(rows) == len(both.content("made"))
    assert both.content("made") == both.content("raw")


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        ("int", "text"),
        ("float", "numeric"),
        ("float", "real"),
        ("decimal", "integer"),
        ("decimal", "double precision"),
        ("date", "text"),
        ("date", "timestamp"),
        ("datetime", "date"),
        ("bool", "text"),
        ("int", "small"),
    ],
)
def test_what_is_not_known_to_be_read_equally_goes_by_values(
    postgres_url: str, tmp_path: Path, kind: str, type_: str
) -> None:
    with opened(postgres_url) as session:
        session.script("create domain small as integer check (value < 1000000)")
    both = tables(postgres_url, tmp_path, kind, type_)
    chunk = both.written([f"1,{TEXTS[kind][0]}"])

    assert not both.take_raw(chunk)


def test_columns_of_the_file_may_stand_in_another_order(postgres_url: str, tmp_path: Path) -> None:
    both = tables(postgres_url, tmp_path, "str", "text")
    chunk = both.written(["a,1", "b,2"], "v,n")

    assert both.take_raw(chunk)
    assert {1: "(1,a)", 2: "(2,b)"} == both.content("raw")


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(RawShape((RawField("v", "str"),), ",", '"', ""), id="one field"),
        pytest.param(RawShape((RawField("v", "str"),) * 2, ",", '"', "a,b"), id="null: delimiter"),
        pytest.param(RawShape((RawField("v", "str"),) * 2, ",", '"', 'a"b'), id="null: quote"),
        pytest.param(RawShape((RawField("v", "uuid"),) * 2, ",", '"', ""), id="another kind"),
    ],
)
def test_what_copy_cannot_be_told_goes_by_values(shape: RawShape) -> None:
    assert not are_read_equally(shape, {"v": "text"})


@pytest.mark.parametrize(
    "dialect",
    [
        pytest.param({"quote": None}, id="no quotes"),
        pytest.param({"encoding": "cp932"}, id="another encoding"),
    ],
)
def test_what_is_not_written_alike_has_no_bytes(
    postgres_url: str, tmp_path: Path, dialect: dict[str, Any]
) -> None:
    both = tables(postgres_url, tmp_path, "str", "text")

    assert both.written(["1,a"], **dialect).as_bytes is None


@pytest.mark.parametrize("names", ["n,v,more", "v"])
def test_a_file_with_other_columns_than_the_model_has_no_bytes(
    postgres_url: str, tmp_path: Path, names: str
) -> None:
    with opened(postgres_url) as session:
        session.script("create table made (n integer primary key, v text)")
    model = make_dataclass("Made", [("v", str), ("n", int | None, None)])
    rows = [",".join("1" for _ in names.split(","))]

    assert Tables(postgres_url, tmp_path, model).written(rows, names).as_bytes is None


CHANGED: dict[str, list[Any]] = {
    "int": [0, -7, 10**12, 2**40],
    "decimal": [Decimal("1E+5"), Decimal("-0.00"), Decimal("1.50"), Decimal("1E-7")],
    "float": [0.1, -0.0, 1e300, 5e-324, 1e22],
    "bool": [True, False],
    "date": [date(1, 1, 1), date(9999, 12, 31)],
    "datetime": [
        datetime(2024, 2, 29, 1, 2, 3, 4),  # noqa: DTZ001 - naive ones, too
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(2024, 2, 29, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
    ],
    "str": ["a", 'say "hi"', "a,b", "a\rb", "\r", "\\N", "\\.", " ", "日本", "'"],
    "lines": ["two\nlines", "a\n", "\n\na", "\\N"],
}


@pytest.mark.parametrize("kind", CHANGED)
def test_a_value_that_a_stage_gave_is_read_as_itself(
    postgres_url: str, tmp_path: Path, kind: str
) -> None:
    new, kind = CHANGED[kind], kind.replace("lines", "str")
    type_ = {"int": "bigint", "str": "text"}.get(kind) or min(raw_reading._EQUAL[kind])
    both = tables(postgres_url, tmp_path, kind, type_)
    chunk = both.written([f"{n},{TEXTS[kind][0]}" for n in range(len(new) + 2)])
    assert chunk.as_bytes is not None
    values = [both.model(n, one) for n, one in enumerate([*new, None])]
    values.append(chunk.values[-1])
    rest = iter(values)

    parts = [
        part.rewritten(range(len(part.values)), [next(rest) for _ in part.values])
        for part in chunk.as_bytes.parts()
    ]

    changed = chunk.as_bytes.joined([part for part in parts if part is not None])
    assert changed is not None
    with both.transaction() as tx:
        assert both.sink("raw").write_raw(tx, changed) is not None
        both.sink("made").write(tx, values)
    assert both.content("made") == both.content("raw")
    assert len(values) == len(both.content("raw"))
