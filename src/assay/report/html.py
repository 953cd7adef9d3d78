"""A report as one HTML file: sections with figures that explain themselves, tables and pictures. Needs no network.

There is no script in it: what unfolds is a `details` element. The same sections give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from assay.metrics.metric import Metric
from assay.report.html_style import STYLE, room
from assay.report.metrics import explained, figure
from assay.report.pictures import Picture, picture_svg
from assay.report.section import Section, TextBlock
from assay.report.sheet import to_html

HOW_TO_READ = (
    "A figure with a dotted line below it unfolds, and shows where it comes from: click it, or go there with Tab and "
    "press Enter. What is open is printed open."
)


def html_report(title: str, sections: Sequence[Section], *, summary: str = "", command: str = "") -> str:
    """The whole file. Every text in it is escaped.

    Args:
        title: the heading, and the name of the page.
        sections: what it shows, in order.
        summary: a few sentences below the heading.
        command: the command line that makes it, for its foot.

    Raises:
        UnsupportedError: a section has pictures, and matplotlib is not installed.
    """
    anchors = [f"s{number}-{_name(section.key)}" for number, section in enumerate(sections, 1)]
    titles = [section.title for section in sections]
    nav = _contents(list(zip(anchors, titles, strict=True))) if len(sections) > 1 else ""
    body = "".join(_section(section, anchor) for section, anchor in zip(sections, anchors, strict=True))
    lead = f'<p class="lead">{escape(summary)}</p>' if summary else ""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{STYLE}{room(body)}</style></head>\n<body>"
        f'<header><h1>{escape(title)}</h1>{lead}<p class="note screen">{HOW_TO_READ}</p>{nav}</header>\n'
        f"<main>{body}</main>\n{_foot(command)}</body></html>\n"
    )


def _contents(entries: Sequence[tuple[str, str]]) -> str:
    """Links to (anchor, title) of the sections; those with the same words before a colon share a line."""
    lines = []
    for part, group in groupby(entries, key=lambda entry: entry[1].partition(": ")[0]):
        found = list(group)
        names = [title.removeprefix(f"{part}: ") for _, title in found] if len(found) > 1 else [found[0][1]]
        links = (f'<a href="#{anchor}">{escape(name)}</a>' for (anchor, _), name in zip(found, names, strict=True))
        before = f"{escape(part)}: " if len(found) > 1 else ""
        lines.append(f"<li>{before}{', '.join(links)}</li>")
    return f'<nav aria-label="Contents"><ol>{"".join(lines)}</ol></nav>'


def _foot(command: str) -> str:
    from assay import __version__

    how = f" with <code>{escape(command)}</code>" if command else ""
    return f'<footer><p class="note">Made by Assay {escape(__version__)}{how}. 1 MAC = 2 operations.</p></footer>'


def _section(section: Section, anchor: str) -> str:
    parts = [f'<section id="{anchor}"><h2>{escape(section.title)}</h2>']
    if section.intro:
        parts.append(f"<p>{escape(section.intro)}</p>")
    if section.metrics:
        parts.append(f"<dl>{''.join(_metric(each) for each in section.metrics)}</dl>")
    parts += [_picture(each, f"{anchor}-p{number}") for number, each in enumerate(section.pictures, 1)]
    parts += [to_html(each, f"{anchor}-t{number}") for number, each in enumerate(section.sheets, 1)]
    parts += [_block(each) for each in section.blocks]
    parts += [f"<p>{escape(each)}</p>" for each in section.text]
    return "".join([*parts, "</section>\n"])


def _metric(metric: Metric) -> str:
    lines = explained(metric)
    value = escape(figure(metric))
    if lines:
        value = f"<details><summary>{value}</summary><pre>{escape(chr(10).join(lines))}</pre></details>"
    return f"<div><dt>{escape(metric.title)}</dt><dd>{value}</dd></div>"


def _picture(picture: Picture, anchor: str) -> str:
    title = escape(picture.title)
    drawn = picture_svg(picture, anchor)
    return f'<figure><div class="picture">{drawn}</div><figcaption>{title}</figcaption></figure>'


def _block(block: TextBlock) -> str:
    title = escape(block.title)
    text = f'<pre class="block" tabindex="0" role="region" aria-label="{title}">{escape(block.text)}</pre>'
    if block.folded:
        return f'<details class="folded"><summary>{title}</summary>{text}</details>'
    return f"<h3>{title}</h3>{text}"


def _name(key: str) -> str:
    """The key as it may stand in an anchor."""
    return "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in key)
