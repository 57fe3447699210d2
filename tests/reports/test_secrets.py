"""Secrets are hidden wherever they turn up."""

from __future__ import annotations

import pytest

from daybreak.model.parameters import Secret
from daybreak.reports.secrets import Mask, passwords_in, without_passwords


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:pw@host/db", "postgresql://me:***@host/db"),
        ("postgresql://:pw@host/db", "postgresql://:***@host/db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("https://host/x?token=abc&n=1", "https://host/x?token=***&n=1"),
        ("at 02:00 me@host wrote", "at 02:00 me@host wrote"),
        ("two a://u:x@h b://u:y@h", "two a://u:***@h b://u:***@h"),
    ],
)
def test_the_passwords_of_urls_are_hidden(text: str, shown: str) -> None:
    assert shown == without_passwords(text)


def test_a_password_is_known_in_both_spellings() -> None:
    assert {"p%40ss", "p@ss"} == passwords_in("postgresql://me:p%40ss@host/db")


def test_known_values_are_hidden_the_longest_first() -> None:
    mask = Mask([Secret("abc"), "abcdef", "x", ""])

    assert "*** and *** but x" == mask.hide("abcdef and abc but x")


def test_a_value_is_hidden_as_it_is_written_not_as_a_pattern() -> None:
    assert "a+b *** aab" == Mask(["a+b+"]).hide("a+b a+b+ aab")
