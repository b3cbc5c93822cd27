"""References within a CycloneDX document: every ``bom-ref``, and everything that points to one.

The fields that point are those that the JSON schemas of 1.5 to 1.7 type as ``refLinkType``. A BOM-Link
(``urn:cdx:serial/version#ref``) to another document cannot be followed here and is reported apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

_POINTERS = {
    "ref", "dependsOn", "provides", "algorithmRef", "signatureAlgorithmRef", "subjectPublicKeyRef", "cryptoRefArray",
    "patentRefs",
}  # fmt: skip
_POINTERS_WITHIN = {
    ("annotations", "subjects"),
    ("attestations", "assessor"),
    ("citations", "attributedTo"),
    ("citations", "process"),
    ("claims", "counterEvidence"),
    ("claims", "evidence"),
    ("claims", "mitigationStrategies"),
    ("claims", "target"),
    ("compositions", "assemblies"),
    ("compositions", "dependencies"),
    ("compositions", "vulnerabilities"),
    ("conformance", "mitigationStrategies"),
    ("identity", "tools"),
    ("levels", "requirements"),
    ("map", "claims"),
    ("map", "counterClaims"),
    ("map", "requirement"),
    ("requirements", "parent"),
}
_LINK = "urn:cdx:"


@dataclass(frozen=True)
class References:
    """What a document's references come to.

    Args:
        dangling: references to what the document does not contain, sorted.
        repeated: a ``bom-ref`` that two elements have, sorted.
        external: links to other documents, sorted.
    """

    dangling: tuple[str, ...]
    repeated: tuple[str, ...]
    external: tuple[str, ...]


def references(document: Mapping[str, Any]) -> References:
    """Follow every reference of a document."""
    declared: Counter[str] = Counter()
    pointers: set[str] = set()
    for owner, key, value in _strings(document, ""):
        if key == "bom-ref":
            declared[value] += 1
        elif key in _POINTERS or (owner, key) in _POINTERS_WITHIN:
            pointers.add(value)
    own = f"{_LINK}{str(document.get('serialNumber', '')).rpartition(':')[2]}/{document.get('version', 1)}#"
    targets = {pointer: unquote(pointer.removeprefix(own)) for pointer in pointers}
    external = {pointer for pointer, target in targets.items() if target.startswith(_LINK) and target not in declared}
    return References(
        dangling=tuple(
            sorted(p for p, target in targets.items() if not {p, target} & set(declared) and p not in external)
        ),
        repeated=tuple(sorted(ref for ref, count in declared.items() if count > 1)),
        external=tuple(sorted(external)),
    )


def _strings(value: Any, owner: str, key: str = "") -> Iterator[tuple[str, str, str]]:
    """Every string with its field and the field that holds the object it is in; lists are transparent."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _strings(item, key, name)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item, owner, key)
    elif isinstance(value, str):
        yield owner, key, value
