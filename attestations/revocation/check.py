"""A verdict package held against what is revoked: the verdict, its policies, its evidence, and whoever vouches for it.

A revoked signer of the verdict itself is refused where signatures are checked (`roles.allow`), which happens before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ... import strict_json
from ..package.files import LIMITS, PackageFiles
from ..package.names import ASSESSMENT, REVOCATIONS, TRUST, find_signed
from ..trust.policy import TrustPolicy
from ..verify.package import Check, CheckedPackage
from ..verify.report import Row
from .document import Given
from .gather import gather, rolled_back
from .recorded_signers import ids_of, vouched
from .revoked import NO_REVOCATIONS, Revocations
from .signed_payload import payload_of

_SHOWN = 5


def check_revocations(trust: TrustPolicy, now: datetime) -> Check:
    """The check of a package against what the verifier knows to be revoked.

    Args:
        trust: the trust policy, with its revocations.
        now: for those that the package itself carries.
    """
    known = NO_REVOCATIONS if trust.revocations is None else trust.revocations

    def check(package: CheckedPackage) -> Iterable[Row]:
        yield from _knowledge(known)
        if not known.given:
            return
        details = package.assessment["predicate"]
        yield from _rolled_back(package.files, known, trust, now)
        yield _verdict(package, known)
        yield _attestations(package, known)
        yield Row("revocations: signers", True, "", ", ".join(package.signers), "none of them is revoked")
        yield from _policies(details, known, package.signed_at)
        yield _evidence(package, known, frozenset((details.get("revocations") or {}).get("evidence", ())))
        yield _vouched(package, known)

    return check


def _knowledge(known: Revocations) -> Iterator[Row]:
    """What is known, as of when; whatever of it cannot be relied on is a row that fails."""
    if not known.given:
        detail = "none were given (--revocations): nothing is known of what was taken back since"
        yield Row("revocations", None, "", "", detail)
        return
    for problem in known.problems:
        yield Row("revocations", False, "documents that can be relied on", problem.source, problem.why)
    if known.documents:
        lists = "".join(f", {name} number {issue.listed.number}" for name, issue in sorted(known.lists.items()))
        found = f"{known.count} in {len(known.documents)} documents, the newest of {known.newest}{lists}"
        yield Row("revocations", True, "", found, f"sha256 {known.digest}")


def _rolled_back(files: PackageFiles, known: Revocations, trust: TrustPolicy, now: datetime) -> Iterator[Row]:
    """Whether whoever gives the lists hides issues that the gate already knew."""
    if REVOCATIONS not in files.digests():
        return
    recorded = strict_json.loads(files.read(REVOCATIONS), source=REVOCATIONS, limits=LIMITS)
    given = [Given(REVOCATIONS, strict_json.canonical(item)) for item in recorded["documents"]]
    problems = list(rolled_back(gather(given, trust, now), known))
    for problem in problems:
        yield Row("revocations: newest", False, "what the gate knew, or newer", problem.source, problem.why)
    if not problems:
        yield Row("revocations: newest", True, "what the gate knew, or newer", f"{len(given)} documents known then")


def _verdict(package: CheckedPackage, known: Revocations) -> Row:
    digest = hashlib.sha256(payload_of(package.verdict, source="the verdict")).hexdigest()
    hit = known.find_statement(digest)
    return Row(
        "revocations: verdict", hit is None, "a verdict that nobody revoked", digest, "" if hit is None else str(hit)
    )


def _attestations(package: CheckedPackage, known: Revocations) -> Row:
    """The assessment, and what else was verified for the verdict, which names the files alone."""
    check, named = "revocations: attestations", package.statement["predicate"]["inputAttestations"]
    name = find_signed(ASSESSMENT, package.files.digests()) or ""
    assessment = hashlib.sha256(payload_of(package.files.read(name), source=name)).hexdigest()
    hits = {name: known.find_statement(assessment)}
    hits |= {item["uri"]: hit for item in named if (hit := known.find_file(item["digest"]["sha256"])) is not None}
    late = [f"{uri}: {hit}" for uri, hit in hits.items() if hit is not None]
    if not late:
        detail = "none of these files was seen with a statement that is revoked"
        return Row(check, True, "", f"{len(named)} files", detail)
    found = f"{len(late)} of {len(named)}"
    return Row(check, False, "attestations that nobody revoked", found, "; ".join(late[:_SHOWN]))


def _policies(details: Mapping[str, Any], known: Revocations, signed_at: datetime | None) -> Iterator[Row]:
    names = {details["digests"]["policies"]["sha256"]: "the policies together"}
    names |= {pack["digest"]["sha256"]: f"the pack {pack['name']}" for pack in details.get("packs", ())}
    hits = {digest: known.find("policy", digest, signed_at) for digest in names}
    for digest, hit in hits.items():
        if hit is not None:
            yield Row("revocations: policies", False, "policies that nobody revoked", digest, f"{names[digest]}: {hit}")
    if not any(hits.values()):
        yield Row("revocations: policies", True, "", f"{len(names)} digests", "none of them is revoked")


def _evidence(package: CheckedPackage, known: Revocations, considered: frozenset[str]) -> Row:
    """Evidence that was revoked after the verdict; what the gate knew of, the verdict takes into account."""
    check, total = "revocations: evidence", len(package.graph.observations)
    late, counted = [], 0
    if known.of_kind("evidence"):
        for key, observation in package.graph.observations.items():
            hits = [hit for name in ids_of(observation) if (hit := known.find("evidence", name))]
            if hits and key not in considered:
                late.append(f"{key}: {hits[0]}")
            counted += bool(hits)
    if not late:
        told = f"{counted} of them revoked, as the gate knew" if counted else "none of them is revoked"
        return Row(check, True, "", f"{total} observations", told)
    return Row(check, False, "evidence that nobody revoked", f"{len(late)} of {total}", "; ".join(late[:_SHOWN]))


def _vouched(package: CheckedPackage, known: Revocations) -> Row:
    """Signatures that evidence rests on; the verdict's own time shows that they are older than it."""
    check, late, unknown, total = "revocations: signers of evidence", [], set(), 0
    for item in vouched(package.graph, _trust_of(package.files)):
        total += 1
        times = [at for at in (item.signed_at, package.signed_at) if at is not None]
        if item.target is None:
            unknown.add(item.signer)
            continue
        hit = known.find(item.target.kind, item.target.name, min(times, default=None))
        if hit is not None:
            late.append(f"{item.signer} of {item.observation}: {hit}")
    if unknown and not late:
        return Row(check, None, "", f"{total} signatures", f"nobody can tell who {', '.join(sorted(unknown))} is")
    if not late:
        return Row(check, True, "", f"{total} signatures", "none of those who made them is revoked")
    return Row(check, False, "signers that nobody revoked", f"{len(late)} of {total}", "; ".join(late[:_SHOWN]))


def _trust_of(files: PackageFiles) -> Mapping[str, Any]:
    if TRUST not in files.digests():
        return {}
    found = strict_json.loads(files.read(TRUST), source=TRUST, limits=LIMITS)
    return found if isinstance(found, Mapping) else {}
