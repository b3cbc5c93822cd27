"""Checksum files as ``sha256sum`` writes them: ``SHA256SUMS``, ``model.bin.sha256``.

Formats (coreutils manual, "md5sum invocation"): ``HEX  NAME`` or ``HEX *NAME``; a leading backslash says that the name
has escaped backslashes and line ends; ``SHA256 (NAME) = HEX`` with ``--tag``. A file that holds one digest and nothing
else pins the file whose name is its own without the suffix. Names are relative to the file's folder, else to the root.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ...errors import EvidenceError
from .pin import Statement, make_pin

_PLAIN = re.compile(r"(\\?)([0-9a-fA-F]{64}) [ *](.+)")
_TAGGED = re.compile(r"(\\?)SHA256 \((.+)\) = ([0-9a-fA-F]{64})")
_ALONE = re.compile(r"[0-9a-fA-F]{64}")
_ESCAPE = re.compile(r"\\([\\nr])")
_ESCAPED = {"\\": "\\", "n": "\n", "r": "\r"}
_NAMES = {"sha256sums", "sha256sums.txt", "sha256sum", "sha256sum.txt"}


def is_checksums(path: PurePosixPath) -> bool:
    """Whether a file is, by its name, one of SHA-256 checksums."""
    return path.name.lower() in _NAMES or path.suffix.lower() in (".sha256", ".sha256sum")


def read_checksums(data: bytes, path: PurePosixPath) -> Iterator[Statement]:
    """Read a checksum file.

    Args:
        data: its bytes.
        path: of the file, relative to the root.

    Raises:
        EvidenceError: a line is not of any of the formats.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EvidenceError(f"{path} is no checksum file", why="it is not UTF-8") from error
    if _ALONE.fullmatch(text.strip()) and path.suffix:
        yield make_pin("checksums", "sha256", (str(path.with_suffix("")),), text.strip())
        return
    for number, line in enumerate(text.split("\n"), start=1):
        content = line.removesuffix("\r")
        if content.strip() and not content.startswith("#"):
            name, digest = _line(content, f"{path}:{number}")
            yield make_pin("checksums", "sha256", (str(path.parent / name), name), digest)


def _line(line: str, where: str) -> tuple[str, str]:
    if found := _PLAIN.fullmatch(line):
        escaped, digest, name = found.groups()
    elif found := _TAGGED.fullmatch(line):
        escaped, name, digest = found.groups()
    else:
        raise EvidenceError(f"{where} is no line of a SHA-256 checksum file")
    if name == "-":
        raise EvidenceError(f"{where} names standard input, not a file")
    return _ESCAPE.sub(lambda part: _ESCAPED[part.group(1)], name) if escaped else name, digest
