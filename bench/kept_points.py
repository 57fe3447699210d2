"""How points that took long to measure are kept: one a line, written by one rename."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def read(path: Path, otherwise: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept in a file; something else as long as nothing is."""
    if not path.exists():
        return dict(otherwise)
    kept: dict[str, Any] = json.loads(path.read_text())
    return kept


def rows_of(points: Sequence[Mapping[str, Any]]) -> str:
    """Write points, one a line, numbers with six digits."""
    rounded = [
        {k: float(f"{v:.6g}") if isinstance(v, float) else v for k, v in point.items()}
        for point in points
    ]
    return "[\n" + ",\n".join(json.dumps(point) for point in rounded) + "]"


def write(path: Path, head: Mapping[str, Any], name: str, entries: Sequence[str]) -> None:
    """Write what is said of all points, and under a name an entry a line.

    Args:
        path: The file; what was in it stays until all is written.
        head: At least one thing to say.
        name: Of the entries.
        entries: Each as `"key": value` in JSON.
    """
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(head)[:-1] + f', "{name}": {{\n' + ",\n".join(entries) + "\n}}\n"
    path.with_suffix(".new").write_text(text)
    path.with_suffix(".new").replace(path)


def machine() -> str:
    """Describe what the points hold for."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} {platform.release()};"
        f" Python {platform.python_version()}; load {os.getloadavg()[0]:.1f}"
    )
