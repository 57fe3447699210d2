"""What a check has found clean is read by columns: the same records, hashes and places, sooner."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, StringConstraints

from daybreak import files
from daybreak.check.sources import check_sources
from daybreak.connectors import csv_columns, file_index
from daybreak.connectors.file_pieces import CleanSpan, pieces_of
from daybreak.connectors.file_root import File, FileRoot
from daybreak.connectors.file_source import FileSource
from daybreak.connectors.plain_model import plain_model
from daybreak.errors import SourceChanged
from daybreak.model.chunk import ChunkInput
from daybreak.model.limits import BadLimit
from daybreak.model.ranges import Range

ALL = BadLimit.parse("100%")
EXAMPLES = settings().max_examples


class Item(BaseModel):
    id: Annotated[int, Field(gt=0)]
    price: Annotated[Decimal, Field(decimal_places=2)] | None
    weight: float
    is_new: bool
    day: date
    at: datetime
    name: Annotated[str, Field(alias="Name", max_length=9)]
    note: str | None = "none"
    size: int = 7


@dataclass(frozen=True)
class ItemRow:
    id: int
    price: Decimal | None
    weight: float
    is_new: bool
    day: date
    at: datetime
    Name: str
    note: str | None
    size: int = 7


@dataclass(slots=True)
class ItemSlots:
    size: int
    id: int
    Name: str


NAMES = "id,price,weight,is_new,day,at,Name,note,size"
TAIL = ",1.50,1e3,true,2024-02-29,2024-02-29T01:02:03+09:00"
ROWS = [
    f"1{TAIL},a,,1\n",
    f"+002{TAIL},日本,x,1\r\n",
    f'3{TAIL},"q""q","line\r\nbreak, and more",1\n',
    "4,,-.5,false,0001-01-01,2024-02-29 01:02,b, ,1\n",
    f"5{TAIL},c,,\n",  # its size is the default
    f"0{TAIL},a,,1\n",  # not above 0, for one of the models
    f"6{TAIL},,,1\n",  # lacks its name
    "7,x\n",
    f'8{TAIL},"open,,1\n',
    f"9{TAIL},NA,NA,1\n",
]
GOOD = ROWS[:4]
MODELS_PLAIN = [Item, ItemRow, ItemSlots]
seeded = settings(derandomize=True, max_examples=EXAMPLES, deadline=None, database=None)


@pytest.fixture(autouse=True)
def small_stride(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a place in the index at every third record, so that small files have many."""
    monkeypatch.setattr(file_index, "INDEX_STRIDE_RECORDS", 3)


def written(folder: Path, rows: list[str], name: str = "f.csv", names: str = NAMES) -> Path:
    path = folder / name
    path.write_bytes((names + "\n" + "".join(rows)).encode())
    return path


def checked(folder: Path, *paths: Path, model: type, **dialect: Any) -> FileSource:
    pipeline: File[Any] = check_sources(
        files.csv(paths, model, **dialect), folder=folder / "checked", max_bad=ALL
    )
    assert isinstance(pipeline.root, FileRoot)
    return FileSource(pipeline.root, folder / "checked")


def unchecked(folder: Path, *paths: Path, model: type, **dialect: Any) -> FileSource:
    root = files.csv(paths, model, **dialect).root
    assert isinstance(root, FileRoot)
    return FileSource(root, folder / "unchecked")


def everything(chunk: ChunkInput) -> Any:
    """Return all that a chunk says of its records."""
    return (
        [(one, repr(one), getattr(one, "model_fields_set", None)) for one in chunk.values],
        list(chunk.origins),
        chunk.read,
        chunk.bytes_read,
        chunk.digest,
        [chunk.raw(at) for at in range(chunk.read)],
        [chunk.cursor(at) for at in range(chunk.read)],
        list(chunk.refused),
    )


def clean_records(source: FileSource) -> int:
    """Count the records that are read by columns."""
    return sum(
        len(piece)
        for part in source._parts
        for piece in pieces_of(part, 1, part.index.records)
        if isinstance(piece, CleanSpan)
    )


class TestSame:
    @seeded
    @given(
        st.lists(st.sampled_from([*GOOD, *ROWS]), max_size=30),
        st.lists(st.sampled_from(GOOD), max_size=12),
        st.integers(1, 14),
        st.sampled_from(MODELS_PLAIN),
        st.sampled_from(["", "NA"]),
    )
    def test_a_checked_file_gives_what_an_unchecked_one_gives(
        self, first: list[str], second: list[str], chunk: int, model: type, null: str
    ) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            paths = [written(folder, first, "a.csv"), written(folder, second, "b.csv")]
            ours = checked(folder, *paths, model=model, null=null)
            theirs = unchecked(folder, *paths, model=model, null=null)

            assert ours.fingerprint() == theirs.fingerprint()
            for part in ours.ranges(ours.whole(), chunk):
                assert everything(theirs.read(part)) == everything(ours.read(part))
                assert ours.digest(part) == ours.read(part).digest

    def test_what_is_clean_is_read_by_columns_and_the_rest_is_not(self, tmp_path: Path) -> None:
        rows = [*GOOD * 3, ROWS[7], *GOOD * 2]
        source = checked(tmp_path, written(tmp_path, rows), model=Item)

        assert 12 + 6 == clean_records(source)
        assert len(rows) - 1 == len(source.read(source.whole()).values)

    @pytest.mark.parametrize("rows", [GOOD[:1], GOOD[:3], GOOD])
    def test_a_file_may_end_without_a_line_end(self, tmp_path: Path, rows: list[str]) -> None:
        path = written(tmp_path, [*rows[:-1], rows[-1].rstrip("\r\n")])
        source = checked(tmp_path, path, model=Item)

        assert len(rows) == clean_records(source)
        theirs = unchecked(tmp_path, path, model=Item)
        assert everything(theirs.read(theirs.whole())) == everything(source.read(source.whole()))

    def test_one_column_with_empty_lines(self, tmp_path: Path) -> None:
        @dataclass
        class One:
            x: str | None

        path = written(tmp_path, ["a\n", "\n", "\n", "b\n", "\n"], names="x")
        ours, theirs = checked(tmp_path, path, model=One), unchecked(tmp_path, path, model=One)

        assert everything(theirs.read(theirs.whole())) == everything(ours.read(ours.whole()))

    @pytest.mark.parametrize("encoding", ["cp932", "latin-1", "utf-8"])
    def test_any_encoding_gives_the_same(self, tmp_path: Path, encoding: str) -> None:
        path = tmp_path / "f.csv"
        path.write_bytes(f"{NAMES}\n{GOOD[0] * 5}".encode(encoding))
        ours = checked(tmp_path, path, model=Item, encoding=encoding)
        theirs = unchecked(tmp_path, path, model=Item, encoding=encoding)

        assert everything(theirs.read(theirs.whole())) == everything(ours.read(ours.whole()))

    def test_without_arrow_rows_are_read_one_by_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = checked(tmp_path, written(tmp_path, GOOD), model=Item)
        expected = everything(source.read(source.whole()))
        assert 4 == clean_records(source)
        monkeypatch.setattr(csv_columns, "_has_arrow", lambda: False)

        assert 0 == clean_records(source)
        assert expected == everything(source.read(source.whole()))


class TestProof:
    def test_bytes_that_no_check_has_seen_are_refused(self, tmp_path: Path) -> None:
        """A file whose size and times are the same, and its middle another one."""
        path = written(tmp_path, GOOD * 10)
        source = checked(tmp_path, path, model=Item)
        offset = source._parts[0].index.offsets[3]
        before = path.stat()
        data = bytearray(path.read_bytes())
        data[offset : offset + 1] = b"8"
        path.write_bytes(data)
        set_times(path, before)

        with pytest.raises(SourceChanged, match="other bytes"):
            source.read(source.whole())
        assert 9 == source.read(Range.of(0, 9)).read

    def test_a_model_that_asks_for_more_now_is_asked_again(self, tmp_path: Path) -> None:
        class Narrow(BaseModel):
            id: Annotated[int, Field(gt=1)]

        class Wide(BaseModel):
            id: int

        path = written(tmp_path, ["1\n", "2\n"], names="id")
        pipeline = check_sources(files.csv(path, Wide), folder=tmp_path / "checked", max_bad=ALL)
        assert isinstance(pipeline.root, FileRoot)
        root = FileRoot((path,), Narrow, pipeline.root.format, pipeline.root.indexes)
        source = FileSource(root, tmp_path / "checked")

        assert 0 == clean_records(source)
        assert 1 == len(source.read(source.whole()).refused)


def set_times(path: Path, then: os.stat_result) -> None:
    os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))


def with_validator() -> type:
    class Model(BaseModel):
        x: Annotated[int, AfterValidator(lambda value: value + 1)]

    return Model


def with_hook() -> type:
    class Model(BaseModel):
        x: int

        def model_post_init(self, _context: Any) -> None:
            self.x += 1

    return Model


def with_private() -> type:
    class Model(BaseModel):
        x: int
        _seen: list[int] = PrivateAttr(default_factory=list)

    return Model


def with_stripping() -> type:
    class Model(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True)
        x: str

    return Model


def with_extra() -> type:
    class Model(BaseModel):
        model_config = ConfigDict(extra="allow")
        x: int

    return Model


def with_upper() -> type:
    class Model(BaseModel):
        x: Annotated[str, StringConstraints(to_upper=True)]

    return Model


def with_constructor() -> type:
    class Model(BaseModel):
        x: int

        def __init__(self, **values: Any) -> None:
            super().__init__(**values)

    return Model


def with_written_constructor() -> type:
    @dataclass
    class Model:
        x: int

    def constructor(self: Any, x: int) -> None:
        self.x = x + 1

    Model.__init__ = constructor  # type: ignore[method-assign]
    return Model


def with_post_init() -> type:
    @dataclass
    class Model:
        x: int

        def __post_init__(self) -> None:
            self.x += 1

    return Model


def with_uninitialised() -> type:
    @dataclass
    class Model:
        x: int
        y: int = field(default=1, init=False)

    return Model


def with_union() -> type:
    class Model(BaseModel):
        x: int | str

    return Model


MODELS = [
    with_validator,
    with_hook,
    with_private,
    with_stripping,
    with_extra,
    with_upper,
    with_constructor,
    with_written_constructor,
    with_post_init,
    with_uninitialised,
    with_union,
]


@pytest.mark.parametrize("make", MODELS)
def test_a_model_with_code_of_its_own_is_asked_again(make: Callable[[], type]) -> None:
    """What it makes of a text could be anything, and another thing at the time of the load."""
    assert plain_model(make()) is None


def test_plain_models_are_known_by_what_they_ask() -> None:
    """Another bound is another model."""

    def of(bound: int) -> Iterator[str]:
        class Model(BaseModel):
            x: Annotated[int, Field(gt=bound)]

        plain = plain_model(Model)
        assert plain is not None
        yield plain.digest

    assert list(of(1)) == list(of(1))
    assert list(of(1)) != list(of(2))
    assert all(map(plain_model, MODELS_PLAIN))
