"""By what a quarantined record is found again: a text that survives an editor and a spreadsheet.

It names step, pass, range and place, and ends in a check by which a mistyped one, or one of another
run, is told from one whose record left quarantine since. It looks like no number and like no date.
"""

from __future__ import annotations

import hashlib
from typing import Final

ID_COLUMN: Final = "daybreak_id"
_CHECK_CHARS: Final = 8


def record_id(run_key: str, step: str, pass_number: int, range_after: str, origin: int) -> str:
    """Return the identification of a record in quarantine."""
    place = hashlib.blake2b(range_after.encode(), digest_size=6).hexdigest()
    body = f"{step}.p{pass_number}.r{place}.o{origin}"
    return f"{body}.c{_check(run_key, body)}"


def is_of_run(text: str, run_key: str) -> bool:
    """Say whether an identification was once made for a run."""
    body, _, check = text.rpartition(".c")
    return bool(body) and check == _check(run_key, body)


def _check(run_key: str, body: str) -> str:
    return hashlib.blake2b(f"{run_key} {body}".encode()).hexdigest()[:_CHECK_CHARS]
