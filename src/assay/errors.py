"""Every error Assay raises on purpose, drawn as a tree.

AssayError                 one clear sentence for the user; the command line prints it and exits with 2
├── InputError             a file or an argument is wrong: says what, where and what to do
├── UnsupportedError       understood, but not something this version can evaluate
└── NoMappingError         the layer does not fit the hardware: says which tensor, where and by how much
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file the user wrote. Lines and columns count from 1."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


class AssayError(Exception):
    """Base of all errors with a message meant for the user.

    Args:
        message: what is wrong, in one sentence.
        at: where it is wrong, if it is in a file.
        hint: what to do about it.
    """

    def __init__(self, message: str, *, at: Position | None = None, hint: str | None = None) -> None:
        self.message = message
        self.at = at
        self.hint = hint
        super().__init__(message, at, hint)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.at, self.hint)

    def __str__(self) -> str:
        text = f"{self.at}: {self.message}" if self.at else self.message
        return f"{text}\n  hint: {self.hint}" if self.hint else text


def _rebuild(kind: type[AssayError], message: str, at: Position | None, hint: str | None) -> AssayError:
    return kind(message, at=at, hint=hint)


class InputError(AssayError):
    """A file or an argument is wrong."""


class UnsupportedError(AssayError):
    """Understood, but this version cannot evaluate it."""


class NoMappingError(AssayError):
    """No mapping of the layer fits the hardware."""
