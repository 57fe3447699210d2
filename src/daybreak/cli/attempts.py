"""How many attempts a command may make: read before the command itself is, which is heavy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

ATTEMPTS: Final = 3
"""So many attempts in a row may die without getting on."""

OPTION: Final = "--attempts"
SUPERVISED: Final = ("run", "restart", "quarantine")
"""Commands that may do the work of steps, which may kill their process."""

REPLAY: Final = "--replay"

_HELP: Final = ("-h", "--help")


def attempts_in(words: Sequence[str]) -> int:
    """Return how many attempts a command may make; 1 means that nobody supervises it.

    Args:
        words: What was typed behind `daybreak`. A number that makes no sense is the command's to
            refuse, in its only attempt.
    """
    if not words or words[0] not in SUPERVISED or any(word in _HELP for word in words):
        return 1
    if words[0] == "quarantine" and REPLAY not in words:
        return 1
    given = str(ATTEMPTS)
    for word, next_ in zip(words, [*words[1:], ""], strict=True):
        if word == OPTION:
            given = next_
        elif word.startswith(f"{OPTION}="):
            given = word.partition("=")[2]
    return int(given) if given.isdecimal() and int(given) > 0 else 1
