"""The waivers of a verdict package, each verified again from the document that signs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from .. import strict_json
from ..attestations.documents.verifier import TrustVerifier
from ..attestations.trust.policy import TrustPolicy
from ..attestations.verify.package import CheckedPackage
from ..attestations.verify.report import Row
from ..evaluator.origins import FIELD
from ..evaluator.waivers import SIGNED_SHA256, SIGNERS, judge
from .kept_documents import document_row, kept_document
from .signed_waivers import ROLE, waiver_signers

_JUDGED = ("problems", "tier")
"""What the collector of waivers adds to each."""


def waiver_rows(package: CheckedPackage, applied: Any, trust: TrustPolicy, evaluated: datetime) -> Iterator[Row]:
    """One row for each waiver that counted by a signature, or that ought to have had one.

    Args:
        package: its evidence holds the waivers that a control judged.
        applied: the waivers of its settings.
        trust: the auditor's trust policy.
        evaluated: when the gate decided.
    """
    seen = set()
    for machine, waiver in _waivers(package, applied):
        key = (machine, strict_json.canonical(waiver))
        if key in seen:
            continue
        seen.add(key)
        check = f"waiver: {waiver.get('id')}"
        if waiver.get(SIGNERS):
            yield _signed(check, waiver, machine, package, trust, evaluated)
        elif not machine and ROLE in trust.roles and judge(waiver, evaluated).state == "live":
            detail = "nobody signed it, and the verifier's trust policy demands that by its role `waiver`"
            yield Row(check, False, "a waiver that somebody signed who may", "", detail)


def _waivers(package: CheckedPackage, applied: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The evidence of another machine that speaks of it, empty where the gate does, and each waiver."""
    for waiver in _objects(applied):
        yield "", waiver
    for observation in package.graph.observations.values():
        if observation.type == "waivers":
            origin = observation.extra.get(FIELD)
            machine = str(origin.get("document")) if isinstance(origin, Mapping) else ""
            for waiver in _objects(observation.result.get("waivers")):
                yield machine, {name: value for name, value in waiver.items() if name not in _JUDGED}


def _signed(
    check: str,
    waiver: Mapping[str, Any],
    machine: str,
    package: CheckedPackage,
    trust: TrustPolicy,
    evaluated: datetime,
) -> Row:
    sha256 = str(waiver.get(SIGNED_SHA256))

    def verified() -> str:
        data, pipeline = kept_document(package.files, sha256) or b"", str(package.graph.pipeline.get("name"))
        signers = waiver_signers(data, waiver, pipeline, TrustVerifier(trust, evaluated))
        state = judge(waiver, evaluated)
        told = "; ".join((state.state, *state.problems))
        what = f"{waiver.get('control')} for {', '.join(map(str, waiver.get('subjects') or ()))}"
        return f"signed by {', '.join(signers)}: {what}, until {waiver.get('expires')}; {told}"

    return document_row(check, sha256, package.files, machine, ROLE, trust, verified)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
