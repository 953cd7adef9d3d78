"""What was read from Timeloop's files."""

from __future__ import annotations

from dataclasses import dataclass, field

from assay.errors import Position
from assay.hardware.model import Hardware
from assay.mapping.mapping import Mapping
from assay.workload.einsum import Einsum


@dataclass(frozen=True, slots=True)
class TimeloopDesign:
    """A design as Timeloop's files describe it, in Assay's objects; None where the files do not say.

    Attributes:
        hardware: memories by the names of the files; sizes, widths and bandwidths as whole words of one width.
        einsum: the problem; tensors and dimensions keep their names.
        mapping: one level per node of the hardware.
        notes: what was read but has no effect here, in plain words.
        uncharged: what the files give an energy that Assay does not model, such as the hops of a network.
    """

    hardware: Hardware | None
    einsum: Einsum | None
    mapping: Mapping | None
    notes: tuple[str, ...]
    uncharged: tuple[str, ...] = ()


@dataclass(slots=True)
class Notes:
    """Notes as they come up, each once; and what is left uncharged."""

    texts: list[str] = field(default_factory=list)
    uncharged: list[str] = field(default_factory=list)

    def add(self, text: str, at: Position | None = None) -> None:
        text = f"{text} ({at})" if at else text
        if text not in self.texts:
            self.texts.append(text)
