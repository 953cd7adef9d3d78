"""Number formats by name: how many bits of sign, exponent and mantissa a value has.

int8, uint4, int48           whole numbers of 1 to 64 bits, two's complement where signed
fp16, bf16, tf32, fp32, fp64 the usual floating-point formats; half, single, double, float16, float32, float64 and
                             bfloat16 are other names of these
fp8_e4m3, fp8_e5m2           eight-bit floating point (OCP OFP8)
fp_e<E>m<M>                  one sign bit, E bits of exponent, M stored bits of mantissa: fp_e6m9
bfp<M>_<B>                   block floating point: each value is a two's complement number of M bits (its sign
                             among them), and B values in a row share one exponent of 8 bits: bfp8_16
mxfp8, mxfp6, mxfp4, mxint8  OCP microscaling: as its element format (e4m3, e3m2, e2m1, int8), and 32 values share
                             one scale of 8 bits; mxfp8_e5m2 and mxfp6_e2m3 name the other element formats
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from assay.errors import InputError
from assay.reading.suggestions import hint

_WIDEST = 64
_SHARED_EXPONENT = 8
"""Bits of the exponent that a block shares: E8M0 of the OCP microscaling specification, v1.0; assumed for bfp too."""
_MX_BLOCK = 32
"""Values of a block in the OCP microscaling specification, v1.0."""


class Kind(StrEnum):
    """Whole numbers or floating point; of a block format, what its elements are."""

    INT = "int"
    FLOAT = "float"


@dataclass(frozen=True, slots=True)
class Format:
    """How a value is stored.

    Attributes:
        name: as it was written.
        sign: bits of the sign: 1, or 0 for whole numbers without one.
        exponent: bits of the exponent of one value; 0 for whole numbers.
        mantissa: stored bits below the sign and the exponent; of whole numbers, all but the sign.
        block: values that share an exponent; 1: none is shared.
        shared: bits of that shared exponent.
    """

    name: str
    kind: Kind
    sign: int
    exponent: int
    mantissa: int
    block: int = 1
    shared: int = 0

    @property
    def width(self) -> int:
        """Bits of one value, without its part in what a block shares."""
        return self.sign + self.exponent + self.mantissa

    @property
    def bits(self) -> float:
        """Bits of one value with its part in what a block shares."""
        return self.width + self.shared / self.block

    @property
    def significand(self) -> int:
        """Bits that a multiplier works on: the mantissa and its hidden bit; of whole numbers, all."""
        return self.mantissa + 1 if self.kind is Kind.FLOAT else self.width

    def __str__(self) -> str:
        return self.name


_NAMED: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "fp16": (5, 10),
        "bf16": (8, 7),
        "tf32": (8, 10),
        "fp32": (8, 23),
        "fp64": (11, 52),
        "fp8_e4m3": (4, 3),
        "fp8_e5m2": (5, 2),
    }
)
_MX: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "mxfp8": (4, 3),
        "mxfp8_e4m3": (4, 3),
        "mxfp8_e5m2": (5, 2),
        "mxfp6": (3, 2),
        "mxfp6_e3m2": (3, 2),
        "mxfp6_e2m3": (2, 3),
        "mxfp4": (2, 1),
        "mxfp4_e2m1": (2, 1),
    }
)
_KNOWN = ("int8", "uint8", *_NAMED, *_MX, "mxint8", "fp_e5m10", "bfp8_16")

_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "bfloat16": "bf16",
        "fp8": "fp8_e4m3",
        "float8": "fp8_e4m3",
        "float16": "fp16",
        "half": "fp16",
        "float32": "fp32",
        "single": "fp32",
        "float64": "fp64",
        "double": "fp64",
    }
)
"""Other names of the very same formats."""

_MEANT: Mapping[str, str] = MappingProxyType(
    {
        "e4m3": "write fp8_e4m3",
        "e5m2": "write fp8_e5m2",
        "fp6": "write mxfp6, or fp_e3m2 without a shared scale",
        "fp4": "write mxfp4, or fp_e2m1 without a shared scale",
        "nvfp4": "write fp_e2m1; its scale, which 16 values share, is not modelled",
        "float": "write fp32, or fp64",
        "fp": "write fp16, fp32 or bf16",
        "int": "write int8, int16 or int32",
        "mxfp": "write mxfp8, mxfp6 or mxfp4",
        "bfp": "write bfp<bits>_<values that share an exponent>, such as bfp8_16",
    }
)
"""What to write for names that could mean several formats, or none that is known."""

FORMATS = (
    "int<N>, uint<N>, fp16, bf16, tf32, fp32, fp64, fp8_e4m3, fp8_e5m2, fp_e<E>m<M>, bfp<M>_<B>, "
    "mxfp8, mxfp6, mxfp4, mxint8"
)
"""All formats, for people."""


def parse_format(text: str) -> Format:
    """The format of that name; capitals mean nothing.

    Raises:
        InputError: there is no such format, or it is none that a circuit could have.
    """
    name = text.strip().lower()
    name = _ALIASES.get(name, name)
    if name in _NAMED:
        return _floating(name, *_NAMED[name])
    if name in _MX:
        return replace(_floating(name, *_MX[name]), block=_MX_BLOCK, shared=_SHARED_EXPONENT)
    if name == "mxint8":
        return Format(name, Kind.INT, 1, 0, 7, _MX_BLOCK, _SHARED_EXPONENT)
    if found := re.fullmatch(r"(u?)int(\d{1,4})", name):
        return _whole(name, signed=not found[1], width=int(found[2]))
    if found := re.fullmatch(r"fp_e(\d{1,4})m(\d{1,4})", name):
        return _checked_floating(name, int(found[1]), int(found[2]))
    if found := re.fullmatch(r"bfp(\d{1,4})_(\d{1,6})", name):
        return _block(name, int(found[1]), int(found[2]))
    advice = _MEANT.get(name) or hint(name, _KNOWN, label="formats such as")
    raise InputError(f"there is no number format '{text[:40]}'", hint=advice)


def integer(width: int) -> Format:
    """Signed whole numbers of that many bits."""
    return Format(f"int{width}", Kind.INT, 1, 0, width - 1)


def accumulator_of(operand: Format) -> Format:
    """In what products of the format are summed where nothing else is said.

    Whole numbers up to 16 bits: int32; wider ones: int64. Floating point and blocks: fp32; fp64 in fp64. The first and
    the third are what NVIDIA's and Google's matrix units do; the rest is a convention.
    """
    if operand.kind is Kind.INT and operand.block == 1:
        sign = "" if operand.sign else "u"
        return parse_format(f"{sign}int{32 if operand.width <= 16 else 64}")
    return parse_format("fp64" if operand.width > 32 else "fp32")


def _floating(name: str, exponent: int, mantissa: int) -> Format:
    return Format(name, Kind.FLOAT, 1, exponent, mantissa)


def _whole(name: str, *, signed: bool, width: int) -> Format:
    if not 1 <= width <= _WIDEST:
        raise InputError(f"format '{name}' has {width} bits", hint=f"whole numbers have 1 to {_WIDEST} bits")
    return Format(name, Kind.INT, int(signed), 0, width - int(signed))


def _checked_floating(name: str, exponent: int, mantissa: int) -> Format:
    if not (1 <= exponent <= 15 and 1 <= mantissa <= 112 and 1 + exponent + mantissa <= _WIDEST):
        raise InputError(
            f"format '{name}' is not possible",
            hint=f"fp_e<E>m<M>: an exponent of 1 to 15 bits, a mantissa of at least 1, at most {_WIDEST} bits in all",
        )
    return _floating(name, exponent, mantissa)


def _block(name: str, width: int, block: int) -> Format:
    if not (2 <= width <= 32 and 2 <= block <= 65536):
        raise InputError(
            f"format '{name}' is not possible",
            hint="bfp<M>_<B>: values of 2 to 32 bits with their sign, 2 to 65536 of them to a block",
        )
    return Format(name, Kind.INT, 1, 0, width - 1, block, _SHARED_EXPONENT)
