"""Write docs/components.md: what components there are, what their figures mean, and SRAM beside CACTI.

    python -m tools.components_page > docs/components.md

Also draws the page's pictures. Commands are run, tables come from the registry, and all rows of
tests/data/reference/cacti_sram.csv are estimated anew, which takes ten seconds.
"""

from __future__ import annotations

import os
import re
import shlex
import statistics
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import assay
from assay.cli import main as assay_command
from assay.components.estimator import Attribute
from assay.components.provider import EstimatorProvider, Provider
from assay.components.registry import Registry, default_registry
from assay.components.sram_array import SramFigures, sram_figures
from assay.components.sram_parts import processes
from assay.components.technology import HIGH_VOLTAGE, LOW_VOLTAGE, Flavour, Technology, nominal_voltage, scaling
from assay.reading.figures import spread
from assay.reading.units import SIZE, Quantity, format_bytes, format_si
from tools.fit_sram import REFERENCE, Row, cut_of, errors_of, figures_of, read
from tools.parity import table

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"

FAMILIES = {
    "Memories": ("sram", "register_file", "register", "fifo", "edram", "dram"),
    "Arithmetic": ("mac", "multiplier", "adder", "scalable_mac"),
    "Logic": ("gates", "comparator", "mux", "shifter", "counter", "lookup_table", "address_generator"),
    "Wires and networks": ("wire", "bus", "multicast_network", "router", "mesh"),
    "Links to other chips": ("link",),
    "Converters and cells": ("adc", "dac", "sample_hold", "comparator_analog", "cell", "crossbar"),
    "Your own figures": ("given",),
}
"""All that is built in, by what it is for."""

# -- commands ------------------------------------------------------------------------------------------------------------


@contextmanager
def only_built_in() -> Iterator[None]:
    """Without what other packages add, at the root of the repository, as wide as this page."""
    before = Path.cwd()
    with (
        patch.dict(os.environ, {"COLUMNS": "118"}),
        patch("assay.components.plugins.installed_providers", return_value=()),
    ):
        default_registry.cache_clear()
        os.chdir(ROOT)
        try:
            yield
        finally:
            os.chdir(before)
            default_registry.cache_clear()


def console(command: str, lines: int | None = None) -> str:
    """A command and what it prints, of a table only the rows in its first lines; long lines are folded."""
    printed = StringIO()
    with redirect_stdout(printed):
        status = assay_command(shlex.split(command)[1:])
    assert status == 0, command
    shown = printed.getvalue().rstrip().splitlines()
    if lines is not None:
        while shown[lines].startswith(" "):
            lines -= 1
        shown = [*shown[:lines], "..."]
    folded = [each for line in shown for each in fold(line)]
    return "\n".join(["```console", f"$ {command}", *folded, "```"])


def fold(line: str) -> list[str]:
    """A line as a terminal of 120 columns shows it, but parted between words."""
    if len(line) <= 120 or "─" in line:
        return [line]
    return textwrap.wrap(line, 118, break_long_words=False, break_on_hyphens=False)


def python(code: str) -> str:
    """Code, and what it prints."""
    printed = StringIO()
    with redirect_stdout(printed):
        exec(code, {})  # it stands on this page
    return f"```python\n{code.strip()}\n```\n\n```text\n{printed.getvalue().rstrip()}\n```"


CODE = """\
import assay

sram = assay.estimate("sram", depth=16384, width=64, technology="65nm")
print(sram.energy_of("read"), "J,", sram.area, "m2,", sram.leakage, "W,", sram.cycle, "s")
print("within a factor of", 1 + sram.uncertainty, "either way;", sram.source)
print(sram.extrapolated, sram.notes, sram.others)
"""


# -- the list of components ----------------------------------------------------------------------------------------------


def without_technology() -> str:
    """Components that the technology changes nothing of."""
    named = [name for components in FAMILIES.values() for name in components]
    found = [name for name in named if all(not needs_technology(each) for each in Registry().providers(name))]
    return ", ".join(f"`{name}`" for name in found[:-1]) + f" and `{found[-1]}`"


def needs_technology(provider: Provider) -> bool:
    return isinstance(provider, EstimatorProvider) and provider.estimator.needs_technology


def components_tables() -> str:
    registry = Registry()
    head = ["component", "what it is", "attributes", "actions", "known to", "source"]
    parts = []
    for family, components in FAMILIES.items():
        rows = [_component(each) for name in components for each in registry.providers(name)]
        parts += [f"### {family}", table(head, rows, left=4)]
    return "\n\n".join(parts).replace("| ---: | ---: |", "| --- | --- |")


def _component(provider: Provider) -> list[str]:
    attributes = [_attribute(each) for each in provider.attributes]
    actions = ", ".join(f"`{each}`" for each in provider.actions) or "those that you name"
    return [
        f"`{provider.component}`",
        provider.about.rstrip("."),
        ", ".join(attributes) or "none",
        actions,
        spread(provider.uncertainty),
        provider.source.replace("|", "\\|"),
    ]


def _attribute(attribute: Attribute) -> str:
    text = f"`{attribute.name}`"
    if attribute.choices:
        text += f" ({', '.join(each for each in attribute.choices)})"
    elif attribute.valid is not None:
        text += f" {' to '.join(_value(attribute, end) for end in attribute.valid)}"
    return text if attribute.required else f"[{text}]"


def _value(attribute: Attribute, value: float) -> str:
    if attribute.unit == SIZE and value >= 8192:
        return format_bytes(int(value))
    return str(Quantity(Quantity.of(value).exact, attribute.unit))


# -- technology ----------------------------------------------------------------------------------------------------------

NODES = (180, 130, 90, 65, 45, 32, 20, 16, 14, 10, 7)


def technology_table() -> str:
    rows = []
    for nm in NODES:
        factors = []
        for flavour in Flavour:
            found = scaling(Technology.of(45, flavour=flavour), Technology.of(nm, flavour=flavour))
            factors += [f"{found.energy:.3g}", f"{found.delay:.3g}"]
        area = scaling(Technology.of(45), Technology.of(nm)).area
        energy, delay, energy_lp, delay_lp = factors
        rows.append([f"{nm} nm", f"{nominal_voltage(nm):g} V", energy, energy_lp, delay, delay_lp, f"{area:.3g}"])
    return table(["node", "nominal", "energy", "LP", "delay", "LP", "area"], rows)


def lp_step() -> str:
    """The delay at 45 nm over that at 65 nm, low power."""
    return f"{scaling(Technology.of(65, flavour=Flavour.LP), Technology.of(45, flavour=Flavour.LP)).delay:.1f}"


def supplies() -> str:
    """CACTI's supplies beside the nominal ones of the polynomials."""
    rows = [[f"{nm} nm", f"{tech.vdd:g} V", f"{nominal_voltage(nm):g} V"] for nm, tech in sorted(processes().items())]
    return table(["node", "CACTI", "nominal here"], rows)


# -- data-dependent actions ----------------------------------------------------------------------------------------------

EXAMPLES: dict[str, dict[str, Any]] = {
    "register": {"width": 16},
    "register_file": {"depth": 16, "width": 16},
    "fifo": {"depth": 4, "width": 16},
    "mac": {"format": "int8"},
    "multiplier": {"format": "int8"},
    "adder": {"format": "int32"},
    "scalable_mac": {"family": "subword_st"},
    "gates": {"gates": 1000},
    "comparator": {"width": 16},
    "mux": {"inputs": 4, "width": 16},
    "shifter": {"width": 16},
    "counter": {"width": 16},
    "lookup_table": {"entries": 256, "width": 8},
    "address_generator": {"width": 16},
    "wire": {"length": "1 mm", "width": 16},
    "bus": {"length": "1 mm", "width": 16, "drops": 4},
    "multicast_network": {"rows": 12, "columns": 14, "pitch": "0.25 mm", "width": 16},
    "router": {"width": 64},
    "mesh": {"rows": 4, "columns": 4, "pitch": "1 mm", "width": 64},
    "cell": {"kind": "rram"},
    "crossbar": {"kind": "rram"},
}
"""One of each that has such actions."""


def dependent_table() -> str:
    """Components with actions for data that do not change, and an example of each."""
    rows = []
    registry = Registry()
    for name in (each for components in FAMILIES.values() for each in components):
        if not any(_is_dependent(action) for each in registry.providers(name) for action in each.actions):
            continue
        found = assay.estimate(name, technology="45nm", **EXAMPLES[name])
        asked = ", ".join(f"{key} {value}" for key, value in EXAMPLES[name].items())
        figures = ", ".join(f"{action} {format_si(value, 'J')}" for action, value in found.energy)
        rows.append([f"`{name}`", asked, figures])
    return table(["component", "example", "energy at 45 nm"], rows, left=3)


def _is_dependent(action: str) -> bool:
    return action in ("idle", "gated") or action.endswith("_repeated")


# -- SRAM beside CACTI ---------------------------------------------------------------------------------------------------

QUANTITIES = ("read", "write", "area", "leakage", "cycle")
COLUMNS = {"read": "read_J", "write": "write_J", "area": "area_m2", "leakage": "leakage_W", "cycle": "cycle_s"}
UNITS = {"read": "J", "write": "J", "leakage": "W", "cycle": "s"}
SETS = {"fit": "fitted", "held-out": "held out"}
CLOSE, TIGHT = 0.01, ("read", "write", "area", "cycle")


@dataclass(frozen=True)
class Checked:
    """A row of the reference, and how far off the model is: model / reference - 1 by quantity."""

    row: Row

    @cached_property
    def errors(self) -> dict[str, float]:
        return errors_of(self.row)

    @property
    def figures(self) -> SramFigures:
        return figures_of(self.row)

    @property
    def is_cacti(self) -> bool:
        return self.row["origin"] == "cacti"

    @property
    def set(self) -> str:
        return self.row["set"]

    @property
    def size(self) -> int:
        """Bytes, rounded down."""
        return int(self.row["depth"]) * int(self.row["width_bits"]) // 8

    @property
    def ports(self) -> int:
        return sum(int(self.row[name]) for name in ("rw_ports", "r_ports", "w_ports"))

    @property
    def same_cut(self) -> bool:
        """Whether the search of the model cuts the array as CACTI does."""
        theirs, ours = cut_of(self.row), self.figures.organisation
        own = ours.rows, ours.across, ours.down, ours.column_mux, ours.active
        return own == (theirs.rows, theirs.across, theirs.down, theirs.mux * theirs.late_mux, 4 * theirs.mats)

    @property
    def words(self) -> str:
        ports = "" if self.ports == 1 else f", {self.row['rw_ports']}/{self.row['r_ports']}/{self.row['w_ports']} ports"
        banks = "" if self.row["banks"] == "1" else f", {self.row['banks']} banks"
        return f"{self.row['node_nm']} nm, {self.row['depth']} × {self.row['width_bits']} b{banks}{ports}"


Choice = tuple[str, Callable[[Checked], bool]]


def reference() -> list[Checked]:
    return [Checked(row) for row in read(REFERENCE)]


GROUPS: tuple[Choice, ...] = (
    ("CACTI, fitted", lambda each: each.is_cacti and each.set == "fit"),
    ("CACTI, held out", lambda each: each.is_cacti and each.set == "held-out"),
    ("recorded earlier, of fitted arrays", lambda each: each.row["origin"] == "golden" and each.set == "fit"),
    ("recorded earlier, held out", lambda each: each.row["origin"] == "golden" and each.set == "held-out"),
    ("derived from CACTI, held out", lambda each: each.row["origin"] == "hwcomponents" and each.set == "held-out"),
    ("below 22 nm", lambda each: each.set == "scaled"),
)

RANGES = ((0, 2**10), (2**10, 2**14), (2**14, 2**18), (2**18, 2**22), (2**22, 2**25))
SIZES = ("up to 1 KiB", "to 16 KiB", "to 256 KiB", "to 4 MiB", "to 32 MiB")
USUAL = ("32", "64", "128", "256", "512")


def is_usual(each: Checked) -> bool:
    """One bank, one port, words of a power of two up to 512 bits."""
    return each.row["banks"] == "1" and each.ports == 1 and each.row["width_bits"] in USUAL


SHAPES: tuple[Choice, ...] = (
    ("one bank, one port, 32 to 512 b", is_usual),
    ("words of 40, 48 or 96 b", lambda each: each.row["width_bits"] in ("40", "48", "96")),
    ("words of 1024 b and more", lambda each: int(each.row["width_bits"]) >= 1024),
    ("2 to 16 banks", lambda each: each.row["banks"] != "1"),
    ("several ports", lambda each: each.ports > 1),
)


def median_and_greatest(those: Sequence[Checked]) -> list[str]:
    """`0.1 / 14.8` for each quantity, in per cent."""
    cells = []
    for name in QUANTITIES:
        errors = [abs(each.errors[name]) for each in those]
        cells.append(f"{100 * statistics.median(errors):.1f} / {100 * max(errors):.1f}")
    return cells


def errors_table(first: str, rows: Sequence[tuple[str, Sequence[Checked]]]) -> str:
    filled = [[label, f"{len(those):,}", *median_and_greatest(those)] for label, those in rows if those]
    return table([first, "rows", *QUANTITIES], filled)


def chosen(all_rows: Sequence[Checked], choices: Sequence[Choice]) -> list[tuple[str, list[Checked]]]:
    return [(label, [each for each in all_rows if choice(each)]) for label, choice in choices]


def by_set(all_rows: Sequence[Checked], choices: Sequence[Choice]) -> list[tuple[str, list[Checked]]]:
    """CACTI's rows of each choice, fitted and held out apart."""
    return [
        (f"{label}, {word}", [each for each in those if each.set == kind])
        for label, those in chosen([each for each in all_rows if each.is_cacti], choices)
        for kind, word in SETS.items()
    ]


def nodes() -> list[Choice]:
    def of(node: int) -> Callable[[Checked], bool]:
        return lambda each: each.row["node_nm"] == str(node)

    return [(f"{node} nm", of(node)) for node in sorted(processes())]


def sizes() -> list[Choice]:
    def of(low: int, high: int) -> Callable[[Checked], bool]:
        return lambda each: low < each.size <= high

    return [(label, of(*ends)) for label, ends in zip(SIZES, RANGES, strict=True)]


def cuts() -> list[Choice]:
    return [("the cut of CACTI", lambda each: each.same_cut), ("another cut", lambda each: not each.same_cut)]


def worst(all_rows: Sequence[Checked]) -> list[tuple[str, str, Checked]]:
    """(set, quantity, row) of the greatest errors at CACTI's own nodes."""
    found = []
    for kind in SETS:
        those = [each for each in all_rows if each.is_cacti and each.set == kind]
        for name in QUANTITIES:
            found.append((kind, name, max(those, key=lambda each: abs(each.errors[name]))))
    return found


def worst_table(those: Sequence[tuple[str, str, Checked]]) -> str:
    rows = []
    for kind, name, each in those:
        rows.append([f"{name}, {SETS[kind]}", each.words, *both(each, name), f"{100 * each.errors[name]:+.1f} %"])
    return table(["greatest error of", "array", "CACTI", "Assay", "off by"], rows, left=2)


def both(each: Checked, name: str) -> tuple[str, str]:
    """CACTI's figure and Assay's."""
    return shown(float(each.row[COLUMNS[name]]), name), shown(getattr(each.figures, name), name)


def shown(value: float, name: str) -> str:
    return f"{value * 1e6:.4g} mm2" if name == "area" else format_si(value, UNITS[name])


def scaled_table(all_rows: Sequence[Checked]) -> str:
    """Below 22 nm: the median of Assay's figure over that of the package."""
    rows = []
    for node in sorted({int(each.row["node_nm"]) for each in all_rows if each.set == "scaled"}):
        those = [each for each in all_rows if each.set == "scaled" and each.row["node_nm"] == str(node)]
        medians = [f"{1 + statistics.median(each.errors[name] for each in those):.2f}" for name in QUANTITIES]
        rows.append([f"{node} nm", f"{len(those)}", *medians])
    return table(["node", "rows", *QUANTITIES], rows)


def sample_table() -> str:
    """Arrays of 64-bit words, none of which was fitted."""
    rows = []
    for each in (each for each in reference() if is_sample(each)):
        cells = [text for name in ("read", "area", "cycle") for text in both(each, name)]
        rows.append([f"{each.row['node_nm']} nm", format_bytes(each.size * 8), *cells])
    rows.sort(key=lambda row: int(row[0].partition(" ")[0]))
    return table(["node", "size", "read, CACTI", "Assay", "area, CACTI", "Assay", "cycle, CACTI", "Assay"], rows)


def is_sample(each: Checked) -> bool:
    return is_plain(each) and each.size in (2**13, 2**17, 2**21) and each.row["node_nm"] in ("22", "45", "65")


def is_plain(each: Checked) -> bool:
    """One bank, one port for both, words of 64 bits, at a node of CACTI's own."""
    alone = each.row["banks"] == "1" and each.row["rw_ports"] == "1" and each.ports == 1
    return each.is_cacti and each.row["width_bits"] == "64" and alone


def summary(all_rows: Sequence[Checked]) -> str:
    """The whole in a few sentences."""
    held = [each for each in all_rows if each.is_cacti and each.set == "held-out"]
    others = [each for each in held if not each.same_cut]
    text = f"Of the {len(held):,} arrays that were held out at CACTI's own nodes, {100 * share_within(held, TIGHT):.0f} % come out "
    text += f"within 1 % in read, write, area and cycle, and {100 * share_within(held, QUANTITIES):.0f} % in leakage too. The search "
    text += f"cuts {len(held) - len(others):,} of them as CACTI does."
    if not others:
        return text
    far = max(abs(score(each) - 1) for each in others)
    greatest = [each for kind, _, each in worst(all_rows) if kind == "held-out"]
    count = sum(not each.same_cut for each in greatest)
    text += f" {count} of the {len(greatest)} greatest errors are among the {len(others)} others, although their delay² × energy is "
    return text + f"within {100 * far:.1f} % of that of CACTI's choice."


def share_within(those: Sequence[Checked], names: Sequence[str]) -> float:
    """Of all rows, those that are within `CLOSE` in all of these figures."""
    return sum(all(abs(each.errors[name]) < CLOSE for name in names) for each in those) / len(those)


def score(each: Checked) -> float:
    """What the search minimises, over that of the reference."""
    return (1 + each.errors["access"]) ** 2 * (1 + each.errors["read"])


HEAVY: dict[str, Callable[[Sequence[Checked]], str]] = {
    "sram_summary": summary,
    "sram_groups": lambda rows: errors_table("kind", chosen(rows, GROUPS)),
    "sram_nodes": lambda rows: errors_table("node", by_set(rows, nodes())),
    "sram_sizes": lambda rows: errors_table("size", by_set(rows, sizes())),
    "sram_shapes": lambda rows: errors_table("array", by_set(rows, SHAPES)),
    "sram_cuts": lambda rows: errors_table("the search chose", by_set(rows, cuts())),
    "sram_worst": lambda rows: worst_table(worst(rows)),
    "sram_scaled": scaled_table,
}
"""Parts of the page that need all rows of the reference; each is a paragraph of its own."""


# -- pictures ------------------------------------------------------------------------------------------------------------

COLOURS = ("#0072b2", "#009e73", "#e69f00", "#d55e00", "#cc79a7")


def draw_sizes(all_rows: Sequence[Checked], path: Path) -> None:
    """Energy of a read and area against size, per node: CACTI as points, the model as lines."""
    pyplot = _pyplot()
    figure, panels = pyplot.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
    quantities = (("read", 1e12, "energy of a read, pJ"), ("area", 1e6, "area, mm²"))
    grid = [2**k * m // 2 for k in range(6, 22) for m in (2, 3)] + [2**22]
    for panel, (name, unit, label) in zip(panels, quantities, strict=True):
        for node, colour in zip(sorted(processes()), COLOURS, strict=True):
            those = [each for each in all_rows if is_plain(each) and each.row["node_nm"] == str(node)]
            model = [getattr(sram_figures(depth, 64, node), name) * unit for depth in grid]
            panel.plot([8 * depth for depth in grid], model, color=colour, linewidth=1, label=f"{node} nm")
            for kind in SETS:
                points = [each for each in those if each.set == kind]
                panel.plot(
                    [each.size for each in points],
                    [float(each.row[COLUMNS[name]]) * unit for each in points],
                    linestyle="none",
                    marker="o",
                    markersize=3.5,
                    color=colour,
                    markerfacecolor=colour if kind == "fit" else "white",
                )
        panel.set_xscale("log", base=2)
        panel.set_yscale("log")
        panel.set_xticks([2**k for k in range(10, 26, 5)], [format_bytes(8 * 2**k) for k in range(10, 26, 5)])
        panel.minorticks_off()
        panel.set_xlabel("size")
        panel.set_ylabel(label)
        panel.grid(linewidth=0.3)
    panels[1].legend(frameon=False, loc="center left", bbox_to_anchor=(1.02, 0.5))
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=110)
    pyplot.close(figure)


def draw_errors(all_rows: Sequence[Checked], path: Path) -> None:
    """The share of all rows whose error is at most so much, for fitted and held-out ones."""
    pyplot = _pyplot()
    figure, panels = pyplot.subplots(1, 2, figsize=(8, 2.9), layout="constrained", sharey=True)
    for panel, (kind, word) in zip(panels, SETS.items(), strict=True):
        those = [each for each in all_rows if each.is_cacti and each.set == kind]
        for name, colour in zip(QUANTITIES, COLOURS, strict=True):
            errors = sorted(max(abs(each.errors[name]), 1e-5) for each in those)
            places = sorted({round(share * (len(errors) - 1) / 100) for share in range(101)})
            panel.plot(
                [100 * errors[place] for place in places],
                [100 * (place + 1) / len(errors) for place in places],
                color=colour,
                linewidth=1.2,
                label=name,
            )
        panel.set_xscale("log")
        panel.set_xlim(1e-3, 100)
        panel.set_xticks([1e-3, 1e-2, 0.1, 1, 10, 100], ["0.001", "0.01", "0.1", "1", "10", "100"])
        panel.minorticks_off()
        panel.set_ylim(0, 101)
        panel.set_title(f"{word}: {len(those):,} arrays", fontsize=8)
        panel.set_xlabel("off by at most, %")
        panel.grid(linewidth=0.3)
    panels[0].set_ylabel("% of the arrays")
    panels[1].legend(frameon=False, loc="center left", bbox_to_anchor=(1.02, 0.5))
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=110)
    pyplot.close(figure)


def _pyplot() -> Any:
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams.update(
        {
            "svg.hashsalt": "assay",
            "svg.fonttype": "none",
            "font.size": 8,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )
    from matplotlib import pyplot

    return pyplot


# -- the page ------------------------------------------------------------------------------------------------------------


def light() -> dict[str, str]:
    """All that takes no time."""
    with only_built_in():
        return {
            "list": console("assay components", 16),
            "one": console("assay components sram"),
            "estimate": console("assay estimate sram --depth 16384 --width 64 --technology 65nm"),
            "json": console("assay estimate sram --depth 16384 --width 64 --technology 65nm --json -"),
            "area": console("assay area eyeriss"),
            "narrow": console("assay estimate multiplier --format int4 --technology 28nm"),
            "others": console("assay estimate register --width 16 --technology 65nm --plugins examples/plugins"),
            "python": python(CODE),
            "components": components_tables(),
            "no_technology": without_technology(),
            "jump": lp_step(),
            "low": f"{LOW_VOLTAGE:g}",
            "high": f"{HIGH_VOLTAGE:g}",
            "technology": technology_table(),
            "supplies": supplies(),
            "sram_sample": sample_table(),
            "dependent": dependent_table(),
        }


def page(heavy: Mapping[str, str]) -> str:
    """The whole page, given the parts of `HEAVY`."""
    return wrapped(TEXT.format(**light(), **heavy).rstrip("\n")) + "\n"


def wrapped(text: str) -> str:
    """With paragraphs and lists in lines of one length; tables, headings, pictures and all code as they are."""
    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else "\n\n".join(map(filled, part.split("\n\n"))) for part in parts)


def filled(paragraph: str) -> str:
    if not paragraph.strip() or paragraph.lstrip("\n").startswith(("|", "#", "![")):
        return paragraph
    before, after = re.match(r"\n*", paragraph), re.search(r"\n*$", paragraph)
    assert before is not None and after is not None
    items = re.split(r"\n(?=- )", paragraph.strip("\n"))
    lines = [
        textwrap.fill(
            each, 128, subsequent_indent="  " * each.startswith("- "), break_long_words=False, break_on_hyphens=False
        )
        for each in (re.sub(r"\s*\n\s*", " ", item) for item in items)
    ]
    return before[0] + "\n".join(lines) + after[0]


TEXT = """\
# Components

A component is what a part of a chip is built of: an SRAM, a multiplier, a bus. Assay estimates for each how much energy its
actions take, its area, its leakage and the least time from one action to the next, from attributes such as `depth` and
`width` and from the technology. A hardware file names components where [its nodes](hardware.md#components) are built of them;
`assay estimate` and `assay.estimate` answer for one alone. Estimators of your own stand beside those built in
([bring your own estimates](plugins.md)). How far whole chips come out as measured is on the page on
[validation](validation.md#components). This page is made by `make docs`: what commands print, and all tables, are not typed in.

{list}

`assay components sram` says all about one:

{one}

## What a figure means

{estimate}

- **Units.** Energy is in J for one action, area in m2 or mm2, leakage in W with the supply on and nothing happening; `cycle` is
  the least time from one action to the next, in s. `read` of a memory is one access of all its `width` bits, `compute` of a `mac`
  is one product and its addition.
- **`×/÷ 2`**, and the range in parentheses: in nine cases of ten the truth is expected between the figure divided by two and
  multiplied by two. Some of these factors come from comparisons with other figures, others are judged; the docstring of each
  class says which. They are for circuits like the one that is described: one that is made for the highest speed takes more.
- **not modelled**: nobody knows, and nothing is put in its place. A sum that has such a part says so. `0 J` means that nothing
  switches, not that it is unknown.
- **EXTRAPOLATED**: an attribute, or the supply, lies beyond what the estimator was made for. The figure is shown, and marked
  wherever it is used. What is not possible at all, such as a width of 0, is an error.
- **source**, and after it **notes**: where the figure comes from, and what was done to it (scaled from another node, what is
  included, what was assumed).

{narrow}

- **chosen before**: who else could have answered, and why somebody else was believed: an estimate within its range goes before an
  extrapolated one, then the smaller uncertainty counts ([who is believed](plugins.md#who-is-believed)). In JSON and in Python
  these are `others`.

{others}

For programs there is `--json FILE`, and `-` for stdout. Figures are in J, m2, W and s, and what is not modelled is null:

{json}

In Python:

{python}

`assay area` adds up a chip:

{area}

## What there is

*Attributes* in brackets may be left out. Behind an attribute is what it may be, or the range that the estimator was made for;
beyond, the estimate is marked. *Known to* is the factor above; where the answer depends on an attribute (the kind of DRAM, of
link, of cell), the answer has its own. All but {no_technology} need a technology.

{components}

Two rows of the same component are two estimators: who cannot answer (an SRAM cell is not resistive) declines.

## Technology

`technology` is text with a node and, if you like, a supply and `LP`: `65nm`, `28 nm, 0.8 V`, `TSMC 65 nm LP, 1.0 V`. Nodes go
from 180 to 7 nm. Without a voltage the nominal one of the node is taken. `LP` asks for the transistors of low-power processes; from
65 nm up the source does not tell them apart.

Figures that are known in one technology are carried over to another with A. Stillmaker, B. Baas, "Scaling equations for the accurate
prediction of CMOS device performance from 180 nm to 7 nm", *Integration* 58, 2017: for each node and flavour, delay is a polynomial of
third degree of the supply voltage, energy one of second degree, and area has one factor for each node. Between the nodes
of the table a straight line of logarithms is drawn. At the nominal voltages, relative to 45 nm of the same flavour (energy and
delay for high-performance transistors, then for `LP`):

{technology}

- **Energy, delay and area** of gates are scaled so, and a note of every estimate names both technologies.
- **Leakage** power is scaled as energy is: the source has no factors for it. That is a makeshift, as Accelergy has it too, and where
  leakage of a flavour is not known, it is *not modelled*.
- **Wires** are not scaled by these factors: their capacitance per length hardly depends on the node, so their energy goes with the
  square of the supply alone.
- **SRAM** has constants of its own for 22 to 90 nm and is scaled from the nearest of them outside; eDRAM, converters and cells have
  laws of their own too, which `assay components NAME` and their notes tell.
- `LP` has polynomials of its own from 45 nm down only. So its delay becomes {jump} times as long from 65 to 45 nm: a step of the
  source, not of circuits.
- Beyond {low} to {high} of the nominal voltage an estimate is EXTRAPOLATED; below a quarter and above twice it is refused.
- The source was fitted to simulated inverters and gives no error for other circuits. The further an estimate is scaled, the less it is
  worth: two ways to scale the same SRAM from 22 nm are [below](#below-22-nm).

## SRAM beside CACTI

`sram` is an analytical model of the circuits of an array. An array is cut into sub-arrays of cells, four of which form a mat around a
decoder; an access raises one wordline in each sub-array of the mats that it needs, senses the bitlines, and a tree of repeated wires
brings the address there and the data back. Each of these has a formula (decoders and drivers by logical effort, delays by
Horowitz, bitlines and wires by their resistance and capacitance), and a small search chooses the cut of least delay² × energy, as
CACTI does by default. The formulas are those that the reports on CACTI describe; constants of the processes are ITRS' for
low-standby-power transistors, with the values that CACTI 7 tabulates.

Eleven coefficients for each node (energy and delay of a micrometre of repeated wire, the buffers of the tree, the area in the middle of a mat, seven
shares of leakage) were fitted by `tools/fit_sram.py`, each to CACTI's figure for that term alone, to arrays of 256 B × 4^k, of 32 to
512 bits a word, with one bank (leakage also with several) and all kinds of ports. Everything else was held out: all other sizes up to 32 MiB, other
widths, nodes between. `tests/data/reference/cacti_sram.csv` has all rows, and says how CACTI was run.

Errors are relative, in per cent, *median / greatest*, over all rows; 0.0 is less than 0.05. *Recorded earlier* are answers of the Python package
hwcomponents-cacti, which runs CACTI; *derived from CACTI* is what the package makes of them where CACTI has no answer: nodes between
its own, words below 32 bits, banks of fewer than 64 words, three banks.

{sram_groups}

{sram_summary}

![Energy of a read and area against size, for five nodes](images/components-sram.svg)

Words of 64 bits, one bank, one port. Lines are Assay, points CACTI: those that are filled were fitted.

![Share of the arrays whose error is at most so much](images/components-sram-errors.svg)

Arrays of 64-bit words, one bank, none of them fitted:

{sram_sample}

### By node

{sram_nodes}

### By size

{sram_sizes}

### By what was asked for

{sram_shapes}

### By how the array was cut

CACTI tries all cuts, Assay some hundred. Several of them can be as good as the best to a per cent in delay² × energy, and differ more
in each of the figures.

{sram_cuts}

### The greatest errors

{sram_worst}

### Below 22 nm

The package does not run CACTI below 22 nm but scales its figures from there, by factors of its own; Assay scales its own with the
equations above. Neither was compared with a memory. The median of Assay's figure over the package's:

{sram_scaled}

Above 90 nm Assay scales from 90 nm, with nothing to compare.

### What this does not say

- CACTI is not silicon. Reads that M. Horowitz gives for 45 nm take more energy, and macros of a memory compiler are larger
  ([validation](validation.md#components)); `layout: compiled` has the area of such macros. The factor of `sram` is judged from those, not
  from the per cents above.
- Leakage is that of low-standby-power transistors, in whatever technology. Those for high performance leak more by orders of magnitude.
- CACTI's supplies are not the nominal ones of the technology. The supply that is asked for is taken as a share of the nominal one, so
  at the nominal voltage of the table below figures are those at CACTI's. Other supplies were not compared.

{supplies}

## Data that do not change

Energies are those of random data unless their action says otherwise:

- `read_repeated`, `write_repeated`, `compute_repeated`, `multiply_repeated`, `transfer_repeated`: the same data, address or operand as in
  the action before. Fewer nodes switch, or none.
- `idle`: a cycle of the clock in which nothing happens.
- `gated`: a cycle with the clock off, or with operands held, as where a zero is skipped.

Leakage goes on in all of these and is apart. Registers have the clock of the cycle in every action: where two happen in one cycle,
one `idle` is counted too much.

{dependent}

The evaluation of a layer does not look at data, so it charges `read`, `write`, `transfer` and `compute`. The others are for
compounds, for `per_cycle` of [other parts of a chip](hardware.md#what-else-is-on-the-chip), and for sums of your own, such as the zeros of
Eyeriss' feature maps in [validation](validation.md#components).

## Checking an estimator

```python
from assay.testing import check_estimator

check_estimator(MyAdder)
```

tests units, ranges, impossible values, all nodes, and that the same question has the same answer, for estimators of Assay and of your own
alike; all that are listed here pass. [Test it](plugins.md#test-it) shows what it says.

Compounds are components made of others. They are written in the hardware file, with attributes and actions of their own
([components made of others](hardware.md#components-made-of-others)); `assay components --hardware FILE` lists them beside those built in, and
`assay area FILE` shows what they are made of, as `networks` above.

## To do it again

```console
$ make docs                                        # runs all of the above anew, draws, writes this page
$ .venv/bin/python -m tools.fit_sram --check       # errors of the SRAM model by kind of row
$ .venv/bin/python benchmarks/components.py        # how long estimates take
```
"""


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    rows = reference()
    draw_sizes(rows, IMAGES / "components-sram.svg")
    draw_errors(rows, IMAGES / "components-sram-errors.svg")
    sys.stdout.write(page({name: part(rows) for name, part in HEAVY.items()}))


if __name__ == "__main__":
    main()
