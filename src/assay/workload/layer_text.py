"""One layer as a person names it: `alexnet:conv3`, `model.onnx`, or written out, `conv:M=64,C=64,P=56,Q=56,R=3,S=3`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from assay.errors import InputError
from assay.reading.suggestions import hint, nearest
from assay.reading.words import listed
from assay.workload.einsum import convolution, matmul
from assay.workload.network import Layer, Network
from assay.workload.zoo import zoo_names

_FILE = re.compile(r"(?P<network>.+?\.(?:ya?ml|onnx))(?::(?P<rest>.*))?", re.IGNORECASE | re.DOTALL)
_PARAMETERS = re.compile(r"(?P<parameters>[A-Za-z_]\w*=[^:]*)(?::(?P<layer>.*))?", re.DOTALL)
MOST_LISTED = 12
LARGEST = 2**40
"""Of an extent; more is refused as a slip of the pen."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A layer that can be written out: the dimensions that it needs, those that are 1 unless given, an example."""

    needed: tuple[str, ...]
    optional: tuple[str, ...]
    pairs: tuple[str, ...]
    example: str
    advice: dict[str, str]


_CONV = _Form(
    needed=("M", "C", "P", "Q"),
    optional=("N", "G", "R", "S"),
    pairs=("stride", "dilation"),
    example="conv:M=64,C=64,P=56,Q=56,R=3,S=3,stride=1",
    advice={
        "K": "the output channels are M, the input channels C",
        "H": "P and Q are height and width of the output; those of the input follow",
        "W": "P and Q are height and width of the output; those of the input follow",
    },
)
_MATMUL = _Form(
    needed=("M", "N", "K"),
    optional=("G",),
    pairs=(),
    example="matmul:M=4096,N=2048,K=4096",
    advice={"C": "the dimension that is summed over is K here"},
)
MATMUL_NOTE = (
    "The matrices are called filter (M × K), ifmap (K × N) and ofmap (M × N), and K is called C, as in hardware files."
)
FORMS = {"conv": _CONV, "matmul": _MATMUL}
"""Layers that can be written out, by name."""


def is_written_out(text: str) -> bool:
    """Whether a text is a layer written out, such as `conv:M=64,...`, and not the name of a network."""
    return text.partition(":")[0].strip().lower() in FORMS and not os.path.exists(text)


def written_layer(text: str, *, bits: int = 16) -> Layer:
    """The layer that is written out.

    `conv`: M output and C input channels (of one group), P × Q outputs, R × S filter (1 × 1 unless given), N inputs,
    G groups, and stride and dilation, as one number or height x width. `matmul`: an M × K matrix of weights by a K × N
    matrix of activations; in hardware files and mappings K is C.

    Args:
        bits: bits per word of every tensor.

    Raises:
        InputError: a dimension is unknown, missing, given twice, or not a whole number of at least 1.
    """
    word, _, rest = text.partition(":")
    name = word.strip().lower()
    form = FORMS[name]
    given = _given(name, form, rest)
    missing = [dim for dim in form.needed if dim not in given]
    if missing:
        raise InputError(f"{name} needs {listed(missing)}", hint=f"write such as {form.example}")
    for one, other in (("R", "S"), ("S", "R")):
        if one in form.optional and given.get(one, "1") != "1" and other not in given:
            advice = (
                f"add {other}={given[one]}, or {other}=1 for a filter that is 1 {'wide' if other == 'S' else 'high'}"
            )
            raise InputError(f"{name} has {one}={given[one]} but no {other}", hint=advice)
    extents = {dim: _whole(name, dim, given.get(dim, "1")) for dim in (*form.needed, *form.optional)}
    if name == "matmul":
        product = matmul(n=extents["N"], m=extents["M"], c=extents["K"], g=extents["G"], bits=bits)
        return Layer(name, name, product)
    stride, dilation = (_pair(name, key, given.get(key, "1")) for key in form.pairs)
    n, g, m, c = (extents[dim] for dim in ("N", "G", "M", "C"))
    p, q, r, s = (extents[dim] for dim in ("P", "Q", "R", "S"))
    einsum = convolution(n=n, g=g, m=m, c=c, p=p, q=q, r=r, s=s, stride=stride, dilation=dilation, bits=bits)
    return Layer(name, "depthwise" if g > 1 and m == c == 1 else "conv", einsum)


def written_network(text: str, *, bits: int = 16) -> Network:
    """A network of the one layer that is written out. Raises InputError as `written_layer` does."""
    layer = written_layer(text, bits=bits)
    return Network(layer.name, (layer,), notes=(MATMUL_NOTE,) if layer.op == "matmul" else ())


def split_layer(text: str) -> tuple[str, str | None]:
    """The network, with its parameters, and the name of the layer in `network:parameter=value:layer`; None where there
    is no name. Layers of files may have any name, also with colons.

    Raises:
        InputError: nothing stands for the network.
    """
    if not text.strip():
        raise InputError("the name of the layer is empty", hint="write such as alexnet:conv3, or " + _CONV.example)
    if os.path.exists(text):
        return text, None
    if match := _FILE.fullmatch(text):
        network, rest = match["network"], match["rest"]
    else:
        network, colon, after = text.partition(":")
        rest = after if colon else None
    if rest and (match := _PARAMETERS.fullmatch(rest)):
        _check_form(network, rest)
        network, rest = f"{network}:{match['parameters']}", match["layer"]
    if rest is not None and not rest.strip():
        raise InputError(f"'{text}' does not say which layer after the colon", hint=f"write {network}:LAYER")
    return network, rest


def pick_layer(network: Network, name: str | None, spec: str) -> Layer:
    """The layer of that name; None: the only one with multiply-accumulates.

    Args:
        spec: what the user calls the network.

    Raises:
        InputError: there is no such layer, it has no multiply-accumulates, or there are several.
    """
    usable = [layer for layer in network.layers if layer.einsum is not None]
    names = [layer.name for layer in usable]
    if name is None:
        if len(usable) == 1:
            return usable[0]
        message = f"{network.name} has {len(usable)} layers with multiply-accumulates; say which is meant"
        raise InputError(message, hint=_which(spec, names))
    found = next((layer for layer in network.layers if layer.name == name), None)
    if found is None:
        raise InputError(f"{network.name} has no layer '{name}'", hint=_which(spec, names, name))
    if found.einsum is None:
        message = f"layer {name} of {network.name} has no multiply-accumulates: there is nothing to map"
        raise InputError(message, hint=_which(spec, names))
    return found


def _which(spec: str, names: list[str], name: str | None = None) -> str:
    """The layers that may be meant: all of a few, or where they are listed."""
    if not names:
        return "none of its layers can be mapped"
    near = nearest(name, names) if name is not None else names[0] if len(names) > MOST_LISTED else None
    if len(names) <= MOST_LISTED:
        start = "" if name is not None else f"such as {spec}:{names[0]}; "
        return start + hint(name or "", names, label="there are")
    start = f"did you mean '{near}'? " if name is not None and near else f"such as {spec}:{near or names[0]}; "
    return f"{start}assay show {spec} lists all {len(names)}"


def _given(name: str, form: _Form, rest: str) -> dict[str, str]:
    """What is given, as text, by key."""
    keys = (*form.needed, *form.optional, *form.pairs)
    found: dict[str, str] = {}
    for part in rest.split(",") if rest.strip() else ():
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not key or not equals or not value:
            raise InputError(f"cannot read '{part.strip()}' in a layer written out", hint=f"write {form.example}")
        if key not in keys:
            advice = form.advice.get(key.upper()) or hint(key, keys, label=f"{name} has")
            raise InputError(f"{name} has no dimension '{key}'", hint=advice)
        if key in found:
            raise InputError(f"{name} is given {key} twice")
        found[key] = value
    return found


def _check_form(word: str, rest: str) -> None:
    """Something like `cnv:M=64` is a slip of `conv`, not a network."""
    names = zoo_names()
    near = nearest(word, (*names, *FORMS))
    known = any(re.match(rf"\s*{dim}\s*=", rest) for form in FORMS.values() for dim in (*form.needed, *form.optional))
    if word not in names and known and (near in FORMS or near is None) and not _FILE.fullmatch(word):
        advice = hint(word, FORMS, label="layers that can be written out")
        raise InputError(f"there is no form of layer '{word}'", hint=advice)


def _whole(name: str, key: str, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if not 1 <= value <= LARGEST:
        raise InputError(f"{key} of {name} is '{text}'; it must be a whole number from 1 to {LARGEST:,}")
    return value


def _pair(name: str, key: str, text: str) -> tuple[int, int]:
    """One number for both directions, or height x width."""
    parts = text.lower().split("x")
    if len(parts) > 2:
        raise InputError(f"{key} of {name} is '{text}'", hint=f"write {key}=2, or {key}=2x1 for height x width")
    return _whole(name, key, parts[0]), _whole(name, key, parts[-1])
