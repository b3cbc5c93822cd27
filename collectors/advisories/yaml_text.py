"""YAML as the PyPA advisory database writes it: every scalar is text, as OSV wants it.

A version ``1.10`` without quotes stays ``1.10`` and a date stays as written; no tag constructs anything; duplicate keys
and aliases are refused. Reads the node graph of libyaml where PyYAML has it, and so is faster than a loader.
"""

from __future__ import annotations

from typing import Any

import yaml

_NULL = {"", "~", "null", "Null", "NULL"}


def load_text(data: bytes) -> Any:
    """Parse one YAML document.

    Returns:
        A value built of dict, list, str and None.

    Raises:
        ValueError: it is not UTF-8, not YAML, has a tag, an alias or a duplicate key, or is nested too deep.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(data.decode("utf-8"))
    try:
        return _value(loader.get_single_node(), set())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}" if mark is not None else ""
        raise ValueError(f"not YAML{place}: {getattr(error, 'problem', None) or error}") from None
    except RecursionError:
        raise ValueError("nested too deep") from None
    finally:
        loader.dispose()


def _value(node: yaml.Node | None, seen: set[int]) -> Any:
    if node is None:
        return None
    if not isinstance(node, yaml.ScalarNode):
        if id(node) in seen:
            raise ValueError("it uses an alias")
        seen.add(id(node))
    if not node.tag.startswith("tag:yaml.org,2002:"):
        raise ValueError(f"it has the tag {node.tag}")
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, seen)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, seen) for item in node.value]
    plain = getattr(node, "style", None) is None
    return None if plain and node.value in _NULL else node.value


def _mapping(node: yaml.MappingNode, seen: set[int]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, item in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ValueError("a key is not a scalar")
        if key.value in value:
            raise ValueError(f"duplicate key {key.value!r} at line {key.start_mark.line + 1}")
        value[key.value] = _value(item, seen)
    return value
