"""A transient failure is waited out for so long, in growing steps; people are told that it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from daybreak.errors import DatabaseUnreachable, DataRefused, TransientError
from daybreak.execution.patience import TELL_EVERY_S, Patience
from daybreak.pipeline import Scope
from daybreak.telemetry import Event, Said, Telemetry
from tests.ledger.manual import ManualTime


@pytest.fixture
def heard() -> list[Event]:
    return []


@pytest.fixture
def telemetry(heard: list[Event]) -> Telemetry:
    telemetry = Telemetry()
    telemetry.subscribe(heard.append)
    return telemetry


def failing(times: int, error: Exception, after: Callable[[], None]) -> Callable[[], str]:
    """Return what fails so often, and takes some time at it."""
    left = [error] * times

    def act() -> str:
        after()
        if left:
            raise left.pop()
        return "done"

    return act


def test_it_is_tried_until_it_is_done(telemetry: Telemetry, heard: list[Event]) -> None:
    time = ManualTime()
    patience = Patience(time, 60, telemetry)

    assert "done" == patience.until_done(failing(3, TransientError("not now"), lambda: None))
    (said,) = heard
    assert isinstance(said, Said)
    assert "trying again for 60 s at most: not now" == said.message


def test_patience_runs_out_and_says_how_often_it_was_tried(telemetry: Telemetry) -> None:
    time = ManualTime()
    patience = Patience(time, 60, telemetry)
    act = failing(100, DatabaseUnreachable("nobody answers"), lambda: time.wait(25))

    with pytest.raises(DatabaseUnreachable, match="nobody answers") as caught:
        patience.until_done(act)
    assert ["tried 4 times in 75 s"] == caught.value.__notes__[-1:]


def test_what_will_not_pass_is_raised_at_once(telemetry: Telemetry, heard: list[Event]) -> None:
    patience = Patience(ManualTime(), 60, telemetry)

    with pytest.raises(DataRefused):
        patience.until_done(failing(1, DataRefused("never"), lambda: None))
    assert [] == heard


@pytest.mark.slow
def test_it_is_said_again_only_after_a_while(telemetry: Telemetry, heard: list[Event]) -> None:
    time = ManualTime()
    patience = Patience(time, 1000, telemetry)
    patience.until_done(failing(4, TransientError("not now"), lambda: time.wait(4)))

    assert 2 == len(heard)
    assert TELL_EVERY_S < 4 * 4


def test_a_cancelled_scope_ends_the_wait(telemetry: Telemetry) -> None:
    patience = Patience(ManualTime(), 1000, telemetry)
    raised: list[TransientError] = []

    def wait() -> None:
        try:
            patience.until_done(failing(100, TransientError("not now"), scope.cancel))
        except TransientError as error:
            raised.append(error)

    with Scope() as scope:
        scope.start(wait)
    assert ["not now"] == [str(error) for error in raised]
