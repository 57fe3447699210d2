"""An import that is killed at points drawn from all that it passes ends as if undisturbed.

Rows added and rows written over, and the replay of what was set aside: the scenes of the campaign,
which kills them at random instants besides.
"""

from __future__ import annotations

import random
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from daybreak.faultpoints import FaultPoint
from tests.kinds import EVERY_KIND, TWO_KINDS

from .campaign import Case, tried
from .nursery import Nursery
from .scenes import SCENES, Expected

pytestmark = pytest.mark.slow

DRAWN = 2
CASES = [
    *product(["import", "import-replay"], TWO_KINDS, range(DRAWN)),
    *product(["import"], EVERY_KIND[2:], [0]),
]
"""Scenes, on which kinds of databases, and the numbers of the draws."""


@cache
def undisturbed(scene: str, dialect: str, socket: Path | None, nest: Nursery) -> Expected:
    return SCENES[scene].measured(dialect, socket, nest)


def is_of_work(point: FaultPoint, hits: int) -> bool:
    """Whether a point is passed by the work itself: how often others are is a matter of time."""
    return hits > 0 and point.startswith(("chunk.", "replay."))


@pytest.mark.parametrize(("scene", "dialect", "number"), CASES, indirect=["dialect"])
def test_a_kill_in_an_import_changes_nothing(
    *, scene: str, dialect: str, socket: Path | None, nest: Nursery, seed: int, number: int
) -> None:
    expected = undisturbed(scene, dialect, socket, nest)
    chance = random.Random(seed + number)
    point, hits = chance.choice([one for one in expected.hits.items() if is_of_work(*one)])
    # A busy machine tries some things twice, so that the undisturbed one may have hit more often.
    fault = f"{point}:{chance.randint(1, max(1, hits // 2))}:kill"

    verdict = tried(Case(scene, dialect, fault, None), expected, socket, nest)

    assert verdict.problem is None, f"{verdict.case}: {verdict.problem}"
    assert 1 == verdict.kills, verdict.case
