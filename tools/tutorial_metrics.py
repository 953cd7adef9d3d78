"""The part of docs/tutorial.md that is about metrics: the sheet of Eyeriss, Eyexam, roofline, breakdown, scaling."""

from __future__ import annotations


def metric_sections() -> list[str]:
    return []
