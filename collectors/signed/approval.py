"""Reading an approval: what somebody whom the trust policy allows decided about some content, for one gate."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from ...errors import EvidenceError
from ...evaluator.times import seconds
from ...verification import EnvelopeVerifier
from .told import Told

APPROVAL = "https://probatum.dev/approval/v1"
ROLE = "approval"
MAX_BYTES = 4 * 1024 * 1024
_FIELDS = {
    "stage": "stage",
    "decision": "decision",
    "approver": "approver",
    "pipeline": "pipeline",
    "time": "decided_at",
}
"""Field of an observation, and of the approval."""


def read_approval(data: bytes, source: str, verifier: EnvelopeVerifier) -> Told:
    """Read and verify one approval.

    Args:
        data: the file's bytes.
        source: its path, relative to the pipeline's root.
        verifier: the trust policy at work.

    Raises:
        EvidenceError: nobody signed it who may, it is something else, or it is malformed.
    """
    found = verifier.verify(data, source=source)
    if not found.verified:
        raise EvidenceError("it is not verified", why=found.reason)
    if found.about != APPROVAL or ROLE not in found.roles:
        raise EvidenceError("it is no approval", why=f"it is {found.about} of the role {found.role}")
    statement = found.statement or {}
    predicate = statement.get("predicate")
    if not isinstance(predicate, Mapping) or not all(isinstance(predicate.get(name), str) for name in _FIELDS.values()):
        raise EvidenceError("it is malformed", why=f"expected {', '.join(_FIELDS.values())}")
    if seconds(predicate["decided_at"]) is None or predicate["decision"] not in ("approved", "rejected"):
        raise EvidenceError("it is malformed", why="its time or its decision is none")
    subjects = tuple((str(item.get("name", "")), item["digest"]) for item in statement["subject"])
    fields = {name: predicate[of] for name, of in _FIELDS.items()}
    return Told(source, hashlib.sha256(data).hexdigest(), found.signers, subjects, fields)
