"""Documents that a gate believed by their signatures and kept in the verdict package, verified again by an auditor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..attestations.package.files import PackageFiles
from ..attestations.trust.policy import TrustPolicy
from ..attestations.verify.report import Row
from ..errors import ProbatumError

_MAX_BYTES = 64 * 1024 * 1024


def kept_document(files: PackageFiles, sha256: str) -> bytes | None:
    """A document that lies in a package under its digest; None where there is none.

    Raises:
        UsageError: it cannot be read, or is too large for a signed document.
    """
    path = f"raw/{sha256}"
    return replace(files, max_bytes=_MAX_BYTES).read(path) if path in files.digests() else None


def document_row(
    check: str,
    sha256: str,
    files: PackageFiles,
    machine: str,
    role: str,
    trust: TrustPolicy,
    verified: Callable[[], str],
) -> Row:
    """The row of one document.

    Args:
        check: what the row is called.
        sha256: of the document.
        files: the package.
        machine: the evidence of another machine that speaks of it; empty where the gate itself read it.
        role: of the trust policy, whose signers count.
        trust: the auditor's trust policy.
        verified: verifies it, and says what it is; raises `ProbatumError` where it does not hold.
    """
    path = f"raw/{sha256}"
    if path not in files.digests():
        if machine:
            return Row(
                check, None, path, "", f"it is not in the package: {machine} alone says what it says, and who signed it"
            )
        return Row(check, False, path, "", "the gate relied on it and did not keep it in the package")
    if role not in trust.roles:
        return Row(
            check, None, "", path, f"the verifier's trust policy has no role {role}: its signature was not checked"
        )
    try:
        return Row(check, True, sha256, sha256, verified())
    except ProbatumError as error:
        return Row(check, False, f"a document that somebody signed who may ({role})", "", str(error))
