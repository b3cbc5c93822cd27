"""What people grant with their signature: a waiver for one control, or the approval of content for a gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .. import strict_json
from ..evaluator.times import stamp
from .statement import statement
from .trust.predicates import APPROVAL, WAIVER

DECISIONS = ("approved", "rejected")


def waiver_statement(waiver: Mapping[str, Any], pipeline: str, now: datetime) -> bytes:
    """The statement that signs a waiver: it is about the waiver as it stands in the manifest, word for word.

    Args:
        waiver: the manifest's entry, without what a run adds to it.
        pipeline: name of the pipeline that it is for.
        now: when it is granted.

    Returns:
        The statement's canonical bytes, to be signed.
    """
    subject = {"name": f"waiver:{waiver.get('id')}", "digest": {"sha256": strict_json.digest(waiver)}}
    predicate = {"waiver": dict(waiver), "pipeline": pipeline, "granted_at": stamp(now)}
    return strict_json.canonical(statement([subject], WAIVER, predicate))


@dataclass(frozen=True)
class Approval:
    """What somebody decides about some content for one gate.

    Args:
        stage: the gate.
        decision: one of ``DECISIONS``.
        approver: who decides, for people; who it was is told by the signature.
        pipeline: name of the pipeline.
        reason: why, or a ticket.
    """

    stage: str
    decision: str
    approver: str
    pipeline: str
    reason: str = ""


def approval_statement(approval: Approval, subjects: Sequence[Mapping[str, Any]], now: datetime) -> bytes:
    """The statement of an approval: it is about content, by digest.

    Args:
        approval: what is decided.
        subjects: ``name`` and ``digest`` of each content.
        now: when.

    Returns:
        The statement's canonical bytes, to be signed.
    """
    predicate = {
        "stage": approval.stage,
        "decision": approval.decision,
        "approver": approval.approver,
        "pipeline": approval.pipeline,
        "reason": approval.reason,
        "decided_at": stamp(now),
    }
    return strict_json.canonical(statement(subjects, APPROVAL, predicate))
