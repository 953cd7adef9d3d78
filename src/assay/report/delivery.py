"""How words reach the PEs, as tables: the modes of a network on chip, in all and per layer."""

from __future__ import annotations

from collections.abc import Sequence

from assay.evaluation.results import Evaluation
from assay.metrics.delivery import Delivery, ModeShare, deliveries, mode_shares
from assay.reading.figures import exact, number, percent
from assay.report.page import Column
from assay.report.section import Section
from assay.report.sheet import Cell, Sheet, worked

TITLE = "How words reach the PEs"
NOTES = (
    "A cluster: the children of one instance of the innermost fanout that the layer uses; where it uses one fanout "
    "only, the array has no clusters. Unicast: one PE gets a word (high bandwidth). Broadcast: all PEs in use get it "
    "(high reuse). Multicast: some PEs get it, in an array without clusters. Grouped multicast: all PEs of a cluster, "
    "or of some clusters. Interleaved multicast: some PEs of each cluster, the same places in all. Grouped and "
    "interleaved: some PEs of some clusters. One PE: the layer uses no other. Of mappings that are equally good, one "
    "is shown.",
)


def delivery_section(evaluation: Evaluation) -> Section:
    """The modes of one network on one chip, and those of each layer."""
    sheets = (delivery_sheet(((evaluation.hardware.label, evaluation),)), _layers_sheet(evaluation))
    return Section("delivery", TITLE, sheets=sheets)


def delivery_sheet(evaluations: Sequence[tuple[str, Evaluation]], title: str = TITLE) -> Sheet:
    """The modes that the layers use, of one chip or several, each with what to call it."""
    columns = (
        Column("Hardware", right=False, drop=1, why="as it is"),
        Column("Tensor", right=False),
        Column("Mode", right=False),
        Column("Layers", why="layers whose words of this tensor reach the PEs so"),
        Column("Of the MACs", why="MACs of these layers / MACs of all layers that are modelled"),
        Column("PEs per\nword", why="words that PEs get / words that come to the outermost fanout, of these layers"),
    )
    rows = tuple(
        (label, each.tensor, str(each.mode), f"{each.layers:,}", _of_macs(each), _per_word(each))
        for label, evaluation in evaluations
        for each in mode_shares(evaluation)
    )
    return Sheet("delivery", title, columns, rows, notes=NOTES)


def _of_macs(share: ModeShare) -> Cell:
    return worked(f"{share.macs:,} / {share.all_macs:,}", percent(share.share))


def _per_word(share: ModeShare) -> Cell:
    text = number(float(share.receivers))
    return worked(f"{exact(share.received)} / {share.sent:,}", text) if share.sent else Cell(text)


def _layers_sheet(evaluation: Evaluation) -> Sheet:
    columns = (
        Column("Layer", right=False),
        Column("Tensor", right=False),
        Column("Mode", right=False),
        Column("PEs per\nword", why="words delivered / words that enter, of each fanout in turn"),
        Column("Who gets a word", right=False, drop=1, why="words delivered / words that enter"),
    )
    rows = [
        (layer.name, each.tensor, str(each.mode), _worked(each), _who(each))
        for layer in evaluation.mapped
        for each in deliveries(layer)
    ]
    return Sheet("delivery_layers", "Layer by layer", columns, tuple(rows), folded=True)


def _who(delivery: Delivery) -> Cell:
    parts = [f"{number(float(each.receivers))} of {each.children:,} in {each.fanout}" for each in delivery.reaches]
    whys = [f"{each.fanout}: {each.delivered:,} / {each.entering:,}" for each in delivery.reaches]
    return Cell(", ".join(parts), "\n".join(whys))


def _worked(delivery: Delivery) -> Cell:
    text = number(float(delivery.receivers))
    parts = [f"({each.delivered:,} / {each.entering:,})" for each in delivery.reaches]
    return worked(" × ".join(parts), text) if parts else Cell(text)
