"""Sigstore bundles, checked offline against a pinned trusted root.

The library's own ``Verifier.production(offline=True)`` trusts whatever lies in a cache under the home folder; here the
root is the file whose digest the trust policy pins, and nothing else. ``verify_dsse`` checks neither payload type nor
subjects: the caller does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..content import hash_file
from ..errors import TrustError
from .dsse import IN_TOTO
from .trust import Identity, TrustPolicy

_Check = Callable[[Any, Any, Any], Any]


def is_keyless(bundle: Mapping[str, Any]) -> bool:
    """Whether a bundle was signed with a certificate, not with a key that the verifier must have."""
    material = bundle.get("verificationMaterial")
    return isinstance(material, Mapping) and ("certificate" in material or "x509CertificateChain" in material)


def verify_statement(data: bytes, trust: TrustPolicy, *, source: str) -> tuple[bytes, tuple[str, ...]]:
    """Verify a bundle with a DSSE envelope.

    Returns:
        The payload, and the names of the identities that signed it.

    Raises:
        TrustError: no allowed identity signed it, or a part of it does not hold.
    """

    def check(verifier: Any, bundle: Any, policy: Any) -> bytes:
        payload_type, payload = verifier.verify_dsse(bundle, policy)
        if payload_type != IN_TOTO:
            raise TrustError(f"{source} has the payload type {payload_type}", why=f"expected {IN_TOTO}")
        return bytes(payload)

    return _by_any_identity(data, trust, source, check)


def verify_file(data: bytes, artifact: Path, trust: TrustPolicy, *, source: str) -> tuple[str, ...]:
    """Verify a bundle with a message signature over a file, which is streamed.

    Returns:
        The names of the identities that signed it.

    Raises:
        TrustError: no allowed identity signed it, or a part of it does not hold.
        OSError: the file cannot be read.
    """
    sha256 = bytes.fromhex(hash_file(artifact)[1])

    def check(verifier: Any, bundle: Any, policy: Any) -> None:
        from sigstore.hashes import Hashed
        from sigstore_models.common.v1 import HashAlgorithm

        verifier.verify_artifact(Hashed(algorithm=HashAlgorithm.SHA2_256, digest=sha256), bundle, policy)

    return _by_any_identity(data, trust, source, check)[1]


def _by_any_identity(data: bytes, trust: TrustPolicy, source: str, check: _Check) -> tuple[Any, tuple[str, ...]]:
    if trust.sigstore is None or not trust.identities:
        raise TrustError(
            f"{source} is signed with a certificate",
            why="the trust policy names no identities and no trusted root",
            remedy="add `identities` and `sigstore` to the trust policy",
        )
    try:
        bundle, verifier = _load(data), _verifier(trust.sigstore.data)
    except Exception as error:  # a hostile bundle makes the library raise far more than its own errors
        raise TrustError(f"{source} cannot be verified", why=_explained(str(error))) from error
    reasons = []
    for name, identity in trust.identities.items():
        try:
            return check(verifier, bundle, _policy(identity)), (f"identity:{name}",)
        except Exception as error:  # as above; whatever it is, it is not verified
            reasons.append(f"{name}: {_explained(str(error))}")
    raise TrustError(f"{source} is signed by no allowed identity", why="; ".join(reasons))


def _load(data: bytes) -> Any:
    from sigstore.models import Bundle

    return Bundle.from_json(data)


def _verifier(root: bytes) -> Any:
    """A verifier on exactly these bytes; the library reads a file, so they get a private one."""
    from sigstore.models import TrustedRoot
    from sigstore.verify import Verifier

    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        Path(file.name).write_bytes(root)
        return Verifier(trusted_root=TrustedRoot.from_file(file.name))


def _policy(identity: Identity) -> Any:
    """Issuer and identity, both compared exactly; the issuer in either form of the certificate extension."""
    from sigstore.verify.policy import AllOf, AnyOf, OIDCIssuer, OIDCIssuerV2
    from sigstore.verify.policy import Identity as SubjectIs

    issuer = AnyOf([OIDCIssuerV2(identity.issuer), OIDCIssuer(identity.issuer)])
    return AllOf([issuer, SubjectIs(identity=identity.identity)])


def _explained(reason: str) -> str:
    if "expected one log entry" in reason.lower() or "exactly one log entry" in reason.lower():
        return f"{reason} (bundles without a log entry, as of private repositories, cannot be verified by this library)"
    return reason
