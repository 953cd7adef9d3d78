"""The factors of the throughput as a picture: from the peak to what is achieved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.metrics.scorecard import Scorecard
from assay.reading.figures import percent
from assay.reading.units import format_si
from assay.report.pictures import PALETTE, Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS = ("every PE busy in every cycle", "× active PEs / PEs", "× utilisation of active PEs")
"""What the bars are, from the top; equations (2) and (3)."""


def factor_pictures(card: Scorecard) -> tuple[Picture, ...]:
    """Operations per second after each factor; none where no layer has multiply-accumulates."""
    keys = ("peak_tops", "active_share", "active_utilization")
    found = [metric.number for key in keys for metric in card if metric.key == key]
    peak, *shares = [value for value in found if value is not None]
    if len(shares) < len(STEPS) - 1:
        return ()
    rates = [peak * 1e12 / 2]
    for share in shares:
        rates.append(rates[-1] * share)
    title = f"{card.title}: what is left of the peak after each factor, in multiply-accumulates per second"
    return (Picture("throughput_factors", title, lambda figure: _draw(figure, rates, shares), width=7.0, height=2.4),)


def _draw(figure: Figure, rates: list[float], shares: list[float]) -> None:
    axes = figure.add_subplot()
    places = range(len(rates))
    axes.barh(list(places), [rate / rates[0] for rate in rates], color=PALETTE[0], height=0.6)
    texts = ["", *(f" ({percent(share)})" for share in shares)]
    for place, rate, text in zip(places, rates, texts, strict=True):
        inside = rate / rates[0] > 0.6
        axes.text(
            rate / rates[0] + (-0.01 if inside else 0.01),
            place,
            f"{format_si(rate, 'MAC/s')}{text}",
            va="center",
            ha="right" if inside else "left",
            color="white" if inside else "black",
        )
    axes.set_yticks(list(places), list(STEPS))
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(lambda value, _: percent(value))
    axes.set_xlabel("share of the peak")
    axes.grid(visible=False, axis="y")
