"""Figures of a report in HTML as a reader finds them, with what they unfold into; and sums that can be done again.

`python -m tests.report.unexplained report.html` lists those that do not unfold, by table and column.
"""

from __future__ import annotations

import math
import re
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from assay.reading.figures import number

PREFIXES = {"f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15}
UNITS = "MAC/s/W|MAC/s|MAC/J|OPS/W|OPS|J·s|J·cycles|b/s|B/s|Hz|J|s|W|B"
TERM = re.compile(
    rf"[^\d(]*?(-?[\d,]*\.?\d+(?:e[+-]?\d+)?) ?"
    rf"(?:(%)|(um2|mm2)|([KM])iB|([fpnumkMGTP]?)(?:{UNITS})(?![\w/·])|([kMGTP])\b)?"
)
AREAS = {"um2": -12, "mm2": -6}


@dataclass(frozen=True)
class Figure:
    """A cell of a table, or a figure by name (no table), that has a digit; `why` is empty where it does not unfold."""

    table: str
    column: str
    text: str
    why: str


@dataclass
class Reader(HTMLParser):
    """Finds the figures of a page."""

    found: list[Figure] = field(default_factory=list)
    table: str = ""
    heads: list[str] = field(default_factory=list)
    index: int = -1
    text: str = ""
    why: str = ""
    hidden: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.heads = []
        elif tag == "tr":
            self.index = -1
        elif tag == "pre":
            self.hidden = True
        elif tag in ("caption", "th", "td", "dt", "dd"):
            self.text = self.why = ""
            self.index += tag in ("th", "td") and ("scope", "col") not in attrs

    def handle_data(self, data: str) -> None:
        if self.hidden:
            self.why += data
        else:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "pre":
            self.hidden = False
        elif tag == "caption":
            self.table = self.text
        elif tag == "dt":
            self.heads = [self.text]
        elif tag == "th" and self.index == -1:
            self.heads.append(self.text)
        elif tag in ("th", "td"):
            self.keep(self.table, self.heads[self.index])
        elif tag == "dd":
            self.keep("", self.heads[0])

    def keep(self, table: str, column: str) -> None:
        if any(sign.isdigit() for sign in self.text):
            self.found.append(Figure(table, column, self.text, self.why))


def figures(page: str) -> list[Figure]:
    """All of a page."""
    reader = Reader()
    reader.feed(page)
    return reader.found


def value(text: str) -> float | None:
    """Of one number with its unit, `4.28 mJ`, `12 %`, `1,200 words`; None where there is none."""
    found = TERM.match(text)
    if found is None:
        return None
    digits, share, area, binary, prefix, count = found.groups()
    scale = -2 if share else AREAS[area] if area else PREFIXES[prefix or count or ""]
    bytes_of = {"K": 1024.0, "M": 1024.0**2}.get(binary, 1.0)
    return float(digits.replace(",", "")) * bytes_of * 10.0**scale


def result(formula: str) -> float | None:
    """Of products, quotients, sums and differences, with brackets; None where it is none of them."""
    least = re.fullmatch(r"min\((.*)\)", formula)
    if least is not None:
        several = [result(each) or value(each) for each in least[1].split(", ")]
        return min(each for each in several if each is not None)
    inner = re.search(r"\(([^()]* [/×+-] [^()]*)\)", formula)
    if inner is not None:
        found = result(inner[1])
        return None if found is None else result(f"{formula[: inner.start()]}{found:.17g}{formula[inner.end() :]}")
    parts = re.split(r"( / | × | \+ | - )", formula)
    numbers = [value(part) for part in parts[::2]]
    if len(parts) < 3 or None in numbers:
        return None
    terms = [numbers[0] or 0.0]
    for sign, each in zip(parts[1::2], numbers[1:], strict=True):
        assert each is not None
        if sign in (" / ", " × "):
            terms[-1] = terms[-1] * each if sign == " × " else terms[-1] / each if each else math.nan
        else:
            terms.append(each if sign == " + " else -each)
    return math.fsum(terms)


def wrong(why: str) -> list[str]:
    """Lines `formula = result` that are wrong; `sum = result` is about the lines before it."""
    errors: list[str] = []
    terms: list[str] = []
    for line in re.sub(r",\n +", ", ", why).split("\n"):
        formula, equals, said = line.rpartition(" = ")
        if formula.startswith("sum"):
            found = math.fsum(result(each) or value(each) or 0.0 for each in terms)
            formula = f"{found:.17g}{formula.removeprefix('sum') or ' / 1'}"
        if equals and (error := _difference(formula, said, len(terms) + 1)):
            errors.append(f"{line}: {error}")
        terms = [] if equals else [*terms, line.rpartition("  ")[2]]
    return errors


def wrong_metric(text: str, why: str) -> list[str]:
    """What is wrong with `= formula`, with a line `name = value` for each name: the figure, where it comes out else."""
    first, *lines = why.split("\n")
    formula = first.removeprefix("= ").replace(" · ", " × ")
    names = dict(line.split(" = ", 1) for line in lines if " = " in line)
    for name in sorted(names, key=len, reverse=True):
        each = value(names[name])
        formula = formula if each is None else formula.replace(name, f"{each:.17g}")
    formula = f"({formula}) × 1e-6" if "/mm2" in text else formula
    error = _difference(formula, text) if first.startswith("= ") and names else ""
    return [f"{text}: {error}"] if error else []


def mistakes(figure: Figure) -> list[str]:
    """What does not come out as the figure says."""
    return wrong(figure.why) if figure.table else wrong_metric(figure.text, figure.why)


def _difference(formula: str, said: str, terms: int = 1) -> str:
    """Empty where it comes out within half of the last digit of each term."""
    shown, found = value(said), result(formula)
    if shown is None or found is None or said.startswith("<"):
        return ""
    written = said.partition(" ")[0].replace(",", "")
    written = written if "." in written else written.rstrip("0")  # zeros at the end of 1,020 may be rounded
    digits = len(re.sub(r"[^\d]", "", written).lstrip("0")) or 1
    close = abs(found - shown) <= 0.51 * terms * 10.0 ** (math.floor(math.log10(abs(shown) or 1.0)) + 1 - digits)
    return "" if close or found == shown else f"it is {number(found, 6)}"


def listing(found: list[Figure]) -> str:
    """A line per place with figures that do not unfold; then sums that are wrong."""
    bare: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in found:
        if not each.why:
            bare[each.table or "(figures)", each.column].append(each.text)
    lines = [f"{table} | {column}: {len(texts)}, such as {texts[:3]}" for (table, column), texts in bare.items()]
    lines.append(f"{sum(map(len, bare.values())):,} of {len(found):,} figures do not unfold")
    errors = [f"{each.table} | {each.column}: {error}" for each in found for error in mistakes(each)]
    return "\n".join([*lines, *errors])


if __name__ == "__main__":
    sys.stdout.write(listing(figures(Path(sys.argv[1]).read_text(encoding="utf-8"))) + "\n")
