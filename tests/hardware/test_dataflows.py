"""Named dataflows: what each adds to a chip, and which chips each is refused for."""

from dataclasses import replace
from pathlib import Path

import pytest

from assay.errors import InputError
from assay.hardware import (
    ALL,
    DATAFLOW_WORDS,
    DATAFLOWS,
    Axis,
    Hardware,
    Memory,
    apply_dataflow,
    load_hardware,
    parse_hardware,
)
from assay.hardware.vocabulary import DEPENDS_ON
from assay.report.tree import render_hardware
from assay.workload.einsum import convolution, matmul

CHIP = """\
assay: hardware/1
name: small
clock: 1 GHz
nodes:
  - {memory: dram, keep: [ifmap, filter, ofmap]}
  - {memory: buffer, keep: [ifmap, ofmap], may_keep: [filter]}
  - fanout: array
    X: 14
    Y: 12
  - memory: spad
    keep: [filter, ifmap]
    may_keep: [ofmap]
  - {memory: register, keep: [filter]}
  - {compute: mac}
"""
DOCS = Path(__file__).parents[2] / "docs" / "hardware.md"


def chip(*changes: tuple[str, str]) -> Hardware:
    text = CHIP
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return parse_hardware(text, "chip.yaml")


def refusal(name: str, *changes: tuple[str, str]) -> str:
    with pytest.raises(InputError) as caught:
        apply_dataflow(chip(*changes), name)
    return str(caught.value).removeprefix("chip.yaml:")


def memory(hardware: Hardware, name: str) -> Memory:
    return next(each for each in hardware.memories if each.name == name)


def test_the_dimensions_of_each_tensor_are_those_of_the_layers() -> None:
    layers = (
        convolution(n=2, g=2, m=2, c=2, p=2, q=2, r=2, s=2, stride=(1, 1), dilation=(1, 1)),
        matmul(g=2, n=2, m=2, c=2),
    )
    for einsum in layers:
        for tensor in einsum.tensors:
            assert set(tensor.dims) == set(DEPENDS_ON[tensor.name]) & set(einsum.extents)


@pytest.mark.parametrize(
    ("name", "tensor", "place", "dims"),
    [
        ("weight_stationary", "filter", "register", ("G", "M", "C", "R", "S")),
        ("output_stationary", "ofmap", "spad", ("N", "G", "M", "P", "Q")),
        ("input_stationary", "ifmap", "spad", ("N", "G", "C", "P", "Q", "R", "S")),
    ],
)
def test_a_tensor_stays_and_its_dimensions_are_spread(
    name: str, tensor: str, place: str, dims: tuple[str, ...]
) -> None:
    before, after = chip(), apply_dataflow(chip(), name)
    assert after.dataflow == name
    assert after.fanouts[0].axes == (Axis("X", 14, dims), Axis("Y", 12, dims))
    for each in after.memories:
        assert each.stationary == ((tensor,) if each.name == place else ())
    assert tensor in memory(after, place).keep
    assert tensor not in memory(after, place).may_keep
    plain = replace(memory(after, place), stationary=(), keep=(), may_keep=())
    assert plain == replace(memory(before, place), keep=(), may_keep=())


def test_row_stationary() -> None:
    after = apply_dataflow(chip(), "row_stationary")
    assert after.fanouts[0].axes == (
        Axis("X", 14, ("P", "M")),
        Axis("Y", 12, ("R", "C", "M", "P"), factors=(("R", ALL),)),
    )
    assert after.fanouts[0].whole == ("R", "S")
    assert [each.loops for each in after.memories] == [None, None, ("S", "C", "M"), ("S", "C", "M")]


def test_row_stationary_takes_the_axis_that_can_hold_rows() -> None:
    after = apply_dataflow(
        chip(("X: 14", "X: {size: 14, dims: [R, Q, M]}"), ("Y: 12", "Y: {size: 12, dims: [M, N]}")), "rs"
    )
    assert after.fanouts[0].axes == (
        Axis("X", 14, ("R", "M"), factors=(("R", ALL),)),
        Axis("Y", 12, ("M",)),
    )


def test_eyeriss_is_row_stationary_as_it_is() -> None:
    before = load_hardware("eyeriss")
    after = apply_dataflow(before, "row_stationary")
    x, y = before.fanouts[0].axes
    fanout = replace(before.fanouts[0], axes=(x, replace(y, factors=(("R", ALL),))))
    assert after == replace(before, nodes=(*before.nodes[:2], fanout, *before.nodes[3:]), dataflow="row_stationary")


def test_no_local_reuse() -> None:
    after = apply_dataflow(chip(), "no_local_reuse")
    assert [(each.keep, each.may_keep, each.loops) for each in after.memories[2:]] == [((), (), ())] * 2
    assert after.nodes[:2] == chip().nodes[:2]
    assert {axis.dims for axis in after.fanouts[0].axes} == {("G", "M", "C", "R", "S")}


def test_the_array_may_be_two_fanouts_with_nothing_kept_between_them() -> None:
    outer = "  - {fanout: chips, Z: 2}\n  - {memory: buffer"
    text = CHIP.replace("  - {memory: buffer", outer)
    before = parse_hardware(
        text.replace("    Y: 12\n", "  - {memory: none, keep: [ifmap]}\n  - {fanout: rows, Y: 12}\n")
    )
    empty = replace(before.memories[2], keep=())
    before = replace(before, nodes=tuple(empty if node.name == "none" else node for node in before.nodes))
    after = apply_dataflow(before, "os")
    assert [axis.dims for fanout in after.fanouts for axis in fanout.axes] == [None, *[("N", "G", "M", "P", "Q")] * 2]
    rows = apply_dataflow(before, "rs")
    assert [fanout.whole for fanout in rows.fanouts] == [(), ("R", "S"), ()]
    assert [axis.factors for fanout in rows.fanouts for axis in fanout.axes] == [(), (), (("R", ALL),)]


@pytest.mark.parametrize("word", DATAFLOW_WORDS)
def test_a_file_may_name_it(word: str) -> None:
    read = chip(("clock: 1 GHz", f"clock: 1 GHz\ndataflow: {word}"))
    assert read == apply_dataflow(chip(), word)
    assert apply_dataflow(read, read.dataflow) is read
    shown = " ".join(render_hardware(read).split())
    assert f"Dataflow: {read.dataflow.replace('_', ' ')}" in shown


def test_constraints_of_the_file_are_narrowed() -> None:
    after = apply_dataflow(chip(("X: 14", "X: {size: 14, dims: [P, M], max_factors: {M: 4}}")), "ws")
    assert after.fanouts[0].axes[0] == Axis("X", 14, ("M",), max_factors=(("M", 4),))


FILE = "clock: 1 GHz"


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        (
            "weight-stationary",
            [],
            "there is no dataflow 'weight-stationary'\n  hint: did you mean 'weight_stationary'? (dataflows:"
            " weight_stationary, output_stationary, input_stationary, row_stationary, no_local_reuse, ws, os, is, rs,"
            " nlr)",
        ),
        (
            "os",
            [(FILE, FILE + "\ndataflow: ws")],
            "small is weight stationary already; it cannot be output stationary too\n"
            "  hint: take one of the two dataflows out",
        ),
        (
            "nlr",
            [("  - fanout: array\n    X: 14\n    Y: 12\n", "")],
            "11:5: dataflow no_local_reuse needs an array of processing elements; small has no fanout\n"
            "  hint: add a fanout before the compute",
        ),
        (
            "output_stationary",
            [("    may_keep: [ofmap]\n", "")],
            "7:5: dataflow output_stationary needs a memory for ofmap in the processing elements, inside fanout"
            " 'array'\n"
            "  hint: add a memory with 'keep: [ofmap]' after it",
        ),
        (
            "rs",
            [("    keep: [filter, ifmap]\n    may_keep: [ofmap]\n", "    keep: [filter]\n")],
            "7:5: dataflow row_stationary needs a memory for ifmap and ofmap in the processing elements, inside fanout"
            " 'array'\n  hint: add a memory with 'keep: [ifmap, ofmap]' after it",
        ),
        (
            "ws",
            [("X: 14", "X: {size: 14, dims: [P, Q]}")],
            "7:5: axis X of fanout 'array' allows P, Q only; dataflow weight_stationary allows G, M, C, R, S there\n"
            "  hint: give it a dimension of both, or choose another dataflow",
        ),
        (
            "ws",
            [("X: 14", "X: {size: 14, factors: {P: 2}}")],
            "7:5: dataflow weight_stationary contradicts a constraint of the hardware: axis X of fanout 'array':"
            " factors has P: 2, but dims does not allow P\n  hint: take the constraint out, or choose another dataflow",
        ),
        (
            "rs",
            [("X: 14", "X: {size: 14, dims: [P]}"), ("Y: 12", "Y: {size: 12, dims: [M]}")],
            "7:5: dataflow row_stationary lays R along an axis of the array, and none of them allows R\n"
            "  hint: add R to the 'dims' of an axis",
        ),
        (
            "rs",
            [("Y: 12", "Y: {size: 12, factors: {R: 3}}")],
            "7:5: axis Y of fanout 'array': factors has R: 3; dataflow row_stationary needs all of R\n"
            "  hint: take R out of 'factors'",
        ),
        (
            "rs",
            [("may_keep: [ofmap]\n", "may_keep: [ofmap]\n    loops: [Q]\n")],
            "10:5: memory 'spad' allows Q only; dataflow row_stationary allows S, C, M there\n"
            "  hint: give it a dimension of both, or choose another dataflow",
        ),
        (
            "rs",
            [("may_keep: [filter]}", "may_keep: [filter], factors: {R: 3}}")],
            "7:5: dataflow row_stationary contradicts a constraint of the hardware: memory 'buffer' has R: 3 and axis Y"
            " of fanout 'array' has R: all: all of R in one place leaves none for another\n"
            "  hint: take the constraint out, or choose another dataflow",
        ),
        (
            "nlr",
            [("may_keep: [ofmap]\n", "may_keep: [ofmap]\n    stationary: [filter]\n")],
            "10:5: memory 'spad' has 'stationary'; in dataflow no_local_reuse it keeps nothing\n"
            "  hint: take 'stationary' out, or choose another dataflow",
        ),
    ],
)
def test_what_cannot_be(name: str, changes: list[tuple[str, str]], expected: str) -> None:
    assert refusal(name, *changes) == expected


def test_the_file_says_where_its_dataflow_is() -> None:
    with pytest.raises(InputError) as caught:
        chip((FILE, FILE + "\ndataflow: weight_stationery"))
    message = (
        "chip.yaml:4:11: dataflow: unknown 'weight_stationery'\n  hint: did you mean 'weight_stationary'? (allowed: "
    )
    assert str(caught.value).startswith(message)


def test_other_names_of_tensors() -> None:
    hardware = chip()
    other = replace(hardware, nodes=(replace(hardware.memories[0], keep=("A", "B", "C")), *hardware.nodes[1:]))
    with pytest.raises(InputError, match="dataflows need tensors called ifmap, filter, ofmap; small has others"):
        apply_dataflow(other, "ws")


def test_the_documentation_has_each() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for each in DATAFLOWS:
        row = next(line for line in text.splitlines() if line.startswith(f"| `{each.name}` | `{each.alias}` |"))
        assert f"[{', '.join(each.spread)}]" in row
        for listed in (each.rows, each.whole, each.inside):
            assert not listed or f"[{', '.join(listed)}]" in row
        assert not each.stationary or f"stationary: [{each.stationary}]" in row
