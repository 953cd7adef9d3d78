"""The oracle against cases small enough to count by hand; the comments show the counting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.hardware.model import Axis, Compute, Counting, Fanout, Halo, Hardware, Memory, Multicast, Node
from assay.mapping.counts import Action
from assay.mapping.mapping import Level, Loop, Mapping
from assay.workload.einsum import Einsum, convolution, matmul
from tests.oracle import Result, simulate
from tests.strategies import Case, cases

ALL = ("ifmap", "filter", "ofmap")
READ, FILL, UPDATE = Action.READ, Action.FILL, Action.UPDATE
TRANSFER, REDUCE, COMPUTE = Action.TRANSFER, Action.REDUCE, Action.COMPUTE


PLAIN = Counting()


def hardware(*nodes: Node, counting: Counting = PLAIN, latch: bool = False) -> Hardware:
    return Hardware("test", (*nodes, Compute("mac", latch=latch)), clock=1e9, counting=counting)


def row(size: int, *, multicast: Multicast = Multicast.WORD, reduces: bool = True, links: bool = False) -> Fanout:
    return Fanout("row", (Axis("X", size),), multicast=multicast, reduces=reduces, links=links)


def loops(text: str, axis: str | None = None) -> tuple[Loop, ...]:
    """`"M3 N2"`: two loops, the outer one first."""
    return tuple(Loop(part[0], int(part[1:]), axis) for part in text.split())


def counts(result: Result, component: str, tensor: str | None) -> dict[Action, int]:
    return {action: n for (c, t, action), n in result.counts.items() if (c, t) == (component, tensor)}


DRAM = Memory("dram", keep=ALL)
BUFFER = Memory("buffer", may_keep=ALL)
REG = Memory("reg", may_keep=ALL)


def two_levels(
    einsum: Einsum,
    outer: str,
    inner: str,
    keep: tuple[str, ...] = ALL,
    counting: Counting = PLAIN,
    latch: bool = False,
) -> Result:
    mapping = Mapping((Level("dram", loops(outer), ALL), Level("buffer", loops(inner), keep)))
    return simulate(einsum, hardware(DRAM, BUFFER, counting=counting, latch=latch), mapping)


def spatial(
    einsum: Einsum,
    fanout: Fanout,
    outer: str,
    across: str,
    inner: str = "",
    counting: Counting = PLAIN,
    latch: bool = False,
) -> Result:
    """DRAM, a fanout, and below it registers that keep everything."""
    mapping = Mapping(
        (Level("dram", loops(outer), ALL), Level("row", loops(across, "X")), Level("reg", loops(inner), ALL))
    )
    return simulate(einsum, hardware(DRAM, fanout, REG, counting=counting, latch=latch), mapping)


def test_matrix_product_column_by_column() -> None:
    result = two_levels(matmul(n=2, m=3, c=4), "M3", "N2 C4")
    assert result.counts == {
        ("dram", "ifmap", READ): 8,  # the left matrix stays
        ("dram", "filter", READ): 12,
        ("dram", "ofmap", UPDATE): 6,
        ("buffer", "ifmap", FILL): 8,
        ("buffer", "ifmap", READ): 24,
        ("buffer", "filter", FILL): 12,
        ("buffer", "filter", READ): 24,
        ("buffer", "ofmap", UPDATE): 24,
        ("buffer", "ofmap", READ): 18,  # the first product of each of 6 words needs none
        ("mac", None, COMPUTE): 24,
    }
    assert result.occupancy == {
        ("dram", "ifmap"): 8,
        ("dram", "filter"): 12,
        ("dram", "ofmap"): 6,
        ("buffer", "ifmap"): 8,
        ("buffer", "filter"): 4,
        ("buffer", "ofmap"): 2,
    }
    assert (result.steps, result.active_pes) == (24, 1)


def test_partial_sums_spill_and_come_back() -> None:
    # Steps of the buffer: (c0,n0) (c0,n1) (c1,n0) (c1,n1), 3 output words each; the last two come back.
    result = two_levels(matmul(n=2, m=3, c=4), "C2 N2", "M3 C2")
    assert counts(result, "dram", "ofmap") == {UPDATE: 12, READ: 6}
    assert counts(result, "buffer", "ofmap") == {FILL: 6, UPDATE: 24, READ: 18}
    assert result.count("buffer", "ifmap", FILL) == 8
    assert result.count("buffer", "filter", FILL) == 12  # changes with c only


def test_a_loop_over_other_dimensions_does_not_end_a_residency() -> None:
    result = two_levels(matmul(n=2, m=3, c=4), "N2 C4", "M3")
    assert counts(result, "dram", "ofmap") == {UPDATE: 6}


def test_a_middle_memory_gives_back_what_it_got() -> None:
    nodes = hardware(DRAM, BUFFER, REG)
    levels = (Level("dram", loops("C2"), ALL), Level("buffer", loops("M2"), ALL), Level("reg", loops("C2"), ALL))
    result = simulate(matmul(n=1, m=2, c=4), nodes, Mapping(levels))
    # The registers hold one word at (c0,m0) (c0,m1) (c1,m0) (c1,m1); the buffer holds both all the time.
    assert counts(result, "dram", "ofmap") == {UPDATE: 2}
    assert counts(result, "buffer", "ofmap") == {UPDATE: 4, READ: 2}
    assert counts(result, "reg", "ofmap") == {FILL: 2, UPDATE: 8, READ: 6}


def test_partial_sums_come_back_through_two_memories() -> None:
    nodes = hardware(DRAM, BUFFER, REG)
    levels = (Level("dram", loops("C2 M2"), ALL), Level("buffer", keep=ALL), Level("reg", loops("C2"), ALL))
    result = simulate(matmul(n=1, m=2, c=4), nodes, Mapping(levels))
    assert counts(result, "dram", "ofmap") == {UPDATE: 4, READ: 2}
    assert counts(result, "buffer", "ofmap") == {UPDATE: 4, FILL: 2, READ: 2}
    assert counts(result, "reg", "ofmap") == {UPDATE: 8, FILL: 2, READ: 6}


def test_bypassing_words_come_from_further_out() -> None:
    result = two_levels(matmul(n=2, m=3, c=4), "M3", "N2 C4", keep=("ifmap", "ofmap"))
    assert counts(result, "dram", "filter") == {READ: 24}
    assert counts(result, "buffer", "filter") == {}
    assert ("buffer", "filter") not in result.occupancy


def test_bypassing_partial_sums_are_added_further_out() -> None:
    result = two_levels(matmul(n=2, m=3, c=4), "M3", "N2 C4", keep=("ifmap", "filter"))
    assert counts(result, "dram", "ofmap") == {UPDATE: 24, READ: 18}


@pytest.mark.parametrize(
    ("p", "r", "stride", "dilation", "fills"),
    [
        (4, 3, 1, 1, 3 + 1 + 1 + 1),  # {0,1,2} {1,2,3} ...
        (3, 3, 2, 1, 3 + 2 + 2),  # {0,1,2} {2,3,4} {4,5,6}
        (3, 2, 1, 2, 2 + 2 + 2),  # {0,2} {1,3} {2,4}: word 2 is fetched twice
        (3, 2, 3, 1, 2 + 2 + 2),  # {0,1} {3,4} {6,7}: words 2 and 5 are never touched
    ],
)
def test_a_sliding_window_fetches_what_is_new(p: int, r: int, stride: int, dilation: int, fills: int) -> None:
    einsum = convolution(p=p, r=r, stride=(stride, 1), dilation=(dilation, 1))
    result = two_levels(einsum, f"P{p}", f"R{r}")
    assert counts(result, "dram", "ifmap") == {READ: fills}
    assert counts(result, "buffer", "ifmap") == {FILL: fills, READ: p * r}
    assert counts(result, "buffer", "filter") == {FILL: r, READ: p * r}


def test_columns_reduce_partial_sums_on_the_way_up() -> None:
    result = spatial(matmul(n=1, m=2, c=4), row(4), "M2", "C4")
    assert counts(result, "row", "ofmap") == {TRANSFER: 8, REDUCE: 6}
    assert counts(result, "dram", "ofmap") == {UPDATE: 2}
    assert counts(result, "reg", "ofmap") == {UPDATE: 8}
    assert counts(result, "reg", "ifmap") == {FILL: 4, READ: 8}
    assert (result.steps, result.active_pes) == (2, 4)


def test_columns_that_cannot_reduce_send_every_partial_sum() -> None:
    result = spatial(matmul(n=1, m=2, c=4), row(4, reduces=False), "M2", "C4")
    assert counts(result, "row", "ofmap") == {TRANSFER: 8}
    assert counts(result, "dram", "ofmap") == {UPDATE: 8}


@pytest.mark.parametrize("reduces", [True, False])
def test_one_of_the_columns_that_share_a_word_gets_the_partial_sum(reduces: bool) -> None:
    # Steps: (c0,n0) (c0,n1) (c1,n0) (c1,n1); two columns drain in each; one is refilled in each of the last two.
    result = spatial(matmul(n=2, m=1, c=4), row(2, reduces=reduces), "C2 N2", "C2")
    assert result.count("dram", "ofmap", READ) == 2
    assert result.count("dram", "ofmap", UPDATE) == (4 if reduces else 8)
    assert result.count("row", "ofmap", TRANSFER) == 8 + 2
    assert result.count("row", "ofmap", REDUCE) == (4 if reduces else 0)
    assert counts(result, "reg", "ofmap") == {FILL: 2, UPDATE: 8, READ: 2}


@pytest.mark.parametrize(
    ("reduces", "expected"), [(True, {UPDATE: 4, READ: 2}), (False, {UPDATE: 8, READ: 1 + 1 + 2 + 2})]
)
def test_products_of_one_step_meet_below_the_buffer(reduces: bool, expected: dict[Action, int]) -> None:
    # Steps (c0,m0) (c0,m1) (c1,m0) (c1,m1): two products of one word in each.
    nodes = hardware(DRAM, BUFFER, row(2, reduces=reduces))
    levels = (Level("dram", keep=ALL), Level("buffer", loops("C2 M2"), ALL), Level("row", loops("C2", "X")))
    result = simulate(matmul(n=1, m=2, c=4), nodes, Mapping(levels))
    assert counts(result, "buffer", "ofmap") == expected
    assert counts(result, "row", "ofmap") == {TRANSFER: 8} | ({REDUCE: 4} if reduces else {})


@pytest.mark.parametrize(
    ("multicast", "ifmap", "weights"), [(Multicast.WORD, 3, 2), (Multicast.TILE, 4, 2), (Multicast.NONE, 4, 4)]
)
def test_multicast_shares_reads(multicast: Multicast, ifmap: int, weights: int) -> None:
    # Two children: ifmap {0,1} and {1,2}, filter {0,1} twice.
    result = spatial(convolution(p=2, r=2), row(2, multicast=multicast), "", "P2", "R2")
    assert counts(result, "dram", "ifmap") == {READ: ifmap}
    assert counts(result, "dram", "filter") == {READ: weights}
    assert counts(result, "row", "ifmap") == {TRANSFER: 4}
    assert counts(result, "row", "filter") == {TRANSFER: 4}


@pytest.mark.parametrize("outer", ["Q2 R2", "R2 Q2"])
@pytest.mark.parametrize("multicast", [Multicast.WORD, Multicast.TILE])
def test_children_share_by_what_they_need_not_by_where_they_are(outer: str, multicast: Multicast) -> None:
    # Child (q, s) needs column 2q + 2s, which several others need too; every column is new to each child each time.
    # Q = 0, 1, 2: columns 0 2 4 6 8. Q = 3, on three children alone: columns 6 8 10. R = 0, 1, 2: 3 rows. R = 3: one.
    einsum = convolution(q=4, r=4, s=3, stride=(2, 2), dilation=(1, 2))
    result = spatial(einsum, row(9, multicast=multicast), outer, "Q3 S3", "R3")
    assert counts(result, "dram", "ifmap") == {READ: (5 + 3) * (3 + 1)}
    assert result.count("reg", "ifmap", FILL) == (9 + 3) * (3 + 1)


@pytest.mark.parametrize(
    ("outer", "inner", "ifmap", "weights", "transfers"),
    [
        (Multicast.WORD, Multicast.WORD, 3, 2, 2),
        (Multicast.TILE, Multicast.NONE, 4, 2, 4),  # the groups ask for 0 and 1, 1 and 2: not the same
        (Multicast.TILE, Multicast.WORD, 4, 2, 2),  # the groups ask for {0,1} and {1,2}
        (Multicast.NONE, Multicast.TILE, 4, 2, 2),
        (Multicast.NONE, Multicast.NONE, 4, 4, 4),
    ],
)
def test_requests_meet_fanout_by_fanout(
    outer: Multicast, inner: Multicast, ifmap: int, weights: int, transfers: int
) -> None:
    # Group r, row p: the rows ask for the ifmap words 0 1 | 1 2 and for the filter words 0 0 | 1 1.
    groups = Fanout("groups", (Axis("X", 2),), multicast=outer)
    rows = Fanout("rows", (Axis("X", 2),), multicast=inner)
    levels = (
        Level("dram", keep=ALL),
        Level("groups", loops("R2", "X")),
        Level("rows", loops("P2", "X")),
        Level("reg", keep=ALL),
    )
    result = simulate(convolution(p=2, r=2), hardware(DRAM, groups, rows, REG), Mapping(levels))
    assert counts(result, "dram", "ifmap") == {READ: ifmap}
    assert counts(result, "dram", "filter") == {READ: weights}
    assert counts(result, "groups", "filter") == {TRANSFER: transfers}
    assert counts(result, "rows", "filter") == {TRANSFER: 4}


@pytest.mark.parametrize(
    ("outer", "inner", "updates", "group_sums", "row_sums", "transfers"),
    [(True, True, 1, 1, 2, 2), (True, False, 1, 3, 0, 4), (False, True, 2, 0, 2, 2), (False, False, 4, 0, 0, 4)],
)
def test_partial_sums_meet_fanout_by_fanout(
    outer: bool, inner: bool, updates: int, group_sums: int, row_sums: int, transfers: int
) -> None:
    groups = Fanout("groups", (Axis("X", 2),), reduces=outer)
    rows = Fanout("rows", (Axis("X", 2),), reduces=inner)
    levels = (
        Level("dram", keep=ALL),
        Level("groups", loops("C2", "X")),
        Level("rows", loops("C2", "X")),
        Level("reg", keep=ALL),
    )
    result = simulate(matmul(n=1, m=1, c=4), hardware(DRAM, groups, rows, REG), Mapping(levels))
    assert counts(result, "dram", "ofmap") == {UPDATE: updates}
    assert result.count("groups", "ofmap", REDUCE) == group_sums
    assert result.count("rows", "ofmap", REDUCE) == row_sums
    assert result.count("groups", "ofmap", TRANSFER) == transfers
    assert result.count("rows", "ofmap", TRANSFER) == 4


def test_five_words_on_three_columns() -> None:
    result = spatial(matmul(n=1, m=5, c=1), row(3), "M2", "M3")
    assert (result.steps, result.active_pes, result.count("mac", None, COMPUTE)) == (2, 3, 5)
    assert counts(result, "row", "filter") == {TRANSFER: 5}
    assert counts(result, "row", "ifmap") == {TRANSFER: 3}  # one word each, kept in the second step
    assert counts(result, "dram", "ifmap") == {READ: 1}
    assert counts(result, "dram", "ofmap") == {UPDATE: 5}
    assert counts(result, "reg", "ofmap") == {UPDATE: 5}


def test_five_words_in_time() -> None:
    result = two_levels(matmul(n=1, m=5, c=1), "M2", "M3")
    assert (result.steps, result.occupancy["buffer", "filter"]) == (5, 3)
    assert counts(result, "buffer", "filter") == {FILL: 5, READ: 5}


def test_a_column_without_work_drains_nothing() -> None:
    # C = 5 on two columns: (c0,m0) (c0,m1) (c1,m0) (c1,m1) (c2,m0) (c2,m1), with one column in the last two.
    result = spatial(matmul(n=1, m=2, c=5), row(2), "C3 M2", "C2")
    assert counts(result, "dram", "ofmap") == {UPDATE: 6, READ: 4}
    assert counts(result, "row", "ofmap") == {TRANSFER: 10 + 4, REDUCE: 4}
    assert counts(result, "reg", "ofmap") == {UPDATE: 10, FILL: 4, READ: 4}


def test_an_idle_column_waits_to_drain_with_the_others() -> None:
    # C = 3: column 0 adds c0 and c2, column 1 adds c1 and idles; both hold the same word until the end.
    result = spatial(matmul(n=1, m=1, c=3), row(2), "C2", "C2")
    assert counts(result, "row", "ofmap") == {TRANSFER: 2, REDUCE: 1}
    assert counts(result, "dram", "ofmap") == {UPDATE: 1}
    assert counts(result, "reg", "ofmap") == {UPDATE: 3, READ: 1}


def test_an_idle_column_keeps_what_it_holds() -> None:
    # P = 3 on two columns, once for each m. Column 0: p0 p2 p0 p2, 4 fills. Column 1: p1 - p1 -, 1 fill.
    result = spatial(convolution(m=2, p=3), row(2), "M2 P2", "P2")
    assert counts(result, "reg", "ifmap") == {FILL: 5, READ: 6}
    assert counts(result, "dram", "ofmap") == {UPDATE: 6}


def test_a_strided_batch_of_groups() -> None:
    result = two_levels(convolution(n=2, g=2, p=2, r=2, stride=(2, 1)), "N2 G2", "P2 R2")
    assert counts(result, "dram", "ifmap") == {READ: 16}
    assert counts(result, "dram", "filter") == {READ: 8}  # 2 words of each group, again for each image
    assert counts(result, "dram", "ofmap") == {UPDATE: 8}


@pytest.mark.parametrize(
    ("p", "r", "stride", "dilation", "fills", "most"),
    [
        (3, 2, 1, 2, 3 + 1 + 1, 3),  # 0-2 1-3 2-4: the word in the gap is there when it is needed
        (2, 2, 1, 3, 4 + 1, 4),  # 0-3 1-4
        (3, 2, 3, 1, 2 + 2 + 2, 2),  # 0-1 3-4 6-7: no gap in any tile
        (2, 2, 4, 3, 4 + 4, 4),  # 0-3 4-7
    ],
)
def test_a_box_has_the_words_in_the_gaps(p: int, r: int, stride: int, dilation: int, fills: int, most: int) -> None:
    einsum = convolution(p=p, r=r, stride=(stride, 1), dilation=(dilation, 1))
    result = two_levels(einsum, f"P{p}", f"R{r}", counting=Counting(Halo.BOX))
    assert counts(result, "dram", "ifmap") == {READ: fills}
    assert counts(result, "buffer", "ifmap") == {FILL: fills, READ: p * r}  # the compute asks for single words
    assert result.occupancy["buffer", "ifmap"] == most
    assert result.occupancy["dram", "ifmap"] == (p - 1) * stride + (r - 1) * dilation + 1


def test_children_share_the_gaps_of_their_boxes() -> None:
    # {0,2} and {1,3}, as boxes 0-2 and 1-3.
    einsum = convolution(p=2, r=2, dilation=(2, 1))
    result = spatial(einsum, row(2), "", "P2", "R2", Counting(Halo.BOX))
    assert counts(result, "dram", "ifmap") == {READ: 4}
    assert result.count("row", "ifmap", TRANSFER) == result.count("reg", "ifmap", FILL) == 6


def test_first_reads_ask_for_what_is_not_there_yet() -> None:
    # As in "column by column": 6 output words, 24 products.
    result = two_levels(matmul(n=2, m=3, c=4), "M3", "N2 C4", counting=Counting(first_reads=True))
    assert counts(result, "dram", "ofmap") == {READ: 6, UPDATE: 6}
    assert counts(result, "buffer", "ofmap") == {FILL: 6, READ: 24, UPDATE: 24}
    # As in "spill and come back": 4 steps, 3 words each, all of them fetched.
    result = two_levels(matmul(n=2, m=3, c=4), "C2 N2", "M3 C2", counting=Counting(first_reads=True))
    assert counts(result, "dram", "ofmap") == {READ: 12, UPDATE: 12}
    assert counts(result, "buffer", "ofmap") == {FILL: 12, READ: 24, UPDATE: 24}


def test_a_first_read_goes_to_one_of_the_columns_that_share_the_word() -> None:
    result = spatial(matmul(n=1, m=2, c=4), row(4), "M2", "C4", counting=Counting(first_reads=True))
    assert counts(result, "dram", "ofmap") == {READ: 2, UPDATE: 2}
    assert counts(result, "row", "ofmap") == {TRANSFER: 8 + 2, REDUCE: 6}
    assert counts(result, "reg", "ofmap") == {FILL: 2, READ: 8, UPDATE: 8}


def test_drain_reads_count_at_the_memory_that_sends() -> None:
    # 24 products on 6 words: 18 reads to add, 6 to send up.
    result = two_levels(matmul(n=2, m=3, c=4), "M3", "N2 C4", counting=Counting(drain_reads=True))
    assert counts(result, "buffer", "ofmap") == {READ: 18 + 6, UPDATE: 24}
    assert counts(result, "dram", "ofmap") == {UPDATE: 6}  # no memory above it
    # Every column reads what it sends, also if the row adds it up.
    result = spatial(matmul(n=1, m=2, c=4), row(4), "M2", "C4", counting=Counting(drain_reads=True))
    assert counts(result, "reg", "ofmap") == {READ: 8, UPDATE: 8}


def test_all_columns_that_share_a_word_get_the_partial_sum() -> None:
    # As in "one of the columns": a word comes back in each of the last two steps, here to both columns at once.
    result = spatial(matmul(n=2, m=1, c=4), row(2), "C2 N2", "C2", counting=Counting(refill_all=True))
    assert counts(result, "dram", "ofmap") == {READ: 2, UPDATE: 4}
    assert counts(result, "row", "ofmap") == {TRANSFER: 8 + 4, REDUCE: 4}
    assert counts(result, "reg", "ofmap") == {FILL: 4, READ: 4, UPDATE: 8}


def test_a_latch_holds_the_operands_that_stay() -> None:
    result = two_levels(matmul(n=2, m=3, c=4), "N2 C4", "M3", latch=True)
    assert counts(result, "buffer", "ifmap") == {FILL: 8, READ: 8}  # the same word for three steps
    assert counts(result, "buffer", "filter") == {FILL: 24, READ: 24}
    assert counts(result, "buffer", "ofmap") == {UPDATE: 24, READ: 18}


def test_a_latch_holds_one_word() -> None:
    # Words of the filter: 0 1 0 1. Words of the ifmap: 0 0 1 1.
    result = two_levels(matmul(n=2, m=2, c=1), "N2 M2", "", keep=("ofmap",), latch=True)
    assert counts(result, "dram", "filter") == {READ: 4}
    assert counts(result, "dram", "ifmap") == {READ: 2}


def test_a_column_without_work_keeps_its_latch() -> None:
    # As in "keeps what it holds": column 0 works on p0 p2 p0 p2, column 1 on p1 - p1 -.
    result = spatial(convolution(m=2, p=3), row(2), "M2 P2", "P2", latch=True)
    assert counts(result, "reg", "ifmap") == {FILL: 5, READ: 5}


def test_latches_share_what_a_fanout_delivers() -> None:
    # Steps m0 m1 m2 m3. Each of two columns keeps its word of the ifmap and gets a new one of the filter in each step.
    nodes = hardware(DRAM, BUFFER, row(2), latch=True)
    levels = (Level("dram", keep=ALL), Level("buffer", loops("M4"), ALL), Level("row", loops("C2", "X")))
    result = simulate(matmul(n=1, m=4, c=2), nodes, Mapping(levels))
    assert counts(result, "buffer", "ifmap") == {FILL: 2, READ: 2}
    assert counts(result, "row", "ifmap") == {TRANSFER: 2}
    assert counts(result, "buffer", "filter") == {FILL: 8, READ: 8}


@pytest.mark.parametrize(("multicast", "weights"), [(Multicast.TILE, 3), (Multicast.NONE, 12)])
def test_neighbours_pass_a_window_on(multicast: Multicast, weights: int) -> None:
    # Column p needs word p + r. Step 0: 0 1 2 3 from the DRAM. Then three columns take theirs from the next column,
    # which got it one step before, and the last column gets a new word.
    result = spatial(convolution(p=4, r=3), row(4, multicast=multicast, links=True), "R3", "P4")
    assert counts(result, "dram", "ifmap") == {READ: 4 + 1 + 1}
    assert counts(result, "row", "ifmap") == {TRANSFER: 12}
    assert counts(result, "reg", "ifmap") == {FILL: 12, READ: 12 + 3 + 3}
    assert counts(result, "dram", "filter") == {READ: weights}  # one word for all, another in each step
    assert counts(result, "reg", "filter") == {FILL: 12, READ: 12}


def test_neighbours_pass_on_only_what_came_just_before() -> None:
    # As above, but the columns stay for two steps at each word: in the second nothing comes, so nothing can go on.
    fanout = row(4, multicast=Multicast.TILE, links=True)
    result = spatial(convolution(p=4, r=3, m=2), fanout, "R3 M2", "P4")
    assert counts(result, "dram", "ifmap") == {READ: 12}
    assert counts(result, "reg", "ifmap") == {FILL: 12, READ: 24}


def test_neighbours_pass_on_only_just_what_came() -> None:
    # Column k has words 2k+r and 2k+r+1. It gets 0 1 | 2 3, then 2 | 4, then 3 | 5. The 2 came to its neighbour, but
    # with the 3; and the 3 came there two steps before column 0 needs it.
    for multicast in (Multicast.TILE, Multicast.NONE):
        result = spatial(convolution(p=4, r=3), row(2, multicast=multicast, links=True), "R3", "P2", "P2")
        assert counts(result, "dram", "ifmap") == {READ: 4 + 2 + 2}
        assert counts(result, "reg", "ifmap") == {FILL: 8, READ: 12}


@pytest.mark.parametrize(
    ("multicast", "reads", "passed"),
    [(Multicast.TILE, 2 + 2, 0), (Multicast.NONE, 4 + 3, 1)],
)
def test_neighbours_pass_nothing_on_if_it_saves_no_read(multicast: Multicast, reads: int, passed: int) -> None:
    # Columns (p,m) in the order 00 01 10 11. Words: 0 0 1 1, then 1 1 2 2. Column 1 could get the 1 from column 2, but
    # column 0 cannot, so it is read anyway, which serves both if the row shares reads.
    result = spatial(convolution(p=2, m=2, r=2), row(4, multicast=multicast, links=True), "R2", "P2 M2")
    assert counts(result, "dram", "ifmap") == {READ: reads}
    assert counts(result, "reg", "ifmap") == {FILL: 8, READ: 8 + passed}


def test_links_end_at_the_border_of_a_fanout() -> None:
    # Words 0 1 | 2 3, then 1 2 | 3 4: the 2 is next door, but in another group.
    groups = Fanout("groups", (Axis("X", 2),), multicast=Multicast.TILE)
    levels = (
        Level("dram", loops("R2"), ALL),
        Level("groups", loops("P2", "X")),
        Level("row", loops("P2", "X")),
        Level("reg", keep=ALL),
    )
    nodes = hardware(DRAM, groups, row(2, multicast=Multicast.TILE, links=True), REG)
    result = simulate(convolution(p=4, r=2), nodes, Mapping(levels))
    assert counts(result, "dram", "ifmap") == {READ: 4 + 2}
    assert counts(result, "groups", "ifmap") == {TRANSFER: 4 + 2}
    assert counts(result, "row", "ifmap") == {TRANSFER: 8}
    assert counts(result, "reg", "ifmap") == {FILL: 8, READ: 8 + 2}


def test_links_run_along_every_axis() -> None:
    # Row p, column q, word (p+r, q): down a column the next row has it, along a row nobody.
    grid = Fanout("grid", (Axis("X", 2), Axis("Y", 3)), multicast=Multicast.TILE, links=True)
    levels = (
        Level("dram", loops("R2"), ALL),
        Level("grid", (*loops("P3", "Y"), *loops("Q2", "X"))),
        Level("reg", keep=ALL),
    )
    result = simulate(convolution(p=3, q=2, r=2), hardware(DRAM, grid, REG), Mapping(levels))
    assert counts(result, "dram", "ifmap") == {READ: 6 + 2}
    assert counts(result, "reg", "ifmap") == {FILL: 12, READ: 12 + 4}


def test_links_pass_nothing_to_the_compute_and_to_what_is_not_kept() -> None:
    levels = (Level("dram", loops("R3"), ALL), Level("row", loops("P4", "X")), Level("reg", keep=("filter", "ofmap")))
    nodes = hardware(DRAM, row(4, multicast=Multicast.NONE, links=True), REG, latch=True)
    result = simulate(convolution(p=4, r=3), nodes, Mapping(levels))
    assert counts(result, "dram", "ifmap") == {READ: 12}
    assert counts(result, "reg", "ifmap") == {}


def test_links_and_multicast_of_words_are_refused() -> None:
    with pytest.raises(ValueError, match="links and multicast"):
        spatial(convolution(p=4, r=3), row(4, links=True), "R3", "P4")


def test_a_mapping_that_misses_points_is_refused() -> None:
    with pytest.raises(ValueError, match="end of every dimension"):
        two_levels(matmul(n=1, m=5, c=1), "M2", "M2")


@given(st.booleans().flatmap(lambda perfect: cases(perfect=perfect)))
def test_conservation(case: Case) -> None:
    """Whatever the mapping: all points run, every word arrives, and no partial sum comes back that did not go up."""
    einsum, chip, mapping = case
    result = simulate(einsum, chip, mapping)
    outermost, output = chip.nodes[0].name, einsum.output
    assert result.count(chip.compute.name, None, COMPUTE) == einsum.macs
    assert result.active_pes * result.steps >= einsum.macs
    assert result.count(outermost, output.name, UPDATE) >= einsum.words(output)
    assert result.occupancy[outermost, output.name] == einsum.words(output)
    for tensor in einsum.inputs:
        words, held = einsum.words(tensor), result.occupancy[outermost, tensor.name]
        reads = result.count(outermost, tensor.name, READ)
        assert words <= reads
        if chip.counting.halo is Halo.BOX:
            assert words <= held
        else:
            assert words == held
            assert reads <= einsum.macs
        assert result.count(outermost, tensor.name, FILL) == 0
    for memory in chip.memories[1:]:
        # What comes back was sent up before, and was not the last to be sent; with first reads, it is worked on.
        assert result.count(memory.name, output.name, FILL) <= result.count(memory.name, output.name, UPDATE)


@given(cases(perfect=True))
def test_perfect_factors_use_every_step(case: Case) -> None:
    einsum, chip, mapping = case
    result = simulate(einsum, chip, mapping)
    assert result.steps * result.active_pes == einsum.macs
