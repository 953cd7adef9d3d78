"""The machine of `docs/pipeline.md`, event by event: every step, every tile, every part of a transfer one by one.

It shares nothing with `assay.metrics.pipeline`: the words of a step are those that the oracle counts (sets of
addresses, `tests/oracle.py`), buffers are known by the numbers of their tiles, and time passes from event to event in a
queue.

A *transfer* is a process that meets the ports on its way one after the other; a port is a queue that serves transfers
in the order in which they were announced, and is taken for as long as the transfer's own bits take. The multipliers
are a process, too, one per step of the innermost buffer.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from assay.hardware.model import Buffering, Fanout, Hardware, Memory
from assay.mapping.counts import Action
from assay.mapping.mapping import Mapping
from assay.workload.einsum import Einsum, Tensor
from tests.oracle import Digits, _Residencies, _Run

Port = tuple[int, str]
Moved = dict[Port, Fraction]
"""Bits of one instance through each port, in the order of the way."""


# What moves at each step, from the oracle


@dataclass
class Flow:
    """A tensor between two nodes: what comes down and goes up before each global step (up: also at the end)."""

    tensor: str
    parent: int
    child: int
    output: bool
    down: list[Moved] = field(default_factory=list)
    up: list[Moved] = field(default_factory=list)


class Counted(_Run):
    """The oracle, asked step by step."""

    def __init__(self, einsum: Einsum, hardware: Hardware, mapping: Mapping) -> None:
        super().__init__(einsum, hardware, mapping)
        self.hardware = hardware
        self.steps: list[Digits] = sorted({self.step(point.digits, self.bottom) for point in self.points})
        self.active = [len({self.place(p.digits, node) for p in self.points}) for node in range(self.bottom + 1)]

    def delta(self, act: Callable[[], object]) -> Counter[tuple[str, str | None, Action]]:
        before = self.counts.copy()
        act()
        return Counter({key: count - before[key] for key, count in self.counts.items()})

    def bits(self, tensor: Tensor, way: Iterable[tuple[int, str, int]]) -> Moved:
        moved: Moved = defaultdict(Fraction)
        for node, port, words in way:
            if not words or node == self.bottom:
                continue
            ports = (port, "total") if isinstance(self.nodes[node], Memory) else (f"{tensor.name} {port}",)
            for name in ports:
                moved[node, name] += Fraction(words * tensor.bits, self.active[node])
        return dict(moved)

    def between(self, parent: int, child: int) -> list[int]:
        return [n for n in range(parent + 1, child) if isinstance(self.nodes[n], Fanout)]

    def down(self, tensor: Tensor, parent: int, child: int, counts: Counter) -> Moved:
        """What the parent reads goes to the outermost fanout, what that delivers to the next, and so on."""
        crossing = counts[self.name(parent), tensor.name, Action.READ]
        way = [(parent, "read", crossing)]
        for node in self.between(parent, child):
            way.append((node, "down", crossing))
            crossing = counts[self.name(node), tensor.name, Action.TRANSFER]
        return self.bits(tensor, [*way, (child, "write", crossing)])

    def up(self, tensor: Tensor, parent: int, child: int, counts: Counter) -> Moved:
        crossing = counts[self.name(parent), tensor.name, Action.UPDATE]
        way = [(parent, "write", crossing)]
        for node in self.between(parent, child):
            way.append((node, "up", crossing))
            crossing = counts[self.name(node), tensor.name, Action.TRANSFER]
        if child != self.bottom:
            way.append((child, "read", counts[self.name(child), tensor.name, Action.READ]))
        return self.bits(tensor, reversed(way))

    def name(self, node: int) -> str:
        return self.levels[node].node

    def flows(self, einsum: Einsum) -> list[Flow]:
        found = []
        for tensor in einsum.inputs:
            for parent, child in itertools.pairwise([*self.keepers(tensor), self.bottom]):
                found.append(self.input(tensor, parent, child))
        return [*found, *self.outputs(einsum.output)]

    def input(self, tensor: Tensor, parent: int, child: int) -> Flow:
        flow = Flow(tensor.name, parent, child, output=False)
        tiles = self.tiles(tensor, child)
        held: dict = {}
        before = None
        for now in self.steps:
            step = now[: sum(isinstance(node, Memory) for node in self.nodes[:child])]
            if step == before:
                flow.down.append({})
                continue
            before = step
            requests = {place: tile - held.get(place, frozenset()) for place, tile in tiles[step].items()}
            if child != self.bottom or self.latch:
                held.update(tiles[step])
            counts = self.delta(lambda r=requests: self._request(tensor, parent, child, r))
            flow.down.append(self.down(tensor, parent, child, counts))
        return flow

    def outputs(self, tensor: Tensor) -> list[Flow]:
        keepers = self.keepers(tensor)
        valid: dict = {node: defaultdict(set) for node in keepers}
        flows = [Flow(tensor.name, p, c, output=True) for p, c in itertools.pairwise([*keepers, self.bottom])]
        boundaries = [_Residencies(self, tensor, flow.parent, flow.child, valid) for flow in flows[:-1]]
        pairs = list(zip(boundaries, flows[:-1], strict=True))
        inner = flows[-1]
        products = self.tiles(tensor, self.bottom)
        memory = keepers[-1]
        for now in self.steps:
            for boundary, flow in reversed(pairs):
                flow.up.append(
                    self.up(tensor, flow.parent, flow.child, self.delta(lambda b=boundary, n=now: b.drain(n)))
                )
            for boundary, flow in pairs:
                flow.down.append(self.refilled(tensor, flow, self.delta(lambda b=boundary, n=now: b.refill(n))))
            counts = self.delta(lambda n=now: self._accumulate(tensor, memory, products[n], valid[memory]))
            inner.down.append(
                self.bits(tensor, [(memory, "read", counts[self.name(memory), tensor.name, Action.READ])])
            )
            if not inner.up:
                inner.up.append({})
            inner.up.append(self.up(tensor, memory, self.bottom, counts))
        for boundary, flow in reversed(pairs):
            flow.up.append(self.up(tensor, flow.parent, flow.child, self.delta(lambda b=boundary: b.drain(None))))
        return flows

    def refilled(self, tensor: Tensor, flow: Flow, counts: Counter) -> Moved:
        crossing = counts[self.name(flow.parent), tensor.name, Action.READ]
        way = [(flow.parent, "read", crossing)]
        for node in self.between(flow.parent, flow.child):
            way.append((node, "down", crossing))
            crossing = counts[self.name(node), tensor.name, Action.TRANSFER]
        return self.bits(tensor, [*way, (flow.child, "write", counts[self.name(flow.child), tensor.name, Action.FILL])])


# Time


class Clock:
    """Events in the order of their dates."""

    def __init__(self) -> None:
        self.now = Fraction(0)
        self.queue: list[tuple[Fraction, int, Callable[[], None]]] = []
        self.number = itertools.count()

    def at(self, date: Fraction, act: Callable[[], None]) -> None:
        heapq.heappush(self.queue, (date, next(self.number), act))

    def run(self) -> None:
        while self.queue:
            self.now, _, act = heapq.heappop(self.queue)
            act()


class Signal:
    """Something that happens once; those who wait for it go on then."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.date, self.waiting = clock, None, []
        self.date: Fraction | None
        self.waiting: list[Callable[[], None]]

    def fire(self) -> None:
        assert self.date is None
        self.date = self.clock.now
        for act in self.waiting:
            self.clock.at(self.date, act)

    def then(self, act: Callable[[], None]) -> None:
        if self.date is None:
            self.waiting.append(act)
        else:
            self.clock.at(self.clock.now, act)


def after_all(clock: Clock, signals: Iterable[Signal], act: Callable[[], None]) -> None:
    """Act when all of the signals have fired."""
    left = list(signals)
    count = len(left)
    if not count:
        clock.at(clock.now, act)

    def one() -> None:
        nonlocal count
        count -= 1
        if not count:
            act()

    for signal in left:
        signal.then(one)


class Server:
    """A port: it serves in the order of the tickets, the next when the last has been served."""

    def __init__(self) -> None:
        self.last: Signal | None = None

    def ticket(self, clock: Clock) -> tuple[Signal | None, Signal]:
        mine = Signal(clock)
        before, self.last = self.last, mine
        return before, mine


class Transfer:
    """Goes from port to port; `begun` when the first port takes it, `ended` when the last bit has passed them all."""

    def __init__(
        self,
        clock: Clock,
        way: list[tuple[Server, Fraction]],
        wait: Iterable[Signal],
        last: Iterable[Signal] = (),
    ) -> None:
        """`wait`: before it begins. `last`: before it has ended."""
        self.clock = clock
        self.begun, self.ended = Signal(clock), Signal(clock)
        self.stops = [(server.ticket(clock), duration) for server, duration in way]
        self.passed = [mine for (_, mine), _ in self.stops]
        self.last = list(last)
        after_all(clock, list(wait), lambda: self.go(0))

    def go(self, stop: int) -> None:
        if stop == len(self.stops):
            if not self.stops:
                self.begun.fire()
            after_all(self.clock, [*self.passed, *self.last], self.ended.fire)
            return
        (before, mine), duration = self.stops[stop]

        def take() -> None:
            if not stop:
                self.begun.fire()
            self.clock.at(self.clock.now + duration, mine.fire)
            self.go(stop + 1)

        after_all(self.clock, [before] if before else [], take)


# The machine


@dataclass
class Buffer:
    """The tiles of one tensor in one node."""

    flow: Flow
    depth: int
    single: bool
    tiles: list[int] = field(default_factory=list)  # the number of its tile at each step of the innermost buffer
    first: list[int] = field(default_factory=list)  # the first step of each tile, and the number of steps
    above: Buffer | None = None
    fills: dict[int, list[Transfer]] = field(default_factory=lambda: defaultdict(list))
    drains: list[Transfer] = field(default_factory=list)
    reads: dict[int, list[Signal]] = field(default_factory=lambda: defaultdict(list))
    sums: dict[int, list[Signal]] = field(default_factory=lambda: defaultdict(list))
    ready: dict[int, list[Signal]] = field(default_factory=dict)

    def lay(self, prefixes: list[tuple[int, ...]]) -> None:
        """Number its tiles: those of equal digits of the loops outside of them."""
        for step, prefix in enumerate(prefixes):
            if not step or prefix != prefixes[step - 1]:
                self.first.append(step)
            self.tiles.append(len(self.first) - 1)
        self.first.append(len(prefixes))

    def parts(self, tile: int) -> int:
        """The steps in which a tile is in use."""
        return self.first[tile + 1] - self.first[tile]

    def changes(self, step: int) -> bool:
        """Whether another tile is worked on from this step on."""
        return step == self.first[self.tiles[step]]

    def late(self, step: int) -> bool:
        """Whether its tile is replaced between two steps."""
        buffer: Buffer | None = self
        while buffer is not None:
            if buffer.single and buffer.changes(step):
                return True
            buffer = buffer.above
        return False

    def arrived(self, tile: int) -> list[Signal]:
        """All that has been announced of this tile and those before has come."""
        return [transfer.ended for number, each in self.fills.items() if number <= tile for transfer in each]


@dataclass(frozen=True)
class Outcome:
    """Dates of the first work, the end of the last work, and the end of all; bits that each port moved."""

    begun: Fraction
    computed: Fraction
    end: Fraction
    bits: dict[Port, Fraction]


def simulate(einsum: Einsum, hardware: Hardware, mapping: Mapping) -> Outcome:
    """Run a mapping."""
    return Machine(einsum, hardware, mapping).run()


class Machine:
    def __init__(self, einsum: Einsum, hardware: Hardware, mapping: Mapping) -> None:
        counted = Counted(einsum, hardware, mapping)
        self.hardware = hardware
        self.steps = [tuple(itertools.chain(*step)) for step in counted.steps]  # digits of the loops in time
        self.limits = _limits(hardware)
        self.clock = Clock()
        self.servers = {port: Server() for port in self.limits}
        self.moved: dict[Port, Fraction] = defaultdict(Fraction)
        flows = counted.flows(einsum)
        self.buffers = [
            buffer
            for flow in flows
            if flow.child != counted.bottom or any(p in self.limits for m in (*flow.down, *flow.up) for p in m)
            for buffer in [self.buffer(flow)]
        ]
        for flow in flows:  # the rest is read in no time
            if all(buffer.flow is not flow for buffer in self.buffers):
                for moved in (*flow.down, *flow.up):
                    self.book(moved)
        self.buffers.sort(key=lambda buffer: (buffer.depth, buffer.flow.child))
        deepest = max((buffer.depth for buffer in self.buffers), default=0)
        self.starts = [n for n, step in enumerate(self.steps) if not any(step[deepest:])]
        ends = [*self.starts[1:], len(self.steps)]
        macs = hardware.compute.macs_per_cycle
        self.durations = [Fraction(end - start, macs) for start, end in zip(self.starts, ends, strict=True)]
        self.inner = {}
        for buffer in self.buffers:
            buffer.lay([self.steps[n][: buffer.depth] for n in self.starts])
            buffer.above = next(
                (b for b in self.buffers if (b.flow.tensor, b.flow.child) == (buffer.flow.tensor, buffer.flow.parent)),
                None,
            )
            other = self.inner.get(buffer.flow.tensor)
            if other is None or other.flow.child < buffer.flow.child:
                self.inner[buffer.flow.tensor] = buffer

    def book(self, moved: Moved) -> None:
        for port, bits in moved.items():
            self.moved[port] += bits

    def buffer(self, flow: Flow) -> Buffer:
        """Its tile changes as often as the innermost loop that makes anything move."""
        depth = 0
        for number in range(1, len(self.steps)):
            turned = next(
                k for k, (a, b) in enumerate(zip(*self.steps[number - 1 : number + 1], strict=True)) if a != b
            )
            if flow.down[number] or (flow.output and flow.up[number]):
                depth = max(depth, turned + 1)
        node = self.hardware.nodes[flow.child]
        return Buffer(flow, depth, isinstance(node, Memory) and node.buffering is Buffering.SINGLE)

    def transfer(self, moved: Moved, parts: int, wait: list[Signal], last: list[Signal]) -> Transfer:
        self.book({port: bits / parts for port, bits in moved.items()})
        way = [
            (self.servers[port], bits / self.limits[port] / parts)
            for port, bits in moved.items()
            if port in self.limits
        ]
        return Transfer(self.clock, way, wait, last)

    def down(self, buffer: Buffer, tile: int) -> Moved:
        return buffer.flow.down[self.starts[buffer.first[tile]]]

    def fill(self, buffer: Buffer, tile: int, parts: int, late: bool) -> None:
        """Announce the transfer of a tile, or a part of it."""
        moved = self.down(buffer, tile)
        if not moved:
            return
        wait, last = [], []
        if buffer.flow.output:
            if late:
                wait += [each.ended for each in buffer.drains]
            elif buffer.drains:  # a word comes where a word has left
                wait.append(buffer.drains[-1].begun)
                last += [each.ended for each in buffer.drains]
        else:
            wait += buffer.reads[tile - (1 if buffer.single else 2)]
        above = buffer.above
        if above is not None:
            home = above.tiles[buffer.first[tile]]
            wait += above.ready[home] if home in above.ready else above.arrived(home)
        transfer = self.transfer(moved, parts, wait, last)
        buffer.fills[tile].append(transfer)
        if above is not None and not buffer.flow.output:
            above.reads[home].append(transfer.ended)

    def drain(self, buffer: Buffer, tile: int, parts: int) -> None:
        following = buffer.first[tile + 1]
        moved = buffer.flow.up[self.starts[following] if following < len(self.starts) else len(self.steps)]
        wait, above = list(buffer.sums[tile]), buffer.above
        if above is not None:
            home = above.tiles[buffer.first[tile]]
            wait += above.ready[home]
        transfer = self.transfer(moved, parts, wait, [])
        buffer.drains.append(transfer)
        if above is not None:
            above.sums[home].append(transfer.ended)

    def begin_tile(self, buffer: Buffer, tile: int) -> None:
        buffer.ready[tile] = [*buffer.arrived(tile), *(transfer.ended for transfer in buffer.drains)]

    def run(self) -> Outcome:
        for buffer in self.buffers:
            self.fill(buffer, 0, 1, late=False)
            self.begin_tile(buffer, 0)
        works: list[Transfer] = []
        for step in range(len(self.starts)):
            if step:
                self.turn(step)
            for buffer in reversed(self.buffers):
                tile = buffer.tiles[step]
                if buffer.flow.output and tile and not buffer.late(buffer.first[tile]):
                    self.drain(buffer, tile - 1, buffer.parts(tile))
            for buffer in self.buffers:
                tile = buffer.tiles[step] + 1
                if buffer.first[tile] < len(self.starts) and not buffer.late(buffer.first[tile]):
                    self.fill(buffer, tile, buffer.parts(tile - 1), late=False)
            works.append(self.work(step, works))
        for buffer in reversed(self.buffers):
            if buffer.flow.output:
                self.drain(buffer, buffer.tiles[-1], 1)
        self.clock.run()
        begun, computed = works[0].begun.date, works[-1].ended.date
        assert begun is not None
        assert computed is not None
        leaving = [each.ended.date or Fraction(0) for buffer in self.buffers for each in buffer.drains[-1:]]
        assert all(each.ended.date is not None for buffer in self.buffers for each in buffer.drains)
        return Outcome(begun, computed, max([computed, *leaving]), {p: b for p, b in self.moved.items() if b})

    def turn(self, step: int) -> None:
        """Between two steps: tiles are replaced where there is room for one."""
        late = [buffer for buffer in self.buffers if buffer.changes(step) and buffer.late(step)]
        for buffer in reversed(late):
            if buffer.flow.output:
                self.drain(buffer, buffer.tiles[step] - 1, 1)
        for buffer in late:
            self.fill(buffer, buffer.tiles[step], 1, late=True)
        for buffer in self.buffers:
            if buffer.changes(step):
                self.begin_tile(buffer, buffer.tiles[step])

    def work(self, step: int, before: list[Transfer]) -> Transfer:
        """The multipliers: a server of their own."""
        wait = [each.ended for each in before[-1:]]
        for buffer in self.inner.values():
            wait += buffer.ready[buffer.tiles[step]]
        work = Transfer(self.clock, [(Server(), self.durations[step])], wait)
        for buffer in self.inner.values():
            (buffer.sums if buffer.flow.output else buffer.reads)[buffer.tiles[step]].append(work.ended)
        return work


def full(einsum: Einsum, hardware: Hardware, mapping: Mapping) -> set[str]:
    """Memories without room for what comes beside what is there: the most of each tensor, from sets of addresses."""
    counted = Counted(einsum, hardware, mapping)
    found = set()
    for number, node in enumerate(hardware.nodes[:-1]):
        if not number or not isinstance(node, Memory) or node.size is None or node.buffering is Buffering.SINGLE:
            continue
        bits = 0
        for tensor in einsum.tensors:
            if number not in counted.keepers(tensor):
                continue
            tiles = list(counted.tiles(tensor, number).values())
            held = max(len(tile) for step in tiles for tile in step.values())
            coming = [
                len(tile - before[place])
                for before, after in itertools.pairwise(tiles)
                for place, tile in after.items()
                if place in before
            ]
            more = max(coming, default=0)
            bits += (held + (held if more and tensor is einsum.output else more)) * tensor.bits
        if bits > node.size:
            found.add(node.name)
    return found


def _limits(hardware: Hardware) -> dict[Port, Fraction]:
    limits = {}
    for number, node in enumerate(hardware.nodes):
        if isinstance(node, Memory):
            for name in ("read", "write", "total"):
                rate = getattr(node.bandwidth, name)
                if rate is not None:
                    limits[number, name] = Fraction(rate) * getattr(node.ports, name)
        elif isinstance(node, Fanout):
            for tensor, rate in node.bandwidth:
                limits[number, f"{tensor} down"] = limits[number, f"{tensor} up"] = Fraction(rate)
    return limits
