"""The network and the hardware of an evaluation, from whatever names them, and whether their words fit together."""

from __future__ import annotations

from pathlib import Path

from assay.errors import InputError
from assay.hardware import presets
from assay.hardware.dataflows import apply_dataflow
from assay.hardware.model import Hardware
from assay.workload import load, zoo
from assay.workload.network import Network

NETWORKS = "a built-in name (such as 'alexnet'), the path of a .yaml or .onnx file, or a Network"


def load_sources(
    network: Network | str | Path, hardware: Hardware | str | Path, bits: int | None, dataflow: str | None = None
) -> tuple[Network, Hardware]:
    """Both, read where they are not read yet. The words of a network have `bits`, or the width of the chip's operands.

    Args:
        dataflow: that the chip is made to work in, by name; None: as it is.

    Raises:
        InputError: either cannot be read, they are swapped, the words are too wide for the chip, or it cannot work in
            the dataflow.
    """
    _check_order(network, hardware)
    if not isinstance(network, Network | str | Path) and type(network).__name__ != "ModelProto":
        raise InputError(f"the network is {_named(network)}; it must be {NETWORKS}")
    chip = load_chip(hardware, dataflow)
    if isinstance(network, Network):
        found = network
        if bits is not None and widths(found) - {bits}:
            listed = ", ".join(map(str, sorted(widths(found))))
            raise InputError(
                f"network {found.name} is already read, with words of {listed} bits, not {bits}",
                hint=f"load_network(..., bits={bits}) reads it with words of that width",
            )
    else:
        found = load.load_network(network, bits=min(chip.compute.bits, load.MAX_BITS) if bits is None else bits)
    _check_widths(found, chip)
    return found, chip


def load_chip(hardware: Hardware | str | Path, dataflow: str | None = None) -> Hardware:
    """The hardware, read where it is not read yet, in the dataflow. Raises InputError as `load_sources` does."""
    chip = presets.load_hardware(hardware)
    return chip if dataflow is None else apply_dataflow(chip, dataflow)


def widths(network: Network) -> set[int]:
    """The different widths of the words that are multiplied, in bits."""
    return {t.bits for layer in network.layers if layer.einsum is not None for t in layer.einsum.inputs}


def _check_order(network: object, hardware: object) -> None:
    """Network and hardware are easily swapped; where it is certain, say so."""
    network_is_chip = isinstance(network, Hardware) or network in presets.preset_names()
    spec = hardware.partition(":")[0] if isinstance(hardware, str) else hardware
    chip_is_network = isinstance(hardware, Network) or spec in zoo.zoo_names()
    if network_is_chip or chip_is_network:
        what = [f"{_named(network)} is hardware"] if network_is_chip else []
        what += [f"{_named(hardware)} is a network"] if chip_is_network else []
        raise InputError(f"{' and '.join(what)}; the network comes first, then the hardware", hint="swap the two")


def _named(value: object) -> str:
    if isinstance(value, Network | Hardware):
        return value.name
    return f"'{value}'" if isinstance(value, str | Path) else f"a value of type {type(value).__name__}"


def _check_widths(network: Network, hardware: Hardware) -> None:
    width = hardware.compute.bits
    widest = max(widths(network), default=0)
    if widest > width:
        raise InputError(
            f"the words of {network.name} have {widest} bits, the multipliers of {hardware.name} take {width}",
            hint=f"--bits {width}, in Python load_network(..., bits={width}), reads the network with words that fit",
        )
