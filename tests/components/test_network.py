"""Wires, buses, routers, meshes, multicast networks and links between chips against published figures."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.components import asking
from tests.components.asking import square_metres

from assay.components.estimate import Estimate
from assay.components.estimator import Estimator, attributes_of
from assay.components.links import FASTER, LINKS, REFUSED, ChipLink
from assay.components.network import Mesh, MulticastNetwork, Router
from assay.components.technology import Technology, scaling
from assay.components.wires import LINE, Bus, Wire
from assay.errors import InputError

PJ, FJ, MM, MM2 = 1e-12, 1e-15, 1e-3, 1e-6


def ask(estimator: type[Estimator], technology: str | None = "32 nm, 0.9 V", /, **attributes: object) -> Estimate:
    return asking.ask(estimator, technology, **attributes)


def joules(estimate: Estimate, action: str = "transfer") -> float:
    return asking.joules(estimate, action)


# Wires: the capacitance of the line alone is the mean of published ones (used); all of what follows is predicted.


def test_capacitance_is_the_mean_of_the_published() -> None:
    published = [0.166, 0.181, 0.2, 0.2, 0.27, 0.3, 0.305]  # pF/mm, see the module
    assert math.prod(published) ** (1 / 7) * 1e-9 == pytest.approx(LINE, rel=0.01)


@pytest.mark.parametrize(
    ("technology", "repeaters", "length", "width", "activity", "published"),
    [
        ("180 nm, 1.8 V", "fast", "10 mm", 1, 1, 9.84),  # Ho, PhD thesis 2003, 6.2: measured, one bit that toggles
        ("150 nm, 1.8 V", "balanced", "4 mm", 32, 1, 85),  # Raw, Kim et al., ISLPED 2003: measured, with its router
        ("40 nm, 0.9 V", "fast", "10 mm", 256, 0.5, 310),  # Keckler et al., IEEE Micro 2011, Table 1
        ("45 nm, 1 V", "balanced", "1 mm", 1, 1, 0.16),  # Das et al., ISCA 2015, Table 1
        ("22 nm, 0.7 V", "fast", "1 mm", 1, 0.5, 0.0625),  # Owens et al., IEEE Micro 2007: 0.25 for a full charge
        ("180 nm, 1.8 V", "balanced", "1 mm", 1, 0.5, 0.065 * 1.8**2),  # Khailany et al., HPCA 2003: 0.26 pF/mm
        ("32 nm, 0.9 V", "none", "1 mm", 32, 0.5, 1.9),  # Gebhart et al., ISCA 2011, Table 3
        ("7 nm, 0.7 V", "balanced", "1 mm", 1, 0.5, 0.05),  # Dally, NOCS 2022, for 5 nm
    ],
)
def test_published_wires(
    technology: str, repeaters: str, length: str, width: int, activity: float, published: float
) -> None:
    found = ask(Wire, technology, length=length, width=width, activity=activity, repeaters=repeaters)
    assert joules(found) / PJ == pytest.approx(published, rel=Wire.uncertainty * 0.7)


def test_wires_of_16_nm_span_the_range_of_dally() -> None:
    """Dally et al., VLSI 2018: 20 to 40 fJ per bit and millimetre of bare wire."""
    low, high = (ask(Wire, f"16 nm, {v} V", length="1 mm", width=1, repeaters="none") for v in (0.6, 0.85))
    assert joules(low) / FJ == pytest.approx(20, rel=0.05)
    assert joules(high) / FJ == pytest.approx(40, rel=0.05)


def test_array_transfer_of_isca_2016() -> None:
    """Table IV: a 16-bit word between PEs over 1 to 2 mm costs two 16-bit MACs at 65 nm."""
    multiply = (0.2 * 4 + 3.1 / 4) / 2  # Horowitz at 45 nm: 8 and 32 bits, by the square of the width
    mac = (multiply + 0.05) * scaling(Technology.of(45, 0.9), Technology.of(65, 1.0)).energy  # pJ
    low, high = (ask(Wire, "65 nm, 1 V", length=length, width=16) for length in ("1 mm", "2 mm"))
    assert joules(low) / PJ < 2 * mac
    assert joules(high) / PJ == pytest.approx(2 * mac, rel=0.5)
    network = ask(MulticastNetwork, "65 nm, 1 V", rows=4, columns=4, pitch="0.25 mm", width=16)  # 1 mm in X and in Y
    assert joules(network) / PJ == pytest.approx(2 * mac, rel=0.5)


def test_bus_of_isaac() -> None:
    """ISCA 2016, Table I: 384 wires, 0.09 mm2; 0.054 pJ per bit as hwcomponents derives. Its length is not said."""
    length = 0.09 * MM2 / (384 * 8 * 32e-9)  # from its area
    found = ask(Bus, length=f"{length} m", width=384, drops=12, above_logic=False)
    assert square_metres(found) == pytest.approx(0.09 * MM2)
    assert joules(found) / 384 / PJ == pytest.approx(0.054, rel=0.3)


def test_wire_says_what_it_does_not_know() -> None:
    above = ask(Wire, length="1 mm", width=64)
    assert above.area is None
    assert above.leakage is None
    assert joules(above, "transfer_repeated") == 0
    assert any("above" in note for note in above.notes)
    assert ask(Wire, length="2 mm", width=1, repeaters="none").extrapolated
    assert ask(Wire, length="50 mm", width=1).extrapolated


@given(st.floats(1e-5, 1e-2), st.integers(1, 512), st.sampled_from([180.0, 65.0, 32.0, 16.0, 7.0]))
def test_laws_of_wires(length: float, width: int, nm: float) -> None:
    here = Technology.of(nm)
    one = Wire(length=length, width=width, technology=here).cost()
    longer = Wire(length=2 * length, width=width, technology=here).cost()
    energy, cycle = one.energy["transfer"], one.cycle
    assert isinstance(energy, float)
    assert isinstance(cycle, float)
    assert longer.energy["transfer"] == pytest.approx(2 * energy)
    assert longer.cycle == pytest.approx(2 * cycle)
    tapped = Bus(length=length, width=width, drops=3, technology=here).cost().energy["transfer"]
    assert isinstance(tapped, float)
    assert tapped > energy
    other = Wire(length=length, width=width, technology=Technology.of(90, here.voltage)).cost().energy["transfer"]
    assert other == pytest.approx(energy)  # the node changes nothing but the supply


# Routers and meshes. Used: Piton's flit that does not change, areas of ISAAC and TeraFLOPS, the cycle of Park et al.


def test_piton() -> None:
    """McKeown et al., HPCA 2018, Fig. 12: 64 bits, 1.05 to 1.14 mm, 32 nm SOI at 1.0 V."""

    def hop(activity: float) -> float:
        found = ask(Mesh, "32 nm, 1 V", rows=5, columns=5, pitch="1.1 mm", width=64, activity=activity)
        return joules(found) / PJ

    assert hop(0) == pytest.approx(3.58)  # used
    assert hop(0.5) == pytest.approx(11.16, rel=0.1)
    assert hop(1) == pytest.approx(16.68, rel=0.2)


def test_routers_used_for_area() -> None:
    isaac, teraflops = ask(Router, width=32, ports=8), ask(Router, "65 nm", width=39, ports=5)
    assert square_metres(isaac) == pytest.approx(0.151 * MM2, rel=0.1)  # ISCA 2016, Table I
    assert square_metres(teraflops) == pytest.approx(0.34 * MM2, rel=0.1)  # TeraFLOPS, as AnandTech reported


def test_routers_that_were_not_used() -> None:
    isaac = ask(Router, width=32, ports=8)
    assert joules(isaac) / PJ == pytest.approx(42 / (8 * 1.2), rel=0.4)  # 42 mW, all ports busy at 1.2 GHz
    assert isaac.cycle is not None
    assert isaac.cycle < 1 / 1.2e9
    wide = ask(Router, width=256)
    assert joules(wide) / PJ == pytest.approx(20.74, rel=0.5)  # hwcomponents-library 1.0.58
    assert ask(Router, "45 nm, 1.1 V", width=64).cycle == pytest.approx(1e-9)  # Park et al., DAC 2012 (used)


def test_router_says_what_it_does_not_know() -> None:
    found = ask(Router, width=64)
    assert "idle" not in found.actions
    assert found.leakage is None
    assert any("scaled" in note for note in found.notes)
    assert ask(Router, width=512).extrapolated


@given(st.integers(16, 256), st.integers(3, 8), st.integers(1, 15), st.integers(1, 7))
def test_laws_of_routers(width: int, ports: int, buffers: int, channels: int) -> None:
    here = Technology.of(45)

    def router(**more: int) -> tuple[float, float]:
        said = {"width": width, "ports": ports, "buffers": buffers, "virtual_channels": channels} | more
        cost = Router(technology=here, **said).cost()
        energy, area = cost.energy["transfer"], cost.area
        assert isinstance(energy, float)
        assert isinstance(area, float)
        return energy, area

    energy, area = router()
    assert router(width=width + 1) > (energy, area)
    assert router(ports=ports + 1)[0] > energy
    assert router(ports=ports + 1)[1] > area
    assert router(buffers=buffers + 1)[1] > area
    assert router(virtual_channels=channels + 1)[1] > area
    mesh = Mesh(rows=2, columns=3, pitch=1e-3, width=width, buffers=buffers, virtual_channels=channels, technology=here)
    assert mesh.cost().area == pytest.approx(6 * router(ports=5)[1])


@given(st.integers(1, 32), st.integers(1, 32), st.integers(1, 64))
def test_laws_of_multicast(rows: int, columns: int, width: int) -> None:
    cost = MulticastNetwork(rows=rows, columns=columns, pitch=1e-4, width=width, technology=Technology.of(65)).cost()
    one, row, everyone = (cost.energy[action] for action in ("transfer", "multicast", "broadcast"))
    assert isinstance(one, float)
    assert isinstance(row, float)
    assert isinstance(everyone, float)
    assert one <= row <= everyone
    assert (one < row) == (columns > 1)
    assert (row < everyone) == (rows > 1)
    assert everyone <= rows * columns * one * (1 + 1e-9)  # one word to all costs no more than one word to each


# Links between chips


def test_hypertransport_of_isaac() -> None:
    """ISCA 2016, Table I: 4 links of 6.4 GB/s, 10.4 W, 22.88 mm2."""
    link = ask(ChipLink, None, kind="hypertransport", width=512, lanes=16)
    assert link.cycle is not None
    assert 64 / link.cycle == pytest.approx(6.4e9)
    assert 4 * joules(link) / link.cycle == pytest.approx(10.4, rel=1e-3)
    assert 4 * square_metres(link) == pytest.approx(22.88 * MM2)


@pytest.mark.parametrize("kind", LINKS)
def test_every_link_has_a_source(kind: str) -> None:
    found = ask(ChipLink, None, kind=kind, width=64)
    assert found.source != ChipLink.source
    assert 0.01 <= joules(found) / 64 / PJ <= 100
    assert found.leakage is None
    assert not found.extrapolated


def test_links_agree_where_two_publish() -> None:
    """Simba (VLSI 2019): ground-referenced links of 0.82 to 1.75 pJ per bit."""
    assert 0.82 <= joules(ask(ChipLink, None, kind="grs", width=1)) / PJ <= 1.75


def test_faster_lanes_of_ucie_cost_more() -> None:
    for kind, energy in FASTER.items():
        slow, fast = (ask(ChipLink, None, kind=kind, width=8, rate=rate) for rate in ("16 Gb/s", "32 Gb/s"))
        assert joules(fast) == pytest.approx(8 * energy)
        assert joules(fast) > joules(slow)
        assert not fast.extrapolated
        assert ask(ChipLink, None, kind=kind, width=8, rate="48 Gb/s").extrapolated


@pytest.mark.parametrize(
    ("kind", "reason", "instead"),
    [
        ("NVLink", "there is no link 'NVLink': no energy of NVLink between boards is published", "nvlink-c2c"),
        ("tsv", "no energy per bit of a through-silicon via was found", "ucie-3d"),
        ("PCIe 6", "no energy of PCIe 6 was found", "serdes-long"),
        ("UCIe", "UCIe is several links", "ucie-standard, ucie-advanced"),
        ("pcie", "PCIe is several links", "pcie3, pcie4 or pcie5"),
        ("SerDes", "a SerDes is made for a distance", "serdes-xsr"),
        ("uciestandard", "unknown 'uciestandard'", "did you mean 'ucie-standard'"),
    ],
)
def test_links_that_there_are_none_of_say_why(kind: str, reason: str, instead: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        ask(ChipLink, None, kind=kind, width=64)
    assert (caught.value.hint or "").startswith(instead)


def test_links_that_are_refused_do_not_stand_among_the_kinds() -> None:
    (known,) = [each for each in attributes_of(ChipLink) if each.name == "kind"]
    named = known.about.removeprefix("kind of link: ").split(", ")
    assert tuple(named) == tuple(LINKS)
    assert not set(named) & set(REFUSED)
    assert all(any(name in instead for name in LINKS) for _, instead in REFUSED.values())


@pytest.mark.parametrize("kind", ["UCIe-Standard", "ucie_standard", "UCIE STANDARD"])
def test_links_may_be_spelt_in_several_ways(kind: str) -> None:
    assert joules(ask(ChipLink, None, kind=kind, width=1)) == 0.5 * PJ


def test_figures_of_links_are_multiples_of_the_published_ones() -> None:
    """Not 8.320000000000001e-11."""
    for kind, link in LINKS.items():
        for width in (7, 64, 1000):
            found = joules(ask(ChipLink, None, kind=kind, width=width))
            assert found == float(Decimal(repr(link.energy)) * width)


@pytest.mark.parametrize(
    ("estimator", "wrong"),
    [
        (Wire, {"length": 0, "width": 1}),
        (Wire, {"length": "1 mm", "width": 0}),
        (Wire, {"length": "1 mm", "width": 1, "activity": 2}),
        (Wire, {"length": "1 pJ", "width": 1}),
        (Bus, {"length": "1 mm", "width": 1, "drops": 0}),
        (Router, {"width": 64, "ports": 1}),
        (Mesh, {"rows": 0, "columns": 1, "pitch": "1 mm", "width": 64}),
        (MulticastNetwork, {"rows": 1, "columns": 1, "pitch": 0, "width": 1}),
        (ChipLink, {"kind": "grs", "width": 1, "lanes": 0}),
        (ChipLink, {"kind": "carrier pigeon", "width": 1}),
    ],
)
def test_impossible_values_are_refused(estimator: type[Estimator], wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        ask(estimator, "65 nm", **wrong)
