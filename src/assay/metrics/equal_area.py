"""Machines of equal area and equally many PEs, one for each dataflow, as in Chen et al., ISCA 2016.

What they are is data (`data/studies/isca16.yaml`): area per byte, energies, and what each PE keeps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise

from assay.errors import InputError
from assay.hardware.dataflows import DATAFLOW_WORDS, apply_dataflow, find_dataflow
from assay.hardware.model import Axis, Compute, Fanout, Hardware, Memory, Node
from assay.hardware.shipped import shipped_text
from assay.hardware.vocabulary import DIMENSIONS, TENSORS
from assay.reading.documents import loads
from assay.reading.entries import Entry
from assay.reading.suggestions import hint
from assay.reading.units import AREA, FREQUENCY, SIZE

STUDY = "isca16"
FEWEST_PES, MOST_PES = 8, 65_536
"""With fewer PEs the baseline's buffer is smaller than the area table's last size; more are a slip of the pen."""

MAC_ENERGY = 1e-12
"""Joules of a multiply-accumulate in these machines: the study knows ratios only, so picojoules read as multiples."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine of the study.

    Attributes:
        key: short name (`rs`).
        title: what people call it.
        dataflow: the name of its dataflow.
        rf: bytes of the register file in each PE.
        usable: those of them that the tensors kept may fill.
        keeps: the tensors in it.
        glb: the tensors that the global buffer keeps; None: the mapper chooses.
        line: True: the PEs lie in one line; False: in an array as square as it can be.
        spread: dimensions that may be laid along the array beside what the dataflow says; None for any.
        rerun: the rows of `isca16_rerun.csv` that are about such a machine; empty for none.
        note: what is to be known about it.
    """

    key: str
    title: str
    dataflow: str
    rf: Fraction
    usable: Fraction
    keeps: tuple[str, ...]
    glb: tuple[str, ...] | None = None
    line: bool = False
    spread: tuple[str, ...] | None = None
    rerun: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the paper says in its text of the energy of other dataflows over that of row stationary."""

    kind: str
    pes: tuple[int, ...]
    batches: tuple[int, ...]
    least: float
    most: float | None
    text: str


@dataclass(frozen=True, slots=True)
class AreaStudy:
    """The data of a study.

    Attributes:
        word: bits.
        energy: of an access of one word by level, in multiples of a multiply-accumulate.
        area_per_byte: (bytes, um2 per byte) of memories, the smallest first.
        baseline: bytes of register file in a PE, and of global buffer for each PE, whose area every machine has.
    """

    title: str
    source: str
    word: int
    clock: float
    energy: dict[str, Fraction]
    area_per_byte: tuple[tuple[Fraction, Fraction], ...]
    baseline: Fraction
    machines: tuple[Machine, ...]
    claims: tuple[Claim, ...]

    def area(self, size: Fraction) -> Fraction:
        """Square micrometres of a memory of so many bytes; between the sizes of the table in proportion."""
        if size <= 0:
            return Fraction(0)
        table = self.area_per_byte
        if size <= table[0][0]:
            return size * table[0][1]
        for (low, dense), (high, sparse) in pairwise(table):
            if size <= high:
                return size * (dense + (sparse - dense) * (size - low) / (high - low))
        return size * table[-1][1]

    def total_area(self, pes: int) -> Fraction:
        """Square micrometres of all memories of a machine (ISCA 2016, equation 2)."""
        return pes * self.area(self.baseline) + self.area(pes * self.baseline)

    def machine_area(self, machine: Machine, pes: int) -> Fraction:
        """Square micrometres of the memories of a machine: the baseline's, but for part of a word of the buffer."""
        return pes * self.area(machine.rf) + self.area(Fraction(self.buffer(machine, pes)))

    def areas(self, machine: Machine, pes: int) -> tuple[Fraction, Fraction, Fraction]:
        """Square micrometres of the register file of one PE, of the buffer, and of what may be spent in all."""
        return self.area(machine.rf), self.area(Fraction(self.buffer(machine, pes))), self.total_area(pes)

    def buffer(self, machine: Machine, pes: int) -> int:
        """Bytes of the global buffer, in whole words: all the area that the register files leave.

        Raises:
            InputError: the number of PEs cannot be studied.
        """
        if isinstance(pes, bool) or not isinstance(pes, int) or not FEWEST_PES <= pes <= MOST_PES:
            message = f"the number of PEs is {pes!r}; it must be a whole number from {FEWEST_PES} to {MOST_PES:,}"
            raise InputError(message)
        left = self.total_area(pes) - pes * self.area(machine.rf)
        per_word = self.area_per_byte[-1][1] * self.word / 8
        return math.floor(left / per_word) * self.word // 8


@cache
def area_study() -> AreaStudy:
    """The study of ISCA 2016, from its file."""
    fields = loads(shipped_text("studies", STUDY), f"{STUDY}.yaml").fields(
        "study/1",
        allowed=(
            "name", "title", "source", "word", "clock", "energy", "area_per_byte", "baseline", "machines", "claims",
        ),
    )  # fmt: skip
    pairs = [each.items() for each in fields["area_per_byte"].items()]
    return AreaStudy(
        title=fields["title"].text(),
        source=fields["source"].text(),
        word=int(fields["word"].quantity(SIZE).exact),
        clock=fields["clock"].quantity(FREQUENCY).value,
        energy={key.words: value.quantity().exact for key, value in fields["energy"].pairs()},
        area_per_byte=tuple((_bytes(size), area.quantity(AREA).exact * 10**12) for size, area in pairs),
        baseline=_bytes(fields["baseline"]),
        machines=tuple(_machine(key.words, value) for key, value in fields["machines"].pairs()),
        claims=tuple(_claim(each) for each in fields["claims"].items()),
    )


def find_machine(name: str) -> Machine:
    """A machine of the study by its key, or by a name of its dataflow. Raises InputError if there is none."""
    machines = {each.key: each for each in area_study().machines}
    if name in machines:
        return machines[name]
    if name in DATAFLOW_WORDS:
        return machines[find_dataflow(name).alias]
    raise InputError(f"there is no dataflow '{name}'", hint=hint(str(name), tuple(machines), label="dataflows"))


def equal_area_hardware(machine: Machine | str, pes: int) -> Hardware:
    """The machine with so many PEs, constraints of its dataflow included.

    Raises:
        InputError: there is no such machine, or the number of PEs cannot be studied.
    """
    if isinstance(machine, str):
        machine = find_machine(machine)
    study = area_study()
    glb = study.buffer(machine, pes)
    may = machine.glb is None
    nodes: list[Node] = [
        _memory(study, "dram", keep=TENSORS, offchip=True),
        _memory(study, "glb", size=glb, keep=machine.glb or (), may_keep=TENSORS if may else ()),
        Fanout("array", _axes(machine, pes), transfer_energy=_joules(study, "array"), width=study.word),
    ]
    if machine.rf:
        nodes.append(_memory(study, "rf", size=int(machine.usable), keep=machine.keeps))
    compute = Compute("mac", energy=_joules(study, "mac"), bits=study.word)
    chip = Hardware(
        f"{machine.key}_{pes}",
        (*nodes, compute),
        study.clock,
        title=f"{machine.title}, {pes:,} PEs",
        technology="65 nm",
        source=study.source,
        energy_source="Ratios from Chen et al., ISCA 2016, Table IV; 1 pJ per MAC, so that pJ are multiples of a MAC",
    )
    return apply_dataflow(chip, machine.dataflow)


def shape_of(pes: int) -> tuple[int, int]:
    """Rows and columns of the array that is as square as it can be: 16 x 32 for 512."""
    rows = max(each for each in range(1, math.isqrt(pes) + 1) if pes % each == 0)
    return rows, pes // rows


def _axes(machine: Machine, pes: int) -> tuple[Axis, ...]:
    if machine.line:
        return (Axis("X", pes, machine.spread),)
    rows, columns = shape_of(pes)
    return Axis("X", columns, machine.spread), Axis("Y", rows, machine.spread)


def _memory(
    study: AreaStudy,
    name: str,
    *,
    size: int | None = None,
    keep: Sequence[str] = (),
    may_keep: Sequence[str] = (),
    offchip: bool = False,
) -> Memory:
    energy = _joules(study, name)
    return Memory(
        name,
        size=None if size is None else 8 * size,
        width=study.word,
        keep=tuple(keep),
        may_keep=tuple(may_keep),
        read_energy=energy,
        write_energy=energy,
        update_energy=energy,
        offchip=offchip,
    )


def _joules(study: AreaStudy, level: str) -> float:
    return float(study.energy[level]) * MAC_ENERGY


def _bytes(entry: Entry) -> Fraction:
    return Fraction(entry.quantity(SIZE).exact) / 8


def _machine(key: str, entry: Entry) -> Machine:
    fields = entry.mapping(
        allowed=("title", "dataflow", "rf", "usable", "keeps", "glb", "array", "spread", "rerun", "note"),
        required=("title", "dataflow", "rf", "keeps"),
    )
    return Machine(
        key,
        fields["title"].text(),
        find_dataflow(fields["dataflow"].text()).name,
        _bytes(fields["rf"]),
        _bytes(fields["usable"] if "usable" in fields else fields["rf"]),
        fields["keeps"].choices(TENSORS),
        fields["glb"].choices(TENSORS) if "glb" in fields else None,
        "array" in fields and fields["array"].choice(("line",)) == "line",
        fields["spread"].choices(DIMENSIONS) if "spread" in fields else None,
        fields["rerun"].text() if "rerun" in fields else "",
        fields["note"].text() if "note" in fields else "",
    )


def _claim(entry: Entry) -> Claim:
    keys = ("kind", "pes", "batches", "least", "most", "text")
    fields = entry.mapping(allowed=keys, required=("kind", "pes", "batches", "least", "text"))
    return Claim(
        fields["kind"].text(),
        tuple(each.integer() for each in fields["pes"].items()),
        tuple(each.integer() for each in fields["batches"].items()),
        fields["least"].number(),
        fields["most"].number() if "most" in fields else None,
        fields["text"].text(),
    )
