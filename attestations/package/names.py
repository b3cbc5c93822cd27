"""What the files of a verdict package are called."""

from __future__ import annotations

from collections.abc import Collection

from ...errors import TrustError
from ...verification import COUNTERSIGNATURES, countersignature_paths
from ...verification import LOG_PROOF as PROOF
from ...verification import TIMESTAMP as STAMP

FORMS = ("dsse", "sigstore")
"""A signed document is a DSSE envelope signed with keys, or a sigstore bundle signed by an identity."""
VERDICT = "verdict"
ASSESSMENT = "assessment"
UNSIGNED = "assessment.unsigned.json"
EVIDENCE = "evidence.json"
POLICIES = "policies.tar.gz"
SETTINGS = "settings.json"
TRUST = "trust.json"
REVOCATIONS = "revocations.json"
"""What was known to be revoked, signature and all; there when somebody gave any."""
LOG_PROOF = "verdict.tlog-proof"
TIMESTAMP = "verdict.tsr"
DETACHED = (LOG_PROOF, TIMESTAMP)
"""Made from the signed verdict, which hence cannot name them; each proves itself."""


def outside_verdict(paths: Collection[str]) -> set[str]:
    """The files, out of those of a package, that its verdict does not name: itself, what others made of it.

    Each of them is decided by a check of its own. A file of another name in the same place is not among them.
    """
    there = set(paths)
    countersigned = countersignature_paths(there)
    found = {*signed_names(VERDICT), *DETACHED, *countersigned}
    return there & (found | {f"{path}{end}" for path in countersigned for end in (PROOF, STAMP)})


def countersignature_path(digest: str, form: str) -> str:
    """Where a countersignature lies: its name is part of its digest, so that files of two people never collide.

    Args:
        digest: SHA-256 of its bytes, in hexadecimal.
        form: one of ``FORMS``.
    """
    return f"{COUNTERSIGNATURES}/{signed_name(digest[:16], form)}"


def signed_name(stem: str, form: str) -> str:
    """The file of a signed document.

    Args:
        stem: ``VERDICT`` or ``ASSESSMENT``.
        form: one of ``FORMS``.
    """
    return f"{stem}.{form}.json"


def signed_names(stem: str) -> tuple[str, ...]:
    """The files that a signed document may be in."""
    return tuple(signed_name(stem, form) for form in FORMS)


def find_signed(stem: str, names: Collection[str]) -> str | None:
    """The file, out of those of a package, that holds a signed document; None when there is none.

    Raises:
        TrustError: it is there in two forms, so that two readers could read two documents.
    """
    found = [name for name in signed_names(stem) if name in names]
    if len(found) > 1:
        raise TrustError(f"the {stem} is there twice", why=" and ".join(found), remedy="get the verdict package again")
    return found[0] if found else None
