"""Tables for the terminal: rows of any values become a rich table, numbers to the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from .secrets import Mask
from .wording import visible

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

ROWS_SHOWN_MAX: Final = 100


def plain_table() -> Table:
    """Return an empty table in the house's manner: a rule below the heads, no frame."""
    from rich import box  # noqa: PLC0415 - heavy
    from rich.table import Table  # noqa: PLC0415 - heavy

    return Table(
        box=box.SIMPLE_HEAD,
        header_style="bold",
        pad_edge=False,
        show_edge=False,
    )


def titled(title: str, table: Table, caption: str = "") -> Group:
    """Return a table between a title and a caption, which may be wider than it."""
    from rich.console import Group  # noqa: PLC0415 - heavy
    from rich.text import Text  # noqa: PLC0415 - heavy

    above = [Text(title, style="bold")] if title else []
    below = [Text(caption, style="bright_black")] if caption else []
    return Group(*above, table, *below)


def hanging(sign: str, text: str, style: str = "") -> Table:
    """Return a sentence behind a sign; its further lines begin below its first word."""
    from rich.table import Table  # noqa: PLC0415 - heavy
    from rich.text import Text  # noqa: PLC0415 - heavy

    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column()
    grid.add_row(Text(sign, style=style), Text(text, style=style))
    return grid


def cut(text: str, most: int) -> str:
    """Return foreign text on one line, at most so many columns wide: a wide letter takes two."""
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415 - heavy

    shown = visible(text)
    return shown if cell_len(shown) <= most else set_cell_size(shown, most - 1).rstrip() + "…"


def table_of(title: str, rows: Sequence[Mapping[str, Any]], mask: Mask) -> Group:
    """Return rows as a table; of more than `ROWS_SHOWN_MAX` rows the first are shown."""
    shown = rows[:ROWS_SHOWN_MAX]
    names = list(dict.fromkeys(name for row in shown for name in row))
    left_out = len(rows) - len(shown)
    table = plain_table()
    for name in names:
        is_number = all(_is_number(row.get(name)) for row in shown)
        table.add_column(visible(str(name)), justify="right" if is_number else "left")
    for row in shown:
        table.add_row(*(mask.hide(cell(row.get(name))) for name in names))
    caption = f"… and {left_out:,} more rows" if left_out else ""
    return titled(mask.hide(visible(title)), table, caption)


def cell(value: Any) -> str:
    """Write one value for a table: floats with two decimals, nothing for None."""
    match value:
        case None:
            return ""
        case float():
            return f"{value:,.2f}"
        case _:
            return visible(str(value))


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float | Decimal) and value is not True)
