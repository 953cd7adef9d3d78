"""Converters between analog and digital, and what surrounds them at the edge of an array of memory cells.

Published converters of the same resolution, rate and technology differ by an order of magnitude in energy and in area.
What is estimated here is the middle of such designs, or the best tenth of them; take it as a factor, not as a per cent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from assay.components.estimate import Cost
from assay.components.estimator import Estimator, attribute
from assay.components.technology import Technology, nominal_voltage
from assay.errors import InputError
from assay.reading.units import FREQUENCY, SIZE

EFFECTIVE_SHARE = 0.848
"""Effective bits per bit: median of the survey's designs whose title names their bits (tools/fit_adc.py)."""

# The law of tools/fit_adc.py, fitted to 131 designs: E = (noise 4^b + switching (nm/32)^p 2^(s b)) (1 + sqrt(f/corner))
_NOISE, _SWITCHING = math.exp(-42.0996), math.exp(-31.8036)  # J
_NODE_EXPONENT, _BIT_EXPONENT, _CORNER = 1.7475, 0.4863, math.exp(16.8887)  # -, 1/ln 2 per bit, 1/s
_SUCCESSIVE_ENERGY, _BEST_ENERGY = 0.887, 0.400

# Likewise of 129 designs: A = area (nm/32)^u (f/1 GHz)^v e^(w b)
_AREA, _AREA_NODE, _AREA_RATE, _AREA_BITS = math.exp(-21.0125), 1.8285, 0.3384, 0.4594  # m2
_SUCCESSIVE_AREA, _BEST_AREA = 0.598, 0.243

BEST = 2.4
"""Uncertainty of what the best tenth reaches: see `SurveyedADC`."""

BOLTZMANN = 1.380649e-23  # J/K, exact
TEMPERATURE = 300.0  # K


@dataclass(frozen=True, kw_only=True)
class SurveyedADC(Estimator):
    """An A/D converter of one channel, from a survey of published designs.

    Actions:
        convert: one sample becomes a number (J per conversion, with all that the design needs at its full rate; what
            of it would go on at a lower rate is not known, so leakage is not modelled).

    Model: energy (a 4^b + c (n/32)^p 2^(s b)) (1 + sqrt(rate/g)) of node n in nm and b effective bits: thermal noise,
    switching, and what speed costs; area a power law of node, rate and 2^b. Coefficients: tools/fit_adc.py, the median
    of 131 single-channel converters published from 2010 on (ISSCC and VLSI symposia). Interleaved converters are
    several of these. `design=best` is the law that a tenth of the designs stay below. The supply is that of each
    design; that of the technology is not used.

    Uncertainty: of designs that the fit had not seen, nine of ten lie within a factor of 8.5 of the estimated energy,
    and of 9.6 of the area (half of them within 0.64 to 2.8). With `design=best` the range is another one, that of what
    the best reach: of the best fifth of designs that the fit had not seen, nine of ten lie within a factor of 2.0 of
    that law in energy, and of 3.4 in area. Not fitted but checked: the converter that ISAAC builds on (Kull, 2013).
    """

    component = "adc"
    actions = ("convert",)
    source = 'fit to B. Murmann, "ADC Performance Survey 1997-2025" (tools/fit_adc.py)'
    uncertainty = 7.5  # a factor of 8.5; `BEST` of `design=best`

    bits: float = attribute("bits of an ADC", unit=SIZE, minimum=1, maximum=24, valid=(4, 16))
    rate: float = attribute("conversions per second", unit=FREQUENCY, above=0, valid=(1e6, 1e10))
    effective_bits: float | None = attribute(
        "effective number of bits at full rate; 0.85 of the bits where not given", default=None, minimum=0.5
    )
    architecture: str = attribute(
        "by successive approximation, as beside most arrays of memory cells, or any",
        choices=("sar", "any"),
        default="sar",
    )
    design: str = attribute(
        "the middle of published designs, or what the best tenth reaches",
        choices=("typical", "best"),
        default="typical",
    )

    def cost(self) -> Cost:
        effective = EFFECTIVE_SHARE * self.bits if self.effective_bits is None else self.effective_bits
        if effective > self.bits:
            raise InputError(f"{effective:g} effective bits are not possible: the ADC has {self.bits:g}")
        node = self.technology.nm / 32
        energy = (_NOISE * 4**effective + _SWITCHING * node**_NODE_EXPONENT * math.exp(_BIT_EXPONENT * effective)) * (
            1 + math.sqrt(self.rate / _CORNER)
        )
        area = _AREA * node**_AREA_NODE * (self.rate / 1e9) ** _AREA_RATE * math.exp(_AREA_BITS * effective)
        if self.architecture == "sar":
            energy, area = energy * _SUCCESSIVE_ENERGY, area * _SUCCESSIVE_AREA
        if self.design == "best":
            energy, area = energy * _BEST_ENERGY, area * _BEST_AREA
        best = self.design == "best"
        share, designs = ("a tenth", "the best fifth of designs") if best else ("half", "all designs")
        notes = [
            f"{effective:.3g} effective bits; {share} of published designs need less energy, {share} less area",
            f"the range has nine of ten of {designs} in it",
        ]
        nominal = nominal_voltage(self.technology.nm)
        if not math.isclose(self.technology.voltage, nominal, rel_tol=0.05):
            notes.append(f"published designs have their own supplies: {self.technology.voltage:g} V is not used")
        spread = BEST if best else None
        return Cost({"convert": energy}, area=area, cycle=1 / self.rate, notes=tuple(notes), uncertainty=spread)


@dataclass(frozen=True, kw_only=True)
class RowDAC(Estimator):
    """A D/A converter that drives a row of an array of memory cells.

    Actions:
        convert: one number becomes the voltage of a row, until the next (J per conversion).

    Model: the driver of a row, and capacitors of which there are 2^bits: e_row + e_unit (2^bits - 2); area likewise.
    e_row: ISAAC Table I (32 nm, 1 bit): 1024 converters draw 4 mW and take 0.00017 mm2, each driven every 100 ns, thus
    0.39 pJ and 0.166 um2. e_unit: H. Chen et al., VLSI Symposium 2018 (40 nm, the 8-bit D/A converter inside of an A/D
    converter: 0.32 mW at 1.1 GHz, 438 um2), as recorded by accelergy-library-plug-in. Scaled as digital logic.

    Uncertainty, judged: a factor of ten. Two designs do not make a law; Table I does not say whether its 4 mW are
    those of 10 MHz or of its clock of 1.2 GHz (then 3 fJ), and a converter from digital to time takes a tenth of the
    energy (TIMELY Table II: 37.5 fJ of 8 bits at 65 nm).
    """

    component = "dac"
    actions = ("convert",)
    source = "ISAAC (Shafiee et al., ISCA 2016) Table I; H. Chen et al., VLSI Symposium 2018"
    uncertainty = 9.0

    bits: int = attribute("bits of a DAC", unit=SIZE, minimum=1, maximum=24, valid=(1, 8))
    rate: float | None = attribute("conversions per second", unit=FREQUENCY, default=None, above=0, valid=(1, 1.2e9))

    def cost(self) -> Cost:
        row = self.scaled_from(Technology.of(32))
        unit = self.scaled_from(Technology.of(40))
        more = (2**self.bits - 2) / (2**8 - 2)
        energy = 4e-3 / 1024 * 100e-9 * row.energy + 0.32e-3 / 1.1e9 * more * unit.energy
        area = 0.17e-9 / 1024 * row.area + 438e-12 * more * unit.area
        notes = (row.text,) if self.bits == 1 else (row.text, unit.text)
        return Cost({"convert": energy}, area=area, cycle=None if self.rate is None else 1 / self.rate, notes=notes)


@dataclass(frozen=True, kw_only=True)
class SampleHold(Estimator):
    """Samples a voltage and holds it for a converter.

    Actions:
        sample: one voltage is stored on the capacitor (J).

    Model: the charge C V^2 of a capacitor whose thermal noise k T / C equals the rounding error of the converter, V^2 /
    (12 * 4^bits): 12 k T 4^bits, whatever the voltage; at least 1 fF (assumed: what a switch and its wire have). Area:
    ISAAC Table I, 1024 of them in 0.00004 mm2 at 32 nm.

    Uncertainty, judged: a factor of four. ISAAC has 10 nW each, 1.0 fJ in 100 ns; 3.3 fJ by this model at its 8 bits.
    """

    component = "sample_hold"
    actions = ("sample",)
    source = "thermal noise of a capacitor; area: ISAAC (Shafiee et al., ISCA 2016) Table I"
    uncertainty = 3.0

    bits: float = attribute(
        "bits to which the voltage is held", unit=SIZE, default=8.0, minimum=1, maximum=24, valid=(1, 14)
    )

    def cost(self) -> Cost:
        there = self.scaled_from(Technology.of(32))
        noise = 12 * BOLTZMANN * TEMPERATURE * 4**self.bits
        energy = max(noise, 1e-15 * self.technology.voltage**2)
        limit = "thermal noise" if energy == noise else "a capacitor of 1 fF"
        notes = (f"energy: {limit}", f"area: {there.text}" if there.text else "")
        return Cost({"sample": energy}, area=0.04e-9 / 1024 * there.area, notes=notes)


@dataclass(frozen=True, kw_only=True)
class AnalogComparator(Estimator):
    """A clocked comparator of two voltages: a converter of one bit.

    Actions:
        compare: one decision (J).

    Source: the charging unit and comparator of TIMELY (Li et al., ISCA 2020) Table II: 41.7 fJ, 40 um2 at 65 nm, as
    recorded by accelergy-library-plug-in; scaled as digital logic.

    Uncertainty, judged: a factor of three; the noise that is asked for may change the energy by more.
    """

    component = "comparator_analog"
    actions = ("compare",)
    source = "TIMELY (Li et al., ISCA 2020) Table II"
    uncertainty = 2.0

    def cost(self) -> Cost:
        there = self.scaled_from(Technology.of(65))
        return Cost({"compare": 41.7e-15 * there.energy}, area=40e-12 * there.area, notes=(there.text,))
