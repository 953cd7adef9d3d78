"""The part of docs/validation.md on components: their energy and area beside published figures.

No figure is typed in: the published ones come from tests/data/reference, ours from estimators.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import assay
from assay.components.estimate import Estimate
from assay.evaluation.layer import LayerResult
from assay.evaluation.results import Evaluation
from assay.hardware.design import built_of, chip_area

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "tests" / "data" / "reference"
PROCESS = "65 nm LP, 1.0 V"
HOROWITZ = "45 nm, 0.9 V"
CLOCK = 200e6
CORE = 12.25e-6
"""m2 of Eyeriss' core (JSSC 2017)."""
Row = dict[str, str]

BLOCKS = ("PE Array", "SharedBuffer", "PsumRdNoC", "PsumWrNoC", "IfmapNoC", "WeightsBuffer", "WeightsNoC")

ARITHMETIC = {
    "8b Add": ("adder", "int8", "add", "fitted"),
    "16b Add": ("adder", "int16", "add", "predicted"),
    "32b Add": ("adder", "int32", "add", "fitted"),
    "16b FP Add": ("adder", "fp16", "add", "form chosen"),
    "32b FP Add": ("adder", "fp32", "add", "fitted"),
    "8b Mult": ("multiplier", "int8", "multiply", "fitted"),
    "32b Mult": ("multiplier", "int32", "multiply", "fitted"),
    "16b FP Mult": ("multiplier", "fp16", "multiply", "form chosen"),
    "32b FP Mult": ("multiplier", "fp32", "multiply", "fitted"),
}
"""Horowitz's rows of arithmetic: class, format, action, and what they were used for."""

DRAMS = {"32b DRAM read": (32, ""), "64b DRAM": (64, "1950")}
"""His rows of DRAM: bits, and the middle of a range."""

MEMORIES = {
    "32b SRAM read (8KB)": (2048, 32),
    "64b SRAM read 8KB": (1024, 64),
    "64b SRAM read 32KB": (4096, 64),
    "64b SRAM read 1MB": (131072, 64),
}
"""His rows of SRAM: words and bits of a word."""


def reference(name: str) -> list[Row]:
    """The rows of a published table."""
    lines = [line for line in (REFERENCE / name).read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def deviation(ours: float, theirs: float) -> str:
    return f"{ours / theirs - 1:+.0%}"


def parts() -> dict[str, Estimate]:
    """The components of the preset `eyeriss`, and those of its three networks, by name."""
    found: dict[str, Estimate] = {}
    for built in built_of(assay.load_hardware("eyeriss")):
        if built.estimate is not None:
            found[built.name] = built.estimate
            found |= {part.name: part.estimate for part in built.estimate.parts}
    found["filter_buffer"] = assay.estimate("sram", depth=1024, width=64, technology=PROCESS)
    return found


def joules(estimate: Estimate, action: str) -> float:
    value = estimate.energy_of(action)
    assert value is not None, (estimate.component, action)
    return value


def blocks(layer: LayerResult, latency: float, zeros: float, built: Mapping[str, Estimate]) -> dict[str, float]:
    """Joules of a layer by block of the design, under the chip's mapping.

    Args:
        latency: measured seconds: the clock runs so long in the PEs at work.
        zeros: share of the ifmap's words that are zero: for those a PE reads no filter and does nothing further.
        built: what the chip is built of, from `parts`.
    """
    count = {(each.component, each.tensor, str(each.action)): each.count for each in layer.counts}
    macs = count["pe_mac", None, "compute"]
    live = 1 - zeros
    ifmap, psum, filters = (built[f"{name}_spad"] for name in ("ifmap", "psum", "filter"))
    clock = joules(ifmap, "idle") + joules(psum, "idle")

    def beyond(registers: Estimate, action: str) -> float:
        """Of a register file, without the clock, which is charged by the cycle."""
        return joules(registers, action) - joules(registers, "idle")

    array = macs * live * (joules(built["pe_mac"], "compute") + joules(filters, "read"))
    array += count["filter_spad", "filter", "fill"] * joules(filters, "write")
    array += macs * beyond(ifmap, "read") + count["ifmap_spad", "ifmap", "fill"] * beyond(ifmap, "write")
    array += live * count["psum_spad", "ofmap", "read"] * beyond(psum, "read")
    array += live * count["psum_spad", "ofmap", "update"] * beyond(psum, "write")
    array += count.get(("psum_spad", "ofmap", "fill"), 0) * beyond(psum, "write")
    array += (layer.active_pes or 0) * latency * CLOCK * clock
    read, write = joules(built["glb"], "read") / 4, joules(built["glb"], "write") / 4  # four words in 64 bits
    glb = [(action, words) for (node, _, action), words in count.items() if node == "glb"]
    weights = count["dram", "filter", "read"]
    through = joules(built["filter_buffer"], "read") + joules(built["filter_buffer"], "write")
    return {
        "PE Array": array,
        "SharedBuffer": sum(words * (read if action == "read" else write) for action, words in glb),
        "PsumRdNoC": count.get(("glb", "ofmap", "read"), 0) * joules(built["psum_in"], "transfer") / 4,
        "PsumWrNoC": count.get(("glb", "ofmap", "update"), 0) * joules(built["psum_out"], "transfer") / 4,
        "IfmapNoC": count["glb", "ifmap", "read"] * joules(built["ifmap"], "multicast"),
        "WeightsBuffer": weights * through / 4,
        "WeightsNoC": weights * joules(built["filter"], "multicast") / 4,
    }


def eyeriss_energy(own: Evaluation) -> dict[str, dict[str, float]]:
    """Joules by layer and block."""
    measured = {row["layer"].lower(): row for row in reference("eyeriss_v1_alexnet_layers.csv")}
    built = parts()
    return {
        layer.name: blocks(
            layer,
            float(measured[layer.name]["total_latency_ms"]) * 1e-3,
            float(measured[layer.name]["zeros_ifmap_pct"]) / 100,
            built,
        )
        for layer in own.layers
    }


def shares(energy: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Percent of all layers' energy by block."""
    totals = {block: sum(layer[block] for layer in energy.values()) for block in BLOCKS}
    return {block: 100 * value / sum(totals.values()) for block, value in totals.items()}


def breakdown_table(energy: Mapping[str, Mapping[str, float]]) -> str:
    ours = shares(energy)
    rows = []
    for row in reference("accelergy_eyeriss_breakdown.csv"):
        truth, block = float(row["ground_truth_pct"]), row["component"]
        found = ours[block]
        rows.append([block, row["ground_truth_pct"], row["accelergy_pct"], f"{found:.1f}", f"{found - truth:+.1f}"])
    return table(["block", "after layout, %", "Accelergy, %", "Assay, %", "difference, points"], rows)


def power(energy: Mapping[str, Mapping[str, float]]) -> list[tuple[str, float, float]]:
    """(layer, measured mW, ours), the total last."""
    measured = {row["layer"].lower(): row for row in reference("eyeriss_v1_alexnet_layers.csv")}
    found = []
    for name, own in energy.items():
        row = measured[name]
        found.append((name, float(row["power_mW"]), sum(own.values()) / float(row["total_latency_ms"]) * 1e6))
    row = measured["total"]
    total = sum(sum(own.values()) for own in energy.values())
    return [*found, ("total", float(row["power_mW"]), total / float(row["total_latency_ms"]) * 1e6)]


def power_table(energy: Mapping[str, Mapping[str, float]]) -> str:
    rows = [[name, f"{chip:.0f}", f"{ours:.0f}", deviation(ours, chip)] for name, chip, ours in power(energy)]
    return table(["layer", "chip mW, measured", "from components", "difference"], rows)


def area_table() -> str:
    chip = assay.load_hardware("eyeriss")
    area = {built.name: built.area.value or 0.0 for built in built_of(chip)}
    spads = sum(area[name] for name in ("filter_spad", "ifmap_spad", "psum_spad"))
    paper = {"scratchpads": 0.5 * CORE, "buffer": 0.5 / 2.5 * CORE, "multipliers and adders": 0.074 * CORE}
    ours = {"scratchpads": spads, "buffer": area["glb"], "multipliers and adders": area["pe_mac"]}
    total = chip_area(chip).value or 0.0
    rows = [[k, f"{paper[k] * 1e6:.2f}", f"{ours[k] * 1e6:.2f}", f"{ours[k] / paper[k]:.2f}"] for k in paper]
    rows.append(["all components, beside the core", f"{CORE * 1e6:.2f}", f"{total * 1e6:.2f}", f"{total / CORE:.2f}"])
    return table(["part", "paper, mm2", "Assay, mm2", "ratio"], rows)


def horowitz() -> list[tuple[str, str, float, float, float | None, float | None]]:
    """(row, use, their pJ, ours, their um2, ours)."""
    found = []
    for row in reference("horowitz_isscc14.csv"):
        name = row["operation"]
        if name in ARITHMETIC:
            component, form, action, use = ARITHMETIC[name]
            estimate = assay.estimate(component, format=form, technology=HOROWITZ)
        elif name in MEMORIES:
            depth, width = MEMORIES[name]
            estimate, action, use = (
                assay.estimate("sram", depth=depth, width=width, technology=HOROWITZ),
                "read",
                "predicted",
            )
        elif name in DRAMS:
            estimate, action, use = assay.estimate("dram", kind="DDR3", width=DRAMS[name][0]), "read", "predicted"
        else:
            continue
        area = float(row["area_um2"]) if row["area_um2"] else None
        ours = None if area is None or estimate.area is None else estimate.area * 1e12
        published = float(DRAMS[name][1] if name in DRAMS and DRAMS[name][1] else row["energy_pJ"])
        found.append((name, use, published, joules(estimate, action) * 1e12, area, ours))
    return found


def horowitz_table() -> str:
    rows = []
    for name, use, energy, ours, area, own_area in horowitz():
        cells = ["", "", ""]
        if area is not None and own_area is not None:
            cells = [f"{area:g}", f"{own_area:.0f}", deviation(own_area, area)]
        rows.append([name, use, f"{energy:g}", f"{ours:.3g}", deviation(ours, energy), *cells])
    head = ["operation", "row", "pJ, Horowitz", "Assay", "difference", "um2, Horowitz", "Assay", "difference"]
    return table(head, rows)


def area_per_byte() -> list[tuple[int, float, list[float | None]]]:
    """(bytes, published um2 per byte, ours as registers, bare SRAM and compiled SRAM), words of 16 bits."""
    found = []
    for row in reference("isca16_area_per_byte.csv"):
        size = int(row["size_B"])
        words = max(1, size // 2)
        registers = assay.estimate("register_file", depth=words, width=16, clock_gating=False, technology=PROCESS)
        bare = assay.estimate("sram", depth=words, width=16, technology=PROCESS)
        compiled = assay.estimate("sram", depth=words, width=16, layout="compiled", technology=PROCESS)
        shown = (size <= 64, size >= 64, size >= 64)
        found.append(
            (
                size,
                float(row["um2_per_B"]),
                [
                    each.area * 1e12 / size if each.area is not None and known else None
                    for each, known in zip((registers, bare, compiled), shown, strict=True)
                ],
            )
        )
    return found


def area_per_byte_table() -> str:
    rows = []
    for size, published, ours in area_per_byte():
        cells = ["" if each is None else f"{each:.0f} ({each / published:.2f})" for each in ours]
        fitted = " (fitted)" if size in (64, 256, 4096) else ""
        rows.append([f"{size} B", f"{published:.1f}", *cells[:2], cells[2] + fitted])
    return table(["size", "um2 per B, published", "register file (ratio)", "SRAM, bare", "SRAM, compiled"], rows)


def component_sections(own: Evaluation) -> dict[str, str]:
    """The tables, by the name under which the page has them."""
    energy = eyeriss_energy(own)
    total = sum(sum(layer.values()) for layer in energy.values())
    measured = next(row for row in reference("eyeriss_v1_alexnet_layers.csv") if row["layer"] == "Total")
    chip = float(measured["power_mW"]) * float(measured["total_latency_ms"]) * 1e-6
    return {
        "breakdown": breakdown_table(energy),
        "component_power": power_table(energy),
        "energy_total": f"{total * 1e3:.1f} mJ",
        "energy_measured": f"{chip * 1e3:.1f} mJ",
        "energy_deviation": deviation(total, chip),
        "areas": area_table(),
        "horowitz": horowitz_table(),
        "per_byte": area_per_byte_table(),
    }
