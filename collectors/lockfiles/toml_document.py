"""TOML files of package tools: parsed with the reason and line of an error, and with the lines of their tables."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from .lock import LockError

_DEEPEST = 100
_NO_KEY = re.compile(r"""[^.\w \t"'-]+""")
_LINE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")


class TomlDocument:
    """A parsed TOML file.

    Args:
        data: its bytes.
        path: what to call it.

    Raises:
        LockError: it is no TOML.
    """

    def __init__(self, data: bytes, path: str) -> None:
        try:
            self._text = data.decode("utf-8")
            self.value = parsed(self._text)
        except (UnicodeDecodeError, RecursionError, ValueError) as error:
            raise _error(error, path, data) from error
        self.path = path

    def tables(self, key: str) -> list[tuple[str, Mapping[str, Any]]]:
        """The tables of an array of tables, each with ``file:line`` of its ``[[key]]``.

        Args:
            key: of the array, dotted when it is not at the top.

        Raises:
            LockError: there is something else under that key.
        """
        value: Any = self.value
        for part in key.split("."):
            value = value.get(part, []) if isinstance(value, Mapping) else []
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            raise LockError(self.line_of(key), f"{key} is not an array of tables")
        name = r"\s*\.\s*".join(map(re.escape, key.split(".")))
        starts = [found.start() for found in re.finditer(rf"^[ \t]*\[\[\s*{name}\s*\]\]", self._text, re.MULTILINE)]
        known = len(starts) == len(value)  # otherwise it is written inline, or one is inside a text
        lines = _line_numbers(self._text, starts) if known else [1] * len(value)
        return [(f"{self.path}:{line}", item) for line, item in zip(lines, value, strict=True)]

    def line_of(self, key: str) -> str:
        """``file:line`` of the first line that sets a key, or of the file's start."""
        last = re.escape(key.rpartition(".")[2])
        found = re.search(rf"^[ \t]*(?:\[+[^\]\n]*{last}\s*\]|\"?{last}\"?\s*=)", self._text, re.MULTILINE)
        return f"{self.path}:{self._text.count(chr(10), 0, found.start()) + 1 if found else 1}"


def parsed(text: str) -> dict[str, Any]:
    """The document in a text.

    The standard library takes time that grows with the square of a dotted key: 300 KiB of ``a.a.a`` take an hour.

    Raises:
        ValueError: it is no TOML, or a key has too many parts.
        RecursionError: it is nested too deep.
    """
    if any(part.count(".") > _DEEPEST for part in _NO_KEY.split(text)):
        raise ValueError(f"a key of more than {_DEEPEST} parts")
    return tomllib.loads(text)


def _line_numbers(text: str, starts: list[int]) -> list[int]:
    lines, line, place = [], 1, 0
    for start in starts:
        line += text.count("\n", place, start)
        place = start
        lines.append(line)
    return lines


def _error(error: Exception, path: str, data: bytes) -> LockError:
    if isinstance(error, UnicodeDecodeError):
        line = data.count(b"\n", 0, error.start) + 1
        return LockError(f"{path}:{line}", "it is not UTF-8 text")
    if isinstance(error, RecursionError):
        return LockError(path, "it is nested too deep")
    found = _LINE.search(str(error))
    line = int(found.group(1)) if found and found.group(1) else data.count(b"\n") + 1
    return LockError(f"{path}:{line}", f"not valid TOML: {_LINE.sub('', str(error)).strip()[:300]}")
