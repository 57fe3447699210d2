"""Keeping secrets out of everything that is printed or logged.

Secret parameters and passwords are known by value when a run starts; whatever is shown afterwards
(errors of drivers repeat what they were given) is passed through a `Mask`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

SHOWN: Final = "***"
_SECRET_LENGTH_MIN: Final = 3
"""Shorter values would hide half of every text, and hide nothing that could not be guessed."""

_PASSWORD_IN_URL: Final = re.compile(r"(?<=://)([^\s/:@'\"]*):([^\s/@'\"]+)@")
_PASSWORD_IN_QUERY: Final = re.compile(r"(?i)([?&](?:password|passwd|token|secret)=)([^&\s'\"]+)")


def without_passwords(text: str) -> str:
    """Hide the password of every URL in a text; user names stay."""
    hidden = _PASSWORD_IN_URL.sub(rf"\1:{SHOWN}@", text)
    return _PASSWORD_IN_QUERY.sub(rf"\1{SHOWN}", hidden)


def passwords_in(text: str) -> set[str]:
    """Return the passwords of the URLs in a text, as written and as decoded."""
    found = [match[2] for match in _PASSWORD_IN_URL.finditer(text)]
    found += [match[2] for match in _PASSWORD_IN_QUERY.finditer(text)]
    return {form for written in found for form in (written, unquote(written))}


class Mask:
    """Hides known values, and the passwords of URLs, in text.

    Args:
        values: What must not be seen; values of less than three characters are not looked for.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        kept = {str.__str__(value) for value in values}
        ordered = sorted((v for v in kept if len(v) >= _SECRET_LENGTH_MIN), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def hide(self, text: str) -> str:
        """Return the text without what must not be seen."""
        shown = self._pattern.sub(SHOWN, text) if self._pattern else text
        return without_passwords(shown)
