"""How sentences and titles are put together from parts."""

from __future__ import annotations

import re
from collections.abc import Iterable


def listed(items: Iterable[object], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`; nothing for nothing."""
    words = [str(item) for item in items]
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def plural(number: int, noun: str, many: str = "") -> str:
    """`1 layer`, `2 layers`, `1,000 passes` (whose plural is given)."""
    return f"{number:,} {noun if number == 1 else many or f'{noun}s'}"


def measured(text: str, unit: str) -> str:
    """A number as it is written, with what is counted: `2 cycles/MAC`, but `1 cycle/MAC`; `3` for no unit."""
    one = re.sub(r"^([A-Za-z]+)s(?=/| |$)", r"\1", unit)
    return f"{text} {one if text == '1' else unit}".rstrip()


def capital(text: str) -> str:
    """With a capital letter, as a title or a sentence begins."""
    return text[:1].upper() + text[1:]


def small(text: str) -> str:
    """With a small letter, for within a sentence; words such as `CONV` and `PEs` stay."""
    word = re.match("[A-Za-z]*", text)
    assert word is not None
    return text if word[0][1:] != word[0][1:].lower() else text[:1].lower() + text[1:]
