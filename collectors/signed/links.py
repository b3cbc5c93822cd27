"""In-toto links and layouts: which steps are recorded, by whom, and which subjects they used and made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..base import Context
from .documents import Document
from .matching import subjects_with

LINK_PREDICATE = "https://in-toto.io/attestation/link/v0.3"


def is_link(document: Document) -> bool:
    """A link in classic form, verified or not, or a verified statement with a link predicate."""
    return "link" in (document.verification.kind, document.verification.about) or (
        document.verification.about == LINK_PREDICATE
    )


def is_layout(document: Document) -> bool:
    """A layout, verified or not."""
    return "layout" in (document.verification.kind, document.verification.about)


def links_result(context: Context, documents: Iterable[Document]) -> dict[str, Any]:
    """The result of an ``in_toto_link`` observation; nothing inside an unverified document is read."""
    found = list(documents)
    return {
        "links": [_link(context, item) for item in found if is_link(item)],
        "layouts": [_layout(item) for item in found if is_layout(item)],
    }


def products_of(document: Document) -> list[Any]:
    """The digest sets of what a verified link says was made."""
    if document.verification.about == LINK_PREDICATE:
        return [item["digest"] for item in document.statement.get("subject", [])]
    return list(_map(document.statement.get("products")).values())


def _link(context: Context, document: Document) -> dict[str, Any]:
    link = document.statement
    if document.verification.about == LINK_PREDICATE:
        predicate = _map(link.get("predicate"))
        materials = [_map(item).get("digest") for item in _list(predicate.get("materials"))]
        step = predicate.get("name")
    else:
        materials = list(_map(link.get("materials")).values())
        step = link.get("name")
    products = products_of(document)
    return {
        "step": step if isinstance(step, str) else "",
        **_common(document),
        "materials": len(materials),
        "products": len(products),
        "products_matched": _matched(context, products),
        "materials_matched": _matched(context, materials),
    }


def _layout(document: Document) -> dict[str, Any]:
    layout = document.statement
    return {
        **_common(document),
        "expires": layout.get("expires"),
        "steps": [step["name"] for step in layout.get("steps", [])],
    }


def _common(document: Document) -> dict[str, Any]:
    return {
        "source": document.source,
        "sha256": document.sha256,
        "verified": document.verified,
        "reason": document.verification.reason,
        "signers": list(document.verification.signers) if document.verified else [],
    }


def _matched(context: Context, digests: Iterable[Any]) -> list[str]:
    return sorted({key for digest in digests for key in subjects_with(context, digest)})


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
