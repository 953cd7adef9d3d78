"""How the files of Accelergy and Timeloop name actions and write figures, and what they mean here.

Units: energy in pJ, area in um2, as both tools write them. 0 is what they write where nobody gave a figure, so 0 is
taken as not known, and a note says so.

Arguments: an action may have several energies, by its arguments. Where these are `data_delta` and `address_delta`
(1: it differs from the one before), `read` is the energy where both are 1 and `read_repeated` that where both are 0;
with other arguments the action costs the most of its energies. A note lists them all.

Leakage: `leak` is an energy per cycle. It becomes a power where the file says how long a cycle is
(`global_cycle_seconds`); elsewhere leakage is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

PICOJOULE = Fraction(1, 10**12)
SQUARE_MICROMETRE = Fraction(1, 10**12)
CYCLE = "global_cycle_seconds"
LEAK = "leak"
_DELTAS = ("data_delta", "address_delta")
_SILENT = (CYCLE, "action_latency_cycles")

MEANINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "read": ("random_read",),
        "write": ("random_write", "fill", "random_fill"),
        "update": ("random_update",),
        "read_repeated": ("repeated_read",),
        "write_repeated": ("repeated_write",),
        "compute": ("mac_random", "mac"),
        "compute_repeated": ("mac_reused",),
        "multiply": ("mult_random", "mult"),
        "multiply_repeated": ("mult_reused",),
        "add": ("add_random",),
        "gated": ("mac_gated", "mult_gated", "add_gated"),
    }
)
"""Actions of Assay, and what Accelergy calls them; the first that a file has is taken."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The energy of an action with certain arguments, in joules; None: the file does not know it."""

    arguments: tuple[tuple[str, str], ...]
    energy: Fraction | None

    def __str__(self) -> str:
        said = ", ".join(f"{name}={value}" for name, value in self.arguments)
        energy = "not known" if self.energy is None else f"{float(self.energy / PICOJOULE):.4g} pJ"
        return f"{said or 'no arguments'}: {energy}"


@dataclass(frozen=True, slots=True)
class Energies:
    """Joules by action, and what there is to say about them."""

    energy: dict[str, Fraction | None]
    notes: tuple[str, ...]


def energies_of(variants: Mapping[str, Sequence[Variant]]) -> Energies:
    """One energy for each action, from those with the various arguments; without `leak`."""
    found: dict[str, Fraction | None] = {}
    notes: list[str] = []
    for action, each in variants.items():
        if action != LEAK:
            known = tuple(variant for variant in each if variant.energy)
            if not known and any(variant.energy == 0 for variant in each):
                notes.append(f"{action}: the energy of 0 in the file is taken as not known")
            found |= _by_arguments(action, known, notes)
    for action, names in MEANINGS.items():
        name = next((each for each in names if each in found), None)
        if name is not None and action not in found:
            renamed = {name: action, f"{name}_repeated": f"{action}_repeated"}
            found = {renamed.get(key, key): value for key, value in found.items()}
            notes.append(f"{action} is called {name} in the file")
    return Energies(found, tuple(notes))


def _by_arguments(action: str, variants: tuple[Variant, ...], notes: list[str]) -> dict[str, Fraction | None]:
    """The energy of the action, and that of its repetition."""
    if len({variant.energy for variant in variants}) <= 1:
        return {action: variants[0].energy if variants else None}
    if all(name in _DELTAS for variant in variants for name, _ in variant.arguments):
        changed = [each.energy for each in variants if {value for _, value in each.arguments} == {"1"}]
        same = [each.energy for each in variants if {value for _, value in each.arguments} == {"0"}]
    else:
        changed, same = [], []
    listed = "; ".join(map(str, variants))
    if not changed:
        notes.append(f"{action}: the most of {listed}")
        return {action: max(each.energy for each in variants if each.energy is not None)}
    notes.append(f"{action} by arguments: {listed}")
    return {action: changed[0]} | ({f"{action}_repeated": same[0]} if same else {})


def variant(arguments: Iterable[tuple[str, str]], energy: Fraction | None) -> Variant:
    """A variant without the arguments that change nothing here."""
    return Variant(tuple(pair for pair in arguments if pair[0] not in _SILENT), energy)


def leakage_of(energy: Fraction | None, cycle: Fraction | None, notes: list[str]) -> Fraction | None:
    """Watts, from the energy per cycle; None where one of the two is not known."""
    if not energy:
        return None
    if not cycle:
        notes.append(
            f"leakage is not known: the file gives {float(energy / PICOJOULE):.4g} pJ per cycle of unknown length"
        )
        return None
    return energy / cycle
