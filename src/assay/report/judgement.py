"""Requirements and the verdict as people read them: the six questions in their order."""

from __future__ import annotations

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.metrics.audit_figures import bound_of
from assay.metrics.metric import Metric, Operand
from assay.metrics.verdict import Answer, Verdict
from assay.reading.figures import square
from assay.reading.words import small
from assay.report.metrics import STATED, amount, figure
from assay.report.page import pairs, prose
from assay.report.section import Section

BESIDE = 80
"""Columns from which on answers stand beside their questions."""

INDENT = 3


def verdict_parts(verdict: Verdict, width: int | None) -> list[RenderableType]:
    """For the screen: the verdict, a line or more per question, what follows from the requirements."""
    parts: list[RenderableType] = [Text(verdict.sentence, style="bold")]
    answers = [(f"{each.number}. {each.question}", _answer(each)) for each in verdict.answers]
    if width is not None and width < BESIDE:
        for question, answer in answers:
            parts += [prose(question, width), Padding(answer, (0, 0, 0, INDENT))]
    else:
        parts.append(pairs(answers, width))
    return parts + [prose(text, width) for text in verdict.remarks]


def verdict_sections(verdict: Verdict) -> tuple[Section, ...]:
    """The verdict as a section, which says it in its title; its answers go into Markdown, LaTeX and HTML, too."""
    rows = [
        Metric(
            f"question_{each.number}",
            f"{each.number}. {each.question}",
            _answer(each).replace("\n", "; "),
            operands=tuple(
                Operand(metric.title, metric.value, metric.unit, metric.formula or metric.source)
                for metric in each.metrics
                if metric.value is not None
            ),
        )
        for each in verdict.answers
    ]
    if verdict.remarks:
        rows.append(Metric("remarks", "Remarks", " ".join(verdict.remarks)))
    title = small(verdict.sentence).rstrip(".")
    return (Section("verdict", f"Verdict: {title}", metrics=tuple(rows)),)


def _answer(answer: Answer) -> str:
    """What is judged; where nothing is required, what is known."""
    if answer.judgements:
        return "\n".join(each.sentence for each in answer.judgements)
    known = [_known(each) for each in answer.metrics if each.value is not None]
    if known:
        return f"Nothing required. {'; '.join(known)}"
    missing = [each.missing for each in answer.metrics if each.missing]
    return f"Nothing required, not known: {'; '.join(missing)}" if missing else "Nothing required."


def _known(metric: Metric) -> str:
    """Title and value; the conditions of calculated figures stand in the scorecard."""
    value = figure(metric) if metric.basis in STATED else amount(metric.value, metric.unit)
    if metric.unit == "m2" and isinstance(metric.value, float) and metric.basis not in STATED:
        value = square(metric.value, 4)
    bound = bound_of(metric)
    return f"{metric.title} {bound.sign} {value}" if bound else f"{metric.title} {value}"
