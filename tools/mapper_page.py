"""Write docs/mapper.md: how the search works, how long it takes, and what it finds beside other mappers.

    python -m tools.mapper_page > docs/mapper.md

Also draws the page's pictures. Mappings are searched anew; times are those of benchmarks/mapping.json and scaling.json,
which `python benchmarks/mapping.py --json benchmarks/mapping.json` and the like write.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.mapper.beside import TimeloopCase, accelforge_cases, timeloop_cases

from assay.mapper import SearchResult, best_mapping
from tools.mapper_plots import IMAGES, PICTURES, divisors, draw, points
from tools.parity import table

MEASURED = Path(__file__).parent.parent / "benchmarks" / "mapping.json"
EQUAL = 1e-6
"""Relative difference up to which two figures count as the same."""


@cache
def measured() -> dict[str, Any]:
    """What benchmarks/mapping.py wrote."""
    found: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    return found


def seconds(value: float) -> str:
    """Two or three figures."""
    text = f"{value:.0f} s" if value >= 20 else f"{value:.1f} s" if value >= 1 else f"{1000 * value:.0f} ms"
    return text.replace(" ", "\u00a0")  # not to be parted by a line's end


def speed_table() -> str:
    rows = []
    for figure in measured()["figures"]:
        limit = "-" if figure["limit"] is None else f"{figure['limit']:g} s"
        value = "-" if figure["seconds"] is None else seconds(figure["seconds"])
        rows.append([figure["name"], figure["note"], limit, value])
    return table(["work", "", "at most", "measured"], rows, left=2)


# -- how it grows --------------------------------------------------------------------------------------------------------


def chosen(series: str, line: str = "", **at: int) -> list[dict[str, Any]]:
    """Points of a series: those whose line begins so, at that place."""
    return [
        p for p in points() if p["series"] == series and p["line"].startswith(line) and at.get("x", p["x"]) == p["x"]
    ]


def slowest(those: list[dict[str, Any]]) -> str:
    """`1.2 s`, of the slowest; `more than 60 s` where one was stopped."""
    worst = max(those, key=lambda p: p["seconds"])
    return f"more than {worst['seconds']:.0f}\u00a0s" if worst["stopped"] else seconds(worst["seconds"])


def most_labels(those: list[dict[str, Any]]) -> str:
    return f"{max(p['labels'] for p in those):,}"


def growth() -> dict[str, str]:
    """Figures of the text beside the pictures."""
    sizes, primes = chosen("size"), chosen("divisors", x=8191)
    rich = max((p for p in chosen("divisors")), key=lambda p: divisors(p["x"]))
    return {
        "size_labels": most_labels(sizes),
        "size_seconds": slowest(sizes),
        "prime_labels": most_labels(primes),
        "rich": f"{rich['x']:,}",
        "rich_divisors": str(divisors(rich["x"])),
        "rich_seconds": slowest(chosen("divisors", x=rich["x"])),
        "divisors_seconds": slowest(chosen("divisors")),
        "levels5_windows": slowest(chosen("levels", "3 × 3", x=5)),
        "levels5_none": slowest(chosen("levels", "no windows", x=5)),
        "levels5_matmul": slowest(chosen("levels", "matmul", x=5)),
        "levels6_windows": slowest(chosen("levels", "3 × 3", x=6)),
        "levels6_none": slowest(chosen("levels", "no windows", x=6)),
        "levels6_matmul": slowest(chosen("levels", "matmul", x=6)),
        "array4_windows": slowest(chosen("array", "3 × 3", x=4)),
        "array_none_energy": slowest(chosen("array", "no windows, energy")),
        "array_matmul_energy": slowest(chosen("array", "matmul 4096, energy")),
        "array_matmul_edp": slowest(chosen("array", "matmul 4096, edp")),
        "array256_windows": slowest(chosen("array", "3 × 3", x=256)),
    }


# -- beside others -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Beside:
    """A layer on a chip of Timeloop: what each found, as Assay counts it or, if that is less, as Timeloop does."""

    case: TimeloopCase
    found: SearchResult
    least: float

    @property
    def ratio(self) -> float:
        return self.found.value / self.least

    @property
    def verdict(self) -> str:
        if self.ratio > 1 + EQUAL:
            return "worse"
        return "equal" if self.ratio > 1 - EQUAL else "better"


@cache
def beside_timeloop() -> tuple[Beside, ...]:
    return tuple(Beside(case, best_mapping(*case.read(), "edp"), case.least) for case in timeloop_cases())


def timeloop_table(chip: str) -> str:
    times = {row["layer"]: row["seconds"] for row in measured()["layers"].get("timeloop edp", [])}
    rows = []
    for row in beside_timeloop():
        case, best = row.case, row.case.best
        if case.chip != chip:
            continue
        assert row.found.energy is not None
        theirs = [f"{best.energy * 1e6:,.1f}", f"{best.cycles:,}"]
        own = [f"{row.found.energy * 1e6:,.1f}", f"{row.found.cycles:,}"]
        bound = f"{row.found.lower_bound / row.least:.3f}"
        tried = f"{sum(run.tried for run in case.runs):,}"
        time = "-" if case.name not in times else seconds(times[case.name])
        rows.append([f"{case.layer}", *theirs, *own, f"{row.ratio:.4f}", bound, tried, f"{row.found.labels:,}", time])
    head = ["layer", "Timeloop µJ", "cycles", "Assay µJ", "cycles", "EDP ratio", "bound", "mappings drawn"]
    return table([*head, "partial mappings", "Assay"], rows)


def timeloop_summary() -> str:
    verdicts = [row.verdict for row in beside_timeloop()]
    ratios = [row.ratio for row in beside_timeloop()]
    text = f"Of {len(verdicts)} layers Assay's mapping has a lower EDP in {verdicts.count('better')} (down to "
    text += f"{min(ratios):.2f} of Timeloop's), the same in {verdicts.count('equal')}"
    worse = [row for row in beside_timeloop() if row.verdict == "worse"]
    if not worse:
        return text + ", and a higher one in none."
    names = ", ".join(f"{row.case.layer} on {row.case.chip} ({100 * (row.ratio - 1):.1f} %)" for row in worse)
    text += f", and a higher one in {len(worse)}: {names}. There the search is led astray by its bound for words that "
    return text + "neighbours pass on; its own verdict says so, with the gap."


def timeloop_seconds() -> str:
    runs = [run for case in timeloop_cases() for run in case.runs if run.limit == "default" and run.seconds]
    theirs = (
        f"{min(r.seconds or 0 for r in runs):.0f} to {max(r.seconds or 0 for r in runs):.0f} seconds of processor time"
    )
    own = [row["seconds"] for row in measured()["layers"].get("timeloop edp", [])]
    if not own:
        return f"Timeloop's search took {theirs} a layer."
    return (
        f"Timeloop's search took {theirs} a layer until it gave up by itself (where that was recorded), Assay's "
        f"{seconds(min(own))} to {seconds(max(own))}, {seconds(sum(own))} for all {len(own)}."
    )


def accelforge_table() -> str:
    rows = []
    for case in accelforge_cases():
        found = best_mapping(*case.read())
        assert found.energy is not None
        counted, _ = case.counted()
        rows.append(
            [
                f"{case.layer}",
                case.chip,
                joules(case.energy),
                f"{counted / case.energy - 1:+.0e}".replace("+0e+00", "0"),
                joules(found.energy),
                f"{found.energy / case.energy:.4f}",
                "proven" if found.optimal else f"{100 * found.gap:.2g} %",
                f"{case.seconds:.0f} s, {case.evaluated:,.0f}",
                f"{found.labels:,}",
            ]
        )
    head = ["layer", "chip", "AccelForge", "its mapping here", "Assay", "ratio", "gap", "AccelForge's search"]
    return table([*head, "partial mappings"], rows, left=2)


def joules(value: float) -> str:
    units = {"J": 1.0, "mJ": 1e-3, "µJ": 1e-6}
    unit = next((name for name, size in units.items() if value >= 0.1 * size), "µJ")
    return f"{value / units[unit]:.6g} {unit}"


def leakage() -> str:
    """How large the part is that is left out."""
    shares = [(case, case.leakage / (case.energy + case.leakage)) for case in accelforge_cases() if case.leakage]
    return ", ".join(f"{100 * share:.1f} % in {case.layer} on {case.chip}" for case, share in shares)


def same_chip_counts() -> str:
    """On how many layers Timeloop's figures of its own mapping come out here, under our and under its rules."""
    close = [
        all(
            abs(energy / run.energy - 1) < EQUAL and cycles == run.cycles
            for run in case.runs
            for energy, cycles in [case.counted(run)]
        )
        for case in timeloop_cases()
    ]
    return f"{sum(close)} of {len(close)}"


def others() -> str:
    """The layers on which they do not."""
    names = []
    for case in timeloop_cases():
        for run in case.runs:
            share = case.counted(run)[0] / run.energy - 1
            if abs(share) > EQUAL:
                names.append(f"{case.layer} on {case.chip} ({100 * share:+.2f} %)")
    return ", ".join(names)


def wrapped(text: str) -> str:
    """With paragraphs of text in lines of one length."""
    paragraphs, plain = text.split("\n\n"), re.compile(r"[A-Z*(]")
    return "\n\n".join(
        textwrap.fill(p, 128, break_long_words=False, break_on_hyphens=False) if plain.match(p) else p
        for p in paragraphs
    )


def page() -> str:
    """The whole page."""
    text = TEXT.format(
        machine=measured()["machine"],
        load=measured()["load"],
        speed=speed_table(),
        summary=timeloop_summary(),
        times=timeloop_seconds(),
        eyeriss=timeloop_table("eyeriss_256"),
        simba=timeloop_table("simba_chip"),
        close=same_chip_counts(),
        others=others(),
        accelforge=accelforge_table(),
        leakage=leakage(),
        **growth(),
    )
    return wrapped(text.rstrip("\n")) + "\n"


TEXT = """\
# How the best mapping is found

This page says what `assay map`, `assay evaluate` and `best_mapping` do, what their proof is worth, how long they take, and
what they find where other mappers have looked. [The best mapping of one layer](map.md) says how to use them. The page is made
by `make docs`: no figure on it is typed in.

## A mapping is a path of loops

Every mapping is a nest of loops: in time at the memories, in space along the axes of the fanouts. Read from the
multiply-accumulate outwards it is a sequence of single loops, and each loop makes the tile of the loops inside it larger, from one
multiply-accumulate to the whole layer. What a loop costs depends on what lies inside it: whether it replaces a tensor's tile
(then its words cross the boundary once for every tile to come) or lets it stay (then they do not), whether the children of a
fanout share its words, how far a window slides. So the best mapping is a **shortest path** whose steps are single loops, one
prime factor at a time, and nobody has to look at whole mappings one by one: a layer of AlexNet has more mappings than could ever
be looked at, and the search is done after some thousands to some hundred thousand *partial mappings*.

A partial mapping (a *label* in the code) is:

- the **tile**: for each dimension the product of the loops placed so far, always a divisor of its extent;
- what is **pending**: tensors whose tile no loop has replaced yet. The next loop decides whether they stay; when a memory's tile
  is formed, the search branches over the sets that may stay under the next loop;
- for a sliding **window**, the tile and the loops in space since: they fix which words are still there when it moves;
- **figures**: energy, steps of the compute, and cycles of every port with a bandwidth, each as *what is certain* and *what is still
  to be multiplied by the loops to come*.

Of two partial mappings that agree in tile, pending tensors, windows and used children, one that is no better in any figure,
whatever follows, is dropped. That is exact: every later loop multiplies the parts of both by the same share.

What may be dropped, too, is what **cannot win**. A lower bound says what a partial mapping comes to at least: what is certain;
plus what is pending, if it stayed as long as any tensor could, and was shared by as many children as there can be; plus tables,
filled from DRAM inwards, of what memories further out cost at least for each tile that fits. Tensors whose words share one array
are bounded together, because they compete for its children. A search goes as follows.

1. A narrow pass keeps a few partial mappings of each kind, and finds a good mapping within milliseconds.
2. A complete pass looks for mappings below a **limit** a little above the bound of the empty mapping. With so low a limit
   nearly everything is dropped, so this takes little time. If it finds a mapping, that is the best one.
3. If not, no mapping lies below the limit: the limit is the new bound, and the next one is higher. The last limit is the best
   mapping known.

Every mapping found is then counted by the [analysis](counting.md), which knows nothing of the search, and what is reported is that
count.

### Latency and EDP

Energy adds up along the path; latency is the largest of the steps and of the cycles of each port, and EDP is a product of both.
So a label carries all of these figures, one beats another only if it is no worse in all, and the bound of the product is the
product of the bounds. Limits such as `--max-cycles` drop what must exceed them; `--front` keeps what no mapping known beats in
both.

## What *optimal* and *gap* mean

`lower_bound` is a value that no mapping of the space has less than; `gap` is value / lower_bound - 1; `optimal: true` says that the
gap is zero but for rounding (1e-8). The space is that of all mappings that the chip allows: all loop orders, all tiles that divide
the layer (`tiles="perfect"`), all assignments to the axes, all choices of the tensors that a memory `may_keep`, under all
[constraints](hardware.md#constraints). Only where a fanout says `fill: true` is it narrowed, to the mappings of the fewest steps.
A memory has one tile at a time: its tensors are replaced under the same loops (two nodes in a row are two memories).

Exact in the search, so that the proof closes: reads, fills and updates of all tensors, multicast and reduction (`word`, `none`),
partial sums that spill and come back, sliding windows with strides, dilations and gaps, bandwidths of all ports, capacities.

**Bounded** in the search, so that a gap can remain, are:

| what | in the search |
| --- | --- |
| `links: true`, `multicast: tile` with windows | words that neighbours can pass on count as passed on; in truth a tile must have been there at the right time |
| `refill_all: true` | a partial sum that comes back goes to one child at least |
| `whole_accesses: true` | a partly used access counts as that part |
| `buffering: double` or `single` | the waits that do not overlap count as nothing |
| a window that slides in time below a fanout that also spreads it | whatever may be there is there |
| `tiles="imperfect"` | sizes that leave a remainder: the best among all sizes is enclosed, not met |
| more than 64 choices of the tensors that memories keep | from the fullest and the emptiest choice one tensor at a time is tried; the best four are searched |

Files of Timeloop turn the first three on: they are how Timeloop counts. What is reported is never the bound but the exact count
of the mapping found. A layer may have up to 16 dimensions of more than one index, with extents below 2^62 whose prime factors are
below 2^40.

## How long it takes

The chips are in `benchmarks/chips`: as large as Eyeriss, one chiplet of Simba and the first TPU, but of any dataflow, so that the
search sees the whole space. A constraint makes it smaller, and the search faster. Measured with {machine}, shared with other work (load {load}), medians;
nothing was cached but where it says *again*. `make bench` measures on your machine.

{speed}

## How it grows

Hollow points were stopped after a minute, with a gap. Solid lines are energy, dashed ones EDP. The chips are chains of memories
that keep all tensors; the array has 16 × 16 elements unless it is what changes (`benchmarks/scaling.py`).

![Time and partial mappings against the number of memories](images/mapper-levels.svg)

**Memories.** Each further memory is one more place for every loop. Without windows, five memories take up to {levels5_none} for
a layer of ResNet-50's size and {levels5_matmul} for a matrix product; six take {levels6_none} and {levels6_matmul}. With windows, five take
up to {levels5_windows} and six {levels6_windows}.

**Sliding windows** are what costs most. The two convolutions have the same dimensions and multiply-accumulates; in the one, input
addresses are sums (`p + r`), in the other they are not. A window that slides keeps a part of its tile, which depends on the tile it
had at its memory and on the loops in space since: partial mappings that differ in these cannot be compared, and there are as many
kinds of them as pairs of divisors.

![Time and partial mappings against the size of a matrix product](images/mapper-size.svg)

**Size** hardly matters: extents enter by their divisors only. Matrix products of 64 to 16,384 in each dimension take at most
{size_seconds} and {size_labels} partial mappings, on three or five memories.

![Time and partial mappings against the number of divisors](images/mapper-divisors.svg)

**Divisors** matter: the tiles are their combinations. A prime such as 8,191 has none to choose ({prime_labels} partial mappings), and a
perfect tile of it is all or one; {rich} has {rich_divisors}, and three dimensions of it take up to {rich_seconds}. The longest of this series
is {divisors_seconds}. Many different primes also mean more ways to fill an array.

![Time and partial mappings against the size of the array](images/mapper-array.svg)

**The array** matters little to energy without windows: over arrays of 4 × 4 to 256 × 256 a matrix product takes up to
{array_matmul_energy}, a convolution without windows {array_none_energy}. For EDP it takes longer where the array is so large that bandwidth and
not the compute decides on time: {array_matmul_edp} for the product. With
windows every way to spread them over the array is a kind of its own: from {array4_windows} at 4 × 4 to {array256_windows} at 256 × 256.

## Beside Timeloop's mapper

Timeloop's mapper was run on two chips, Eyeriss-like and Simba-like, with constraints on what goes where (random-pruned, objective
EDP, two threads; on six layers again with 40 seconds of processor time; the better run is shown). Assay read the same files:
energies, sizes, bandwidths, constraints and Timeloop's conventions.

**The comparison is fair** if both count the same for the same mapping. They do: for the mappings that Timeloop found, Assay's energy
and cycles are Timeloop's on {close} layers. The others are {others}: there Timeloop fetches inputs again that are still present (*change
of step* and *two iterations* in [the parity page](parity-timeloop.md#reasons)), and by these two rules its energies come out as well.
The ratio below is to the lower of the two counts.

{summary}

*Bound* is the lower bound in the same unit as the ratio. It is below the ratio where one of Timeloop's conventions is only bounded.
{times}

### Eyeriss-like (`tests/timeloop/chips/eyeriss_256.yaml`)

{eyeriss}

### Simba-like (`tests/timeloop/chips/simba_chip.yaml`)

{simba}

## Beside AccelForge's mapper

AccelForge is itself exhaustive. Its chips `eyeriss`, `nvdla` and `tpu_v4i` are in `tests/mapper/goldens/accelforge` as files of
Assay, with the same sizes, constraints and energies of every action; the objective is energy.

{accelforge}

*Its mapping here* is how far Assay's count of the very mapping that AccelForge found is from AccelForge's energy. Conventions: partial
sums that come back go to every child that adds to them, and what leaves a memory upward is read there (`refill_all`,
`drain_reads`); leakage, which is not in the energies searched, is taken off ({leakage}). What a chain of nodes cannot say: the scalar unit of
`tpu_v4i`, a second compute beside the array (matrix products do not use it). Its buffers may hold tensors at different places of the
loop nest, which here are two nodes; no best mapping above needed that.

**Where Assay's is better**, both count AccelForge's mapping the same, so Assay's is one that AccelForge did not consider or counts
otherwise. The nests that it reports suggest why: on `eyeriss` the scratchpads are nested in the order of the file, and a tile lasts for
the loops inside of its scratchpad; weights, whose scratchpad is inside that of the inputs, come again with every tile of inputs. In
Assay a tile stays until a loop replaces it, wherever that loop stands: weights stay under the loop over inputs at the buffer, which
does not change them. (We have not run AccelForge on Assay's mapping.)

## To do it again

```console
$ make bench                                                       # the table of times
$ .venv/bin/python benchmarks/mapping.py --json benchmarks/mapping.json   # ... as this page shows it
$ .venv/bin/python benchmarks/scaling.py --json benchmarks/scaling.json   # the points of the pictures
$ make docs                                                        # searches the comparisons anew, draws, writes this page
```

`tests/mapper/test_beside.py` holds the comparisons, `tests/mapper/test_brute.py` compares the search with all mappings of small
layers, one by one.
"""


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    for picture in PICTURES:
        draw(picture, IMAGES / f"mapper-{picture.series}.svg")
    sys.stdout.write(page())


if __name__ == "__main__":
    main()
