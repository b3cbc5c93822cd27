"""Reading ``trust.yaml``; every error names file, line and field."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from .. import strict_yaml
from ..errors import TrustError, UsageError
from ..files import read_limited
from .predicates import DEFAULT_TYPES, POLICY_BUNDLE
from .public_key import PublicKey
from .schemas import schema
from .trust import Identity, Role, SigstoreRoot, TrustPolicy

_MAX_BYTES = 1024 * 1024
_MAX_ROOT_BYTES = 4 * 1024 * 1024


def load_trust(path: Path) -> TrustPolicy:
    """Read a trust policy with everything that it refers to.

    Args:
        path: the YAML file; paths inside it are relative to its folder.

    Raises:
        UsageError: the file, or one that it names, cannot be read, or does not follow the schema.
        TrustError: a key is not one, one key has two names, a role names an unknown signer or can never reach its
            threshold, or the trusted root is not the pinned one.
    """
    document = strict_yaml.load(read_limited(path, _MAX_BYTES), source=str(path))
    _check_schema(document)
    value: Mapping[str, Any] = document.value
    keys = {name: _key(document, path.parent, name) for name in value.get("keys", {})}
    identities = {name: Identity(**entry) for name, entry in value.get("identities", {}).items()}
    _refuse_twins(document, "keys", keys)
    _refuse_twins(document, "identities", identities)
    for name in keys.keys() & identities.keys():
        raise _wrong(document, ("identities", name), f"{name!r} names a key and an identity", "rename one of the two")
    sigstore = _sigstore(document, path.parent) if "sigstore" in value else None
    if identities and sigstore is None:
        raise _wrong(document, ("identities",), "no trusted root is given", "add `sigstore: {trusted_root, sha256}`")
    roles = {name: _role(document, name, keys, identities) for name in value["roles"]}
    required = value.get("require_signed_policies", False)
    if required and not any(POLICY_BUNDLE in role.predicate_types for role in roles.values()):
        why = "no role may sign policies, so that none could be used"
        raise _wrong(document, ("require_signed_policies",), why, "add the role `policy` with its signers")
    return TrustPolicy(keys, roles, identities, sigstore, path.name, required)


def _check_schema(document: strict_yaml.Document) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(schema("trust")).iter_errors(document.value))
    if error is not None:
        raise UsageError(
            f"{document.where(tuple(error.absolute_path))}: {error.json_path.removeprefix('$.')} is wrong",
            why=error.message,
            remedy="see the trust policy's JSON Schema, trust.schema.json",
        )


def _key(document: strict_yaml.Document, folder: Path, name: str) -> PublicKey:
    entry = document.value["keys"][name]
    where = document.where(("keys", name))
    pem = entry["pem"].encode() if "pem" in entry else read_limited(folder / entry["path"], _MAX_BYTES)
    return PublicKey.from_pem(pem, source=f"{where}: key {name!r}")


def _refuse_twins(document: strict_yaml.Document, section: str, entries: Mapping[str, Hashable]) -> None:
    seen: dict[Hashable, str] = {}
    for name, entry in entries.items():
        if entry in seen:
            why = f"{seen[entry]!r} and {name!r} are the same; one signer would count twice"
            raise _wrong(document, (section, name), why, "keep one of the two")
        seen[entry] = name


def _sigstore(document: strict_yaml.Document, folder: Path) -> SigstoreRoot:
    entry = document.value["sigstore"]
    data = read_limited(folder / entry["trusted_root"], _MAX_ROOT_BYTES)
    found = hashlib.sha256(data).hexdigest()
    if found != entry["sha256"]:
        why = f"{entry['trusted_root']} has the SHA-256 {found}, not {entry['sha256']}"
        raise _wrong(document, ("sigstore", "sha256"), why, "get the file from a source you trust, then pin its digest")
    return SigstoreRoot(found, data)


def _role(document: strict_yaml.Document, name: str, keys: Mapping[str, Any], identities: Mapping[str, Any]) -> Role:
    entry = document.value["roles"][name]
    signers = []
    for at, signer in enumerate(entry["signers"]):
        if signer not in keys and signer not in identities:
            why = f"{signer!r} is neither a key nor an identity of this file"
            raise _wrong(document, ("roles", name, "signers", at), why, "name one that is, or add it")
        signers.append(f"key:{signer}" if signer in keys else f"identity:{signer}")
    threshold = entry.get("threshold", 1)
    if threshold > len(signers):
        why = f"{threshold} of {len(signers)} signers can never sign"
        raise _wrong(document, ("roles", name, "threshold"), why, "lower the threshold or add signers")
    return Role(
        name=name,
        signers=tuple(signers),
        predicate_types=tuple(entry.get("predicate_types", DEFAULT_TYPES[name])),
        threshold=threshold,
        max_age_days=entry.get("max_age_days"),
        builders=tuple(entry.get("builders", ())),
    )


def _wrong(document: strict_yaml.Document, path: tuple[str | int, ...], why: str, remedy: str) -> TrustError:
    field = ".".join(str(part) for part in path)
    return TrustError(f"{document.where(path)}: {field} is wrong", why=why, remedy=remedy)
