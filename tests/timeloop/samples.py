"""Small designs in each of the forms that Timeloop reads."""

from __future__ import annotations

from pathlib import Path

from assay.timeloop import TimeloopDesign, read_timeloop

PROBLEM = """\
problem:
  shape:
    name: conv
    dimensions: [C, K, R, P]
    coefficients:
    - {name: Wstride, default: 1}
    data_spaces:
    - name: Weights
      projection: [[[C]], [[K]], [[R]]]
    - name: Inputs
      projection: [[[C]], [[R], [P, Wstride]]]
    - name: Outputs
      projection: [[[K]], [[P]]]
      read_write: true
  instance: {C: 4, K: 8, R: 3, P: 10, Wstride: 2}
"""
FLAT = """\
arch:
  arithmetic: {name: MAC, instances: 8, meshX: 4, word_bits: 16}
  storage:
  - name: RF
    instances: 8
    meshX: 4
    word_bits: 16
    entries: 64
    block_size: 2
  - name: Buf
    instances: 1
    word_bits: 16
    entries: 1000
    multiple_buffering: 2
    read_bandwidth: 8
    shared_bandwidth: 0.5
  - name: DRAM
    technology: DRAM
    instances: 1
    word_bits: 16
"""
MAPPING = """\
mapping:
- target: RF
  type: temporal
  factors: R3 C2
  permutation: RC
- target: Buf
  type: spatial
  factors: K4 C2
  permutation: KCRP
  split: 1
- target: Buf
  type: temporal
  factors: P=4,2 K=2
  permutation: P K
- target: DRAM
  type: temporal
  factors: P3
- target: RF
  type: datatype
  keep: [Weights, Outputs]
  bypass: [Inputs]
"""
ENERGIES = """\
ERT:
  version: 0.4
  tables:
  - name: system.MAC[1..8]
    actions: [{name: compute, arguments: {}, energy: 1.5}]
  - name: RF
    actions: [{name: read, energy: 1}, {name: write, energy: 2}, {name: update, energy: 3}, {name: leak, energy: 0.1}]
  - name: system.chip.Buf[1..1]
    actions: [{name: read, energy: 6}, {name: read, energy: 7}, {name: write, energy: 8}]
  - name: DRAM
    actions: [{name: read, energy: 200}, {name: write, energy: 201}]
"""
TREE = """\
architecture:
  version: 0.3
  subtree:
  - name: system
    attributes: {technology: 45nm, global_cycle_seconds: 2e-9}
    local:
    - name: DRAM
      class: DRAM
      attributes: {width: 64, word-bits: 16}
    subtree:
    - name: chip
      local:
      - name: Buf
        class: smartbuffer_SRAM
        attributes: {memory_depth: 512, memory_width: 64, word_bits: 16, n_banks: 4}
      - name: Column[0..3]
        class: dummy_storage
        attributes: {depth: 1, width: 16, meshX: 4}
      subtree:
      - name: PE[0..7]
        local:
        - name: RF
          class: regfile
          attributes: {depth: 8, width: 16, word_bits: 16, meshX: 4}
        - name: mac
          class: intmac
          attributes: {word_bits: 16, meshX: 4}
"""
NODES = """\
variables:
  version: 0.4
  BITS: 8
  global_cycle_seconds: 1e-9
architecture:
  version: 0.4
  nodes:
  - !Container
    name: system
    attributes: {technology: "45nm", entries_of_pe: 4 * 16}
  - !Component
    name: DRAM
    class: DRAM
    attributes: {width: 64, datawidth: BITS}
  - !Component
    name: Buf
    class: smartbuffer_SRAM
    attributes: {depth: 1024 / 2, width: BITS * 4, datawidth: BITS}
    constraints:
      dataspace: {keep: [Inputs], bypass: [Weights]}
      temporal: {factors: [R=1], permutation: [P, C]}
  - !Container
    name: PE
    spatial: {meshX: 4, meshY: 2}
    constraints:
      spatial:
        permutation: [K, C, R, P]
        split: 1
        factors: [R=1, P=1, K<=4]
  - !Parallel
    nodes:
    - !Component
      name: wspad
      class: storage
      subclass: regfile
      attributes: {depth: entries_of_pe, width: 8, datawidth: 8}
      constraints:
        dataspace: {keep: [Weights]}
    - !Hierarchical
      nodes:
      - !Component
        name: ospad
        class: regfile
        attributes: {depth: 16, width: 8, datawidth: 8}
        constraints:
          dataspace: {keep: [Outputs]}
          temporal: {factors: C=1 K=1 R=1 P=1}
    - !Nothing {constraints: {dataspace: {keep: [Inputs]}}}
  - !Component
    name: mac
    class: intmac
    attributes: {multiplier_width: 8}
"""
NODES_MAPPING = """\
mapping:
- {target: PE, type: spatial, factors: [K=4, C=2]}
- {target: wspad, type: temporal, factors: "R=3 C=2", permutation: RC}
- {target: Buf, type: temporal, factors: "P=10 K=2"}
"""
V04_PROBLEM = PROBLEM.replace("problem:\n", "problem:\n  version: 0.4\n")


def design(tmp_path: Path, *texts: str) -> TimeloopDesign:
    """The design that texts describe, each in a file of its own: `0.yaml`, `1.yaml`, ..."""
    paths = []
    for index, text in enumerate(texts):
        path = tmp_path / f"{index}.yaml"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return read_timeloop(paths)
