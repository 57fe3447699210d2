"""What a task gave comes back after a restart as it was, or is refused when it is kept."""

from __future__ import annotations

import inspect
import json
import os
import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pytest
from pydantic import BaseModel, Field

from daybreak import Database, Secret, files
from daybreak.check.keep import from_json, to_json
from daybreak.check.sources import check_sources
from daybreak.databases.nodes import RowsRoot
from daybreak.errors import DefinitionError, SourceChanged
from daybreak.model.limits import BadLimit
from daybreak.pipeline import Pipeline, source


class Item(BaseModel):
    id: int


class Two(NamedTuple):
    items: Pipeline[Item]
    path: Path
    note: str = ""


@dataclass
class Boxed:
    paths: list[Path]
    count: int


@dataclass
class Figures:
    total: Decimal
    on: date


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `Item` be what an import of a module beside the job's file gives."""
    module = types.ModuleType("beside_the_job")
    module.Item = Item  # type: ignore[attr-defined]
    monkeypatch.setattr(Item, "__module__", module.__name__)
    monkeypatch.setitem(sys.modules, module.__name__, module)


def again(value: object, annotation: object, folder: Path) -> Any:
    return from_json(to_json(value, annotation, folder), annotation, folder)


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (None, None),
        (None, type(None)),
        (True, bool),
        (2**100, int),
        (1.5, float),
        (Decimal("1.50"), Decimal),
        ("é", str),
        (date(2024, 1, 31), date),
        (datetime(2024, 1, 31, 1, 2, 3, 4, tzinfo=UTC), datetime),
        (timedelta(days=1, microseconds=1), timedelta),
        ([1, 2], list[int]),
        ((1, "a"), tuple[int, str]),
        ([1, "a", None], Sequence[Any]),
        ({"a": [1.5]}, Mapping[str, Any]),
        ({1: date(2024, 1, 31)}, dict[int, date]),
        (3, int | None),
        (None, int | None),
        (5, Annotated[int, Field(ge=0)]),
        (Item(id=1), Item),
        (Figures(Decimal("0.10"), date(2024, 1, 31)), Figures),
        ([1], inspect.Parameter.empty),
    ],
)
def test_ordinary_values_come_back_equal(value: object, annotation: object, tmp_path: Path) -> None:
    found = again(value, annotation, tmp_path)

    assert value == found
    assert type(value) is type(found)


@pytest.mark.parametrize(
    ("value", "annotation", "why"),
    [
        ("x", int, "cannot be kept as int"),
        (object(), Any, "cannot be kept as Any"),
        (float("nan"), float, "cannot be kept as float"),
        ((1, 2), Any, r"\(1, 2\) would come back as \[1, 2\]"),
        ({"on": date(2024, 1, 31)}, Mapping[str, Any], "would come back as"),
        ("f", Path, "'f' is no Path"),
        (Path("/no/such/file"), Path, "does not exist"),
        (None, Path, "None is no Path"),
        ([Path("/no")], list[Path], "does not exist"),
        (source([1]), Pipeline[int], "is more than files"),
        (files.csv("f.csv").map(len), Pipeline[int], "is more than files"),
        (3, Pipeline[int], "is no pipeline"),
        (3, Two, "3 is no"),
        ({1: Path("/")}, dict[str, Path], "no dict with text for keys"),
        (Path("/"), Path | Pipeline[int], "it may be of several types"),
        (1, lambda: 1, "cannot be kept"),
    ],
)
def test_what_would_not_come_back_is_refused_with_its_annotation(
    value: object, annotation: object, why: str, tmp_path: Path
) -> None:
    with pytest.raises(DefinitionError, match=why) as raised:
        to_json(value, annotation, tmp_path)

    assert inspect.formatannotation(annotation) in str(raised.value)


class TestPaths:
    def test_one_inside_the_run_moves_with_it(self, tmp_path: Path) -> None:
        run = tmp_path / "run"
        run.mkdir()
        (run / "f.csv").write_text("a")
        text = to_json(run / "f.csv", Path, run)

        run.rename(tmp_path / "moved")

        assert tmp_path / "moved" / "f.csv" == from_json(text, Path, tmp_path / "moved")

    def test_one_outside_is_absolute(self, tmp_path: Path) -> None:
        (tmp_path / "f.csv").write_text("a")

        assert tmp_path / "f.csv" == again(tmp_path / "f.csv", Path, tmp_path / "run")

    def test_the_run_folder_itself_may_be_given(self, tmp_path: Path) -> None:
        assert tmp_path == again(tmp_path, Path, tmp_path)

    def test_a_changed_file_is_refused_with_the_difference(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_text("a")
        text = to_json(path, Path, tmp_path)
        path.write_text("ab")

        with pytest.raises(SourceChanged, match="size was 1, is 2"):
            from_json(text, Path, tmp_path)

    def test_every_file_of_a_folder_is_verified(self, tmp_path: Path) -> None:
        inner = tmp_path / "data" / "deep" / "f.csv"
        inner.parent.mkdir(parents=True)
        inner.write_text("a")
        text = to_json(tmp_path / "data", Path, tmp_path)
        assert tmp_path / "data" == from_json(text, Path, tmp_path)
        before = inner.stat()
        inner.write_text("b")
        os.utime(inner, ns=(before.st_atime_ns, before.st_mtime_ns))

        with pytest.raises(SourceChanged, match="its beginning has other bytes"):
            from_json(text, Path, tmp_path)

    def test_one_that_is_gone_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_text("a")
        text = to_json(path, Path, tmp_path)
        path.unlink()

        with pytest.raises(SourceChanged, match=r"f\.csv is gone"):
            from_json(text, Path, tmp_path)


class TestPipelines:
    def test_a_checked_one_comes_back_with_its_model_and_index(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_text("id\n1\n")
        file = files.csv(path, Item, delimiter=";", null="NA")
        checked = check_sources(file, folder=tmp_path, max_bad=BadLimit.parse(0))

        assert checked == again(checked, Pipeline[Item], tmp_path)
        assert file == again(file, files.File[Item], tmp_path)
        assert files.csv(path) == again(files.csv(path), Pipeline[dict[str, str]], tmp_path)

    def test_structures_of_them_come_back(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_text("id\n1\n")
        item = files.csv(path, Item)
        two = Two(item, path, "n")

        for value, annotation in [
            (two, Two),
            ([item, item], list[Pipeline[Item]]),
            ((item, 1), tuple[Pipeline[Item], int]),
            ((item,), tuple[Pipeline[Item], ...]),
            ({"a": two}, dict[str, Two]),
            (Boxed([path], 2), Boxed),
            (None, Two | None),
            (two, Two | None),
            (path, Annotated[Path, "where"]),
        ]:
            assert value == again(value, annotation, tmp_path), annotation

    def test_a_model_that_no_import_gives_is_refused(self, tmp_path: Path) -> None:
        class Local(BaseModel):
            id: int

        with pytest.raises(DefinitionError, match="put it into a module beside the job's file"):
            to_json(files.csv("f.csv", Local), Pipeline[Local], tmp_path)

    def test_a_model_that_was_moved_meanwhile_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        text = to_json(files.csv(tmp_path / "f.csv", Item), Pipeline[Item], tmp_path)
        monkeypatch.delitem(sys.modules, "beside_the_job")

        with pytest.raises(DefinitionError, match="beside_the_job:Item cannot be imported"):
            from_json(text, Pipeline[Item], tmp_path)


@pytest.mark.parametrize(
    ("data", "annotation"),
    [
        ("x", int),
        ([1], Path),
        ({}, Two),
        ({"items": 1}, Two),
        (1, list[Path]),
        ([1], tuple[Path, int]),
        ([], dict[str, Path]),
        ({"csv": []}, Pipeline[Item]),
        (1, Pipeline[Item]),
    ],
)
def test_a_text_of_another_annotation_is_refused(
    data: object, annotation: object, tmp_path: Path
) -> None:
    with pytest.raises(DefinitionError, match="in an earlier attempt is no"):
        from_json(json.dumps(data), annotation, tmp_path)


def test_rows_of_a_database_come_back_by_its_name(tmp_path: Path) -> None:
    """What a task gives may be a query: its key, its binds in their types, and its model."""
    database = Database("sqlite:///x.db", name="shop")
    month = date(2024, 5, 1)
    rows = database.rows(
        "select id from items where at >= :at and n = :n",
        Item,
        key="id",
        at=month,
        n=Decimal("1.0"),
    )

    root = again(rows, Pipeline[Item], tmp_path).root

    assert isinstance(root, RowsRoot)
    assert "shop" == root.database.name
    assert isinstance(rows.root, RowsRoot)
    assert root == replace(rows.root, database=root.database)
    table = again(database.table("items", Item, key="id"), Pipeline[Item], tmp_path).root
    assert ("items", ("id",), Item) == (table.table, table.key, table.model)


def test_rows_with_a_secret_are_not_kept(tmp_path: Path) -> None:
    rows = Database("sqlite:///x.db").rows("select id from t where a = :a", key="id", a=Secret("x"))

    with pytest.raises(DefinitionError, match="bind a is a secret"):
        to_json(rows, Pipeline[Item], tmp_path)
