"""Moving a Rego module below a root of its own, token by token, so that it means the same there.

Every reference in Rego to something outside the module begins with the word ``data`` (The Open Policy Agent's "Policy
Language", "Packages" and "Imports"; the compiler lets no variable have that name). So a module is moved when its
package and each ``data`` that begins a reference get the root behind them: ``data.acme.x``, ``data["acme"]``,
``data[name]``, ``import data.acme as y`` and ``with data.acme as z`` alike. Strings and comments stay as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    (?P<space>\s+) | (?P<comment>\#[^\n]*) | (?P<raw>`[^`]*`) | (?P<string>"(?:[^"\\\n]|\\[^\n])*")
    | (?P<name>[^\W\d]\w*) | (?P<number>\d[\w.]*) | (?P<sign>[^\s"`\w])
    """,
    re.VERBOSE,
)
_SILENT = ("space", "comment")
_REFUSED = {
    ("http", "send"): "it reaches out into the network",
    ("net", "lookup_ip_addr"): "it reaches out into the network",
    ("opa", "runtime"): "it reads the environment of the server",
    ("rego", "metadata", "chain"): "it tells where on the server the policies are",
}
_SUSPECTS = {name[0] for name in _REFUSED}
_LONGEST_PATH = max(map(len, _REFUSED))


class UnmovableError(ValueError):
    """The text cannot be moved without a doubt about what it means."""


class _Token(NamedTuple):
    """A word, string or sign.

    Args:
        kind: name of the group of ``_TOKEN``.
        text: as written.
        end: offset behind it.
    """

    kind: str
    text: str
    end: int


def moved(text: str, root: str) -> str:
    """A module below a root.

    Args:
        text: the module.
        root: dotted path without ``data.``.

    Raises:
        UnmovableError: the text is no module, or uses what would not mean the same there.
    """
    tokens = list(_tokens(text))
    if len(tokens) < 2 or tokens[0].text != "package":
        raise UnmovableError("it does not begin with a package")
    _refuse(tokens)
    parts, position = [text[: tokens[0].end], f" {root}."], tokens[0].end + _gap(text, tokens)
    for end in _references(tokens):
        parts += [text[position:end], f".{root}"]
        position = end
    return "".join([*parts, text[position:]])


def _gap(text: str, tokens: list[_Token]) -> int:
    """Characters between the word ``package`` and its path."""
    gap = tokens[1].end - len(tokens[1].text) - tokens[0].end
    if text[tokens[0].end : tokens[0].end + gap].strip():
        raise UnmovableError("there is a comment between the word package and the name")
    return gap


def _references(tokens: list[_Token]) -> Iterator[int]:
    """Offsets behind each ``data`` that begins a reference; the package's own path is none."""
    previous = tokens[0]
    for number, token in enumerate(tokens[1:], 1):
        if token.text == "data" and token.kind == "name" and previous.text not in (".", "package"):
            following = tokens[number + 1].text if number + 1 < len(tokens) else ""
            if previous.text == "import" and following not in (".", "["):
                raise UnmovableError("it imports all of data")
            yield token.end
        previous = token


def _refuse(tokens: list[_Token]) -> None:
    """Raise for a template string, and for builtins that reach outside of the evaluation."""
    previous = tokens[0]
    for number, token in enumerate(tokens):
        if token.text == "$":
            raise UnmovableError("it has a template string, which this version cannot move")
        if token.text in _SUSPECTS and token.kind == "name" and previous.text != ".":
            path = _path(tokens, number)
            for name, why in _REFUSED.items():
                if path[: len(name)] == name:
                    raise UnmovableError(f"{'.'.join(name)} is refused: {why}")
        previous = token


def _path(tokens: list[_Token], number: int) -> tuple[str, ...]:
    """The steps of the reference that begins at a token, as far as they are names or strings in brackets."""
    steps = [tokens[number].text]
    signs = tokens[number + 1 : number + 1 + 3 * _LONGEST_PATH]
    while len(signs) >= 2 and len(steps) < _LONGEST_PATH:
        if signs[0].text == "." and signs[1].kind == "name":
            steps.append(signs[1].text)
            signs = signs[2:]
        elif signs[0].text == "[" and signs[1].kind in ("string", "raw") and signs[2:3] and signs[2].text == "]":
            steps.append(_content(signs[1]))
            signs = signs[3:]
        else:
            break
    return tuple(steps)


def _content(token: _Token) -> str:
    """What a string stands for."""
    if token.kind == "raw":
        return token.text[1:-1]
    try:
        return str(json.loads(token.text))
    except ValueError:
        return token.text  # which no Rego parser accepts either


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    for found in _TOKEN.finditer(text):
        if found.start() != position:
            break
        position = found.end()
        if found.lastgroup not in _SILENT:
            yield _Token(str(found.lastgroup), found.group(), position)
    if position != len(text):
        raise UnmovableError(f"line {text.count(chr(10), 0, position) + 1}: a string has no end")
