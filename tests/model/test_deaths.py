"""What deaths say about ranges and records: who is tried alone, and who is guilty."""

from __future__ import annotations

from daybreak.model.deaths import (
    DEATHS_A_RANGE_MAX,
    UNEXPLAINED_MAX,
    Death,
    Guilty,
    Happened,
    Named,
    Survived,
    Suspect,
    Trial,
    Work,
    suspects_of,
)
from daybreak.model.ownership import Pass
from daybreak.model.ranges import Range

OF = Pass("load")
FIRST = Work(OF, Range.of(0, 10))
SECOND = Work(OF, Range.of(10, 20))
RECORD = Named(3, "square")
SEVERAL = Named(2, "square", 4)


def together(*works: Work) -> Death:
    return Death("SIGSEGV", works)


def alone(work: Work, named: Named | None, trial: Trial = Trial.ALONE) -> Death:
    return Death("SIGSEGV", (work,), trial, named, work if named else None)


def only(*happened: Happened) -> Suspect:
    (suspect,) = suspects_of(happened, OF)
    return suspect


def test_nobody_is_suspected_after_one_death() -> None:
    assert [] == suspects_of([together(FIRST, SECOND)], OF)


def test_only_ranges_in_flight_at_two_deaths_are_tried_alone() -> None:
    found = suspects_of([together(FIRST, SECOND), together(SECOND)], OF)

    assert [SECOND.part] == [suspect.part for suspect in found]


def test_ranges_of_another_pass_are_not_meant() -> None:
    other = Work(Pass("load", 2), FIRST.part)

    assert [] == suspects_of([together(other), together(other)], OF)


def test_a_death_alone_makes_its_record_a_candidate_and_not_yet_guilty() -> None:
    suspect = only(together(FIRST), together(FIRST), alone(FIRST, RECORD))

    assert (RECORD, ()) == (suspect.candidate, suspect.guilty)


def test_a_record_that_kills_by_itself_is_guilty() -> None:
    suspect = only(
        together(FIRST),
        together(FIRST),
        alone(FIRST, RECORD),
        alone(FIRST, RECORD, Trial.ONE_RECORD),
    )

    assert (None, (Guilty(RECORD, "killed its process: SIGSEGV"),)) == (
        suspect.candidate,
        suspect.guilty,
    )


def test_a_record_that_survives_by_itself_is_no_candidate_any_more() -> None:
    suspect = only(together(FIRST), together(FIRST), alone(FIRST, RECORD), Survived(FIRST))

    assert (None, (), 1) == (suspect.candidate, suspect.guilty, suspect.unexplained)


def test_a_death_among_several_records_makes_none_of_them_guilty() -> None:
    suspect = only(together(FIRST), together(FIRST), alone(FIRST, SEVERAL))

    assert (SEVERAL, ()) == (suspect.candidate, suspect.guilty)
    assert [2, 3, 4, 5] == list(SEVERAL.origins)
    assert ("3 to 6 in square", "4 in square") == (str(SEVERAL), str(RECORD))


def test_a_record_that_is_named_among_several_must_kill_by_itself_too() -> None:
    before = [together(FIRST), together(FIRST), alone(FIRST, SEVERAL)]
    named = [*before, alone(FIRST, RECORD)]
    proven = [*named, alone(FIRST, RECORD, Trial.ONE_RECORD)]

    assert (RECORD, ()) == (only(*named).candidate, only(*named).guilty)
    assert (None, RECORD, 0) == (
        only(*proven).candidate,
        only(*proven).guilty[0].named,
        only(*proven).unexplained,
    )


def test_records_that_kill_only_together_end_in_giving_up() -> None:
    """They are at hand at each death, and live one by one."""
    happened: list[Happened] = [together(FIRST), together(FIRST)]
    for _ in range(UNEXPLAINED_MAX):
        happened.append(alone(FIRST, SEVERAL))
        assert not only(*happened).is_hopeless
        happened.append(Survived(FIRST))

    assert only(*happened).is_hopeless


def test_a_record_that_takes_too_long_is_a_candidate_at_once() -> None:
    late = Death(
        "took longer than 5 s", (FIRST, SECOND), Trial.TOGETHER, RECORD, SECOND, is_late=True
    )

    assert (SECOND.part, RECORD) == (only(late).part, only(late).candidate)


def test_a_record_that_is_late_again_by_itself_is_set_aside_for_that() -> None:
    late = Death("took longer than 5 s", (FIRST,), Trial.TOGETHER, RECORD, FIRST, is_late=True)
    again = Death("took longer than 5 s", (FIRST,), Trial.ONE_RECORD, RECORD, FIRST, is_late=True)

    assert (Guilty(RECORD, "took longer than 5 s"),) == only(late, again).guilty


def test_a_range_that_is_cut_differently_keeps_its_deaths_and_forgets_its_records() -> None:
    shorter = Work(OF, Range.of(0, 5))
    suspect = only(together(FIRST), together(FIRST), alone(FIRST, RECORD), together(shorter))

    assert (shorter.part, 4, None) == (suspect.part, suspect.deaths, suspect.candidate)


def test_deaths_alone_that_no_record_explains_end_in_giving_up() -> None:
    before = [together(FIRST), together(FIRST)]
    deaths = [alone(FIRST, None)] * UNEXPLAINED_MAX

    assert not only(*before, *deaths[:-1]).is_hopeless
    assert only(*before, *deaths).is_hopeless


def test_no_range_kills_for_ever() -> None:
    named = [alone(FIRST, Named(n, "square")) for n in range(DEATHS_A_RANGE_MAX)]

    assert not only(*named[:-1]).is_hopeless
    assert only(*named).is_hopeless
