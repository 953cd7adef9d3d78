"""An audit as people read it: what is missing, what contradicts, the figures; operations per watt last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assay.metrics.audit import Audit, named
from assay.metrics.audit_figures import AT_LEAST, AT_MOST, CONVERTED, NOT_GIVEN, PRINTED, RECALLED, recalled
from assay.metrics.audit_rules import NAMES, Check, Outcome, words
from assay.metrics.audit_scope import Known
from assay.metrics.claims import Chip, Confidence
from assay.metrics.claims_reader import BASES
from assay.metrics.metric import Group, Metric, Value
from assay.metrics.normalise import Width
from assay.report.audit_pictures import checks_picture
from assay.report.judgement import verdict_sections
from assay.report.metrics import amount, explained
from assay.report.page import Column
from assay.report.section import Section
from assay.report.sheet import Cell, Sheet

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
    if not audit.gaps:
        return Section("missing", title, text=("Nothing of what is asked for is missing.", *audit.cautions))
    columns = (Column("Missing", right=False, fold=20), Column("So this is open", right=False, fold=30))
    rows = tuple((Cell(_capital(gap.title), gap.source), gap.without) for gap in audit.gaps)
    notes = (*audit.cautions, SOURCE_MAY_HAVE)
    sheet = Sheet("missing", f"{len(audit.gaps)} of {audit.asked} specifications", columns, rows, notes=notes)
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
    fine, unchecked = audit.checked(Outcome.CONSISTENT), audit.checked(Outcome.UNCHECKED)
    if not fine and not audit.contradictions:
        start = "No two claims bear on each other"
    elif audit.contradictions:
        start = f"{len(fine)} other checks agree" if fine else "No other check agrees"
    else:
        start = f"All {len(fine)} checks agree" if len(fine) > 1 else "The one check agrees"
    reasons = {each.remark.removeprefix("not given: ") for each in unchecked if each.remark.startswith("not given")}
    if not unchecked:
        return f"{start}, within the printed digits."
    lacking = ", ".join(sorted({part for reason in reasons for part in reason.split(", ")}))
    noun = "more cannot be made" if fine or audit.contradictions else "checks cannot be made"
    return f"{start}, within the printed digits; {len(unchecked)} {noun}" + (
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
            _side(each.left),
            f"{'at most ' if each.rule.least and each.right else ''}{_side(each.right, each.left)}",
            _result(each),
        )
        for each in checks
    )
    return Sheet(key, title, columns, rows, folded=key == "checks")


def _side(known: Known | None, beside: Known | None = None) -> str:
    """One side of a check; what follows, in operations where the claim beside it is in operations."""
    if known is None:
        return NOT_GIVEN
    if beside is None and known.stated is not None:
        return known.stated.printed
    operations = beside is not None and beside.stated is not None and "OP" in beside.stated.printed.upper()
    if operations and known.unit.startswith("MAC/"):
        return _amount(2 * known.value, known.unit.replace("MAC", "op"))
    return _amount(known.value, known.unit)


def _result(check: Check) -> str:
    if check.outcome is Outcome.UNCHECKED:
        return f"cannot be checked: {check.remark}"
    if check.outcome is Outcome.CONSISTENT or check.factor is None:
        return str(check.outcome)
    apart = f"{check.factor:.3g} times {'what is possible' if check.rule.least else 'apart'}"
    return f"{apart}; {check.remark}" if check.remark else apart


def _why(check: Check) -> str:
    """The formula, what stands in it with its interval, and where it is from."""
    lines = [check.rule.formula]
    for side, name in ((check.left, "claimed"), (check.right, "follows")):
        if side is not None:
            low, high = (_exactly(each, side.unit) for each in (side.low, side.high))
            lines.append(f"{name}: {low} to {high}  [{side.formula or side.source}]")
    lines += [f"{each.name} = {amount(each.value, each.unit)}  [{each.source}]" for each in check.operands]
    return "\n".join([*lines, f"law: Sze et al., SSC Magazine 2020, {check.rule.section}"])


def _exactly(value: float, unit: str) -> str:
    """With the digits that tell the ends of an interval apart."""
    scale, written = (100.0, "%") if unit == "%" else (1.0, unit)
    return f"{scale * value:.5g} {written}".rstrip()


def _figures(group: Group, short: bool) -> Section:
    given = tuple(shown(each) for each in group.metrics if each.value is not None)
    absent = [each.title for each in group.metrics if each.value is None]
    text: tuple[str, ...] = ()
    if absent:
        text = (f"{_capital(NOT_GIVEN)}: {', '.join(small(each) for each in absent)}.",)
    return Section(group.key, group.title, text=text, metrics=given)


def shown(metric: Metric) -> Metric:
    """A figure with the digits that were printed, for a report; marked where it is from recall."""
    mark = MARK if recalled(metric) else ""
    if metric.value is None:
        return replace(metric, value=NOT_GIVEN, unit="", missing="")
    text = cell_text(metric)
    hidden = (AT_MOST, AT_LEAST, RECALLED)  # said by a sign
    parts = [part for part in metric.note.split("; ") if part and part not in hidden]
    formula = "" if metric.formula == CONVERTED else metric.formula
    note = "; ".join([*([f"= {spoken(formula)}"] if formula else []), *parts])
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
    notes = metric.note.split("; ")
    return f"{'≤ ' if AT_MOST in notes else '≥ ' if AT_LEAST in notes else ''}{text}"


def _amount(value: Value, unit: str) -> str:
    """As other reports write it; percentages with three digits, and operations per second as TOPS and the like."""
    if isinstance(value, int | float):
        if unit == "%":
            return f"{100 * value:.3g} %"
        if unit.startswith("op/s") and value >= 1e12:
            tera = float(f"{value / 1e12:.{4 if value >= 1e15 else 3}g}")
            return f"{tera:,g} T{unit.replace('op/s', 'OPS')}"
        if unit == "m2" and value >= 1e-3:
            return f"{value * 1e6:,.0f} mm2"
    return amount(value, unit).replace("op/s", "OPS")


def why(metric: Metric | None) -> str:
    """Formula, operands, source and condition of a figure, behind a cell."""
    if metric is None:
        return ""
    return "\n".join([*explained(metric), *([f"note: {metric.note}"] if metric.note else [])])


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
            amount(each.macs, "MAC/s"),
            _amount(2 * each.macs, "op/s"),
            NOT_GIVEN if each.bit_products is None else f"{each.bit_products / 1e12:,.4g} T/s",
        )
        for each in widths
    )
    notes = ("A multiplier of b by b bits adds b x b products of single bits; accuracy differs between precisions.",)
    return Section(
        "precision", "Peaks at one precision", sheets=(Sheet("precision", "By precision", columns, rows, notes=notes),)
    )


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
        Column("Source", right=False, drop=1, fold=24),
    )
    rows = []
    for chip in chips:
        claims = [*chip.figures.values(), *chip.peaks, *chip.efficiencies]
        claims += [claim for run in chip.runs for claim in run.figures.values()]
        bases = dict.fromkeys(name for run in chip.runs for name, basis in BASES.items() if basis is run.basis)
        rows.append(
            (
                chip.name,
                chip.title,
                str(chip.figures["process"].value) if "process" in chip.figures else NOT_GIVEN,
                ", ".join(run.name for run in chip.runs) or "none",
                ", ".join(bases) or NOT_GIVEN,
                str(len(claims)),
                str(sum(each.confidence is Confidence.MEMORY for each in claims)),
                chip.source,
            )
        )
    return Sheet("chips", "Published chips", columns, tuple(rows), notes=(LEGEND,))


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def small(title: str) -> str:
    """A title within a sentence; abbreviations stay."""
    return title[0].lower() + title[1:] if title[1:2].islower() else title
