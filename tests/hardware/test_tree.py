"""`assay show`: what differs from the defaults is there, what does not is not."""

from assay.hardware import parse_hardware
from assay.report.tree import render_hardware

CHIP = """\
assay: hardware/1
name: small
clock: 1 GHz
nodes:
  - {memory: dram, keep: [ifmap, filter, ofmap]}
  - memory: glb
    keep: [ifmap]
    bandwidth: {read: 64 b/cycle, write: 32 b/cycle}
  - {fanout: array, X: 4}
  - {compute: pe}
"""

NEW = ("Counting", "buffering", "links", "latch", "ports")


def shown(*changes: tuple[str, str]) -> str:
    """The tree after some changes of the text, on one line."""
    text = CHIP
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return " ".join(render_hardware(parse_hardware(text)).replace("│", " ").split())


def test_defaults_are_not_shown() -> None:
    text = shown()
    assert not [word for word in NEW if word in text]
    assert "bandwidth: read 64 bits/cycle, write 32 bits/cycle" in text


def test_conventions_of_counting() -> None:
    text = shown(("nodes:", "counting: {halo: box, whole_accesses: true}\nnodes:"))
    expected = (
        "Counting: halo box (gaps of sliding windows are moved and kept); whole_accesses (words take whole accesses)"
    )
    assert expected in text
    text = shown(("nodes:", "counting: {first_reads: true, drain_reads: true}\nnodes:"))
    expected = (
        "Counting: first_reads (the first partial sums are read too); drain_reads (partial sums that go up are read)"
    )
    assert expected in text


def test_links_and_latch() -> None:
    text = shown(("X: 4", "X: 4, links: true, multicast: tile"), ("compute: pe", "compute: pe, latch: true"))
    assert "links: children beside each other pass words on" in text
    assert "latch: an operand that stays the same is not read again" in text


def test_ports_and_buffering() -> None:
    text = shown(("keep: [ifmap]\n", "keep: [ifmap]\n    ports: {read: 2}\n    buffering: single\n"))
    assert "bandwidth: read 2 ports × 64 bits/cycle, write 32 bits/cycle" in text
    assert "buffering: single (while a tile is replaced, nothing below works)" in text
