"""What people see of dataflows compared. No figure is calculated here that is not a ratio of two shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assay.metrics.dataflow_case import TYPE_NAMES, Case, Level
from assay.metrics.dataflows import DataflowStudy
from assay.metrics.dataflows_published import ClaimResult, claims_beside, rerun_of
from assay.metrics.equal_area import area_study, find_machine
from assay.reading.units import format_bytes
from assay.report.charts import Axis, Series, stacked_bars
from assay.report.figures import percent
from assay.report.page import Column
from assay.report.pictures import Picture
from assay.report.section import Section
from assay.report.sheet import Cell, Row, Sheet

WORST_SHOWN = 3
"""Parts named in a sentence that says where a dataflow needs more."""

LEAST_SHARE = 0.05
"""Of the difference of two totals: smaller parts of it are not named."""

SAME = 1.005
"""Of the least energy: a dataflow that needs less than that needs the same."""

KIND_NAMES = {"conv": "CONV", "fc": "FC"}
PICO = 1e12


def dataflow_sections(study: DataflowStudy) -> tuple[Section, ...]:
    """Everything: energy by level and by type for each kind of layers, the machines, and what the paper says."""
    sections = [_kind_section(study, kind) for kind in study.kinds]
    sections.append(_machines(study))
    beside = _beside(study)
    return (*sections, *([beside] if beside else []))


def summary(study: DataflowStudy) -> str:
    """One sentence on each kind of layers, at the first point."""
    pes, batch = study.points[0]
    parts = []
    for kind in study.kinds:
        ranked = _ranked(study.at(pes, batch, kind))
        if ranked:
            others = ", ".join(f"{each.title} {_times(each, ranked[0])}" for each in ranked[1:])
            parts.append(f"{kind_name(kind)}: {ranked[0].title} needs least" + (f" ({others})" if others else ""))
    return f"Energy with {pes:,} PEs and a batch of {batch}. {'; '.join(parts)}." if parts else ""


def kind_name(kind: str) -> str:
    """What people call the layers: `CONV`, `FC`, or the kind as it is."""
    return KIND_NAMES.get(kind, kind)


def amount(study: DataflowStudy) -> Callable[[float | None], str]:
    """Writes joules per MAC: on machines of equal area in multiples of a MAC, on a chip in picojoules."""
    unit = study.mac_energy()
    scale = 1 / unit if study.chip is None and unit else PICO
    return lambda value: "-" if value is None else plain(value * scale)


def plain(value: float) -> str:
    """Three digits, zeros at the end too, so that columns can be compared: `4.00`, `12.6`, `208`."""
    return f"{value:#.3g}".removesuffix(".")


def unit_name(study: DataflowStudy) -> str:
    """The unit of `amount`."""
    return "the energy of one MAC = 1" if study.chip is None else "pJ"


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
        *([Column("PEs"), Column("Batch")] if several else []),
        Column("Dataflow", right=False),
    ]


def _start(study: DataflowStudy, case: Case) -> list[str]:
    several = len(study.points) > 1
    return [f"{case.pes:,}", str(case.batch), case.dataflow] if several else [case.title]


def _levels_sheet(study: DataflowStudy, kind: str, cases: Sequence[Case]) -> Sheet:
    write = amount(study)
    columns = [*_head(study), Column("Energy\nper MAC"), Column("x least"), *(Column(str(each)) for each in Level)]
    rows: list[Row] = []
    for case in cases:
        levels = [Cell(write(case.part(level)), _split(study, case, level)) for level in Level]
        rows.append([*_start(study, case), _energy_cell(study, case), _ratio(study, case), *levels])
    title = f"{kind_name(kind)}: energy per MAC by level ({unit_name(study)})"
    return Sheet(f"dataflows-{kind}-levels", title, tuple(columns), tuple(rows), notes=_notes(cases))


def _types_sheet(study: DataflowStudy, kind: str, cases: Sequence[Case]) -> Sheet:
    write = amount(study)
    names = [*TYPE_NAMES.values(), "ALU"]
    columns = [*_head(study), *(Column(name) for name in names), Column("DRAM words\nper MAC")]
    rows: list[Row] = []
    for case in cases:
        types = [Cell(write(case.part(tensor=tensor)), _levels_of(study, case, tensor)) for tensor in TYPE_NAMES]
        words = "-" if case.offchip_words is None else plain(case.offchip_words)
        moved = Cell(words, f"words into and out of DRAM / {case.macs:,} MACs")
        rows.append([*_start(study, case), *types, Cell(write(case.part(Level.ALU)), "a MAC each"), moved])
    title = f"{kind_name(kind)}: energy per MAC by type of data ({unit_name(study)})"
    return Sheet(f"dataflows-{kind}-types", title, tuple(columns), tuple(rows))


def _time_sheet(study: DataflowStudy, kind: str, cases: Sequence[Case]) -> Sheet:
    write = amount(study)
    columns = [
        *_head(study),
        Column("Cycles\nper MAC"),
        Column("PEs\nat work"),
        Column("EDP"),
        Column("Proof", right=False),
    ]
    rows: list[Row] = []
    for case in cases:
        delay = "-" if case.delay is None else plain(case.delay)
        share = "-" if case.delay is None else percent(1 / (case.delay * case.hardware.peak_macs_per_cycle))
        rows.append(
            [
                *_start(study, case),
                Cell(delay, f"cycles of all its layers / {case.macs:,} MACs"),
                Cell(share, f"1 / (cycles per MAC × {case.hardware.peak_macs_per_cycle:,} MACs per cycle at the peak)"),
                Cell(write(case.edp), "energy per MAC × cycles per MAC"),
                _proof(case),
            ]
        )
    title = f"{kind_name(kind)}: delay, and energy times delay per MAC squared ({unit_name(study)}, times cycles)"
    notes = []
    if study.objective == "energy":
        notes = ["The mappings are those of least energy: PEs that save none may stand idle (--objective edp)."]
    return Sheet(f"dataflows-{kind}-time", title, tuple(columns), tuple(rows), notes=tuple(notes))


def _split(study: DataflowStudy, case: Case, level: Level) -> str:
    """What each type of data takes at a level."""
    if level is Level.ALU:
        return "a MAC each"
    parts = [f"{name}: {amount(study)(case.part(level, tensor))}" for tensor, name in TYPE_NAMES.items()]
    return "\n".join([f"accesses × energy per access / MACs ({unit_name(study)}):", *parts])


def _levels_of(study: DataflowStudy, case: Case, tensor: str) -> str:
    """What a type of data takes at each level."""
    parts = [f"{level}: {amount(study)(case.part(level, tensor))}" for level in Level if level is not Level.ALU]
    return "\n".join([f"accesses × energy per access / MACs ({unit_name(study)}):", *parts])


def _energy_cell(study: DataflowStudy, case: Case) -> str | Cell:
    if case.reason:
        return Cell("none", case.reason)
    shown = amount(study)
    lines = [
        f"{layer.name}: {shown(None if layer.energy is None else layer.energy / layer.macs)}"
        for layer in case.layers
        if layer.macs
    ]
    return Cell(amount(study)(case.energy), "\n".join([f"per layer ({unit_name(study)}):", *lines]))


def _ratio(study: DataflowStudy, case: Case) -> str:
    ranked = _ranked(study.at(case.pes, case.batch, case.kind))
    return "-" if not ranked or case.energy is None else plain(case.energy / (ranked[0].energy or 1.0))


def _proof(case: Case) -> str:
    if case.reason:
        return "no mapping"
    if case.optimal:
        return "best"
    return "not proven" if case.gap is None else f"gap {percent(case.gap)}"


def _notes(cases: Sequence[Case]) -> tuple[str, ...]:
    """Why there is no mapping, and where a search was stopped."""
    notes = [f"{c.title}, {c.pes:,} PEs, batch {c.batch}: no mapping. {c.reason}" for c in cases if c.reason]
    stopped = [c for c in cases if not c.reason and not c.optimal]
    for case in stopped:
        names = ", ".join(layer.name for layer in case.layers if not layer.optimal)
        at_best = "" if case.gap is None else f"; a better one would save at most {percent(case.gap / (1 + case.gap))}"
        notes.append(f"{case.title}, {case.pes:,} PEs, batch {case.batch}: best mapping so far of {names}{at_best}.")
    return tuple(notes)


def _ranked(cases: Sequence[Case]) -> list[Case]:
    """Those with a mapping, the least energy first."""
    return sorted((case for case in cases if case.energy), key=lambda case: case.energy or 0.0)


def _times(case: Case, least: Case) -> str:
    return f"{plain((case.energy or 0.0) / (least.energy or 1.0))} times"


def _why(study: DataflowStudy, kind: str) -> list[str]:
    """Where each dataflow needs more than the best one, at the first point."""
    pes, batch = study.points[0]
    ranked = _ranked(study.at(pes, batch, kind))
    lines = []
    for case in ranked[1:]:
        times = _times(case, ranked[0])
        if (case.energy or 0.0) < SAME * (ranked[0].energy or 0.0):
            lines.append(f"{case.title} needs as much energy as {ranked[0].title}, within half a per cent.")
        else:
            parts = more(study, case, ranked[0])
            lines.append(f"{case.title} needs {times} the energy of {ranked[0].title}: {parts}.")
    if lines and len(study.points) > 1:
        lines[0] = f"With {pes:,} PEs and a batch of {batch}: {lines[0]}"
    return lines


def more(study: DataflowStudy, case: Case, other: Case) -> str:
    """Where a case needs more than another, and where less: `+4.3 for ifmap at DRAM, -0.6 for psum at RF`."""
    write = amount(study)
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
    columns = (
        Column("PEs"),
        Column("Dataflow", right=False),
        Column("Array", right=False),
        Column("RF\nper PE"),
        Column("GLB"),
        Column("All\nstorage"),
        Column("Area"),
    )
    first = {(case.pes, case.dataflow): case for case in reversed(study.cases)}
    rows = [_machine_row(first[key]) for key in dict.fromkeys((case.pes, case.dataflow) for case in study.cases)]
    machines = [find_machine(key) for key in dict.fromkeys(case.dataflow for case in study.cases)]
    notes = [f"{each.title}: {each.note}." for each in machines if each.note]
    data = area_study()
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
    sizes = [format_bytes(float(8 * size)) for size in (machine.rf, glb, case.pes * machine.rf + glb)]
    area = float(data.machine_area(machine, case.pes)) / 1e6
    return [f"{case.pes:,}", machine.title, array, *sizes, f"{area:.4f} mm2"]


def _beside(study: DataflowStudy) -> Section | None:
    """The paper's claims and the re-run of its model; None where they are about something else."""
    claims = claims_beside(study)
    rows = [row for case in study.cases if (row := _rerun_row(study, case))]
    if not claims and not rows:
        return None
    sheets = [_claims_sheet(claims)] if claims else []
    if rows:
        sheets.append(_rerun_sheet(study, rows))
    text = (
        "Theirs: the authors' analytical model, run again; each of its dataflows has one form of mapping with a few"
        " parameters. Ours: the best of all mappings that the dataflow's constraints allow.",
    )
    return Section("dataflows-beside", "Beside the paper", text=text, sheets=tuple(sheets))


def _claims_sheet(claims: Sequence[ClaimResult]) -> Sheet:
    columns = (
        Column("Layers", right=False),
        Column("PEs"),
        Column("Batch"),
        Column("Dataflow", right=False),
        Column("x row\nstationary"),
        Column("paper", right=False),
        Column("holds", right=False),
    )
    rows = []
    for each in claims:
        said = (
            f"{each.claim.least} to {each.claim.most}"
            if each.claim.most is not None
            else f"at least {each.claim.least}"
        )
        holds = "yes" if each.holds else "no"
        name = kind_name(each.claim.kind)
        rows.append([name, f"{each.pes:,}", str(each.batch), each.title, f"{each.ratio:.2f}", said, holds])
    return Sheet("dataflows-claims", "Energy over that of row stationary", columns, tuple(rows))


_COSTLY = (Level.DRAM, Level.GLB, Level.ARRAY, Level.RF)
_DROPPED = {Level.RF: 1, Level.ARRAY: 2}


def _rerun_sheet(study: DataflowStudy, rows: Sequence[Row]) -> Sheet:
    several = len(study.points) > 1
    columns = (
        Column("Layers", right=False),
        *([Column("Batch")] if several else []),
        Column("Dataflow", right=False),
        Column("All"),
        *(Column(str(level), drop=_DROPPED.get(level, 0)) for level in _COSTLY),
    )
    title = "Energy per MAC with 256 PEs: the re-run of the authors' model / ours"
    notes = ("OSB and OSC are output stationary as MOC-MOP and MOC-SOP have it.",)
    return Sheet("dataflows-rerun", title, columns, tuple(rows), notes=notes)


def _rerun_row(study: DataflowStudy, case: Case) -> Row | None:
    theirs = rerun_of(case, study.network.name) if study.chip is None else None
    unit = study.mac_energy()
    if theirs is None or unit is None or case.energy is None:
        return None
    pairs = [(theirs.part(), case.energy), *((theirs.part(level), case.part(level) or 0.0) for level in _COSTLY)]
    figures = [f"{_brief(one)} / {_brief(other / unit)}" for one, other in pairs]
    name = case.dataflow if theirs.name == case.dataflow.upper() else f"{theirs.name} / {case.dataflow}"
    batch = [str(case.batch)] if len(study.points) > 1 else []
    return [kind_name(case.kind), *batch, name, *figures]


def _brief(value: float) -> str:
    """Two decimals, none for what is above 100: narrow columns."""
    return f"{value:.2f}" if value < 99.995 else f"{value:.0f}"


def _pictures(study: DataflowStudy, kind: str) -> tuple[Picture, ...]:
    """Two for each batch: what a batch changes is often more than what a dataflow changes."""
    batches = list(dict.fromkeys(case.batch for case in study.cases))
    return tuple(picture for batch in batches for picture in _batch_pictures(study, kind, batch, len(batches) > 1))


def _batch_pictures(study: DataflowStudy, kind: str, batch: int, several: bool) -> tuple[Picture, Picture]:
    cases = [case for case in study.cases if (case.kind, case.batch) == (kind, batch)]
    one_size = len({case.pes for case in cases}) == 1
    labels = [case.title if one_size else f"{case.dataflow.upper()} {case.pes}" for case in cases]
    unit = study.mac_energy() if study.chip is None else None
    axis = Axis("energy per MAC (that of one MAC = 1)" if unit else "energy per MAC", "" if unit else "J")
    scale = 1 / unit if unit else 1.0

    def series(name: str, values: Sequence[float | None]) -> Series:
        return Series(name, tuple(None if value is None else value * scale for value in values))

    levels = [series(str(level), [case.part(level) for case in cases]) for level in Level]
    types = [series(name, [case.part(tensor=key) for case in cases]) for key, name in TYPE_NAMES.items()]
    types.append(levels[-1])
    key = f"dataflows-{kind}" + (f"-batch{batch}" if several else "")
    what = f"{kind_name(kind)}, batch of {batch}: energy per MAC"
    return (
        stacked_bars(f"{key}-levels", f"{what} by level", labels, levels, axis),
        stacked_bars(f"{key}-types", f"{what} by type of data", labels, types, axis),
    )
