"""Files of claims: from YAML to `Chip`, with an error at the user's own line for everything that is wrong.

The keys are those of `docs/audit.md` and of the JSON Schema in the package's data; a test keeps the three together.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from assay.errors import InputError
from assay.hardware.shipped import shipped_names, shipped_text
from assay.metrics.claims import (
    BITS,
    CHIP_FIGURES,
    COUNT,
    PEAK_FIGURES,
    RUN_FIGURES,
    SCORE,
    SHARE,
    WORDS,
    Chip,
    Claim,
    Confidence,
    Kind,
    Run,
    Zeros,
)
from assay.metrics.metric import Basis, Bound
from assay.reading.documents import Doc, Entry, Form, load, loads
from assay.reading.entries import short
from assay.reading.suggestions import hint, nearest
from assay.reading.units import UNIT_ADVICE, UNITS, kind

CHIP_FORM = "chip/1"
CHIP_KEYS = (
    *("name", "title", "source", "confidence", "chip", "zeros", "runs"),
    *("flexibility", "scalability", "notes"),
)
FIGURE_KEYS = ("value", "source", "note", "confidence", "basis", "tolerance", "bound")
PEAK_KEYS = (*FIGURE_KEYS, "bits", "format", "sparse", "multipliers")
RUN_KEYS = ("name", "source", "note", "basis", "scope", *RUN_FIGURES)
BASES = {
    "measured": Basis.MEASURED,
    "after layout": Basis.LAYOUT,
    "after synthesis": Basis.SYNTHESIS,
    "simulated": Basis.SIMULATED,
    "calculated": Basis.CALCULATED,
    "specified": Basis.SPECIFIED,
}
SCOPES = ("chip", "chip and off-chip memory", "board", "system")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_WRITTEN = re.compile(r"(?P<number>[+-]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(?P<unit>.*)", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?\.?(nan|inf|infinity)\b.*", re.IGNORECASE)
LIMIT = 1e30
"""Figures beyond it, or below its inverse, are slips of the pen."""


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What holds for figures that do not say otherwise."""

    source: str
    confidence: Confidence | None
    basis: Basis | None = None


def chip_names() -> tuple[str, ...]:
    """Names of the chips that come with the package, in alphabetical order."""
    return shipped_names("chips")


def load_chip(source: str | Path | Chip) -> Chip:
    """A chip that comes with the package by name, a file by path (`.yaml` or `.yml`), or a chip as it is.

    Raises:
        InputError: no such chip or file, or the file is wrong.
    """
    if isinstance(source, Chip):
        return source
    if isinstance(source, Path) or source.endswith((".yaml", ".yml")):
        return chip_from(load(source, names=chip_names()))
    if source not in chip_names():
        raise InputError(f"there is no built-in chip '{source}'", hint=_advice(source))
    return chip_from(loads(shipped_text("chips", source), f"{source}.yaml"))


def parse_chip(text: str, name: str = "text") -> Chip:
    """As `load_chip`, from the text of a file; `name` stands for the file in messages."""
    return chip_from(loads(text, name))


def _advice(name: str) -> str:
    """Where there is no chip of a name: what the name is, or the nearest."""
    from assay.hardware.presets import preset_names
    from assay.workload.zoo import zoo_names

    if name in preset_names():
        return f"'{name}' is hardware, which `assay evaluate` evaluates; an audit reads what is claimed (assay chips)"
    chip, _, run = name.partition(":")
    if run and chip in chip_names():
        return f"an audit takes the run by itself: {chip} --run {run}"
    if chip in zoo_names():
        return f"'{name}' is a network; `assay chips` lists the chips"
    found = nearest(name, chip_names())
    return (
        f"did you mean '{found}'? assay chips lists them" if found else "assay chips lists them; a file ends in .yaml"
    )


def chip_from(doc: Doc) -> Chip:
    """The chip of a document. Raises InputError for whatever is wrong in it."""
    fields = doc.fields(CHIP_FORM, allowed=CHIP_KEYS, required=("name",))
    name = _name(fields["name"])
    confidence = _confidence(fields.get("confidence"))
    defaults = _Defaults(fields["source"].text() if "source" in fields else "", confidence)
    figures, peaks, efficiencies = _chip_figures(fields.get("chip"), defaults)
    runs = _runs(fields.get("runs"), defaults)
    if not (figures or peaks or efficiencies or runs):
        raise doc.root.error("the file claims nothing", "write figures under 'chip:' or 'runs:'")
    return Chip(
        name=name,
        title=fields["title"].text() if "title" in fields else name,
        source=defaults.source,
        figures=figures,
        peaks=peaks,
        efficiencies=efficiencies,
        zeros=Zeros(fields["zeros"].choice(list(Zeros))) if "zeros" in fields else None,
        runs=runs,
        flexibility=_statement("flexibility", "Flexibility", fields, defaults),
        scalability=_statement("scalability", "Scalability", fields, defaults),
        notes=tuple(each.text() for each in fields["notes"].items()) if "notes" in fields else (),
    )


def _statement(key: str, title: str, fields: Mapping[str, Entry], defaults: _Defaults) -> Claim | None:
    return _claim(key, title, WORDS, fields[key], defaults, FIGURE_KEYS) if key in fields else None


def _name(entry: Entry) -> str:
    name = entry.text()
    if not NAME.fullmatch(name):
        raise entry.error(f"name: '{short(name)}' is no name", "letters, digits, '_', '-' and '.', such as my_chip")
    return name


def _confidence(entry: Entry | None) -> Confidence | None:
    return None if entry is None else Confidence(entry.choice(list(Confidence)))


def _basis(entry: Entry | None) -> Basis | None:
    return None if entry is None else BASES[entry.choice(BASES)]


def _chip_figures(
    entry: Entry | None, defaults: _Defaults
) -> tuple[dict[str, Claim], tuple[Claim, ...], tuple[Claim, ...]]:
    if entry is None:
        return {}, (), ()
    fields = entry.mapping(allowed=(*CHIP_FIGURES, *PEAK_FIGURES))
    figures = {
        key: _claim(key, *CHIP_FIGURES[key], value, defaults, FIGURE_KEYS)
        for key, value in fields.items()
        if key in CHIP_FIGURES
    }
    return figures, _peaks("peak", fields, defaults), _peaks("peak_efficiency", fields, defaults)


def _peaks(key: str, fields: Mapping[str, Entry], defaults: _Defaults) -> tuple[Claim, ...]:
    """One figure, or a list of some by precision."""
    if key not in fields:
        return ()
    entry = fields[key]
    items = entry.items() if entry.form is Form.LIST else (entry,)
    found: list[Claim] = []
    for item in items:
        claim = _claim(key, *PEAK_FIGURES[key], replace(item, label=key), defaults, PEAK_KEYS)
        if any((claim.bits, claim.number_format, claim.sparse) == (o.bits, o.number_format, o.sparse) for o in found):
            raise item.error(
                f"{key}: this precision is listed already", "say 'bits', 'format' or 'sparse: true' of each"
            )
        found.append(claim)
    return tuple(found)


def _runs(entry: Entry | None, defaults: _Defaults) -> tuple[Run, ...]:
    if entry is None:
        return ()
    found: list[Run] = []
    for item in entry.items():
        run = _run(item, defaults)
        if any(run.name == each.name for each in found):
            raise item.error(f"there is a run '{run.name}' already", "give each run a 'name:' of its own")
        found.append(run)
    return tuple(found)


def _run(entry: Entry, defaults: _Defaults) -> Run:
    fields = replace(entry, label="the run").mapping(allowed=RUN_KEYS)
    if "network" not in fields:
        raise entry.error(
            "the run does not say which network it runs", "write 'network: alexnet', or the name of any network"
        )
    source = fields["source"].text() if "source" in fields else defaults.source
    own = _Defaults(source, defaults.confidence, _basis(fields.get("basis")))
    figures = {
        key: _claim(key, *RUN_FIGURES[key], value, own, FIGURE_KEYS)
        for key, value in fields.items()
        if key in RUN_FIGURES
    }
    if len(figures) == 1:
        raise entry.error("the run claims nothing about its network", "write such as 'throughput: 34.7 inferences/s'")
    _check_layers(figures.get("layers"))
    _check_error(figures.get("accuracy"), figures.get("error"))
    _check_network(figures["network"])
    return Run(
        name=_name(fields["name"]) if "name" in fields else re.sub(r"[^\w.-]+", "_", str(figures["network"].value)),
        figures=figures,
        scope=fields["scope"].choice(SCOPES) if "scope" in fields else "",
        basis=own.basis,
        source=source,
        note=fields["note"].text() if "note" in fields else "",
        at=entry.at,
    )


LAYERS = ("all", "conv", "fc")


def _check_layers(claim: Claim | None) -> None:
    if claim is not None and claim.value not in LAYERS:
        raise InputError(
            f"layers: unknown '{short(str(claim.value))}'", at=claim.at, hint=hint(str(claim.value), LAYERS)
        )


def _check_error(accuracy: Claim | None, error: Claim | None) -> None:
    """Right and wrong answers make up all of them."""
    if accuracy is None or error is None or accuracy.unit != "%":
        return
    if accuracy.low > 1 - error.low or accuracy.high < 1 - error.high:
        raise InputError(
            f"error: {error.printed} is not what an accuracy of {accuracy.printed} leaves",
            at=error.at,
            hint="keep the one that 'accuracy_metric' names, and give the other in a note",
        )


def _check_network(claim: Claim) -> None:
    """Parameters of a built-in network must be its own; any other name is taken as it is."""
    from assay.workload.load import load_network
    from assay.workload.zoo import zoo_names

    name, colon, _ = str(claim.value).partition(":")
    if not colon or name not in zoo_names():
        return
    try:
        load_network(str(claim.value))
    except InputError as error:
        raise InputError(f"network: {error.message}", at=claim.at, hint=error.hint) from None


def _claim(key: str, title: str, of: Kind, entry: Entry, defaults: _Defaults, allowed: tuple[str, ...]) -> Claim:
    """One figure: its value alone, or a mapping with `value` and what else is known of it."""
    fields: dict[str, Entry] = {}
    value = entry
    if entry.form is Form.MAPPING:
        fields = entry.mapping(allowed=allowed, required=("value",))
        value = replace(fields["value"], label=key)
    text = _printed(value, of)
    claim = Claim(
        key=key,
        title=title,
        value=text,
        printed=text,
        source=fields["source"].text() if "source" in fields else defaults.source,
        note=fields["note"].text() if "note" in fields else "",
        confidence=_confidence(fields["confidence"]) if "confidence" in fields else defaults.confidence,
        basis=_basis(fields["basis"]) if "basis" in fields else defaults.basis,
        bound=Bound(fields["bound"].choice(list(Bound))) if "bound" in fields else None,
        bits=int(_read(fields["bits"], BITS)[0]) if "bits" in fields else None,
        number_format=fields["format"].text() if "format" in fields else "",
        sparse=fields["sparse"].boolean() if "sparse" in fields else False,
        multipliers=int(_read(fields["multipliers"], COUNT)[0]) if "multipliers" in fields else None,
        at=value.at,
    )
    if of is WORDS:
        _check_statement(fields)
        return claim
    number, half = _read(value, of)
    if "tolerance" in fields:
        half = max(half, number * _tolerance(fields["tolerance"]))
    exact = int(number) if of.exact else float(number)
    unit = of.unit if of is not SCORE or text.endswith("%") else ""
    low, high = float(number - half), float(number + half)
    if claim.bound is Bound.AT_MOST:
        low = 0.0
    elif claim.bound is Bound.AT_LEAST:
        high = 1.0 if unit == "%" else math.inf
    return replace(claim, value=exact, unit=unit, low=low, high=high)


def _check_statement(fields: Mapping[str, Entry]) -> None:
    """Text is neither rounded nor a bound."""
    wrong = next((fields[key] for key in ("tolerance", "bound") if key in fields), None)
    if wrong is not None:
        raise wrong.error(f"{wrong.label}: text has none", "leave it out, or say it in 'note'")


def _tolerance(entry: Entry) -> Fraction:
    """A share: `0.05` or `5 %`."""
    if entry.form is Form.TEXT and entry.text().endswith("%"):
        return _read(entry, SHARE)[0]
    return Fraction(entry.number(minimum=0, maximum=1)).limit_denominator(10**6)


def _printed(entry: Entry, of: Kind) -> str:
    if entry.form is Form.NOTHING:
        raise entry.error(f"{entry.label}: there is no figure", "leave the key out where the figure is not known")
    if entry.form is not Form.TEXT:
        raise entry.wrong_form(f"{of.words} such as '{of.example}'")
    return entry.text()


def _read(entry: Entry, of: Kind) -> tuple[Fraction, Fraction]:
    """A value and half a unit of its last printed digit, both in the unit of the kind."""
    text = _printed(entry, of)
    expected = f"{entry.label}: expected {of.words} such as '{of.example}', found '{short(text)}'"
    if _NOT_FINITE.fullmatch(text):
        raise entry.error(f"{entry.label}: '{short(text)}' is no number", "leave the key out where it is not known")
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?.*", text):
        raise entry.error(f"{entry.label}: '{short(text)}' has commas in it", f"write {text.replace(',', '')}")
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise entry.error(expected, "write one number and its unit, as printed")
    size = of.units.get(match["unit"])
    bare_bits = of is BITS and not match["unit"]
    if size is None and not bare_bits:
        raise entry.error(f"{expected}{_what_it_is(match['unit'])}", _unit_advice(match["unit"], of))
    number = Fraction(match["number"].replace("_", ""))
    if number <= 0:
        advice = "leave the key out where the figure is not known" if number == 0 else "write a figure above 0"
        raise entry.error(f"{entry.label}: {short(text)} is not above 0", advice)
    value = number * (size or 1)
    if not 1 / LIMIT <= value <= LIMIT:
        raise entry.error(f"{entry.label}: {short(text)} is beyond all measure", "check the exponent and the unit")
    most = 1 if of is SCORE and match["unit"] == "%" else of.most
    if most is not None and value > most:
        raise entry.error(f"{entry.label}: {short(text)} is more than all of it", "write a percentage of at most 100 %")
    if of.exact and value.denominator != 1:
        raise entry.error(f"{entry.label}: expected a whole number, found '{short(text)}'")
    return value, Fraction(0) if of.exact else _half_a_digit(match["number"]) * (size or 1)


def _half_a_digit(number: str) -> Fraction:
    """Half of what the last printed digit counts: 0.05 for `115.3`."""
    mantissa, _, exponent = number.lower().replace("_", "").partition("e")
    decimals = len(mantissa.partition(".")[2])
    return Fraction(1, 2) * Fraction(10) ** (int(exponent or 0) - decimals)


def _what_it_is(unit: str) -> str:
    """Words for a unit of something else."""
    if not unit:
        return ", which has no unit"
    return f", which is {kind(UNITS[unit].dimension)}" if unit in UNITS else ""


def _unit_advice(unit: str, of: Kind) -> str:
    if unit in UNIT_ADVICE:
        return UNIT_ADVICE[unit]
    if of is COUNT:
        return "write the number alone"
    found = nearest(unit, of.units) if unit else None
    if found:
        return f"did you mean '{found}'?"
    return f"add the unit, as in '{of.example}'" if not unit else f"write it as in '{of.example}'"
