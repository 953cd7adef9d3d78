"""Whether a processor meets requirements: the evaluation process of six questions, and the verdict.

After V. Sze et al., "How to Evaluate Deep Neural Network Processors: TOPS/W (Alone) Considered Harmful", IEEE
Solid-State Circuits Magazine 12(3), 2020, section IX. It takes plain metrics, so that the figures may come from an
evaluation, or from what a paper says of a chip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from assay.errors import InputError
from assay.metrics.metric import Basis, Bound, Metric, Operand
from assay.metrics.requirements import Limit, Requirements, quantity
from assay.reading.figures import number, percent, rate, times
from assay.reading.units import format_si
from assay.reading.words import listed, measured, small


class Outcome(StrEnum):
    """What is known of one requirement."""

    MET = "met"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Viability(StrEnum):
    """What is known of all of them."""

    VIABLE = "viable"
    NOT_VIABLE = "not viable"
    UNKNOWN = "unknown"


QUESTIONS = (
    ("Can it perform the task?", ("accuracy",)),
    ("Is it fast enough, and in real time?", ("latency", "throughput")),
    ("What device does it fit in?", ("power", "energy")),
    ("What does it cost?", ("area",)),
    ("Which other tasks can it support?", ("flexibility",)),
    ("Can the design be scaled?", ("scalability",)),
)
"""The six questions of section IX, and the metrics that answer them."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One requirement beside the figure.

    Attributes:
        limit, required: what is asked for.
        metric: the figure that was judged; None where there is none of that key.
        outcome: whether it is met.
        difference: value - required, in the unit.
        ratio: value / required.
        missing: where it is unknown: what is missing, and what would make it known.
        caveat: what the figure does not cover; a requirement that is met may fail with that included.
        bound: the figure is one; None: it is the value.
    """

    limit: Limit
    required: float
    metric: Metric | None
    outcome: Outcome
    difference: float | None = None
    ratio: float | None = None
    missing: str = ""
    caveat: str = ""
    bound: Bound | None = None

    @property
    def sentence(self) -> str:
        """`Latency 341 ms, at most 33 ms: failed, 10.3 times as much as allowed`."""
        side = "at least" if self.limit.least else "at most"
        if self.metric is None or self.outcome is Outcome.UNKNOWN:
            return f"{self.limit.title}, {side} {quantity(self.required, self.limit)}: unknown ({self.missing})"
        value = self.metric.number
        assert value is not None
        shown, bound = _told_apart(value, self.required, self.limit)
        what = f" ({self.metric.note})" if self.limit.metric == "accuracy" and self.metric.note else ""
        sign = f"{self.bound.sign} " if self.bound else ""
        start = f"{self.limit.title} {sign}{shown}{what}, {side} {bound}: {self.outcome}"
        told = self.outcome is not Outcome.MET or self.caveat in what
        covered = "" if told else f" ({self.caveat})"
        return f"{start}{self._distance()}{covered}"

    def _distance(self) -> str:
        """How far from the limit, in words."""
        assert self.ratio is not None
        assert self.difference is not None
        if self.difference == 0:
            return ", exactly"
        if self.limit.unit == "%":
            points = measured(number(100 * abs(self.difference)), "points")
            return f" by {points}" if self.outcome is Outcome.MET else f", {points} too little"
        apart = quantity(abs(self.difference), self.limit)
        if self.outcome is Outcome.MET:
            return f" with {apart} to spare"
        if self.limit.least:
            return f", {apart} too little{_beyond(1 / self.ratio, least=True) if self.ratio else ''}"
        return f", {apart} too much{_beyond(self.ratio, least=False)}"

    def to_dict(self) -> dict[str, Any]:
        """As in the schemas of the results that have a verdict."""
        return {
            "requirement": self.limit.name,
            "metric": self.limit.metric,
            "required": self.required,
            "value": None if self.metric is None else self.metric.value,
            "unit": self.limit.unit,
            "outcome": str(self.outcome),
            "difference": self.difference,
            "ratio": self.ratio,
            "missing": self.missing,
            "caveat": self.caveat,
            "bound": self.bound,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the six questions.

    Attributes:
        number: 1 to 6.
        question: in words.
        judgements: the requirements that belong to it.
        metrics: the figures that there are, also where nothing is required.
    """

    number: int
    question: str
    judgements: tuple[Judgement, ...]
    metrics: tuple[Metric, ...]

    @property
    def outcome(self) -> Outcome | None:
        """That of its requirements together; None where nothing is required."""
        outcomes = {each.outcome for each in self.judgements}
        for worst in (Outcome.FAILED, Outcome.UNKNOWN, Outcome.MET):
            if worst in outcomes:
                return worst
        return None

    def to_dict(self) -> dict[str, Any]:
        """As in the schemas of the results that have a verdict."""
        return {
            "number": self.number,
            "question": self.question,
            "outcome": None if self.outcome is None else str(self.outcome),
            "requirements": [each.to_dict() for each in self.judgements],
            "metrics": [each.to_dict() for each in self.metrics],
        }


@dataclass(frozen=True, slots=True, repr=False)
class Verdict:
    """The six questions answered, in their order, and what follows for the requirements."""

    requirements: Requirements
    answers: tuple[Answer, ...]
    remarks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Verdict: {self.sentence}>"

    @property
    def judgements(self) -> tuple[Judgement, ...]:
        """Every requirement, in the order of the questions."""
        return tuple(each for answer in self.answers for each in answer.judgements)

    @property
    def viability(self) -> Viability:
        """Not viable: a requirement fails. Unknown: none fails, and of one it is not known, or nothing is required."""
        outcomes = {each.outcome for each in self.judgements}
        if Outcome.FAILED in outcomes:
            return Viability.NOT_VIABLE
        return Viability.VIABLE if outcomes == {Outcome.MET} else Viability.UNKNOWN

    @property
    def sentence(self) -> str:
        """The verdict in one sentence, the requirements that decide it named."""
        decisive = {Viability.NOT_VIABLE: Outcome.FAILED, Viability.UNKNOWN: Outcome.UNKNOWN}.get(self.viability)
        named = [small(each.limit.title) for each in self.judgements if each.outcome is decisive]
        if self.viability is Viability.NOT_VIABLE:
            others = sum(each.outcome is Outcome.UNKNOWN for each in self.judgements)
            more = f"; {others} more cannot be judged" if others else ""
            return f"Not viable for these requirements: {listed(named)} {_fail(len(named))}{more}."
        if self.viability is Viability.UNKNOWN:
            if not self.judgements:
                return "Nothing is required, so nothing is judged."
            return f"Unknown for these requirements: {listed(named)} cannot be judged; none that is known fails."
        covered = any(each.caveat for each in self.judgements)
        return f"Viable for these requirements{', as far as these figures reach' if covered else ''}."

    def to_dict(self) -> dict[str, Any]:
        """As in the schemas of the results that have a verdict."""
        return {
            "viability": str(self.viability).replace(" ", "_"),
            "sentence": self.sentence,
            "requirements": self.requirements.to_dict(),
            "questions": [each.to_dict() for each in self.answers],
            "remarks": list(self.remarks),
        }


def judge(
    values: Mapping[str, Metric],
    requirements: Requirements,
    *,
    caveats: Mapping[str, str] | None = None,
    parts: Mapping[str, str] | None = None,
    bounds: Mapping[str, Bound] | None = None,
    doubts: Mapping[str, float] | None = None,
) -> Verdict:
    """Hold figures against requirements.

    Args:
        values: by `accuracy` (%), `latency` (s), `throughput` (inferences/s), `power` (W), `energy` (J per inference),
            `area` (m2), `flexibility` and `scalability`, and `idle_power` (W, between inferences); those that are not
            there are not known.
        caveats: by the same keys, what a figure does not cover, such as `without the clock network`. With that, the
            figure would be worse: where it fails, it fails for certain; where it is met, that is as far as it goes.
        parts: by the same keys, of what a figure is only a part, such as `the chip without its off-chip memory`: where
            that part meets a requirement, nothing is known of the whole.
        bounds: by the same keys, figures that are bounds: at most 1 W meets 2 W, and says nothing of 0.5 W.
        doubts: by the same keys, how many times worse a figure may be, as others contradict it: where it would not
            meet a requirement then, nothing is known.

    Raises:
        InputError: a value is not a number in the unit that is judged.
    """
    known, covered, ends = at_rate(values, requirements, caveats or {}, bounds or {})
    unsure = dict(doubts or {})
    if known is not values:  # the power of the required rate follows from the energy
        unsure["power"] = unsure.get("energy", 1.0)
    judged = [_judged(limit, required, known, covered, parts or {}, ends) for limit, required in requirements.stated]
    judged = [_unless_worse(each, unsure.get(each.limit.metric, 1.0)) for each in judged]
    answers = []
    for place, (question, keys) in enumerate(QUESTIONS, 1):
        own = tuple(each for each in judged if each.limit.metric in keys)
        answers.append(Answer(place, question, own, tuple(values[key] for key in keys if key in values)))
    return Verdict(requirements, tuple(answers), requirements.remarks)


def at_rate(
    values: Mapping[str, Metric], requirements: Requirements, caveats: Mapping[str, str], bounds: Mapping[str, Bound]
) -> tuple[Mapping[str, Metric], Mapping[str, str], Mapping[str, Bound]]:
    """Power at the throughput that is required, where the chip is faster and takes too much at full speed.

    After equation (5): the mean power is the energy of an inference times the inferences per second that are asked for;
    and between them, what leaks (`idle_power` of the values), where that is known.
    """
    most, rate_asked = requirements.max_power, requirements.min_throughput
    power, energy, speed = (_value(values, key) for key in ("power", "energy", "throughput"))
    if most is None or rate_asked is None or power is None or energy is None or speed is None:
        return values, caveats, bounds
    if power <= most or speed <= rate_asked:
        return values, caveats, bounds
    idle = _value(values, "idle_power")
    waits = 1 - rate_asked / speed
    found = Metric(
        "power",
        "Power",
        energy * rate_asked + (idle or 0.0) * waits,
        "W",
        Basis.CALCULATED,
        "energy per inference × required throughput + power while it waits × (1 - required throughput / throughput)",
        (
            Operand("energy per inference", energy, "J"),
            Operand("required throughput", rate_asked, "inferences/s"),
            Operand("power while it waits", idle, "W", "not known: nothing is charged" if idle is None else "leakage"),
            Operand("throughput", speed, "inferences/s"),
        ),
        "equation (5)",
    )
    asked, full = rate(rate_asked, "inferences"), format_si(power, "W")
    between = "nothing" if idle is None else f"{format_si(idle, 'W')} of leakage"
    at_full = f"at the required {asked}, and {between} in between; {full} at full speed"
    told = "; ".join(text for text in (at_full, caveats.get("power", "")) if text)
    others = {key: bound for key, bound in bounds.items() if key != "power"}
    ends = others | {"power": bounds["energy"]} if "energy" in bounds else others
    return {**values, "power": found}, {**caveats, "power": told}, ends


def _value(values: Mapping[str, Metric], key: str) -> float | None:
    return None if key not in values else values[key].number


def _judged(
    limit: Limit,
    required: float,
    values: Mapping[str, Metric],
    caveats: Mapping[str, str],
    parts: Mapping[str, str],
    bounds: Mapping[str, Bound],
) -> Judgement:
    metric = values.get(limit.metric)
    value = None if metric is None else metric.number
    if metric is None or value is None:
        missing = metric.missing if metric else ""
        return Judgement(limit, required, metric, Outcome.UNKNOWN, missing=missing or f"no {limit.metric} is given")
    if metric.unit != limit.unit:
        raise InputError(f"{metric.title} is in {metric.unit or 'no unit'}; it is judged in {limit.unit}")
    met = value >= required if limit.least else value <= required
    bound = bounds.get(limit.metric)
    if bound is not None and not _decides(bound, limit, met):
        side = "a lower" if bound is Bound.AT_LEAST else "an upper"
        what = "" if metric.title == limit.title else f": {small(metric.title)}"
        missing = f"only {side} bound of {quantity(value, limit)} is given{what}"
        return Judgement(limit, required, metric, Outcome.UNKNOWN, missing=missing)
    outcome = Outcome.MET if met else Outcome.FAILED
    if met and (part := parts.get(limit.metric)):
        missing = f"{quantity(value, limit)} would meet it, but are those of {part}"
        return Judgement(limit, required, metric, Outcome.UNKNOWN, missing=missing)
    caveat = caveats.get(limit.metric, "")
    return Judgement(limit, required, metric, outcome, value - required, value / required, caveat=caveat, bound=bound)


def _unless_worse(found: Judgement, factor: float) -> Judgement:
    """A requirement that is met stays so where a figure that is so many times worse meets it, too."""
    value = None if found.metric is None else found.metric.number
    if found.outcome is not Outcome.MET or value is None:
        return found
    least = found.limit.least
    if value / factor >= found.required if least else value * factor <= found.required:
        return found
    told = f"up to {times(factor)} {'less' if least else 'as much'}"
    missing = f"{quantity(value, found.limit)} would meet it, but other claims give {told}"
    return Judgement(found.limit, found.required, found.metric, Outcome.UNKNOWN, missing=missing)


def _decides(bound: Bound, limit: Limit, met: bool) -> bool:
    """Whether a bound that meets a limit, or fails it, tells that of the value: a lower bound can meet a minimum."""
    return met is (limit.least is (bound is Bound.AT_LEAST))


MOST_DIGITS = 12
"""Beyond the usual ones; floats have no more."""


def _told_apart(value: float, required: float, limit: Limit) -> tuple[str, str]:
    """Both in as many digits as it takes to tell them apart: `33.05 ms` and `33 ms`."""
    for more in range(MOST_DIGITS):
        texts = quantity(value, limit, more), quantity(required, limit, more)
        if value == required or texts[0] != texts[1]:
            break
    return texts


MUCH = 1.1
"""From this ratio on it is told in times, below in percent."""


def _beyond(ratio: float, *, least: bool) -> str:
    """` (10.3 times what is allowed)`, ` (0.15 % more than is allowed)`, for a ratio above 1."""
    if ratio >= MUCH:
        return f" ({times(ratio)} {'as much is needed' if least else 'what is allowed'})"
    return f" ({percent(ratio - 1, 2)} more {'is needed' if least else 'than is allowed'})"


def _fail(count: int) -> str:
    return "fails" if count == 1 else "fail"
