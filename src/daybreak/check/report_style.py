"""How a report looks: on a screen, light or dark, and on paper. Nothing is fetched."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --text: #1f2328; --soft: #59636e; --page: #ffffff; --card: #f6f8fa; --line: #d1d9e0;
  --bad: #b3261e; --bad-back: #fdecea; --warn: #7a5200; --warn-back: #fff4d6;
  --good: #1a6b34; --good-back: #e3f5e8; --mark: #8250df;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e6edf3; --soft: #9da7b1; --page: #0f1318; --card: #171c23; --line: #343c46;
    --bad: #ff8a80; --bad-back: #3a1a1a; --warn: #f2c55c; --warn-back: #33280f;
    --good: #6fd08c; --good-back: #12301c; --mark: #c297ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 62rem;
  background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK JP",
    "Hiragino Sans", "Yu Gothic UI", sans-serif;
}
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; overflow-wrap: anywhere; }
h3 { font-size: 1.05rem; margin: 0; overflow-wrap: anywhere; }
section.file { border-top: 3px solid var(--line); margin-top: 3rem; }
p { margin: .4rem 0; }
.verdict { border-left: .4rem solid; border-radius: .3rem; padding: .8rem 1rem; margin: 1rem 0; }
.verdict strong { display: block; font-size: 1.15rem; }
.verdict span { color: var(--text); }
.bad { color: var(--bad); background: var(--bad-back); border-color: var(--bad); }
.warn { color: var(--warn); background: var(--warn-back); border-color: var(--warn); }
.good { color: var(--good); background: var(--good-back); border-color: var(--good); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 1rem 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.cause {
  background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: 1rem 1.1rem; margin: 1rem 0;
}
.cause header { display: flex; gap: 1rem; justify-content: space-between; align-items: baseline; }
.count { white-space: nowrap; color: var(--soft); font-variant-numeric: tabular-nums; }
.count b { color: var(--text); }
.label { color: var(--soft); }
table { border-collapse: collapse; width: 100%; margin: .7rem 0 .2rem; font-size: .93rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; }
td { overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--line); }
tr + tr td { border-top: 1px solid var(--line); }
th.n, td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.name { font-weight: 600; overflow-wrap: break-word; }
.cause table { width: auto; min-width: 50%; }
.cause td:last-child { min-width: 4.5rem; font-variant-numeric: tabular-nums; }
.cause td span { white-space: nowrap; }
code {
  font: .92em ui-monospace, SFMono-Regular, Menlo, Consolas, "Noto Sans Mono CJK JP", monospace;
}
code.value {
  white-space: pre-wrap; overflow-wrap: anywhere; background: var(--page);
  border: 1px solid var(--line); border-radius: .25rem; padding: 0 .3rem;
}
i { font-style: normal; color: var(--mark); }
.none { color: var(--soft); }
ul { margin: .4rem 0; padding-left: 1.2rem; }
footer {
  margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .8rem; color: var(--soft);
}
@media (max-width: 40rem) {
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
  .cause header { flex-direction: column; gap: .1rem; }
}
@media print {
  :root {
    --text: #000; --soft: #444; --page: #fff; --card: #fff; --line: #999;
    --bad: #8c1d18; --bad-back: #fff; --warn: #5c3d00; --warn-back: #fff;
    --good: #0f4d22; --good-back: #fff; --mark: #5b2ba8;
  }
  @page { margin: 16mm; }
  body { padding: 0; max-width: none; font-size: 10.5pt; }
  .cause, .verdict, tr, dl { break-inside: avoid; }
  h2, h3, .cause header { break-after: avoid; }
  section.file { break-before: page; border-top: 0; margin-top: 0; }
  .verdict { border: 1px solid; border-left-width: .4rem; }
}
"""
