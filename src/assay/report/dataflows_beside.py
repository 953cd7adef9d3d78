"""The paper's claims and the re-run of its model, beside what was found."""

from __future__ import annotations

from collections.abc import Sequence

from assay.metrics.dataflow_case import Case, Level
from assay.metrics.dataflows import DataflowStudy
from assay.metrics.dataflows_published import ClaimResult, Rerun, claims_beside, rerun_of
from assay.reading.figures import aligned, exact
from assay.report.dataflow_whys import kind_name, over_cell, part_cell
from assay.report.page import Column
from assay.report.section import Section
from assay.report.sheet import Cell, Row, Sheet

SOURCE = "Chen, Emer, Sze, ISCA 2016"


def beside_section(study: DataflowStudy) -> Section | None:
    """The paper's claims and the re-run of its model; None where they are about something else."""
    claims = claims_beside(study)
    rows = [row for case in study.cases if (row := _rerun_row(study, case))]
    if not claims and not rows:
        return None
    sheets = [_claims_sheet(study, claims)] if claims else []
    if rows:
        sheets.append(_rerun_sheet(study, rows))
    text = (
        "Theirs: the authors' analytical model, run again; each of its dataflows has one form of mapping with a few"
        " parameters. Ours: the best of all mappings that the dataflow's constraints allow.",
    )
    return Section("dataflows-beside", "Beside the paper", text=text, sheets=tuple(sheets))


def _claims_sheet(study: DataflowStudy, claims: Sequence[ClaimResult]) -> Sheet:
    columns = (
        Column("Layers", right=False),
        Column("PEs", why=SOURCE),
        Column("Batch", why=SOURCE),
        Column("Dataflow", right=False),
        Column("x row\nstationary", why="energy per MAC / that of row stationary"),
        Column("paper", right=False),
        Column("holds", right=False),
    )
    rows: list[Row] = []
    for each in claims:
        said = (
            f"{each.claim.least} to {each.claim.most}"
            if each.claim.most is not None
            else f"at least {each.claim.least}"
        )
        holds = "yes" if each.holds else "no"
        name = kind_name(each.claim.kind)
        case, base = (study.case(key, each.pes, each.batch, each.claim.kind) for key in (each.dataflow, "rs"))
        assert case is not None
        assert base is not None
        ratio, paper = over_cell(case, base), Cell(said, f"{SOURCE}: {each.claim.text}")
        rows.append([name, f"{each.pes:,}", str(each.batch), each.title, ratio, paper, holds])
    return Sheet("dataflows-claims", "Energy over that of row stationary", columns, tuple(rows))


_COSTLY = (Level.DRAM, Level.GLB, Level.ARRAY, Level.RF)
_DROPPED = {Level.RF: 1, Level.ARRAY: 2}


def _rerun_sheet(study: DataflowStudy, rows: Sequence[Row]) -> Sheet:
    several = len(study.points) > 1
    columns = (
        Column("Layers", right=False),
        *([Column("Batch", why=SOURCE)] if several else []),
        Column("Dataflow", right=False),
        Column("All"),
        *(Column(str(level), drop=_DROPPED.get(level, 0)) for level in _COSTLY),
    )
    title = "Energy per MAC with 256 PEs: the re-run of the authors' model / ours"
    notes = ("OSB and OSC are output stationary as MOC-MOP and MOC-SOP have it.",)
    return Sheet("dataflows-rerun", title, columns, tuple(rows), notes=notes)


def _rerun_row(study: DataflowStudy, case: Case) -> Row | None:
    theirs = rerun_of(case, study.network.name) if study.chip is None else None
    if theirs is None or not study.mac_energy() or case.energy is None:
        return None
    figures = [_pair(study, case, theirs, level) for level in (None, *_COSTLY)]
    name = case.dataflow if theirs.name == case.dataflow.upper() else f"{theirs.name} / {case.dataflow}"
    batch = [str(case.batch)] if len(study.points) > 1 else []
    return [kind_name(case.kind), *batch, name, *figures]


def _pair(study: DataflowStudy, case: Case, theirs: Rerun, level: Level | None) -> Cell:
    """Theirs and ours at a level, or at all."""
    ours = part_cell(study, case, level)
    text = f"{aligned(theirs.part(level))} / {ours.text}"
    parts = [f"{name}  {exact(words)} words × {cost:g}" for name, words, cost in theirs.parts(level)]
    total = f"sum = {aligned(theirs.part(level))}"
    return Cell(text, "\n".join(["theirs, words per MAC × energy of a word:", *parts, total, "ours:", ours.why]))
