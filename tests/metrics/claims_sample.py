"""A chip whose claims agree with each other, every figure that the rules know among them."""

from __future__ import annotations

CHIP = """\
assay: chip/1
name: sample
title: A sample
source: a paper
confidence: seen
zeros: processed
chip:
  process: 28 nm
  voltage: 0.9 V
  clock: 500 MHz
  multipliers: 256
  pes: 256
  multiplier_bits: 8
  onchip_memory: 512 kB
  core_area: 5.12 mm2
  die_area: 6.40 mm2
  area_per_multiplier: 0.0200 mm2
  memory_per_multiplier: 2.00 kB
  offchip_bandwidth: 2.00 GB/s
  tdp: 1.00 W
  power_at_peak: 0.800 W
  peak: {value: 256 GOPS, bits: 8}
  peak_efficiency: {value: 320 GOPS/W, bits: 8}
runs:
  - name: alexnet
    network: alexnet
    layers: all
    task: image classification
    dataset: ImageNet
    accuracy_metric: top-5
    accuracy: 80.0 %
    weight_bits: 8
    activation_bits: 8
    batch: 2
    runtime: 20.00 ms
    latency: 20.00 ms
    throughput: 100.0 inferences/s
    macs: 724.4 MMAC
    performance: 72.44 GMAC/s
    utilization: 56.6 %
    active_pes: 200
    power: 500 mW
    scope: chip
    energy: 5.00 mJ
    inferences_per_joule: 200.0 inferences/J
    efficiency: 289.8 GOPS/W
    offchip_traffic: 10.00 MB
    images_tested: 100
    basis: measured
flexibility: AlexNet alone was tried
scalability: {value: to 1024 PEs, note: simulated}
notes: [a note]
"""


def changed(*changes: tuple[str, str]) -> str:
    """The sample with some texts in it replaced; each stands in it once."""
    text = CHIP
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text
