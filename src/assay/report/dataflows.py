"""What people see of dataflows compared. No figure is calculated here that is not a ratio of two shown."""

from __future__ import annotations

from collections.abc import Sequence

from assay.metrics.dataflow_case import TYPE_NAMES, Case, Level
from assay.metrics.dataflows import DataflowStudy
from assay.metrics.equal_area import area_study, find_machine
from assay.reading.figures import percent, times
from assay.reading.units import format_bytes
from assay.report.chart_axes import ChartAxis
from assay.report.charts import BarSeries, stacked_bars
from assay.report.dataflow_whys import (
    delay_cell,
    edp_cell,
    energy_cell,
    kind_name,
    part_cell,
    proof_cell,
    ratio_cell,
    unit_name,
    used_cell,
    words_cell,
    writer,
)
from assay.report.dataflows_beside import beside_section
from assay.report.page import Column
from assay.report.pictures import Picture
from assay.report.section import Section
from assay.report.sheet import Cell, Row, Sheet, worked

ASKED = "as asked for, or as in the paper"

WORST_SHOWN = 3
"""Parts named in a sentence that says where a dataflow needs more."""

LEAST_SHARE = 0.05
"""Of the difference of two totals: smaller parts of it are not named."""

SAME = 1.005
"""Of the least energy: a dataflow that needs less than that needs the same."""


def dataflow_sections(study: DataflowStudy) -> tuple[Section, ...]:
    """Everything: energy by level and by type for each kind of layers, the machines, and what the paper says."""
    sections = [_kind_section(study, kind) for kind in study.kinds]
    sections.append(_machines(study))
    beside = beside_section(study)
    return (*sections, *([beside] if beside else []))


def summary(study: DataflowStudy) -> str:
    """One sentence on each kind of layers, at the first point."""
    pes, batch = study.points[0]
    parts = []
    for kind in study.kinds:
        ranked = study.ranked(pes, batch, kind)
        if ranked:
            others = ", ".join(f"{each.title} {_times(each, ranked[0])}" for each in ranked[1:])
            parts.append(f"{kind_name(kind)}: {ranked[0].title} needs least" + (f" ({others})" if others else ""))
    return f"Energy with {pes:,} PEs and a batch of {batch}. {'; '.join(parts)}." if parts else ""


def _kind_section(study: DataflowStudy, kind: str) -> Section:
    cases = [case for case in study.cases if case.kind == kind]
    name = kind_name(kind)
    return Section(
        f"dataflows-{kind}",
        f"{name} layers",
        text=tuple(_why(study, kind)),
        sheets=(_levels_sheet(study, kind, cases), _types_sheet(study, kind, cases), _time_sheet(study, kind, cases)),
        pictures=_pictures(study, kind),
    )


def _head(study: DataflowStudy) -> list[Column]:
    """Columns that say which case it is; PEs and batch only where there are several, with the short name then."""
    several = len(study.points) > 1
    return [
        *([Column("PEs", why=ASKED), Column("Batch", why=ASKED)] if several else []),
        Column("Dataflow", right=False),
    ]


def _start(study: DataflowStudy, case: Case) -> list[str]:
    several = len(study.points) > 1
    return [f"{case.pes:,}", str(case.batch), case.dataflow] if several else [case.title]


def _levels_sheet(study: DataflowStudy, kind: str, cases: Sequence[Case]) -> Sheet:
    columns = [
        *_head(study),
        Column("Energy\nper MAC"),
        Column("x least", why="energy per MAC / that of the dataflow that needs least"),
        *(Column(str(each), why="accesses × energy per access / MACs") for each in Level),
    ]
    rows: list[Row] = []
    for case in cases:
        levels = [part_cell(study, case, level) for level in Level]
        rows.append([*_start(study, case), energy_cell(study, case), ratio_cell(study, case), *levels])
    title = f"{kind_name(kind)}: energy per MAC by level ({unit_name(study)})"
    return Sheet(f"dataflows-{kind}-levels", title, tuple(columns), tuple(rows), notes=_notes(cases))


def _types_sheet(study: DataflowStudy, kind: str, cases: Sequence[Case]) -> Sheet:
    names = [*TYPE_NAMES.values(), "ALU"]
    why = "accesses × energy per access / MACs"
    columns = [*_head(study), *(Column(name, why=why) for name in names), Column("DRAM words\nper MAC")]
    rows: list[Row] = []
    for case in cases:
        types = [part_cell(study, case, tensor=tensor) for tensor in TYPE_NAMES]
        rows.append([*_start(study, case), *types, part_cell(study, case, Level.ALU), words_cell(case)])
    title = f"{kind_name(kind)}: energy per MAC by type of data ({unit_name(study)})"
    return Sheet(f"dataflows-{kind}-types", title, tuple(columns), tuple(rows))


def _time_sheet(study: DataflowStudy, kind: str, cases: Sequence[Case]) -> Sheet:
    columns = [
        *_head(study),
        Column("Cycles\nper MAC"),
        Column("PEs\nat work", why="MACs done / MACs that the PEs could do"),
        Column("EDP", why="energy per MAC × cycles per MAC"),
        Column("Proof", right=False),
    ]
    rows: list[Row] = [
        [*_start(study, case), delay_cell(case), used_cell(case), edp_cell(study, case), proof_cell(case)]
        for case in cases
    ]
    title = f"{kind_name(kind)}: delay, and energy times delay per MAC squared ({unit_name(study)}, times cycles)"
    notes = []
    if study.objective == "energy":
        notes = ["The mappings are those of least energy: PEs that save none may stand idle (--objective edp)."]
    return Sheet(f"dataflows-{kind}-time", title, tuple(columns), tuple(rows), notes=tuple(notes))


def _notes(cases: Sequence[Case]) -> tuple[str, ...]:
    """Why there is no mapping, and where a search was stopped."""
    notes = [f"{c.title}, {c.pes:,} PEs, batch {c.batch}: no mapping. {c.reason}" for c in cases if c.reason]
    stopped = [c for c in cases if not c.reason and not c.optimal]
    for case in stopped:
        names = ", ".join(layer.name for layer in case.layers if not layer.optimal)
        at_best = "" if case.gap is None else f"; a better one would save at most {percent(case.gap / (1 + case.gap))}"
        notes.append(f"{case.title}, {case.pes:,} PEs, batch {case.batch}: best mapping so far of {names}{at_best}.")
    return tuple(notes)


def _times(case: Case, least: Case) -> str:
    return times(case.over(least) or 0.0)


def _why(study: DataflowStudy, kind: str) -> list[str]:
    """Where each dataflow needs more than the best one, at the first point."""
    pes, batch = study.points[0]
    ranked = study.ranked(pes, batch, kind)
    lines = []
    for case in ranked[1:]:
        if (case.energy or 0.0) < SAME * (ranked[0].energy or 0.0):
            lines.append(f"{case.title} needs as much energy as {ranked[0].title}, within half a per cent.")
        else:
            parts = more(study, case, ranked[0])
            lines.append(f"{case.title} needs {_times(case, ranked[0])} the energy of {ranked[0].title}: {parts}.")
    if lines and len(study.points) > 1:
        lines[0] = f"With {pes:,} PEs and a batch of {batch}: {lines[0]}"
    return lines


def more(study: DataflowStudy, case: Case, other: Case) -> str:
    """Where a case needs more than another, and where less: `+4.3 for ifmap at DRAM, -0.6 for psum at RF`."""
    write = writer(study)
    parts = case.above(other)
    difference = abs((case.energy or 0.0) - (other.energy or 0.0))
    found = [part for part in parts if abs(part[2]) > LEAST_SHARE * difference]
    worse = [part for part in found if part[2] > 0][:WORST_SHOWN]
    better = [part for part in reversed(found) if part[2] < 0][: WORST_SHOWN - 1]
    texts = [
        f"{'+' if value > 0 else '-'}{write(abs(value))} for {TYPE_NAMES.get(tensor or '', '')} at {level}"
        for level, tensor, value in [*worse, *better]
    ]
    return ", ".join(texts) or "the same everywhere"


def _machines(study: DataflowStudy) -> Section:
    return _chip(study) if study.chip is not None else _equal_area(study)


def _chip(study: DataflowStudy) -> Section:
    assert study.chip is not None
    text = (f"{study.chip.label} as it is, with the constraints of each dataflow added.",)
    columns = (Column("Dataflow", right=False), Column("Why it cannot", right=False, fold=30))
    title = "Dataflows that the chip cannot work in"
    sheet = Sheet("dataflows-refused", title, columns, study.refused)
    return Section("dataflows-machines", "The chip", text=text, sheets=(sheet,) if study.refused else ())


def _equal_area(study: DataflowStudy) -> Section:
    data = area_study()
    columns = (
        Column("PEs", why=ASKED),
        Column("Dataflow", right=False),
        Column("Array", right=False, why="rows and columns that make the PEs, as square as can be, or one line"),
        Column("RF\nper PE", why=data.title),
        Column("GLB"),
        Column("All\nstorage"),
        Column("Area"),
    )
    first = {(case.pes, case.dataflow): case for case in reversed(study.cases)}
    rows = [_machine_row(first[key]) for key in dict.fromkeys((case.pes, case.dataflow) for case in study.cases)]
    machines = [find_machine(key) for key in dict.fromkeys(case.dataflow for case in study.cases)]
    notes = [f"{each.title}: {each.note}." for each in machines if each.note]
    text = (
        f"Every machine has the area of {data.baseline} B of register file in each PE and a buffer of {data.baseline} B"
        f" for each PE, and spends it as its dataflow wants (ISCA 2016, equation 2). {data.source}",
    )
    sheet = Sheet("dataflows-machines", "Memories of equal area", columns, tuple(rows), notes=tuple(notes))
    return Section("dataflows-machines", "The machines", text=text, sheets=(sheet,))


def _machine_row(case: Case) -> Row:
    data, machine = area_study(), find_machine(case.dataflow)
    glb = data.buffer(machine, case.pes)
    array = " x ".join(str(axis.size) for fanout in case.hardware.fanouts for axis in reversed(fanout.axes))
    own, buffer, whole = (f"{float(each):,.6g} um2" for each in data.areas(machine, case.pes))
    dense = f"{float(data.area_per_byte[-1][1]):.6g}"
    rf, all_rf = f"{float(machine.rf):g} B", f"{case.pes:,} × {own} of register file"
    sizes: list[str | Cell] = [
        format_bytes(float(8 * machine.rf)),
        Cell(format_bytes(8.0 * glb), f"({whole} in all - {all_rf}) / {dense} um2 per byte, in whole words"),
        worked(f"{case.pes:,} × {rf} + {glb:,} B", format_bytes(float(8 * (case.pes * machine.rf + glb)))),
    ]
    area = float(data.machine_area(machine, case.pes)) / 1e6
    return [f"{case.pes:,}", machine.title, array, *sizes, worked(f"{all_rf} + {buffer} of buffer", f"{area:.4f} mm2")]


def _pictures(study: DataflowStudy, kind: str) -> tuple[Picture, ...]:
    """Two for each batch: what a batch changes is often more than what a dataflow changes."""
    batches = list(dict.fromkeys(case.batch for case in study.cases))
    return tuple(picture for batch in batches for picture in _batch_pictures(study, kind, batch, len(batches) > 1))


def _batch_pictures(study: DataflowStudy, kind: str, batch: int, several: bool) -> tuple[Picture, Picture]:
    cases = [case for case in study.cases if (case.kind, case.batch) == (kind, batch)]
    one_size = len({case.pes for case in cases}) == 1
    labels = [case.title if one_size else f"{case.dataflow.upper()} {case.pes}" for case in cases]
    unit = study.mac_energy() if study.chip is None else None
    axis = ChartAxis("energy per MAC (that of one MAC = 1)" if unit else "energy per MAC", "" if unit else "J")
    scale = 1 / unit if unit else 1.0

    def series(name: str, values: Sequence[float | None]) -> BarSeries:
        return BarSeries(name, tuple(None if value is None else value * scale for value in values))

    levels = [series(str(level), [case.part(level) for case in cases]) for level in Level]
    types = [series(name, [case.part(tensor=key) for case in cases]) for key, name in TYPE_NAMES.items()]
    types.append(levels[-1])
    key = f"dataflows-{kind}" + (f"-batch{batch}" if several else "")
    what = f"{kind_name(kind)}, batch of {batch}: energy per MAC"
    return (
        stacked_bars(f"{key}-levels", f"{what} by level", labels, levels, axis),
        stacked_bars(f"{key}-types", f"{what} by type of data", labels, types, axis),
    )
