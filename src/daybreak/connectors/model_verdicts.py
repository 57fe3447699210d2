"""What a model says against a record, by column, in words that are the same for the same cause."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

REASON_CHARS_MAX: Final = 200
"""Characters of a reason: a user's own message may be longer."""

_SUBJECTS: Final = ("Input ", "String ", "Decimal input ", "Value error, ", "Assertion failed, ")
"""How pydantic begins its messages; a finding has named its column already."""


def faults_by_column(exc: Exception) -> dict[str | None, list[str]]:
    """Sort what a model said, which is whatever it raised, by column.

    None is the record as a whole.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - heavy

    if not isinstance(exc, ValidationError):
        return {None: [f"the model raised {type(exc).__name__}"]}
    faults: dict[str | None, list[str]] = {}
    for error in exc.errors(include_url=False):
        column = str(error["loc"][0]) if error["loc"] else None
        reasons = faults.setdefault(column, [])
        if (reason := _reason(error)) not in reasons:
            reasons.append(reason)
    return faults


def _reason(error: ErrorDetails) -> str:
    """Return pydantic's message without what is particular to the value."""
    message = error["msg"]
    detail = error.get("ctx", {}).get("error")
    if isinstance(detail, str):  # "Input should be a valid UUID, invalid character at 3"
        message = message.replace(detail, "").rstrip(" ,:")
    elif detail is not None and error["loc"]:  # a user's own words may quote the value
        text = re.escape(str(error["input"]))
        message = re.sub(rf"(?<!\w){text}(?!\w)", "…", message) if text else message
    for subject in _SUBJECTS:
        message = message.removeprefix(subject)
    return message[:REASON_CHARS_MAX]
