"""The flexibility of a chip as sections: what runs, what efficiency it keeps, and the map of shapes."""

from __future__ import annotations

from assay.evaluation.results import Evaluation
from assay.metrics.flexibility import ENERGY, THROUGHPUT, Flexibility, Gain, flexibility_metrics
from assay.metrics.flexibility_workload import Support, Workload
from assay.reading.figures import compact, exact, fold, percent, pes
from assay.reading.words import plural
from assay.report.evaluation_whys import limit_cell, mean_pes, used_cell
from assay.report.flexibility_map import map_sections
from assay.report.flexibility_pictures import bars_picture
from assay.report.page import Column
from assay.report.section import Section
from assay.report.sheet import Cell, Sheet, worked

SAME_REASONS = 3
"""Layers that fail for the same reason are named up to here."""


def flexibility_sections(result: Flexibility) -> tuple[Section, ...]:
    """What runs, what efficiency it keeps, the map where there is one, and notes."""
    sections = [_short_section(result), _support_section(result), _efficiency_section(result)]
    if result.shapes is not None:
        sections += map_sections(result.shapes)
    sections.append(Section("flexibility_notes", "Notes", text=tuple(f"- {note}" for note in result.notes)))
    return tuple(sections)


def flexibility_summary(result: Flexibility) -> str:
    """What runs and what it keeps, in two or three sentences."""
    total, running = len(result.workloads), len(result.running)
    unknown = any(each.support is Support.MACS for each in result.running)
    beside = " (of their multiply-accumulates; other layers are not modelled)" if unknown else ""
    text = f"{running} of {plural(total, 'workload')} {'runs' if running == 1 else 'run'}{beside}."
    speed, energy = result.summary(THROUGHPUT), result.summary(ENERGY)
    if speed.geomean is not None and speed.worst is not None:
        text += f" They keep {percent(speed.geomean)} of the peak throughput in the geometric mean, "
        text += f"{percent(speed.worst[1])} in the worst case ({speed.worst[0]})"
        if energy.geomean is not None and energy.worst is not None and result.reference is not None:
            text += f"; {percent(energy.geomean)} of the energy efficiency of {result.reference.name}, "
            text += f"{percent(energy.worst[1])} in the worst case ({energy.worst[0]})"
        text += "."
    return text


def _short_section(result: Flexibility) -> Section:
    return Section("flexibility", "In short", metrics=flexibility_metrics(result))


def _support_section(result: Flexibility) -> Section:
    """The first tier."""
    failed = [each for each in result.workloads if not each.support.runs]
    text = []
    if not failed:
        text.append("Every layer with multiply-accumulates has a mapping.")
    beside = dict.fromkeys(op for each in result.workloads for op in each.beside)
    if beside:
        text.append(f"Not known, because units for them are not modelled: {', '.join(beside)}.")
    sheets = (_failures_sheet(failed),) if failed else ()
    return Section("flexibility_support", "First tier: does it run?", tuple(text), sheets=sheets)


def _failures_sheet(failed: list[Workload]) -> Sheet:
    rows = []
    for each in failed:
        reasons: dict[tuple[str, str], list[str]] = {}
        for failure in each.failures:
            reasons.setdefault((failure.reason, failure.hint), []).append(failure.layer)
        for (reason, advice), layers in reasons.items():
            listed = ", ".join(layers) if len(layers) <= SAME_REASONS else plural(len(layers), "layer")
            rows.append((each.name, listed, reason, advice))
    columns = (
        Column("Workload", right=False, fold=10),
        Column("Layers", right=False, fold=8),
        Column("Why not", right=False, fold=24),
        Column("What would help", right=False, fold=20, drop=1),
    )
    return Sheet("flexibility_failures", "What cannot run", columns, tuple(rows))


def _efficiency_section(result: Flexibility) -> Section:
    """The second tier."""
    sheets = [_workloads_sheet(result)]
    if len(result.suite.kinds) > 1 or len(result.running) < len(result.workloads):
        sheets.append(_classes_sheet(result))
    if result.gains:
        sheets.append(_gains_sheet(result))
    pictures = (bars_picture(result),) if result.running else ()
    title = "Second tier: does it stay efficient?"
    return Section("flexibility_efficiency", title, sheets=tuple(sheets), pictures=pictures)


def _workloads_sheet(result: Flexibility) -> Sheet:
    columns = (
        Column("Workload", right=False, fold=12),
        Column("Class", right=False, drop=2, fold=10),
        Column("Runs?", right=False),
        Column("Batch", drop=1, why="inputs processed together, as the suite says or as asked for"),
        Column("Bits", drop=4, why="of the widest operands, as the suite says"),
        Column("PE\nuse", drop=6, why="MACs done / MACs that the PEs could do"),
        Column("Useful\nof peak", why="PE use × share of the MACs without a zero operand"),
        Column("Inferences\nper s", why="batch / latency of all its layers, one after another"),
        Column("Inferences\nper J", drop=7, why="batch / energy, off-chip memory included"),
        Column("Energy\nefficiency", why="useful MACs per joule / those of the reference"),
        Column("Limited by", right=False, drop=5),
        Column("PEs\nat work", drop=3),
    )
    rows = tuple(_workload_row(result, each) for each in result.workloads)
    notes = [
        "PE use: MACs per second over the peak. Useful of peak: the same without MACs of which an operand is zero."
    ]
    if result.reference is not None:
        notes.append(
            f"Energy efficiency: useful MACs per joule, beside those of {result.reference.name}, the best in words of "
            f"{result.reference.bits} bits; off-chip memory included."
        )
    return Sheet("flexibility_workloads", f"Workloads, {result.mappings}", columns, rows, notes=tuple(notes))


def _workload_row(result: Flexibility, each: Workload) -> tuple[str | Cell, ...]:
    why = f"{each.entry.network}\n{each.macs:,} MACs\n{each.entry.why}".strip()
    return (
        Cell(each.name, why),
        each.entry.kind,
        "no" if each.support is Support.NONE else str(each.support),
        f"{each.network.batch:,}",
        str(each.bits),
        *(_workload_cells(result, each, each.evaluation) if each.evaluation is not None else NOTHING),
    )


NOTHING = (Cell("-", "it does not run"),) * 7


def _workload_cells(result: Flexibility, each: Workload, found: Evaluation) -> tuple[str | Cell, ...]:
    figures, batch, limit = each.figures, f"{each.network.batch:,}", each.figures.limit
    useful = f"{exact(figures.utilization, '%')} × {exact(each.effectual, '%')}"
    energy, best, text = (
        figures.inferences_per_joule,
        result.reference,
        percent(result.energy_efficiency(each), none="-"),
    )
    beside = Cell(text)
    if best is not None and each.effectual_macs_per_joule is not None:
        one, other = (exact(which.effectual_macs_per_joule) for which in (each, best))
        beside = worked(f"{one} MACs/J / {other} MACs/J of {best.name}", text)
    return (
        used_cell(found),
        worked(useful, percent(each.throughput_efficiency, none="-")),
        worked(f"{batch} / {exact(found.latency, 's')}", compact(figures.throughput, none="-")),
        worked(f"{batch} / {exact(found.energy, 'J')}", compact(energy)) if energy is not None else "-",
        beside,
        "-" if limit is None else limit_cell(f"{limit[0]} ({percent(limit[1])})", found, limit),
        Cell(pes(figures.active_pes, none="-"), mean_pes(found)),
    )


def _classes_sheet(result: Flexibility) -> Sheet:
    columns = (
        Column("Class", right=False, fold=12),
        Column("Run"),
        Column("Throughput,\nmean", why="geometric mean of the useful share of the peak"),
        Column("Worst", why="the least useful share of the peak"),
        Column("Energy,\nmean", why="geometric mean of the energy efficiency"),
        Column("Worst", why="the least energy efficiency"),
        Column("Worst in throughput", right=False, drop=1),
    )
    rows = [_class_row(result, kind) for kind in result.suite.kinds]
    notes = ["Geometric means over the workloads that run. More than 100 % counts as 100 % in means."]
    failed = sum(each.support is Support.NONE for each in result.workloads)
    speed, energy = result.summary(THROUGHPUT), result.summary(ENERGY)
    if failed:
        both = ", ".join(
            f"{name} {percent(each.mean_all)}"
            for name, each in (("throughput", speed), ("energy", energy))
            if each.mean_all is not None
        )
        notes.append(
            f"With 0 for the {failed} that cannot run, every geometric mean over all is 0; arithmetic means: {both}."
        )
    return Sheet(
        "flexibility_classes", "By class", columns, tuple(rows), (_class_row(result, None),), notes=tuple(notes)
    )


def _class_row(result: Flexibility, kind: str | None) -> tuple[str | Cell, ...]:
    chosen = result.of_class(kind)
    runs = [each.name for each in chosen if each.support.runs]
    speed = result.summary(THROUGHPUT, kind)
    cells = [cell for tier in (THROUGHPUT, ENERGY) for cell in _tier_cells(result, tier, kind)]
    return (
        kind or "all",
        Cell(f"{len(runs)} of {len(chosen)}", f"{len(runs)} that run: {', '.join(runs)}"),
        *cells,
        speed.worst[0] if speed.worst else "-",
    )


def _tier_cells(result: Flexibility, tier: str, kind: str | None) -> tuple[Cell, Cell]:
    """The mean and the worst of a class."""
    found, values = result.summary(tier, kind), result.efficiencies(tier, kind)
    known = [f"{name}: {exact(min(1.0, value), '%')}" for name, value in values if value is not None]
    mean, worst = percent(found.geomean, none="-"), percent(found.worst and found.worst[1], none="-")
    return (
        Cell(mean, "\n".join([*known, f"their product to the power of 1/{len(known)} = {mean}"]) if known else ""),
        Cell(worst, f"of {len(known)}: {found.worst[0]}" if found.worst else ""),
    )


def _gains_sheet(result: Flexibility) -> Sheet:
    columns = (
        Column("Variant", right=False, fold=12),
        Column("Beside", right=False, drop=1),
        Column("Inferences\nper s", why="inferences per s / those of the same network in full"),
        Column("Inferences\nper J", why="inferences per J / those of the same network in full"),
        Column("Possible\nper s", why="bits in full / bits / share of the MACs without a zero operand"),
    )
    named = {each.name: each for each in result.workloads}
    rows = tuple(_gain_row(gain, named[gain.name], named[gain.plain]) for gain in result.gains)
    notes = ("Possible: with multipliers that split into narrower ones, and that skip every zero.",)
    return Sheet("flexibility_gains", "What fewer bits and zeros bring", columns, rows, notes=notes)


def _gain_row(gain: Gain, variant: Workload, plain: Workload) -> tuple[str | Cell, ...]:
    one, other = variant.figures, plain.figures
    possible = f"{plain.bits} / {variant.bits} / {exact(variant.effectual, '%')}"
    return (
        gain.name,
        gain.plain,
        worked(f"{exact(one.throughput)} / {exact(other.throughput)}", fold(gain.throughput)),
        worked(
            f"{exact(one.inferences_per_joule)} / {exact(other.inferences_per_joule)}",
            fold(gain.per_joule),
        ),
        worked(possible, fold(gain.ideal)),
    )
