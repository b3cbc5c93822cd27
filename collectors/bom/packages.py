"""The software that a CycloneDX document names, wherever in it: it may stand nowhere else in a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .sections import components

_NO_SOFTWARE = ("machine-learning-model", "data", "file", "device", "cryptographic-asset")
_LONGEST = 500


def packages(document: Mapping[str, Any]) -> list[dict[str, str | None]]:
    """Each piece of software among the components, nested ones and those of formulas too, once and sorted.

    A component is one by its type, or because it has a package URL.

    Returns:
        ``name`` (with its group, if it has one), ``version`` and ``purl`` of each; None where the document has none.
    """
    found = {
        (_name(item), _text(item, "version"), _text(item, "purl"))
        for item in components(document)
        if item.get("type") not in _NO_SOFTWARE or _text(item, "purl")
    }
    ordered = sorted(found, key=lambda item: tuple(part or "" for part in item))
    return [{"name": name, "version": version, "purl": purl} for name, version, purl in ordered if name or purl]


def _name(component: Mapping[str, Any]) -> str:
    group, name = _text(component, "group"), _text(component, "name") or ""
    return f"{group}/{name}" if group else name


def _text(component: Mapping[str, Any], key: str) -> str | None:
    """A text as far as one can be sensible; longer ones are no names."""
    value = component.get(key)
    return value.strip()[:_LONGEST] if isinstance(value, str) and value.strip() else None
