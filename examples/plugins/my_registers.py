"""An estimator of your own. Name its folder in a hardware file (`plugins: [examples/plugins]`), and it is asked too."""

from __future__ import annotations

from dataclasses import dataclass

from assay import Cost, Estimator, Technology, attribute
from assay.reading.units import SIZE


@dataclass(frozen=True, kw_only=True)
class MyRegister(Estimator):
    """A register of flip-flops, as our own library has them (invented figures, to show how it is done).

    read, write: J per word. Energy and area grow with the width.
    """

    component = "register"
    actions = ("read", "write")
    source = "invented for this example"
    uncertainty = 0.15

    width: int = attribute("bits of a word", unit=SIZE, minimum=1, valid=(1, 64))

    def cost(self) -> Cost:
        there = self.scaled_from(Technology.of(28, 0.9))
        energy = {"read": 0.6e-15 * self.width * there.energy, "write": 1.1e-15 * self.width * there.energy}
        return Cost(energy, area=1.9e-12 * self.width * there.area, notes=(there.text,))
