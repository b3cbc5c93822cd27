"""What a document of pins says, whatever its format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_LENGTHS = {"sha256": 64, "md5": 32}


@dataclass(frozen=True)
class Pin:
    """One digest that a document states of one path.

    Args:
        format: kind of document: ``dvc``, ``dvc_lock``, ``oms``, ``in_toto`` or ``checksums``.
        algorithm: ``sha256`` or ``md5``.
        names: paths it may mean, relative to the pipeline's root, the likeliest first; the first that exists is meant.
            Where none exists, the last one may be found below a subject of the same name elsewhere.
        expected: the digest, lower-case hexadecimal.
        folder: the digest is of a folder, in the format's own way.
        text: CRLF counts as LF where the file is text, as for DVC before version 3.
    """

    format: str
    algorithm: str
    names: tuple[str, ...]
    expected: str
    folder: bool = False
    text: bool = False


@dataclass(frozen=True)
class Unusable:
    """A statement about some paths that cannot be compared with anything, and why."""

    names: tuple[str, ...]
    reason: str


Statement = Pin | Unusable


def make_pin(
    format: str, algorithm: str, names: tuple[str, ...], expected: Any, *, folder: bool = False, text: bool = False
) -> Statement:
    """A pin, or the reason why there is none: the digest is not one, or is of an algorithm that is not compared."""
    length = _LENGTHS.get(algorithm)
    if length is None:
        return Unusable(names, f"pinned by {algorithm}, which is not compared; pin it by SHA-256")
    if not isinstance(expected, str) or not re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", expected):
        return Unusable(names, f"pinned by something that is no {algorithm} digest")
    return Pin(format, algorithm, names, expected.lower(), folder, text)
