"""A Rego module as a tree, with the place of every part: a view of what the embedded engine's parser says.

A node's ``kind`` is the parser's own word (``Call``, ``RefDot``, ``SomeIn``, ``BoolExpr``, …), or the name of its field
in the parser's JSON where it has no such word (``query``, ``stmts``, ``bodies``, ``with_mods``, ``assign``). Spans
are in bytes of the UTF-8 text. The parser's own lines and columns are not used, for they are off behind letters of
several bytes; its spans leave out the quotes of strings and the beginning of some objects, which is mended here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...errors import PolicyError
from ..engines.regorus_messages import characters

_QUOTED = ("String", "RawString")
_CLOSED = ("Array", "Call", "Object", "RefBrack", "Set", "SetCompr", "ArrayCompr", "ObjectCompr", "Every")
"""What ends with a bracket of its own."""
_EMPTY_SET = re.compile(rb"set\s*\(\s*\)")
_PLACE = re.compile(r"-->\s*(.*):(\d+):(\d+)")


@dataclass(frozen=True)
class Span:
    """Where a part of a module is.

    Args:
        start: offset of the first byte.
        end: offset behind the last byte.
    """

    start: int
    end: int


@dataclass(frozen=True)
class Node:
    """One part of a module.

    Args:
        kind: what it is.
        span: where it is.
        fields: its parts in the parser's JSON form.
    """

    kind: str
    span: Span
    fields: Mapping[str, Any]

    def children(self) -> Iterator[Node]:
        """The parts directly below, in the order of the text, however deep the JSON nests between them."""
        return iter(self._parts)

    @cached_property
    def _parts(self) -> tuple[Node, ...]:
        """Kept, because every check walks the whole tree."""
        inside = (_nodes(name, value) for name, value in self.fields.items() if name != "span")
        return tuple(node for nodes in inside for node in nodes)

    def child(self, name: str) -> Node | None:
        """The part in one field; None when there is none."""
        return next(_nodes(name, self.fields.get(name)), None)

    def below(self, name: str) -> list[Node]:
        """The parts in one field."""
        return list(_nodes(name, self.fields.get(name)))

    def walk(self) -> Iterator[Node]:
        """This part and all below, outer ones first."""
        yield self
        for child in self.children():
            yield from child.walk()

    def path(self) -> tuple[str | Node, ...]:
        """The steps of a reference, ``input.ids["model"][x]`` as ``("input", "ids", "model", Var x)``; else itself."""
        if self.kind == "Var":
            return (str(self.fields["value"]),)
        base = self.child("refr")
        if base is None or self.kind not in ("RefDot", "RefBrack"):
            return (self,)
        if self.kind == "RefDot":
            return (*base.path(), str(self.fields["field"][1]))
        index = self.child("index")
        if index is None or index.kind in _QUOTED:
            return (*base.path(), str(index.fields["value"]) if index else "")
        return (*base.path(), index)

    def dotted(self) -> str | None:
        """The reference as dotted text, when every step is a name."""
        steps = self.path()
        return ".".join(map(str, steps)) if all(isinstance(step, str) for step in steps) else None


@dataclass(frozen=True)
class Import:
    """One import: its dotted path, and the name that it has in the module."""

    path: str
    name: str
    span: Span


@dataclass(frozen=True)
class Rule:
    """One rule.

    Args:
        name: of the rule, dotted when its head is a longer reference.
        node: a ``Spec``, or a ``Default``.
    """

    name: str
    node: Node

    @property
    def is_default(self) -> bool:
        """It states the value of a rule that is undefined otherwise."""
        return self.node.kind == "Default"


@dataclass(frozen=True)
class Module:
    """A parsed module.

    Args:
        path: what to call it.
        text: its source.
        tree: the parser's JSON.
    """

    path: str
    text: str
    tree: Mapping[str, Any]

    @cached_property
    def data(self) -> bytes:
        """The source in UTF-8, which spans count in."""
        return self.text.encode()

    @cached_property
    def package(self) -> str:
        """Its dotted package."""
        return next(_nodes("refr", self.tree["package"]["refr"])).dotted() or ""

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Its imports, in order."""
        return tuple(map(self._import, self.tree["imports"]))

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Its rules, in order."""
        nodes = (node for rule in self.tree["rules"] for node in _nodes("rule", rule))
        return tuple(Rule(_rule_name(node), node) for node in nodes)

    def walk(self) -> Iterator[Node]:
        """Every part of every rule, outer ones first."""
        for rule in self.rules:
            yield from rule.node.walk()

    def source(self, span: Span) -> str:
        """The text of a span."""
        return self.data[span.start : span.end].decode()

    def place(self, span: Span) -> tuple[int, int]:
        """Line and column of the beginning of a span, both from 1, the column in characters."""
        before = self.data[: span.start].decode()
        return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1

    def where(self, span: Span) -> str:
        """``path:line:column`` of the beginning of a span."""
        line, column = self.place(span)
        return f"{self.path}:{line}:{column}"

    def _import(self, found: Mapping[str, Any]) -> Import:
        path = next(_nodes("refr", found["refr"])).dotted() or ""
        alias = found.get("as")
        name = self.source(_span(alias)) if alias else path.rpartition(".")[2]
        return Import(path, name, _span(found["span"]))

    def resolve(self, path: str) -> str:
        """A dotted reference with its first step replaced by what was imported under that name."""
        first, dot, rest = path.partition(".")
        known = {item.name: item.path for item in self.imports if item.path != "rego.v1"}
        return f"{known[first]}{dot}{rest}" if first in known else path


def parse(path: str, text: str) -> Module:
    """Parse a module.

    Args:
        path: what to call it in errors.
        text: its source.

    Raises:
        PolicyError: it is not valid Rego v1; names file, line and column, and shows the place.
        EngineError: the parser does not load on this machine.
    """
    from ..engines.regorus import new_engine

    engine = new_engine()
    try:
        engine.add_policy(path, text)
        (tree,) = json.loads(engine.get_ast_as_json())
    except RuntimeError as error:
        raise syntax_error(path, text, str(error)) from error
    _mend(tree["ast"], text.encode())
    return Module(path, text, tree["ast"])


def syntax_error(path: str, text: str, said: str) -> PolicyError:
    """What a parser said of a module, with the place in one line and the source line with a caret below.

    Args:
        path: of the module.
        text: its source.
        said: the parser's message.
    """
    message = said.split("Stack backtrace:", maxsplit=1)[0].rsplit("error: ", 1)[-1].strip()
    place = _PLACE.search(said)
    if place is None:
        return PolicyError(f"{path} is not valid Rego", why=message)
    line = int(place.group(2))
    lines = text.split("\n")
    source = lines[line - 1] if line <= len(lines) else ""
    column = characters(source, int(place.group(3)))
    margin = re.sub(r"[^\t]", " ", source[: column - 1])
    return PolicyError(f"{path}:{line}:{column}: not valid Rego", why=f"{message}\n    {source}\n    {margin}^")


def _mend(value: Any, data: bytes, kind: str = "") -> int | None:
    """Let strings span their quotes, objects their opening brace, ``set()`` no more, and every part what is inside it.

    Returns:
        Where the parser lets the part end, when that is behind the next token, as it does behind ``set()``.
    """
    if isinstance(value, list):
        return [_mend(item, data) for item in value][-1] if value else None
    if not isinstance(value, dict):
        return None
    wrong = {end for name, item in value.items() if (end := _mend(item, data, name)) is not None}
    span = value.get("span")
    if not isinstance(span, dict):
        return max(wrong, default=None)
    if kind in _QUOTED:
        span["start"], span["end"] = span["start"] - 1, span["end"] + 1
    inside = [node.span for name, item in value.items() if name != "span" for node in _nodes(name, item)]
    if kind == "Object" and inside:
        span["start"] = data.rfind(b"{", 0, inside[0].start)
    span["start"] = min([span["start"], *(part.start for part in inside)])
    empty = _EMPTY_SET.match(data, span["start"]) if kind == "Set" and value.get("items") == [] else None
    end = span["end"]
    if empty or (end in wrong and kind not in _CLOSED):
        span["end"] = empty.end() if empty else max(part.end for part in inside)
        return int(end)
    span["end"] = max([end, *(part.end for part in inside)])
    return None


def _span(found: Mapping[str, Any]) -> Span:
    return Span(found["start"], found["end"])


def _rule_name(node: Node) -> str:
    head = node.child("head") or node
    refr = head.child("refr")
    steps = () if refr is None else refr.path()
    if head.kind == "Compr" and steps and not isinstance(steps[-1], str):  # g[x] := y
        steps = steps[:-1]
    return ".".join(step if isinstance(step, str) else "_" for step in steps)


def _nodes(name: str, value: Any) -> Iterator[Node]:
    if isinstance(value, list):
        for item in value:
            yield from _nodes(name, item)
    elif isinstance(value, dict):
        if isinstance(value.get("span"), dict):
            yield Node(name, _span(value["span"]), value)
        elif len(value) == 1:
            (kind, inside), *_ = value.items()
            yield from _nodes(kind, inside)
