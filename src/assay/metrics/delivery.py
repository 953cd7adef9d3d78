"""How a network on chip brings words to the PEs: to one each, to all, or to groups of them.

The four modes are those of the hierarchical mesh of Y.-H. Chen, T.-J. Yang, J. Emer, V. Sze, "Eyeriss v2", JETCAS 9(2),
2019, Section III: unicast (high bandwidth), broadcast (high reuse), grouped and interleaved multicast. They follow from
the counts of a mapping: how many children of each fanout get a word that comes to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from math import prod
from typing import Any

from assay.evaluation.layer import LayerResult
from assay.evaluation.results import Evaluation
from assay.hardware.model import Fanout
from assay.mapping.counts import Action
from assay.workload.einsum import Tensor

SCHEMA = "assay.delivery/1"
"""Name and version of the JSON form; see `data/schema/delivery-1.json`."""


class Mode(StrEnum):
    """Which PEs get a word."""

    UNICAST = "unicast"  # one of them
    BROADCAST = "broadcast"  # all of them
    MULTICAST = "multicast"  # some, in an array without clusters
    GROUPED = "grouped multicast"  # all of a cluster, or of some clusters; other clusters get other words
    INTERLEAVED = "interleaved multicast"  # some of each cluster, the same places in all clusters
    MIXED = "grouped and interleaved"  # some of some clusters
    SINGLE = "one PE"


@dataclass(frozen=True, slots=True)
class Reach:
    """What one fanout does with the words of one tensor.

    Attributes:
        fanout: its name.
        children: of one instance, those in use; where tiles leave remainders, the most at a time.
        entering: words that come to it from its parent, all instances together.
        delivered: words that its children get.
        by_all: True: every word goes to every child that is in use then.
    """

    fanout: str
    children: int
    entering: int
    delivered: int
    by_all: bool = False

    @property
    def receivers(self) -> Fraction:
        """Children that get a word, in the mean."""
        return Fraction(self.delivered, self.entering)

    @property
    def shared(self) -> bool:
        """True: some word goes to several children."""
        return self.delivered > self.entering


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the words of an input of a layer reach the PEs.

    Attributes:
        tensor: its name.
        reaches: per fanout that uses several children in this layer, the outermost first.
    """

    tensor: str
    reaches: tuple[Reach, ...]

    @property
    def mode(self) -> Mode:
        """The mode; the innermost fanout that is in use is the cluster, those outside of it are the mesh."""
        if not self.reaches:
            return Mode.SINGLE
        if not any(reach.shared for reach in self.reaches):
            return Mode.UNICAST
        if all(reach.by_all for reach in self.reaches):
            return Mode.BROADCAST
        *mesh, cluster = self.reaches
        if not mesh:
            return Mode.MULTICAST
        if cluster.by_all:
            return Mode.GROUPED
        if all(reach.by_all for reach in mesh):
            return Mode.INTERLEAVED
        return Mode.MIXED

    @property
    def receivers(self) -> Fraction:
        """PEs that get a word, in the mean."""
        found = Fraction(1)
        for reach in self.reaches:
            found *= reach.receivers
        return found

    def to_dict(self) -> dict[str, Any]:
        return {
            "tensor": self.tensor,
            "mode": str(self.mode),
            "receivers": float(self.receivers),
            "fanouts": [
                {
                    "fanout": reach.fanout,
                    "children": reach.children,
                    "entering_words": reach.entering,
                    "delivered_words": reach.delivered,
                }
                for reach in self.reaches
            ],
        }


@dataclass(frozen=True, slots=True)
class ModeShare:
    """The layers of a network whose words of one tensor reach the PEs in one mode.

    Attributes:
        layers: how many.
        macs, all_macs: of these layers, and of all that are modelled.
        sent, received: words that come to the outermost fanouts of these layers, and those that PEs get of them.
    """

    tensor: str
    mode: Mode
    layers: int
    macs: int
    all_macs: int
    sent: int
    received: Fraction

    @property
    def share(self) -> Fraction:
        """Of the MACs."""
        return Fraction(self.macs, self.all_macs)

    @property
    def receivers(self) -> Fraction:
        """PEs that get a word, in the mean; 1 where there is only one."""
        return self.received / self.sent if self.sent else Fraction(1)

    def to_dict(self) -> dict[str, Any]:
        return {
            "tensor": self.tensor,
            "mode": str(self.mode),
            "layers": self.layers,
            "macs_share": float(self.share),
            "receivers": float(self.receivers),
        }


def deliveries(layer: LayerResult) -> tuple[Delivery, ...]:
    """Of the inputs of a layer, in order; none for a layer without MACs."""
    if layer.einsum is None:
        return ()
    return tuple(Delivery(tensor.name, tuple(_reaches(layer, tensor))) for tensor in layer.einsum.inputs)


def mode_shares(evaluation: Evaluation) -> tuple[ModeShare, ...]:
    """The modes of a network: tensors in the order of their first layer, then the mode of most MACs first."""
    found: dict[tuple[str, Mode], list[tuple[int, Delivery]]] = {}
    for layer in evaluation.mapped:
        assert layer.einsum is not None
        for delivery in deliveries(layer):
            found.setdefault((delivery.tensor, delivery.mode), []).append((layer.einsum.macs, delivery))
    total = sum(layer.einsum.macs for layer in evaluation.mapped if layer.einsum is not None)
    shares = [_share(tensor, mode, of, total) for (tensor, mode), of in found.items()]
    tensors = list(dict.fromkeys(share.tensor for share in shares))
    return tuple(sorted(shares, key=lambda share: (tensors.index(share.tensor), -share.share)))


def _share(tensor: str, mode: Mode, found: list[tuple[int, Delivery]], total: int) -> ModeShare:
    sent = [each.reaches[0].entering if each.reaches else 0 for _, each in found]
    received = sum((n * each.receivers for n, (_, each) in zip(sent, found, strict=True)), Fraction(0))
    return ModeShare(tensor, mode, len(found), sum(macs for macs, _ in found), total, sum(sent), received)


def delivery_to_dict(evaluation: Evaluation) -> dict[str, Any]:
    """As in the schema `assay.delivery/1`: the modes of the network, and those of each layer."""
    return {
        "schema": SCHEMA,
        "network": evaluation.network.name,
        "hardware": evaluation.hardware.name,
        "modes": [share.to_dict() for share in mode_shares(evaluation)],
        "layers": [
            {"layer": layer.name, "tensors": [delivery.to_dict() for delivery in deliveries(layer)]}
            for layer in evaluation.mapped
        ],
    }


def _reaches(layer: LayerResult, tensor: Tensor) -> Iterator[Reach]:
    """Fanouts between a memory that keeps the tensor and the next, with what enters and what leaves them."""
    assert layer.mapping is not None
    assert layer.analysis is not None
    nodes, levels, counts = layer.hardware.nodes, layer.mapping.levels, layer.analysis
    keepers = [place for place, level in enumerate(levels) if tensor.name in level.keep]
    for parent, child in pairwise([*keepers, len(nodes) - 1]):
        passed = sum(
            each.count for each in counts.passed if (each.component, each.tensor) == (nodes[parent].name, tensor.name)
        )
        entering = counts.count(nodes[parent].name, tensor.name, Action.READ) - passed
        for place in range(parent + 1, child):
            node = nodes[place]
            if isinstance(node, Fanout):
                delivered = counts.count(node.name, tensor.name, Action.TRANSFER)
                loops = [loop for loop in levels[place].loops if loop.bound > 1]
                if loops:
                    alike = not any(loop.dim in tensor.dims for loop in loops)  # all children need the same words
                    children = prod(loop.bound for loop in loops)
                    yield Reach(node.name, children, entering, delivered, alike and delivered > entering)
                entering = delivered
