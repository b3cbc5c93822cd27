"""What a user names, as what is revoked."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ...errors import TrustError, UsageError
from ...files import read_limited
from ..keys.public_key import PublicKey
from ..package.names import VERDICT, find_signed
from ..package.zip_package import SUFFIX, unzipped
from ..statement import parse_statement
from ..trust.predicates import VSA
from .entry import Target, key_target, sha256_target
from .signed_payload import LIMITS, metadata_in, payload_of

_MAX_KEY_BYTES = 64 * 1024


def verdict_targets(path: Path) -> tuple[Target, str]:
    """A verdict by its signed statement, and the digest of the file that it is in.

    Args:
        path: a verdict package, folder or ZIP file, or the signed verdict out of one.

    Raises:
        UsageError: it cannot be read, or there is no verdict.
        EvidenceError: it is not strict JSON, or no statement.
        TrustError: it is no verdict.
    """
    if path.name.lower().endswith(SUFFIX) and path.is_file():
        with unzipped(path) as folder:
            return verdict_targets(folder)
    file = _verdict_in(path) if path.is_dir() else path
    target, envelope, about = _statement_in(file, "verdict")
    if about != VSA:
        raise TrustError(
            f"{file} is no verdict", why=f"it is a {about}", remedy="give the verdict package, or revoke an attestation"
        )
    return target, envelope


def attestation_targets(path: Path) -> tuple[Target, str]:
    """Any attestation by its signed statement, and the digest of the file that it is in.

    Args:
        path: a DSSE envelope or a sigstore bundle with one, or an in-toto link or layout.

    Raises:
        UsageError: it cannot be read.
        EvidenceError: it is not strict JSON, or no statement.
        TrustError: it is no attestation, or a malformed link or layout.
    """
    return _statement_in(path, "attestation")[:2]


def _statement_in(file: Path, kind: str) -> tuple[Target, str, str]:
    """The statement in a file, the file's digest, and the statement's predicate type, or ``link`` or ``layout``."""
    data = read_limited(file, LIMITS.max_bytes)
    signed, about = metadata_in(data, source=str(file)) or _statement(data, str(file))
    return sha256_target(kind, hashlib.sha256(signed).hexdigest()), hashlib.sha256(data).hexdigest(), about


def _statement(data: bytes, source: str) -> tuple[bytes, str]:
    payload = payload_of(data, source=source)
    return payload, parse_statement(payload, source=source, limits=LIMITS)["predicateType"]


def key_named(name: str) -> Target:
    """A key by its id, or by the file of its public half.

    Raises:
        UsageError: there is no such file.
        TrustError: the file is no public key.
        EvidenceError: it looks like an id and is none.
    """
    path = Path(name)
    if name.lower().startswith("sha256:") and not path.exists():
        return key_target(name)
    return Target("key", PublicKey.from_pem(read_limited(path, _MAX_KEY_BYTES), source=name).id)


def _verdict_in(folder: Path) -> Path:
    found = find_signed(VERDICT, {item.name for item in folder.iterdir()})
    if found is None:
        raise UsageError(
            f"no signed verdict in {folder}", why="there is no verdict.dsse.json", remedy="give a verdict package"
        )
    return folder / found
