"""The lines of a requirements file, as pip reads them (pip documentation, "Requirements File Format").

Order, as in pip: decode, join lines that end in a backslash, cut comments, split options off.
"""

from __future__ import annotations

import codecs
import optparse
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from .lock import LockError
from .urls import cleaned

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")
_LONGEST = 1 << 18  # characters of a logical line; a hundred hashes take a thirtieth of it
_CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_LISTS = (
    ("-r", "--requirement"), ("-c", "--constraint"), ("-e", "--editable"), ("-f", "--find-links"),
    ("--extra-index-url",), ("--trusted-host",), ("--hash",),
)  # fmt: skip
_VALUES = (
    ("--no-binary",), ("--only-binary",), ("--use-feature",), ("--global-option",), ("--install-option",),
    ("-C", "--config-settings"), ("--allow-external",), ("--allow-unverified",), ("--all-releases",), ("--only-final",),
)  # fmt: skip
_FLAGS = (
    ("--no-index",), ("--require-hashes",), ("--pre",), ("--prefer-binary",), ("--use-wheel",), ("--no-use-wheel",),
    ("--allow-all-external",), ("--process-dependency-links",), ("-Z", "--always-unzip"),
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One logical line.

    Args:
        where: ``file:line`` where it starts.
        requirement: what stands before the options; empty on a line of options alone.
        options: by destination, such as ``hash`` and ``index_url``.
    """

    where: str
    requirement: str
    options: Any


def read_lines(data: bytes, path: str) -> Iterator[Line]:
    """Read a requirements or constraints file.

    Args:
        data: its bytes.
        path: what to call it.

    Raises:
        LockError: it cannot be decoded, or pip would refuse a line.
    """
    parser = _Parser()
    for number, text in _joined(_decoded(data, path).splitlines()):
        line = _COMMENT.sub("", text).strip()
        if line:
            where = f"{path}:{number}"
            if len(line) > _LONGEST:
                raise LockError(where, f"a line of {len(line)} characters")
            requirement, options = _split(line)
            yield Line(where, requirement, parser.parsed(options, where))


def _decoded(data: bytes, path: str) -> str:
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    if not mark:
        for line in data.split(b"\n")[:2]:
            found = _CODING.search(line) if line.startswith(b"#") else None
            encoding = found.group(1).decode("ascii") if found else encoding
    try:
        text = data[len(mark) :].decode(encoding)
    except (UnicodeError, LookupError) as error:
        raise LockError(path, f"it is not {encoding} text ({error})") from error
    if "\x00" in text:
        raise LockError(path, "it is no text: it has zero bytes")
    return text


def _joined(lines: list[str]) -> Iterator[tuple[int, str]]:
    start, parts = 0, list[str]()
    for number, line in enumerate(lines, start=1):
        comment = line.lstrip().startswith("#")
        start = start if parts else number
        if line.endswith("\\") and not comment:
            parts.append(line.strip("\\"))
            continue
        parts.append(f" {line}" if comment else line)  # so that a comment after a joined line is still cut
        yield start, "".join(parts)
        parts = []
    if parts:
        yield start, "".join(parts)


def _split(line: str) -> tuple[str, str]:
    words = line.split(" ")
    first = next((place for place, word in enumerate(words) if word.startswith("-")), len(words))
    return " ".join(words[:first]).strip(), " ".join(words[first:])


class _Parser(optparse.OptionParser):
    """The parser that pip uses, so that abbreviations such as ``--extra-index`` mean here what they mean there."""

    def __init__(self) -> None:
        super().__init__(add_help_option=False)
        self._where = ""
        self.add_option("-i", "--index-url", "--pypi-url", dest="index_url")
        for names in (*_LISTS, *_VALUES):
            self.add_option(*names, action="append")
        for names in _FLAGS:
            self.add_option(*names, action="store_true", default=False)

    def parsed(self, text: str, where: str) -> Any:
        """The options of one line; a list that is not given is empty."""
        self._where = where
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise LockError(where, f"its options are malformed: {error}") from error
        values, rest = self.parse_args(words)
        if rest:
            raise LockError(where, f"{cleaned(rest[0])!r} is no option of a requirements file")
        for names in _LISTS:
            key = names[-1].removeprefix("--").replace("-", "_")
            setattr(values, key, getattr(values, key) or [])
        return values

    def error(self, msg: str) -> NoReturn:
        raise LockError(self._where, cleaned(msg))
