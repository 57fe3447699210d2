"""How many bad records a step may have: what can be written, and what is too many."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.errors import DefinitionError
from daybreak.model.limits import BAD_ALWAYS_ALLOWED, BadLimit

READ = st.integers(1, 10**7)
TENTHS = st.integers(0, 1000)  # of a percent


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        (0, BadLimit(records=0)),
        (100, BadLimit(records=100)),
        ("0%", BadLimit(share=Decimal(0))),
        ("0.1%", BadLimit(share=Decimal("0.001"))),
        ("20%", BadLimit(share=Decimal("0.2"))),
        ("100%", BadLimit(share=Decimal(1))),
    ],
)
def test_a_limit_is_a_count_or_a_percentage(written: int | str, limit: BadLimit) -> None:
    assert limit == BadLimit.parse(written)


@pytest.mark.parametrize(
    "written",
    [-1, True, 0.1, None, "", "5", "%", "-1%", "101%", "100.1%", "1,5%", "1 %", "5%\n", "nan%", []],
    ids=repr,
)
def test_anything_else_is_refused_with_an_example(written: Any) -> None:
    with pytest.raises(DefinitionError, match="expected max_bad to be a count") as caught:
        BadLimit.parse(written)

    assert 'write max_bad=100 or max_bad="0.1%"' == caught.value.hint


@given(TENTHS)
def test_a_percentage_reads_as_it_was_written(tenths: int) -> None:
    limit = BadLimit.parse(f"{tenths / 10}%")

    assert limit == BadLimit.parse(str(limit))


@given(st.integers(0, 1000), st.integers(0, 2000), READ)
def test_a_count_is_exceeded_by_the_next_record(most: int, bad: int, read: int) -> None:
    assert (bad > most) == BadLimit.parse(most).is_exceeded(bad, read=read, total=None)


@given(TENTHS, READ, st.data())
def test_a_share_is_of_the_total_where_it_is_known(
    tenths: int, total: int, data: st.DataObject
) -> None:
    bad = data.draw(st.integers(0, total))
    read = data.draw(st.integers(bad, total))
    limit = BadLimit.parse(f"{tenths / 10}%")
    is_too_many = bad >= BAD_ALWAYS_ALLOWED and bad * 1000 > tenths * total
    are_all = bad == total and tenths < 1000

    assert (is_too_many or are_all) == limit.is_exceeded(bad, read=read, total=total)
    assert is_too_many == limit.is_exceeded(bad, read=total, total=None)


@pytest.mark.parametrize(
    ("bad", "read", "is_exceeded"),
    [
        pytest.param(0, 0, False, id="nothing-read"),
        pytest.param(0, 5, False, id="none-bad"),
        pytest.param(9, 10, False, id="few-are-always-allowed"),
        pytest.param(1, 1, False, id="the-first-of-who-knows-how-many"),
        pytest.param(10, 1000, False, id="exactly-the-share"),
        pytest.param(11, 1000, True, id="one-more"),
    ],
)
def test_one_percent(bad: int, read: int, is_exceeded: bool) -> None:  # noqa: FBT001 - a table
    assert is_exceeded == BadLimit.parse("1%").is_exceeded(bad, read=read, total=None)


def test_few_are_too_many_if_they_are_all_there_are() -> None:
    assert BadLimit.parse("1%").is_exceeded(5, read=5, total=5)


def test_all_may_be_bad_where_that_was_written() -> None:
    assert not BadLimit.parse("100%").is_exceeded(50, read=50, total=50)


@pytest.mark.parametrize(
    ("written", "shown"), [(1000, "1,000"), ("0.10%", "0.1%"), ("20%", "20%"), ("100%", "100%")]
)
def test_a_limit_reads_as_people_write_it(written: int | str, shown: str) -> None:
    assert shown == str(BadLimit.parse(written))
