"""In-toto links and layouts in their classic form, a JSON object with ``signed`` and ``signatures``.

The in-toto library gives the bytes that a signature covers. It drops fields that it does not know before it makes
those bytes, so a document with such fields is refused: they would be signed by nobody.

A layout's inspections are commands that a verifier runs; Probatum runs none, hence refuses layouts that have them. A
rule list that does not end with ``DISALLOW *`` forbids nothing, hence is refused too.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...errors import TrustError
from ..keys import counted
from ..keys.public_key import PublicKey
from ..trust.signing_time import parse_time

KINDS = ("link", "layout")
_FIRM = ["DISALLOW", "*"]


def signers_of(document: Mapping[str, Any], keys: list[PublicKey], *, source: str) -> tuple[PublicKey, ...]:
    """The distinct keys that signed a metablock; key ids are not looked at.

    Raises:
        TrustError: it is malformed, or holds fields that no signature covers.
    """
    if not isinstance(document["signatures"], list):
        raise TrustError(f"{source} is not an in-toto link or layout", why="`signatures` is not a list")
    signed = signed_bytes(document["signed"], source=source)
    signatures = [("", _signature(item, source)) for item in document["signatures"]]
    return counted.signers_of(signatures, keys, lambda key, value: key.verifies(value, signed))


def check_layout(layout: Mapping[str, Any], now: datetime) -> str:
    """Why a verified layout must not be relied on; empty when it may."""
    if layout.get("inspect"):
        return "it has inspections, which are commands for the verifier to run"
    expires = parse_time(layout.get("expires"))
    if expires is None or expires <= now:
        return f"it expired on {layout.get('expires')}"
    for step in layout.get("steps", []):
        for rules in ("expected_materials", "expected_products"):
            if not step.get(rules) or step[rules][-1] != _FIRM:
                return f"step {step.get('name')}: {rules} do not end with DISALLOW *, so they forbid nothing"
    return ""


def signed_bytes(signed: Mapping[str, Any], *, source: str) -> bytes:
    """The bytes that a classic signature over a link or layout covers.

    Raises:
        TrustError: the link or layout is malformed, or holds fields that the library does not know.
    """
    import attr
    from in_toto.models.metadata import Metablock

    try:
        read: Any = Metablock.from_dict
        block = read(copy.deepcopy({"signatures": [], "signed": dict(signed)})).signed
        covered = attr.asdict(block)
        data: bytes = block.signable_bytes
    except Exception as error:  # the library raises whatever its field checks raise
        raise TrustError(f"{source} is not an in-toto link or layout", why=str(error)) from error
    if covered != signed:
        odd = ", ".join(sorted(set(signed) ^ set(covered))) or "a nested field"
        raise TrustError(f"{source} holds fields that no signature covers", why=odd)
    return data


def _signature(item: Any, source: str) -> bytes:
    value = item.get("sig") if isinstance(item, Mapping) else None
    try:
        return bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError as error:
        raise TrustError(f"{source} has a malformed signature", why="expected hexadecimal digits") from error
