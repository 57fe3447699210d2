"""Schemas that are no classes of their own: mappings, TypedDicts, NamedTuples."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NamedTuple, NotRequired

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from daybreak import files
from daybreak.connectors.column_types import columns_of, model_of
from daybreak.connectors.file_root import File, FileRoot
from daybreak.connectors.file_source import FileSource
from daybreak.errors import DefinitionError

Id = Annotated[int, Field(gt=0)]
COLUMNS = {"id": Id, "amount": Decimal, "day": date | None, "note": str | None}


class Named(NamedTuple):
    id: Id
    amount: Decimal
    day: date | None
    note: str | None = None


class Typed(TypedDict):
    id: Id
    amount: Decimal
    day: date | None
    note: NotRequired[str]


class Model(BaseModel):
    id: Id
    amount: Decimal
    day: date | None
    note: str | None


@dataclass
class Plain:
    id: Id
    amount: Decimal
    day: date | None
    note: str | None


def read(folder: Path, file: File[Any]) -> tuple[list[Any], list[tuple[str | None, str]]]:
    assert isinstance(file.root, FileRoot)
    source = FileSource(file.root, folder)
    chunk = source.read(source.whole())
    return list(chunk.values), [
        (one.column, one.reason) for refused in chunk.refused for one in refused.findings
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "f.csv"
    found.write_text(
        "note,id,x,amount,day\nhi,1,,1.50,2024-01-31\n,2,,2,\n,0,,x,\nhi,\uff13,,1,1700000000\n,,,1,\n"
    )
    return found


def test_a_mapping_gives_dicts_of_typed_values(tmp_path: Path, path: Path) -> None:
    records, faults = read(tmp_path, files.csv(path, COLUMNS))

    assert [
        {"id": 1, "amount": Decimal("1.50"), "day": date(2024, 1, 31), "note": "hi"},
        {"id": 2, "amount": Decimal(2), "day": None, "note": None},
    ] == records
    assert [
        ("id", "should be greater than 0"),
        ("amount", "not a decimal number"),
        ("id", "not a whole number"),
        ("day", "not a date (YYYY-MM-DD)"),
        ("id", "required"),
    ] == faults


@pytest.mark.parametrize("schema", [Named, Typed, Plain, Model])
def test_every_kind_of_schema_finds_the_same_faults(
    tmp_path: Path, path: Path, schema: Any
) -> None:
    _, expected = read(tmp_path, files.csv(path, COLUMNS))
    records, faults = read(tmp_path, files.csv(path, schema))

    assert expected == faults
    assert 2 == len(records)


def test_a_named_tuple_and_a_typed_dict_are_given_as_they_are(tmp_path: Path, path: Path) -> None:
    tuples, _ = read(tmp_path, files.csv(path, Named))
    dicts, _ = read(tmp_path, files.csv(path, Typed))

    assert Named(1, Decimal("1.5"), date(2024, 1, 31), "hi") == tuples[0]
    assert isinstance(tuples[0], Named)
    assert {"id": 2, "amount": Decimal(2), "day": None} == dicts[1]  # it may be missing


def test_equal_mappings_are_one_class_and_others_are_not() -> None:
    assert model_of(COLUMNS) is model_of(dict(COLUMNS))
    assert model_of(COLUMNS) is not model_of({**COLUMNS, "id": int})
    assert model_of({"a": Annotated[int, []]}) is not None  # what cannot be hashed
    made = model_of(COLUMNS)
    assert made is not None
    assert COLUMNS == columns_of(made)
    assert columns_of(Typed) is None


@pytest.mark.parametrize(
    "schema", [{}, {"": int}, {1: int}, {"id": 7}, {"id": object()}, int, [int]]
)
def test_what_is_no_schema_is_refused(schema: Any) -> None:
    with pytest.raises(DefinitionError):
        files.csv("f.csv", schema)
