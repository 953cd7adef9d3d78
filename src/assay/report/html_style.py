"""How the HTML report looks: on a screen, a phone and paper, in light and dark.

What a figure of a table unfolds into stands below its row across the whole table, however narrow its column is: it is
placed at the foot of the row, and the row makes room for its lines (`--lines`, written by `assay.report.sheet`; `room`
hands it on from the explanation that is open to its row).
"""

from __future__ import annotations

import re

STYLE = """
:root { --ink: #1a1a1a; --soft: #595959; --line: #d4d4d4; --back: #ffffff; --shade: #f4f5f7; --link: #00518a; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --soft: #b0b0b0; --line: #454545; --back: #17181a; --shade: #232528; --link: #8cc6f5; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto,
  sans-serif; color: var(--ink); background: var(--back); overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0.5rem 0; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 0.75rem; padding-top: 0.75rem; border-top: 2px solid var(--line); }
h3 { font-size: 1rem; margin: 1.25rem 0 0.5rem; }
p { max-width: 46rem; margin: 0.5rem 0; }
.lead { font-size: 1.05rem; }
.note, figcaption, caption { color: var(--soft); font-size: 0.875rem; }
a { color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
nav ol { columns: 22rem; padding-left: 2rem; margin: 1rem 0; column-gap: 3rem; }
nav li { break-inside: avoid; }

dl { margin: 0.5rem 0; }
dl > div { display: grid; grid-template-columns: minmax(9rem, 14rem) minmax(0, 1fr); gap: 0 1rem; padding: 0.2rem 0;
  border-bottom: 1px solid var(--line); }
dt { color: var(--soft); }
dd { margin: 0; }

summary { cursor: pointer; }
td summary, th summary, dd summary { list-style: none; display: inline-block; max-width: 100%;
  text-decoration: underline dotted;
  text-decoration-color: var(--soft); text-underline-offset: 0.2em; text-decoration-thickness: 1.5px; }
td summary::-webkit-details-marker, th summary::-webkit-details-marker, dd summary::-webkit-details-marker {
  display: none; }
details[open] > summary { font-weight: 600; }
.folded { margin: 0.4rem 0; }
.folded > summary { padding: 0.15rem 0; }

pre, code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { font-size: 0.85em; overflow-wrap: anywhere; }
pre { font-size: 0.75rem; line-height: 1rem; margin: 0.4rem 0; padding: 0.6rem 0.75rem; background: var(--shade);
  border-left: 3px solid var(--line); }
pre.block { overflow-x: auto; white-space: pre; }
dd pre { white-space: pre-wrap; }

.sheet { overflow-x: auto; container-type: inline-size; margin: 0.75rem 0; }
.sheet .wide { position: relative; width: max-content; min-width: min(100%, 24rem); }
.text .wide { width: 100%; min-width: min-content; }
table { border-collapse: collapse; font-size: 0.875rem; min-width: min(100cqw, 24rem); }
caption { text-align: left; padding: 0.3rem 0; }
caption span { position: sticky; left: 0; display: inline-block; max-width: 100cqw; }
th, td { padding: 0.2rem 0.6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
tbody td:not(.right), tbody th:not(.right) { max-width: min(24rem, 60cqw); }
th:first-child, td:first-child { padding-left: 0; }
th[scope] { background: var(--back); }
tr > th:first-child { position: sticky; left: 0; z-index: 1; }
thead th { vertical-align: bottom; border-bottom: 2px solid var(--line); }
tbody th { font-weight: inherit; }
tfoot th, tfoot td { border-bottom: 0; font-weight: 600; }
tfoot th { white-space: nowrap; }
tfoot tr:first-child > * { border-top: 2px solid var(--line); }
.right { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
thead .right { white-space: normal; }
.sheet .note { position: sticky; left: 0; width: 100cqw; max-width: 46rem; }
tbody tr, tfoot tr { position: relative; }
tr:has(> * > details[open]) > * { padding-bottom: calc(var(--lines) * 1rem + 2.6rem); }
.why { position: absolute; z-index: 2; left: 0; bottom: 0.5rem; width: 100%; text-align: left; font-weight: 400; }
.why pre { position: sticky; left: 0; width: max-content; max-width: 100cqw; overflow-x: auto; white-space: pre;
  margin: 0; }

figure { margin: 1.25rem 0; }
.picture { overflow-x: auto; max-width: 46rem; background: #ffffff; }
.picture svg { display: block; width: 100%; max-width: 46rem; min-width: 34rem; height: auto; }

@media (max-width: 40rem) {
  dl > div { grid-template-columns: minmax(0, 1fr); }
  h2 { margin-top: 1.75rem; }
  th, td { padding: 0.2rem 0.4rem; }
  td:not(.right), tr > th:first-child { max-width: 9rem; }
  .text td { max-width: none; }
  .sheet td.long { min-width: 16rem; max-width: none; }
}
@page { size: A4; margin: 14mm; }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, .screen { display: none; }
  h1 { font-size: 15pt; } h2 { font-size: 12pt; margin-top: 1.5rem; } h3 { font-size: 10.5pt; }
  h2, h3, caption, summary, h2 + p, h2 + dl, h2 + p + dl { break-after: avoid; }
  figure, tr, dl > div { break-inside: avoid; }
  .sheet:not(:has(tr:nth-child(12))) { break-inside: avoid; }
  thead { display: table-header-group; }
  tfoot { display: table-row-group; }
  a { color: inherit; text-decoration: none; }
  td summary, th summary, dd summary { text-decoration: none; }
  .sheet, .picture, pre.block { overflow: visible; }
  .sheet .wide { width: auto; }
  table { font-size: 7.5pt; }
  th, td { padding: 0.1rem 0.35rem; }
  .sheet .wide, table { min-width: 90mm; }
  td:not(.right) { max-width: 34mm; }
  .text td { max-width: none; }
  tr > th:first-child { position: static; }
  pre, .why pre { font-size: 6.5pt; line-height: 8.5pt; max-width: 100%; overflow: visible; }
  pre.block { white-space: pre-wrap; }
  tr:has(> * > details[open]) > * { padding-bottom: calc(var(--lines) * 8.5pt + 2rem); }
  .picture svg { min-width: 0; max-width: 150mm; max-height: 115mm; }
}
"""


def room(body: str) -> str:
    """The rules that give a row the room of what is open in it, for the numbers of lines that there are in a page."""
    found = sorted({int(lines) for lines in re.findall(r'style="--lines:(\d+)"', body)})
    return "".join(f'tr:has(> * > [open][style="--lines:{n}"]) {{ --lines: {n}; }}\n' for n in found)
