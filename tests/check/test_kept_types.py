"""Types of columns, and rules, survive being kept as JSON, or are refused when they would not."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Optional
from uuid import UUID

import pytest
from annotated_types import Ge, Len, MultipleOf
from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, ValidationError

from daybreak import Database, Pipeline, files
from daybreak.check import keep
from daybreak.check.kept_pipeline import pipeline_as_data, pipeline_from_data
from daybreak.check.kept_rules import bound
from daybreak.check.sources import check_sources
from daybreak.connectors.column_types import columns_of
from daybreak.connectors.file_root import File, FileRoot
from daybreak.connectors.file_rules import FileKey, OwnKey, TableKey
from daybreak.connectors.file_source import FileSource
from daybreak.model.limits import BadLimit


class Kind(Enum):
    SMALL = "s"
    LARGE = "l"


KEPT: list[Any] = [
    *(int, str, float, bool, bytes, Decimal, date, datetime, time, timedelta, UUID, Any, Kind),
    str | None,
    Optional[int],  # noqa: UP045 - people write it
    int | str,
    Literal["a", "b"],
    Annotated[int, Field(gt=0, le=9)],
    Annotated[int, Ge(3), MultipleOf(2)],
    Annotated[Decimal, Field(gt=Decimal("0.5"), max_digits=5, decimal_places=2)],
    Annotated[str, Field(pattern="^[A-Z]{2}$", min_length=2)] | None,
    Annotated[str, Len(2, 3)],
    Annotated[str, StringConstraints(max_length=3)],
]
REFUSED: list[Any] = [
    Annotated[str, AfterValidator(str.lower)],
    Annotated[str, StringConstraints(strip_whitespace=True)],
    Annotated[int, Field(alias="b")],
    Annotated[int, Field(default_factory=int)],
    list[int],
    Literal[Kind.SMALL],
]


VALUES: list[Any] = ["a", "AB", "s", "abcd", "", None, True, b"x", UUID(int=1), date(2024, 1, 31)]
VALUES += [0, 4, 9, 10, 0.5, float("nan"), Decimal("0.51"), Decimal("0.555"), timedelta(1), time(1)]


def outcome(adapter: TypeAdapter[Any], value: Any) -> str:
    """Return what becomes of a value, or why nothing does."""
    try:
        return repr(adapter.validate_python(value))
    except ValidationError as exc:
        return repr(exc.errors(include_url=False, include_context=False))


def root_of(pipeline: Pipeline[Any]) -> FileRoot:
    assert isinstance(pipeline.root, FileRoot)
    return pipeline.root


def kept(pipeline: File[Any], folder: Path) -> FileRoot:
    data = json.loads(json.dumps(pipeline_as_data(pipeline, str)))
    return root_of(pipeline_from_data(data, folder))


@pytest.mark.parametrize("kind", KEPT, ids=str)
def test_a_type_comes_back_as_it_was(tmp_path: Path, kind: Any) -> None:
    root = kept(files.csv("f.csv", {"a": kind}), tmp_path)

    assert root.model is not None
    columns = columns_of(root.model)
    assert columns is not None
    assert ["a"] == list(columns)
    before, after = TypeAdapter(kind), TypeAdapter(columns["a"])
    for value in VALUES:
        assert outcome(before, value) == outcome(after, value)


@pytest.mark.parametrize("kind", REFUSED, ids=str)
def test_a_type_that_would_not_come_back_is_refused(kind: Any) -> None:
    with pytest.raises(ValueError, match="the type of column 'a'"):
        pipeline_as_data(files.csv("f.csv", {"a": kind}), str)


def test_rules_come_back_and_find_their_database_by_name(tmp_path: Path) -> None:
    shop = Database("sqlite:///x.db", name="shop")
    zones = files.csv("zones.csv", {"c": str, "z": int}, key=("c", "z"))
    before = root_of(
        files.csv(
            "f.csv",
            {"id": int, "user": int, "c": str, "z": int, "amount": Decimal},
            key="id",
            references={
                "user": shop.table("users", key="no"),
                ("c", "z"): zones,
                "amount": "id",
            },
            records=(1, None),
            totals={"amount": Decimal("99.50")},
        )
    )

    rules = kept(File((before,)), tmp_path).rules

    assert (before.rules.key, before.rules.expected) == (rules.key, rules.expected)
    users, places, own = rules.references
    assert (("user",), "users.no") == (users.columns, str(users.to))
    assert isinstance(places.to, FileKey)
    assert (("c", "z"), (tmp_path / "zones.csv",)) == (places.to.columns, places.to.root.paths)
    assert OwnKey(("id",)) == own.to
    found = bound(rules, {"shop": shop}).references[0].to
    assert isinstance(found, TableKey)
    assert found.database is shop


def test_a_checked_pipeline_that_was_kept_refuses_the_same_rows(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("id\n1\n1\n")
    file = files.csv(path, {"id": Annotated[int, Field(gt=0)]}, key="id")
    after = check_sources(file, folder=tmp_path, max_bad=BadLimit.parse("100%"))

    text = keep.to_json(after, File[dict[str, Any]], tmp_path)
    again = keep.from_json(text, File[dict[str, Any]], tmp_path)

    source = FileSource(root_of(again), tmp_path)
    assert [{"id": 1}] == source.read(source.whole()).values
    assert str(tmp_path) not in text  # a run's folder may be elsewhere by then
