"""One stage is exchanged or added by its name, wherever it is; and how all of it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from daybreak import Retry
from daybreak.errors import DefinitionError
from daybreak.pipeline import Collect, Pipeline, Split, Stage, source
from daybreak.pipeline.nodes import chains_in

numbers = source(range(4))


def double(value: int) -> int:
    return value * 2


def first(group: list[Any]) -> list[Any]:
    return group * 2


def negate(value: int) -> int:
    return -value


def is_odd(value: int) -> bool:
    return value % 2 == 1


async def fetch(value: int) -> int:
    return value


def unchanged(records: Pipeline[Any]) -> Pipeline[Any]:
    return records


branched = (
    numbers.map(abs, name="first")
    .split(
        is_odd,
        lambda odd: odd.map(double).merge(source([10]).map(negate, workers=2)),
        lambda even: even.split(
            bool, lambda two: two.map(str, name="words"), lambda zero: zero.tap(print, name="zero")
        ),
    )
    .group(2)
    .map(list, name="last")
)


# ---------------------------------------------------------------- exchanging and adding


@pytest.mark.parametrize("name", ["first", "double", "negate", "words", "zero", "last"])
def test_a_stage_is_exchanged_wherever_it_is_and_nothing_else_changes(name: str) -> None:
    replaced = branched.replace(name, fetch)

    assert str(branched) != str(replaced) or branched != replaced
    assert stage_named(name, replaced).fn is fetch
    assert branched == replaced.replace(name, stage_named(name, branched).fn)


def stage_named(name: str, pipeline: Pipeline[Any]) -> Stage:
    def found(nodes: Any) -> list[Stage]:
        here = [node for node in nodes if isinstance(node, Stage) and node.name == name]
        inside = (found(chain) for node in nodes for chain in chains_in(node))
        return [*here, *(stage for stages in inside for stage in stages)]

    (stage,) = found(pipeline.nodes)
    return stage


def test_options_of_an_exchanged_stage_stay() -> None:
    replaced = branched.replace("negate", abs)

    assert 2 == stage_named("negate", replaced).workers


def test_stages_inside_are_exchanged_and_run() -> None:
    pipeline = numbers.split(
        is_odd,
        lambda odd: odd.map(double),
        lambda even: even.merge(source([7]).map(negate)),
    )
    replaced = pipeline.replace("double", lambda value: value * 100).replace("negate", abs)

    assert [-7, 0, 2, 2, 6] == sorted(pipeline.collect())
    assert [0, 2, 7, 100, 300] == sorted(replaced.collect())


def test_a_stage_is_added_inside_a_way_and_inside_a_merged_pipeline() -> None:
    pipeline = numbers.split(
        is_odd,
        lambda odd: odd.map(double),
        lambda even: even.merge(source([7]).map(negate)),
    )
    longer = pipeline.insert_after("double", lambda value: value + 1).insert_after("negate", abs)

    assert [0, 2, 3, 7, 7] == sorted(longer.collect())


@pytest.mark.parametrize(
    ("pipeline", "name", "expected"),
    [
        (numbers.group(2), "group", [1, 5]),
        (numbers.group(2).merge(source([[5]])), "merge", [1, 5, 5]),
        (numbers.group(2).split(bool, unchanged, unchanged), "bool", [1, 5]),
    ],
    ids=["group", "merge", "split"],
)
def test_a_stage_is_added_after_what_is_no_stage(
    pipeline: Pipeline[Any], name: str, expected: list[int]
) -> None:
    assert expected == sorted(pipeline.insert_after(name, sum).collect())


@pytest.mark.parametrize("name", ["group", "merge", "is_odd", "bool"])
def test_what_is_no_stage_cannot_be_exchanged(name: str) -> None:
    with pytest.raises(DefinitionError, match=f"'{name}' is no stage with a function"):
        branched.replace(name, abs)


@pytest.mark.parametrize("verb", ["replace", "insert_after"])
def test_a_name_that_two_stages_have_means_none_of_them(verb: str) -> None:
    twice = numbers.map(double).merge(source([1]).map(double))
    edit: Callable[..., object] = getattr(twice, verb)
    with pytest.raises(DefinitionError, match="two stages are named 'double'") as caught:
        edit("double", abs)

    assert "it has: double, merge" == caught.value.hint


def test_a_pipeline_without_stages_says_so() -> None:
    with pytest.raises(DefinitionError, match="no stage 'x'") as caught:
        numbers.replace("x", abs)

    assert "it has: no stages" == caught.value.hint


# ---------------------------------------------------------------- names


def test_what_is_added_has_a_name_of_its_own() -> None:
    pipeline = numbers.group(2).group(2).merge(numbers).merge(numbers).map(str).map(str)
    longer = pipeline.insert_after("str", str)

    assert ["group", "group-2", "merge", "merge-2", "str", "str-2"] == [
        node.name for node in pipeline.inner
    ]
    assert ["group", "group-2", "merge", "merge-2", "str", "str-3", "str-2"] == [
        node.name for node in longer.inner
    ]


def test_a_split_is_named_after_its_predicate() -> None:
    named = numbers.split(is_odd, unchanged, unchanged)
    nameless = numbers.split(lambda value: value > 1, unchanged, unchanged)

    assert ["is_odd"] == [node.name for node in named.inner]
    assert ["split"] == [node.name for node in nameless.inner]
    assert isinstance(named.inner[0], Split)


def test_a_name_that_is_taken_inside_is_taken() -> None:
    with pytest.raises(DefinitionError, match="two stages are named 'words'"):
        branched.map(list, name="words")
    assert "first-2" == branched.map(first).inner[-1].name


# ---------------------------------------------------------------- drawing


def test_a_pipeline_is_drawn_with_all_that_is_inside() -> None:
    assert [
        "source range(0, 4)",
        "  map first",
        "  split is_odd",
        "    yes",
        "    | map double",
        "    | merge",
        "    |   | source [10]",
        "    |   | map negate (2 workers)",
        "    no",
        "    | split bool",
        "    |   yes",
        "    |   | map words",
        "    |   no",
        "    |   | tap zero",
        "  group 2",
        "  map last",
    ] == str(branched).splitlines()


def test_what_a_stage_is_told_is_drawn_behind_it() -> None:
    pipeline = (
        numbers.map(fetch, workers=64, rate="200/s", timeout_s=2.5, retry=Retry(attempts=5))
        .map(double, on="process", workers="auto", ordered=False)
        .map(negate, errors=Collect())
        .group(1_000, within_s=0.5)
    )

    assert [
        "source range(0, 4)",
        "  map fetch (64 workers, on the event loop, 200/s, 5 attempts, at most 2.5 s)",
        "  map double (workers chosen while it runs, in processes, unordered)",
        "  map negate (collects errors)",
        "  group 1,000 within 0.5 s",
    ] == str(pipeline).splitlines()


def test_a_way_that_changes_nothing_is_drawn_so() -> None:
    pipeline = numbers.split(is_odd, unchanged, lambda even: even.map(str))

    assert ["  split is_odd", "    yes", "    | unchanged", "    no", "    | map str"] == (
        str(pipeline).splitlines()[1:]
    )


def test_the_short_form_is_one_line() -> None:
    assert 1 == len(repr(branched).splitlines())
    assert "group 2 -> map last" in repr(branched)
