"""The scorecard as people read it: in short on the screen, with every formula as sections."""

from __future__ import annotations

from assay.evaluation.results import Evaluation
from assay.hardware.design import is_extrapolated, leakage_power
from assay.metrics.efficiency import has_offchip
from assay.metrics.metric import Metric
from assay.metrics.scorecard import Scorecard, word_widths
from assay.reading.figures import number, percent, pes, rate, short, square, traffic, whole
from assay.reading.units import NOT_MODELLED, format_bytes, format_si
from assay.report.figures import missing_energy
from assay.report.metrics import amount, figure, stated
from assay.report.scorecard_pictures import factor_pictures
from assay.report.section import Section

Pairs = list[tuple[str, str]]


def scorecard_sections(card: Scorecard) -> tuple[Section, ...]:
    """Every figure with its explanation, a section per group; the factors of the throughput also as a picture."""
    pictures = {"factors": factor_pictures(card)}
    return tuple(
        Section(f"scorecard_{group.key}", group.title, metrics=group.metrics, pictures=pictures.get(group.key, ()))
        for group in card.groups
    )


def scorecard_pairs(evaluation: Evaluation, card: Scorecard) -> list[Pairs]:
    """(metric, value) pairs of the main figures, in the groups and the order in which they are shown."""
    chip = evaluation.hardware
    return [
        [("Accuracy", _accuracy(card)), *_if_known("Difficulty", card["difficulty"])],
        [
            ("Throughput", rate(evaluation.throughput, "inferences")),
            ("Latency", _latency(evaluation)),
            ("Utilisation", _utilization(evaluation, card)),
            ("Multiply-accumulates", f"{whole(evaluation.macs)} per {_unit(evaluation)}"),
        ],
        [
            ("Energy", _energy(evaluation)),
            ("Efficiency", _efficiency(card)),
            ("Off-chip traffic", _traffic(evaluation)),
            ("Power", _power(evaluation)),
            *((each.title, str(each.value)) for each in card if each.key == "published_power"),
            *([("Leakage", text)] if (text := _leakage(evaluation)) else []),
            *([("Clock and control", text)] if (text := _clock(evaluation)) else []),
            *([("TDP", _tdp(card))] if card["tdp"].value is not None else []),
        ],
        [
            ("Chip area", _area(evaluation, card)),
            ("Technology", chip.technology or "not given"),
            ("PEs", f"{whole(chip.pes)}{_per_pe(evaluation)} at {format_si(chip.clock, 'Hz')}"),
            ("On-chip storage", _storage(evaluation, card)),
            ("Off-chip bandwidth", _bandwidth(card)),
        ],
        [(each.title, _found(each)) for key in ("flexibility", "scalability") for each in card.group(key).metrics],
        [
            ("Word width", _bits(evaluation)),
            ("Energies from", figure(card["energies_from"])),
            ("Obtained by", figure(card["obtained"])),
        ],
        [("TOPS", _tops(card)), ("TOPS/W", _tops_per_watt(evaluation, card))],
    ]


def _if_known(title: str, metric: Metric) -> Pairs:
    return [] if metric.value is None else [(title, str(metric.value))]


def _accuracy(card: Scorecard) -> str:
    metric = card["accuracy"]
    return figure(metric) if metric.value is not None else "not given (--accuracy 80% says it)"


def _found(metric: Metric) -> str:
    return figure(metric) if metric.value is not None else f"not known here: {metric.missing}"


def _unit(evaluation: Evaluation) -> str:
    return "inference" if evaluation.batch == 1 else f"batch of {evaluation.batch:,}"


def _latency(evaluation: Evaluation) -> str:
    if evaluation.latency is None:
        return NOT_MODELLED
    return f"{format_si(evaluation.latency, 's')} per {_unit(evaluation)}"


def _utilization(evaluation: Evaluation, card: Scorecard) -> str:
    """Equation (3)."""
    if evaluation.utilization is None:
        return NOT_MODELLED
    share, busy = (percent(card[key].number) for key in ("active_share", "active_utilization"))
    active = f"{pes(evaluation.active_pes)} of {whole(evaluation.hardware.pes)} PEs active"
    return f"{percent(evaluation.utilization)}: {active} ({share}), busy {busy} of the time"


def _energy(evaluation: Evaluation) -> str:
    if evaluation.energy is None:
        return NOT_MODELLED
    text = f"{format_si(evaluation.energy, 'J')} per {_unit(evaluation)}"
    if evaluation.batch > 1:
        text += f", {format_si(evaluation.energy_per_inference, 'J')} per inference"
    rough = [node.name for node in evaluation.hardware.nodes if node.estimated and is_extrapolated(node.component)]
    flag = f"; extrapolated: {', '.join(rough)}" if rough else ""
    scope = "off-chip memory included" if has_offchip(evaluation) else "no off-chip memory is described"
    return f"{text} ({scope}{missing_energy(evaluation, '; without ')}{flag})"


def _efficiency(card: Scorecard) -> str:
    metric = card["inferences_per_joule"]
    if metric.value is None:
        return NOT_MODELLED
    data, total = card["data_energy"].number, card["energy_per_operation"].number
    moved = "" if data is None or not total else f"; {percent(data / total)} of the energy moves data"
    per_joule = card["operations_per_joule"]
    return f"{amount(metric.value, metric.unit)}, {amount(per_joule.value, per_joule.unit)}{moved}"


def _power(evaluation: Evaluation) -> str:
    power, onchip = evaluation.power, evaluation.onchip_power
    if power is None or onchip is None:
        return NOT_MODELLED
    offchip = format_si(power - onchip, "W") if has_offchip(evaluation) else NOT_MODELLED
    text = f"{format_si(power, 'W')} on average: {format_si(onchip, 'W')} on chip, {offchip} off chip"
    return f"{text}{missing_energy(evaluation, ', without ')}"


def _leakage(evaluation: Evaluation) -> str:
    """Empty where no leakage is modelled: the notes say so."""
    static = evaluation.static
    if static.leakage_energy is None or not evaluation.latency:
        return ""
    power = static.leakage_energy / evaluation.latency
    offchip = leakage_power(evaluation.hardware, offchip=True).value
    split = (
        "" if offchip is None else f" ({format_si(power - offchip, 'W')} on chip, {format_si(offchip, 'W')} off chip)"
    )
    gating = "; what gets no work is switched off" if static.power_gating else ""
    energy = f"{format_si(static.leakage_energy, 'J')} per {_unit(evaluation)}, beside the energy and power above"
    return f"{format_si(power, 'W')}{split}, {energy}{gating}{_without(static.leakage_power.without)}"


def _clock(evaluation: Evaluation) -> str:
    """Empty where no part does something in every cycle."""
    total = evaluation.static.clock_energy
    if total.value is None or not evaluation.latency:
        return f"{NOT_MODELLED}: {', '.join(total.without)}" if total.without else ""
    power = format_si(total.value / evaluation.latency, "W")
    energy = f"{format_si(total.value, 'J')} per {_unit(evaluation)}, beside the energy and power above"
    return f"{power}, {energy}{_without(total.without)}"


def _tdp(card: Scorecard) -> str:
    tdp, within, allowed = card["tdp"], card["within_tdp"], card["tdp_throughput"]
    text = f"{amount(tdp.value, tdp.unit)} ({tdp.source})"
    if within.value is None:
        return f"{text}; {NOT_MODELLED} whether it is kept"
    kept = "kept" if within.value else "exceeded"
    return f"{text}: {kept}, {within.note}; allows {amount(allowed.value, allowed.unit)}"


def _without(names: tuple[str, ...]) -> str:
    return f"; {NOT_MODELLED}: {', '.join(names)}" if names else ""


def _traffic(evaluation: Evaluation) -> str:
    read, write = evaluation.offchip_read_bits, evaluation.offchip_write_bits
    if read is None or write is None:
        return NOT_MODELLED
    per_mac = (read + write) / 8 / evaluation.macs if evaluation.macs else None
    batch, words = evaluation.batch, evaluation.offchip_words
    accesses = "" if words is None else f", {short(words / batch)} words"
    each = f"{format_si((read + write) / 8 / batch, 'B')}{accesses} per inference"
    moved = f"{traffic(read)} read, {traffic(write)} written"
    return f"{each}, {number(per_mac)} B per MAC; {moved} per {_unit(evaluation)}"


def _bits(evaluation: Evaluation) -> str:
    widths = word_widths(evaluation)
    return f"{', '.join(map(str, widths))} bit{'' if widths == (1,) else 's'}" if widths else "not given"


def _area(evaluation: Evaluation, card: Scorecard) -> str:
    """As published with the chip, and that of its components."""
    total, area = evaluation.static.area, card["area"]
    parts = "" if total.value is None else f"{square(total.value)} of components{_without(total.without)}"
    if area.value is None or area.note.startswith("of the components"):
        return parts or NOT_MODELLED
    gain = card["throughput_per_area"]
    per_multiplier = card["area_per_multiplier"]
    each = "" if per_multiplier.value is None else f"; {amount(per_multiplier.value, 'm2')} per multiplier"
    each += "" if gain.value is None else f"; {amount(gain.value, gain.unit)}"
    return f"{stated(area)} {area.note} ({area.source}){each}{'; ' if parts else ''}{parts}"


def _storage(evaluation: Evaluation, card: Scorecard) -> str:
    each = card["storage_per_multiplier"].number
    text = format_bytes(evaluation.onchip_bits)
    return text if each is None else f"{text}, {format_bytes(8 * each)} per multiplier"


def _bandwidth(card: Scorecard) -> str:
    limit, used = card["offchip_bandwidth"], card["offchip_bandwidth_used"]
    if limit.value is None:
        return figure(limit)
    rest = "" if used.value is None else f"; {amount(used.value, used.unit)} used on average"
    return f"{amount(limit.value, limit.unit)}{rest}"


def _per_pe(evaluation: Evaluation) -> str:
    macs = evaluation.hardware.compute.macs_per_cycle
    return f", {macs} MACs per cycle each," if macs > 1 else ""


def _tops(card: Scorecard) -> str:
    achieved = card["tops"].number
    return f"peak {number(card['peak_tops'].number)}, achieved {number(achieved)} (1 MAC = 2 operations)"


def _tops_per_watt(evaluation: Evaluation, card: Scorecard) -> str:
    bound, whole_system, chip = (
        card[key].number for key in ("peak_tops_per_watt", "tops_per_watt", "onchip_tops_per_watt")
    )
    most = f"peak at most {number(bound)} (MACs alone)" if bound is not None else f"peak {NOT_MODELLED}"
    if whole_system is None:
        return f"{most}; achieved {NOT_MODELLED}"
    if not has_offchip(evaluation):
        return f"{most}; achieved {number(whole_system)}; no off-chip memory is described"
    alone = "" if chip is None else f", {number(chip)} without"
    return f"{most}; achieved {number(whole_system)} with off-chip memory{alone}"
