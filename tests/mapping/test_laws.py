"""Laws that the counts of every mapping keep, whatever the mapping: conservation of words, symmetry, scaling."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping as Dict
from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assay.hardware.model import Fanout, Halo, Hardware, Memory, Multicast
from assay.mapping.analysis import analyse
from assay.mapping.counts import Action, Analysis
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Tensor
from tests.strategies import Case, cases

READ, FILL, UPDATE = Action.READ, Action.FILL, Action.UPDATE
TRANSFER, REDUCE, COMPUTE = Action.TRANSFER, Action.REDUCE, Action.COMPUTE

Table = Dict[tuple[str, str | None, Action], int]

some = settings()  # of the profile: 100 examples, 2000 with `make test-long`


def all_cases() -> st.SearchStrategy[Case]:
    return st.booleans().flatmap(lambda perfect: cases(perfect=perfect))


def table(result: Analysis) -> Table:
    return {(c.component, c.tensor, c.action): c.count for c in result.counts}


def counting(hardware: Hardware, **changes: bool | Halo) -> Hardware:
    """The hardware with other conventions of counting."""
    return replace(hardware, counting=replace(hardware.counting, **changes))  # type: ignore[arg-type]


def without_links(hardware: Hardware) -> Hardware:
    nodes = (replace(node, links=False) if isinstance(node, Fanout) else node for node in hardware.nodes)
    return replace(hardware, nodes=tuple(nodes))


def pairs(hardware: Hardware, mapping: Mapping, tensor: Tensor) -> list[tuple[Memory, list[Fanout], Memory | None]]:
    """Each memory that keeps the tensor, the next one below (None: the compute), and the fanouts between them."""
    keepers = [n for n, level in enumerate(mapping.levels) if n == 0 or tensor.name in level.keep]
    found = []
    for parent, child in itertools.pairwise([*keepers, len(mapping.levels)]):
        above, below = hardware.nodes[parent], hardware.nodes[child]
        assert isinstance(above, Memory)
        between = [node for node in hardware.nodes[parent:child] if isinstance(node, Fanout)]
        found.append((above, between, below if isinstance(below, Memory) else None))
    return found


def sent_up(case: Case, memory: Memory) -> int:
    """The partial sums that leave the memory upward: what `drain_reads` adds to its reads."""
    einsum, hardware, mapping = case
    counted, plain = (
        analyse(einsum, counting(hardware, drain_reads=drain), mapping).count(memory.name, einsum.output.name, READ)
        for drain in (True, False)
    )
    return counted - plain


# Conservation


@some
@given(all_cases())
def test_counts_are_whole_and_every_product_is_computed_once(case: Case) -> None:
    einsum, hardware, mapping = case
    result = analyse(einsum, hardware, mapping)
    assert all(type(c.count) is int and c.count > 0 for c in result.counts)
    assert all(type(o.words) is int and o.words > 0 for o in result.occupancy)
    assert result.count(hardware.compute.name, None, COMPUTE) == einsum.macs
    assert result.steps * result.active_pes >= einsum.macs
    outermost = hardware.nodes[0].name
    assert all(result.count(outermost, tensor.name, FILL) == 0 for tensor in einsum.tensors)
    assert all(result.count(memory.name, t.name, UPDATE) == 0 for memory in hardware.memories for t in einsum.inputs)
    assert result.count(outermost, einsum.output.name, UPDATE) >= einsum.words(einsum.output)
    assert all(result.count(outermost, tensor.name, READ) >= einsum.words(tensor) for tensor in einsum.inputs)


@some
@given(all_cases())
def test_a_tile_is_no_larger_than_the_tile_around_it(case: Case) -> None:
    einsum, hardware, mapping = case
    held = {(o.component, o.tensor): o.words for o in analyse(einsum, hardware, mapping).occupancy}
    exact = analyse(einsum, counting(hardware, halo=Halo.EXACT), mapping).occupancy
    assert all(o.words <= held[o.component, o.tensor] for o in exact)
    for tensor in einsum.tensors:
        for parent, _, child in pairs(hardware, mapping, tensor):
            assert child is None or held[child.name, tensor.name] <= held[parent.name, tensor.name]


@some
@given(all_cases())
def test_words_that_come_in_were_read_above(case: Case) -> None:
    einsum, hardware, mapping = case
    result = analyse(einsum, without_links(hardware), mapping)
    for tensor in einsum.inputs:
        for parent, between, child in pairs(hardware, mapping, tensor):
            reads = result.count(parent.name, tensor.name, READ)
            delivered = result.count(between[-1].name, tensor.name, TRANSFER) if between else reads
            assert reads <= delivered <= reads * math.prod(fanout.children for fanout in between)
            if all(fanout.multicast is Multicast.NONE for fanout in between):
                assert reads == delivered
            if child:
                assert delivered == result.count(child.name, tensor.name, FILL)
            elif not hardware.compute.latch:
                assert delivered == einsum.macs
            else:
                assert delivered <= einsum.macs


@some
@given(cases(perfect=True, linked=True), st.data())
def test_links_take_reads_from_the_parent_to_the_neighbours(case: Case, data: st.DataObject) -> None:
    einsum, hardware, mapping = case
    fanout = data.draw(st.sampled_from([fanout for fanout in hardware.fanouts if fanout.links]))
    apart = without_links(hardware)
    nodes = [fanout if node.name == fanout.name else node for node in apart.nodes]
    without, result = analyse(einsum, apart, mapping), analyse(einsum, replace(apart, nodes=tuple(nodes)), mapping)
    more = {key: n - table(without)[key] for key, n in table(result).items()}
    below = nodes[nodes.index(fanout) + 1]
    for tensor in einsum.inputs:
        for parent, between, child in pairs(hardware, mapping, tensor):
            if child and child is below and len(between) == 1:
                passed, saved = (more.pop((name, tensor.name, READ), 0) for name in (child.name, parent.name))
                assert 0 <= -saved <= passed
                assert passed == -saved or fanout.multicast is Multicast.TILE
                assert bool(passed) == bool(saved)
            elif child and child is below:
                for memory in (parent, child):
                    more.pop((memory.name, tensor.name, READ), 0)
                for outer in between[:-1]:
                    more.pop((outer.name, tensor.name, TRANSFER), 0)
    assert not any(more.values())
    assert table(result).keys() == table(without).keys()


@some
@given(all_cases())
def test_every_partial_sum_that_goes_up_is_added_or_arrives(case: Case) -> None:
    einsum, hardware, mapping = case
    result, output = analyse(einsum, hardware, mapping), einsum.output
    for parent, between, child in pairs(hardware, mapping, output):
        sent = sent_up(case, child) if child else einsum.macs
        added = sum(result.count(fanout.name, output.name, REDUCE) for fanout in between)
        assert sent == result.count(parent.name, output.name, UPDATE) + added
        back = result.count(child.name, output.name, FILL) if child else 0
        assert back <= sent
        if between:
            assert result.count(between[-1].name, output.name, TRANSFER) == sent + back


@some
@given(all_cases())
def test_every_partial_sum_that_comes_back_was_read_above(case: Case) -> None:
    einsum, hardware, mapping = case
    chip, output = counting(hardware, drain_reads=False), einsum.output
    result = analyse(einsum, chip, mapping)
    for parent, between, child in pairs(hardware, mapping, output):
        reads, updates = (result.count(parent.name, output.name, action) for action in (READ, UPDATE))
        if child is None:
            assert reads == updates if chip.counting.first_reads else reads < updates
        elif chip.counting.refill_all:
            back = result.count(child.name, output.name, FILL)
            assert reads <= back <= reads * math.prod(fanout.children for fanout in between)
        else:
            assert reads == result.count(child.name, output.name, FILL)


@some
@given(cases(perfect=True))
def test_a_partial_sum_goes_up_as_often_as_its_residency_ends(case: Case) -> None:
    # Once per word; once more per round of each loop that adds to the words around a loop that changes them; and
    # once for each child that adds to the same word.
    einsum, hardware, mapping = case
    output = einsum.output
    chip = counting(hardware, first_reads=True, refill_all=True)
    for _, _, child in pairs(hardware, mapping, output):
        if child is None:
            continue
        above = mapping.levels[: [level.node for level in mapping.levels].index(child.name)]
        times, changed = 1, False
        for loop in (loop for level in reversed(above) for loop in reversed(level.loops) if loop.bound > 1):
            if loop.axis is None and loop.dim in output.dims:
                changed = True
            elif loop.dim not in output.dims and (changed or loop.axis):
                times *= loop.bound
        assert sent_up(case, child) == einsum.words(output) * times
        # Where every residency begins with a fetch, as many words come down.
        assert analyse(einsum, chip, mapping).count(child.name, output.name, FILL) == einsum.words(output) * times


# Conventions


@some
@given(all_cases(), st.sampled_from(("first_reads", "drain_reads", "whole_accesses")))
def test_conventions_of_partial_sums_change_nothing_else(case: Case, name: str) -> None:
    einsum, hardware, mapping = case
    off, on = (table(analyse(einsum, counting(hardware, **{name: value}), mapping)) for value in (False, True))
    kinds = {
        "first_reads": (READ, FILL, TRANSFER),
        "drain_reads": (READ,),
        "whole_accesses": (),
    }[name]
    for key in off.keys() | on.keys():
        assert on.get(key, 0) >= off.get(key, 0)
        if key[1] != einsum.output.name or key[2] not in kinds:
            assert on.get(key) == off.get(key)


@some
@given(all_cases())
def test_a_latch_saves_reads_of_operands_only(case: Case) -> None:
    einsum, hardware, mapping = case
    without, latched = (
        table(analyse(einsum, replace(hardware, nodes=(*hardware.nodes[:-1], compute)), mapping))
        for compute in (replace(hardware.compute, latch=False), replace(hardware.compute, latch=True))
    )
    for (component, tensor, action), count in without.items():
        kept = latched[component, tensor, action]
        assert kept == count or (kept < count and tensor != einsum.output.name and action in (READ, TRANSFER))
    assert latched.keys() == without.keys()


# Symmetry


@some
@given(all_cases(), st.data())
def test_loops_of_one_round_change_nothing(case: Case, data: st.DataObject) -> None:
    einsum, hardware, mapping = case
    bare = [replace(level, loops=tuple(loop for loop in level.loops if loop.bound > 1)) for level in mapping.levels]
    at = data.draw(st.sampled_from(range(len(bare))))
    node, loops = hardware.nodes[at], list(bare[at].loops)
    axis = data.draw(st.sampled_from(node.axes)).name if isinstance(node, Fanout) else None
    dim = data.draw(st.sampled_from([dim for dim, _ in einsum.dims]))
    loops.insert(data.draw(st.integers(0, len(loops))), Loop(dim, 1, axis))
    more = [*bare[:at], replace(bare[at], loops=tuple(loops)), *bare[at + 1 :]]
    result = analyse(einsum, hardware, mapping)
    assert analyse(einsum, hardware, Mapping(tuple(bare))) == result
    assert analyse(einsum, hardware, Mapping(tuple(more))) == result


@some
@given(all_cases())
def test_without_links_it_does_not_matter_along_which_axis_a_loop_lies(case: Case) -> None:
    einsum, hardware, mapping = case
    chip = without_links(hardware)
    nodes = [
        replace(node, axes=tuple(replace(axis, size=10_000) for axis in node.axes))
        if isinstance(node, Fanout)
        else node
        for node in chip.nodes
    ]
    wide = replace(chip, nodes=tuple(nodes))
    turned = {"X": "Y", "Y": "Z", "Z": "X", None: None}
    levels = [
        replace(level, loops=tuple(replace(loop, axis=turned[loop.axis]) for loop in level.loops))
        for level in mapping.levels
    ]
    assert table(analyse(einsum, wide, Mapping(tuple(levels)))) == table(analyse(einsum, wide, mapping))


@some
@given(all_cases(), st.data())
def test_a_memory_with_the_tile_of_the_one_below_lets_the_same_words_through(case: Case, data: st.DataObject) -> None:
    einsum, hardware, mapping = case
    spots = [n for n, node in enumerate(hardware.nodes) if n and isinstance(node, Memory)]
    at = data.draw(st.sampled_from(spots))
    below = mapping.levels[at]
    keep = below.keep
    if not any(fanout.links for fanout in hardware.fanouts):
        keep = tuple(name for name in keep if data.draw(st.booleans()))
    extra = Memory("extra", may_keep=tuple(tensor.name for tensor in einsum.tensors))
    chip = replace(hardware, nodes=(*hardware.nodes[:at], extra, *hardware.nodes[at:]))
    longer = Mapping((*mapping.levels[:at], Level("extra", (), keep), *mapping.levels[at:]))
    before, after = table(analyse(einsum, hardware, mapping)), table(analyse(einsum, chip, longer))
    moved = {below.node, "extra"}
    assert {k: n for k, n in after.items() if k[0] not in moved} == {
        k: n for k, n in before.items() if k[0] not in moved
    }
    for name in keep:
        old, inner, outer = (
            {action: counts.get((node, name, action), 0) for action in (READ, FILL, UPDATE)}
            for counts, node in ((before, below.node), (after, below.node), (after, "extra"))
        )
        assert outer[FILL] == old[FILL]
        if name != einsum.output.name or not hardware.counting.first_reads:
            assert inner[FILL] == old[FILL]  # else every child that adds to a word reads it first, not one of them
        assert inner[UPDATE] == old[UPDATE]
        drained = outer[UPDATE] if hardware.counting.drain_reads else 0
        assert outer[READ] + inner[READ] == old[READ] + inner[FILL] + drained


# Scaling


@some
@given(all_cases())
def test_twice_the_images_outermost_double_what_differs_between_images(case: Case) -> None:
    einsum, hardware, mapping = case
    assume(mapping.factor("N") == einsum.extents["N"])
    twice = replace(einsum, dims=tuple((dim, extent * (1 + (dim == "N"))) for dim, extent in einsum.dims))
    first = mapping.levels[0]
    longer = Mapping((replace(first, loops=(Loop("N", 2), *first.loops)), *mapping.levels[1:]))
    one, two = analyse(einsum, hardware, mapping), analyse(twice, hardware, longer)
    assert two.steps == 2 * one.steps
    assert two.active == one.active
    counts = table(two)
    for (component, tensor, action), count in table(one).items():
        if tensor == "filter":
            assert action not in (FILL, UPDATE) or counts[component, tensor, action] <= 2 * count
        else:
            assert counts[component, tensor, action] == 2 * count
    assert counts.keys() == table(one).keys()
