"""Components in hardware files: what nodes are built of, compounds, plug-ins, what else is on the chip."""

import json
from pathlib import Path

import pytest

from assay.components.estimate import Part
from assay.errors import InputError
from assay.hardware import Hardware, Memory, parse_hardware, read_hardware
from assay.hardware.design import (
    Total,
    built_of,
    chip_area,
    clock_energy,
    design_to_dict,
    energies_from,
    energy_source,
    leakage_power,
    not_taken,
    with_estimated_energy,
)

TOY = '''
from dataclasses import dataclass
from assay import Cost, Estimator, attribute
from assay.reading.units import SIZE


@dataclass(frozen=True, kw_only=True)
class Toy(Estimator):
    """A memory that nobody built."""

    component = "toy"
    actions = ("read", "write")
    source = "nowhere"
    uncertainty = 0.25
    depth: int = attribute("words", minimum=1, valid=(16, 4096))
    width: int = attribute("bits of a word", unit=SIZE, minimum=1)

    def cost(self) -> Cost:
        read = 1e-14 * self.width * self.technology.nm / 65
        return Cost({"read": read, "write": 2 * read}, area=1e-12 * self.depth * self.width, leakage=1e-9 * self.depth)
'''

CHIP = """\
assay: hardware/1
name: chip
technology: 65 nm, 1.0 V
clock: 100 MHz
plugins: [plug]
variables: {banks: 4}
components:
  smart:
    attributes: {depth: required, width: 16 b}
    parts:
      storage: {class: toy, depth: depth / banks, width: width, count: banks}
      address: {class: toy, depth: ceil(log2(depth)) + 16, width: 8 b, count: 2}
    actions:
      read: [storage.read, address.read]
      write: {storage.write: 1, address.read: 2}
nodes:
  - memory: dram
    offchip: true
    keep: [ifmap, filter, ofmap]
    component: {class: given, read: 10 pJ, write: 12 pJ, leakage: 1 mW, source: a guess}
  - memory: buffer
    size: 8 KiB
    width: 64 b
    keep: [ifmap, ofmap]
    component: smart
  - fanout: array
    X: 4
    component: {class: given, transfer: 0.1 pJ, source: a guess}
  - compute: mac
    component: {class: given, compute: 1 pJ, area: 100 um2, leakage: 1 uW, source: another guess, count: 2}
parts:
  control: {class: given, area: 0.2 mm2, tick: 3 pJ, leakage: 1 uW, per_cycle: tick, source: a guess}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plug").mkdir()
    (tmp_path / "plug" / "toy.py").write_text(TOY)
    return tmp_path


def chip(folder: Path, text: str = CHIP) -> Hardware:
    (folder / "chip.yaml").write_text(text)
    return read_hardware(folder / "chip.yaml")


def refusal(folder: Path, old: str, new: str) -> str:
    assert old in CHIP
    with pytest.raises(InputError) as caught:
        chip(folder, CHIP.replace(old, new))
    return str(caught.value).replace(f"{folder}/", "")


def test_a_compound_is_the_sum_of_its_parts(folder: Path) -> None:
    """1024 words of 64 bits in 4 banks, and 2 address units of 10 + 16 words of 8 bits."""
    buffer = chip(folder).memories[1]
    assert buffer.component is not None
    estimate = buffer.component.estimate
    bank, address = 64e-14, 8e-14
    assert estimate.energy_of("read") == pytest.approx(bank + address)
    assert estimate.energy_of("write") == pytest.approx(2 * bank + 2 * address)
    assert estimate.area == pytest.approx(1e-12 * (1024 * 64 + 2 * 26 * 8))
    assert estimate.leakage == pytest.approx(1e-9 * (1024 + 2 * 26))
    assert estimate.uncertainty == 0.25
    assert [(part.name, part.count) for part in estimate.parts] == [("storage", 4), ("address", 2)]
    assert estimate.notes[:2] == (
        "read = storage.read 640 fJ + address.read 80 fJ",
        "write = storage.write 1.28 pJ + 2 × address.read 80 fJ",
    )
    assert dict(estimate.attributes) == {"depth": "1024", "width": "64 b"}


def test_energies_come_from_components(folder: Path) -> None:
    hardware = chip(folder)
    dram, buffer = hardware.memories
    assert (dram.read_energy, dram.write_energy, dram.update_energy) == (10e-12, 12e-12, 12e-12)
    assert buffer.read_energy == pytest.approx(72e-14)
    assert hardware.fanouts[0].transfer_energy == 0.1e-12
    assert hardware.compute.energy == 1e-12
    assert all(node.estimated for node in hardware.nodes)
    assert energy_source(hardware, "mac") == "given (another guess)"
    assert "buffer: smart, ×/÷ 1.25" in energies_from(hardware)


def test_an_energy_of_the_file_goes_before_that_of_the_component(folder: Path) -> None:
    text = CHIP.replace("    component: smart\n", "    component: smart\n    energy: 7 pJ\n")
    text = text.replace("clock: 100 MHz\n", "clock: 100 MHz\nenergy_source: a table\n")
    hardware = chip(folder, text)
    assert hardware.memories[1].read_energy == 7e-12
    assert energy_source(hardware, "buffer") == "a table"
    assert energies_from(hardware).startswith("a table (the other components); dram, array: given (a guess)")
    assert not hardware.memories[1].estimated
    assert with_estimated_energy(hardware.memories[1]).read_energy == pytest.approx(72e-14)


def test_wide_accesses_are_charged_by_the_bit(folder: Path) -> None:
    hardware = chip(folder, CHIP.replace("component: smart\n", "component: {class: toy, depth: 1024, width: 256 b}\n"))
    assert hardware.memories[1].read_energy == pytest.approx(256e-14 / 4)


def test_area_and_leakage_of_the_chip(folder: Path) -> None:
    hardware = chip(folder)
    buffer = 1e-12 * (1024 * 64 + 2 * 26 * 8)
    assert chip_area(hardware) == Total(pytest.approx(buffer + 4 * 2 * 100e-12 + 0.2e-6), ("array",))
    leakage = 1e-3 + 1e-9 * (1024 + 52) + 8e-6 + 1e-6
    assert leakage_power(hardware) == Total(pytest.approx(leakage), ("array",))
    assert leakage_power(hardware, {"mac": 1}).value == pytest.approx(leakage - 6e-6)
    assert clock_energy(hardware) == Total(3e-12, ())
    assert [(each.name, each.count, each.offchip) for each in built_of(hardware)] == [
        *(("dram", 1, True), ("buffer", 1, False), ("array", 1, False), ("mac", 8, False), ("control", 1, False))
    ]
    json.dumps(design_to_dict(hardware), allow_nan=False)


def test_unknown_is_not_zero() -> None:
    """A chip without components has no area, and says so of every node."""
    text = CHIP.split("plugins:", maxsplit=1)[0] + CHIP[CHIP.index("nodes:") : CHIP.rindex("parts:")]
    lines = [line for line in text.splitlines() if "component:" not in line]
    hardware = parse_hardware("\n".join(lines))
    assert chip_area(hardware) == Total(None, ("buffer", "array", "mac"))
    assert leakage_power(hardware).value is None
    assert clock_energy(hardware) == Total(None, ())
    assert isinstance(hardware.nodes[0], Memory)
    assert hardware.nodes[0].read_energy is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "component: smart\n",
            "component: smrt\n",
            "chip.yaml:25:16: there is no estimator for 'smrt'\n  hint: did you",
        ),
        ("{class: toy, depth: depth / banks", "{class: toy, depth: 0", "chip.yaml:11:36: depth: 0 is not possible"),
        ("width: 8 b,", "widht: 8 b,", "chip.yaml:12:67: toy: Toy does not know the attribute 'widht'"),
        ("depth: ceil(log2(depth)) + 16, ", "", "chip.yaml:12:16: toy: Toy needs depth"),
        ("storage.read,", "storage.red,", "chip.yaml:14:14: storage (toy) has no action 'red'\n  hint: its actions: r"),
        ("[storage.read", "[store.read", "chip.yaml:14:14: there is no part 'store'"),
        ("width: 64 b\n", "width: 64 b\n    ports: 2\n", "memory 'buffer' has 2 total ports"),
        ("{class: toy, depth: depth / banks", "{class: smart, depth: depth", "component 'smart' is made of itself"),
        ("  smart:", "  toy:", "chip.yaml:9:5: a component 'toy' exists already"),
        ("technology: 65 nm, 1.0 V\n", "", "Toy needs a technology"),
        ("technology: 65 nm, 1.0 V\n", "technology: CMOS\n", "chip.yaml:3:13: technology 'CMOS' names no node"),
        ("technology: 65 nm, 1.0 V\n", "technology: 2 nm\n", "chip.yaml:3:13: a technology of 2 nm is not covered"),
        ("per_cycle: tick", "per_cycle: tock", "chip.yaml:32:80: per_cycle: unknown 'tock'"),
        (
            "compute: 1 pJ,",
            "compte: 1 pJ,",
            "chip.yaml:30:16: mac: given has no action 'compute', which this node needs",
        ),
        ("compute: 1 pJ,", "compute: 1 mW,", "chip.yaml:30:40: compute: expected an energy"),
        ("compute: 1 pJ,", "compute: -1 pJ,", "chip.yaml:30:40: compute: -1 pJ is negative"),
        ("source: another guess, ", "", "chip.yaml:30:16: given: Given needs source"),
        ("plugins: [plug]", "plugins: [plugs]", "chip.yaml:5:11"),
        ("  control: {", "  buffer: {", "chip.yaml:32:3: part 'buffer' has the name of a node"),
        ("read: [storage.read, address.read]", "read: []", "chip.yaml:14:13: an action of nothing"),
        (
            "component: smart\n",
            "component: {class: smart, per_cycle: read}\n",
            "does not know the attribute 'per_cycle'",
        ),
        ("width: 16 b}", "count: 2}", "chip.yaml:9:17: 'count' cannot be an attribute"),
        ("address: {class: toy", "address: {class: tyo", "chip.yaml:12:16: there is no estimator for 'tyo'"),
        ("      address:", "      a.b:", "chip.yaml:12:7: 'a.b' cannot be the name of a part"),
        ("component: smart\n", "component: {class: toy, depth: 16}\n", "holds 128 B, less than its size of 8 KiB"),
        (
            "component: smart\n",
            "component: smart\n    bandwidth: component\n",
            "chip.yaml:26:16: bandwidth: smart gives none",
        ),
        ("component: smart\n", "energy: 1 pJ\n    bandwidth: component\n", "bandwidth: the memory has no component"),
        ("count: 2}\nparts", "count: 0}\nparts", "count: expected a whole number of at least 1"),
    ],
)
def test_a_mistake_is_reported_where_it_is(folder: Path, old: str, new: str, expected: str) -> None:
    assert expected in refusal(folder, old, new)


def test_the_search_does_not_see_what_nodes_are_built_of(folder: Path) -> None:
    """Otherwise a better estimate of an area would make every kept result useless."""
    from assay.mapper.cache import search_key
    from assay.workload.layer_text import written_layer

    einsum = written_layer("matmul:M=8,N=8,K=8").einsum
    assert einsum is not None
    hardware = chip(folder)
    bare = parse_hardware(CHIP_BARE)
    assert [n.name for n in bare.nodes] == [n.name for n in hardware.nodes]
    assert search_key(einsum, hardware) == search_key(einsum, bare)


CHIP_BARE = """\
assay: hardware/1
name: bare
clock: 100 MHz
energy_source: a guess
nodes:
  - memory: dram
    offchip: true
    keep: [ifmap, filter, ofmap]
    energy: {read: 10 pJ, write: 12 pJ}
  - memory: buffer
    size: 8 KiB
    width: 64 b
    keep: [ifmap, ofmap]
    energy: {read: 0.72 pJ, write: 1.44 pJ}
  - fanout: array
    X: 4
    energy: 0.1 pJ
  - compute: mac
    energy: 1 pJ
"""


def test_the_examples_of_the_page() -> None:
    """Each block of the section on components, with what it leaves out put around it."""
    page = (Path(__file__).parents[2] / "docs" / "hardware.md").read_text(encoding="utf-8")
    section = page[page.index("\n## Components") : page.index("\n## Constraints and dataflows")]
    one, two, three = (block.split("```")[0] for block in section.split("```yaml\n")[1:])
    dram = (
        "  - memory: dram\n    keep: [ifmap, filter, ofmap]\n    component: {class: dram, kind: LPDDR4, width: 64 b}\n"
    )
    head = "assay: hardware/1\nname: page\nclock: 200 MHz\n"
    compute = "  - compute: mac\n    component: mac\n"
    first = parse_hardware(head + one.replace("nodes:\n", "nodes:\n" + dram))
    assert first.memories[1].component is not None
    assert dict(first.memories[1].component.estimate.attributes)["depth"] == "13824"
    nodes = two.replace("nodes:\n", "nodes:\n" + dram)
    second = parse_hardware(head + "technology: 65 nm\n" + nodes + compute)
    assert second.memories[1].component is not None
    assert [part.name for part in second.memories[1].component.estimate.parts] == ["storage", "address"]
    assert second.memories[1].component.estimate.parts[1].estimate.attributes[0] == ("width", "14 b")
    third = parse_hardware(head + "technology: 65 nm\nnodes:\n" + dram + compute + three)
    assert clock_energy(third).value == 40e-12


HEAD = "assay: hardware/1\nname: chip\ntechnology: 65 nm\nclock: 200 MHz\n"
DRAM = (
    "  - memory: dram\n    offchip: true\n    keep: [ifmap, filter, ofmap]\n"
    "    component: {class: dram, kind: LPDDR4, width: 64}\n"
)
MAC = "  - compute: mac\n    component: mac\n"


def first_part(text: str) -> Part:
    """The component of the second node of a chip whose components and second node are given."""
    components, _, node = text.partition("---\n")
    part = parse_hardware(HEAD + components + "nodes:\n" + DRAM + node + MAC).memories[1].component
    assert part is not None
    return part


def test_words_pass_through_a_compound() -> None:
    """Numbers by name, texts that are no names, and the technology of a part."""
    part = first_part(
        "variables: {w: 32 b}\n"
        "components:\n"
        "  spad:\n"
        "    attributes: {width: 8 b, depth: 4, kind: latch, process: 65 nm}\n"
        "    parts:\n"
        "      words: {class: register_file, depth: depth, width: width, storage: kind, technology: process}\n"
        "    actions: {read: words.read, write: words.write}\n"
        "---\n"
        "  - memory: spad\n"
        "    size: 8 * 32 b\n"
        "    width: 32 b\n"
        "    keep: [filter]\n"
        "    component: {class: spad, width: w, kind: flip-flop, process: '28 nm LP, 0.9 V'}\n"
    )
    assert dict(part.estimate.attributes) == {
        "width": "32 b",
        "depth": "8",
        "kind": "flip-flop",
        "process": "28 nm LP, 0.9 V",
    }
    inner = dict(part.estimate.parts[0].estimate.attributes)
    assert (inner["storage"], inner["width"], inner["technology"]) == ("flip-flop", "32 b", "28 nm LP, 0.9 V")


def test_names_inside_a_compound_are_its_own() -> None:
    """`depth: width` outside means the outer width, though the compound has a width, too."""
    part = first_part(
        "components:\n"
        "  inner:\n"
        "    attributes: {width: 16 b, depth: 4}\n"
        "    parts: {words: {class: register_file, depth: depth, width: width}}\n"
        "    actions: {read: words.read, write: words.write}\n"
        "  outer:\n"
        "    attributes: {width: 8 b, depth: 2}\n"
        "    parts: {two: {class: inner, depth: width / 1 b, width: 2 * width, count: 2}}\n"
        "    actions: {read: two.read, write: {two.write: 2}}\n"
        "---\n"
        "  - memory: spad\n"
        "    width: 8 b\n"
        "    keep: [filter]\n"
        "    component: outer\n"
    )
    words = part.estimate.parts[0].estimate.parts[0].estimate
    assert dict(words.attributes)["depth"] == "8"
    assert dict(words.attributes)["width"] == "16 b"
    write = words.energy_of("write")
    assert write is not None
    assert part.estimate.energy_of("write") == pytest.approx(2 * write)
    assert words.area is not None
    assert part.estimate.area == pytest.approx(2 * words.area)


def test_what_is_known_of_the_parts_of_a_node_counts(folder: Path) -> None:
    """Two parts, one of unknown area: the sum has the other, and names the one that it is without."""
    text = CHIP.replace(
        "      address: {class: toy, depth: ceil(log2(depth)) + 16, width: 8 b, count: 2}",
        "      address: {class: given, read: 1 fJ, leakage: 1 nW, source: a guess}",
    )
    hardware = chip(folder, text)
    buffer = built_of(hardware)[1]
    assert buffer.area == Total(pytest.approx(1e-12 * 1024 * 64), ("buffer.address",))
    assert chip_area(hardware).without == ("buffer.address", "array")
    assert buffer.leakage.without == ()


def test_several_macs_per_cycle_are_several_units() -> None:
    one, four = (
        parse_hardware(HEAD + "nodes:\n" + DRAM + MAC + f"    macs_per_cycle: {number}\n") for number in (1, 4)
    )
    assert four.compute.energy == one.compute.energy
    assert (chip_area(four).value or 0) == pytest.approx(4 * (chip_area(one).value or 0))


def test_a_memory_takes_the_bandwidth_of_its_component() -> None:
    text = HEAD + "nodes:\n" + DRAM + "    bandwidth: component\n" + MAC
    dram = parse_hardware(text).memories[0]
    assert dram.component is not None
    assert dram.component.estimate.cycle is not None
    assert dram.bandwidth.total == pytest.approx(64 / dram.component.estimate.cycle / 200e6)


def test_too_many_parts_are_refused() -> None:
    levels = "".join(
        f"  c{n}:\n    parts: {{{', '.join(f'p{i}: {{class: c{n - 1}}}' for i in range(10))}}}\n" for n in range(1, 9)
    )
    node = "  - memory: m\n    keep: [filter]\n    component: c8\n"
    with pytest.raises(InputError, match=r"component 'c4' has 21,111 parts in all; at most 10,000"):
        first_part(f"components:\n  c0: {{parts: {{m: {{class: mac, format: int8}}}}}}\n{levels}---\n{node}")


def test_whose_answer_was_not_taken_is_said(folder: Path) -> None:
    """A table that knows no format is passed over where the file states one, and used where it does not."""
    (folder / "plug" / "ERT.yaml").write_text(
        "ERT:\n  version: 0.4\n  tables:\n    - name: mac\n      actions:\n        - {name: compute, energy: 0.56}\n"
    )
    asked = CHIP.replace("component: {class: given, compute: 1 pJ, area: 100 um2,", "component: {class: mac} #")
    assert chip(folder, asked).compute.energy == 0.56e-12
    passed = chip(folder, asked.replace("{class: mac}", "{class: mac, format: int8}"))
    assert passed.compute.energy != 0.56e-12
    (text,) = not_taken(passed)
    assert text.startswith("mac: not taken: ERT (")
    assert "does not know the attribute 'format'" in text


def test_the_same_folder_twice_is_taken_once(folder: Path) -> None:
    assert chip(folder, CHIP.replace("[plug]", "[plug, ./plug]")) == chip(folder)
