"""Throughput and latency, and the factors that make them: equations (1) to (4).

After V. Sze et al., "How to Evaluate Deep Neural Network Processors: TOPS/W (Alone) Considered Harmful", IEEE
Solid-State Circuits Magazine 12(3), 2020. An operation is a multiply-accumulate (MAC), as there.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from assay.evaluation.results import Evaluation
from assay.metrics.metric import Basis, Metric, Operand, Value

ARTICLE = "Sze et al., SSC Magazine 12(3), 2020"
NO_SPARSITY = "give the share of MACs without a zero operand with --effectual 40%"
MEAN = "mean over the layers, weighted by the cycles in which each computes"
NO_WORK = "no layer has multiply-accumulates"


@dataclass(frozen=True, slots=True)
class Factors:
    """The factors of equations (1) to (3), exact. Their product is the throughput.

    Attributes:
        operations_per_inference: MACs.
        cycles_per_operation: of one PE that is busy; below 1 where a PE does several MACs in a cycle.
        clock: cycles per second.
        pes: how many there are.
        active_pes: mean of those that receive work, weighted by the cycles in which the layers compute.
        active_utilization: MACs done / MACs that the active PEs could do in all cycles, 0 to 1.
    """

    operations_per_inference: Fraction
    cycles_per_operation: Fraction
    clock: Fraction
    pes: int
    active_pes: Fraction
    active_utilization: Fraction

    @property
    def active_share(self) -> Fraction:
        """Number of active PEs / number of PEs, equation (3)."""
        return self.active_pes / self.pes

    @property
    def utilization(self) -> Fraction:
        """Of all PEs, equation (3)."""
        return self.active_share * self.active_utilization

    @property
    def operations_per_second(self) -> Fraction:
        """MACs per second, equation (2)."""
        return 1 / self.cycles_per_operation * self.clock * self.pes * self.utilization

    @property
    def throughput(self) -> Fraction:
        """Inferences per second, equation (1)."""
        return self.operations_per_second / self.operations_per_inference


def factors_of(evaluation: Evaluation) -> Factors | None:
    """The factors of an evaluation; None where no layer has multiply-accumulates."""
    timed = [(each.active_pes or 0, each.timing.compute_cycles) for each in evaluation.mapped if each.timing]
    computing = sum(cycles for _, cycles in timed)
    if not evaluation.cycles or not computing or not evaluation.macs:
        return None
    active = Fraction(sum(pes * cycles for pes, cycles in timed), computing)
    per_cycle = evaluation.hardware.compute.macs_per_cycle
    return Factors(
        operations_per_inference=Fraction(evaluation.macs, evaluation.batch),
        cycles_per_operation=Fraction(1, per_cycle),
        clock=Fraction(evaluation.hardware.clock),
        pes=evaluation.hardware.pes,
        active_pes=active,
        active_utilization=evaluation.macs / (evaluation.cycles * per_cycle * active),
    )


def layers_left_out(evaluation: Evaluation) -> str:
    """How many layers no time and energy is modelled of, in words; empty where there are none."""
    count = len(evaluation.layers) - len(evaluation.mapped)
    if not count:
        return ""
    return (
        "1 layer that has no multiply-accumulates"
        if count == 1
        else f"{count} layers that have no multiply-accumulates"
    )


def throughput_metrics(evaluation: Evaluation) -> tuple[Metric, ...]:
    """What a user notices: throughput, latency with the batch, inferences in flight, utilisation."""
    factors = factors_of(evaluation)
    batch = Operand("batch", evaluation.batch, "", "the user")
    cycles = Operand("cycles", evaluation.cycles, "", "sum over the layers, which run one after another")
    clock = Operand("clock", evaluation.hardware.clock, "Hz", "the hardware file")
    seconds = Operand("latency", evaluation.latency, "s")
    left_out = layers_left_out(evaluation)
    note = f"without {left_out}" if left_out else ""
    return (
        _metric("throughput", "Throughput", evaluation.throughput, "inferences/s", "batch / latency", (batch, seconds)),
        _metric(
            "latency",
            "Latency",
            evaluation.latency,
            "s",
            "cycles / clock",
            (cycles, clock),
            note="; ".join(each for each in (_batch(evaluation.batch), note) if each),
        ),
        Metric("batch", "Batch", evaluation.batch, "", Basis.GIVEN, source="inputs processed together"),
        _metric(
            "in_flight",
            "Inferences in flight",
            _plain(factors.throughput * (evaluation.cycles or 0) / factors.clock) if factors else None,
            "",
            "throughput × latency",
            (Operand("throughput", evaluation.throughput, "inferences/s"), seconds),
            source=f"Little's law, {ARTICLE}, footnote 6",
            note="one batch at a time",
        ),
        _metric(
            "utilization",
            "Utilisation of PEs",
            _plain(factors.utilization) if factors else None,
            "%",
            "active share × utilisation of active PEs",
            (
                Operand("active share", _plain(factors.active_share) if factors else None, "%"),
                Operand("utilisation of active PEs", _plain(factors.active_utilization) if factors else None, "%"),
            ),
            source=f"{ARTICLE}, equation (3)",
        ),
    )


def decomposition_metrics(evaluation: Evaluation, effectual: float | None) -> tuple[Metric, ...]:
    """Every factor of equations (1) to (4), with what dictates it (Table III).

    Args:
        effectual: share of MACs whose operands are both not zero; None where it is not known.
    """
    factors = factors_of(evaluation)
    if factors is None:
        return (Metric("operations_per_second", "Operations per second", None, "MAC/s", missing=NO_WORK),)
    work = (
        Operand("MACs", evaluation.macs),
        Operand("cycles", evaluation.cycles),
        Operand("operations per cycle", _plain(1 / factors.cycles_per_operation), "MACs/cycle of one PE"),
        Operand("active PEs", _plain(factors.active_pes)),
    )
    return (*_equations(factors, work), *_sparsity(factors, effectual))


def _equations(factors: Factors, work: tuple[Operand, ...]) -> tuple[Metric, ...]:
    """Equations (1) to (3)."""
    per_pe = Operand("cycles per operation", _plain(factors.cycles_per_operation), "cycles/MAC")
    clock = Operand("clock", float(factors.clock), "Hz")
    pes = Operand("PEs", factors.pes)
    used = Operand("utilisation of PEs", _plain(factors.utilization), "%")
    per_second = Operand("operations per second", float(factors.operations_per_second), "MAC/s")
    per_inference = Operand("operations per inference", _plain(factors.operations_per_inference), "MACs")
    active = Operand("active PEs", _plain(factors.active_pes))
    return (
        _factor(
            "inferences_per_second",
            "Inferences per second",
            factors.throughput,
            "inferences/s",
            1,
            "operations per second / operations per inference",
            (per_second, per_inference),
            "",
        ),
        _factor(
            "operations_per_inference",
            "Operations per inference",
            factors.operations_per_inference,
            "MACs",
            1,
            "",
            (),
            "the DNN model",
        ),
        _factor(
            "operations_per_second",
            "Operations per second",
            factors.operations_per_second,
            "MAC/s",
            2,
            "1 / cycles per operation × clock × PEs × utilisation of PEs",
            (per_pe, clock, pes, used),
            "hardware and DNN model",
        ),
        _factor(
            "cycles_per_operation",
            "Cycles per operation",
            factors.cycles_per_operation,
            "cycles/MAC of one PE",
            2,
            "1 / operations per cycle",
            (Operand("operations per cycle", _plain(1 / factors.cycles_per_operation), "MACs/cycle of one PE"),),
            "the hardware",
        ),
        _factor("clock", "Cycles per second", factors.clock, "Hz", 2, "", (), "the hardware"),
        _factor("pes", "Number of PEs", Fraction(factors.pes), "", 2, "", (), "the hardware"),
        _factor("active_pes", "Number of active PEs", factors.active_pes, "", 3, MEAN, (), "hardware and DNN model"),
        _factor(
            "active_share", "Active PEs / PEs", factors.active_share, "%", 3, "active PEs / PEs", (active, pes), ""
        ),
        _factor(
            "active_utilization",
            "Utilisation of active PEs",
            factors.active_utilization,
            "%",
            3,
            "MACs / (cycles × operations per cycle × active PEs)",
            work,
            "hardware and DNN model",
        ),
    )


def _sparsity(factors: Factors, effectual: float | None) -> tuple[Metric, ...]:
    """Equation (4) of one PE. It skips no zeros and performs every operation, so the last two factors cancel."""
    done = 1 / factors.cycles_per_operation
    share = None if effectual is None else Fraction(repr(effectual))
    unit = "MACs/cycle of one PE"
    operands = (
        Operand("performed per cycle", _plain(done), unit),
        Operand("effectual / performed", effectual, "%", "no zeros are skipped: equal to effectual / all"),
        Operand("effectual / all", effectual, "%", "" if effectual is None else "given by the user"),
    )
    formula = "performed per cycle × (effectual / performed) / (effectual / all)"
    every = "the hardware; no zeros are skipped, so that it performs every operation"
    skipped = "the hardware; no zeros are skipped"
    names = (
        "Effectual plus unexploited ineffectual operations per cycle",
        "Effectual / (effectual plus unexploited ineffectual) operations",
        "Effectual out of all operations",
    )
    data = "DNN model and input data"
    return (
        _factor("operations_per_cycle", "Operations per cycle", done, unit, 4, formula, operands, "the hardware"),
        _factor("performed_per_cycle", names[0], done, unit, 4, "", (), every),
        _factor("exploited", names[1], share, "%", 4, "", (), skipped, missing=NO_SPARSITY),
        _factor("effectual", names[2], share, "%", 4, "", (), data, missing=NO_SPARSITY),
    )


def _factor(
    key: str,
    title: str,
    value: Fraction | None,
    unit: str,
    equation: int,
    formula: str,
    operands: tuple[Operand, ...],
    dictated: str,
    *,
    missing: str = "",
) -> Metric:
    """One factor with the equation that it stands in and what dictates it."""
    given = key in ("clock", "pes", "cycles_per_operation", "operations_per_cycle", "performed_per_cycle")
    basis = Basis.GIVEN if missing else Basis.SPECIFIED if given else Basis.CALCULATED
    if key == "operations_per_inference":
        basis = Basis.COUNTED
    return Metric(
        key,
        title,
        None if value is None else _plain(value),
        unit,
        None if value is None else basis,
        formula,
        operands,
        f"{ARTICLE}, equation ({equation}){' and Table III' if dictated else ''}",
        f"dictated by {dictated}" if dictated else "",
        missing if value is None else "",
    )


def _metric(
    key: str,
    title: str,
    value: Value,
    unit: str,
    formula: str,
    operands: tuple[Operand, ...],
    *,
    source: str = "",
    note: str = "",
) -> Metric:
    if value is None:
        return Metric(key, title, None, unit, missing=NO_WORK)
    return Metric(key, title, value, unit, Basis.CALCULATED, formula, operands, source, note)


def _batch(batch: int) -> str:
    return "one inference" if batch == 1 else f"batch of {batch:,}"


def _plain(value: Fraction) -> int | float:
    """A whole number as such."""
    return int(value) if value.denominator == 1 else float(value)
