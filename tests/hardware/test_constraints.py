"""Constraints in a hardware file: each is read, shown, and refused where no mapping can meet it."""

from dataclasses import fields
from typing import Any

import pytest

from assay.errors import InputError
from assay.hardware import ALL, Axis, Fanout, Hardware, Memory, parse_hardware
from assay.report.tree import render_hardware

CHIP = """\
assay: hardware/1
name: small
clock: 1 GHz
nodes:
  - {memory: dram, keep: [ifmap, filter, ofmap]}
  - memory: buffer
    keep: [ifmap, ofmap]
  - fanout: array
    X: {size: 14}
    Y: {size: 12, dims: [R, C]}
  - memory: spad
    keep: [filter]
    may_keep: [ofmap]
    loops: [S, C, M]
  - {compute: mac}
"""


def chip(*changes: tuple[str, str]) -> Hardware:
    text = CHIP
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return parse_hardware(text, "chip.yaml")


def refusal(*changes: tuple[str, str]) -> str:
    with pytest.raises(InputError) as caught:
        chip(*changes)
    return str(caught.value).removeprefix("chip.yaml:")


BUFFER = "    keep: [ifmap, ofmap]\n"
LOOPS = "    loops: [S, C, M]\n"
X, Y = "{size: 14}", "{size: 12, dims: [R, C]}"
ALL_OF_THEM = (
    (BUFFER, BUFFER + "    factors: {P: 2 * 2, Q: 1}\n    max_factors: {M: 8}\n    order: [M, C, P]\n"),
    (X, "{size: 14, dims: [M, P], factors: {P: 7}, max_factors: {M: 2}, order: [P, M]}"),
    (Y, "{size: 12, dims: [R, C], factors: {R: all}}\n    min_utilization: 3/4"),
    (LOOPS, LOOPS + "    factors: {S: all}\n    order: [C, S]\n    stationary: [filter, ofmap]\n"),
)


def test_nothing_is_constrained_unless_it_is_said() -> None:
    unsaid: dict[str, Any] = {"factors": (), "max_factors": (), "order": (), "stationary": (), "min_utilization": 0.0}
    plain = chip()
    for node in (*plain.nodes[:-1], *plain.fanouts[0].axes):
        for name in {field.name for field in fields(node)} & set(unsaid):
            assert getattr(node, name) == unsaid[name]
    assert plain.dataflow == ""


def test_every_constraint_arrives() -> None:
    read = chip(*ALL_OF_THEM)
    assert read.nodes[1:4] == (
        Memory(
            "buffer",
            keep=("ifmap", "ofmap"),
            factors=(("P", 4), ("Q", 1)),
            max_factors=(("M", 8),),
            order=("M", "C", "P"),
        ),
        Fanout(
            "array",
            (
                Axis("X", 14, ("M", "P"), (("P", 7),), (("M", 2),), ("P", "M")),
                Axis("Y", 12, ("R", "C"), (("R", ALL),)),
            ),
            min_utilization=0.75,
        ),
        Memory(
            "spad",
            keep=("filter",),
            may_keep=("ofmap",),
            loops=("S", "C", "M"),
            factors=(("S", ALL),),
            order=("C", "S"),
            stationary=("filter", "ofmap"),
        ),
    )
    assert hash(read) == hash(chip(*ALL_OF_THEM))


def test_the_tree_shows_them() -> None:
    shown = " ".join(render_hardware(chip(*ALL_OF_THEM)).replace("│", " ").split())
    assert "loops here: P 4, Q 1, M at most 8, order M C P (outermost first, others outside)" in shown
    assert "X M, P (P 7, M at most 2, order P M (outermost first, others outside)); Y R, C (R all)" in shown
    assert "min_utilization: at least 0.75 of the children get work" in shown
    assert "loops here: S all, order C S (outermost first, others outside)" in shown
    assert "stationary: filter, ofmap stays until all that is done with it is done" in shown


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            BUFFER,
            BUFFER + "    factors: 4\n",
            "8:14: factors: expected a number for each dimension, found '4'\n  hint: such as {C: 4, S: all}",
        ),
        (
            BUFFER,
            BUFFER + "    factors: {X: 4}\n",
            "8:15: unknown key 'X' in factors\n  hint: allowed: N, G, M, C, P, Q, R, S",
        ),
        (BUFFER, BUFFER + "    factors: {C: 0}\n", "8:18: C: expected a whole number of at least 1, found '0'"),
        (
            BUFFER,
            BUFFER + "    max_factors: {C: all}\n",
            "8:22: C: unknown name 'all' in 'all'\n  hint: known here: clock",
        ),
        (BUFFER, BUFFER + "    order: [C, C]\n", "8:16: order: 'C' is listed twice"),
        (
            BUFFER,
            BUFFER + "    stationary: [M]\n",
            "8:18: stationary: unknown 'M'\n  hint: allowed: ifmap, filter, ofmap",
        ),
        (Y, Y + "\n    min_utilization: 2", "11:22: min_utilization: expected a number from 0 to 1, found '2'"),
    ],
)
def test_a_mistake_is_reported_where_it_is(old: str, new: str, expected: str) -> None:
    assert refusal((old, new)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            [(BUFFER, BUFFER + "    factors: {C: 2}\n    max_factors: {C: 4}\n")],
            "6:5: memory 'buffer': C is in both factors and max_factors\n"
            "  hint: factors: exactly that; max_factors: at most that",
        ),
        (
            [(LOOPS, LOOPS + "    factors: {P: all}\n")],
            "11:5: memory 'spad': factors has P: all, but loops does not allow P\n"
            "  hint: add P to 'loops', or take it out of 'factors'",
        ),
        (
            [(Y, "{size: 12, dims: [R, C], factors: {M: 2}}")],
            "8:5: axis Y of fanout 'array': factors has M: 2, but dims does not allow M\n"
            "  hint: add M to 'dims', or take it out of 'factors'",
        ),
        (
            [(X, "{size: 14, factors: {M: 4, C: 4}}")],
            "8:5: axis X of fanout 'array': the factors multiply to 16, more than its 14 children\n"
            "  hint: make 'size' larger or a factor smaller",
        ),
        (
            [(BUFFER, BUFFER + "    factors: {C: 2}\n"), (Y, "{size: 12, dims: [R, C], factors: {C: all}}")],
            "9:5: memory 'buffer' has C: 2 and axis Y of fanout 'array' has C: all: all of C in one place leaves none"
            " for another\n  hint: take one of the two factors out",
        ),
        (
            [("ofmap]}", "ofmap], stationary: [filter]}")],
            "5:5: memory 'dram' is the outermost: its tiles are never replaced\n"
            "  hint: write 'stationary' at a memory further in",
        ),
        (
            [(LOOPS, LOOPS + "    stationary: [ifmap]\n")],
            "11:5: memory 'spad': ifmap is to be stationary, but is not kept there\n  hint: add ifmap to 'keep'",
        ),
        (
            [
                ("ofmap]}", "ofmap], factors: {P: 2}}"),
                (BUFFER, BUFFER + "    factors: {M: 2}\n"),
                (LOOPS, LOOPS + "    stationary: [filter]\n"),
            ],
            "12:5: memory 'spad': filter cannot be stationary, because the loop over P at 'dram' lies outside of that"
            " over M at 'buffer'\n  hint: filter depends on G, M, C, R, S only",
        ),
        (
            [
                (BUFFER, BUFFER + "    factors: {P: 2, M: 2}\n    order: [P, M]\n"),
                (LOOPS, LOOPS + "    stationary: [filter]\n"),
            ],
            "13:5: memory 'spad': filter cannot be stationary, because the loop over P at 'buffer' lies outside of that"
            " over M at 'buffer'\n  hint: filter depends on G, M, C, R, S only",
        ),
        (
            [
                (X, "{size: 14, dims: [M], factors: {M: 4}}"),
                (Y, "{size: 12, dims: [R, C], max_factors: {R: 3, C: 2}}\n    min_utilization: 0.5"),
            ],
            "8:5: fanout 'array': min_utilization is 0.5, but its dims and factors allow at most 24 of 168 children\n"
            "  hint: make 'min_utilization' smaller",
        ),
        (
            [(BUFFER, BUFFER + "    factors: {R: 3}\n"), (Y, Y + "\n    whole: [R]")],
            "9:5: fanout 'array': R must be whole there, but memory 'buffer' has R: 3\n"
            "  hint: take R out of one of them",
        ),
        (
            [(X, "{size: 14, dims: [M]}"), (Y, Y + "\n    whole: [Q]")],
            "8:5: fanout 'array': Q must be whole there, but neither it nor anything inside allows Q\n"
            "  hint: allow Q in 'loops' or 'dims' there, or take it out of 'whole'",
        ),
    ],
)
def test_what_no_mapping_can_meet(changes: list[tuple[str, str]], expected: str) -> None:
    assert refusal(*changes) == expected


@pytest.mark.parametrize(
    "changes",
    [
        [
            (BUFFER, BUFFER + "    factors: {M: 2, P: 2}\n    order: [M, P]\n"),
            (LOOPS, LOOPS + "    stationary: [filter]\n"),
        ],
        [(BUFFER, BUFFER + "    factors: {M: 2, P: 2}\n"), (LOOPS, LOOPS + "    stationary: [filter]\n")],
        [
            ("ofmap]}", "ofmap], factors: {M: 2}}"),
            (BUFFER, BUFFER + "    factors: {P: 2}\n"),
            (LOOPS, LOOPS + "    stationary: [filter]\n"),
        ],
        [(BUFFER, BUFFER + "    factors: {P: 1, M: 4}\n"), (LOOPS, LOOPS + "    factors: {P: 1, M: 4}\n")],
        [(BUFFER, BUFFER + "    factors: {R: 1}\n"), (Y, Y + "\n    whole: [R]\n    min_utilization: 1")],
    ],
)
def test_what_a_mapping_can_meet(changes: list[tuple[str, str]]) -> None:
    chip(*changes)
