"""Fits the model of A/D converters in `assay.components.converters` to Murmann's survey of published designs.

    python -m tools.fit_adc            # the coefficients, and how far designs spread around them
    python -m tools.fit_adc --survey ADCsurvey_rev20250609.xlsx   # makes adc_survey.csv anew from the survey's workbook

Energy per conversion, of a design in a node of n nm, at a rate of f and with b effective bits:

    E = (a 4^b + c (n/32)^p 2^(s b)) (1 + sqrt(f / g))

The first term is thermal noise, which no technology reduces; the second is switching; the last factor is what speed
costs. The five numbers minimise the mean absolute error of ln E, so that half of all designs lie above. Area is a power
law of node, rate and 2^b, found in the same way. Both are then multiplied by the median of the designs of one
architecture over the estimate. More numbers (an exponent of the speed, a speed that grows with finer nodes) made the
designs that were left out no better predicted.

Taken: converters of one channel (interleaved ones are several of these), published from 2010 on, from 1 MS/s, without
the one that ISAAC took its converter from. The spread is that of designs which the fit had not seen: each third of them
is held out once.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

OLDEST_YEAR, COARSEST_NM, SLOWEST = 2010, 250.0, 1e6
COLUMNS = ("year", "venue", "id", "architecture", "node_nm", "bits", "rate_hz", "sndr_db", "power_w", "area_mm2")
HELD_OUT = ("ISSCC", 2013, "26.4")
"""L. Kull et al., 3.1 mW, 8 b, 1.2 GS/s in 32 nm: ISAAC's converter."""


@dataclass(frozen=True)
class Design:
    """One published converter; in nm, 1/s, J and m2."""

    year: int
    venue: str
    id: str
    architecture: str
    node: float
    bits: float | None
    rate: float
    effective_bits: float
    energy: float
    area: float | None

    @property
    def taken(self) -> bool:
        recent = self.year >= OLDEST_YEAR and self.node <= COARSEST_NM
        return recent and self.rate >= SLOWEST and "TI" not in self.architecture

    @property
    def successive(self) -> bool:
        """By successive approximation, alone or with a pipeline."""
        return self.architecture.startswith("SAR") or self.architecture.endswith("SAR")


def designs() -> list[Design]:
    """The designs of the survey that ships with the package."""
    text = (files("assay") / "data" / "components" / "adc_survey.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return [
        Design(
            year=int(row["year"]),
            venue=row["venue"],
            id=row["id"],
            architecture=row["architecture"],
            node=float(row["node_nm"]),
            bits=float(row["bits"]) if row["bits"] else None,
            rate=float(row["rate_hz"]),
            effective_bits=(float(row["sndr_db"]) - 1.76) / 6.0206,
            energy=float(row["power_w"]) / float(row["rate_hz"]),
            area=float(row["area_mm2"]) * 1e-6 if row["area_mm2"] else None,
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Law:
    """One fitted law.

    Attributes:
        numbers: those of `log_energy` or `log_area`.
        successive: the median of designs by successive approximation over the law.
        best: a tenth of the designs lie below this share of the law.
        held_out: quantiles of measured over estimated, of designs that were held out.
        within: the factor within which nine of ten of those lie, on either side.
        designs: how many.
    """

    numbers: tuple[float, ...]
    successive: float
    best: float
    held_out: dict[int, float]
    within: float
    designs: int


def fit_energy() -> Law:
    starts = [(-44.0, -32.0, 1.0, 0.5, g) for g in (15.0, 18.0, 21.0)]
    return _fit([(each, each.energy) for each in designs() if each.taken], log_energy, starts)


def fit_area() -> Law:
    return _fit(
        [(each, each.area) for each in designs() if each.taken and each.area], log_area, [(-20.0, 1.0, 0.2, 0.3)]
    )


def bits_ratio() -> float:
    """The median of effective bits over bits, of the designs whose title names the bits."""
    return float(np.median([each.effective_bits / each.bits for each in designs() if each.taken and each.bits]))


def ranges() -> dict[str, tuple[float, float]]:
    """The middle 98 of 100 designs."""
    taken = [each for each in designs() if each.taken]
    return {
        name: (float(low), float(high))
        for name in ("node", "rate", "effective_bits")
        for low, high in [np.percentile([getattr(each, name) for each in taken], [1, 99])]
    }


Model = Callable[[Array, Array, Array, Array], Array]


def _fit(known: list[tuple[Design, float]], model: Model, starts: Sequence[tuple[float, ...]]) -> Law:
    known = [(design, value) for design, value in known if (design.venue, design.year, design.id) != HELD_OUT]
    node, rate, bits = (np.array([getattr(d, name) for d, _ in known]) for name in ("node", "rate", "effective_bits"))
    logs = np.log([value for _, value in known])
    successive = np.array([d.successive for d, _ in known])

    def fitted(seen: NDArray[np.bool_]) -> tuple[Array, float, Array]:
        """The numbers, the median of successive approximation, and the errors of all designs."""

        def loss(numbers: Array) -> float:
            return float(np.abs(logs - model(numbers, node, rate, bits))[seen].mean())

        numbers = min((minimise(loss, np.array(start)) for start in starts), key=loss)
        errors = logs - model(numbers, node, rate, bits)
        middle = float(np.median(errors[successive & seen]))
        return numbers, middle, np.where(successive, errors - middle, errors)

    part = np.arange(len(known)) % 3
    unseen = np.zeros(len(known))
    for left in range(3):
        unseen[part == left] = fitted(part != left)[2][part == left]
    numbers, middle, errors = fitted(part >= 0)
    return Law(
        numbers=tuple(float(number) for number in numbers),
        successive=float(np.exp(middle)),
        best=float(np.exp(np.percentile(errors, 10))),
        held_out={q: float(np.exp(np.percentile(unseen, q))) for q in (10, 25, 50, 75, 90)},
        within=float(np.exp(np.percentile(np.abs(unseen), 90))),
        designs=len(known),
    )


def log_energy(c: Array, node: Array, rate: Array, bits: Array) -> Array:
    """ln of joules per conversion; `c` is ln a, ln c, p, s, ln g."""
    noise = c[0] + bits * np.log(4)
    switching = c[1] + abs(c[2]) * np.log(node / 32) + abs(c[3]) * bits
    speed = (np.log(rate) - c[4]) / 2
    return np.asarray(np.logaddexp(noise, switching) + np.logaddexp(0, speed), dtype=np.float64)


def log_area(c: Array, node: Array, rate: Array, bits: Array) -> Array:
    """ln of m2."""
    return np.asarray(c[0] + c[1] * np.log(node / 32) + c[2] * np.log(rate / 1e9) + c[3] * bits, dtype=np.float64)


def minimise(function: Callable[[Array], float], start: Array, rounds: int = 3) -> Array:
    """The downhill simplex of Nelder and Mead, begun anew a few times from where it ended."""
    best = start
    for _ in range(rounds):
        best = _simplex(function, best)
    return best


def _simplex(function: Callable[[Array], float], start: Array, steps: int = 800) -> Array:
    corners = [start, *(start + shift for shift in np.diag(np.where(np.abs(start) > 5, 1.0, 0.3)))]
    values = [function(each) for each in corners]
    for _ in range(steps):
        order = np.argsort(values, kind="stable")
        corners, values = [corners[i] for i in order], [values[i] for i in order]
        middle = np.mean(corners[:-1], axis=0)
        mirrored = 2 * middle - corners[-1]
        value = function(mirrored)
        if value < values[0]:
            further = middle + 2 * (middle - corners[-1])
            mirrored, value = min((mirrored, value), (further, function(further)), key=lambda pair: pair[1])
        elif value >= values[-2]:
            mirrored = (middle + corners[-1]) / 2
            value = function(mirrored)
            if value >= values[-1]:
                corners = [(corners[0] + each) / 2 for each in corners]
                values = [function(each) for each in corners]
                continue
        corners[-1], values[-1] = mirrored, value
    return np.asarray(corners[int(np.argmin(values))], dtype=np.float64)


# The survey's workbook


_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def convert(workbook: Path, target: Path) -> int:
    """Writes the Nyquist converters in CMOS of the survey's workbook as CSV below the header that is there."""
    header = [line for line in target.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    found = [row for venue, sheet in (("ISSCC", 2), ("VLSI", 3)) for row in _designs_of(workbook, venue, sheet)]
    with target.open("w", encoding="utf-8", newline="") as out:
        out.writelines(line + "\n" for line in header)
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(found)
    return len(found)


def _designs_of(workbook: Path, venue: str, sheet: int) -> Iterator[list[str]]:
    rows = _cells(workbook, sheet)
    names = {text.strip(): column for column, text in next(rows).items()}
    for row in rows:
        said = {name: row.get(column, "").strip() for name, column in names.items()}
        node, power, rate, sndr, area = (
            _number(said[name]) for name in ("TECHNOLOGY", "P [W]", "fsnyq [Hz]", "SNDR_plot [dB]", "AREA [mm^2]")
        )
        if said["TYPE"] != "NQ" or not (node and power and rate and sndr):
            continue
        bits = re.findall(r"(\d+(?:\.\d+)?)\s*-?\s*(?:b|bits?)\b", said["TITLE"], re.IGNORECASE)
        numbers = (node * 1000, float(bits[0]) if len(bits) == 1 else None, rate, sndr, power, area)
        identity = f"{float(said['ID']):g}" if _number(said["ID"]) else said["ID"]
        shown = ["" if n is None else f"{n:.6g}" for n in numbers]
        yield [said["YEAR"], venue, identity, said["ARCHITECTURE"], *shown]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _cells(workbook: Path, sheet: int) -> Iterator[dict[str, str]]:
    """Rows of a sheet, as texts by column."""
    with zipfile.ZipFile(workbook) as archive:
        strings = [
            "".join(part.text or "" for part in item.iter(f"{_SHEET}t"))
            for item in ElementTree.fromstring(archive.read("xl/sharedStrings.xml")).iter(f"{_SHEET}si")
        ]
        root = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{sheet}.xml"))
    for row in root.iter(f"{_SHEET}row"):
        texts = {}
        for cell in row:
            value = cell.findtext(f"{_SHEET}v")
            if value is not None:
                column = (cell.get("r") or "").rstrip("0123456789")
                texts[column] = strings[int(value)] if cell.get("t") == "s" else value
        yield texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--survey", type=Path, help="the survey's workbook, to make adc_survey.csv from")
    workbook = parser.parse_args().survey
    if workbook:
        target = Path(str(files("assay") / "data" / "components" / "adc_survey.csv"))
        sys.stdout.write(f"{convert(workbook, target)} designs in {target.name}\n")
    for name, law in (("energy", fit_energy()), ("area", fit_area())):
        spread = ", ".join(f"{q}%: {factor:.2f}" for q, factor in law.held_out.items())
        sys.stdout.write(
            f"{name} of {law.designs} designs: {', '.join(f'{number:.4f}' for number in law.numbers)}\n"
            f"  successive approximation: {law.successive:.3f} of it; the best tenth: {law.best:.3f}\n"
            f"  held out, measured over estimated: {spread}; nine of ten within {law.within:.1f}x\n"
        )
    sys.stdout.write(f"effective bits per bit: {bits_ratio():.3f}\nranges: {ranges()}\n")


if __name__ == "__main__":
    main()
