"""Figures for people and for programs: a table, or one JSON object a line."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable

from daybreak.reports.look import can_write, console_on
from daybreak.reports.tables import plain_table, titled

from .measure import NOT_MEASURED, Figure, Met, Spread

STYLES = {True: "green", False: "bold red", NOT_MEASURED: "yellow", None: "bright_black"}


def print_lines(figures: Iterable[Figure]) -> None:
    """Print each figure as JSON as soon as it is there."""
    for figure in figures:
        print(json.dumps(figure.as_json(), ensure_ascii=False), flush=True)


def print_table(name: str, figures: Iterable[Figure]) -> None:
    """Print all figures as one table; each is named on standard error as soon as it is there."""
    table = plain_table()
    table.add_column("figure")
    for heading in ("value", "unit", "target", "90 % interval", "of the ratio", "samples"):
        table.add_column(heading, justify="left" if heading == "unit" else "right")
    table.add_column("met")
    for figure in figures:
        print(f"measured: {figure.figure}", file=sys.stderr, flush=True)
        spread = figure.spread or Spread(samples=1)
        table.add_row(
            figure.figure,
            shown(figure.value),
            figure.unit,
            "" if figure.target is None else str(figure.target),
            between(spread.low, spread.high),
            between(spread.ratio_low, spread.ratio_high),
            str(spread.samples),
            verdict(figure.met),
            style=None if figure.met in (True, None) else STYLES[figure.met],
        )
    console_on().print(titled(name, table, machine()))


def shown(value: float | None) -> str:
    """Write a number with four significant digits, or all of a whole number."""
    match value:
        case None:
            return ""
        case int():
            return f"{value:,}"
        case _:
            return f"{float(f'{value:.4g}'):,.10g}"


def between(low: float | None, high: float | None) -> str:
    """Write an interval; nothing if there is none."""
    return "" if low is None or high is None else f"{shown(low)} … {shown(high)}"


def verdict(met: Met) -> str:
    """Write whether a target is met; nothing if there is none."""
    yes, no = ("✓", "✗ not met") if can_write(sys.stdout, "✓✗") else ("yes", "no")
    return {True: yes, False: no, NOT_MEASURED: NOT_MEASURED, None: ""}[met]


def machine() -> str:
    """Name what the figures hold for."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()};"
        f" Python {platform.python_version()}"
    )
