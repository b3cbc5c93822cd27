"""Multi-document YAML as the Kubernetes API server would take it, and nothing that it would take in two ways.

A manifest is untrusted. The stream of parser events is walked with limits before anything is built, because the
composer recurses; then the node graph is turned into plain values with a budget that aliases draw on each time they
are used, so that nested aliases ("billion laughs") cannot explode.

The values are those of JSON, as ``sigs.k8s.io/yaml`` makes them: dates and base-60 numbers stay text, keys are text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from ...errors import EvidenceError

_TAG = "tag:yaml.org,2002:"
_REMEDY = "mend the manifest at that line"
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")


@dataclass(frozen=True)
class YamlLimits:
    """How large a manifest file may be.

    Args:
        max_bytes: of one file.
        max_documents: in one file.
        max_depth: of nesting.
        max_nodes: scalars, lists and mappings of one document, counted each time an alias repeats them.
    """

    max_bytes: int = 8 * 1024 * 1024
    max_documents: int = 2_000
    max_depth: int = 64
    max_nodes: int = 500_000


DEFAULT_LIMITS = YamlLimits()


@dataclass(frozen=True)
class YamlDocument:
    """One document of a stream.

    Args:
        value: built of dict, list, str, int, float, bool and None.
        line: where it starts in its file, counted from 1.
    """

    value: Any
    line: int


def read_documents(
    data: bytes, *, source: str, limits: YamlLimits = DEFAULT_LIMITS, list_tags: frozenset[str] = frozenset()
) -> tuple[YamlDocument, ...]:
    """Parse a stream of YAML documents; empty documents are left out.

    Args:
        data: the file's bytes, UTF-8.
        source: what to call the file in errors.
        limits: what it may cost.
        list_tags: tags that a list may have besides YAML's own, such as GitLab's ``!reference``.

    Raises:
        EvidenceError: a syntax error, a duplicate key, a tag other than JSON's types, or a limit; with file and line.
    """
    if len(data) > limits.max_bytes:
        raise EvidenceError(f"{source} is too large", why=f"{len(data)} bytes, the limit is {limits.max_bytes}")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = data.decode("utf-8")
        _check_events(text, loader, source, limits)
        nodes = [node for node in yaml.compose_all(text, Loader=loader) if node is not None]
        documents = tuple(
            YamlDocument(_Builder(source, limits, list_tags).build(node, 0), node.start_mark.line + 1) for node in nodes
        )
    except UnicodeDecodeError as error:
        raise EvidenceError(f"{source} is not UTF-8", why=str(error), remedy="save it as UTF-8") from error
    except yaml.YAMLError as error:
        raise _syntax_error(error, source) from error
    return tuple(document for document in documents if document.value is not None)


def _check_events(text: str, loader: Any, source: str, limits: YamlLimits) -> None:
    depth = nodes = documents = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.DocumentStartEvent):
            documents, nodes = documents + 1, 0
        elif isinstance(event, yaml.NodeEvent):
            nodes += 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        mark = event.start_mark
        line = 1 if mark is None else mark.line + 1
        if depth > limits.max_depth:
            raise _refused(source, line, "is nested too deep", f"the limit is {limits.max_depth} levels")
        if nodes > limits.max_nodes:
            raise _refused(source, line, "is too large", f"over {limits.max_nodes} nodes")
        if documents > limits.max_documents:
            raise _refused(source, line, "is too large", f"over {limits.max_documents} documents")


class _Builder:
    """Turns one node graph into plain values."""

    def __init__(self, source: str, limits: YamlLimits, list_tags: frozenset[str]) -> None:
        self._source = source
        self._limits = limits
        self._list_tags = {f"{_TAG}seq", *list_tags}
        self._left = limits.max_nodes
        self._scalars = yaml.constructor.SafeConstructor()

    def build(self, node: yaml.Node, depth: int) -> Any:
        """The value of a node; recursion is bounded by depth, so an alias to its own parent ends here too."""
        self._left -= 1
        if self._left < 0:
            raise self._error(node, "is too large", f"over {self._limits.max_nodes} nodes with its aliases expanded")
        if depth > self._limits.max_depth:
            raise self._error(node, "is nested too deep", "an alias repeats itself, or the document is too deep")
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag in self._list_tags:
            return [self.build(item, depth + 1) for item in node.value]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        raise self._error(node, "has a tag that JSON knows no type for", node.tag)

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key, item in node.value:
            if key.tag == f"{_TAG}merge":
                for source in self._merge_sources(item, depth):
                    merged = {**source, **merged}
                continue
            name = self._key(key)
            if name in own:
                raise self._error(key, f"has the key {name!r} twice", "a reader could take either value")
            own[name] = self.build(item, depth + 1)
        return {**merged, **own}

    def _merge_sources(self, node: yaml.Node, depth: int) -> Iterator[dict[str, Any]]:
        for item in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(item, yaml.MappingNode):
                raise self._error(item, "merges something that is no mapping", "<<: takes a mapping or a list of them")
            yield self.build(item, depth + 1)

    def _key(self, node: yaml.Node) -> str:
        value = self._scalar(node) if isinstance(node, yaml.ScalarNode) else node
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        raise self._error(node, "has a key that is no text", "a mapping, list, fraction or null cannot name a field")

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        kind = node.tag.removeprefix(_TAG)
        if kind in ("str", "timestamp", "value", "merge"):
            return self._text(node)
        if kind in ("int", "float") and _BASE_60.fullmatch(node.value):
            return node.value
        if kind not in ("int", "float", "bool", "null"):
            raise self._error(node, "has a tag that JSON knows no type for", node.tag)
        try:
            value = self._scalars.construct_object(node)
        except (ValueError, KeyError, OverflowError) as error:
            raise self._error(node, "has a value that does not fit its tag", str(error)) from error
        if isinstance(value, float) and not math.isfinite(value):
            raise self._error(node, "has a number that JSON cannot hold", node.value[:40])
        return value

    def _text(self, node: yaml.ScalarNode) -> str:
        text = str(node.value)
        if not text.isascii():
            try:
                text.encode("utf-8")
            except UnicodeEncodeError as error:
                raise self._error(node, "has a lone surrogate", str(error)) from error
        return text

    def _error(self, node: yaml.Node, what: str, why: str) -> EvidenceError:
        return _refused(self._source, node.start_mark.line + 1, what, why)


def _refused(source: str, line: int, what: str, why: str) -> EvidenceError:
    return EvidenceError(f"{source}:{line} {what}", why=why, remedy=_REMEDY)


def _syntax_error(error: yaml.YAMLError, source: str) -> EvidenceError:
    mark = getattr(error, "problem_mark", None)
    place = f"{source}:{mark.line + 1}" if mark is not None else source
    cause = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return EvidenceError(f"{place} is not valid YAML", why=str(cause), remedy=_REMEDY)
