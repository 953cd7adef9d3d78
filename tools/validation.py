"""Write docs/validation.md: Assay beside measurements of chips, and its components beside published figures.

    python -m tools.validation > docs/validation.md

No figure on the page is typed in: the published ones come from tests/data/reference, ours from an evaluation.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import assay
from assay.evaluation.results import Evaluation
from assay.mapping.counts import Action
from tools.isaac_page import isaac_reasons, isaac_table
from tools.validation_components import component_sections

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "tests" / "data" / "reference"
CHIP_MAPPING = ROOT / "examples" / "eyeriss_alexnet_chip.yaml"
LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5")
Row = dict[str, str]


def published(name: str) -> dict[str, Row]:
    """Rows of a published table by layer, in lower case."""
    lines = [line for line in (REFERENCE / name).read_text().splitlines() if not line.startswith("#")]
    return {row["layer"].lower(): row for row in csv.DictReader(lines)}


def evaluations() -> tuple[Evaluation, Evaluation]:
    """AlexNet's convolutions on Eyeriss with the chip's own mapping, and with the best one."""
    network = assay.load_network("alexnet")
    network = assay.Network(
        network.name, tuple(layer for layer in network.layers if layer.name in LAYERS), network.title, network.source
    )
    chip = assay.load_hardware("eyeriss")
    own = assay.evaluate(network, chip, batch=4, mappings=assay.read_mapping(CHIP_MAPPING), workers=1)
    return own, assay.evaluate(network, chip, batch=4, workers=1)


def words(evaluation: Evaluation, layer: str, component: str, tensor: str | None = None) -> int:
    """Words read, filled and updated in a memory."""
    (result,) = (r for r in evaluation.layers if r.name == layer)
    moves = (Action.READ, Action.FILL, Action.UPDATE)
    return sum(
        c.count for c in result.counts if c.component == component and c.action in moves and tensor in (None, c.tensor)
    )


def megabytes(count: int) -> float:
    """Of 16-bit words."""
    return count * 2 / 1e6


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def traffic_table(own: Evaluation, best: Evaluation) -> str:
    measured = published("eyeriss_v1_alexnet_layers.csv")
    rows = []
    for name in LAYERS:
        glb, dram = ([megabytes(words(e, name, memory)) for e in (own, best)] for memory in ("glb", "dram"))
        row = measured[name]
        ratio = dram[0] / float(row["DRAM_MB"])
        rows.append(
            [name, row["GLB_MB"], f"{glb[0]:.1f}", f"{glb[1]:.1f}"]
            + [row["DRAM_MB"], f"{dram[0]:.2f}", f"{ratio:.2f}", f"{dram[1]:.2f}", row["zeros_ifmap_pct"]]
        )
    totals = [sum(megabytes(words(e, n, m)) for n in LAYERS) for m in ("glb", "dram") for e in (own, best)]
    row = measured["total"]
    ratio = totals[2] / float(row["DRAM_MB"])
    rows.append(
        ["total", row["GLB_MB"], f"{totals[0]:.1f}", f"{totals[1]:.1f}"]
        + [row["DRAM_MB"], f"{totals[2]:.2f}", f"{ratio:.2f}", f"{totals[3]:.2f}", ""]
    )
    head = ["layer", "buffer MB, measured", "chip's mapping", "best mapping"]
    head += ["off-chip MB, measured", "chip's mapping", "ratio", "best mapping", "zeros in ifmap, %"]
    return table(head, rows)


def time_table(own: Evaluation, best: Evaluation) -> str:
    measured = published("eyeriss_v1_alexnet_layers.csv")
    rows = []
    for a, b in zip(own.layers, best.layers, strict=True):
        row = measured[a.name]
        assert a.latency is not None and b.latency is not None
        share = a.latency * 1e3 / float(row["processing_latency_ms"])
        rows.append(
            [a.name, row["active_PEs"], str(a.active_pes), str(b.active_pes)]
            + [row["total_latency_ms"], row["processing_latency_ms"]]
            + [f"{a.latency * 1e3:.1f}", f"{share:.0%}", f"{b.latency * 1e3:.1f}"]
        )
    row = measured["total"]
    assert own.latency is not None and best.latency is not None
    share = own.latency * 1e3 / float(row["processing_latency_ms"])
    rows.append(
        ["total", row["active_PEs"], f"{own.active_pes:.0f}", f"{best.active_pes:.0f}"]
        + [row["total_latency_ms"], row["processing_latency_ms"]]
        + [f"{own.latency * 1e3:.1f}", f"{share:.0%}", f"{best.latency * 1e3:.1f}"]
    )
    head = ["layer", "active PEs, chip", "chip's mapping", "best mapping", "ms, total", "ms, processing"]
    return table([*head, "chip's mapping", "of processing", "best mapping"], rows)


def tile_table(own: Evaluation) -> str:
    stated = published("eyeriss_v1_mapping_table3.csv")
    rows = []
    for result in own.layers:
        assert result.analysis is not None
        tiles = {t.tensor: t.words * 2 / 1024 for t in result.analysis.occupancy if t.component == "glb"}
        row = stated[result.name]
        rows.append(
            [result.name, row["glb_ifmap_kB"], f"{tiles['ifmap']:.1f}", row["glb_psum_kB"], f"{tiles['ofmap']:.1f}"]
        )
    return table(["layer", "ifmap kB, paper", "Assay", "psum kB, paper", "Assay"], rows)


def power_table(own: Evaluation) -> str:
    measured = published("eyeriss_v1_alexnet_layers.csv")
    rows = []
    for result in own.layers:
        row = measured[result.name]
        onchip = sum(e.energy or 0.0 for e in result.energies if e.component != "dram")
        power = onchip / (float(row["total_latency_ms"]) * 1e-3)
        share = power * 1e3 / float(row["power_mW"])
        rows.append([result.name, row["power_mW"], f"{power * 1e3:.0f}", f"{share:.0%}", row["zeros_ifmap_pct"]])
    return table(["layer", "chip mW, measured", "Assay, without DRAM", "share", "zeros in ifmap, %"], rows)


def conv3_in_passes_of_6(own: Evaluation) -> float:
    """Buffer traffic of CONV3 in MB if it were mapped as CONV4 is: 6 channels in a pass, two PE sets on channels."""
    conv4 = assay.read_mapping(CHIP_MAPPING)["conv4"]
    outer = assay.Level("dram", (assay.Loop("M", 6), assay.Loop("C", 43)), conv4.levels[0].keep)
    mapping = assay.Mapping((outer, *conv4.levels[1:]))
    einsum = own.layers[LAYERS.index("conv3")].einsum
    assert einsum is not None
    counts = assay.analyse(einsum, own.hardware, mapping).counts
    moves = (Action.READ, Action.FILL, Action.UPDATE)
    return megabytes(sum(c.count for c in counts if c.component == "glb" and c.action in moves))


def page() -> str:
    own, best = evaluations()
    return PAGE.format(
        conv3_by_6=conv3_in_passes_of_6(own),
        tiles=tile_table(own),
        times=time_table(own, best),
        traffic=traffic_table(own, best),
        power=power_table(own),
        isaac=isaac_table(),
        isaac_reasons=isaac_reasons(),
        **component_sections(own),
    )


PAGE = """# Validation

How far Assay's figures agree with measurements. This page is made by `make docs`; nothing on it is typed in by hand, and
the tests check that it is up to date.

## Eyeriss v1, AlexNet CONV1-5, batch of 4

Measured: Chen, Krishna, Emer, Sze, *JSSC* 52(1), 2017, Table V (silicon, 65 nm, 200 MHz core, 60 MHz link, 1.0 V). Two
mappings are evaluated on the preset `eyeriss`:

- **the chip's mapping**, from Table III of the paper ([examples/eyeriss_alexnet_chip.yaml](../examples/eyeriss_alexnet_chip.yaml)),
  counted as it stands;
- **the best mapping**, found by Assay: the least energy among all mappings with perfect factors that spread the layer over
  as many PEs as such factors can.

Used for calibration: the multiplier's energy, from the power of CONV1 (see the preset). Everything else is a prediction.

### Tiles in the buffer

{tiles}

The paper's kB are 1024 bytes. Every tile agrees to the printed digit, but for CONV1's 72.1875, which the paper cuts short.

### Active PEs and time

{times}

- **Active PEs** under the chip's mapping equal the measured ones in every layer: this part of the mapping is exact. The
  best mapping uses other numbers where perfect factors do not allow the chip's: it cannot cut the 55 rows of CONV1 into
  strips of 7, nor fold the 27 columns of CONV2 into 14 and 13.
- **Time.** Assay's is a lower bound for the chip's: transfers overlap the computation perfectly, and pipelines fill and
  drain in no time. The measured processing latency is longer in every layer. The measured *total* adds the time in which
  the chip waits for the first data from DRAM, which it does not overlap.
- CONV3 of the chip's mapping is bound by the partial sums that go up to the buffer, 64 bits per cycle.

### Traffic

{traffic}

- **Buffer.** Reads, fills and updates of 16-bit words. CONV1, 2, 4 and 5 agree within 5 %. CONV3 does not: the paper's
  Table III has 4 channels in a pass, so partial sums go up to the buffer 64 times. Passes of 6 channels, as in CONV4,
  would give {conv3_by_6:.1f} MB, as near to the measurement as the other layers are. We do not know which of the two is a slip.
- **Off-chip.** The chip compresses feature maps by run lengths on their way off the chip; Assay does not model that, so
  its figure is the traffic before compression. The ratio grows with the zeros in the feature maps, as it should
  (the paper gives 1.2 to 1.9 for the layers). CONV1's own input has no zeros: there the ratio comes from its output.
- **Padding zeros** are moved like data here; for CONV2 to CONV5 that adds up to 33 % to the ifmap's words. The chip's
  tiles include them too: see the ifmap's tiles above.

### Power

{power}

Assay's dynamic energy of the MACs, scratchpads, array and buffer under the chip's mapping, over the measured total
latency. In CONV1, whose input has next to no zeros, the difference is what the ratios leave out: clock network, control and
leakage. In the other layers the chip gates its multipliers and scratchpads at zero inputs (the paper states up to 45 %
less PE power), and the modelled share rises accordingly.

## Components

The rest of the page holds [components](hardware.md#components) against published figures. Here is what they were calibrated
with; every other figure is a prediction, and the tables say which is which.

| component | calibrated with |
| --- | --- |
| `sram` | CACTI 7, sizes and nodes as in [components.md](components.md#sram-beside-cacti); `layout: compiled`: three of the areas per byte below |
| `adder`, `multiplier`, `mac` | Horowitz's rows marked *fitted* |
| `register`, `register_file` | flip-flops of Aladdin (40 nm), cells of sky130 |
| `multicast_network`, `wire` | capacitance of wires from the literature |
| `adc` | Murmann's survey; `dac`, `sample_hold`: ISAAC's areas and the DAC's power |
| the preset `eyeriss` | one choice, not a number: `clock_gating: false` of its register files, made with the measured power known |

No figure of Eyeriss was fitted: what follows on Eyeriss comes from the components of the preset `eyeriss`, Horowitz's arithmetic
and CACTI's memories, all brought to 65 nm LP at 1.0 V. The one choice in the last row matters, as is said below.

### Eyeriss: energy by block

{breakdown}

*After layout*: simulation of an Eyeriss-like design with AlexNet, and Accelergy's estimate for it (Wu, Emer, Sze, ICCAD 2019).
Assay: the chip's mapping of CONV1-5, counted exactly, times energies of components. For a zero of the ifmap a PE reads no filter
and does nothing further, as the paper says; the clock runs in the registers of the PEs at work for the measured latency.

### Eyeriss: power of the chip

{component_power}

Energy in all: {energy_total} from components, {energy_measured} measured on the chip: {energy_deviation}. What this rests on:

- Three quarters of the energy are the clock of the scratchpads' flip-flops. The paper says that idle PEs have their clock gated,
  and nothing of gating within a PE; if the clock of unused words were gated, too, the sum would be less than a third. Of the two
  ways to build a register file, we took the one that the paper's words allow, and knew the measured power when we did.
- Pipeline registers, FIFOs and control of the PEs, the compression unit and leakage of logic are not in the sum, so that the
  agreement in total is better than it deserves.
- Layers with many zeros come out too high: the chip saves more at a zero than is counted here.

### Eyeriss: area

{areas}

The paper states shares of the core (scratchpads about half and 2.5 times the buffer; multipliers and adders 7.4 %). Cells are laid
out side by side here; a chip has wires, buffers, test logic and unused area between them. The multipliers of the chip take 3.5
times the area of Horowitz's: they are pipelined, and synthesized for speed in a low-power process.

### Arithmetic and memory: Horowitz, ISSCC 2014

{horowitz}

*Form chosen*: the row was not fitted, but seen when the form of the terms was chosen. SRAM: the model is calibrated against CACTI,
which stays below Horowitz's rounded figures; the uncertainty of `sram` (a factor of 2) is judged from these rows. DRAM: his rows do not
say which; DDR3 is taken, of 64 bits against the middle of his range. His last row, a whole instruction, is no component.

### Area per byte, 65 nm

{per_byte}

Published: the memories behind the comparison of dataflows in Chen, Emer, Sze, ISCA 2016. Up to 16 bytes they are registers (with
an enable for each bit); from 64 bytes they come from a memory compiler, whose periphery CACTI does not have: `layout: compiled`
does, fitted to three of the rows. In between neither of the two fits.

### ISAAC: a tile

{isaac}

{isaac_reasons}
"""


if __name__ == "__main__":
    sys.stdout.write(page())
