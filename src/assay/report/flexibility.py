"""The flexibility of a chip as sections: what runs, what efficiency it keeps, and the map of shapes."""

from __future__ import annotations

from assay.metrics.flexibility import ENERGY, THROUGHPUT, Flexibility, flexibility_metrics
from assay.metrics.flexibility_workload import Support, Workload
from assay.report.figures import NOT_MODELLED, percent, pes, plain, plural, short
from assay.report.flexibility_map import map_sections
from assay.report.flexibility_pictures import bars_picture
from assay.report.page import Column
from assay.report.section import Section
from assay.report.sheet import Cell, Sheet

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
        Column("Batch", drop=1),
        Column("Bits", drop=4),
        Column("PE\nuse", drop=6),
        Column("Useful\nof peak"),
        Column("Inferences\nper s"),
        Column("Inferences\nper J", drop=7),
        Column("Energy\nefficiency"),
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
    return Sheet(
        "flexibility_workloads", f"Workloads, mappings of least {result.objective}", columns, rows, notes=tuple(notes)
    )


def _workload_row(result: Flexibility, each: Workload) -> tuple[str | Cell, ...]:
    figures = each.figures
    limit = figures.limit
    why = f"{each.entry.network}\n{each.macs:,} MACs\n{each.entry.why}".strip()
    return (
        Cell(each.name, why),
        each.entry.kind,
        "no" if each.support is Support.NONE else str(each.support),
        f"{each.network.batch:,}",
        str(each.bits),
        Cell(_share(figures.utilization), _used(each)),
        Cell(_share(each.throughput_efficiency), f"PE use × {percent(each.effectual)} of MACs without a zero operand"),
        Cell(_plain(figures.throughput), "batch / latency of all its layers, one after another"),
        Cell(_plain(figures.inferences_per_joule), "batch / energy, off-chip memory included"),
        Cell(_share(result.energy_efficiency(each)), _beside(result)),
        Cell("-" if limit is None else f"{limit[0]} ({percent(limit[1])})", "share of the time that is spent so"),
        Cell("-" if figures.active_pes is None else pes(figures.active_pes), "mean over the cycles that compute"),
    )


def _used(each: Workload) -> str:
    evaluation = each.evaluation
    if evaluation is None or evaluation.cycles is None:
        return "it does not run"
    peak = evaluation.hardware.peak_macs_per_cycle
    return f"{evaluation.macs:,} MACs / ({evaluation.cycles:,} cycles × {peak:,} MACs per cycle)"


def _beside(result: Flexibility) -> str:
    name = "the best workload" if result.reference is None else result.reference.name
    return f"useful MACs per joule / those of {name}"


def _classes_sheet(result: Flexibility) -> Sheet:
    columns = (
        Column("Class", right=False, fold=12),
        Column("Run"),
        Column("Throughput,\nmean"),
        Column("Worst"),
        Column("Energy,\nmean"),
        Column("Worst"),
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


def _class_row(result: Flexibility, kind: str | None) -> tuple[str, ...]:
    chosen = [each for each in result.workloads if kind in (None, each.entry.kind)]
    runs = sum(each.support.runs for each in chosen)
    speed, energy = result.summary(THROUGHPUT, kind), result.summary(ENERGY, kind)
    return (
        kind or "all",
        f"{runs} of {len(chosen)}",
        _share(speed.geomean),
        _share(speed.worst and speed.worst[1]),
        _share(energy.geomean),
        _share(energy.worst and energy.worst[1]),
        speed.worst[0] if speed.worst else "-",
    )


def _gains_sheet(result: Flexibility) -> Sheet:
    columns = (
        Column("Variant", right=False, fold=12),
        Column("Beside", right=False, drop=1),
        Column("Inferences\nper s"),
        Column("Inferences\nper J"),
        Column("Possible\nper s"),
    )
    rows = tuple((g.name, g.plain, _times(g.throughput), _times(g.per_joule), _times(g.ideal)) for g in result.gains)
    notes = ("Possible: with multipliers that split into narrower ones, and that skip every zero.",)
    return Sheet("flexibility_gains", "What fewer bits and zeros bring", columns, rows, notes=notes)


def _share(value: float | None) -> str:
    return "-" if value is None else percent(value)


def _plain(value: float | None) -> str:
    return "-" if value is None else short(value) if value >= 1e5 else f"{float(f'{value:.3g}'):,g}"


def _times(value: float | None) -> str:
    return NOT_MODELLED if value is None else f"{plain(value)} x"
