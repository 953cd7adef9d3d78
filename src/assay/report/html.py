"""A report as one HTML file: sections with figures that explain themselves, tables and pictures. Needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assay.metrics.metric import Metric
from assay.report.metrics import explained, figure
from assay.report.pictures import Picture, picture_svg
from assay.report.section import Section
from assay.report.sheet import to_html


def html_report(title: str, sections: Sequence[Section], *, summary: str = "") -> str:
    """The whole file. Every text in it is escaped.

    Raises:
        UnsupportedError: a section has pictures, and matplotlib is not installed.
    """
    links = "".join(f'<li><a href="#{escape(each.key)}">{escape(each.title)}</a></li>' for each in sections)
    body = "".join(_section(each) for each in sections)
    lead = f'<p class="lead">{escape(summary)}</p>' if summary else ""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{CSS}</style></head><body>"
        f"<header><h1>{escape(title)}</h1>{lead}<nav><ul>{links}</ul></nav></header>"
        f"<main>{body}</main></body></html>\n"
    )


def _section(section: Section) -> str:
    figures = f"<dl>{''.join(_metric(each) for each in section.metrics)}</dl>" if section.metrics else ""
    pictures = "".join(_picture(each) for each in section.pictures)
    sheets = "".join(to_html(each) for each in section.sheets)
    text = "".join(f"<p>{escape(each)}</p>" for each in section.text)
    head = f'<section id="{escape(section.key)}"><h2>{escape(section.title)}</h2>'
    return f"{head}{figures}{pictures}{sheets}{text}</section>"


def _metric(metric: Metric) -> str:
    lines = explained(metric)
    value = escape(figure(metric))
    if lines:
        value = f"<details><summary>{value}</summary><pre>{escape(chr(10).join(lines))}</pre></details>"
    return f"<dt>{escape(metric.title)}</dt><dd>{value}</dd>"


def _picture(picture: Picture) -> str:
    title = escape(picture.title)
    return f'<figure aria-label="{title}">{picture_svg(picture)}<figcaption>{title}</figcaption></figure>'


CSS = """
:root { color-scheme: light; --ink: #1b1b1b; --soft: #666; --line: #ddd; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); }
.sheet { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; }
caption { text-align: left; color: var(--soft); padding: 0.3rem 0; }
th, td { padding: 0.2rem 0.6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
.right { text-align: right; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: minmax(9rem, 14rem) 1fr; gap: 0.2rem 1rem; }
dt { color: var(--soft); } dd { margin: 0; }
figure { margin: 1rem 0; } figure svg { max-width: 100%; height: auto; }
summary { cursor: pointer; } pre { white-space: pre-wrap; font-size: 0.8rem; margin: 0.3rem 0; }
.note, figcaption { color: var(--soft); font-size: 0.85rem; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: 0.5rem; } }
@media print { nav { display: none; } section { break-inside: avoid-page; } body { max-width: none; } }
"""
