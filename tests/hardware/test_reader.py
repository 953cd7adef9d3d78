from pathlib import Path

import pytest

from assay.errors import InputError, Position
from assay.hardware import (
    Axis,
    Bandwidth,
    Buffering,
    Compute,
    Counting,
    Fanout,
    Figure,
    Halo,
    Memory,
    Multicast,
    Ports,
    parse_hardware,
    read_hardware,
)

CHIP = """\
assay: hardware/1
name: small
clock: 200 MHz
energy_source: assumed
variables:
  mac: 1.5 pJ
  link: 64 b * 60 MHz
nodes:
  - memory: dram
    keep: [ifmap, filter, ofmap]
    bandwidth: link
    energy: {read: 200 * mac, write: 300 * mac}
    offchip: true
  - memory: glb
    size: 4 KiB
    reserved: 1 KiB
    keep: [ifmap]
    may_keep: [ofmap]
    width: 64 b
    energy: 6 * mac
    bandwidth: {read: 64 b/cycle, write: 1.6 GB/s}
    loops: [M, P]
    whole: [R]
  - fanout: array
    X: {size: 2 * 7, dims: [P, M]}
    Y: 12
    multicast: tile
    reduces: false
    energy: 2 * mac
    width: 8 b
    bandwidth: {ofmap: 64 b/cycle, ifmap: 16 b/cycle}
    whole: [R, S]
  - compute: pe
    energy: mac
    bits: 8
    macs_per_cycle: 2
published:
  power: {value: 278, unit: mW, source: a paper, note: measured}
  process: {value: 65nm LP, source: a paper}
notes: [a note]
"""


def refusal(old: str, new: str) -> str:
    """The message after one change to the file."""
    assert CHIP.count(old) == 1, old
    with pytest.raises(InputError) as caught:
        parse_hardware(CHIP.replace(old, new), "chip.yaml")
    return str(caught.value)


def test_every_key_arrives() -> None:
    chip = parse_hardware(CHIP, "chip.yaml")
    assert chip.nodes == (
        Memory(
            name="dram",
            keep=("ifmap", "filter", "ofmap"),
            read_energy=3e-10,
            write_energy=4.5e-10,
            update_energy=4.5e-10,
            bandwidth=Bandwidth(total=19.2),
            offchip=True,
        ),
        Memory(
            name="glb",
            size=32768,
            reserved=8192,
            keep=("ifmap",),
            may_keep=("ofmap",),
            width=64,
            read_energy=9e-12,
            write_energy=9e-12,
            update_energy=9e-12,
            bandwidth=Bandwidth(read=64.0, write=64.0),
            loops=("M", "P"),
            whole=("R",),
        ),
        Fanout(
            name="array",
            axes=(Axis("X", 14, ("P", "M")), Axis("Y", 12, None)),
            multicast=Multicast.TILE,
            reduces=False,
            transfer_energy=3e-12,
            width=8,
            bandwidth=(("ifmap", 16.0), ("ofmap", 64.0)),
            whole=("R", "S"),
        ),
        Compute(name="pe", energy=1.5e-12, bits=8, macs_per_cycle=2),
    )
    assert chip.clock == 200e6
    assert chip.energy_source == "assumed"
    assert chip.notes == ("a note",)
    assert chip.published == (
        Figure("power", 278.0, "mW", "a paper", "measured"),
        Figure("process", "65nm LP", "", "a paper"),
    )
    assert chip.nodes[1].at == Position("chip.yaml", 14, 5)


def test_what_is_left_out_is_unknown_and_not_zero() -> None:
    text = "assay: hardware/1\nname: bare\nclock: 1 GHz\nnodes:\n"
    text += "  - {memory: dram, keep: [ifmap, filter, ofmap]}\n  - {fanout: row, X: 4}\n  - compute: mac\n"
    chip = parse_hardware(text)
    assert chip.nodes == (
        Memory("dram", keep=("ifmap", "filter", "ofmap")),
        Fanout("row", (Axis("X", 4),)),
        Compute("mac"),
    )
    assert chip.nodes[0] == Memory("dram", size=None, read_energy=None, update_energy=None, keep=chip.memories[0].keep)


def test_conventions_of_counting_links_and_latch() -> None:
    chip = parse_hardware(
        CHIP.replace(
            "nodes:",
            "counting: {halo: box, first_reads: true, refill_all: true, drain_reads: true,"
            " whole_accesses: true}\nnodes:",
        )
        .replace("whole: [R, S]", "whole: [R, S]\n    fill: true\n    links: true")
        .replace("bits: 8", "bits: 8\n    latch: true")
    )
    assert chip.counting == Counting(Halo.BOX, first_reads=True, refill_all=True, drain_reads=True, whole_accesses=True)
    assert (chip.fanouts[0].fill, chip.fanouts[0].links, chip.compute.latch) == (True, True, True)
    plain = parse_hardware(CHIP)
    assert plain.counting == Counting()
    assert (plain.fanouts[0].fill, plain.fanouts[0].links, plain.compute.latch) == (False, False, False)


def test_ports_and_buffering() -> None:
    chip = parse_hardware(
        CHIP.replace("bandwidth: link", "bandwidth: link\n    ports: 2").replace(
            "loops: [M, P]", "ports: {read: 2 * 2}\n    buffering: double"
        )
    )
    assert [memory.ports for memory in chip.memories] == [Ports(total=2), Ports(read=4, write=1, total=1)]
    assert [memory.buffering for memory in chip.memories] == [Buffering.IDEAL, Buffering.DOUBLE]
    assert parse_hardware(CHIP).memories[1].ports == Ports(1, 1, 1)


def test_an_update_has_its_own_energy_when_given() -> None:
    text = CHIP.replace("write: 300 * mac}", "write: 300 * mac, update: 2 pJ}")
    assert parse_hardware(text).memories[0].update_energy == 2e-12
    text = CHIP.replace("{read: 200 * mac, write: 300 * mac}", "{read: 200 * mac}")
    assert parse_hardware(text).memories[0].update_energy is None


def mistakes() -> list[tuple[str, str, str]]:
    """(old, new, message) from the golden file."""
    blocks = (Path(__file__).parent / "mistakes.txt").read_text(encoding="utf-8").strip().split("\n\n")[1:]
    found = []
    for block in blocks:
        old, new, message = block.split("\n", 2)
        found.append((old[2:].replace("\\n", "\n"), new[2:].replace("\\n", "\n"), message))
    return found


@pytest.mark.parametrize(("old", "new", "expected"), mistakes())
def test_a_mistake_is_reported_where_it_is(old: str, new: str, expected: str) -> None:
    assert refusal(old, new) == expected


DRAM = "{memory: dram, keep: [ifmap, filter, ofmap]}"


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ("[]", "4:8: there are no nodes\n  hint: begin with a memory and end with a compute"),
        (
            "[{compute: mac}]",
            "4:9: the first node is compute 'mac'; it must be the outermost memory, which keeps every tensor\n"
            "  hint: list the nodes from the outside in, beginning with the DRAM",
        ),
        (
            "[{fanout: row, X: 2}, {compute: mac}]",
            "4:9: the first node is fanout 'row'; it must be the outermost memory, which keeps every tensor\n"
            "  hint: list the nodes from the outside in, beginning with the DRAM",
        ),
        (
            f"[{DRAM}]",
            "4:9: the last node is memory 'dram'; it must be a compute\n  hint: end with '- compute: mac'",
        ),
        (
            f"[{DRAM}, {{compute: b}}, {{compute: c}}]",
            "4:55: compute 'b' is not the last node\n  hint: move it to the end",
        ),
        (
            f"[{DRAM}, {{memory: b, size: 40 b, keep: [ifmap, filter, ofmap]}}, {{compute: c}}]",
            "4:55: memory 'b' holds 40 b, too few for one 16-bit word of each tensor it keeps (48 b)\n"
            "  hint: make 'size' larger",
        ),
        (
            f"[{DRAM}, {{memory: b, size: 8 b, width: 8 b, keep: [ifmap]}}, {{compute: c}}]",
            "4:55: memory 'b' holds 8 b, too few for one 16-bit word (16 b)\n  hint: make 'size' larger",
        ),
    ],
)
def test_nodes_that_are_no_processor(nodes: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_hardware(f"assay: hardware/1\nname: x\nclock: 1 GHz\nnodes: {nodes}\n", "chip.yaml")
    assert str(caught.value) == f"chip.yaml:{expected}"


def test_a_table_of_ones_own_lies_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("assay: table/1\nname: mine\nsource: me\nvalues: {mac: 2 pJ, ram: 3 * mac}\n")
    chip = tmp_path / "chip.yaml"
    chip.write_text(
        CHIP.replace("variables:", "tables: [mine.yaml]\nvariables:").replace("energy: mac", "energy: mine.ram")
    )
    assert read_hardware(chip).compute.energy == 6e-12


def test_a_mistake_in_a_table_is_reported_in_the_table(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("assay: table/1\nname: mine\nsource: me\nvalues:\n  mac: 2 pj\n")
    chip = tmp_path / "chip.yaml"
    chip.write_text(CHIP.replace("variables:", "tables: [mine.yaml]\nvariables:"))
    with pytest.raises(InputError) as caught:
        read_hardware(chip)
    assert str(caught.value) == f"{tmp_path / 'mine.yaml'}:5:10: mac: unknown unit 'pj' in '2 pj'\n  hint: write pJ"
