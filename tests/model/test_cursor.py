"""Cursors survive their text exactly, and what would not is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.errors import CursorTypeError
from daybreak.model.cursor import START, Cursor, decode, encode
from daybreak.model.parameters import Secret

# Zones of one offset each: an instant in an hour that a zone has twice equals no other by Python's
# rules. A day away from the calendar's ends, so that the instant has a date in UTC too.
ZONES = st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours)))
INSTANTS = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=ZONES,
)
PLAIN = st.one_of(
    st.integers(),
    st.text(),
    st.binary(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
    INSTANTS,
    st.uuids(),
)
CURSORS = st.recursive(PLAIN, lambda parts: st.lists(parts, max_size=4).map(tuple), max_leaves=6)


class Colour(IntEnum):
    RED = 1


def types_in(value: Any) -> Any:
    return tuple(types_in(part) for part in value) if type(value) is tuple else type(value)


@given(CURSORS)
def test_a_cursor_comes_back_equal_and_of_its_type(cursor: Cursor) -> None:
    found = decode(encode(cursor))

    assert cursor == found
    assert types_in(cursor) == types_in(found)


@given(CURSORS, CURSORS)
def test_texts_are_equal_when_cursors_and_their_types_are(one: Cursor, other: Cursor) -> None:
    are_same = one == other and types_in(one) == types_in(other)

    assert are_same == (encode(one) == encode(other))


@given(CURSORS)
def test_no_cursor_has_the_text_of_the_start(cursor: Cursor) -> None:
    assert encode(cursor) != START


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(Decimal("1.0"), Decimal("1.00"), id="digits-after-the-point"),
        pytest.param(Decimal("1E+2"), Decimal(100), id="exponent"),
        pytest.param(Decimal("-0"), Decimal("0.0"), id="zeros"),
        pytest.param(
            datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=9))),
            datetime(2026, 1, 1, tzinfo=UTC),
            id="zones",
        ),
    ],
)
def test_equal_values_that_are_written_differently_have_one_text(one: Any, other: Any) -> None:
    assert encode(one) == encode(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, "1"), (1, Decimal(1)), ("ab", b"ab"), (1, (1,)), (("a", "b"), ("a,b",))],
    ids=repr,
)
def test_values_of_different_types_have_different_texts(one: Any, other: Any) -> None:
    assert encode(one) != encode(other)


def test_a_decimal_of_many_digits_loses_none() -> None:
    many = Decimal("12345678901234567890123456789012345678901234567890.000000000000000000001")

    assert many == decode(encode(many))


@pytest.mark.parametrize(
    "refused",
    [
        None,
        True,
        1.5,
        float("nan"),
        Decimal("NaN"),
        Decimal("Infinity"),
        datetime(2026, 1, 1),  # noqa: DTZ001 - naive on purpose
        timedelta(1),
        [1],
        {"line": 1},
        Colour.RED,
        Secret("x"),
        (1, None),
        ((1, 2.0),),
    ],
    ids=repr,
)
def test_what_does_not_survive_storage_is_refused_with_what_does(refused: Any) -> None:
    with pytest.raises(CursorTypeError, match="a cursor cannot be") as caught:
        encode(refused)

    assert "use a key of int, str, bytes" in caught.value.hint


@pytest.mark.parametrize("value", [0, "", b"", Decimal(0), date.min, UUID(int=0), ()], ids=repr)
def test_the_smallest_value_of_each_type_is_a_place(value: Any) -> None:
    assert value == decode(encode(value))
