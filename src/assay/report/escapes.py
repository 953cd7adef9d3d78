"""Texts as they must be written in Markdown and LaTeX to come out as they are."""

from __future__ import annotations

import re
import unicodedata

_MARKDOWN = frozenset("\\`*_[]|<~$&")
"""Signs that GitHub's Markdown, its tables and its formulas take for something else anywhere in a text."""

_STARTS = re.compile(r"#|>|[-+](?= |$)|-+$|=+$|\d+(?=[.)]( |$))")
"""What begins a heading, a quotation, a list or a rule at the start of a line."""

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "`": r"\textasciigrave{}", '"': r"{\char34}", "[": "{[}", "]": "{]}", "*": "{*}",
    "×": r"$\times$", "÷": r"$\div$", "·": r"$\cdot$", "±": r"$\pm$", "−": r"$-$", "–": "--", "—": "---",
    "≤": r"$\leq$", "≥": r"$\geq$", "≈": r"$\approx$", "≠": r"$\neq$", "∞": r"$\infty$", "∝": r"$\propto$",
    "→": r"$\rightarrow$", "←": r"$\leftarrow$", "↔": r"$\leftrightarrow$", "√": r"$\surd$", "∩": r"$\cap$",
    "∪": r"$\cup$", "∈": r"$\in$", "∂": r"$\partial$", "∑": r"$\sum$", "∏": r"$\prod$", "°": r"$^\circ$",
    "…": r"\ldots{}", "‘": "`", "’": "'", "“": "``", "”": "''", "•": r"$\bullet$", "✓": r"$\surd$", "✗": r"$\times$",
    "\u00a0": "~", "\u2009": r"\,", "\u202f": r"\,", "\u00b5": r"$\mu$", "│": r"$\vert$", "─": "---",
}  # fmt: skip

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma",
    "τ": "tau", "φ": "varphi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta",
    "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip

_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n", strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-", strict=True))


def one_line(text: str) -> str:
    """The text without line breaks and other signs that are not seen, and without blanks at its ends."""
    return " ".join("".join(" " if unicodedata.category(sign) in _UNSEEN else sign for sign in text).split(" ")).strip()


_UNSEEN = ("Cc", "Zl", "Zp", "Cs")
"""Control signs, separators of lines and paragraphs, halves of signs."""


def markdown(text: str) -> str:
    """For a paragraph or the cell of a table in GitHub's Markdown."""
    line = one_line(text)
    escaped = "".join(f"\\{sign}" if sign in _MARKDOWN else sign for sign in line)
    start = _STARTS.match(line)
    if start is None:
        return escaped
    digits = start[0] if start[0].isdecimal() else ""
    return f"{digits}\\{escaped[len(digits) :]}"


def latex(text: str) -> str:
    """For running text or a cell in LaTeX, without any package; letters of other alphabets stay as they are."""
    parts: list[str] = []
    for sign in one_line(text):
        if sign in _RAISED or sign in _LOWERED:
            mark, value = ("^", _RAISED[sign]) if sign in _RAISED else ("_", _LOWERED[sign])
            start = f"${mark}{{"
            if parts and parts[-1].startswith(start):  # `10⁻¹²` has one exponent
                parts[-1] = f"{parts[-1][:-2]}{value}}}$"
            else:
                parts.append(f"{start}{value}}}$")
        elif sign in _GREEK:
            parts.append(f"$\\{_GREEK[sign]}$")
        elif sign in "-'," and parts and parts[-1] == sign:  # two of them would be another sign
            parts.append(f"{{}}{sign}")
        else:
            parts.append(_LATEX.get(sign, sign))
    return "".join(parts)
