"""A pinned sigstore trusted root, as it was at the time of a signature.

The library takes every authority and log that a root names, also those whose time was over when something was signed;
here they are left out first, as the root's ``validFor`` says. And the library's ``Verifier.production(offline=True)``
trusts whatever lies in a cache under the home folder: here the root is the bytes whose digest the trust policy pins.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ... import strict_json
from ...errors import TrustError
from ..trust.signing_time import parse_time
from ..trust.trusted import Certificates, SigstoreRoot, TimestampAuthority

_SECTIONS = ("tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities")


def root_at(
    root: SigstoreRoot, times: Sequence[datetime], *, name: str, needed: Sequence[str] = _SECTIONS[:3]
) -> Mapping[str, Any]:
    """A trusted root's document, without what was not valid at all of the given times.

    Args:
        root: the pinned root.
        times: at which something is said to have been signed.
        name: of the root, for errors.
        needed: the parts of which something must be left, besides those that the root names at all.

    Raises:
        TrustError: it is no trusted root, or nothing in one of its parts was valid then.
    """
    try:
        document = strict_json.loads(root.data, source=f"the trusted root {name}")
        kept = {part: [item for item in document.get(part, ()) if _valid(item, times)] for part in _SECTIONS}
    except (AttributeError, TypeError) as error:
        raise TrustError(f"the trusted root {name} is damaged", why=str(error), remedy="get it again") from error
    for part in _SECTIONS[:3]:
        if not kept[part] and (part in needed or document.get(part)):
            shown = ", ".join(str(moment) for moment in times)
            raise TrustError(f"the trusted root {name} has no {part}", why=f"none was valid at {shown}")
    kept["timestampAuthorities"] = [_open_ended(item) for item in kept["timestampAuthorities"]]
    return {**document, **kept}


def verifier_of(document: Mapping[str, Any]) -> Any:
    """The library's verifier on a trusted root."""
    from sigstore.verify import Verifier

    return Verifier(trusted_root=library_root(document))


def library_root(document: Mapping[str, Any]) -> Any:
    """A trusted root as the library has it; it reads a file, so it gets a private one."""
    from sigstore.models import TrustedRoot

    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        Path(file.name).write_bytes(strict_json.canonical(document))
        return TrustedRoot.from_file(file.name)


def authorities_of(document: Mapping[str, Any]) -> dict[str, TimestampAuthority]:
    """The timestamp authorities of a trusted root, by their address."""
    return {
        str(item.get("uri") or f"timestamp authority {at}"): TimestampAuthority(
            Certificates(tuple(base64.b64decode(entry["rawBytes"]) for entry in item["certChain"]["certificates"])), ""
        )
        for at, item in enumerate(document["timestampAuthorities"])
    }


def _open_ended(authority: Mapping[str, Any]) -> Mapping[str, Any]:
    """An authority that was valid, without an end: the library does not count the last moment, sigstore does."""
    window = {name: value for name, value in authority.get("validFor", {}).items() if name != "end"}
    return {**authority, "validFor": window}


def _valid(item: Mapping[str, Any], times: Sequence[datetime]) -> bool:
    """An authority has its window itself, a log in its key; what has none is always valid."""
    window = item.get("validFor") or (item.get("publicKey") or {}).get("validFor") or {}
    start, end = parse_time(window.get("start")), parse_time(window.get("end"))
    if (window.get("start") is not None and start is None) or (window.get("end") is not None and end is None):
        return False
    return all((start is None or start <= moment) and (end is None or moment <= end) for moment in times)
