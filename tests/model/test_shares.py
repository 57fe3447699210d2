"""Who may begin: never over the limit, all or nothing, first come first served, nobody starved."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.errors import DefinitionError
from daybreak.model.shares import (
    Claim,
    Wait,
    decide,
    may_begin,
    read_units,
    refuse_impossible,
)

NAMES = ("cpu", "db", "net")
limits = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 5))
uses = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 6))
claims = st.lists(uses, max_size=8).map(
    lambda each: [Claim(f"step {number}", one) for number, one in enumerate(each)]
)


def used_by(held: list[Claim]) -> Counter[str]:
    total: Counter[str] = Counter()
    for claim in held:
        total.update(claim.uses)
    return total


def fits(claim: Claim, held: list[Claim], there: dict[str, int]) -> bool:
    used = used_by(held)
    return all(
        used[name] + units <= there[name] for name, units in claim.uses.items() if name in there
    )


def begun(held: list[Claim], waiting: list[Claim], there: dict[str, int]) -> list[Claim]:
    answers = decide(there, held, waiting)
    return [claim for claim, wait in zip(waiting, answers, strict=True) if wait is None]


@given(limits, claims)
def test_together_they_never_have_more_than_there_is(
    there: dict[str, int], waiting: list[Claim]
) -> None:
    """Whatever the order of arrival, and however often it is asked."""
    held: list[Claim] = []
    for number in range(len(waiting) + 1):
        ahead = [claim for claim in waiting[:number] if claim not in held]
        held += begun(held, ahead, there)

        assert all(used_by(held)[name] <= units for name, units in there.items())


@given(limits, claims, claims)
def test_a_claim_begins_with_all_it_uses_or_says_what_it_waits_for(
    there: dict[str, int], first: list[Claim], waiting: list[Claim]
) -> None:
    held = begun([], first, there)
    for claim, wait in zip(waiting, decide(there, held, waiting), strict=True):
        if wait is None:
            assert fits(claim, held, there)
            held.append(claim)
        else:
            assert wait.limit in claim.uses.keys() & there.keys()
            assert wait.ahead or wait.in_use + wait.wanted > wait.units
            assert used_by(held)[wait.limit] == wait.in_use


@given(limits, claims, claims)
def test_who_may_begin_is_the_same_with_reasons_and_without(
    there: dict[str, int], first: list[Claim], waiting: list[Claim]
) -> None:
    held = begun([], first, there)
    reasons = decide(there, held, waiting)

    assert [reason is None for reason in reasons] == may_begin(there, held, waiting)


@given(limits, claims)
def test_nobody_passes_one_who_waits_at_the_same_limit(
    there: dict[str, int], waiting: list[Claim]
) -> None:
    """But for a claim of more than there is, which is in nobody's way."""
    ahead: set[str] = set()
    for claim, wait in zip(waiting, decide(there, [], waiting), strict=True):
        if wait is None:
            assert not ahead & claim.uses.keys()
        elif not wait.is_for_ever and fits(claim, [], there):
            ahead |= claim.uses.keys() & there.keys()


@given(limits, claims)
def test_if_nobody_is_at_work_the_first_that_can_begin_does(
    there: dict[str, int], waiting: list[Claim]
) -> None:
    """So that there is no circle in which all wait."""
    possible = [claim for claim in waiting if fits(claim, [], there)]
    first = begun([], waiting, there)

    assert first[:1] == possible[:1]


def test_a_large_claim_is_not_starved_by_small_ones_that_keep_coming(seed: int) -> None:
    """It begins as soon as those end that were at work when it came; they cannot be replaced."""
    chance = random.Random(seed)
    there = {"db": 3}
    held = [Claim(f"small {number}", {"db": 1}) for number in range(3)]
    waiting = [Claim("large", {"db": 3})]
    for number in range(3):
        waiting.append(Claim(f"late {number}", {"db": 1}))
        assert begun(held, waiting, there) == []
        held.remove(chance.choice(held))

    assert begun(held, waiting, there) == [waiting[0]]


def test_claims_end_and_all_of_them_have_begun(seed: int) -> None:
    """A whole life: whoever asks for what can be had gets it, in whatever order others end."""
    chance = random.Random(seed)
    there = {"cpu": 2, "db": 4}
    waiting = [
        Claim(
            f"step {n}",
            {
                name: chance.randint(1, there[name])
                for name in chance.sample(("cpu", "db"), 1 + n % 2)
            },
        )
        for n in range(40)
    ]
    held: list[Claim] = []
    while waiting:
        for claim in begun(held, waiting, there):
            waiting.remove(claim)
            held.append(claim)
        assert held, "nobody is at work, and nobody may begin"
        held.remove(chance.choice(held))


@pytest.mark.parametrize(
    ("waiting", "said"),
    [
        ({"db": 1}, "db: 2 of 2 in use by run 7 step load"),
        ({"db": 2}, "db: wants 2, 2 of 2 in use by run 7 step load"),
        ({"db": 3}, "db: wants 3, the limit is 2 by now"),
        ({"db": 1, "net": 1}, "db: 2 of 2 in use by run 7 step load"),
        ({"net": 9}, None),
    ],
)
def test_a_claim_says_what_it_waits_for(waiting: dict[str, int], said: str | None) -> None:
    held = [Claim("run 7 step load", {"db": 2})]
    (wait,) = decide({"db": 2}, held, [Claim("run 8 step load", waiting)])

    assert said == (None if wait is None else str(wait))


def test_who_came_first_is_named() -> None:
    held = [Claim("run 7 step load", {"db": 1})]
    waiting = [Claim("run 8 step close", {"db": 2}), Claim("run 9 step load", {"db": 1})]

    assert (
        Wait("db", 2, 1, 1, ("run 7 step load",), ("run 8 step close",))
        == decide({"db": 2}, held, waiting)[1]
    )
    assert "db: 1 of 2 in use by run 7 step load; run 8 step close came first" == str(
        decide({"db": 2}, held, waiting)[1]
    )


# ---------------------------------------------------------------- what is written down


@pytest.mark.parametrize(
    "given", [{"": 1}, {" db": 1}, {"d\nb": 1}, {"db": 0}, {"db": -1}, {"db": True}, {"db": 1.5}]
)
def test_a_name_or_number_that_means_nothing_is_refused(given: dict[str, int]) -> None:
    with pytest.raises(DefinitionError, match="uses") as caught:
        read_units("uses", given)
    assert caught.value.hint


def test_what_was_read_does_not_change_with_what_was_given() -> None:
    given = {"db": 2}
    read = read_units("uses", given)
    given["db"] = 9

    assert {"db": 2} == read


def test_a_limit_of_the_job_that_is_misspelled_is_refused_with_the_one_that_is_meant() -> None:
    with pytest.raises(DefinitionError, match="step load uses 'dbs', which is no limit") as caught:
        refuse_impossible("load", {"dbs": 1}, {"db": 4})
    assert "did you mean 'db'?" == caught.value.hint


def test_more_than_the_jobs_limit_is_refused() -> None:
    with pytest.raises(DefinitionError, match="step load uses 5 of 'db', but the job's limit is 4"):
        refuse_impossible("load", {"db": 5}, {"db": 4})


def test_without_limits_of_its_own_a_job_may_use_those_of_its_ledger() -> None:
    refuse_impossible("load", {"db": 5}, {})
