"""YAML that means one thing only, with the line of every field.

Rules: safe types only, one document, duplicate keys refused, alias expansion bounded (an alias may not make a document
of more than ``max_nodes`` nodes), dates kept as text, so that a manifest's digest does not depend on YAML's types.
Numbers are finite and decimal: ``010`` and ``1:30`` are 8 and 90 by YAML 1.1, and 10 and a text by YAML 1.2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from .errors import UsageError

_MAX_NODES = 200_000
_MAX_DEPTH = 64
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_Path = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """SafeLoader without the implicit timestamp type, and with a limit to nesting.

    The scanner takes time that grows with the square of the nesting, so the limit is applied while it reads.
    """

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {_MAX_DEPTH} levels", problem_mark=self.get_mark())
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """A whole number that every reader takes for the same one."""
        if not _DECIMAL.fullmatch(node.value):
            raise _odd_number(node)
        return int(node.value)

    def construct_yaml_float(self, node: yaml.ScalarNode) -> float:
        """A number that JSON has, too: with an infinite age limit nothing is ever too old."""
        if ":" in node.value or "_" in node.value or not math.isfinite(value := super().construct_yaml_float(node)):
            raise _odd_number(node)
        return float(value)


def _odd_number(node: yaml.ScalarNode) -> yaml.MarkedYAMLError:
    problem = f"{node.value} is no decimal number, and other readers take it for another one: quote it if it is text"
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_yaml_float)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Document:
    """A parsed YAML document.

    Args:
        value: built of dict, list, str, int, float, bool and None.
        source: what to call it in errors.
        lines: path of each field to its line, counted from 1.
    """

    value: Any
    source: str
    lines: dict[_Path, int]

    def where(self, path: _Path) -> str:
        """``file:line`` of a field, or of the nearest field around it that has a line."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.source}:{self.lines.get(path, 1)}"


def load(data: bytes, *, source: str, max_nodes: int = _MAX_NODES) -> Document:
    """Parse one YAML document strictly.

    Args:
        data: the document's bytes.
        source: what to call it in errors, usually its path.
        max_nodes: scalars, lists and mappings allowed, aliases expanded.

    Raises:
        UsageError: a syntax error (with line and column), a duplicate key, a tag, or too many nodes.
    """
    try:
        loader = _Loader(data.decode("utf-8"))
        try:
            node = loader.get_single_node()
            lines = dict(_lines(node, (), source, [max_nodes])) if node is not None else {}
            value = loader.construct_document(node) if node is not None else None
        finally:
            loader.dispose()
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise _syntax(source, error) from error
    return Document(value, source, lines)


def _lines(node: yaml.Node, path: _Path, source: str, budget: list[int]) -> Iterator[tuple[_Path, int]]:
    budget[0] -= 1
    if budget[0] < 0:
        raise UsageError(
            f"{source} is too large", why="too many nodes, aliases expanded", remedy="write it without aliases"
        )
    line = node.start_mark.line + 1
    yield path, line
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*path, index), source, budget)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, item in node.value:
            name = str(key.value)
            if name in seen:
                raise UsageError(
                    f"{source}:{key.start_mark.line + 1}: duplicate key {name!r}",
                    why="a reader could take either value",
                    remedy="keep one of the two",
                )
            seen.add(name)
            yield from _lines(item, (*path, name), source, budget)


def _syntax(source: str, error: Exception) -> UsageError:
    mark = getattr(error, "problem_mark", None)
    place = f"{source}:{mark.line + 1}:{mark.column + 1}" if mark is not None else source
    cause = getattr(error, "problem", None) or str(error)
    return UsageError(f"{place}: not valid YAML", why=str(cause), remedy="mend the syntax at that place")
