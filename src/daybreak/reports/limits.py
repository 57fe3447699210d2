"""Limits as people look at them: how much there is, who has it, who waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..operations.limits import LimitLine
from .tables import plain_table
from .wording import visible

if TYPE_CHECKING:
    from rich.table import Table


def limits_table(lines: Sequence[LimitLine]) -> Table:
    """Return limits as a table, in the order given."""
    table = plain_table()
    for name in ("limit", "units", "in use", "by", "waiting"):
        table.add_column(name, justify="right" if name in ("units", "in use") else "left")
    for line in lines:
        table.add_row(
            visible(line.name),
            f"{line.units:,}",
            f"{line.in_use:,}",
            "\n".join(map(visible, line.holders)),
            "\n".join(map(visible, line.waiting)),
        )
    return table
