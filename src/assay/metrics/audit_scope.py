"""The figures of a chip and of one run by name: those that are claimed, and what follows from them.

A printed figure stands for all values that round to it, so that `115.3 ms` is anything from 115.25 to 115.35 ms.
Everything here is a product of figures and their inverses, so that intervals of products are exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache

from assay.errors import InputError
from assay.metrics.claims import CHIP_FIGURES, RUN_FIGURES, Chip, Claim, Confidence, Run, worst
from assay.metrics.metric import Bound, Operand

Factors = tuple[tuple[str, int], ...]

OVER = -1

DEFINITIONS: tuple[tuple[str, Factors], ...] = (
    ("throughput", (("batch", 1), ("runtime", OVER))),
    ("throughput", (("performance", 1), ("macs", OVER))),
    ("throughput", (("inferences_per_joule", 1), ("power", 1))),
    ("runtime", (("batch", 1), ("throughput", OVER))),
    ("latency", (("runtime", 1),)),
    ("macs", (("network_macs", 1),)),
    ("performance", (("throughput", 1), ("macs", 1))),
    ("run_peak", (("multipliers", 1), ("clock", 1))),
    ("peak", (("multipliers", 1), ("clock", 1))),
    ("utilization", (("performance", 1), ("run_peak", OVER))),
    ("inferences_per_joule", (("energy", OVER),)),
    ("inferences_per_joule", (("throughput", 1), ("power", OVER))),
    ("inferences_per_joule", (("efficiency", 1), ("macs", OVER))),
    ("energy", (("power", 1), ("throughput", OVER))),
    ("energy", (("inferences_per_joule", OVER),)),
    ("power", (("throughput", 1), ("inferences_per_joule", OVER))),
    ("efficiency", (("performance", 1), ("power", OVER))),
    ("efficiency", (("inferences_per_joule", 1), ("macs", 1))),
    ("area_per_multiplier", (("core_area", 1), ("multipliers", OVER))),
    ("memory_per_multiplier", (("onchip_memory", 1), ("multipliers", OVER))),
)
"""How a figure that is not given follows from others, in the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class Known:
    """A figure with the interval of its digits, and where it is from.

    Attributes:
        claims: keys of the claimed figures that it comes from, itself among them.
        bounds: empty: it is the value; of two opposite bounds nothing follows.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str
    source: str
    confidence: Confidence | None
    formula: str = ""
    operands: tuple[Operand, ...] = ()
    stated: Claim | None = None
    claims: frozenset[str] = frozenset()
    bounds: frozenset[Bound] = frozenset()

    @property
    def bound(self) -> Bound | None:
        """Whether it is at most, or at least, the value."""
        return None if self.says_nothing else next(iter(self.bounds), None)

    @property
    def says_nothing(self) -> bool:
        """Whether it may be anything."""
        return len(self.bounds) > 1

    def operand(self) -> Operand:
        origin = f"{self.source} [= {self.formula}]" if self.formula else self.source
        return Operand(self.name, self.value, self.unit, origin)


def product(factors: Factors) -> str:
    """`a * b / c`."""
    above = " * ".join(name for name, power in factors if power > 0) or "1"
    return above + "".join(f" / {name}" for name, power in factors if power < 0)


@dataclass(slots=True)
class Scope:
    """The figures of a chip and of one run on it, by name; those that are not given follow from others if they can."""

    chip: Chip
    run: Run | None
    given: dict[str, Known] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for claim in self.chip.figures.values():
            self.add(claim)
        if self.run is not None:
            for claim in self.run.figures.values():
                self.add(claim)
            self._add_macs(self.run)
            if "in_flight" not in self.given and "batch" in self.run.figures:
                self.add(self.run.figures["batch"], "in_flight")
        peak = self._peak()
        if peak is not None and self._at_chip_clock():
            self.add(peak, "run_peak")
        if peak is not None and peak.multipliers is not None:
            self.given["multipliers"] = multipliers_of(peak, peak.multipliers)

    def add(self, claim: Claim, name: str = "") -> None:
        """Take a claimed figure, under another name where one is given; statements are none."""
        if not isinstance(claim.value, str):
            self.given[name or claim.key] = Known(
                name or claim.key, claim.number, claim.low, claim.high, claim.unit, claim.origin, claim.confidence,
                stated=claim, claims=frozenset({claim.key}), bounds=frozenset({claim.bound} if claim.bound else ()),
            )  # fmt: skip

    def _add_macs(self, run: Run) -> None:
        network, layers = run.text("network"), run.text("layers")
        macs = network_macs(network, layers or "all")
        if macs is not None:
            source = f"counted exactly: {network}, {layers.upper() if layers in ('conv', 'fc') else 'all'} layers"
            least = macs
            if not layers:  # many count and run the convolutions alone
                least = network_macs(network, "conv") or macs
                source += f" (which were run is not said; CONV layers alone have {least:,})"
            # a network that was recalled may be another one
            confidence = run.figures["network"].confidence
            self.given["network_macs"] = Known("network_macs", macs, least, macs, "MACs", source, confidence)

    @property
    def overlaps(self) -> bool:
        """Whether the run says that more, or less, than one batch is in flight."""
        stated = self.run.figures if self.run is not None else {}
        both = "in_flight" in stated and "batch" in stated
        return both and stated["in_flight"].value != stated["batch"].value

    def _other_width(self) -> bool:
        """Whether multipliers may not be those for the operands of the run: they may split or join for other widths."""
        own = self.chip.figures.get("multiplier_bits")
        if own is None:
            return len({each.value for each in self.chip.peaks if not each.sparse}) > 1
        words = [self.run.figures.get(key) for key in ("weight_bits", "activation_bits")] if self.run else []
        return any(each is not None and each.value != own.value for each in words)

    def _at_chip_clock(self) -> bool:
        """Whether the run does not say that it had another clock than the chip's."""
        own = self.run.figures.get("clock") if self.run else None
        chip = self.chip.figures.get("clock")
        return own is None or (chip is not None and own.value == chip.value)

    def _peak(self) -> Claim | None:
        """The dense peak that belongs to the width of the run's words; the only one, where there is one.

        None where peaks of that width differ, such as those of FP32 and TF32.
        """
        dense = [each for each in self.chip.peaks if not each.sparse]
        bits = self.run.figures.get("weight_bits") if self.run else None
        if bits is None or all(each.bits is None for each in dense):
            return dense[0] if len(dense) == 1 else None
        found = [each for each in dense if each.bits == bits.value]
        return found[0] if len({each.value for each in found}) == 1 else None

    def find(self, name: str, avoid: frozenset[str] = frozenset()) -> Known | None:
        """A figure that is given, else what follows from others without those to avoid."""
        if name in avoid:
            return None
        if name in self.given:
            return self.given[name]
        if name in ("multipliers", "clock") or (name == "run_peak" and self._other_width()):
            return None
        for target, factors in DEFINITIONS:
            if target == name and not (self.overlaps and ("batch", 1) in factors):
                found = self.product(name, factors, avoid | {name})
                if found is not None and not found.says_nothing:
                    return found
        return None

    def product(self, name: str, factors: Factors, avoid: frozenset[str]) -> Known | None:
        """The product of some figures; None where one is not known."""
        parts = [(self.find(each, avoid), power) for each, power in factors]
        known = [(each, power) for each, power in parts if each is not None]
        if len(known) < len(parts):
            return None
        return multiply(name, product(factors), known)


def multiply(name: str, formula: str, parts: list[tuple[Known, int]]) -> Known:
    """A product of figures, with the interval of all that the digits allow."""
    value = low = high = 1.0
    for known, power in parts:
        if power > 0:
            value, low, high = value * known.value, low * known.low, high * known.high
        else:
            value, low = value / known.value, low / known.high
            high = high / known.low if known.low > 0 else math.inf
    operands = tuple(known.operand() for known, _ in parts)
    confidence = worst(tuple(known.confidence for known, _ in parts))
    return Known(
        name, value, low, high, unit_of(name), "calculated", confidence, formula, operands,
        claims=frozenset(name for known, _ in parts for name in known.claims),
        bounds=frozenset(b if power > 0 else b.opposite for known, power in parts for b in known.bounds),
    )  # fmt: skip


def multipliers_of(peak: Claim, count: int) -> Known:
    """The multipliers that a peak names."""
    number = float(count)
    return Known("multipliers", number, number, number, "", peak.source, peak.confidence, claims=frozenset({peak.key}))


def multipliers_in(pes: Known, each: int) -> Known:
    """The multipliers of PEs, if each does so many MACs in a cycle."""
    return replace(
        pes, name="multipliers", value=pes.value * each, low=pes.low * each, high=pes.high * each,
        formula=f"pes * {each}, as assumed", operands=(pes.operand(),), stated=None,
    )  # fmt: skip


def unit_of(name: str) -> str:
    """The unit of a figure by name."""
    if name in ("run_peak", "peak"):
        return "MAC/s"
    if name == "peak_efficiency":
        return "MAC/s/W"
    if name == "network_macs":
        return "MACs"
    return (RUN_FIGURES.get(name) or CHIP_FIGURES[name])[1].unit


@lru_cache(maxsize=64)
def network_macs(network: str, layers: str = "all") -> int | None:
    """MACs of one inference, counted from the shapes of a built-in network; None for any other network."""
    from assay.workload.load import load_network
    from assay.workload.zoo import zoo_names

    if network.partition(":")[0].strip() not in zoo_names():
        return None
    try:
        found = load_network(network)
    except InputError:
        return None
    return sum(layer.macs for layer in found.layers if layers in ("all", layer.op)) or None
