"""What a paper or a product sheet claims about a chip: figures with their printed digits, and where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from assay.errors import InputError, Position
from assay.metrics.metric import Basis, Bound
from assay.reading.suggestions import hint
from assay.reading.units import AREA, ENERGY, FREQUENCY, POWER, RATE, SIZE, TIME, UNITS, VOLTAGE, Dimension, Quantity


class Confidence(StrEnum):
    """How somebody came by a figure that is attributed to a source."""

    SEEN = "seen"
    SECONDARY = "seen-secondary"
    DERIVED = "derived"
    MEMORY = "memory"


CONFIDENCE_WORDS = {
    Confidence.SEEN: "read in the source",
    Confidence.SECONDARY: "read in somebody else's quotation of the source",
    Confidence.DERIVED: "calculated from figures of the source",
    Confidence.MEMORY: "from recall, not verified",
}
ORDER = tuple(Confidence)
"""From the best to the worst."""


class Zeros(StrEnum):
    """What a chip does about multiplications by zero (Sze et al., section III, equation 4)."""

    PROCESSED = "processed"
    GATED = "gated"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a figure measures.

    Attributes:
        words: what people call it: `a frequency`.
        example: how it is written.
        unit: that of values in Assay.
        units: unit as written -> its size in `unit`.
        exact: whole numbers that are counted, not rounded.
        most: the largest value that is possible; None: any.
    """

    words: str
    example: str
    unit: str
    units: Mapping[str, Fraction]
    exact: bool = False
    most: float | None = None


def _of_dimension(dimension: Dimension, words: str, example: str, unit: str) -> Kind:
    """A kind with all the units of a dimension; data in bytes, as product sheets have it."""
    share = Fraction(1, 8) if dimension in (SIZE, RATE) else Fraction(1)
    scaled: dict[str, Quantity] = dict(UNITS)
    if dimension == RATE:
        sizes = {name: each for name, each in UNITS.items() if each.dimension == SIZE}
        scaled = {f"{name}/s": Quantity(each.exact, RATE) for name, each in sizes.items()}
        scaled |= {f"{prefix}bps": Quantity(sizes[f"{prefix}b"].exact, RATE) for prefix in ("k", "M", "G", "T")}
    units = {name: each.exact * share for name, each in scaled.items() if each.dimension == dimension}
    return Kind(words, example, unit, units)


_PREFIXES = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15}


def _multiples(names: Mapping[str, Fraction], behind: str = "") -> dict[str, Fraction]:
    return {
        f"{prefix}{name}{behind}": size * 10**power
        for prefix, power in _PREFIXES.items()
        for name, size in names.items()
    }


_PER_SECOND = {"MAC/s": Fraction(1), "MACS": Fraction(1)} | {
    name: Fraction(1, 2) for name in ("OPS", "OP/s", "op/s", "FLOPS", "FLOP/s")
}
"""1 MAC is 2 operations: a multiplication and an addition."""

COUNT = Kind("a whole number", "168", "", {"": Fraction(1)}, exact=True)
BITS = Kind("a number of bits", "16 b", "b", {"b": Fraction(1), "bit": Fraction(1), "bits": Fraction(1)}, exact=True)
CLOCK = _of_dimension(FREQUENCY, "a frequency", "200 MHz", "Hz")
DURATION = _of_dimension(TIME, "a time", "115.3 ms", "s")
WATTS = _of_dimension(POWER, "a power", "278 mW", "W")
JOULES = _of_dimension(ENERGY, "an energy", "8 mJ", "J")
SURFACE = _of_dimension(AREA, "an area", "12.25 mm2", "m2")
VOLTS = _of_dimension(VOLTAGE, "a voltage", "1.0 V", "V")
DATA = _of_dimension(SIZE, "an amount of data", "192 kB", "B")
BANDWIDTH = _of_dimension(RATE, "data per second", "25.6 GB/s", "B/s")
PER_SECOND = Kind(
    "inferences per second",
    "34.7 inferences/s",
    "inferences/s",
    {name: Fraction(1) for name in ("inferences/s", "inference/s", "images/s", "samples/s", "frames/s", "fps")},
)
PER_JOULE = Kind("inferences per joule", "125 inferences/J", "inferences/J", {"inferences/J": Fraction(1)})
PERFORMANCE = Kind("MACs or operations per second", "33.6 GMAC/s' or '67.2 GOPS", "MAC/s", _multiples(_PER_SECOND))
EFFICIENCY = Kind(
    "MACs or operations per second and watt",
    "83.1 GMAC/s/W' or '166 GOPS/W",
    "MAC/s/W",
    _multiples(_PER_SECOND, "/W") | _multiples({"MAC/J": Fraction(1), "OP/J": Fraction(1, 2)}),
)
WORK = Kind("a number of MACs", "666 MMAC", "MACs", _multiples({"MAC": Fraction(1), "MACs": Fraction(1)}))
SHARE = Kind("a percentage", "65 %", "%", {"%": Fraction(1, 100)}, most=1.0)
SCORE = Kind("a percentage or a score", "80.2 %", "%", {"%": Fraction(1, 100), "": Fraction(1)})
WORDS = Kind("text", "AlexNet", "", {})

CHIP_FIGURES: Mapping[str, tuple[str, Kind]] = {
    "process": ("Process technology", WORDS),
    "voltage": ("Supply voltage", VOLTS),
    "clock": ("Clock", CLOCK),
    "pes": ("PEs", COUNT),
    "multipliers": ("Multipliers", COUNT),
    "multiplier_bits": ("Bits per operand of a multiplier", BITS),
    "onchip_memory": ("On-chip memory", DATA),
    "core_area": ("Core area", SURFACE),
    "die_area": ("Die area", SURFACE),
    "area_per_multiplier": ("Core area per multiplier", SURFACE),
    "memory_per_multiplier": ("On-chip memory per multiplier", DATA),
    "offchip_bandwidth": ("Off-chip bandwidth", BANDWIDTH),
    "offchip_interface": ("Off-chip interface", WORDS),
    "io_ports": ("I/O ports", COUNT),
    "tdp": ("Thermal design power", WATTS),
    "power_at_peak": ("Power with all parts active", WATTS),
    "gates": ("Gates (NAND2)", COUNT),
}
PEAK_FIGURES: Mapping[str, tuple[str, Kind]] = {
    "peak": ("Peak performance", PERFORMANCE),
    "peak_efficiency": ("Peak efficiency", EFFICIENCY),
}
RUN_FIGURES: Mapping[str, tuple[str, Kind]] = {
    "network": ("Network", WORDS),
    "layers": ("Layers covered", WORDS),
    "task": ("Task", WORDS),
    "dataset": ("Dataset", WORDS),
    "accuracy_metric": ("Accuracy metric", WORDS),
    "accuracy": ("Accuracy", SCORE),
    "error": ("Error", SHARE),
    "weight_bits": ("Bits per weight", BITS),
    "activation_bits": ("Bits per input activation", BITS),
    "batch": ("Batch size", COUNT),
    "in_flight": ("Inferences in flight", COUNT),
    "clock": ("Clock of the run", CLOCK),
    "voltage": ("Voltage of the run", VOLTS),
    "runtime": ("Runtime of a batch", DURATION),
    "latency": ("Latency", DURATION),
    "throughput": ("Throughput", PER_SECOND),
    "macs": ("MACs per inference", WORK),
    "performance": ("Achieved performance", PERFORMANCE),
    "utilization": ("Utilisation of the multipliers", SHARE),
    "active_pes": ("Active PEs", COUNT),
    "power": ("Power", WATTS),
    "dram_power": ("Power of the off-chip memory", WATTS),
    "energy": ("Energy per inference", JOULES),
    "inferences_per_joule": ("Inferences per joule", PER_JOULE),
    "efficiency": ("Achieved efficiency", EFFICIENCY),
    "offchip_traffic": ("Off-chip traffic per inference", DATA),
    "images_tested": ("Images tested", COUNT),
    "corner": ("Corner of the simulation", WORDS),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One figure or statement as it was printed.

    Attributes:
        key, title: short name, and what people call it.
        value: in `unit`; text for statements.
        unit: of `value`; performance is in MACs whatever the source counts.
        low, high: what rounds to the printed digits; 0 or infinite on the open side of a bound.
        printed: as the file has it: `115.3 ms`.
        source, note: of this figure.
        confidence: how it was obtained from the source; None: the file does not say.
        basis: measured, simulated, ...; None: the file does not say.
        bound: the source gives an upper or a lower bound; None: the value.
        bits, number_format: of a peak: operands it is for, such as 8 and `INT8`.
        sparse: of a peak: holds only where zeros are skipped.
        at: where it stands.
    """

    key: str
    title: str
    value: float | int | str
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    printed: str = ""
    source: str = ""
    note: str = ""
    confidence: Confidence | None = None
    basis: Basis | None = None
    bound: Bound | None = None
    bits: int | None = None
    number_format: str = ""
    sparse: bool = False
    multipliers: int | None = None
    at: Position | None = field(default=None, compare=False)

    @property
    def number(self) -> float:
        """The value of a figure; it is no statement."""
        assert not isinstance(self.value, str)
        return float(self.value)

    @property
    def origin(self) -> str:
        """Source and confidence in words."""
        words = CONFIDENCE_WORDS[self.confidence] if self.confidence else ""
        return "; ".join(each for each in (self.source, words) if each)


@dataclass(frozen=True, slots=True)
class Run:
    """What was claimed of one network on the chip.

    Attributes:
        name: unique among the runs of the chip.
        figures: by the keys of `RUN_FIGURES`.
        scope: what power and energy include: `chip`, `chip and off-chip memory`, `board` or `system`; empty: not said.
        basis: of its figures.
        source, note: of the run.
        at: where it stands.
    """

    name: str
    figures: Mapping[str, Claim]
    scope: str = ""
    basis: Basis | None = None
    source: str = ""
    note: str = ""
    at: Position | None = field(default=None, compare=False)

    def text(self, key: str) -> str:
        """A statement; empty where there is none."""
        return str(self.figures[key].value) if key in self.figures else ""


@dataclass(frozen=True, slots=True)
class Chip:
    """What was claimed of a chip.

    Attributes:
        name, title, source: of the file.
        figures: by the keys of `CHIP_FIGURES`.
        peaks, efficiencies: peak performance and peak efficiency, by precision.
        zeros: what it does about multiplications by zero; None: not said.
        runs: at least none.
        flexibility, scalability: statements; None: nothing is said.
        notes: shown to the user.
    """

    name: str
    title: str
    source: str
    figures: Mapping[str, Claim]
    peaks: tuple[Claim, ...] = ()
    efficiencies: tuple[Claim, ...] = ()
    zeros: Zeros | None = None
    runs: tuple[Run, ...] = ()
    flexibility: Claim | None = None
    scalability: Claim | None = None
    notes: tuple[str, ...] = ()

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All figures, those of the runs included."""
        of_runs = (claim for run in self.runs for claim in run.figures.values())
        return (*self.figures.values(), *self.peaks, *self.efficiencies, *of_runs)

    def run(self, name: str | None = None) -> Run | None:
        """A run by name; None: the first, if there is one. Raises InputError for an unknown name."""
        if name is None:
            return self.runs[0] if self.runs else None
        found = next((each for each in self.runs if each.name == name), None)
        if found is None:
            names = [each.name for each in self.runs]
            advice = hint(name, names, label="runs") if names else "its file has no runs"
            raise InputError(f"{self.name} has no run '{name}'", hint=advice)
        return found


def worst(confidences: tuple[Confidence | None, ...]) -> Confidence | None:
    """The least trustworthy of some; None where none is known."""
    known = [each for each in confidences if each is not None]
    return max(known, key=ORDER.index) if known else None
