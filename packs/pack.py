"""One pack of policies: what it holds, where it came from, what pins it and who signed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..evaluator.policies import PolicySet

BUILT_IN = "built-in"
OPA_SIGNATURES = ".signatures.json"
"""Where OPA keeps the signature of a bundle."""


@dataclass(frozen=True)
class Signature:
    """What is known of who signed a pack.

    Args:
        signers: names that the trust policy allows to sign policies, sorted; empty when it is not signed.
        form: ``opa``, ``dsse``, ``sigstore`` or ``detached``; empty when it is not signed.
        reason: why it does not count as signed; empty when it does.
    """

    signers: tuple[str, ...] = ()
    form: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Pack:
    """A pack.

    Args:
        name: for people; unique in one run.
        version: what its manifest states, or empty.
        source: where it came from, without credentials.
        policies: what it holds.
        archive: SHA-256 of the bundle's bytes; empty for a folder.
        pinned: its digest is fixed by its source, the lock file, or the installed release.
        locked: the lock file names this digest.
        signature: who signed it.
        replaces: ``ID@sha256:…`` of each control of an earlier pack that it takes the place of.
        built_in: it came with the installed release.
    """

    name: str
    version: str
    source: str
    policies: PolicySet
    archive: str = ""
    pinned: bool = False
    locked: bool = False
    signature: Signature = field(default_factory=Signature)
    replaces: tuple[str, ...] = ()
    built_in: bool = False

    def to_document(self) -> Mapping[str, Any]:
        """The JSON form, as assessments and evidence have it."""
        return {
            "name": self.name,
            "version": self.version,
            "source": self.source,
            "digest": {"sha256": self.policies.digest},
            "archive": {"sha256": self.archive} if self.archive else None,
            "built_in": self.built_in,
            "pinned": self.pinned,
            "locked": self.locked,
            "signed": bool(self.signature.signers),
            "signers": list(self.signature.signers),
            "signature": self.signature.form,
            "signature_problem": self.signature.reason,
            "replaces": list(self.replaces),
        }
