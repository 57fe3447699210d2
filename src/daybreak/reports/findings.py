"""What a check found, as a table: by file and cause, with counts and samples, and where it all is.

The summary comes with `CheckFailed`; it is `check.summary.CheckSummary`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .secrets import Mask
from .tables import plain_table, titled
from .wording import visible

if TYPE_CHECKING:
    from rich.console import Group

    from ..check.summary import CheckSummary

CAUSES_SHOWN_MAX: Final = 30


def findings_table(summary: CheckSummary, mask: Mask) -> Group:
    """Return the causes of all faults, the commonest first within each file.

    Args:
        summary: What the check found.
        mask: Hides secrets.
    """
    rows = list(summary.rows_for_people())
    left_out = len(rows) - CAUSES_SHOWN_MAX
    table = plain_table()
    table.add_column("file", overflow="fold")
    table.add_column("column", overflow="fold")
    table.add_column("cause", overflow="fold")
    table.add_column("records", justify="right")
    table.add_column("for example", overflow="fold")
    before = ""
    for row in rows[:CAUSES_SHOWN_MAX]:
        table.add_row(
            "" if row.file == before else visible(row.file),
            visible(row.column),
            mask.hide(visible(row.reason)),
            f"{row.records:,}",
            mask.hide(visible(row.sample, 60)),
        )
        before = row.file
    caption = f"… and {left_out:,} more causes" if left_out > 0 else ""
    return titled("faults by file and cause", table, caption)
