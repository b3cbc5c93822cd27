"""Reading ``trust.yaml``; every error names file, line and field."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import sections
from .policy import Role, TrustPolicy
from .predicates import DEFAULT_TYPES, POLICY_BUNDLE, REVOCATION
from .source import TrustSource

_KINDS = {"keys": "key", "identities": "identity", "certificates": "certificate", "logs": "log"}
_VOUCHING = ("sigstore", "logs", "timestamp_authorities")


def load_trust(path: Path) -> TrustPolicy:
    """Read a trust policy with everything that it refers to.

    Args:
        path: the YAML file; paths inside it are relative to its folder.

    Raises:
        UsageError: the file, or one that it names, cannot be read, or does not follow the schema.
        TrustError: a key or certificate is not one, one signer has two names, a role names an unknown signer or can
            never be fulfilled, a pattern is too broad to mean anything, a pinned file is not the pinned one, or
            nobody has reviewed the file.
    """
    source = TrustSource.read(path)
    roots = sections.sigstore_roots(source)
    signers = _signers(source)
    policy = TrustPolicy(
        keys=sections.keys(source),
        roles={name: _role(source, name, entry, signers) for name, entry in source.section("roles").items()},
        identities=sections.identities(source, roots),
        sigstore=roots,
        source=path.name,
        require_signed_policies=source.document.value.get("require_signed_policies", False),
        certificates=sections.certificates(source),
        timestamp_authorities=sections.timestamp_authorities(source),
        logs=sections.logs(source),
        windows=sections.windows(source),
        revocation_sources=tuple(source.folder / name for name in source.document.value.get("revocations", ())),
    )
    if policy.revocation_sources and not policy.roles_for(REVOCATION):
        why = "no role may revoke, so that none would be believed"
        raise source.wrong(("revocations",), why, "add the role `revocation` with its signers")
    _check_vouching(source, policy)
    if policy.require_signed_policies and not policy.roles_for(POLICY_BUNDLE):
        why = "no role may sign policies, so that none could be used"
        raise source.wrong(("require_signed_policies",), why, "add the role `policy` with its signers")
    return policy


def _signers(source: TrustSource) -> dict[str, str]:
    """Each name to its full name; no name is used twice."""
    found: dict[str, str] = {}
    for section, kind in _KINDS.items():
        for name in source.section(section):
            if name in found:
                other = found[name].partition(":")[0]
                why = f"{name!r} names {_article(other)} and {_article(kind)}"
                raise source.wrong((section, name), why, "rename one of the two")
            found[name] = f"{kind}:{name}"
    return found


def _article(kind: str) -> str:
    return f"an {kind}" if kind == "identity" else f"a {kind}"


def _role(source: TrustSource, name: str, entry: Mapping[str, Any], signers: Mapping[str, str]) -> Role:
    names = []
    for at, given in enumerate(entry["signers"]):
        full = signers.get(given, "")
        if not full or full.startswith("log:") != (name == "log"):
            wanted = "no log" if name == "log" else "neither a key nor an identity nor a certificate"
            raise source.wrong(
                ("roles", name, "signers", at), f"{given!r} is {wanted} of this file", "name one that is, or add it"
            )
        names.append(full)
    threshold = entry.get("threshold", 1)
    if threshold > len(names):
        why = f"{threshold} of {len(names)} signers can never sign"
        raise source.wrong(("roles", name, "threshold"), why, "lower the threshold or add signers")
    return Role(
        name=name,
        signers=tuple(names),
        predicate_types=tuple(entry.get("predicate_types", DEFAULT_TYPES[name])),
        threshold=threshold,
        max_age_days=entry.get("max_age_days"),
        builders=tuple(entry.get("builders", ())),
        require_log=entry.get("require_log", False),
        logs=tuple(entry.get("logs", ())),
        require_timestamp=entry.get("require_timestamp", False),
        timestamp_authorities=tuple(entry.get("timestamp_authorities", ())),
        subjects=_subjects(source, name, entry, signers, names),
    )


def _subjects(
    source: TrustSource, name: str, entry: Mapping[str, Any], signers: Mapping[str, str], allowed: list[str]
) -> dict[str, tuple[str, ...]]:
    """What each signer of evidence may speak of, by the signer's full name."""
    given: Mapping[str, list[str]] = entry.get("subjects", {})
    if given and name != "evidence":
        why = "only evidence is about subjects by their ids"
        raise source.wrong(("roles", name, "subjects"), why, "move it to the role `evidence`, or take it out")
    for signer in given:
        if signers.get(signer) not in allowed:
            why = f"{signer!r} is no signer of this role"
            raise source.wrong(("roles", name, "subjects", signer), why, "name one of `signers`")
    return {signers[signer]: tuple(patterns) for signer, patterns in given.items()}


def _check_vouching(source: TrustSource, policy: TrustPolicy) -> None:
    """What a role requires must be something that somebody named here can give."""
    named: dict[str, str] = {}
    for section in _VOUCHING:
        for name in source.section(section):
            if name in named:
                why = f"{name!r} is a name in `{named[name]}` too"
                raise source.wrong((section, name), why, "rename one of the two")
            named[name] = section
    logs = {*policy.believed_logs, *policy.sigstore}
    clocks = {*policy.timestamp_authorities, *policy.sigstore}
    for name, role in policy.roles.items():
        _check_named(source, (name, "logs"), role.logs, logs, "no log with the role `log`, nor a sigstore root")
        _check_named(source, (name, "timestamp_authorities"), role.timestamp_authorities, clocks, "no such authority")
        if role.require_log and not logs:
            why = "no log could hold a signature: none has the role `log`, and there is no sigstore root"
            raise source.wrong(("roles", name, "require_log"), why, "add `logs` and the role `log`")
        if role.require_timestamp and not clocks | logs:
            why = "nobody could vouch for a time"
            raise source.wrong(("roles", name, "require_timestamp"), why, "add `timestamp_authorities`")


def _check_named(
    source: TrustSource, field: tuple[str, str], names: tuple[str, ...], known: set[str], problem: str
) -> None:
    for at, name in enumerate(names):
        if name not in known:
            raise source.wrong(("roles", *field, at), f"{name!r} is {problem}", "name one that is, or add it")
