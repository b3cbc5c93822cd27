"""What a verdict rests on by other people's signatures: verdicts of earlier gates, approvals, and waivers.

The gate believed each by the signatures on its document, under the gate's trust policy, and kept the document. An
auditor verifies the document again under a policy of their own, as it was when the gate decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from .. import strict_json
from ..attestations.package.files import LIMITS
from ..attestations.package.names import SETTINGS
from ..attestations.trust.policy import TrustPolicy
from ..attestations.trust.signing_time import parse_time
from ..attestations.verify.package import Check, CheckedPackage
from ..attestations.verify.report import Row

_LISTS = {"verdict": "verdicts", "approval": "approvals", "waivers": "waivers"}
"""Types of observations that speak of such documents, and where in their result."""
_SHOWN = 5


def check_relied_on(trust: TrustPolicy, now: datetime) -> Check:
    """The check of the earlier verdicts, approvals and waivers of a package: one row for each.

    Args:
        trust: the auditor's trust policy; a role that it does not have leaves those documents unchecked.
        now: used where the package does not say when it was evaluated.
    """

    def check(package: CheckedPackage) -> Iterable[Row]:
        yield from _not_kept(package)
        settings = strict_json.loads(package.files.read(SETTINGS), source=SETTINGS, limits=LIMITS)
        applied = settings.get("waivers") if isinstance(settings, Mapping) else None
        told = (item.result.get(_LISTS.get(item.type, "")) for item in package.graph.observations.values())
        if not applied and not any(told):
            return
        from .relied_documents import document_rows  # late: most packages rest on none of this
        from .relied_waivers import waiver_rows

        evaluated = parse_time(package.assessment["predicate"].get("evaluated_at")) or now
        yield from document_rows(package, trust, evaluated)
        yield from waiver_rows(package, applied, trust, evaluated)

    return check


def _not_kept(package: CheckedPackage) -> Iterator[Row]:
    """What the gate verified and did not keep: provenance, signatures and other attestations of the pipeline."""
    there = package.files.digests()
    listed = [
        item.result.get("documents") for item in package.graph.observations.values() if item.type == "attestation"
    ]
    documents = [item for items in listed if isinstance(items, list) for item in items if isinstance(item, Mapping)]
    verified = [item for item in documents if item.get("verified") is True]
    names = sorted({str(item.get("source")) for item in verified if f"raw/{item.get('sha256')}" not in there})
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        detail = (
            f"not kept in the package, so that the gate alone says who signed them: {', '.join(names[:_SHOWN])}{more}"
        )
        yield Row("attestations of the pipeline", None, "", f"{len(names)} files", detail)
