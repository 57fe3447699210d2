"""The mutants keep up with the source: a patch that fits no more would test nothing.

Whether tests notice them is found out by `make torture-mutants`. This is not in tests/torture,
where it would notice every mutant by itself.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.mutant import Mutant, broken
from tests.torture.mutants import MUTANTS

ROOT = Path(__file__).parents[1]


def test_mutants_have_names_of_their_own() -> None:
    assert len(MUTANTS) == len({mutant.name for mutant in MUTANTS})


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_the_source_and_its_tests_exist(mutant: Mutant) -> None:
    package = ROOT / "src" / "daybreak"

    assert all(
        text != (package / file).read_text() for file, text in broken(mutant, package).items()
    )
    assert [] == [room for room in mutant.rooms if not (ROOT / "tests" / room).exists()]
