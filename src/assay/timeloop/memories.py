"""Attributes of storage levels as memories: sizes and widths in words, energies, bandwidths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from assay.errors import InputError, UnsupportedError
from assay.hardware.model import Bandwidth, Memory
from assay.reading.entries import Entry, Form
from assay.timeloop.constraints import Space
from assay.timeloop.design import Notes
from assay.timeloop.energies import FILL, READ, UPDATE, Energies, picojoules
from assay.timeloop.parts import Storage
from assay.timeloop.values import Names, integer, number, refuse_misspelt, truth

WORD_BITS = ("word_bits", "word_width", "datawidth")
BLOCK_SIZE = ("block_size", "n_words")
WIDTH = ("width", "memory_width", "data_storage_width")
DEPTH = ("depth", "memory_depth", "data_storage_depth")
NETWORK_ENERGY = ("energy_per_hop", "router_energy", "wire_energy", "energy_per_ingress")
LATENCY = ("network_fill_latency", "network_drain_latency")
DEFAULT_WORD_BITS = 16
MAX_BITS = 2**53
_USED = {
    *(*WORD_BITS, *BLOCK_SIZE, *WIDTH, *DEPTH, *NETWORK_ENERGY, *LATENCY, "name", "class", "entries", "sizeKB"),
    *("cluster_size", "multiple_buffering", "technology", "instances", "meshX", "meshY", "global_cycle_seconds"),
    *("read_bandwidth", "write_bandwidth", "shared_bandwidth", "bandwidth", "vector_access_energy", "version"),
    *("per_dataspace_bandwidth_consumption_scale", "allow_overbooking", "reduction_supported", "min_utilization"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """A storage level in words: how many it holds (None: any), those of one access, and the bits of one."""

    bits: int
    block: int
    size: int | None
    usable: int | None


def first(attributes: Mapping[str, Entry], keys: tuple[str, ...]) -> Entry | None:
    """The value of the first of the keys that is given."""
    return next(
        (attributes[key] for key in keys if key in attributes and attributes[key].form is not Form.NOTHING), None
    )


def word_bits(attributes: Mapping[str, Entry], names: Names) -> int:
    entry = first(attributes, WORD_BITS)
    return DEFAULT_WORD_BITS if entry is None else integer(entry, names, maximum=1024)


def words_of(storage: Storage) -> Words:
    """Word, block and size, each given in one of several ways."""
    given, names = storage.attributes, storage.names
    bits = word_bits(given, names)
    block = _block(storage, bits)
    size: int | None = None
    entries, depth, kilobytes = first(given, ("entries",)), first(given, DEPTH), first(given, ("sizeKB",))
    if entries is not None:
        size = integer(entries, names, minimum=0)
    elif depth is not None:
        size = integer(depth, names, minimum=0) * block
    elif kilobytes is not None:
        size = integer(kilobytes, names, minimum=0) * 1024 * 8 // bits
    usable = size
    buffering = first(given, ("multiple_buffering",))
    if buffering is not None and size is not None:
        usable = int(size / number(buffering, names, least=1))
    return Words(bits, block, size, usable)


def _block(storage: Storage, bits: int) -> int:
    given, names = storage.attributes, storage.names
    block_entry, cluster_entry = first(given, BLOCK_SIZE), first(given, ("cluster_size",))
    block = 1 if block_entry is None else integer(block_entry, names)
    cluster = 1 if cluster_entry is None else integer(cluster_entry, names)
    width_entry = first(given, WIDTH)
    if width_entry is None:
        return block
    width = integer(width_entry, names)
    if block_entry is None:
        block = width // (bits * cluster)
    # Only clusters can be left over when the block is given; without both, the width is one block.
    if block < 1 or width % (bits * block) or (cluster_entry is not None and block * bits * cluster != width):
        message = f"{storage.name}: a width of {width} bits is not made of whole words of {bits} bits"
        if block_entry is not None or cluster > 1:
            message = f"{storage.name}: a width of {width} bits is not {block} x {bits} bits x clusters of {cluster}"
        raise width_entry.error(message, "width = word_bits x block_size x cluster_size")
    return block


def build_memory(storage: Storage, space: Space, unit: int, energies: Energies | None, notes: Notes) -> Memory:
    """The memory; `unit` is the bits that stand for one word everywhere."""
    words = words_of(storage)
    _check_attributes(storage, notes)
    if words.size == 0 and space.keep:
        message = f"{storage.name} has no entries, but keeps {space.keep[0]}"
        raise InputError(message, at=storage.at, hint="bypass it there, or give it a size")
    size = None if words.size is None else words.size * unit
    if max(size or 0, words.block * unit) > MAX_BITS:
        raise InputError(f"{storage.name}: its size is beyond {MAX_BITS} bits", at=storage.at)
    read, fill, update = _energies(storage, energies, notes, bool(space.keep or space.may_keep))
    reserved = 0 if words.size is None or words.usable is None else (words.size - words.usable) * unit
    return Memory(
        storage.name,
        size=size,
        reserved=reserved,
        width=words.block * unit,
        keep=space.keep,
        may_keep=space.may_keep if words.size != 0 else (),
        read_energy=read,
        write_energy=fill,
        update_energy=update,
        bandwidth=_bandwidth(storage, unit),
        loops=space.loops.dims,
        factors=space.loops.factors,
        max_factors=space.loops.max_factors,
        order=space.loops.order,
        offchip=_offchip(storage),
        at=storage.at,
    )


def spare_attributes(storages: Iterable[Storage]) -> tuple[str, ...]:
    """Attributes that nothing here reads, each once."""
    return tuple(dict.fromkeys(key for storage in storages for key in storage.attributes if key not in _USED))


def _offchip(storage: Storage) -> bool:
    technology = storage.attributes.get("technology")
    return "DRAM" in storage.kind or (technology is not None and technology.words.strip() == "DRAM")


def _energies(
    storage: Storage, energies: Energies | None, notes: Notes, needed: bool
) -> tuple[float | None, float | None, float | None]:
    given = first(storage.attributes, ("vector_access_energy",))
    if given is not None:
        value = picojoules(number(given, storage.names, least=0))
        return value, value, value
    if energies is not None:
        found = tuple(energies.of(storage.name, actions) for actions in (READ, FILL, UPDATE))
        if any(value is not None for value in found):
            return found[0], found[1], found[2]
        if needed:
            notes.add(f"the energy table has nothing for {storage.name}; Timeloop estimates its energy", storage.at)
    return None, None, None


def _bandwidth(storage: Storage, unit: int) -> Bandwidth:
    def bits(key: str) -> float | None:
        entry = first(storage.attributes, (key,))
        return None if entry is None else float(number(entry, storage.names, above=0) * unit)

    both = first(storage.attributes, ("bandwidth",))
    half = None if both is None else float(number(both, storage.names, above=0) * Fraction(unit, 2))
    return Bandwidth(bits("read_bandwidth") or half, bits("write_bandwidth") or half, bits("shared_bandwidth"))


def _check_attributes(storage: Storage, notes: Notes) -> None:
    """Refuse what would change counts, and note what has no effect."""
    given, names = storage.attributes, storage.names
    refuse_misspelt(storage.name, given, sorted(_USED))
    for key, wanted, what in (
        ("allow_overbooking", False, "tiles larger than the memory"),
        ("reduction_supported", True, "a memory that cannot add"),
    ):
        if key in given and given[key].form is not Form.NOTHING and truth(given[key]) is not wanted:
            raise UnsupportedError(f"{storage.name}: {what} ('{key}') is not supported", at=given[key].at)
    scales = given.get("per_dataspace_bandwidth_consumption_scale")
    for _, value in scales.pairs() if scales is not None and scales.parts else ():
        if number(value, names) != 1:
            message = f"{storage.name}: bandwidth that data spaces use up differently is not supported"
            raise UnsupportedError(message, at=value.at)
    for key in (*NETWORK_ENERGY, *LATENCY, "min_utilization"):
        if (entry := first(given, (key,))) is not None and number(entry, names) > 0:
            notes.add(f"'{key}' of {storage.name} has no effect here", entry.at)
            if key in NETWORK_ENERGY:
                notes.uncharged.append(f"'{key}' of {storage.name}")
    cluster = first(given, ("cluster_size",))
    if cluster is not None and integer(cluster, names) > 1:
        notes.add(f"accesses of {storage.name} are counted per instance, not per cluster of instances", cluster.at)
