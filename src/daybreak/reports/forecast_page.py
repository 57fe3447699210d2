"""A forecast as one HTML page: no script, nothing fetched, foreign text made harmless."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from ..check.html_text import foreign, plain
from ..check.report_style import STYLE
from ..forecast import Forecast
from ..operations.forecast import ROOM, StepForecast
from .curve_svg import LINES_BYTES, svg_of
from .curve_svg import STYLE as CURVE_STYLE
from .dangers import amount_text, meaning_text
from .forecast import (
    AHEAD,
    bytes_fine,
    curves_of,
    growth,
    interval_text,
    memory_curves_of,
    span_fine,
    verdict,
    why,
)
from .secrets import Mask
from .wording import size

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_KINDS: Final = {"A": "good", "B": "warn", "C": "bad"}


def page_of(found: StepForecast, mask: Mask) -> str:
    """Return a forecast as the text of an HTML file."""
    return mask.hide("\n".join(_page(found)) + "\n")


def _page(found: StepForecast) -> Iterator[str]:
    title = f"Forecast of {found.job} / {found.step}"
    first, *others = verdict(found)
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield f"<title>{plain(title, 100)}</title>"
    yield f"<style>{STYLE}{CURVE_STYLE}</style></head><body><main>"
    yield f"<h1>{foreign(title)}</h1>"
    yield (
        f'<div class="verdict {_kind(found)}"><strong>{escape(first)}</strong>'
        f"<span>{escape('; '.join(others))}</span></div>"
    )
    if found.impact:
        yield f"<p>If it does not finish: {foreign(found.impact)}</p>"
    yield f"<h2>Time: {escape(growth(found.time))}</h2>"
    yield f"<figure>{svg_of(curves_of(found), _written, _window(found))}"
    yield (
        "<figcaption>Points: what was measured. Line: the likely time; band: 9 of 10 times; dashed:"
        " the safe bound.</figcaption></figure>"
    )
    yield from _table(found, found.time)
    if found.memory is not None:
        yield f"<h2>Memory: {escape(growth(found.memory))}</h2>"
        limit = f"{ROOM:.0%} of the machine's memory"
        curves = memory_curves_of(found, found.memory)
        drawn = svg_of(curves, _size, escape(limit), lines=LINES_BYTES, name="bytes")
        yield f"<figure>{drawn}</figure>"
        yield from _table(found, found.memory)
    yield from _dangers(found)
    yield from _measured(found)
    yield "<h2>What it does not say</h2><ul>"
    yield from (f"<li>{foreign(caveat)}</li>" for caveat in found.caveats)
    yield "</ul></main><footer>Written by Daybreak.</footer></body></html>"


def _kind(found: StepForecast) -> str:
    if found.ends.window is not None and found.ends.window <= found.records:
        return "bad"
    return _KINDS[found.time.grade(found.records)]


def _window(found: StepForecast) -> str:
    return f"window {escape(found.window)}" if found.window else ""


def _written(amount: float) -> str:
    return escape(span_fine(amount))


def _size(amount: float) -> str:
    return escape(bytes_fine(amount))


def _table(found: StepForecast, forecast: Forecast) -> Iterator[str]:
    limit = float(found.memory_bytes) if forecast.unit == "bytes" else None
    write = span_fine if forecast.unit == "seconds" else bytes_fine
    heads = ("records", "likely", "9 of 10 times", "safe bound")
    yield "<table><thead><tr>"
    yield from (f'<th class="n">{head}</th>' for head in heads)
    yield "<th>grade</th></tr></thead><tbody>"
    for times in AHEAD:
        number = found.records * times
        low, high = forecast.interval(number)
        cells = (
            f"{number:,}",
            write(forecast.predict(number)),
            interval_text(low, high, write),
            write(forecast.safe_bound(number)),
        )
        yield "<tr>" + "".join(f'<td class="n">{escape(cell)}</td>' for cell in cells)
        yield f"<td>{forecast.grade(number, limit=limit)}</td></tr>"
    yield f"</tbody></table><p>{escape(why(forecast, found.records, limit))}</p>"


def _dangers(found: StepForecast) -> Iterator[str]:
    if not found.dangers:
        return
    yield "<h2>Dangers that rehearsals met</h2><table><thead><tr>"
    yield '<th>danger</th><th>where</th><th class="n">from records</th>'
    yield '<th class="n">at its worst</th><th class="n">at records</th><th>what it means</th>'
    yield "</tr></thead><tbody>"
    for one in found.dangers:
        yield f"<tr><td>{escape(one.kind)}</td><td>{foreign(one.what)}</td>"
        numbers = (f"{one.records_first:,}", amount_text(one), f"{one.records_worst:,}")
        yield "".join(f'<td class="n">{escape(number)}</td>' for number in numbers)
        yield f"<td>{foreign(meaning_text(one))}</td></tr>"
    yield "</tbody></table>"


def _measured(found: StepForecast) -> Iterator[str]:
    yield "<h2>What was measured</h2>"
    yield '<table><thead><tr><th class="n">records</th><th class="n">took</th>'
    yield '<th class="n">memory</th><th>from</th></tr></thead><tbody>'
    for sample in sorted(found.samples, key=lambda one: one.records):
        yield (
            f'<tr><td class="n">{sample.records:,}</td>'
            f'<td class="n">{_written(sample.seconds)}</td>'
            f'<td class="n">{size(sample.rss_bytes)}</td><td>a rehearsal</td></tr>'
        )
    for run in found.runs:
        yield (
            f'<tr><td class="n">{run.records or 0:,}</td><td class="n">{_written(run.seconds)}</td>'
            f'<td class="n"></td><td>run {run.run}</td></tr>'
        )
    yield "</tbody></table>"
