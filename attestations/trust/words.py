"""A trust policy in words: who may sign what, and under which conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .policy import Role, TrustPolicy
from .predicates import DEFAULT_TYPES
from .signing_time import ALWAYS, Window, shown
from .trusted import Identity


def words(policy: TrustPolicy) -> list[dict[str, Any]]:
    """Every role: ``role``, ``signs``, ``signers`` (``name`` and ``who``), ``threshold`` and ``demands``; sorted.

    That a role signs something else than its name says is one of its demands, too.
    """
    return [_role(policy, policy.roles[name]) for name in sorted(policy.roles)]


def who(policy: TrustPolicy, signer: str) -> str:
    """A signer in words."""
    kind, _, name = signer.partition(":")
    text = _WHO[kind](policy, name)
    window = policy.window_of(signer)
    return text if window == ALWAYS else f"{text}, {_window(window)}"


def _role(policy: TrustPolicy, role: Role) -> dict[str, Any]:
    return {
        "role": role.name,
        "signs": sorted(role.predicate_types),
        "signers": [{"name": signer, "who": who(policy, signer)} for signer in sorted(role.signers)],
        "threshold": role.threshold,
        "demands": _demands(role),
    }


def _demands(role: Role) -> list[str]:
    found = [f"{role.threshold} of {len(role.signers)} must have signed"]
    if set(role.predicate_types) != set(DEFAULT_TYPES[role.name]):
        found.append(f"only {', '.join(sorted(role.predicate_types))}")
    if role.max_age_days is not None:
        found.append(f"at most {role.max_age_days:g} days old")
    for signer, patterns in sorted(role.subjects.items()):
        found.append(f"{signer} about {', '.join(sorted(patterns))} alone")
    if role.builders:
        found.append(f"built by {' or '.join(sorted(role.builders))}")
    if role.require_log:
        found.append(f"in the log {' or '.join(sorted(role.logs))}" if role.logs else "in a log")
    if role.require_timestamp:
        by = f" by {' or '.join(sorted(role.timestamp_authorities))}" if role.timestamp_authorities else ""
        found.append(f"its time vouched for{by}")
    return found


def _window(window: Window) -> str:
    start = "" if window.valid_from is None else f"from {shown(window.valid_from)}"
    end = "" if window.valid_until is None else f"until {shown(window.valid_until)}"
    return " ".join(part for part in (start, end) if part)


def _identity(identity: Identity) -> str:
    name = identity.identity or f"whoever follows {identity.pattern}"
    claims = "".join(f", {claim} {value}" for claim, value in sorted(identity.claims.items()))
    return f"{name}, vouched for by {identity.issuer}{claims}"


def _certificate(policy: TrustPolicy, name: str) -> str:
    signer = policy.certificates[name]
    roots = " or ".join(item["sha256"][:16] for item in signer.roots.to_document())
    return f"a certificate with {signer.kind.replace('_', ' ')} {signer.name} below the root {roots}…"


def _log(policy: TrustPolicy, name: str) -> str:
    log = policy.logs[name]
    witnessed = f", cosigned by {log.quorum} of {len(log.witnesses)} witnesses" if log.witnesses else ""
    return f"the log {log.key.partition('+')[0]}{witnessed}"


_WHO: Mapping[str, Any] = {
    "key": lambda policy, name: f"the key {policy.keys[name].id}",
    "identity": lambda policy, name: _identity(policy.identities[name]),
    "certificate": _certificate,
    "log": _log,
}
