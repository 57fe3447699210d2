"""The corpus that judges the forecast keeps to its parts, and its peers know plain growth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from types import ModuleType

import numpy as np
import pytest

from bench.corpus.all_programs import FIRST_MODULES, SECOND_MODULES, THIRD_MODULES, programs_of
from bench.corpus.judging import is_right, judged
from bench.corpus.measuring import kept_points, main
from bench.corpus.program import FIRST_ROUND, PARTS, PROGRAMS, SECOND_ROUND, Part, part_of
from bench.peers.growth import METHODS, told

SIZES = np.geomspace(100, 10_000, 13)


def families_of(modules: Iterable[ModuleType]) -> set[str]:
    names = {module.__name__ for module in modules}
    return {p.family for p in PROGRAMS.values() if p.function.__module__ in names}


def test_families_were_dealt_once_and_for_all() -> None:
    """Whoever moves a family after something was tuned has seen its answers."""
    programs = [program for part in PARTS for program in programs_of(part)]

    assert len(PROGRAMS) == len(programs)
    assert {"development": 112, "calibration": 57, "test": 53} == Counter(p.part for p in programs)
    assert "development" == part_of("spills")
    assert "calibration" == part_of("joins")
    assert "calibration" == part_of("merging")
    assert "development" == part_of("markup")
    assert "test" == part_of("ledgers")


@pytest.mark.parametrize("round_of_families", [FIRST_ROUND, SECOND_ROUND], ids=["first", "second"])
def test_what_was_opened_is_development_now(round_of_families: frozenset[str]) -> None:
    assert {"calibration", "development"} == {part_of(family) for family in round_of_families}


def test_a_round_is_the_families_of_its_modules() -> None:
    """A family that is in no list is of the third round: a misspelt one would change its part."""
    assert families_of(FIRST_MODULES) == FIRST_ROUND
    assert families_of(SECOND_MODULES) == SECOND_ROUND
    assert families_of(THIRD_MODULES) == {p.family for p in programs_of("test")}


def test_the_rounds_have_no_family_in_common() -> None:
    assert FIRST_ROUND.isdisjoint(SECOND_ROUND)
    assert families_of(THIRD_MODULES).isdisjoint(FIRST_ROUND | SECOND_ROUND)


@pytest.mark.parametrize("modules", [SECOND_MODULES, THIRD_MODULES], ids=["second", "third"])
def test_a_later_round_has_what_it_was_written_for(modules: tuple[ModuleType, ...]) -> None:
    families = families_of(modules)
    programs = [p for p in PROGRAMS.values() if p.family in families]
    hidden = [p.family for p in programs if p.is_hidden]
    cliffs = [p.family for p in programs if p.is_cliff]

    assert len(hidden) >= 6
    assert len(set(hidden)) >= 3
    assert len(cliffs) >= 6
    assert len(set(cliffs)) >= 3


@pytest.mark.parametrize("part", PARTS)
def test_points_are_kept_with_the_part_of_their_program(part: Part) -> None:
    kept = set(kept_points(part)["programs"])

    assert kept <= {program.name for program in programs_of(part)}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_program_runs_at_its_smallest_size(name: str) -> None:
    program = PROGRAMS[name]
    size = program.smallest

    program.function(size if program.prepare is None else program.prepare(size))


def test_the_test_part_is_not_opened_by_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["measuring", "test"])

    with pytest.raises(SystemExit, match="opened once"):
        main()


@pytest.mark.slow
def test_kept_points_are_judged_at_every_multiple() -> None:
    kept = kept_points("development")
    one = {"programs": dict(list(kept["programs"].items())[:1])}

    (found,) = judged(json.loads(json.dumps(one)))

    assert found.program.factors == tuple(case.factor for case in found.cases)
    assert all(case.truth > 0 for case in found.cases)


@pytest.mark.parametrize("method", METHODS)
def test_a_peer_carries_a_straight_line_on(method: str) -> None:
    guess = METHODS[method](SIZES, 3 * SIZES)

    assert "n" == guess.law
    assert 300_000 == pytest.approx(guess.predict(100_000))


@pytest.mark.parametrize(
    ("said", "true", "right"),
    [
        ("n", "n", True),
        ("n^1.7", "n^1.6", True),
        ("n^1.6", "n^1.5", True),
        ("n log n", "n", False),
        ("n^1.2", "n", False),
        ("constant", "log n", False),
    ],
    ids=str,
)
def test_a_law_is_right_by_its_name_or_a_tenth_of_a_power(
    said: str, true: str, *, right: bool
) -> None:
    assert right == is_right(said, true)


@pytest.mark.parametrize(
    ("law", "offset"), [("√n", 0.2), ("n log n", 0.0), ("n^1.5", 5.0), ("constant", 1.0)]
)
def test_who_is_told_the_law_finds_the_rest(law: str, offset: float) -> None:
    shapes = {"√n": SIZES**0.5, "n log n": SIZES * np.log(SIZES), "n^1.5": SIZES**1.5}
    amounts = offset + 3e-3 * shapes.get(law, 0 * SIZES)
    guess = told(law, SIZES, amounts)

    assert guess is not None
    assert float(amounts[-1]) == pytest.approx(guess.predict(float(SIZES[-1])))


def test_who_is_told_a_law_without_one_shape_says_nothing() -> None:
    assert told("exponential", SIZES, SIZES) is None
