"""What a check of signatures says: the words that collectors and the verifier share, without any cryptography."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class Verification:
    """What a trust policy says of one signed document.

    Args:
        verified: enough allowed signers signed it.
        reason: why it is not verified; empty when it is.
        statement: the in-toto statement or other JSON that was signed, parsed strictly; present only when verified.
        signers: identity of every allowed signer, such as ``key:builder``.
        role: the first role of the trust policy that allowed it, such as ``provenance``.
        roles: every role that allowed it.
        kind: what the document is: ``dsse``, ``sigstore``, ``cosign`` (of its old form), ``pypi``, ``link``,
            ``layout``, ``signature`` or ``unknown``.
        about: the kind of content that was signed: a predicate type, ``link``, ``layout``, or ``artifact``; empty
            when nothing is verified.
        signed_at: when it was signed (RFC 3339), vouched for by somebody other than the signer: a log or a timestamp
            authority; None where nobody does.
        identity: what the certificate of a keyless signer says of it, such as ``issuer``, ``workflow`` and ``runner``.
    """

    verified: bool
    reason: str = ""
    statement: Mapping[str, Any] | None = None
    signers: tuple[str, ...] = ()
    role: str = ""
    roles: tuple[str, ...] = ()
    kind: str = "unknown"
    about: str = ""
    signed_at: str | None = None
    identity: Mapping[str, str] = field(default_factory=dict)


COUNTERSIGNATURES = "countersignatures"
"""The folder beside a signed verdict with what others signed the same by."""
MAX_COUNTERSIGNATURES = 64
LOG_PROOF, TIMESTAMP = ".tlog-proof", ".tsr"
_COUNTERSIGNATURE = re.compile(rf"{COUNTERSIGNATURES}/[0-9a-f]{{16}}\.(dsse|sigstore)\.json")


@dataclass(frozen=True)
class Countersignature:
    """A signed document of its own, over the same payload as the one that it lies beside.

    Args:
        path: from the folder of that one.
        data: its bytes.
        log_proof: a C2SP tlog-proof that a transparency log holds it; None where there is none.
        timestamp: an RFC 3161 response over it; None where there is none.
    """

    path: str
    data: bytes
    log_proof: bytes | None = None
    timestamp: bytes | None = None


def countersignature_paths(paths: Iterable[str]) -> list[str]:
    """The paths, out of those of a folder, that countersignatures have, sorted."""
    return sorted(path for path in paths if _COUNTERSIGNATURE.fullmatch(path))


def countersignatures(paths: Iterable[str], read: Callable[[str], bytes]) -> tuple[Countersignature, ...]:
    """The countersignatures in a folder, with what others vouch for each; nothing is verified.

    Args:
        paths: of the files in it, and below it.
        read: gives the bytes of one.

    Returns:
        As many as there are, but at most one more than there may be.
    """
    there = set(paths)
    return tuple(
        Countersignature(path, read(path), *(read(path + end) if path + end in there else None for end in _VOUCHED))
        for path in countersignature_paths(there)[: MAX_COUNTERSIGNATURES + 1]
    )


_VOUCHED = (LOG_PROOF, TIMESTAMP)


@dataclass(frozen=True)
class Beside:
    """What lies beside a signed document, by which others vouch for it.

    Args:
        log_proof: a C2SP tlog-proof that a transparency log holds it; None where there is none.
        timestamp: an RFC 3161 response over it; None where there is none.
        countersignatures: of others, over the same payload.
    """

    log_proof: bytes | None = None
    timestamp: bytes | None = None
    countersignatures: tuple[Countersignature, ...] = ()


NOTHING_BESIDE = Beside()


class EnvelopeVerifier(Protocol):
    """Checks signed documents against the trust policy; given to collectors, which know no cryptography."""

    def verify(
        self, data: bytes, *, source: str, pinned_by: Verification | None = None, beside: Beside = NOTHING_BESIDE
    ) -> Verification:
        """Verify one DSSE envelope, sigstore bundle or in-toto metablock.

        Args:
            data: the document's bytes.
            source: what to call it in reasons.
            pinned_by: a verified document that names this one by its digest, so that its signers stand for this one,
                too: one allowed signature is enough, no log or timestamp of its own is demanded, and who vouches for
                the time of that one vouches for this.
            beside: what others vouch for it with; a part that the trust policy could check and that does not hold
                refuses it, as in a verdict package.
        """

    def documents(self, data: bytes, *, source: str) -> Sequence[tuple[str, bytes]]:
        """Name and bytes of each signed document in a file: the file itself, unless it is a container of several.

        Args:
            data: the file's bytes.
            source: what to call it.
        """

    def unpacked(self, package: Path) -> AbstractContextManager[Path]:
        """A verdict package that is one file, as a folder that is gone afterwards; nothing in it is verified yet.

        Args:
            package: the file.
        """

    def verify_artifact(self, data: bytes, *, source: str, artifact: Path) -> Verification:
        """Verify a signature over a file: a sigstore bundle with a message signature, or a bare signature.

        Args:
            data: the bundle, or the signature in base64 or DER.
            source: what to call it in reasons.
            artifact: the file that it is said to sign.
        """
