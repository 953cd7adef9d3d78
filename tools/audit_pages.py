"""Write docs/audit.md, docs/compare.md and docs/chips.md, and the pictures of the first two.

    python -m tools.audit_pages

Commands are run, tables come from the code; the test compares the pages with what this makes.
"""

from __future__ import annotations

import re
import shlex
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from assay.cli import main as assay_command
from assay.metrics.audit import audit
from assay.metrics.audit_rules import RULES
from assay.metrics.audit_scope import DEFINITIONS, product
from assay.metrics.audit_specs import SPECIFICATIONS
from assay.metrics.claims import (
    CHIP_FIGURES,
    CONFIDENCE_WORDS,
    PEAK_FIGURES,
    RUN_FIGURES,
    WORDS,
    Chip,
    Claim,
    Confidence,
    Kind,
)
from assay.metrics.claims_reader import BASES, SCOPES, chip_names, load_chip
from assay.metrics.compare import compare
from assay.report.audit import audit_sections, chips_sheet
from assay.report.compare import compare_sections
from assay.report.pictures import picture_bytes
from assay.report.sheet import to_markdown

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
WIDTH = 100

AUDIT = """\
# Audit: what claims about a chip are worth

A paper or a product sheet says some things of a chip and leaves out others. `assay audit` reads what is claimed and answers three
questions: which of the figures that are needed to judge a chip are missing, and what therefore cannot be concluded; which claims
contradict each other; and whether what is known is enough for an application. The list of what is needed, and the laws between
the figures, are those of Sze, Chen, Yang and Emer, *How to Evaluate Deep Neural Network Processors: TOPS/W (Alone) Considered
Harmful*, IEEE Solid-State Circuits Magazine 12(3), 2020, called *the article* here, and of the slides "Specifications to Evaluate
Metrics" and "Metrics of Eyeriss chip" of Sze's talk on the SysML 2018 paper.

## An example

The talk ends with a model answer: the sheet "Metrics of Eyeriss chip". It comes with Assay, figure by figure, with what the paper
of the chip adds.

<!-- assay audit eyeriss -->

How to read it:

- The first line says how many of the {count} specifications are missing, and whether claims contradict each other. The list is the same
  for every chip: who says less misses more. What cannot be reported of this one does not apply, and the reason stands there.
- A figure in the digits of its source is claimed; one with a formula behind it follows from others. `--explain` shows source,
  formula and operands of each, as do the unfolding figures of `--html`.
- "= runtime; all of a batch done together": a latency that is not claimed is taken to be that of a whole batch.
- † marks what somebody wrote down from recall. A figure that follows from such a figure is marked, too.
- Operations per second, and per watt, come last, peak and achieved side by side: alone they say little.

**Missing means: not in the file.** For the chips that come with Assay that is what was found in the named sources; the source may
say more. What is found can be added to a file of your own.

## Claims that contradict each other

The TPU paper gives, for six networks, the achieved TOPS and the share of useful MACs. Both at once cannot be exact:

<!-- assay audit tpu_v1 | contradictions -->

Every check is one of these laws. Each side is an interval: a figure stands for all values that round to its printed digits (115.3 ms
is 115.25 to 115.35 ms), whole numbers that count something are exact, `tolerance` widens an interval, and `bound` opens it to one side.
Two sides contradict each other only where their intervals have nothing in common; so figures that were merely rounded never do, and
two that are open to the same side are no check.
Where figures differ by 2 within their digits, the audit asks whether a MAC was taken for an operation: 1 MAC is 2 operations.

{rules}

`network_macs` are the MACs counted from the shapes of a network that Assay knows (`assay networks`), of the layers that were run.
`run_peak` is the dense peak claimed for the width of the run's weights, or multipliers times clock where no peak is claimed or the run
has a clock of its own; where the operands of the run are of another width than the multipliers, only a claimed peak counts. Some
checks are not made although both sides are known: those of a peak for a chip with `zeros: skipped`, which may do more MACs than its
peak allows, as most of them are not done; that of multipliers and clock for a peak of sparse operands; and that of the TDP for the
power of more than the chip. Where PEs are claimed and no multipliers, the checks of the peak and of the utilisation take one MAC per PE
and cycle, and say so; a peak that 2, 4, 8 or 16 MACs per PE would explain is consistent, any other contradicts: claim `multipliers` if
the PEs have them. A peak efficiency may be that of a lower voltage than the peak, so that it is a bound, no equality.

A latency is that of a whole batch, from its first input to its results. Where batches wait for each other or overlap, say so with
`in_flight`: then Little's law holds throughput and latency together, and batch and runtime tell no throughput. Where a run does not
say which `layers` it covers, `network_macs` stands for anything from those of the convolutions to those of the whole network.

Where a figure of a law is not claimed, it is taken from another:

{definitions}

The picture (`--plot`, `--html`) shows every equality as the ratio of both sides, with the range of the digits:

![Claims over what follows from other claims](images/audit_tpu_v1.svg)

## What is asked for

Of every chip, {count} specifications. Two of them may not apply: the corner, to figures that were not simulated; and the off-chip
traffic, to a power that has the off-chip memory in it (a `scope` of more than the chip).

{specifications}

## Is it enough for an application?

The article's evaluation process asks six questions. State what the application requires, and the first line is the verdict: viable,
not viable (which requirement fails, by how much), or unknown (what is missing). A bound decides only where it can: at most 1 W meets
2 W, and says nothing of 0.5 W. Some figures that are not given have bounds: of a power, that with all parts active, or the TDP; of a
throughput and a latency, what the peak allows for the MACs of the network (not where zeros are skipped). The area is that of the die
where it is given, else of the core. What a figure leaves out stands behind it. A figure that other claims contradict says so, and meets
a requirement only if it still would with the largest factor of these contradictions against it; else the answer is unknown.

<!-- assay audit eyeriss --max-latency 33ms --max-power 500mW --min-accuracy 75% | verdict -->

Where a claim is only a part of what is required (the chip without its memory, some of the layers), it can fail the requirement, but
not meet it: then the answer is unknown. What is merely not said (which layers were run, what the power includes) leaves it viable
*as far as these figures reach*.

## A file of claims

Start from a file that is there, such as [eyeriss.yaml](../src/assay/data/chips/eyeriss.yaml), or from this:

```yaml
{example}```

A figure is written as it was printed, number and unit, because its digits say how exact it is. Leave out what is not known: nothing
is filled in. Where more is known of a figure, it is a mapping:

| key | meaning |
| --- | --- |
| `value` | the figure as printed |
| `source` | of this figure; else that of its run, else that of the file |
| `note` | a condition that belongs to it |
| `confidence` | {confidences}; the top level may give one for all |
| `basis` | {bases}; of a run, for all its figures |
| `tolerance` | share by which it may be off, where that is more than its digits say: `5 %` |
| `bound` | `at_most` or `at_least`: the source gives a bound, not the value, as for an on-chip memory of which only a part is known; shown with ≤ or ≥, and so is what follows from it |
| `bits`, `format`, `sparse`, `multipliers` | of a peak: width of operands, name such as `INT8`, `true` where it holds only for sparse operands, multipliers at this precision |

Notes and sources are shown as they are: no word in them changes a result. What is a bound, or recalled, says so with `bound` and
`confidence`.

Under `chip`:

{chip}

A run says which `network` it ran, and may have a `name` (for `--run`), a `source`, a `note`, a `basis`, a `scope` (what power and
energy include: {scopes}) and:

{run}

At the top level stand `name`, `title`, `source`, `confidence`, `zeros` (`processed`, `gated` or `skipped`: what the chip does about
multiplications by zero), `flexibility` and `scalability` (statements of the source), and `notes`. Performance may be claimed in MACs
(`GMAC/s`, `GMAC/s/W`) or in operations (`GOPS`, `TFLOPS`, `TOPS/W`); write what the source has.

## In Python

```python
import assay

found = assay.audit("eyeriss")
print(found.sentence)
for check in found.contradictions:
    print(check.rule.formula, check.factor, check.remark)
```

`--json` writes the same as `assay.audit/1`, whose schema is in `src/assay/data/schema/audit-1.json`; that of files of claims is
`chip-1.json` beside it.

## Limits

- An audit believes nothing and measures nothing: claims that agree with each other may all be wrong.
- It does not judge statements in words, such as those on flexibility; [flexibility](flexibility.md) and scaling are measured
  elsewhere.
- Off-chip traffic is held against bandwidth, not against what a network needs at least, because compression is not known.
"""

COMPARE = """\
# Chips side by side

`assay compare` puts what is claimed of several chips side by side, in the order of the article's metrics: accuracy, throughput and
latency, energy and power, cost, flexibility, scalability, test setup, and operations per watt last. What is not known of a chip is
*not given*; nothing is filled in. There is no radar chart, as its area would depend on the order of its axes.

<!-- assay compare eyeriss eyeriss_v2 tpu_v1 -->

Two runs of one chip stand beside each other as `assay compare eyeriss:alexnet eyeriss:vgg16`. Requirements (`--max-latency 33ms`, see
[audit](audit.md)) give a row of verdicts.

The picture has a small chart per metric on a logarithmic axis (shares: from 0 to 100 %), and says where a figure is not given:

![Chips side by side](images/compare.svg)

## One process: `--normalise`

Chips of different years differ by their process before anything else. `--normalise 28nm` adds rows with area, speed and energy as
if each chip were made in that process:

<!-- assay compare eyeriss nvdla_2048 simba --normalise 28nm | normalised -->

| row | is |
| --- | --- |
| latency | latency x d |
| throughput | throughput / d |
| energy per inference | energy x e |
| power | power x e / d |
| area, area per multiplier | area x a |

e, d and a are the factors of energy, delay and area between the two processes and supplies by Stillmaker and Baas, *Scaling equations
for the accurate prediction of CMOS device performance from 180 nm to 7 nm*, Integration 58, 2017 ([components](components.md)). They
were fitted to inverters; a whole chip scales less well. The last row gives the factor, either way, within which Assay takes the
figures to be right; it is judged, not proven. The transistors are those for speed; write `"28nm LP"` for low power. A supply that is not given is taken as the nominal one of the node, which the note of
the figure says. Nothing is scaled where the process is not given, has no node in nanometres (`4N`) or is outside of 7 to 180 nm, and
no energy where the power includes memories outside of the chip, which do not scale.

## One precision

A peak of INT8 is not one of FP16. Every peak stands in a row of its own precision, and an audit (`--html`, `--markdown`) lists them in
three units: MACs, operations (2 per MAC), and products of single bits per second (MACs x bits x bits), because a multiplier of b by b
bits adds b x b of them:

<!-- sheet a100 precision -->

The last is a measure of work, not of use: whether a network keeps its accuracy with fewer bits has to be shown by its accuracy.

## Limits

- The chips ran different networks with different batches; the table says so under *The audits*, and nothing corrects for it.
- Figures of whole boards and of chips alone do not compare; *scope* says which they are.
"""

CHIPS = """\
# Published chips

What `assay chips` lists, and every figure with its source. Made by `python -m tools.audit_pages` from `src/assay/data/chips`. A figure
that is not here was not found; it may exist. The column *obtained* says how the figure came here: {confidences}.

{table}
"""

EXAMPLE = """\
assay: chip/1
name: my_chip
source: "a paper, 2020"
confidence: seen
zeros: gated
chip:
  process: 28 nm
  clock: 500 MHz
  multipliers: 256
  core_area: {value: 5.12 mm2, note: without pads}
  onchip_memory: 512 kB
  peak: {value: 256 GOPS, bits: 8}
runs:
  - network: alexnet
    layers: conv
    batch: 2
    weight_bits: 8
    activation_bits: 8
    runtime: 20.0 ms
    power: 500 mW
    scope: chip
    basis: measured
"""


def main() -> None:
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
    for name, data in pictures().items():
        (DOCS / "images" / name).write_bytes(data)


def pages() -> dict[str, str]:
    """The pages by name of file."""
    values = {
        "rules": _rules(),
        "definitions": "; ".join(f"`{name} = {product(factors)}`" for name, factors in DEFINITIONS) + ".",
        "specifications": _specifications(),
        "count": str(len(SPECIFICATIONS)),
        "example": EXAMPLE,
        "confidences": ", ".join(f"`{each}` ({CONFIDENCE_WORDS[each]})" for each in Confidence),
        "bases": ", ".join(f"`{each}`" for each in BASES),
        "scopes": ", ".join(f"`{each}`" for each in SCOPES),
        "chip": _keys({**CHIP_FIGURES, **PEAK_FIGURES}),
        "run": _keys(RUN_FIGURES),
        "table": _chips(),
    }
    found = {}
    for name, template in (("audit.md", AUDIT), ("compare.md", COMPARE), ("chips.md", CHIPS)):
        text = template
        for key, value in values.items():
            text = text.replace(f"{{{key}}}", value)
        found[name] = re.sub(r"<!-- (.*?) -->", lambda match: _filled(match[1]), text)
    return found


def pictures() -> dict[str, bytes]:
    """The pictures by name of file."""
    (checks,) = [p for s in audit_sections(audit("tpu_v1")) for p in s.pictures]
    compared = compare(["eyeriss", "eyeriss_v2", "tpu_v1", "nvdla_2048", "a100", "jetson_orin"])
    (bars,) = [p for s in compare_sections(compared) for p in s.pictures]
    return {"audit_tpu_v1.svg": picture_bytes(checks, "svg"), "compare.svg": picture_bytes(bars, "svg")}


def _filled(words: str) -> str:
    """A command and what it prints; or a part of it; or a table."""
    if words.startswith("sheet "):
        _, chip, key = words.split()
        (sheet,) = [s for section in audit_sections(audit(chip)) for s in section.sheets if s.key == key]
        return to_markdown(sheet).partition("\n\n")[2].rstrip()
    command, _, part = words.partition(" | ")
    text = printed(command)
    if part:
        text = _part(text, part)
    return f"```console\n$ {command}\n{text.rstrip()}\n```"


def _part(text: str, part: str) -> str:
    """The lines that are meant, with dots for those before and behind."""
    begin, end = {
        "contradictions": ("Do the claims agree", "Accuracy"),
        "verdict": ("Audit of", "What is missing"),
        "normalised": ("Scaled to", "Operations per second"),
    }[part]
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(begin))
    last = next(i for i, line in enumerate(lines) if i > first and line.startswith(end))
    head = ["..."] if first else []
    return "\n".join([*head, *lines[first:last], "..."])


def printed(command: str) -> str:
    """What a command prints on a terminal of `WIDTH` columns."""
    stdout = StringIO()
    with patch("assay.report.output.screen_width", lambda *_: WIDTH), redirect_stdout(stdout):
        code = assay_command(shlex.split(command)[1:])
    assert code == 0, command
    return stdout.getvalue()


def _rules() -> str:
    rows = [f"| {each.title} | `{each.formula.replace('<=', '≤')}` | {each.section} |" for each in RULES]
    return "\n".join(["| check | law | article |", "| --- | --- | --- |", *rows])


def _specifications() -> str:
    rows = [f"| {each.metric} | {each.title} | {each.section} | {each.without} |" for each in SPECIFICATIONS]
    return "\n".join(["| metric | must be reported | article | without it |", "| --- | --- | --- | --- |", *rows])


def _keys(figures: object) -> str:
    assert isinstance(figures, dict | type(RUN_FIGURES))
    rows = [f"| `{key}` | {title} | {_example(key, kind)} |" for key, (title, kind) in figures.items()]
    return "\n".join(["| key | figure | such as |", "| --- | --- | --- |", *rows])


TEXTS = {
    "process": "`TSMC 65 nm LP`",
    "offchip_interface": "`LPDDR4`",
    "network": "`alexnet`, or the name of any other network",
    "layers": "`all`, `conv` or `fc`",
    "task": "`image classification`",
    "dataset": "`ImageNet`",
    "accuracy_metric": "`top-5`",
    "corner": "`worst corner`",
}


def _example(key: str, kind: Kind) -> str:
    """A text, or the first of two ways to write a figure."""
    figure = kind.example.partition("'")[0]
    return TEXTS[key] if kind is WORDS else f"`{figure}`"


def _chips() -> str:
    chips = [load_chip(name) for name in chip_names()]
    parts = [to_markdown(chips_sheet(chips)).partition("\n\n")[2].rstrip()]
    for chip in chips:
        parts += [f"## {chip.title}", _claims(chip)]
        parts += [*chip.notes]
    return "\n\n".join(parts)


def _claims(chip: Chip) -> str:
    claims: list[tuple[str, Claim]] = [("", each) for each in chip.figures.values()]
    claims += [("", each) for each in (*chip.peaks, *chip.efficiencies)]
    claims += [(run.name, each) for run in chip.runs for each in run.figures.values()]
    claims += [("", each) for each in (chip.flexibility, chip.scalability) if each is not None]
    rows = [
        f"| {run} | {_title(each)} | {_printed(each)} | {each.confidence} | {each.source} | {each.note} |"
        for run, each in claims
    ]
    return "\n".join(["| run | figure | as printed | obtained | source | note |", "| --- " * 6 + "|", *rows])


def _printed(claim: Claim) -> str:
    return f"{claim.bound.words} {claim.printed}" if claim.bound else claim.printed


def _title(claim: Claim) -> str:
    if claim.key not in PEAK_FIGURES:
        return claim.title
    from assay.metrics.audit_rules import precision

    return f"{claim.title}, {precision(claim)}"


if __name__ == "__main__":
    main()
