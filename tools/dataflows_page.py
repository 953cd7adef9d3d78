"""Write docs/dataflows.md: dataflows compared on equal area as in ISCA 2016, and what a best mapping for each changes.

    python -m tools.dataflows_page > docs/dataflows.md

Also draws the page's pictures. No figure on the page is typed in; mappings come from the cache where it has them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from assay.mapping.counts import Action
from assay.metrics.dataflow_case import TYPE_NAMES, Case, Level
from assay.metrics.dataflows import BATCHES, PES, DataflowStudy, compare_dataflows
from assay.metrics.dataflows_published import Rerun, claims_beside, rerun, rerun_of
from assay.metrics.equal_area import area_study, find_machine
from assay.report.dataflow_whys import kind_name
from assay.report.dataflows import dataflow_sections, summary
from assay.report.pictures import picture_bytes
from assay.report.section import render_sections
from tools.dataflows_grid import OUTSIDE, Split, grid, pairs_table, points_table, split_of, split_of_rerun, two
from tools.parity import table

IMAGES = Path(__file__).parent.parent / "docs" / "images"
FREE = ("rs", "ws", "os", "is", "nlr")
PAIRS = (("rs", "rs_fixed"), ("ws", "ws_fixed"), ("os", "os_b_fixed"), ("os", "os_c_fixed"), ("nlr", "nlr_fixed"))
"""Free, and held to the paper's form."""

TIME_LIMIT = 300.0


@cache
def study() -> DataflowStudy:
    """All of it: 3 x 3 points."""
    return compare_dataflows(time_limit=TIME_LIMIT)


@cache
def fixed() -> DataflowStudy:
    """Held to the form of the paper's mappings, where there is something beside it: 256 PEs."""
    return compare_dataflows(pes=[256], dataflows=[name for _, name in PAIRS], time_limit=TIME_LIMIT)


@cache
def fastest() -> DataflowStudy:
    """256 PEs, a batch of 16, for the least product of energy and delay."""
    return compare_dataflows(pes=[256], batches=[16], objective="edp", time_limit=TIME_LIMIT)


def case(name: str, pes: int, batch: int, kind: str) -> Case:
    """One case; there must be a mapping."""
    found = (fixed() if name.endswith("_fixed") else study()).case(name, pes, batch, kind)
    assert found is not None
    assert not found.reason, found.reason
    return found


def theirs(name: str, batch: int, kind: str) -> Rerun:
    """One result of the re-run, which must be there."""
    found = rerun(name, 256, batch, kind)
    assert found is not None
    return found


def macs(value: float | None) -> float:
    """Joules as multiples of a MAC."""
    unit = study().mac_energy()
    assert unit
    return (value or 0.0) / unit


def words(value: float) -> str:
    """Words per MAC."""
    return "-" if value == 0 else f"{value:.4f}"


# -- what is found -------------------------------------------------------------------------------------------------------


def result_table(kind: str) -> str:
    """Energy per MAC of the five dataflows at every point, with the ratio to row stationary."""
    rows = []
    for pes, batch in study().points:
        base = macs(case("rs", pes, batch, kind).energy)
        cells = []
        for name in FREE:
            each = case(name, pes, batch, kind)
            mark = "" if each.optimal else " (not proven)"
            energy = macs(each.energy)
            cells.append(f"{two(energy)}{mark}" if name == "rs" else f"{two(energy)} ({energy / base:.2f}){mark}")
        rows.append([str(pes), str(batch), *cells])
    return table(["PEs", "batch", *(name.upper() for name in FREE)], rows, left=0)


def points(kind: str) -> str:
    """The five dataflows at all nine points, by level and by type of data."""
    return points_table(study(), kind, FREE)


def split_table(kind: str) -> str:
    """The same of the re-run, beside ours held to its form: 256 PEs."""
    unit = study().mac_energy()
    assert unit
    pairs: dict[tuple[int, str], tuple[Split | None, Split]] = {}
    for batch in BATCHES:
        for _, held in PAIRS:
            row = rerun_of(case(held, 256, batch, kind), "alexnet")
            pairs[batch, label_of(held)] = (
                split_of_rerun(row) if row else None,
                split_of(case(held, 256, batch, kind), unit),
            )
    return pairs_table(pairs)


def label_of(held: str) -> str:
    """A machine held to the paper's form, and what the re-run calls it."""
    machine = find_machine(held)
    return f"{machine.title.removesuffix(' as in the paper').removesuffix(',')} ({machine.rerun})"


def claims_table() -> str:
    """The claims, with the range of what is found."""
    found = claims_beside(study())
    rows = []
    for claim in area_study().claims:
        for name in dict.fromkeys(each.dataflow for each in found):
            some = [each for each in found if each.claim == claim and each.dataflow == name]
            ratios = [each.ratio for each in some]
            said = f"{claim.least} to {claim.most}" if claim.most is not None else f"at least {claim.least}"
            holds = sum(each.holds for each in some)
            span = f"{min(ratios):.2f} to {max(ratios):.2f}"
            rows.append([kind_name(claim.kind), find_machine(name).title, said, span, f"{holds} of {len(some)}"])
    return table(["layers", "", "paper", "ours", "holds"], rows, left=3)


def beside_table(kind: str) -> str:
    """Theirs, ours held to their form, ours free, at 256 PEs."""
    rows = []
    for batch in BATCHES:
        for free, held in PAIRS:
            row = rerun_of(case(held, 256, batch, kind), "alexnet")
            their = two(row.part()) if row else "no mapping"
            one, other = (macs(case(name, 256, batch, kind).energy) for name in (held, free))
            rows.append([str(batch), label_of(held), their, two(one), two(other)])
    return table(["batch", "", "theirs", "ours, held to their form", "ours, free"], rows, left=2)


def part_table(name: str, batch: int, kind: str, *machines: str) -> str:
    """Words per MAC by level and type of data: theirs, and ours by action."""
    row = theirs(name, batch, kind)
    rows = []
    for level in OUTSIDE:
        for tensor, title in TYPE_NAMES.items():
            found = [moved(case(each, 256, batch, kind), level, tensor) for each in machines]
            if row.moved(level, tensor) or any(found):
                rows.append([f"{level}", title, words(row.moved(level, tensor)), *(text or "-" for text in found)])
    return table(["level", "data", "theirs", *(f"`{each}`" for each in machines)], rows, left=2)


ACTIONS = {
    Action.READ: "read",
    Action.FILL: "written from above",
    Action.UPDATE: "written from below",
    Action.TRANSFER: "passed",
}


def moved(each: Case, level: Level, tensor: str) -> str:
    parts = [(each.words(level, tensor, action), text) for action, text in ACTIONS.items()]
    return ", ".join(f"{words(value)} {text}" for value, text in parts if value)


# -- why -----------------------------------------------------------------------------------------------------------------


def at_row_stationary() -> str:
    """What the closest reproduction differs in, in figures."""
    row, held = theirs("RS", 16, "conv"), case("rs_fixed", 256, 16, "conv")
    fills = sum(held.words(Level.RF, tensor, Action.FILL) for tensor in TYPE_NAMES)
    psums = held.words(Level.RF, "ofmap", Action.READ) + held.words(Level.RF, "ofmap", Action.UPDATE)
    rf, total = macs(held.part(Level.RF)), macs(held.energy)
    hops = row.moved(Level.ARRAY, "ofmap")
    array, ours = row.part(Level.ARRAY), macs(held.part(Level.ARRAY))
    filters = held.words(Level.ARRAY, "filter", Action.TRANSFER)
    dram = macs(held.part(Level.DRAM))
    return f"""\
Row stationary with 256 PEs and a batch of 16, CONV: theirs needs {row.part():.3f} per MAC, ours, held to the same form,
{total:.3f} ({100 * (total / row.part() - 1):+.1f} %). Level by level:

* **RF: {row.part(Level.RF):.3f} and {rf:.3f}.** Both read an input and a weight for every MAC, and read and write a partial
  sum for nearly every MAC: 4 accesses less what begins anew. Theirs saves both accesses of a sum that begins in a PE or is
  passed on ({row.moved(Level.RF, "ofmap"):.3f} accesses of sums per MAC); ours saves only the read of the one that finds nothing to add to
  ({psums:.3f}), because the sum has to be written before it can leave. And ours counts the words that are written into the RF
  from outside ({fills:.3f} per MAC); equations 3 and 4 of the paper count no write of inputs and weights at any level.
* **Array: {array:.3f} and {ours:.3f}.** The re-run charges a partial sum twice for each hop between PEs ({hops:.4f} per MAC), as the
  function does that the authors' search minimises; their table of accesses and equation 4 have it once, which would make
  {array - hops * float(area_study().energy["array"]) / 2:.3f} of {array:.3f}. Ours charges once for each PE that sends. Weights differ most: {row.moved(Level.ARRAY, "filter"):.4f} words per
  MAC theirs, {filters:.4f} ours. Theirs lays outputs along the array and delivers a weight for each column of outputs and each
  group of images; ours lays channels and filters there, so that a weight goes to one PE and stays.
* **DRAM: {row.part(Level.DRAM):.3f} and {dram:.3f}.** Weights again: {row.moved(Level.DRAM, "filter"):.4f} words per MAC theirs, {held.words(Level.DRAM, "filter", Action.READ):.4f} ours. Theirs reads
  them again for each strip of outputs of full height and each group of images; ours cuts where it costs least.
* **GLB: {row.part(Level.GLB):.3f} and {macs(held.part(Level.GLB)):.3f}**, with ours counting what is written into it.
* **The array's shape.** On 16 x 16 PEs instead of a line of 256, and with the mapper free in what the GLB keeps, the energy
  is {macs(case("rs", 256, 16, "conv").energy):.3f}: rows of a filter have to fit along one side. The paper's model knows the number of PEs only."""


def at_weight_stationary() -> str:
    conv, fc = theirs("WS", 16, "conv"), theirs("WS", 16, "fc")
    free, flat = case("ws", 256, 16, "conv"), case("ws_fixed", 256, 16, "conv")
    ours = case("ws", 256, 16, "fc")
    one, many = case("ws", 256, 1, "conv"), case("ws", 256, 64, "conv")
    dram = float(area_study().energy["dram"])
    layer = max(free.layers, key=lambda each: (each.energy or 0.0) / each.macs)
    return f"""\
**Weight stationary.** In FC theirs needs {fc.part():.1f} at a batch of 16, ours {macs(ours.energy):.1f}. The difference is inputs from DRAM:
{fc.moved(Level.DRAM, "ifmap"):.4f} words per MAC (an energy of {dram * fc.moved(Level.DRAM, "ifmap"):.1f}) against {ours.words(Level.DRAM, "ifmap", Action.READ):.4f}. Theirs keeps only partial sums in the
GLB and sends the inputs through the array once for each group of filters; ours keeps the inputs of the batch there, in the
same area. Weights cross DRAM once in both. In CONV, DRAM is also what counts: {conv.part(Level.DRAM):.2f} theirs, {macs(flat.part(Level.DRAM)):.2f} ours in
the same form, {macs(free.part(Level.DRAM)):.2f} ours on 16 x 16 PEs. The more images, the dearer it gets: {macs(one.energy):.2f} at a batch of 1,
{macs(free.energy):.2f} at 16, {macs(many.energy):.2f} at 64. A weight that is fetched once has to meet all images before it
leaves, so the partial sums of all of them are waiting. Where they do not fit, theirs has no mapping (as the paper says of 256
PEs and a batch of 64); ours keeps them in DRAM, and pays for it. {layer.name} is the worst: {macs((layer.energy or 0) / layer.macs):.1f} per
MAC at a batch of 16; its output, 55 x 55, is the largest map. The array, too, is charged differently: {conv.part(Level.ARRAY):.2f}
theirs, with two accesses for each hop of a sum, {macs(flat.part(Level.ARRAY)):.2f} ours."""


def at_output_stationary() -> str:
    conv, fc = theirs("OSB", 16, "conv"), theirs("OSB", 16, "fc")
    free, frees = case("os", 256, 16, "conv"), case("os", 256, 16, "fc")
    held, helds = case("os_b_fixed", 256, 16, "conv"), case("os_b_fixed", 256, 16, "fc")
    dram, glb = (float(area_study().energy[name]) for name in ("dram", "glb"))
    return f"""\
**Output stationary.** Ours may spread images, filters, rows and columns of outputs in any mixture; the paper's three kinds
each have one, and hold the whole C x R x S of some filters and images in the GLB. In CONV that costs little: {conv.part():.2f} for
MOC-MOP theirs, {macs(held.energy):.2f} ours in that mixture, {macs(free.energy):.2f} in any; array and RF, {macs(free.part(Level.ARRAY)):.2f} and {macs(free.part(Level.RF)):.2f}, follow from the dataflow and no
mapping changes them. The difference is inputs from DRAM, {conv.moved(Level.DRAM, "ifmap"):.4f} words per MAC against {free.words(Level.DRAM, "ifmap", Action.READ):.4f}: theirs reads them again for each
group of filters. Ours pays some of it back at the GLB ({conv.part(Level.GLB):.2f} and {macs(free.part(Level.GLB)):.2f}). In FC it costs much: {fc.part():.1f} theirs, {macs(frees.energy):.1f} ours. A filter
of FC1 has 9216 weights, so that few of them fit at once, and the inputs come again for every few ({dram * fc.moved(Level.DRAM, "ifmap"):.1f} of energy against
{dram * frees.words(Level.DRAM, "ifmap", Action.READ):.1f}); ours cuts C, and all inputs stay. Theirs also reads a weight from the GLB {fc.moved(Level.GLB, "filter"):.2f} times per MAC ({glb * fc.moved(Level.GLB, "filter"):.1f}); ours
spreads the batch over the array, so that one word from DRAM goes to all images at once and never stops in the GLB. Held to
MOC-MOP, with weights stopping there, ours needs {macs(helds.energy):.1f}."""


def at_no_local_reuse() -> str:
    row, ours = theirs("NLR", 16, "conv"), case("nlr", 256, 16, "conv")
    return f"""\
**No local reuse.** {row.part():.2f} theirs, {macs(ours.energy):.2f} ours, by accident so close: GLB {row.part(Level.GLB):.2f} and {macs(ours.part(Level.GLB)):.2f} (a weight for
every MAC, 6 of it, is the dataflow itself), array {row.part(Level.ARRAY):.2f} and {macs(ours.part(Level.ARRAY)):.2f}. Theirs does not charge the array for weights and
charges hops of sums twice; ours charges each word that a PE gets or sends once."""


def at_fully_connected() -> str:
    rows = {batch: [case(name, 256, batch, "fc") for name in FREE] for batch in BATCHES}
    floor = {batch: float(area_study().energy["dram"]) / batch for batch in BATCHES}
    ratios = [each.ratio for each in claims_beside(study()) if each.claim.kind == "fc" and each.pes == 1024]
    worst = max(ratios)
    base = two(macs(rows[64][0].energy))
    return f"""\
**Why FC comes out closer than in the paper.** A weight of an FC layer is used once for each image, so DRAM needs at least
200 / batch per MAC: {floor[1]:.0f}, {floor[16]:.1f} and {floor[64]:.2f} at 1, 16 and 64. With its best mapping every dataflow comes near it where
the buffer can hold the inputs or the sums of the batch; then only the chip's own levels tell the dataflows apart. With 256
PEs and a batch of 64 the DRAM takes {", ".join(f"{macs(each.part(Level.DRAM)):.2f} ({each.dataflow.upper()})" for each in rows[64])}, of {base} that row stationary
needs in all. With 1024 PEs, whose buffers are four times as large, the three other dataflows of the paper need
{min(ratios):.2f} to {worst:.2f} times the energy of row stationary instead of at least 1.3 times."""


def edp_table() -> str:
    """Delay and EDP of mappings of least energy and of least EDP."""
    rows = []
    for kind in study().kinds:
        for name in FREE:
            one, other = case(name, 256, 16, kind), fastest().case(name, 256, 16, kind)
            assert other is not None
            cells = []
            for each in (one, other):
                assert each.delay is not None
                cells += [two(macs(each.energy)), f"{100 / (each.delay * each.pes):.0f} %", f"{macs(each.edp):.4f}"]
            rows.append([kind_name(kind), find_machine(name).title, *cells])
    head = ["layers", "", "energy", "PEs at work", "EDP", "energy*", "PEs at work*", "EDP*"]
    return table(head, rows, left=2)


def pictures() -> None:
    """Small pictures of all points, by level and by type of data, into docs/images."""
    rerun_names = {"os": "OSB"} | {name: name.upper() for name in ("rs", "ws", "nlr")}

    def beside(name: str, pes: int, batch: int) -> Split | None:
        found = rerun(rerun_names[name], pes, batch, kind) if name in rerun_names else None
        return split_of_rerun(found) if found else None

    for kind in study().kinds:
        for by in ("level", "type"):
            picture = grid(study(), kind, by, FREE, beside)
            (IMAGES / f"{picture.key}.svg").write_bytes(picture_bytes(picture, "svg"))


def example() -> str:
    """What `assay dataflows` shows, as far as the CONV layers."""
    small = DataflowStudy(
        study().network, None, "energy", tuple(c for c in study().cases if (c.pes, c.batch) == (256, 16))
    )
    sections = [each for each in dataflow_sections(small) if each.key.endswith("conv")]
    return render_sections(small.title, sections, summary=summary(small), width=100).rstrip()


def densest() -> float:
    """How much more area a byte of the least dense memory takes than one of the densest."""
    areas = [float(area) for _, area in area_study().area_per_byte]
    return max(areas) / min(areas)


def machine_table() -> str:
    data = area_study()
    rows = []
    for name in (*FREE, "os_b_fixed"):
        machine = find_machine(name)
        buffers = [f"{data.buffer(machine, pes) / 1024:.1f} KiB" for pes in PES]
        rows.append([f"`{name}`", machine.title, f"{float(machine.rf):g} B", *buffers])
    return table(["", "", "RF per PE", *(f"GLB, {pes} PEs" for pes in PES)], rows, left=2)


def spread(kind: str, names: Sequence[str], batches: Sequence[int] = BATCHES) -> str:
    """The range of energies over that of row stationary, over all numbers of PEs."""
    ratios = [
        macs(case(name, pes, batch, kind).energy) / macs(case("rs", pes, batch, kind).energy)
        for pes, batch in study().points
        for name in names
        if batch in batches
    ]
    return f"{min(ratios):.2f} to {max(ratios):.2f}"


def faster() -> str:
    """What row stationary wins in CONV when asked for the least EDP."""
    one, other = case("rs", 256, 16, "conv"), fastest().case("rs", 256, 16, "conv")
    assert other is not None
    assert one.delay is not None
    assert other.delay is not None
    more = 100 * (macs(other.energy) / macs(one.energy) - 1)
    ranked = sorted(fastest().at(256, 16, "conv"), key=lambda each: each.edp or 0.0)
    best = ", ".join(f"{macs(each.edp):.4f} ({each.dataflow.upper()})" for each in ranked)
    return (
        f"In CONV row stationary gives {more:.1f} % of energy for {one.delay / other.delay:.1f} times the speed; who looks at EDP"
        f" should ask for it.\nThe least EDP comes first: {best}."
    )


def page() -> str:
    unproven = [each for each in (*study().cases, *fixed().cases, *fastest().cases) if not each.optimal]
    proof = (
        "All of them are proven."
        if not unproven
        else f"{len(unproven)} cases were stopped after {TIME_LIMIT:.0f} s of search for a layer and are marked."
    )
    energy = area_study().energy
    costs = ", ".join(f"{name} {float(value):g}" for name, value in energy.items())
    return f"""\
# Dataflows compared

A dataflow says which data stays near the multipliers, and what moves instead. `assay dataflows` compares the five of the
literature ([what each one is](hardware.md#dataflows)): weight, output, input and row stationary, and no local reuse. Each gets
the **best mapping of every layer, with the proof**; so what differs is the dataflow and not how hard somebody looked. This page
also repeats the comparison of Chen, Emer, Sze, *Eyeriss: a spatial architecture for energy-efficient dataflow for convolutional
neural networks*, ISCA 2016, and says where a best mapping for each changes it. It is made by `make docs`: no figure on it is typed
in.

```console
$ assay dataflows                                            # AlexNet, 256 PEs, a batch of 16
$ assay dataflows vgg16 --pes 256,1024 --batch 1,16 --plot pictures
$ assay dataflows alexnet --dataflow rs,ws --objective edp --json result.json
$ assay dataflows mobilenet_v1 --hardware edge_45nm          # on a chip as it is
```

```python
import assay

study = assay.compare_dataflows("alexnet", pes=[256], batches=[16])
for case in study.cases:
    print(case.dataflow, case.kind, case.energy / study.mac_energy())
```

## What is compared

**Machines of equal area.** All have as many PEs, and the same area for memories (ISCA 2016, equation 2):

    area = PEs x area(512 B of RF) + area(PEs x 512 B of GLB)

A dataflow that needs a small register file (RF) in its PEs gets a larger global buffer (GLB) for it. Areas per byte are those
of the authors' model (65 nm); a small memory takes up to {densest():.0f} times the area per byte.

{machine_table()}

The PEs lie in an array of 16 x 16, 16 x 32 or 32 x 32. The mapper chooses what the GLB keeps. Output stationary has one
accumulator in a PE, the storage of the paper's MOC-SOP, but may spread outputs over the array as any of its three kinds does.
Input stationary is not in the paper; it has the counterpart of weight stationary's machine. Energy per 16-bit word, in units of
a MAC (ISCA 2016, Table IV): {costs}.

**Figures.** Energy per MAC is the sum of counts times those costs, over the layers of a kind; by level it adds up to the total, by
type of data it does together with the ALU. *DRAM words* is the paper's "DRAM accesses/operation", per MAC. *Delay* is in cycles per
MAC: 1 / active PEs, weighted by MACs, as nothing else limits these machines. EDP is energy times delay, both per MAC. Layers are
apart by kind. A dataflow that has no mapping for a kind of layers says why.

**On a chip** (`--hardware`) the dataflow's constraints are added to the chip as it is; those that it cannot work in are listed with
the reason. Energies are then in picojoules, and cycles include waiting for bandwidth.

## An example

`assay dataflows` begins so:

```text
{example()}
```

"+2.00 for filter at array" is where the difference of the two totals lies: parts of more than 5 % of it are named. `--explain`, `--html`,
`--markdown`, `--latex` and `--json` ([schema](../src/assay/data/schema/dataflows-1.json), with every mapping) write the rest.

## What is found

AlexNet, energy per MAC in units of one; behind it the ratio to row stationary. {proof}

**CONV**

{result_table("conv")}

**FC**

{result_table("fc")}

**What the dataflow itself decides.** A MAC needs an input, a weight and a partial sum. Row stationary takes all of them from the RF:
4 accesses at 1. Weight and input stationary take one operand from the RF (1) and move the other and the sum through the array
(2 + 2). Output stationary reads and writes the sum in the RF (2) and moves both operands (2 + 2). Without local reuse all three move
(6), and the weight comes from the GLB (6, unless it is used once only). With the ALU: 5, 6, 7 and 13. No mapping goes below, but
for the reads of sums that begin; what is above is what the mapping decides, DRAM and GLB. That is why the order in CONV is stable: row, input, output stationary, no local reuse; weight stationary's
place depends on the batch.

## By level and by type of data

Where that energy goes, at all nine points. In the first row of each picture the hatched bars are a re-run of the authors' own model
([below](#theirs-beside-ours)), which is there for 256 PEs; for OS its MOC-MOP. Its WS has no mapping at a
batch of 64, and IS is not in it.

![CONV: energy per MAC by level](images/dataflows-conv-levels.svg)

![CONV: energy per MAC by type of data](images/dataflows-conv-types.svg)

![FC: energy per MAC by level](images/dataflows-fc-levels.svg)

![FC: energy per MAC by type of data](images/dataflows-fc-types.svg)

The same in figures. Levels and the ALU's 1 add up to the energy, and so do types of data and the ALU's 1.

**CONV**

{points("conv")}

**FC**

{points("fc")}

More PEs come with more buffer, and batches with more reuse of weights: what grows and shrinks is DRAM (in FC nearly all of a batch of 1),
and the GLB where no PE stores anything. Array and RF hardly move: they belong to the dataflow.

## What the paper says

Energy of the others over that of row stationary; the paper's claims are about 256, 512 and 1024 PEs and batches of 1, 16 and 64
(FC: above 16). *Holds* counts points.

{claims_table()}

## Theirs beside ours

The paper's figures exist as pictures only. *Theirs* is a re-run of the authors' analytical model
(github.com/ominux/eyeriss-dataflow at 92b0e6b), an exhaustive search over the parameters of its mappings; it is not guaranteed to be what was
published, but agrees with the paper's text. It is there for 256 PEs. *Held to their form* are machines with the register files of the
paper, the PEs in a line (the model knows only their number), and the GLB for the tensors that it keeps there: `--dataflow rs_fixed,...`.

**CONV**

{beside_table("conv")}

**FC**

{beside_table("fc")}

The same by level and by type of data, theirs / ours held to their form:

**CONV**

{split_table("conv")}

**FC**

{split_table("fc")}

### Row stationary, as close as it gets

{at_row_stationary()}

Words per MAC, theirs in total, ours by action:

{part_table("RS", 16, "conv", "rs_fixed", "rs")}

### What changes when every dataflow gets its best mapping

{at_weight_stationary()}

{part_table("WS", 16, "fc", "ws")}

{at_output_stationary()}

{part_table("OSB", 16, "fc", "os")}

{at_no_local_reuse()}

{at_fully_connected()}

**In short.** In CONV the paper's order stands, its range holds in part (the table above): of its dataflows row stationary needs
least at all nine points, the others {spread("conv", ("ws", "os", "nlr"))} times as much; input stationary, which it does not have, {spread("conv", ("is",))} times. In FC the others need
{spread("fc", ("ws", "os", "nlr"), (1,))} times as much at a batch of 1, where weights from DRAM are nearly all, {spread("fc", ("ws", "os", "nlr"), (16,))} at 16 and
{spread("fc", ("ws", "os", "nlr"), (64,))} at 64: the paper's 1.3 holds in part, and much of it was the fixed form of the others' mappings.

## Delay

The mappings above are those of least energy, and energy does not mind PEs that stand idle. With 256 PEs and a batch of 16, beside
the mappings of least EDP (columns with *, `--objective edp`):

{edp_table()}

{faster()}

## Limits

* Tile sizes divide the layer; the re-run rounds up. So MOC-MOP at a batch of 64 needs {theirs("OSB", 64, "fc").part():.1f} theirs and {macs(case("os_b_fixed", 256, 64, "fc").energy):.1f} ours in FC,
  held to it: theirs keeps 14 filters of FC1 in the GLB while the images pass; ours could keep 8, since 16 (the next divisor of 4096)
  of 9216 weights, and an image, are just more than the {area_study().buffer(find_machine("os_b_fixed"), 256) / 1024:.1f} KiB. It then reads weights several times instead.
* Ours charges the writing of words into the GLB and the RF, theirs does not: at a batch of 1 weights that stop in the GLB cost 6 more
  there ({theirs("NLR", 1, "fc").part():.0f} and {macs(case("nlr_fixed", 256, 1, "fc").energy):.0f} for no local reuse, FC); left free, ours lets them pass by.
* Input stationary keeps one input in a PE for all that is done with it at one place of the filter; SCNN's, which keeps it for the
  whole filter, needs accumulators in the PE, and is not this machine.
* The paper's SOC-MOP has no machine here: it passes inputs from PE to PE, out of 98 B in each.
* Energies are those of dense layers at 16 bits: no zeros are skipped, and nothing leaks.
* A search takes seconds; all of this page a few minutes on two cores. `--time-limit` ends a layer's search, and the gap is shown.
"""


def main() -> None:
    pictures()
    sys.stdout.write(page())


if __name__ == "__main__":
    main()
