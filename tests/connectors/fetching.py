"""`fetch` as the tests call it: it waits for nothing, and notes for how long it would have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from daybreak.connectors import fetch as fetching
from daybreak.connectors.patience import Patience

WAITED: list[float] = []
"""How long was waited since the list was cleared, in seconds."""

IMPATIENT = Patience(settle_s=0, silence_s=10, wait=WAITED.append)


def fetch(url: str, folder: Path, **options: Any) -> Path:
    """Fetch a file as a task does, without a pause."""
    return fetching.fetch(url, folder, **{"patience": IMPATIENT, **options})
