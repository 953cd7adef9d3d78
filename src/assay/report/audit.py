"""An audit as people read it: what is missing, what contradicts, the figures; operations per watt last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assay.metrics.audit import Audit, named
from assay.metrics.audit_figures import CONVERTED, NOT_GIVEN, PRINTED, RECALLED, bound_of, recalled
from assay.metrics.audit_rules import NAMES, Agreement, Check, words
from assay.metrics.audit_scope import Known
from assay.metrics.audit_specs import Status
from assay.metrics.claims import Chip, Confidence
from assay.metrics.claims_reader import BASES
from assay.metrics.metric import Bound, Group, Metric, Value
from assay.metrics.normalise import Width
from assay.reading.figures import exact, number, percent, times
from assay.reading.words import capital, plural, small
from assay.report.audit_pictures import checks_picture
from assay.report.judgement import verdict_sections
from assay.report.metrics import amount, explained
from assay.report.page import Column
from assay.report.section import Section
from assay.report.sheet import Cell, Sheet, worked

MARK = "†"
LEGEND = f"{MARK} From recall, not verified."
SOURCE_MAY_HAVE = (
    "Missing means: not in the file of claims. Where the source does give it, write it there and audit again."
)


def audit_sections(audit: Audit, *, short: bool = False) -> tuple[Section, ...]:
    """What an audit shows.

    Args:
        short: for the screen: no table of all checks, and figures that are not given in one line.
    """
    found = list(verdict_sections(audit.verdict)) if audit.verdict is not None else []
    found += [_missing(audit), _contradictions(audit, short)]
    groups = [_figures(group, short) for group in audit.groups]
    found += groups[:-1]
    if audit.precisions and not short:
        found.append(_precisions(audit.precisions))
    found.append(groups[-1])
    if audit.from_memory:
        last = found[-1]
        found[-1] = replace(last, text=(*last.text, LEGEND)) if short else replace(last, sheets=(_signs(),))
    if audit.chip.notes:
        found.append(Section("notes", "Notes of the file", text=audit.chip.notes))
    return tuple(found)


def _signs() -> Sheet:
    """What the mark means, for the forms that have no text between their tables."""
    columns = (Column("Sign", right=False), Column("Meaning", right=False))
    return Sheet("signs", "Signs", columns, ((MARK, RECALLED),))


def _missing(audit: Audit) -> Section:
    title = "What is missing, and what cannot be concluded"
    exempt = [f"{each.asked.title} ({each.why})" for each in audit.found(Status.EXEMPT)]
    notes = (*([f"Does not apply: {'; '.join(exempt)}."] if exempt else []), *audit.cautions)
    gaps = audit.found(Status.MISSING)
    if not gaps:
        return Section("missing", title, text=("Nothing of what is asked for is missing.", *notes))
    columns = (Column("Missing", right=False, fold=20), Column("So this is open", right=False, fold=30))
    rows = tuple((Cell(capital(gap.asked.title), gap.source), gap.why) for gap in gaps)
    title_of_table = f"{audit.missing} specifications that are asked of every chip"
    sheet = Sheet("missing", title_of_table, columns, rows, notes=(*notes, SOURCE_MAY_HAVE))
    return Section("missing", title, sheets=(sheet,))


def _contradictions(audit: Audit, short: bool) -> Section:
    """The contradictions, then all checks where there is room for them."""
    wrong = audit.contradictions
    text = [_summary(audit)]
    if audit.suspects:
        text.append(f"In every contradiction stands: {named(audit.suspects)}.")
    sheets: list[Sheet] = []
    if wrong:
        sheets.append(_checks_sheet("contradictions", "Claims that contradict each other", wrong, short))
    if not short and audit.checks:
        sheets.append(_checks_sheet("checks", "Every check", audit.checks, short))
    if wrong:  # every form has the notes of a table, but not every one has text
        sheets[0] = replace(sheets[0], notes=tuple(text))
        text = []
    picture = checks_picture(audit.checks)
    return Section(
        "contradictions",
        "Do the claims agree with each other?",
        text=tuple(text),
        sheets=tuple(sheets),
        pictures=(picture,) if picture else (),
    )


def _summary(audit: Audit) -> str:
    fine, unchecked = audit.checked(Agreement.CONSISTENT), audit.checked(Agreement.UNCHECKED)
    if not fine and not audit.contradictions:
        start = "No two claims bear on each other"
    elif audit.contradictions:
        start = f"{len(fine)} other checks agree" if fine else "No other check agrees"
    else:
        start = f"All {len(fine)} checks agree" if len(fine) > 1 else "The one check agrees"
    if not unchecked:
        return f"{start}, within the printed digits."
    lacking = ", ".join(sorted({words(name) for each in unchecked for name in each.lacking}))
    more = f"{len(unchecked)} more" if fine or audit.contradictions else plural(len(unchecked), "check")
    return f"{start}, within the printed digits; {more} cannot be made" + (
        f" for want of {lacking}." if lacking else "."
    )


def _checks_sheet(key: str, title: str, checks: Sequence[Check], short: bool) -> Sheet:
    columns = (
        Column("Run", right=False, drop=1),
        Column("Check", right=False, fold=18),
        Column("Claimed", fold=11),
        Column("Follows from others", fold=13),
        Column("Result", right=False, fold=16),
    )
    rows = tuple(
        (
            each.where,
            Cell(each.rule.title if short else f"{each.rule.title}: {each.rule.formula}", _why(each)),
            Cell(_side(each.left), _why(each)),
            Cell(_limit(each.right, each.left) if each.rule.least else _side(each.right, each.left), _why(each)),
            _result(each),
        )
        for each in checks
    )
    return Sheet(key, title, columns, rows, folded=key == "checks")


def _limit(known: Known | None, beside: Known | None) -> str:
    return NOT_GIVEN if known is None else f"at most {_value(known, beside)}"


def _side(known: Known | None, beside: Known | None = None) -> str:
    """One side of a check, marked where it is a bound."""
    if known is None:
        return NOT_GIVEN
    return f"{known.bound.sign} {_value(known, beside)}" if known.bound else _value(known, beside)


def _value(known: Known, beside: Known | None = None) -> str:
    """As claimed; what follows, in operations where the claim beside it is in operations."""
    if beside is None and known.stated is not None:
        return known.stated.printed
    operations = beside is not None and beside.stated is not None and "OP" in beside.stated.printed.upper()
    if operations and known.unit.startswith("MAC/"):
        return _amount(2 * known.value, known.unit.replace("MAC", "op"))
    return _amount(known.value, known.unit)


def _result(check: Check) -> str:
    if check.outcome is Agreement.UNCHECKED:
        return f"cannot be checked: {check.remark}"
    if check.outcome is Agreement.CONSISTENT or check.factor is None:
        return f"{check.outcome}; {check.remark}" if check.remark else str(check.outcome)
    apart = f"{times(check.factor)} {'what is possible' if check.rule.least else 'apart'}"
    return f"{apart}; {check.remark}" if check.remark else apart


def _why(check: Check) -> str:
    """The formula, what stands in it with its interval, and where it is from."""
    lines = [check.rule.formula]
    for side, name in ((check.left, "claimed"), (check.right, "follows")):
        if side is not None:
            lines.append(f"{name}: {_interval(side)}  [{side.formula or side.source}]")
    lines += [f"{each.name} = {amount(each.value, each.unit)}  [{each.source}]" for each in check.operands]
    return "\n".join([*lines, f"law: Sze et al., SSC Magazine 2020, {check.rule.section}"])


EXACT = 5
"""Digits that tell the ends of an interval apart."""


def _interval(known: Known) -> str:
    """`115.25 ms to 115.35 ms`, open on the side of a bound."""
    low, high = (amount(end, known.unit, EXACT) for end in (known.low, known.high))
    if known.says_nothing:
        return "anything, as bounds to both sides go into it"
    if known.bound is None:
        return f"{low} to {high}"
    return f"{high} or less" if known.bound is Bound.AT_MOST else f"{low} or more"


def _figures(group: Group, short: bool) -> Section:
    given = tuple(shown(each) for each in group.metrics if each.value is not None)
    absent = [each.title for each in group.metrics if each.value is None]
    text: tuple[str, ...] = ()
    if absent:
        text = (f"{capital(NOT_GIVEN)}: {', '.join(small(each) for each in absent)}.",)
    return Section(group.key, group.title, text=text, metrics=given)


def shown(metric: Metric) -> Metric:
    """A figure with the digits that were printed, for a report; marked where it is from recall."""
    mark = MARK if recalled(metric) else ""
    if metric.value is None:
        return replace(metric, value=NOT_GIVEN, unit="", missing="")
    text = cell_text(metric)
    formula = "" if metric.formula == CONVERTED else metric.formula
    note = "; ".join(part for part in (f"= {spoken(formula)}" if formula else "", metric.note) if part)
    return replace(metric, value=f"{text}{mark}", unit="", note=note)


def spoken(formula: str) -> str:
    """A formula in words: `performance / peak performance at that precision`."""
    return " ".join(words(each) if each in NAMES else each for each in formula.split())


def cell_text(metric: Metric | None) -> str:
    """The figure alone: as it was printed, else in three digits."""
    if metric is None or metric.value is None:
        return NOT_GIVEN
    printed = next((each for each in metric.operands if each.name == PRINTED), None)
    own = printed is not None and not metric.formula
    text = str(printed.value) if own and printed is not None else _amount(metric.value, metric.unit)
    bound = bound_of(metric)
    return f"{bound.sign} {text}" if bound else text


def _amount(value: Value, unit: str) -> str:
    """As other reports write it; percentages with three digits, and operations per second as TOPS and the like."""
    if isinstance(value, int | float):
        if unit == "%":
            return percent(value, 3)
        if unit.startswith("op/s") and value >= 1e12:
            tera = number(value / 1e12, 4 if value >= 1e15 else 3)
            return f"{tera} T{unit.replace('op/s', 'OPS')}"
    return amount(value, unit).replace("op/s", "OPS")


def why(metric: Metric | None) -> str:
    """Formula, operands, source and condition of a figure, behind a cell."""
    if metric is None:
        return ""
    bound = bound_of(metric)
    said = [f"a bound: {bound.words}"] if bound else []
    said += [RECALLED] if recalled(metric) else []
    said += [f"note: {metric.note}"] if metric.note else []
    return "\n".join([*explained(metric), *said])


def _precisions(widths: Sequence[Width]) -> Section:
    columns = (
        Column("Precision", right=False),
        Column("MACs"),
        Column("Operations\n(2 per MAC)"),
        Column("1-bit products\n(MACs x bits x bits)"),
    )
    rows = tuple(
        (
            each.precision,
            Cell(amount(each.macs, "MAC/s"), "as claimed; 1 MAC = 2 operations"),
            worked(f"2 × {exact(each.macs, 'MAC/s')}", _amount(2 * each.macs, "op/s")),
            _bit_products(each),
        )
        for each in widths
    )
    notes = ("A multiplier of b by b bits adds b x b products of single bits; accuracy differs between precisions.",)
    return Section(
        "precision", "Peaks at one precision", sheets=(Sheet("precision", "By precision", columns, rows, notes=notes),)
    )


def _bit_products(width: Width) -> str | Cell:
    if width.bits is None or width.bit_products is None:
        return NOT_GIVEN
    filled = f"{exact(width.macs, 'MAC/s')} × {width.bits} × {width.bits}"
    return worked(filled, f"{number(width.bit_products / 1e12, 4)} T/s")


def chips_sheet(chips: Sequence[Chip]) -> Sheet:
    """The chips that come with the package."""
    columns = (
        Column("Name", right=False),
        Column("Chip", right=False, fold=16),
        Column("Process", right=False, drop=2, fold=12),
        Column("Runs", right=False, fold=14),
        Column("Obtained", right=False, drop=3, fold=12),
        Column("Figures", drop=4),
        Column(f"Recalled{MARK}", drop=5),
        Column("Source", right=False, drop=1, fold=20),
    )
    rows = []
    for chip in chips:
        bases = dict.fromkeys(name for run in chip.runs for name, basis in BASES.items() if basis is run.basis)
        rows.append(
            (
                chip.name,
                chip.title,
                str(chip.figures["process"].value) if "process" in chip.figures else NOT_GIVEN,
                ", ".join(run.name for run in chip.runs) or "none",
                ", ".join(bases) or NOT_GIVEN,
                str(len(chip.claims)),
                str(sum(each.confidence is Confidence.MEMORY for each in chip.claims)),
                chip.source,
            )
        )
    return Sheet("chips", "Published chips", columns, tuple(rows), notes=(LEGEND,))
