"""Which run a command means: equal identities have one key, different ones never share it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.model.identity import Identity

THIS = Identity(
    "orders",
    {"url": "a.csv", "month": "2026-01"},
    {"shop": "sqlite:///shop.db"},
    date(2026, 1, 2),
)
NAMES = st.text(min_size=1, max_size=5)
TEXTS = st.dictionaries(NAMES, st.text(max_size=5), max_size=4)
IDENTITIES = st.builds(Identity, NAMES, TEXTS, TEXTS, st.none() | st.dates(), st.integers(1, 10**6))


@given(IDENTITIES, IDENTITIES)
def test_keys_are_equal_exactly_when_identities_are(one: Identity, other: Identity) -> None:
    assert (one == other) == (one.key == other.key)


@given(IDENTITIES)
def test_the_order_of_parameters_and_databases_does_not_matter(one: Identity) -> None:
    turned = replace(
        one,
        parameters=dict(reversed(list(one.parameters.items()))),
        databases=dict(reversed(list(one.databases.items()))),
    )

    assert one.key == turned.key
    assert one.family == turned.family


@pytest.mark.parametrize(
    "change",
    [
        {"job": "order"},
        {"parameters": {"url": "b.csv", "month": "2026-01"}},
        {"parameters": {"url": "a.csv"}},
        {"parameters": {}},
        {"databases": {"shop": "sqlite:///other.db"}},
        {"databases": {"other": "sqlite:///shop.db"}},
        {"parameters": THIS.databases, "databases": THIS.parameters},
    ],
    ids=["job", "value", "one-less", "none", "database", "its-name", "exchanged"],
)
def test_a_run_of_something_else_has_another_key_and_family(change: dict[str, Any]) -> None:
    other = replace(THIS, **change)

    assert THIS.key != other.key
    assert THIS.family != other.family


@pytest.mark.parametrize(
    "change",
    [{"night": date(2026, 1, 3)}, {"night": None}, {"number": 2}],
    ids=["another-night", "no-night", "again"],
)
def test_another_night_or_number_is_another_run_of_the_same_family(change: dict[str, Any]) -> None:
    other = replace(THIS, **change)

    assert THIS.key != other.key
    assert THIS.family == other.family


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, "1"), (1, True), (None, "null"), ([1, 2], "[1,2]"), (0.5, "0.5")],
    ids=repr,
)
def test_values_of_different_types_are_different_parameters(one: Any, other: Any) -> None:
    keys = {replace(THIS, parameters={"x": value}).key for value in (one, other)}

    assert 2 == len(keys)


def test_a_key_is_the_same_in_every_release_for_it_stands_in_databases() -> None:
    assert "69a0e13c8b5830dde62f7f04a3d38b82" == THIS.key
