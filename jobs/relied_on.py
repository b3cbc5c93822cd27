"""What a verdict rests on by other people's signatures: verdicts of earlier gates, approvals, and waivers.

The gate believed each by the signatures on its document, under the gate's trust policy, and kept the document. An
auditor verifies the document again under a policy of their own, as it was when the gate decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def check_relied_on(trust: TrustPolicy, now: datetime) -> Check:
    """The check of the earlier verdicts, approvals and waivers of a package: one row for each.

    Args:
        trust: the auditor's trust policy; a role that it does not have leaves those documents unchecked.
        now: used where the package does not say when it was evaluated.
    """

    def check(package: CheckedPackage) -> Iterable[Row]:
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
