"""One reading that checks, divides and loads gives what an index and the row reader give."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, Field

from daybreak import files
from daybreak.check import by_columns
from daybreak.check.by_columns import looks_at
from daybreak.connectors.file_root import FileRoot
from daybreak.connectors.file_source import FileSource
from daybreak.connectors.scanned_source import ScannedSource
from daybreak.errors import SourceChanged, SourceError
from daybreak.model.chunk import ChunkInput, Kept
from daybreak.model.ranges import Range, breaks, gaps

FAST, ALL = 2, 60
CASES = [
    *range(FAST),
    *(pytest.param(number, marks=pytest.mark.slow) for number in range(FAST, ALL)),
]
"""Seeds: few in `make check`, all in `make test`."""


class Item(BaseModel):
    id: Annotated[int, Field(gt=0)]
    price: Annotated[Decimal, Field(decimal_places=2)] | None
    day: date
    at: datetime
    name: Annotated[str, Field(alias="Name", max_length=9)]
    note: str | None


@dataclass(frozen=True)
class ItemRow:
    id: int
    price: Decimal | None
    day: date
    at: datetime
    Name: str
    note: str | None


class Shouted(BaseModel):
    """A model whose values are not its texts, so that there are no bytes for a database."""

    id: int
    Name: Annotated[str, AfterValidator(str.upper)]


NAMES = "id,price,day,at,Name,note"
TAIL = "1.50,2024-02-29,2024-02-29T01:02:03+09:00"
ROWS = [
    *[f"{n},{TAIL},a{n},\n" for n in range(1, 6)],
    f"+002,{TAIL},日本,x\n",
    f'3,{TAIL},"q""q","two\nlines, and more"\n',
    "4,,0001-01-01,2024-02-29 01:02,b, \n",
    f"0,{TAIL},a,\n",  # not above 0, for one of the models
    f"6,{TAIL},,\n",  # lacks its name
    "7,x\n",
    f'8,{TAIL},"open,\n',
    f'9,{TAIL},a,"\n\\.\n"\n',
    "\n",
    f"{'1' * 40},{TAIL},a,{'y' * 120}\n",  # longer than a record may be
]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have small files read by columns, in many blocks."""
    monkeypatch.setattr(by_columns, "COLUMNAR_BYTES_MIN", 0)
    monkeypatch.setattr(by_columns, "BLOCK_BYTES", 300)


def root_of(*paths: Path, model: Any = Item, **dialect: Any) -> FileRoot:
    root = files.csv(paths, model, **dialect).root
    assert isinstance(root, FileRoot)
    return root


def scanned(root: FileRoot) -> ScannedSource:
    source = ScannedSource.of(root, looks_at)
    assert source is not None
    return source


def written(folder: Path, rows: list[str], name: str = "f.csv") -> Path:
    path = folder / name
    path.write_bytes((NAMES + "\n" + "".join(rows)).encode())
    return path


def fates(chunks: list[ChunkInput]) -> list[tuple[Any, ...]]:
    """Return what became of every record, in order, wherever chunks begin."""
    found = []
    for chunk in chunks:
        good = dict(zip(chunk.origins, chunk.values, strict=True))
        bad = {one.origin: [*one.findings] for one in chunk.refused}
        assert sorted([*good, *bad]) == [*range(chunk.read)]
        found += [
            (type(good.get(at)), good.get(at), bad.get(at), chunk.raw(at), chunk.cursor(at))
            for at in range(chunk.read)
        ]
    return found


def read(source: ScannedSource | FileSource, records: int) -> list[ChunkInput]:
    return [source.read(part) for part in source.ranges(source.whole(), records)]


@pytest.mark.parametrize("seed", CASES)
def test_every_record_has_the_fate_that_reading_row_by_row_gives_it(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    paths = []
    for number in range(chance.randrange(1, 4)):
        rows = chance.choices(ROWS, k=chance.randrange(1, 60))
        if chance.random() < 0.3:
            rows = [row.replace("\n", "\r\n") for row in rows]
        if chance.random() < 0.3:
            rows[-1] = rows[-1].rstrip("\n")
        paths.append(written(tmp_path, rows, f"{number}.csv"))
    model = chance.choice([Item, ItemRow, Shouted])
    root = root_of(*paths, model=model, max_record_bytes=150)
    records = chance.randrange(1, 30)

    source = scanned(root)
    chunks = read(source, records)

    expected = read(FileSource(root, tmp_path / "run"), records)
    assert fates(expected) == fates(chunks)
    assert all(chunk.read <= records for chunk in chunks)
    for chunk in chunks:
        assert (chunk.as_bytes is None) <= (model is Shouted or b"\n\\." in whole_of(chunk)) or (
            b"\r" in whole_of(chunk)
        )
        if chunk.as_bytes is not None:
            same_as_texts(chunk)


def whole_of(chunk: ChunkInput) -> bytes:
    return b"".join(map(chunk.raw, range(chunk.read)))


def same_as_texts(chunk: ChunkInput) -> None:
    """Read the bytes with Python's own reader, and compare with the rows that are good."""
    raw = chunk.as_bytes
    assert raw is not None
    assert raw.blocks is not None
    text = b"".join(raw.blocks).decode()
    found = list(csv.reader(io.StringIO(text, newline="")))
    good = [
        next(csv.reader(io.StringIO(chunk.raw(at).decode(), newline=""))) for at in chunk.origins
    ]
    assert good == found
    assert len(good) == len(raw)
    assert raw.are_lines == (text.count("\n") == len(good))
    assert list(chunk.values) == list(raw.values())
    some = [*range(0, len(raw), 2)]
    assert [chunk.values[at] for at in some] == [
        raw.chosen(some).value(n) for n in range(len(some))
    ]
    for field in raw.shape.fields:
        values = [getattr(value, field.name) for value in chunk.values]
        assert values == list(raw.column(field.name))
        assert [values[at] for at in some] == list(raw.chosen(some).column(field.name))
    assert [row for at, row in enumerate(good) if at % 2 == 0] == list(
        csv.reader(io.StringIO(b"".join(raw.chosen(some).blocks or ()).decode(), newline=""))
    )


@pytest.mark.parametrize("seed", CASES)
def test_a_range_is_the_same_when_it_is_read_again(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    paths = [written(tmp_path, chance.choices(ROWS, k=40), name) for name in ("a.csv", "b.csv")]
    source = scanned(root_of(*paths, max_record_bytes=150))
    parts = list(source.ranges(source.whole(), 7))
    ahead = [source.read(part) for part in parts]

    again = scanned(root_of(*paths, max_record_bytes=150))

    assert [] == breaks(source.whole(), parts, source.in_order)
    assert fates(ahead) == fates([again.read(part) for part in parts])
    assert [one.digest for one in ahead] == [again.digest(part) for part in parts]
    done = [part for part in parts if chance.random() < 0.5]
    missing = gaps(source.whole(), done, source.in_order)
    rest = [part for gap in missing for part in again.ranges(gap, 5)]
    assert [] == breaks(source.whole(), [*done, *rest], source.in_order)
    by_part = dict(zip(parts, fates_by_part(ahead), strict=True))
    left = [fate for part in parts if part not in done for fate in by_part[part]]
    assert left == fates([again.read(part) for part in rest])


def fates_by_part(chunks: list[ChunkInput]) -> list[list[tuple[Any, ...]]]:
    return [fates([chunk]) for chunk in chunks]


def test_a_file_without_records_is_one_empty_range(tmp_path: Path) -> None:
    source = scanned(root_of(written(tmp_path, [])))

    parts = list(source.ranges(source.whole(), 10))

    assert [source.whole()] == parts
    assert 0 == source.read(parts[0]).read


def test_nothing_is_counted_beforehand(tmp_path: Path) -> None:
    source = scanned(root_of(written(tmp_path, ROWS)))

    assert source.total() is None


def test_a_record_set_aside_is_read_again_from_its_bytes(tmp_path: Path) -> None:
    paths = [written(tmp_path, ROWS, name) for name in ("a.csv", "b.csv")]
    source = scanned(root_of(*paths))
    part = [*source.ranges(source.whole(), 5)][-1]
    good, bad = f"77,{TAIL},a,\n".encode(), b"78,x\n"
    kept = [
        Kept(part, at, "b.csv:9", "?", raw, by_check=True) for at, raw in enumerate([bad, good])
    ]

    found = source.again(kept)

    assert [77] == [value.id for value in found.values]
    assert ([1], [0]) == (list(found.origins), [one.origin for one in found.refused])


def test_a_file_that_is_another_one_meanwhile_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS * 40)
    source = scanned(root_of(path))
    parts = source.ranges(source.whole(), 10)
    source.read(next(parts))

    path.write_bytes(path.read_bytes()[:-200])

    with pytest.raises(SourceChanged, match=r"f\.csv"):
        next(parts)


def test_rows_appended_since_are_not_read(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS[:5])
    root = root_of(path)
    whole = scanned(root).whole()
    with path.open("ab") as stream:
        stream.write(f"99,{TAIL},a,\n".encode())

    later = scanned(root)

    assert 5 == sum(later.read(part).read for part in later.ranges(whole, 2))
    behind = Range(whole.upto, later.whole().upto)
    (part,) = later.ranges(behind, 10)
    assert [99] == [value.id for value in later.read(part).values]
    assert "f.csv:7" == later.read(part).cursor(0)


def test_a_file_that_goes_on_in_the_middle_of_its_last_line_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, [*ROWS[:4], ROWS[4].rstrip("\n")])
    root = root_of(path)
    before = scanned(root).whole()
    with path.open("ab") as stream:
        stream.write(b"more\n")

    later = scanned(root)

    with pytest.raises(SourceChanged, match="last line"):
        list(later.ranges(Range(before.upto, later.whole().upto), 10))


def test_a_file_without_a_column_of_the_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("id,Name\n1,a\n")

    with pytest.raises(SourceError, match="lacks the columns price"):
        ScannedSource.of(root_of(path), looks_at)


@pytest.mark.parametrize(
    "root",
    [
        pytest.param({"trailer": files.Trailer("T")}, id="a trailer"),
        pytest.param({"encoding": "utf-16-le"}, id="cut as text"),
        pytest.param({"key": "id"}, id="rules across records"),
    ],
)
def test_what_cannot_be_scanned_is_divided_by_its_index(
    tmp_path: Path, root: dict[str, Any]
) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes((NAMES + "\n" + ROWS[0]).encode(root.get("encoding", "utf-8")))

    assert ScannedSource.of(root_of(path, **root), looks_at) is None


def test_a_file_that_is_not_there_is_left_to_who_says_so(tmp_path: Path) -> None:
    assert ScannedSource.of(root_of(tmp_path / "none.csv"), looks_at) is None
