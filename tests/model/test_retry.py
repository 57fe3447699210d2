"""What is worth another try, and what a Retry may say."""

from __future__ import annotations

from typing import Any

import pytest

from daybreak import Retry
from daybreak.errors import (
    CheckFailed,
    DefinitionError,
    LeaseLost,
    SourceChanged,
    SourceError,
    TransientError,
)

ON_ALL = Retry(attempts=3)


@pytest.mark.parametrize(
    ("error", "is_worth"),
    [
        (ConnectionError("x"), True),
        (SourceError("x"), True),
        (TransientError("x"), True),
        (DefinitionError("x"), False),
        (CheckFailed("x"), False),
        (SourceChanged("x"), False),
        (LeaseLost("x"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_no_second_try_can_mend_is_not_tried_again(
    error: Exception, *, is_worth: bool
) -> None:
    assert is_worth == ON_ALL.is_worth(error, 1)


def test_there_are_so_many_tries_and_no_more() -> None:
    assert [True, True, False] == [ON_ALL.is_worth(OSError(), tries) for tries in (1, 2, 3)]


def test_only_the_exceptions_that_are_named_are_tried_again() -> None:
    retry = Retry(on=(ConnectionError,))

    assert retry.is_worth(ConnectionResetError(), 1)
    assert not retry.is_worth(ValueError(), 1)


def test_the_wait_doubles_up_to_its_bound() -> None:
    backoff = Retry(wait_s=1, wait_s_max=5).backoff

    assert [1, 2, 4, 5, 5] == [backoff.wait_s(tries, chance=1) for tries in range(1, 6)]


@pytest.mark.parametrize(
    "options",
    [
        {"attempts": 0},
        {"attempts": 1.5},
        {"on": ()},
        {"on": (KeyboardInterrupt,)},
        {"on": ("ValueError",)},
        {"wait_s": -1},
        {"wait_s": 31},
    ],
    ids=str,
)
def test_a_retry_that_means_nothing_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match=f"expected {next(iter(options))} of Retry") as caught:
        Retry(**options)
    assert caught.value.hint
