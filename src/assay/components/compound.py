"""Components made of others, as hardware files describe them:

    components:
      smart_buffer:
        attributes: {depth: 1024, width: 16 b}        # with defaults; `required` where there is none
        parts:
          storage: {class: sram, depth: depth, width: width}
          address: {class: counter, width: ceil(log2(depth)), count: 2}
        actions:
          read: [storage.read, address.count]
          write: {storage.write: 1, address.count: 1}

Area and leakage are those of all parts; energy is what the actions say. Expressions may name the attributes. The
`part.action` of an action is of one instance of the part, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from assay.components.estimate import Estimate, Part
from assay.components.estimator import Attribute, Declined
from assay.components.provider import Asked, Provider
from assay.components.registry import Registry
from assay.components.technology import Technology
from assay.errors import InputError
from assay.reading.entries import Entry, Form
from assay.reading.expressions import is_name
from assay.reading.suggestions import hint
from assay.reading.units import NUMBER, Quantity, format_si
from assay.reading.words import listed

COMPOUND_KEYS = ("attributes", "parts", "actions")
USE_KEYS = ("class", "count", "technology", "estimator")
REQUIRED = "required"
MAX_COUNT = 2**31
MOST_PARTS = 10_000
"""Components in the whole tree of one."""
MOST_ENERGY = 1e-3
"""Joules of an action."""
MOST_TEXTS = 20
"""Of extrapolations and notes that a compound repeats from its parts."""
RESERVED = (*USE_KEYS, "per_cycle")


@dataclass(frozen=True, slots=True)
class Use:
    """A component as something else uses it: its class, its attributes, and how many there are.

    Attributes:
        given: attributes by name; expressions in them are not evaluated yet.
        at: where it stands, as an entry.
    """

    component: str
    given: tuple[tuple[str, Entry], ...]
    count: Entry | None
    technology: Entry | None
    estimator: str | None
    entry: Entry

    @classmethod
    def read(cls, entry: Entry, extra: tuple[str, ...] = ()) -> Use:
        """From `sram`, or from `{class: sram, depth: 1024, ...}`; keys in `extra` are left to the caller.

        Raises:
            InputError: neither of the two.
        """
        if entry.form is Form.TEXT:
            return cls(entry.text(), (), None, None, None, entry)
        fields = {key.words: value for key, value in entry.pairs()}
        if "class" not in fields:
            raise entry.error(f"{entry.label}: the key 'class' is missing", "write 'class: sram', or another component")
        given = tuple((k, v) for k, v in fields.items() if k not in USE_KEYS and k not in extra)
        estimator = fields["estimator"].text() if "estimator" in fields else None
        component = fields["class"].text()
        return cls(component, given, fields.get("count"), fields.get("technology"), estimator, entry)

    def number(self, names: Mapping[str, Quantity]) -> int:
        """How many there are."""
        return 1 if self.count is None else self.count.integer(minimum=1, maximum=MAX_COUNT, names=names)

    def estimate(
        self, registry: Registry, technology: Technology | None, names: Mapping[str, Quantity], **defaults: Entry
    ) -> Estimate:
        """What one of them costs. `defaults`: attributes that are taken where none is given.

        Raises:
            InputError: at its place, where nobody can say.
        """
        try:
            used = process(self.technology) if self.technology else technology
            asked = Asked(dict(self.given), used, names, defaults)
            return registry.estimate(self.component, asked, estimator=self.estimator)
        except InputError as error:
            if error.at and error.at.line:
                raise
            message = error.message if self.component in error.message else f"{self.component}: {error.message}"
            raise self.entry.error(message, error.hint) from None


def process(entry: Entry) -> Technology:
    """The technology in a file. Raises InputError at its place where it names none."""
    try:
        return Technology.parse(entry.text())
    except InputError as error:
        raise entry.error(error.message, error.hint) from None


@dataclass(frozen=True, slots=True)
class Term:
    """An action of a part, as part of an action of the whole; `times` None: once."""

    part: str
    action: str
    times: Entry | None
    entry: Entry


@dataclass(frozen=True, slots=True)
class Compound:
    """A component made of others.

    Attributes:
        attributes: (name, default); None where one must be given.
        parts: (name, use).
        actions: (action, what it is in actions of parts).
    """

    name: str
    attributes: tuple[tuple[str, Entry | None], ...]
    parts: tuple[tuple[str, Use], ...]
    actions: tuple[tuple[str, tuple[Term, ...]], ...]
    entry: Entry


def read_compounds(entry: Entry) -> tuple[Compound, ...]:
    """The compounds of a file, in its order. Raises InputError where one is wrong."""
    return tuple(_compound(key, value) for key, value in entry.pairs())


def with_compounds(
    registry: Registry, compounds: tuple[Compound, ...], origin: str, names: Mapping[str, Quantity]
) -> Registry:
    """The registry and the compounds of a file, which may be made of each other.

    Args:
        origin: the file.
        names: what expressions in the file may name, beside the attributes of their compound.

    Raises:
        InputError: a compound has the name of a component that others answer for.
    """
    for compound in compounds:
        if compound.name in registry.components:
            message = f"a component '{compound.name}' exists already"
            raise compound.entry.error(message, "give yours another name; 'assay components' lists those there are")
    known = [*registry.components, *(compound.name for compound in compounds)]
    for use in (use for compound in compounds for _, use in compound.parts):
        if use.component not in known and not use.component.startswith("hwcomponents."):
            raise use.entry.error(f"there is no estimator for '{use.component}'", hint(use.component, known))
    providers = [CompoundProvider(compound, origin, names) for compound in compounds]
    found = registry.with_providers(providers)
    for provider in providers:
        provider.registry = found
    return found


class CompoundProvider(Provider):
    """A compound of a hardware file."""

    registry: Registry

    def __init__(self, compound: Compound, origin: str, names: Mapping[str, Quantity]) -> None:
        self.compound = compound
        self.names = names
        self.component = self.name = compound.name
        self.origin = origin
        self._busy = False

    @property
    def about(self) -> str:
        return "made of " + ", ".join(name for name, _ in self.compound.parts)

    @property
    def actions(self) -> tuple[str, ...]:
        return tuple(action for action, _ in self.compound.actions)

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        inf = float("inf")
        return tuple(
            Attribute(name, "of this compound", "", NUMBER, -inf, inf, -inf, None, (), default, default is None)
            for name, default in self.compound.attributes
        )

    @property
    def source(self) -> str:
        return "its parts"

    @property
    def uncertainty(self) -> float | None:
        return None

    def answer(self, asked: Asked) -> Estimate:
        given, names = self._attributes(asked)
        if self._busy:
            raise self.compound.entry.error(f"component '{self.name}' is made of itself")
        self._busy = True
        try:
            parts = tuple(self._part(name, use, asked.technology, given, names) for name, use in self.compound.parts)
        finally:
            self._busy = False
        if (size := 1 + sum(part.estimate.size for part in parts)) > MOST_PARTS:
            raise self.compound.entry.error(
                f"component '{self.name}' has {size:,} parts in all; at most {MOST_PARTS:,}"
            )
        energy = tuple((action, _energy(terms, parts, names)) for action, terms in self.compound.actions)
        shown = tuple((name, _words(names[name]) if name in names else entry.words) for name, entry in given.items())
        sums = tuple(_sum_text(action, terms, parts, names) for action, terms in self.compound.actions)
        return _joined(self, shown, parts, energy, sums)

    def _attributes(self, asked: Asked) -> tuple[dict[str, Entry], dict[str, Quantity]]:
        """The entries by attribute, and the quantities among them by name."""
        known = dict(self.compound.attributes)
        for key in asked.given:
            if key not in known:
                raise Declined(f"does not know the attribute '{key}'", at=asked.given[key].at, hint=hint(key, known))
        if missing := [name for name, default in known.items() if default is None and name not in asked.given]:
            raise Declined(f"needs {listed(missing)}")
        given: dict[str, Entry] = {}
        names = dict(self.names)
        for name, default in known.items():
            entry, scope = (asked.given[name], asked.names) if name in asked.given else (default, names)
            assert entry is not None
            given[name] = entry
            try:
                names[name] = entry.expression(scope)
            except InputError:  # a word for a part, such as a format
                if entry.form is not Form.TEXT:
                    raise
                names.pop(name, None)
        return given, names

    def _part(
        self,
        name: str,
        use: Use,
        technology: Technology | None,
        given: Mapping[str, Entry],
        names: Mapping[str, Quantity],
    ) -> Part:
        """A part; a word that is the name of an attribute of text stands for that text."""

        def resolved(entry: Entry) -> Entry:
            return given[entry.words] if entry.words in given and entry.words not in names else entry

        inner = tuple((key, resolved(entry)) for key, entry in use.given)
        technology_of_part = None if use.technology is None else resolved(use.technology)
        asked = Use(use.component, inner, use.count, technology_of_part, use.estimator, use.entry)
        return Part(name, use.number(names), asked.estimate(self.registry, technology, names))


def _joined(
    provider: CompoundProvider,
    attributes: tuple[tuple[str, str], ...],
    parts: tuple[Part, ...],
    energy: tuple[tuple[str, float | None], ...],
    sums: tuple[str, ...],
) -> Estimate:
    """The estimate of the whole: as uncertain as its least certain part, as slow as the slowest that is known."""
    cycles = [part.estimate.cycle for part in parts if part.estimate.cycle is not None]
    shares = [part.estimate.uncertainty for part in parts]
    known = [share for share in shares if share is not None]
    if cycles and len(cycles) < len(parts):
        unknown = ", ".join(part.name for part in parts if part.estimate.cycle is None)
        sums = (*sums, f"cycle: that of the slowest part for which it is known; not of {unknown}")
    return Estimate(
        component=provider.component,
        estimator=provider.name,
        attributes=attributes,
        energy=energy,
        area=_sum(tuple((part.count, part.estimate.area) for part in parts)),
        leakage=_sum(tuple((part.count, part.estimate.leakage) for part in parts)),
        cycle=max(cycles, default=None),
        source="its parts: " + "; ".join(dict.fromkeys(f"{p.estimate.component}: {p.estimate.source}" for p in parts)),
        uncertainty=max(known) if known and len(known) == len(shares) else None,
        extrapolated=_some(f"{part.name}: {text}" for part in parts for text in part.estimate.extrapolated),
        notes=(*sums, *_some(f"{part.name}: {note}" for part in parts for note in part.estimate.notes)),
        parts=parts,
        size=1 + sum(part.estimate.size for part in parts),
    )


def _words(value: Quantity) -> str:
    """A quantity as it is shown: whole numbers in full."""
    whole = value.dimension == NUMBER and value.exact.denominator == 1
    return str(value.exact) if whole else str(value)


def _some(texts: Iterable[str]) -> tuple[str, ...]:
    """The first of them, and how many more there are."""
    found = tuple(dict.fromkeys(texts))
    return found if len(found) <= MOST_TEXTS else (*found[:MOST_TEXTS], f"and {len(found) - MOST_TEXTS} more")


def _sum(terms: tuple[tuple[int, float | None], ...]) -> float | None:
    """None where one of them is not known."""
    total = 0.0
    for count, value in terms:
        if value is None:
            return None
        total += count * value
    return total


def _energy(terms: tuple[Term, ...], parts: tuple[Part, ...], names: Mapping[str, Quantity]) -> float | None:
    """Joules of an action; None where one of its parts has no such figure."""
    estimates = {part.name: part.estimate for part in parts}
    total = 0.0
    for term in terms:
        estimate = estimates[term.part]
        if term.action not in estimate.actions:
            known = ", ".join(estimate.actions) or "none"
            message = f"{term.part} ({estimate.component}) has no action '{term.action}'"
            raise term.entry.error(message, f"its actions: {known}")
        factor = 1.0 if term.times is None else term.times.number(minimum=0, names=names)
        energy = estimate.energy_of(term.action)
        if energy is None:
            return None
        total += factor * energy
    if total > MOST_ENERGY:
        raise terms[0].entry.error(f"an action of {format_si(total, 'J')}, which no component has")
    return total


def _sum_text(action: str, terms: tuple[Term, ...], parts: tuple[Part, ...], names: Mapping[str, Quantity]) -> str:
    """The formula of an action with its operands: `read = storage.read 12 pJ + 2 × address.count 3 fJ`."""
    estimates = {part.name: part.estimate for part in parts}
    texts = []
    for term in terms:
        factor = 1.0 if term.times is None else term.times.number(minimum=0, names=names)
        times = "" if factor == 1 else f"{factor:g} × "
        energy = format_si(estimates[term.part].energy_of(term.action), "J")
        texts.append(f"{times}{term.part}.{term.action} {energy}")
    return f"{action} = {' + '.join(texts)}"


def _compound(key: Entry, entry: Entry) -> Compound:
    if not is_name(key.words):
        raise key.error(f"'{key.words}' cannot be a name", "use letters, digits and _, and begin with a letter")
    fields = entry.mapping(allowed=COMPOUND_KEYS, required=("parts",))
    attributes = tuple(
        (name.words, None if value.words == REQUIRED else value)
        for name, value in (fields["attributes"].pairs() if "attributes" in fields else ())
    )
    for name, _ in attributes:
        if not is_name(name) or name in RESERVED:
            raise fields["attributes"].error(f"'{name}' cannot be an attribute", f"taken: {', '.join(RESERVED)}")
    parts = tuple((_part_name(name), Use.read(value)) for name, value in fields["parts"].pairs())
    if not parts:
        raise fields["parts"].error(f"component '{key.words}' has no parts")
    names = tuple(name for name, _ in parts)
    pairs = fields["actions"].pairs() if "actions" in fields else ()
    actions = tuple((action.words, _terms(value, names)) for action, value in pairs)
    return Compound(key.words, attributes, parts, actions, entry)


def _part_name(key: Entry) -> str:
    if not is_name(key.words):
        raise key.error(f"'{key.words}' cannot be the name of a part", "use letters, digits and _")
    return key.words


def _terms(entry: Entry, parts: tuple[str, ...]) -> tuple[Term, ...]:
    """What an action consists of: a list of `part.action`, or how often each happens."""
    if entry.form is Form.MAPPING:
        found = tuple(_term(key, value, parts) for key, value in entry.pairs())
    else:
        items = entry.items() if entry.form is Form.LIST else (entry,)
        found = tuple(_term(item, None, parts) for item in items)
    if not found:
        raise entry.error("an action of nothing", "leave it out where it is not known")
    return found


def _term(entry: Entry, times: Entry | None, parts: tuple[str, ...]) -> Term:
    part, dot, action = entry.words.rpartition(".")
    if not dot:
        raise entry.error(f"'{entry.words}' is not an action of a part", "write such as 'storage.read'")
    if part not in parts:
        raise entry.error(f"there is no part '{part}'", hint(part, parts, label="parts"))
    return Term(part, action, times, entry)
