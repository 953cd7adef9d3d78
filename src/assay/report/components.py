"""Components: what one costs on one line, all there are as a list, and the area of a chip as a tree."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from assay.components.estimate import Estimate
from assay.components.estimator import Attribute
from assay.components.provider import BUILT_IN, Provider
from assay.hardware.design import Built, built_of, chip_area, leakage_power, not_taken
from assay.hardware.model import Figure, Hardware
from assay.metrics.cost import AREAS
from assay.reading.figures import percent, spread, square, whole
from assay.reading.units import NOT_MODELLED, SIZE, Quantity, format_si, kind
from assay.report.page import Column, bullets, grid, heading, prose, to_text

SHOWN = ("scaled from", "area:", "leakage")
"""How the notes begin that stand beside sources."""


def estimate_line(estimate: Estimate) -> str:
    """One line: every figure with its unit and range, then the source."""
    given = ", ".join(f"{name} {value}" for name, value in estimate.attributes)
    figures = [f"{action} {_ranged(value, 'J', estimate)}" for action, value in estimate.energy]
    figures.append(f"area {_ranged(estimate.area, 'm2', estimate)}")
    figures.append(f"leakage {_ranged(estimate.leakage, 'W', estimate)}")
    figures.append(f"cycle {format_si(estimate.cycle, 's')}")
    text = f"{estimate.component} ({given}): {', '.join(figures)}"
    if estimate.extrapolated:
        text += f"; EXTRAPOLATED: {', '.join(estimate.extrapolated)}"
    text += f"; known to {share(estimate)}; source: {estimate.source}"
    if estimate.notes:
        text += f"; {'; '.join(estimate.notes)}"
    if estimate.others:
        text += f"; chosen before: {'; '.join(estimate.others)}"
    return text


def share(estimate: Estimate) -> str:
    """How well the figures are known: the factor within which the truth is expected."""
    return spread(estimate.uncertainty)


def _ranged(value: float | None, unit: str, estimate: Estimate) -> str:
    """A figure and the range that nine of ten are expected in."""
    if value is None:
        return NOT_MODELLED
    shown = square(value) if unit == "m2" else format_si(value, unit)
    if estimate.uncertainty is None or value == 0:
        return shown
    low, high = value / (1 + estimate.uncertainty), value * (1 + estimate.uncertainty)
    ends = [square(end) if unit == "m2" else format_si(end, unit) for end in (low, high)]
    return f"{shown} ({ends[0]} to {ends[1]})"


def render_parts(estimate: Estimate) -> str:
    """The parts of a compound as a tree, a line each; nothing for a component without parts."""
    return "".join(f"{line}\n" for line in _part_lines(estimate, ""))


def _part_lines(estimate: Estimate, indent: str) -> list[str]:
    lines = []
    for part in estimate.parts:
        times = f"{whole(part.count)} × " if part.count > 1 else ""
        lines.append(f"{indent}└─ {part.name}: {times}{estimate_line(part.estimate)}")
        lines += _part_lines(part.estimate, indent + "   ")
    return lines


def render_area(hardware: Hardware, *, width: int | None = None, color: bool = False) -> str:
    """Area and leakage of a chip by component, at any depth, and what is not modelled."""
    title = Text(f"Area of {hardware.label}", style="bold")
    parts: list[RenderableType] = [title, Text(""), area_table(hardware, width, deep=True), Text("")]
    parts += [bullets(_area_notes(hardware), width), heading("Sources"), bullets(area_sources(hardware), width)]
    return to_text(parts, width=width, color=color)


def area_table(hardware: Hardware, width: int | None, *, deep: bool = False) -> RenderableType:
    """A row per node and part of the chip; `deep`: and below it, what it is made of."""
    area, leakage = chip_area(hardware).value, leakage_power(hardware).value
    columns = [Column("Component", right=False), Column("Class", right=False, drop=4), Column("Number")]
    columns += [Column("Each", drop=3), Column("Area"), Column("Share", drop=2)]
    columns += [Column("Leakage"), Column("Known to", drop=1)]
    rows: list[list[str | Text]] = []
    for built in built_of(hardware):
        rows.append(_area_row(built, area))
        if deep and built.estimate is not None:
            rows += _deeper(built.estimate, built.count, None if built.offchip else area, "  ")
    total = ["total", "", "", "", square(area), "", format_si(leakage, "W"), ""]
    return grid(columns, rows, [total], width)


def _area_row(built: Built, total: float | None) -> list[str | Text]:
    """The row of a node or part."""
    name = f"{built.name} (off chip)" if built.offchip else built.name
    if built.part is None:
        return [name, "-", whole(built.instances), NOT_MODELLED, NOT_MODELLED, "", NOT_MODELLED, ""]
    return _row(name, built.part.estimate, built.count, None if built.offchip else total)


def _deeper(estimate: Estimate, count: int, total: float | None, indent: str) -> list[list[str | Text]]:
    rows: list[list[str | Text]] = []
    for part in estimate.parts:
        number = count * part.count
        rows.append(_row(indent + part.name, part.estimate, number, total))
        rows += _deeper(part.estimate, number, total, indent + "  ")
    return rows


def _row(name: str, estimate: Estimate, count: int, total: float | None) -> list[str | Text]:
    area = None if estimate.area is None else count * estimate.area
    leakage = None if estimate.leakage is None else count * estimate.leakage
    fraction = None if area is None or not total else area / total
    flag = ", extrapolated" if estimate.extrapolated else ""
    return [
        name,
        estimate.component,
        whole(count),
        square(estimate.area),
        square(area),
        "" if fraction is None else percent(fraction),
        format_si(leakage, "W"),
        share(estimate) + flag,
    ]


def _area_notes(hardware: Hardware) -> list[str]:
    area, without = chip_area(hardware).value, chip_area(hardware).without
    unleaking = leakage_power(hardware).without
    notes = []
    onchip = [built for built in built_of(hardware) if not built.offchip]
    known = sum(not built.area.without for built in onchip)
    notes.append(f"Area is modelled for {known or 'none'} of the {len(onchip)} components on the chip.")
    if without:
        notes.append(f"Area {NOT_MODELLED}: {', '.join(without)}.")
    if unleaking:
        notes.append(f"Leakage {NOT_MODELLED}: {', '.join(unleaking)}.")
    if any(built.offchip and built.leakage.value for built in built_of(hardware)):
        notes.append("The total of leakage includes what is off the chip, that of area does not.")
    notes.append(f"{NOT_MODELLED.capitalize()} at all: wires between components, pads, and area that is not used.")
    for figure in published_areas(hardware):
        notes.append(_beside(figure, area))
    notes += [f"{text}." for text in not_taken(hardware)]
    for built in built_of(hardware):
        if built.estimate is not None and built.estimate.extrapolated:
            notes.append(f"Extrapolated: {built.name}: {'; '.join(built.estimate.extrapolated)}.")
    return notes


def published_areas(hardware: Hardware) -> tuple[Figure, ...]:
    """The figures of the paper that are an area of the chip."""
    return tuple(figure for figure in hardware.published if figure.name in AREAS)


def _beside(figure: Figure, area: float | None) -> str:
    words = f"Published: {figure.amount} {figure.name.replace('_', ' ')} ({figure.source})"
    if area is None or not isinstance(figure.value, float) or figure.unit != "mm2":
        return f"{words}."
    return f"{words}; the components here are {percent(area / (figure.value * 1e-6))} of it."


def area_sources(hardware: Hardware) -> list[str]:
    """Who said what, each source once."""
    found: dict[str, list[str]] = {}
    for built in built_of(hardware):
        for estimate in _leaves(built.estimate):
            text = "; ".join([estimate.source, *(note for note in estimate.notes if note.startswith(SHOWN))])
            found.setdefault(text, []).append(estimate.component)
    return [f"{', '.join(dict.fromkeys(names))}: {text}" for text, names in found.items()] or ["none"]


def _leaves(estimate: Estimate | None) -> list[Estimate]:
    if estimate is None:
        return []
    return [leaf for part in estimate.parts for leaf in _leaves(part.estimate)] if estimate.parts else [estimate]


def render_component_list(
    providers: Sequence[Provider], troubles: Sequence[str] = (), *, width: int | None = None, color: bool = False
) -> str:
    """One row per estimator."""
    columns = [Column("Component", right=False), Column("Known to"), Column("What it is", right=False, fold=28)]
    columns += [Column("Attributes", right=False, fold=26, drop=1), Column("Actions", right=False, fold=16, drop=2)]
    rows: list[list[str | Text]] = [
        [
            each.component,
            spread(each.uncertainty),
            each.about if each.origin == BUILT_IN else f"{each.about} ({each.origin})",
            ", ".join(a.name if a.required else f"[{a.name}]" for a in each.attributes),
            ", ".join(each.actions),
        ]
        for each in providers
    ]
    foot = (
        "[ ]: may be left out. Known to: in nine cases of ten the truth is expected within that factor, either way. "
        "More on one: assay components NAME"
    )
    parts: list[RenderableType] = [grid(columns, rows, [], width), prose(f"\n{foot}", width)]
    if troubles:
        parts += [heading("Not loaded"), bullets(list(troubles), width)]
    return to_text(parts, width=width, color=color)


def render_component(providers: Sequence[Provider], *, width: int | None = None, color: bool = False) -> str:
    """All that is to be known of the estimators of one component."""
    parts: list[RenderableType] = []
    for each in providers:
        if parts:
            parts.append(Text(""))
        parts.append(Text(f"{each.component}, by {each.name} ({each.origin})", style="bold"))
        parts.append(prose(each.about, width))
        columns = [
            Column("Attribute", right=False),
            Column("What it is", right=False, fold=20),
            Column("Made for", right=False),
        ]
        columns += [Column("Default", right=False)]
        rows = [[a.name, _what(a), _range(a), _default(a)] for a in each.attributes]
        if rows:
            parts += [Text(""), grid(columns, rows, [], width)]
        actions = ", ".join(each.actions) or "those that you give"
        parts += [prose(f"\nActions: {actions}. Known to: {spread(each.uncertainty)}.", width)]
        parts.append(prose(f"Source: {each.source}", width))
    return to_text(parts, width=width, color=color)


def _what(attribute: Attribute) -> str:
    if attribute.choices:
        return f"{attribute.about} ({', '.join(attribute.choices)})"
    unit = "" if not attribute.kind or attribute.kind in ("str", "bool") else f" ({_kind(attribute)})"
    return attribute.about + unit


def _kind(attribute: Attribute) -> str:
    if attribute.kind == "int":
        return "whole number of bits" if attribute.unit == SIZE else "whole number"
    return kind(attribute.unit)


def _range(attribute: Attribute) -> str:
    if attribute.valid is None:
        return "any"
    low, high = (_shown(attribute, end) for end in attribute.valid)
    return f"{low} to {high}"


def _default(attribute: Attribute) -> str:
    if attribute.required:
        return "required"
    value = attribute.default
    words = getattr(value, "words", value)
    if isinstance(words, bool):
        return "true" if words else "false"
    return "-" if words is None else _shown(attribute, words) if isinstance(words, int | float) else str(words)


def _shown(attribute: Attribute, value: float) -> str:
    return str(Quantity(Quantity.of(value).exact, attribute.unit))
