"""A report as one HTML page: no script, nothing fetched, and every foreign text made harmless."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from .advice import OTHER, advice_on
from .html_text import foreign, plain
from .report_parts import FileReport, Report
from .report_style import STYLE
from .schema_words import ColumnWords
from .summary import OTHER_CAUSES, Cause

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""Even if a text did become HTML, a browser would fetch nothing and run nothing."""

_UNITS: Final = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_PERCENT_SHOWN_MIN: Final = 0.01


def page_of(report: Report) -> str:
    """Return a report as the text of an HTML file."""
    return "\n".join(_page(report)) + "\n"


def _page(report: Report) -> Iterator[str]:
    names = ", ".join(file.found.file for file in report.files)
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>Check of {plain(names, 100)}</title>"
    yield f"<style>{STYLE}</style></head><body><main>"
    if len(report.files) == 1:
        yield f"<h1>Check of {foreign(names)}</h1>"
        yield from _file(report.files[0], report)
    else:
        yield from _several(report)
    yield "</main>"
    yield "<footer>Written by Daybreak. Line 1 is the first line of the file.</footer>"
    yield "</body></html>"


def _several(report: Report) -> Iterator[str]:
    refused = sum(file.found.failed for file in report.files)
    yield f"<h1>Check of {len(report.files)} files</h1>"
    if refused:
        yield _banner("bad", f"Refused: {refused} of {len(report.files)} files", "")
    else:
        yield _banner("good", "Accepted: all files", "")
    yield "<table><thead><tr><th>file</th><th>verdict</th>"
    yield '<th class="n">records</th><th class="n">faulty</th></tr></thead><tbody>'
    for number, file in enumerate(report.files, 1):
        found = file.found
        _, verdict = _verdict(file)
        yield (
            f'<tr><td class="name"><a href="#file-{number}">{foreign(found.file)}</a></td>'
            f'<td>{verdict}</td><td class="n">{found.rows:,}</td>'
            f'<td class="n">{found.faulty_rows:,}</td></tr>'
        )
    yield "</tbody></table>"
    for number, file in enumerate(report.files, 1):
        yield f'<section class="file" id="file-{number}"><h2>{foreign(file.found.file)}</h2>'
        yield from _file(file, report)
        yield "</section>"


# ---------------------------------------------------------------- one file


def _file(file: FileReport, report: Report) -> Iterator[str]:
    kind, verdict = _verdict(file)
    yield _banner(kind, verdict, _gate(file, report.summary.max_bad))
    yield from _facts(file, report)
    causes = file.found.by_frequency
    if causes:
        yield f"<h2>What is wrong ({_number(len(causes), 'cause')})</h2>"
    for cause in causes:
        yield from _cause(cause, file, with_values=report.with_values)
    if file.columns:
        yield from _columns(file)
    yield from _not_looked_at(file, report)


def _verdict(file: FileReport) -> tuple[str, str]:
    if file.found.failed:
        return "bad", "Refused"
    if file.found.findings:
        return "warn", "Accepted, with faults"
    return "good", "Accepted: no faults"


def _banner(kind: str, verdict: str, why: str) -> str:
    sign = {"bad": "✗", "warn": "!", "good": "✓"}[kind]
    return f'<div class="verdict {kind}"><strong>{sign} {verdict}</strong><span>{why}</span></div>'


def _gate(file: FileReport, max_bad: str) -> str:
    found = file.found
    if found.refused:
        return "The file as a whole cannot be read as records."
    if found.failed and not found.too_many:
        return "The file as a whole is not what was expected of it."
    if not found.findings:
        return f"All {_number(found.rows, 'record')} keep every rule of the schema."
    rows = _number(found.rows, "record")
    share = _share(found.faulty_rows, found.rows)
    allowed = "none may be" if max_bad == "0" else f"at most {max_bad} may be"
    return f"{found.faulty_rows:,} of {rows} are faulty ({share}); {allowed}."


def _facts(file: FileReport, report: Report) -> Iterator[str]:
    facts = {
        "File": foreign(file.found.file),
        "Size": _size(file.found.size_bytes),
        "SHA-256": f"<code>{file.sha256}</code>" if file.sha256 else "",
        "Checked": f"{report.at:%Y-%m-%d %H:%M:%S} UTC",
        "Schema": foreign(file.schema),
        "Written as": foreign(file.form),
        "Records": f"{file.found.rows:,}, of which {file.found.faulty_rows:,} are faulty",
    }
    if file.found.refused:
        del facts["Records"]
    yield "<dl>"
    for name, shown in facts.items():
        if shown:
            yield f"<dt>{name}</dt><dd>{shown}</dd>"
    yield "</dl>"


def _size(size_bytes: int) -> str:
    for unit, name in _UNITS:
        if size_bytes >= unit:
            return f"{size_bytes / unit:,.1f} {name} ({size_bytes:,} bytes)"
    return f"{size_bytes:,} bytes" if size_bytes else ""


# ---------------------------------------------------------------- a cause


def _cause(cause: Cause, file: FileReport, *, with_values: bool) -> Iterator[str]:
    advice = OTHER if cause.reason == OTHER_CAUSES else advice_on(cause.reason)
    share = "" if file.found.refused else f" ({_share(cause.count, file.found.rows)})"
    column = f"<code>{foreign(cause.column)}</code>: " if cause.column else ""
    times = "time" if cause.count == 1 else "times"
    yield f'<article class="cause"><header><h3>{column}{foreign(cause.reason)}</h3>'
    yield f'<div class="count"><b>{cause.count:,}</b> {times}{share}</div></header>'
    yield f'<p><span class="label">What it means:</span> {advice.meaning}</p>'
    yield f'<p><span class="label">How to repair it:</span> {advice.repair}</p>'
    if cause.samples:
        yield from _samples(cause, with_values=with_values)
    yield "</article>"


def _samples(cause: Cause, *, with_values: bool) -> Iterator[str]:
    """Show the samples, those of one value on one row: a partner sees what they have in common."""
    places: dict[tuple[str | None, str | None], list[str]] = {}
    for one in cause.samples:
        what = (one.column, one.value if with_values else None)
        places.setdefault(what, []).append(f"{one.line:,}")
    has_columns = cause.column is None and any(column for column, _ in places)
    heads = ["column"] if has_columns else []
    heads += ["what stands there"] if with_values else []
    heads += ["on line"]
    yield f"<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead><tbody>"
    for (column, value), lines in places.items():
        cells = [foreign(column or "")] if has_columns else []
        cells += [_value(value)] if with_values else []
        cells += [", ".join(f"<span>{line}</span>" for line in lines)]
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    yield "</tbody></table>"
    if (more := cause.count - len(cause.samples)) > 0:
        yield f'<p class="none">… and {_number(more, "more time")} in other places.</p>'


def _value(value: str | None) -> str:
    if value is None:
        return '<span class="none">(nothing)</span>'
    if not value:
        return '<span class="none">(empty)</span>'
    return f'<code class="value">{foreign(value)}</code>'


# ---------------------------------------------------------------- the schema, and its limits


def _columns(file: FileReport) -> Iterator[str]:
    faults = file.faults_by_column
    yield "<h2>The columns, by the schema</h2>"
    yield "<table><thead><tr><th>column</th><th>holds</th><th>may be empty</th>"
    yield '<th class="n">faults</th></tr></thead><tbody>'
    for column in file.columns:
        empty = "yes" if column.may_be_empty else "no"
        yield (
            f'<tr><td class="name">{foreign(column.name)}</td><td>{_holds(column)}</td>'
            f"<td>{empty}{_missing(column)}</td>"
            f'<td class="n">{faults.pop(column.name, 0):,}</td></tr>'
        )
    whole = "the file as a whole" if file.found.refused else "the record as a whole"
    for name, count in faults.items():
        what = whole if name is None else foreign(name)
        yield f'<tr><td colspan="3">{what}</td><td class="n">{count:,}</td></tr>'
    yield "</tbody></table>"
    if file.key:
        yield f"<p>No two records may have the same {foreign(', '.join(file.key))}.</p>"


def _holds(column: ColumnWords) -> str:
    joint = " " if column.kind == "one of" else ", "
    rules = ", ".join(foreign(rule) for rule in column.rules)
    return foreign(column.kind) + (joint + rules if rules else "")


def _missing(column: ColumnWords) -> str:
    return '<br><span class="none">may be left out</span>' if column.may_be_missing else ""


def _not_looked_at(file: FileReport, report: Report) -> Iterator[str]:
    notes = [*file.not_looked_at, *_left_out(file, with_values=report.with_values)]
    yield "<h2>What was not looked at, and is not shown</h2><ul>"
    yield from (f"<li>{foreign(note, 2000)}</li>" for note in notes)
    yield "</ul>"


def _left_out(file: FileReport, *, with_values: bool) -> Sequence[str]:
    if not file.found.findings:
        return []
    shown = _number(file.found.samples_max, "place")
    notes = [f"All faults are counted; of each cause the first {shown} are shown."]
    if with_values:
        notes.append("Long values are cut short here; they end in “…”.")
    else:
        notes.append("Values were left out of this report; the lines say where they stand.")
    return notes


def _share(count: int, of: int) -> str:
    if not of:
        return "all"
    percent = 100 * count / of
    shown = "less than 0.01" if 0 < percent < _PERCENT_SHOWN_MIN else f"{percent:.2f}"
    return f"{shown}&nbsp;%"


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
