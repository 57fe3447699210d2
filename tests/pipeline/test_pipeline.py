"""The tree: a pipeline is an immutable value with named stages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass
from typing import Any, TypeVar

import pytest

from daybreak.errors import DefinitionError
from daybreak.pipeline import (
    Each,
    EachChunk,
    FlatMap,
    Into,
    IterableRoot,
    Map,
    Pipeline,
    Root,
    Stage,
    Work,
    source,
)

T = TypeVar("T")


def double(value: int) -> int:
    return value * 2


def is_odd(value: int) -> bool:
    return value % 2 == 1


def save(_value: Any, _tx: Any) -> None:
    """Stand for a user's function."""


@dataclass(frozen=True)
class ShelfRoot(Root):
    """A root of some other room."""

    label: str

    def __str__(self) -> str:
        return f"shelf {self.label}"


@dataclass(frozen=True)
class Shelf(Pipeline[T]):
    """A pipeline of some other room, with verbs of its own."""

    def label(self) -> str:
        assert isinstance(self.root, ShelfRoot)
        return self.root.label


numbers = source(range(4))


def test_a_verb_leaves_the_pipeline_before_it_as_it_was() -> None:
    doubled = numbers.map(double)
    odd = numbers.filter(is_odd)

    assert ([0, 1, 2, 3], [0, 2, 4, 6], [1, 3]) == (
        numbers.collect(),
        doubled.collect(),
        odd.collect(),
    )
    with pytest.raises(FrozenInstanceError):
        doubled.nodes = numbers.nodes  # type: ignore[misc]


def test_nodes_are_the_root_and_then_the_stages() -> None:
    pipeline = numbers.map(double, workers=3, ordered=False, name="twice").flat_map(range)

    assert isinstance(pipeline.root, IterableRoot)
    assert (Map("twice", double, 3, ordered=False), FlatMap("range", range)) == pipeline.inner
    assert (pipeline.root, *pipeline.inner) == pipeline.nodes


def test_equal_nodes_make_equal_pipelines() -> None:
    assert numbers.map(double) == numbers.map(double)
    assert numbers.map(double) != numbers.map(double, workers=2)
    assert hash(numbers.map(double)) == hash(numbers.map(double))


def test_stages_are_named_after_their_functions_or_verbs_and_numbered() -> None:
    pipeline = (
        numbers.map(double).map(double).filter(lambda _value: True).map(str, name="text").map(str)
    )

    assert ["double", "double-2", "filter", "text", "str"] == [
        stage.name for stage in pipeline.inner
    ]


def test_two_stages_of_one_name_are_refused() -> None:
    with pytest.raises(DefinitionError, match="two stages are named 'x'"):
        numbers.map(double, name="x").map(double, name="x")


def test_a_stage_is_replaced_with_its_neighbours_and_options_left_alone() -> None:
    pipeline = numbers.map(double, workers=2).filter(is_odd).map(str)
    replaced = pipeline.replace("double", lambda value: value + 1)

    assert ["1", "3"] == replaced.collect()
    stage = replaced.inner[0]
    assert isinstance(stage, Stage)
    assert ("double", 2) == (stage.name, stage.workers)
    assert [] == pipeline.collect()


def test_a_stage_is_inserted_after_another() -> None:
    pipeline = numbers.map(double).map(str).insert_after("double", lambda value: value + 1)

    assert ["1", "3", "5", "7"] == pipeline.collect()
    assert ["double", "map", "str"] == [stage.name for stage in pipeline.inner]


@pytest.mark.parametrize("verb", ["replace", "insert_after"])
def test_an_unknown_stage_is_an_error_that_lists_the_known(verb: str) -> None:
    exchange: Callable[..., object] = getattr(numbers.map(double).map(str), verb)
    with pytest.raises(DefinitionError, match="no stage 'x'") as caught:
        exchange("x", str)

    assert "it has: double, str" == caught.value.hint


def test_it_is_drawn_one_node_a_line() -> None:
    pipeline = numbers.map(double, workers=2).filter(lambda _value: True).tap(print, workers=4)
    unordered = pipeline.flat_map(range, workers=8, ordered=False)

    assert [
        "source range(0, 4)",
        "  map double (2 workers)",
        "  filter",
        "  tap print (4 workers)",
        "  flat_map range (8 workers, unordered)",
    ] == str(unordered).splitlines()
    assert "<Pipeline source range(0, 4) -> map double>" == repr(numbers.map(double))


def test_a_long_source_is_drawn_short() -> None:
    assert len(repr(source(list(range(100_000))))) < 100


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 0}, "workers"),
        ({"workers": -1}, "workers"),
        ({"workers": 1.5}, "workers"),
        ({"workers": True}, "workers"),
        ({"workers": 10**6}, "workers"),
        ({"wrokers": 2}, "unknown option 'wrokers'"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        numbers.map(double, **options)


def test_what_is_no_plain_function_is_refused() -> None:
    async def later(value: int) -> int:
        return value

    not_a_function: Any = 3
    with pytest.raises(DefinitionError, match="function, got 3"):
        numbers.map(not_a_function)
    with pytest.raises(DefinitionError, match="runs on the event loop"):
        numbers.map(later, on="thread")  # type: ignore[deprecated]  # pyright: ignore[reportDeprecated]


def test_what_is_no_source_is_refused() -> None:
    not_a_source: Any = 3
    with pytest.raises(DefinitionError, match="iterable or a function"):
        source(not_a_source)


def test_an_end_is_plain_data() -> None:
    pipeline = numbers.map(double)
    sink: Any = object()

    assert Work(pipeline, Into(sink)) == pipeline.into(sink)
    assert Work(pipeline, Each(save, None)) == pipeline.each(save)
    assert Work(pipeline, EachChunk(save, None)) == pipeline.each_chunk(save)
    assert "source range(0, 4)\n  map double\n  each save" == str(pipeline.each(save))


def test_other_rooms_may_have_pipelines_of_their_own() -> None:
    shelf: Shelf[int] = Shelf((ShelfRoot("top"),))

    assert "top" == shelf.label()
    assert type(shelf.map(double)) is Pipeline
    assert type(shelf.map(double).replace("double", str)) is Pipeline
    assert "shelf top\n  map double" == str(shelf.map(double))


def test_a_pipeline_without_a_root_cannot_be_made() -> None:
    with pytest.raises(AssertionError):
        Pipeline(())
    with pytest.raises(AssertionError):
        Pipeline((Map("x", double),))
