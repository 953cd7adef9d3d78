"""Networks on a chip: a multicast bus in X and Y as in Eyeriss, a packet router, and a mesh of routers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from assay.components.estimate import Cost
from assay.components.estimator import Estimator, attribute
from assay.components.technology import Scaling, Technology, scaling
from assay.components.wires import FLIGHT, RANDOM, toggle
from assay.reading.units import LENGTH, SIZE

# Cells of Aladdin (Shao et al., ISCA 2014), a 40 nm library, as hwcomponents-library 1.0.58 tabulates them for 32 bits:
# register 0.288 pJ for a write, the same for a read, 191.36 um2; comparator 29.47 fJ, 71 um2. Supply: taken as nominal.
_CELLS_NM = 40.0
_REGISTER = (0.288e-12 / 32, 191.36e-12 / 32)
_COMPARATOR = (29.47e-15 / 32, 71.0e-12 / 32)

_PITON = Technology.of(32, 1.0)
_CONTROL, _CONTROL_WIDTH = 3.58e-12, 64
"""Joules of a flit through a router whose data do not change, and its bits: Piton, 32 nm SOI at 1.0 V, 5 ports, as
measured (McKeown et al., HPCA 2018, Fig. 12, NSW)."""

_CROSSBAR, _CROSSBAR_NM, _CROSSBAR_VOLT, _CROSSBAR_WIRES = 1.258e-12 / 64, 32.0, 0.9, 5 * 64
"""Joules per bit through a crossbar of 5 ports of 64 bits, run of CACTI 7 at 32 nm; it grows as the length of its wires
does: with ports, width and node (CACTI itself gives 4 times for 128 bits, 1.8 times at 45 nm, 3.2 times at 65 nm)."""

_ROUTER_AREA, _ROUTER_NM, _ROUTER_FLITS = 562e-12, 32.0, 32
"""m2 per port and bit of a whole router, the node, and the flits of buffer at each port that it is taken to have
(assumed). Geometric mean of ISAAC (ISCA 2016: 8 ports of 32 bits, 0.151 mm2 at 32 nm: 590 um2) and TeraFLOPS
(Intel, 65 nm: 5 ports of 39 bits, 0.34 mm2 as AnandTech reported in 2007: 535 um2 at 32 nm)."""

_PARK = Technology.of(45, 1.1)
_ROUTER_CYCLE = 1e-9
"""Seconds of a hop in one cycle, router and link: Park et al., DAC 2012, 45 nm SOI at 1.1 V, measured."""

_NO_LEAKAGE = "leakage is not known"


@dataclass(frozen=True, kw_only=True)
class MulticastNetwork(Estimator):
    """A bus in Y with a bus in X for every row, and tags by which rows and children pick their words, as in Eyeriss.

    Actions, in joules for one word of `width` bits with its tag: `transfer`: to one child; `multicast`: to all children
    of one row; `broadcast`: to all; `delivery`: the share of one child in a multicast to its row, which a fanout is
    charged for each child.

    Model: the word and both tags toggle the Y bus of `rows` pitches; every row compares its tag; rows that match pass
    word and column tag on to their X bus of `columns` pitches, whose children compare theirs; those that match store
    the word. Wires as `wire` (balanced repeaters, random data); comparators and registers of Aladdin (40 nm), scaled.

        E = toggles(width + tags, rows pitch) + rows compares
            + rows reached (toggles(width + column tag, columns pitch) + columns compares) + children reached registers

    Area: the cells of the controllers (a comparator and a register for each tag) and the registers of the children; the
    wires run above. `cycle`: flight over both buses. Source: Y.-H. Chen et al., JSSC 2017, section V-B for the
    structure. Uncertainty 0.6, judged: that of wires, and tags and cells that differ between designs; there is no
    published energy of such a network alone.
    """

    component = "multicast_network"
    actions = ("delivery", "transfer", "multicast", "broadcast")
    source = "Eyeriss (JSSC 2017) structure; wire model; cells of Aladdin (ISCA 2014)"
    uncertainty = 0.6

    rows: int = attribute("rows of children, on the Y bus", minimum=1, valid=(1, 64))
    columns: int = attribute("children of a row, on its X bus", minimum=1, valid=(1, 64))
    pitch: float = attribute("metres from child to child", unit=LENGTH, above=0, valid=(1e-5, 2e-3))
    width: int = attribute("bits of a word", unit=SIZE, minimum=1, valid=(1, 512))

    @property
    def row_tag(self) -> int:
        """Bits that say which rows; those of columns are as many for a row."""
        return math.ceil(math.log2(self.rows)) if self.rows > 1 else 0

    @property
    def column_tag(self) -> int:
        return math.ceil(math.log2(self.columns)) if self.columns > 1 else 0

    def cost(self) -> Cost:
        cells = self.scaled_from(Technology.of(_CELLS_NM))
        reached = {"transfer": (1, 1), "multicast": (1, self.columns), "broadcast": (self.rows, self.columns)}
        energy = {action: self._energy(rows, children, cells) for action, (rows, children) in reached.items()}
        energy["delivery"] = energy["multicast"] / self.columns
        cycle = (self.rows + self.columns) * self.pitch * FLIGHT
        notes = (cells.text, "area: of its cells; the wires run above other circuits", _NO_LEAKAGE)
        return Cost(energy, area=self._area() * cells.area, cycle=cycle, notes=_said(notes))

    def _energy(self, rows: int, children: int, cells: Scaling) -> float:
        """Of a word to `children` in each of `rows`."""
        down = self._toggles(self.width + self.row_tag + self.column_tag, self.rows)
        along = self._toggles(self.width + self.column_tag, self.columns)
        compared = self.rows * self.row_tag + rows * self.columns * self.column_tag
        stored = rows * children * self.width
        return down + rows * along + (compared * _COMPARATOR[0] + stored * _REGISTER[0]) * cells.energy

    def _toggles(self, wires: int, pitches: int) -> float:
        return RANDOM * wires * toggle(pitches * self.pitch, self.technology)

    def _area(self) -> float:
        """m2 at the node of the cells."""
        children = self.rows * self.columns
        tags = self.rows * self.row_tag + children * self.column_tag
        return tags * (_COMPARATOR[1] + _REGISTER[1]) + children * self.width * _REGISTER[1]


@dataclass(frozen=True, kw_only=True)
class Router(Estimator):
    """A packet router with buffers at its inputs and a crossbar; without the links.

    Actions, in joules: `transfer`: one flit of random data from an input to an output; `transfer_repeated`: a flit like
    the one before.

        E = control + activity / 0.5 width (write and read of a register + crossbar)

    Control (clock, arbiters, route) is 3.58 pJ for 64 bits, measured on Piton (32 nm, 1.0 V); half of it is taken to
    grow with the width (assumed). Registers: Aladdin, 40 nm; crossbar: CACTI 7. Reading a deeper buffer is taken to
    cost the same. Area: 562 um2 per port and bit at 32 nm for 32 flits of buffer at a port, the mean of two published
    routers, and a register for each bit of buffer more or less. `cycle`: one cycle per hop, 1 ns at 45 nm and 1.1 V.

    Uncertainty 0.6: with links, random data and data that all change on Piton are met within 20 %; ISAAC's router
    (42 mW, 8 ports of 32 bits at 1.2 GHz: 4.4 pJ if all are busy) and hwcomponents (20.74 pJ for 256 bits at 32 nm)
    within 50 %. Areas: both published ones were used, within 6 %. Wide links of today can be far below (FlooNoC, 512
    bits at 12 nm: 0.15 pJ per byte and hop with its data, a third of what this gives).
    """

    component = "router"
    actions = ("transfer", "transfer_repeated")
    source = "Piton (HPCA 2018) measured; Aladdin cells; CACTI 7 crossbar; ISAAC and TeraFLOPS areas"
    uncertainty = 0.6

    width: int = attribute("bits of a flit", unit=SIZE, minimum=1, valid=(16, 256))
    ports: int = attribute("inputs, and as many outputs", default=5, minimum=2, valid=(3, 8))
    buffers: int = attribute("flits of buffer of each virtual channel", default=8, minimum=1, valid=(1, 16))
    virtual_channels: int = attribute("virtual channels of a port", default=4, minimum=1, valid=(1, 8))
    activity: float = attribute("share of the bits that change from flit to flit", default=RANDOM, minimum=0, maximum=1)

    def cost(self) -> Cost:
        return Cost(
            {"transfer": self.control + self.data, "transfer_repeated": self.control},
            area=self.area,
            cycle=self.cycle,
            notes=self.notes,
        )

    @property
    def control(self) -> float:
        """Joules of a flit, whatever its data."""
        share = 0.5 + 0.5 * self.width / _CONTROL_WIDTH
        return _CONTROL * share * self.scaled_from(_PITON).energy

    @property
    def data(self) -> float:
        """Joules of the bits of a flit that change."""
        return self.activity / RANDOM * self.width * (2 * self._register() + self._crossbar())

    @property
    def area(self) -> float:
        register = _REGISTER[1] * scaling(Technology.of(_CELLS_NM), Technology.of(_ROUTER_NM)).area
        more = self.virtual_channels * self.buffers - _ROUTER_FLITS
        there = scaling(Technology.of(_ROUTER_NM), self.technology)
        return self.ports * self.width * (_ROUTER_AREA + more * register) * there.area

    @property
    def cycle(self) -> float:
        return _ROUTER_CYCLE * self.scaled_from(_PARK).delay

    @property
    def notes(self) -> tuple[str, ...]:
        return _said((self.scaled_from(_PITON).text, _NO_LEAKAGE))

    def _register(self) -> float:
        return _REGISTER[0] * self.scaled_from(Technology.of(_CELLS_NM)).energy

    def _crossbar(self) -> float:
        """Joules per bit: the capacitance of its wires."""
        wires = self.ports * self.width / _CROSSBAR_WIRES * self.technology.nm / _CROSSBAR_NM
        return _CROSSBAR * wires * (self.technology.voltage / _CROSSBAR_VOLT) ** 2


@dataclass(frozen=True, kw_only=True)
class Mesh(Estimator):
    """Routers in rows and columns, each with a child and a link to each neighbour.

    Actions, in joules: `transfer`: one flit of random data over one hop, a router and a link of one pitch; a word over
    n hops takes n of them, and one router more where it leaves. `transfer_repeated`: a flit like the one before.

    Model, source and validity: `router` with 5 ports, and `wire` with balanced repeaters. Area: of all routers; the
    links run above other circuits. Uncertainty 0.6: that of the router; Piton (HPCA 2018, 64 bits, 1.1 mm, 32 nm at 1.0
    V) measured 3.58, 11.16 and 16.68 pJ for data that do not change, half and all: here 3.58 (used), 11.4 and 19.2.
    """

    component = "mesh"
    actions = ("transfer", "transfer_repeated")
    source = Router.source
    uncertainty = 0.6

    rows: int = attribute("rows of routers", minimum=1, valid=(1, 32))
    columns: int = attribute("columns of routers", minimum=1, valid=(1, 32))
    pitch: float = attribute("metres from router to router", unit=LENGTH, above=0, valid=(1e-4, 5e-3))
    width: int = attribute("bits of a flit", unit=SIZE, minimum=1, valid=(16, 256))
    buffers: int = attribute("flits of buffer of each virtual channel", default=8, minimum=1, valid=(1, 16))
    virtual_channels: int = attribute("virtual channels of a port", default=4, minimum=1, valid=(1, 8))
    activity: float = attribute("share of the bits that change from flit to flit", default=RANDOM, minimum=0, maximum=1)

    def cost(self) -> Cost:
        router = self.router()
        link = self.width * self.activity * toggle(self.pitch, self.technology)
        energy = {"transfer": router.control + router.data + link, "transfer_repeated": router.control}
        cycle = max(router.cycle, self.pitch * FLIGHT)
        return Cost(
            energy,
            area=router.area * self.rows * self.columns,
            cycle=cycle,
            notes=router.notes,
            uncertainty=(1 + self.uncertainty) * router.spread - 1,
        )

    def router(self) -> Router:
        """One of its routers."""
        return Router(
            width=self.width,
            buffers=self.buffers,
            virtual_channels=self.virtual_channels,
            activity=self.activity,
            technology=self.technology,
        )


def _said(notes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(note for note in notes if note)
