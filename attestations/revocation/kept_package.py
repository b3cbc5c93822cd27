"""Verdict packages that were kept, one after the other: read, not verified, and damage is named.

Nothing here decides whom to trust: ``probatum verify`` does. What is checked is that each file is the one that the
verdict names, because an answer about other evidence than was decided on would mislead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ... import strict_json
from ...errors import EvidenceError, UsageError
from ...evaluator.graph import Graph
from ...evaluator.graph_document import load_graph
from ...evaluator.policies import PolicySet
from ...verification import countersignature_paths
from ..certificates.chain import chain_of_bundle
from ..documents import dsse
from ..package.files import LIMITS, PackageFiles
from ..package.names import (
    ASSESSMENT,
    EVIDENCE,
    POLICIES,
    SETTINGS,
    TRUST,
    UNSIGNED,
    VERDICT,
    find_signed,
    signed_names,
)
from ..package.zip_package import SUFFIX, unzipped
from ..vsa import PACKAGE_FIELD
from .entry import Target
from .signed_payload import envelope_in, payload_of

_MARKS = {*signed_names(VERDICT), UNSIGNED}


@dataclass(frozen=True)
class Kept:
    """A verdict package whose files are those that its verdict names.

    Args:
        files: its files.
        assessment: the assessment document.
        signers: keys and identities that the signatures of verdict, countersignatures and assessment name; a hint,
            nobody verified it.
        signed: it has a verdict; without one nothing holds its files together.
    """

    files: PackageFiles
    assessment: Mapping[str, Any]
    signers: frozenset[Target]
    signed: bool

    @cached_property
    def graph(self) -> Graph:
        """The evidence.

        Raises:
            EvidenceError: it is malformed, or not what the assessment pins.
        """
        graph = load_graph(self.files.read(EVIDENCE), source=EVIDENCE, limits=LIMITS)
        if graph.digest != self.assessment["digests"]["graph"]["sha256"]:
            raise EvidenceError(f"{EVIDENCE} is not the evidence that was decided on")
        return graph

    @cached_property
    def trust(self) -> Mapping[str, Any]:
        """The trust policy as a document; empty where there is none."""
        return self._json(TRUST) if TRUST in self.files.digests() else {}

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the evaluation."""
        return self._json(SETTINGS)

    @cached_property
    def policies(self) -> PolicySet:
        """The policies that decided.

        Raises:
            PolicyError: the bundle is damaged.
        """
        from ...evaluator.bundle import unpack

        return unpack(self.files.read(POLICIES), source=POLICIES)

    def _json(self, name: str) -> Mapping[str, Any]:
        found = strict_json.loads(self.files.read(name), source=name, limits=LIMITS)
        if not isinstance(found, Mapping):
            raise EvidenceError(f"{name} is not an object")
        return found


def packages_in(folder: Path) -> Iterator[Path]:
    """Every verdict package at or below a folder, in order: folders that hold a verdict, and ZIP files.

    Symbolic links are not followed. A folder that cannot be read counts as a package, so that somebody says so. What
    lies below a package is looked at as well: one planted file that makes a folder look like a package must not hide
    those in it.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir() and not folder.is_file():
        raise UsageError(f"there is no folder {folder}", remedy="give a folder that holds verdict packages")
    pending = [folder]
    while pending:
        path = pending.pop()
        try:
            entries = sorted(path.iterdir(), reverse=True) if path.is_dir() else None
        except OSError:
            entries = None
        if entries is None or any(entry.name in _MARKS for entry in entries):
            yield path
        pending += [entry for entry in entries or () if _leads_on(entry)]


def _leads_on(entry: Path) -> bool:
    """A folder, or a file that may be a package."""
    try:
        if entry.is_symlink():
            return False
        return entry.is_dir() or (entry.is_file() and entry.name.lower().endswith(SUFFIX))
    except OSError:  # its path is too long, for one: then nobody can read it, which is said
        return True


@contextmanager
def opened(path: Path) -> Iterator[Kept]:
    """Read one package.

    Raises:
        ProbatumError: it is damaged; what differs is named.
    """
    if path.is_dir():
        yield _kept(path)
        return
    with unzipped(path) as folder:
        yield _kept(folder)


def _kept(folder: Path) -> Kept:
    files = PackageFiles.open(folder)
    verdict = find_signed(VERDICT, files.digests())
    if verdict is None:
        return Kept(files, _predicate(files.read(UNSIGNED), UNSIGNED, signed=False), frozenset(), signed=False)
    summary = _predicate(files.read(verdict), verdict)
    named = summary.get(PACKAGE_FIELD)
    entries = named.get("files") if isinstance(named, Mapping) else None
    if not isinstance(entries, Mapping):
        raise EvidenceError(f"{verdict} does not name the files of its package")
    for row in files.rows(entries):
        if row.ok is False:
            raise EvidenceError("the package is damaged", why=row.detail)
    name = find_signed(ASSESSMENT, files.digests())
    if name is None:
        raise EvidenceError("the package has no assessment")
    signed = (verdict, name, *countersignature_paths(files.digests()))
    signers = frozenset(signer for path in signed for signer in _signers(files.read(path), path))
    return Kept(files, _assessment(_predicate(files.read(name), name), name), signers, signed=True)


def _predicate(data: bytes, name: str, *, signed: bool = True) -> Mapping[str, Any]:
    payload = payload_of(data, source=name) if signed else data
    statement = strict_json.loads(payload, source=name, limits=LIMITS, fold_case=True)
    predicate = statement.get("predicate") if isinstance(statement, Mapping) else None
    if not isinstance(predicate, Mapping):
        raise EvidenceError(f"{name} holds no statement")
    return predicate if signed else _assessment(predicate, name)


def _assessment(predicate: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    from ..schemas import check

    check("assessment", predicate, source=name)
    return predicate


def _signers(data: bytes, name: str) -> frozenset[Target]:
    """Whom the signatures of a document name: keys by id, and the holder and the key of a certificate."""
    envelope = dsse.from_document(envelope_in(data, source=name), source=name)
    found = {Target("key", key_id) for key_id, _ in envelope.signatures if key_id}
    material = strict_json.loads(data, source=name, limits=LIMITS).get("verificationMaterial", {})
    if "x509CertificateChain" in material:
        chain = chain_of_bundle({"verificationMaterial": material}, source=name)
        return frozenset(found if chain is None else {*found, Target("key", chain.key.id)})
    return frozenset(found | (_certified(material, name) if "certificate" in material else set()))


def _certified(material: Mapping[str, Any], name: str) -> set[Target]:
    from cryptography import x509

    from ..keyless.claims import claims_of
    from ..keys.public_key import PublicKey

    raw = dsse.decode_base64(material["certificate"]["rawBytes"], name)
    certificate = x509.load_der_x509_certificate(raw)
    claims = claims_of(certificate)
    key = PublicKey.of(certificate.public_key(), source=name)
    return {Target("key", key.id), Target("identity", f"{claims.get('issuer')} {claims['subject']}")}
