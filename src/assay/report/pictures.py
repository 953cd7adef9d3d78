"""Pictures: what is drawn, in one style, and how it is saved. matplotlib is loaded when something is drawn."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import InputError, Position, UnsupportedError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("svg", "pdf", "png")

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7F7F7F", "#882255", "#999933", "#332288")
"""Colours that people with any kind of colour vision tell apart (Okabe and Ito, 2008, without yellow, which is faint on
white; and three of Tol's)."""

WIDTH = 7.2
"""Inches: a column of text on A4."""

GREY = "#555555"
"""Of what is said beside the figures."""

STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "assay",
    "pdf.fonttype": 42,
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that can be drawn.

    Attributes:
        key: name of its file, without ending.
        title: what it shows, in a sentence; also its text for those who cannot see it.
        draw: draws on an empty figure of the size.
        width, height: in inches.
    """

    key: str
    title: str
    draw: Callable[[Figure], None]
    width: float = 7.0
    height: float = 4.0


def save_pictures(folder: str | Path, pictures: Sequence[Picture], formats: Sequence[str] = FORMATS) -> list[Path]:
    """Draw every picture into a folder, which is made where there is none; gives the files in order.

    Raises:
        InputError: the folder cannot be written.
        UnsupportedError: matplotlib is not installed.
    """
    folder = Path(folder)
    paths: list[Path] = []
    for key, picture in zip(_different([picture.key for picture in pictures]), pictures, strict=True):
        drawn = {form: picture_bytes(picture, form) for form in formats}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for form, data in drawn.items():
                paths.append(folder / f"{key}.{form}")
                paths[-1].write_bytes(data)
        except OSError as error:
            place = Position(str(folder))
            raise InputError(f"cannot write the pictures: {error.strerror or error}", at=place) from None
    return paths


def _different(keys: Sequence[str]) -> list[str]:
    """The keys, numbered where one comes again: layers of other names can have the same key."""
    found: list[str] = []
    for key in keys:
        number = 1
        while (name := key if number == 1 else f"{key}-{number}") in found:
            number += 1
        found.append(name)
    return found


def picture_svg(picture: Picture, name: str = "") -> str:
    """The picture as an `svg` element to stand in HTML, with its title for those who cannot see it.

    Args:
        name: unique in its page: every id in the element begins with it. Empty: the picture's key.
    """
    text = picture_bytes(picture, "svg").decode()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], count=1, flags=re.DOTALL)
    text = re.sub(r'\bxmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href", "href")  # HTML knows them
    prefix = escape(name or picture.key)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", text)
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(picture.title)}"', 1)


def picture_bytes(picture: Picture, form: str) -> bytes:
    """The file of a picture; the same bytes every time.

    Raises:
        UnsupportedError: matplotlib is not installed.
    """
    try:
        from matplotlib import style
        from matplotlib.figure import Figure
    except ImportError:
        raise UnsupportedError(
            "pictures need matplotlib", hint="pip install matplotlib (the extra 'plot' of assay)"
        ) from None
    with style.context(["default", STYLE]):
        figure = Figure(figsize=(picture.width, picture.height), layout="constrained")
        picture.draw(figure)
        data = io.BytesIO()
        metadata = {"Date": None} if form == "svg" else {"CreationDate": None} if form == "pdf" else {}
        figure.savefig(data, format=form, dpi=150, metadata=metadata)
    return data.getvalue()
