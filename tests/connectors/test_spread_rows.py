"""Samples of tables and of files that nobody has counted: from everywhere, and as they are."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daybreak import Database, files
from daybreak.check import by_columns
from daybreak.check.by_columns import looks_at
from daybreak.connectors.csv_dialect import CsvDialect
from daybreak.connectors.csv_places import places_behind
from daybreak.connectors.file_root import FileRoot
from daybreak.connectors.part_of_source import PartOfSource, SpreadRecords
from daybreak.connectors.rows_source import RowsSource
from daybreak.connectors.scanned_file import Place
from daybreak.connectors.scanned_source import ScannedSource
from daybreak.databases.session import opened, transaction
from daybreak.model.chunk import ChunkInput
from daybreak.model.ranges import Range, breaks
from tests.connectors.rows_shop import Shop

pytestmark = pytest.mark.slow_on_postgresql

ROWS = 2_000


def read(source: PartOfSource, chunk: int) -> list[ChunkInput]:
    whole = source.whole()
    parts = list(source.ranges(whole, chunk))
    assert [] == breaks(whole, parts, source.in_order), "the chain is closed all the same"
    return [source.read(part) for part in parts]


# ---------------------------------------------------------------- tables


@pytest.fixture
def database(database_url: str) -> Database:
    """Have tables whose younger half is of another kind than the older, with gaps in their keys."""
    tables: dict[str, list[tuple[object, ...]]] = {
        "numbered (id integer primary key, kind text)": [
            (n if n < 500 else n + 10**9, "old" if n < ROWS // 2 else "new") for n in range(ROWS)
        ],
        "named (user_id integer not null, name text not null, kind text,"
        " primary key (user_id, name))": [
            (n // 3, f"n{n % 3}", "old" if n < ROWS // 2 else "new") for n in range(ROWS)
        ],
    }
    with opened(database_url) as session:
        for table in tables:
            session.script(f"create table {table}")
    with opened(database_url) as session, transaction(session):
        for table, rows in tables.items():
            names = ["user_id", "name", "kind"] if table.startswith("named") else ["id", "kind"]
            session.copy(table.partition(" ")[0], rows, names)
    return Database(database_url, name="shop")


@pytest.fixture
def opens(database: Database, close: Callable[[RowsSource], RowsSource]) -> Any:
    shop = Shop(database.url, close)

    def source(sql: str, key: Any, records: int) -> PartOfSource:
        return SpreadRecords.of(shop.rows(sql, key=key), records)

    return source


@pytest.mark.parametrize("records", [40, 640])
@pytest.mark.parametrize(
    ("sql", "key"),
    [
        ("select id, kind from numbered", "id"),
        ("select user_id, name, kind from named", ("user_id", "name")),
    ],
)
def test_a_sample_of_a_table_is_like_the_whole(
    opens: Any, sql: str, key: Any, records: int
) -> None:
    chunks = read(opens(sql, key, records), chunk=100)
    kinds = Counter(row.kind for chunk in chunks for row in chunk.values)

    assert records == sum(kinds.values()), "as many as were asked for"
    assert 0.35 * records <= kinds["old"] <= 0.65 * records
    assert all(chunk.read <= 100 for chunk in chunks)


def test_rows_that_a_query_leaves_out_are_made_up_for(opens: Any) -> None:
    sql = "select id, kind from numbered where id between 1000001000 and 1000001199"
    found = [row.id for chunk in read(opens(sql, "id", 64), chunk=100) for row in chunk.values]

    assert 64 == len(found) == len(set(found))


def test_a_key_that_some_rows_lack_is_no_place(database: Database, opens: Any) -> None:
    with opened(database.url) as session:
        session.script("create table mailed (id integer primary key, address varchar(40) unique)")
    with opened(database.url) as session, transaction(session):
        rows = [(n, f"{n:04}" if n % 2 else None) for n in range(ROWS)]
        session.copy("mailed", rows, ["id", "address"])
    sql = "select id, address from mailed where address is not null"
    found = [
        row.address for chunk in read(opens(sql, "address", 100), chunk=10) for row in chunk.values
    ]

    assert 100 == len(found) == len(set(found))
    assert min(found) < "0400", "from the beginning"
    assert max(found) > "1600", "and from the end"


def test_many_small_chunks_do_not_ask_for_as_many_places(opens: Any) -> None:
    chunks = read(opens("select id, kind from numbered", "id", ROWS // 2), chunk=1)

    assert ROWS // 2 == sum(chunk.read for chunk in chunks)


def test_a_sample_as_large_as_the_table_is_nearly_all_of_it(opens: Any) -> None:
    source = opens("select id, kind from numbered", "id", ROWS)
    found = [row.id for chunk in read(source, chunk=100) for row in chunk.values]

    assert ROWS * 0.9 <= len(found) == len(set(found)) <= ROWS


def test_rows_of_several_places_are_read_again_as_one_chunk(opens: Any) -> None:
    (chunk,) = read(opens("select id, kind from numbered", "id", 40), chunk=100)
    origins = [3, 17, 39]
    assert chunk.reread is not None
    again = chunk.reread(origins)

    assert origins == list(again.origins)
    assert [chunk.values[at] for at in origins] == list(again.values)
    assert list(map(chunk.raw, origins)) == list(map(again.raw, origins))
    assert list(map(chunk.cursor, origins)) == list(map(again.cursor, origins))
    assert chunk.rows is not None
    assert again.rows is not None
    assert [chunk.rows[at] for at in origins] == [again.rows[at] for at in origins]


@pytest.mark.parametrize("key", ["id", ("kind", "id")])
def test_where_no_places_are_known_it_is_the_beginning(opens: Any, key: Any) -> None:
    sql = "select n.id, n.kind from numbered n join named m on m.user_id = n.id and m.name = 'n0'"
    source = opens(sql, key, 40)
    found = [row.id for chunk in read(source, chunk=100) for row in chunk.values]

    assert 1 == source.places
    assert list(range(40)) == sorted(found)


@pytest.mark.parametrize(
    "columns",
    [
        "(id integer primary key not null, part integer) without rowid",
        "(id integer primary key, rowid integer)",  # of the user's own: it finds no row
    ],
)
def test_a_table_without_rowids_is_read_from_its_beginning(
    sqlite_url: str, close: Callable[[RowsSource], RowsSource], columns: str
) -> None:
    shop = Shop(sqlite_url, close)
    shop.script(f"create table w {columns}")
    with opened(sqlite_url) as session, transaction(session):
        session.execute(
            "insert into w with recursive s (n) as (select 1 union all select n + 1 from s"
            " where n < 70000) select n, n % 2 from s"
        )
    chunks = read(SpreadRecords.of(shop.rows("select id from w"), 5), chunk=10)

    assert [1, 2, 3, 4, 5] == [row.id for chunk in chunks for row in chunk.values]


# ---------------------------------------------------------------- files that nobody has counted

LINES = [
    "{n},plain\n",
    '{n},"with, comma"\n',
    '{n},"two\nlines"\n',
    '{n},"a ""quote"" \n""and\n"",\nlines"\n',
    "{n},\n",
    '"{n}",x\n',
]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_row_is_found_behind_any_byte(tmp_path: Path, seed: int, end: str) -> None:
    chance = random.Random(seed)
    rows = [chance.choice(LINES).format(n=n).replace("\n", end) for n in range(200)]
    text = "id,note\n" + "".join(rows)
    path = tmp_path / "f.csv"
    path.write_bytes(text.encode())
    begins = {
        len(before.encode()): before.count("\n") + 1
        for before in ("id,note\n" + "".join(rows[:n]) for n in range(200))
    }
    offsets = sorted(chance.randrange(8, len(text)) for _ in range(20))
    with path.open("rb") as stream:
        found = list(places_behind(stream, CsvDialect(), offsets, Place(8, 2)))

    assert len(found) > 5
    for place in found:
        assert begins.get(place.offset) == place.line


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have small files read by columns, in many blocks."""
    monkeypatch.setattr(by_columns, "COLUMNAR_BYTES_MIN", 0)
    monkeypatch.setattr(by_columns, "BLOCK_BYTES", 300)


@pytest.mark.slow
@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("records", [20, 300])
def test_a_sample_of_files_is_like_the_whole_and_each_record_as_it_stands(
    tmp_path: Path, records: int
) -> None:
    paths = []
    for number, rows in enumerate([500, 1_000]):
        paths.append(tmp_path / f"{number}.csv")
        lines = [LINES[n % len(LINES)].format(n=n) for n in range(rows)]
        lines[7] = "1,2,3\n"  # too many fields
        paths[-1].write_text("id,note\n" + "".join(lines))
    root = files.csv(paths).root
    assert isinstance(root, FileRoot)
    source = ScannedSource.of(root, looks_at)
    assert source is not None
    wholes = [source.read(part) for part in source.ranges(source.whole(), 10**6)]
    every = {one.cursor(at): one.raw(at) for one in wholes for at in range(one.read)}
    assert [500, 1_000] == [one.read for one in wholes]

    chunks = read(SpreadRecords.of(source, records), chunk=100)
    found = {chunk.cursor(at): chunk.raw(at) for chunk in chunks for at in range(chunk.read)}

    assert records == len(found)
    assert found.items() <= every.items(), "with its own place and its own bytes"
    assert 0.2 * records <= sum(place.startswith("0.csv") for place in found) <= 0.5 * records
    numbers = [int(place.partition(":")[2]) for place in found if place.startswith("1.csv")]
    assert max(numbers) > 1_200, "from the end of the file as well"
    for chunk in chunks:
        as_bytes = chunk.as_bytes
        if as_bytes is not None and as_bytes.blocks is not None:
            good = b"".join(map(chunk.raw, chunk.origins))
            assert good == b"".join(as_bytes.blocks)
            some = range(0, len(as_bytes), 7)
            chosen = as_bytes.chosen(some)
            assert [as_bytes.value(n) for n in some] == list(chosen.values())
            assert list(chunk.values) == [v for part in as_bytes.parts() for v in part.values]


@pytest.mark.usefixtures("small_blocks")
def test_files_that_nobody_has_counted_have_an_idea_of_how_many_records_there_are(
    tmp_path: Path,
) -> None:
    paths = [tmp_path / "0.csv", tmp_path / "1.csv"]
    for path in paths:
        path.write_text("id,note\n" + "".join(LINES[n % 6].format(n=n) for n in range(3_000)))
    root = files.csv(paths).root
    assert isinstance(root, FileRoot)
    source = ScannedSource.of(root, looks_at)
    assert source is not None
    whole = source.whole()
    parts = list(source.ranges(whole, 1_000))
    about = source.about(None)
    rest = source.about(Range(parts[2].upto, whole.upto))
    shares = [source.share(part, whole) for part in parts]

    assert about is not None
    assert 6_000 == pytest.approx(about.records, rel=0.1)
    assert rest is not None
    assert 3_000 == pytest.approx(rest.records, rel=0.1)
    assert source.about(Range(whole.upto, whole.upto)) is None
    assert sum(share or 0.0 for share in shares) == pytest.approx(1.0)
    assert shares[0] == pytest.approx(1 / 6, rel=0.1)
