"""Fits the calibrated coefficients of the SRAM model (`assay.components.sram_array`) to CACTI, by least squares.

Reads `tests/data/reference/cacti_sram.csv`, of it only the rows marked `fit` that carry CACTI's own breakdown and have
one bank, and writes the coefficients into `src/assay/data/components/sram.json`, where the roadmap constants of each
node stay as they are. Each term is fitted by itself, with the organisation that CACTI chose, against CACTI's figure for
that term; the search of the model plays no part. `python -m tools.fit_sram --check` only reports the errors of the
whole model over all rows.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from math import ceil
from pathlib import Path

import numpy as np

from assay.components import sram_array as array
from assay.components import sram_mat as mats
from assay.components import sram_parts as parts
from assay.components import sram_wires as wires

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "tests" / "data" / "reference" / "cacti_sram.csv"
DATA = ROOT / "src" / "assay" / "data" / "components" / "sram.json"
FITTED = {
    "wire_energy": 0.0,
    "wire_delay": 0.0,
    "buffer_wire": 1.0,
    "centre_area": 0.0,
    "cell_leakage": 0.0,
    "write_port_leakage": 0.0,
    "read_port_leakage": 0.0,
    "driver_leakage": 0.0,
    "output_leakage": 0.0,
    "mat_leakage": 0.0,
    "wire_leakage": 0.0,
}
"""The calibrated coefficients, with the values at which the model leaves the term out."""

Row = dict[str, str]
Term = Callable[[parts.Process, Row], float]


def main() -> None:
    """Fits and writes, or only reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only report the errors of the model as it is")
    if not parser.parse_args().check:
        _write(read(REFERENCE))
    _report(read(REFERENCE))


def read(path: Path) -> list[Row]:
    """The rows of the reference, without its header lines."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def _write(rows: list[Row]) -> None:
    data = json.loads(DATA.read_text(encoding="utf-8"))
    for node, values in data["nodes"].items():
        tech = _process(values)
        mine = [row for row in rows if row["set"] == "fit" and row["origin"] == "cacti" and row["node_nm"] == node]
        for step in (_fit_wires, _fit_buffers, _fit_centre, _fit_leakage):
            found = step(tech, [row for row in mine if row["banks"] == "1" or step is _fit_leakage])
            values.update(found)
            tech = replace(tech, **found)
    DATA.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    parts.processes.cache_clear()


def _process(values: dict[str, float]) -> parts.Process:
    """The process with its roadmap values, without what is fitted."""
    return parts.Process(
        **{name: FITTED[name] if name in FITTED else values[name] for name in parts.Process.__dataclass_fields__}
    )


def _solve(terms: Iterable[Iterable[float]], targets: Iterable[float]) -> list[float]:
    """Coefficients of least relative error: each equation is divided by its target."""
    matrix, target = np.array(list(terms), dtype=float), np.array(list(targets), dtype=float)
    keep = target > 0
    scaled = matrix[keep] / target[keep, None]
    norm = np.abs(scaled).max(axis=0)
    norm[norm == 0] = 1.0
    solution, *_ = np.linalg.lstsq(scaled / norm, np.ones(int(keep.sum())), rcond=None)
    return [float(f"{value:.6g}") for value in solution / norm]


def cut_of(row: Row) -> mats.Cut:
    """The organisation that CACTI chose, as the model names it."""
    across, down, early, late = (int(row[name]) for name in ("ndwl", "ndbl", "ndcm", "ndsam_1"))
    late *= int(row["ndsam_2"])
    per_row, width, banks = int(float(row["nspd"])), int(row["width_bits"]), int(row["banks"])
    rows = ceil(int(row["depth"]) / banks / (down * per_row))
    active = max(across * early * late // (4 * per_row), 1)
    return mats.Cut(across, down, rows, ceil(width * per_row / across), early, late, active, width // active)


def ports_of(row: Row) -> mats.Ports:
    """The ports of a row."""
    return mats.Ports(int(row["rw_ports"]), int(row["r_ports"]), int(row["w_ports"]))


def _net(tech: parts.Process, row: Row) -> wires.Tree:
    """The tree over the mats as CACTI measured them, per wire."""
    cut, ports, width = cut_of(row), ports_of(row), int(row["width_bits"])
    mat = float(row["mat_width_um"]), float(row["mat_height_um"])
    data = (width + 1) * ports.writing + width * ports.reading
    return wires.tree(tech, cut.across // 2, cut.down // 2, mat, _address(row) * ports.all, data)


def _address(row: Row) -> int:
    cut = cut_of(row)
    bits = mats.log2(cut.rows) + mats.log2(cut.mux * cut.late_mux)
    return bits + mats.log2(max(cut.across * cut.down // 4 // cut.mats, 1))


def _by_unit(tech: parts.Process, units: list[dict[str, float]], term: Term, row: Row) -> list[float]:
    """A term that is linear in coefficients, for each of them alone."""
    return [term(replace(tech, **unit), row) for unit in units]


def _fit_wires(tech: parts.Process, rows: list[Row]) -> dict[str, float]:
    """Energy and delay of a repeated wire per µm, from the tree inwards: what its gates leave."""
    energies = [(_number(r, "e_tree") - _number(r, "e_tree_out")) / _address(r) / ports_of(r).all for r in rows]
    delays = [_number(row, "t_tree_in") for row in rows]
    return {
        "wire_energy": _per_length(tech, rows, energies, "wire_energy", lambda net: net.energy_in),
        "wire_delay": _per_length(tech, rows, delays, "wire_delay", lambda net: net.delay_in),
    }


def _per_length(
    tech: parts.Process, rows: list[Row], goals: list[float], name: str, figure: Callable[[wires.Tree], float]
) -> float:
    """The coefficient of least relative error of a term that adds to what the gates of the tree take."""
    used = [(row, goal) for row, goal in zip(rows, goals, strict=True) if goal > 0]
    target = np.array([goal for _, goal in used])
    gates = np.array([figure(_net(tech, row)) for row, _ in used])
    unit = np.array([figure(_net(replace(tech, **{name: 1.0}), row)) for row, _ in used]) - gates
    return _digits(float(np.sum(unit * (target - gates) / target**2) / np.sum((unit / target) ** 2)))


def _fit_buffers(tech: parts.Process, rows: list[Row]) -> dict[str, float]:
    """Share of the wire's capacitance that sizes the buffers of the tree outwards: the one that gives the delays best."""
    used = [row for row in rows if _number(row, "e_tree_out") > 0]
    drivers = np.array([_output_delay(tech, row) for row in used])
    target = np.array([_number(row, "t_output") for row in used])

    def error(share: float) -> float:
        tried = replace(tech, buffer_wire=share)
        return float(np.mean(((drivers + np.array([_net(tried, row).delay_out for row in used])) / target - 1) ** 2))

    return {"buffer_wire": min((round(0.02 * step, 2) for step in range(5, 76)), key=error)}


def _output_delay(tech: parts.Process, row: Row) -> float:
    cut, ports = cut_of(row), ports_of(row)
    width = mats.cell_size(tech, ports)[0]
    return mats.output_path(tech, cut, width / ports.reading, mats.subarray_width(tech, cut.columns, width))[1]


def _digits(value: float) -> float:
    return float(f"{value:.6g}")


def _fit_centre(tech: parts.Process, rows: list[Row]) -> dict[str, float]:
    """Area of what a mat's sub-arrays share, per predecoded line: what is missing when it is left out."""
    found = []
    for row in rows:
        cut, ports = cut_of(row), ports_of(row)
        without, unit = (mats.build_mat(replace(tech, centre_area=area), cut, ports).width for area in (0.0, 1.0))
        found.append((_number(row, "mat_width_um") - without) / (unit - without))
    return {"centre_area": _digits(float(np.median(found)))}


def _fit_leakage(tech: parts.Process, rows: list[Row]) -> dict[str, float]:
    names = [name for name in FITTED if name.endswith("leakage")]
    terms = [_by_unit(tech, [{name: 1.0} for name in names], _bank_leakage, row) for row in rows]
    found = _solve(terms, (_number(row, "leakage_W") / int(row["banks"]) for row in rows))
    return dict(zip(names, found, strict=True))


def _bank_leakage(tech: parts.Process, row: Row) -> float:
    cut, ports, banks = cut_of(row), ports_of(row), int(row["banks"])
    bank = array._bank(tech, cut, mats.build_mat(tech, cut, ports), ports, int(row["width_bits"]))
    joined = array._joined(tech, bank, banks, int(row["width_bits"]), ports)
    return mats.leakage(tech, cut, ports) + joined.wires * tech.wire_leakage


def _number(row: Row, name: str) -> float:
    return float(row[name] or 0)


def _report(rows: list[Row]) -> None:
    """Median and largest relative error, by quantity and by set."""
    errors: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        for quantity, error in errors_of(row).items():
            errors.setdefault((row["origin"] + " " + row["set"], quantity), []).append(abs(error))
    for (kind, quantity), values in sorted(errors.items()):
        print(f"{kind:20} {quantity:10} {len(values):5} median {np.median(values):6.3f} largest {max(values):6.3f}")  # noqa: T201


def errors_of(row: Row) -> dict[str, float]:
    """Relative error of each figure of a row: model over reference, less 1."""
    figures = figures_of(row)
    columns = {"read": "read_J", "write": "write_J", "area": "area_m2", "leakage": "leakage_W", "cycle": "cycle_s"}
    columns["access"] = "access_s"
    return {name: getattr(figures, name) / float(row[column]) - 1 for name, column in columns.items()}


def figures_of(row: Row) -> array.SramFigures:
    """What the model says of a row of the reference."""
    ports = ports_of(row)
    call = partial(array.sram_figures, int(row["depth"]), int(row["width_bits"]), float(row["node_nm"]))
    return call(banks=int(row["banks"]), ports=ports.both, read_ports=ports.read, write_ports=ports.write)


if __name__ == "__main__":
    main()
