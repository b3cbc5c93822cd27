"""Who signed a verdict, and whom its pipeline trusted: what a package says of itself, for a reviewer to judge.

Nothing here is verified, and nothing can be: a package cannot vouch for its own signers. Whatever is malformed is left
out, and said to be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ... import strict_json
from ...errors import ProbatumError, TrustError
from ...verification import countersignature_paths
from ..certificates.certified_form import is_certified
from ..certificates.chain import chain_of_bundle
from ..documents import dsse
from ..keyless.claims import claims_of
from ..keys.public_key import PublicKey
from ..package.files import LIMITS, PackageFiles
from ..package.names import TRUST, VERDICT, find_signed
from .predicates import DEFAULT_TYPES

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY_ID = re.compile(r"[!-~]{1,200}")
_SIGNED = "signed the verdict"
_WORTH = ("repository", "repository_id", "runner")
"""Claims that tell a workflow from one of the same file elsewhere."""


@dataclass(frozen=True)
class ProposedKey:
    """A key that signed, or that the pipeline trusted.

    Args:
        id: fingerprint.
        pem: the public key; None where the package does not hold it.
        why: what it did.
    """

    id: str
    pem: str | None
    why: str


@dataclass(frozen=True)
class ProposedIdentity:
    """An identity that signed, as its certificate says.

    Args:
        issuer: of the identity.
        identity: the subject.
        claims: those that are worth demanding.
        why: what it did.
    """

    issuer: str
    identity: str
    claims: Mapping[str, str]
    why: str


@dataclass
class Proposal:
    """What a trust policy made from a package could hold, gathered piece by piece.

    Args:
        source: the package, for people.
        keys: by name.
        identities: by name.
        roles: name of each role to the names of its signers.
        left_out: what could not be read.
    """

    source: str
    keys: dict[str, ProposedKey] = field(default_factory=dict)
    identities: dict[str, ProposedIdentity] = field(default_factory=dict)
    roles: dict[str, list[str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def propose(package: Path) -> Proposal:
    """Read who signed a verdict package, and whom its pipeline trusted.

    Args:
        package: its folder.

    Raises:
        UsageError: there is no such folder.
        TrustError: it holds no signed verdict, or one that is malformed.
    """
    files = PackageFiles.open(package)
    name = find_signed(VERDICT, files.digests().keys())
    if name is None:
        raise TrustError(
            f"{package} holds no signed verdict", remedy="give the folder that `probatum gate --out` wrote"
        )
    found = Proposal(str(package))
    _trusted_by_pipeline(files, found)
    for path in (name, *countersignature_paths(files.digests())):
        found.roles.setdefault("verdict", []).extend(_signers(files, path, found))
    return found


def _signers(files: PackageFiles, path: str, found: Proposal) -> list[str]:
    document = strict_json.loads(files.read(path), source=path, limits=LIMITS, fold_case=True)
    if not isinstance(document, Mapping):
        raise TrustError(f"{path} is no signed document", why="expected a JSON object")
    signers = _identity_signers(document, found, path) if "dsseEnvelope" in document else _keys(document, found)
    return [signer for signer in signers if signer not in found.roles.get("verdict", ())]


def _keys(document: Mapping[str, Any], found: Proposal) -> Iterator[str]:
    """The keys whose ids the signatures carry; whether they signed is seen once their public halves are there."""
    known = {key.id: name for name, key in found.keys.items()}
    for at, (id, _) in enumerate(dsse.from_document(document, source="the verdict").signatures, 1):
        if id in known:
            name = known[id]
            if not found.keys[name].why.startswith(_SIGNED):
                found.keys[name] = ProposedKey(id, found.keys[name].pem, f"{_SIGNED}, and {found.keys[name].why}")
        elif _KEY_ID.fullmatch(id):
            name = _free(f"verdict-{at}", found)
            found.keys[name] = ProposedKey(id, None, _SIGNED)
        else:
            found.left_out.append(f"signature {at} of the verdict, which does not say whose it is")
            continue
        yield name


def _identity_signers(document: Mapping[str, Any], found: Proposal, source: str) -> Iterator[str]:
    chain = chain_of_bundle(document, source=source)
    if chain is None:
        raise TrustError(f"{source} holds no certificate", why="nothing in it says who signed")
    if is_certified(document):
        found.left_out.append(
            f"the certificate of {chain.holder}, who signed the verdict: ask for its authority's root"
        )
        return
    claims = claims_of(chain.load()[0])
    worth = {name: claims[name] for name in _WORTH if name in claims}
    proposed = ProposedIdentity(claims["issuer"], claims["subject"], worth, _SIGNED)
    name = next((name for name, each in found.identities.items() if each == proposed), _free("verdict-1", found))
    found.identities[name] = proposed
    yield name


def _trusted_by_pipeline(files: PackageFiles, found: Proposal) -> None:
    """The keys, and their roles, of the trust policy that the pipeline brought along."""
    if TRUST not in files.digests():
        return
    try:
        document = strict_json.loads(files.read(TRUST), source=TRUST)
        names = {}
        for given, entry in sorted(document["keys"].items()):
            key = PublicKey.from_pem(entry["pem"].encode(), source=f"{TRUST}: key {given[:64]!r}")
            names[f"key:{given}"] = name = given if _NAME.fullmatch(given) else _free("key-1", found)
            found.keys[name] = ProposedKey(key.id, key.pem, "was trusted by the pipeline")
        for role in sorted(document["roles"].keys() & DEFAULT_TYPES.keys() - {"verdict"}):
            found.roles[role] = [names[each] for each in document["roles"][role]["signers"] if each in names]
        others = [section for section in ("identities", "certificates", "logs") if document.get(section)]
        found.left_out.extend(f"the {section} of {TRUST}: ask the pipeline's owners for them" for section in others)
    except (ProbatumError, KeyError, TypeError, AttributeError, ValueError) as error:
        found.left_out.append(f"{TRUST}, which cannot be read ({type(error).__name__})")


def _free(name: str, found: Proposal) -> str:
    """A name like this one that nobody has yet."""
    stem, _, number = name.rpartition("-")
    at = int(number)
    while f"{stem}-{at}" in found.keys or f"{stem}-{at}" in found.identities:
        at += 1
    return f"{stem}-{at}"
