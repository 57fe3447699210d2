"""Each type has its grammar in files, stricter than Python's and pydantic's.

Full-width and Arabic digits are written as escapes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daybreak.connectors.csv_grammar import GRAMMARS, Ungrammatical

EXAMPLES = settings().max_examples  # few in `make check`
seeded = settings(derandomize=True, max_examples=2 * EXAMPLES, deadline=None, database=None)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("int", "0", 0),
        ("int", "-007", -7),
        ("int", "+5", 5),
        ("float", "1", 1.0),
        ("float", ".5", 0.5),
        ("float", "5.", 5.0),
        ("float", "-1.5e-3", -0.0015),
        ("decimal", "1.50", Decimal("1.50")),
        ("bool", "true", True),
        ("bool", "false", False),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("datetime", "2013-01-31T05:00", datetime(2013, 1, 31, 5)),  # noqa: DTZ001 - as written
        ("datetime", "2013-01-31 05:00:01.5", datetime(2013, 1, 31, 5, 0, 1, 500_000)),  # noqa: DTZ001
        ("datetime", "2013-01-31T05:00:00Z", datetime(2013, 1, 31, 5, tzinfo=UTC)),
        ("datetime", "2013-01-31 05:00:00+00", datetime(2013, 1, 31, 5, tzinfo=UTC)),
        (
            "datetime",
            "2013-01-31T05:00:00+09:00",
            datetime(2013, 1, 31, 5, tzinfo=timezone(timedelta(hours=9))),
        ),
    ],
)
def test_a_text_of_the_grammar_becomes_its_value(kind: str, text: str, expected: object) -> None:
    found = GRAMMARS[kind](text)

    assert expected == found
    assert type(expected) is type(found)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(
            ("int", text)
            for text in ["", " 1", "1 ", "1_000", "\uff11", "\u0663", "1.0", "1e3", "0x1", "--1"]
        ),
        ("int", "9" * 4301),
        *(
            ("float", text)
            for text in ["", ".", "nan", "inf", "1_0", "\uff11", "1,5", " 1", "1e", "1e999"]
        ),
        *(("decimal", text) for text in ["", ".", "NaN", "1e3", "1_0", "\uff11", "1,5"]),
        *(("bool", text) for text in ["", "True", "TRUE", "t", "yes", "1", "0"]),
        *(
            ("date", text)
            for text in [
                "",
                "1700000000",
                "20240229",
                "2023-02-29",
                "2024-2-9",
                "\uff12\uff10\uff12\uff14-02-29",
            ]
        ),
        ("date", "2024-02-29T00:00:00"),
        *(
            ("datetime", text)
            for text in ["", "1700000000", "2024-02-29", "2024-02-29T24:00", "2024-02-30T00:00"]
        ),
        ("datetime", "2024-02-29T00:00:00.1234567"),
        ("datetime", "2024-02-29T00:00:00 Z"),
    ],
)
def test_any_other_text_is_refused_with_a_reason_that_does_not_quote_it(
    kind: str, text: str
) -> None:
    with pytest.raises(Ungrammatical) as raised:
        GRAMMARS[kind](text)

    assert len(text) < 3 or text not in str(raised.value)


@seeded
@given(st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.datetimes())
def test_what_python_writes_is_read_as_it_was(value: object) -> None:
    if isinstance(value, Decimal):
        assert value == GRAMMARS["decimal"](f"{value:f}")
    elif isinstance(value, datetime):
        assert value == GRAMMARS["datetime"](value.isoformat())
        assert value.date() == GRAMMARS["date"](value.date().isoformat())
    else:
        assert value == GRAMMARS["int"](str(value))


@seeded
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_read_as_it_was_written(value: float) -> None:
    assert value == GRAMMARS["float"](repr(value))
