"""All that was found out about a network on a chip, as sections; those of each part begin with its summary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from assay.metrics.examination import Examination
from assay.reading.words import small
from assay.report.dataflows import dataflow_sections
from assay.report.dataflows import summary as dataflow_summary
from assay.report.eyexam import eyexam_sections, eyexam_summary
from assay.report.flexibility import flexibility_sections, flexibility_summary
from assay.report.roofline import roofline_sections, roofline_summary
from assay.report.scaling import scaling_sections, scaling_summary
from assay.report.section import Section

Sections = tuple[Section, ...]
T = TypeVar("T")

IN_SCORECARD = ("Flexibility", "Scalability")
"""Parts whose figures in short stand in the scorecard already."""


def examination_sections(found: Examination) -> Sections:
    """Every part in order; what could not be found out is a section that says why."""
    sections: list[Section] = []
    sections += _part("Eyexam", found.eyexam, eyexam_sections, eyexam_summary)
    sections += _part("Roofline", found.roofline, roofline_sections, roofline_summary)
    sections += _part("Dataflows", found.dataflows, dataflow_sections, dataflow_summary)
    sections += _part("Flexibility", found.flexibility, flexibility_sections, flexibility_summary)
    sections += _part("Scalability", found.scaling, scaling_sections, scaling_summary)
    for name, why in found.troubles:
        sections.append(Section(f"no_{name.lower()}", name, (f"Could not be found out: {why}",)))
    return tuple(sections)


def _part(name: str, result: T | None, sections: Callable[[T], Sections], summary: Callable[[T], str]) -> list[Section]:
    """The sections of one part, with its name in titles and keys, and its summary in the first."""
    if result is None:
        return []
    found = [_named(name, each, summary(result) if not index else "") for index, each in enumerate(sections(result))]
    if name in IN_SCORECARD:
        found[0] = replace(found[0], metrics=())
    return found


def _named(name: str, section: Section, summary: str) -> Section:
    key = name.lower()
    title = section.title.removeprefix(name).removeprefix(" of ").removeprefix(": ")
    title = f"{name}: {small(title)}" if title else f"{name}: in short"
    return replace(
        section,
        key=_prefixed(key, section.key),
        title=title,
        intro=" ".join(text for text in (summary, section.intro) if text),
        sheets=tuple(replace(each, key=_prefixed(key, each.key)) for each in section.sheets),
        pictures=tuple(replace(each, key=_prefixed(key, each.key)) for each in section.pictures),
    )


def _prefixed(prefix: str, key: str) -> str:
    return key if key.startswith(prefix) else f"{prefix}_{key}"
