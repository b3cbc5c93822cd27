"""Which role of a trust policy speaks for which kind of signed content.

This table is the whole mapping. A role may replace its row by ``predicate_types`` in the trust policy; a kind that no
role speaks for is never verified, whoever signed it.
"""

from __future__ import annotations

ASSESSMENT = "https://probatum.dev/assessment/v1"
VSA = "https://slsa.dev/verification_summary/v1"
PROVENANCE_V02 = "https://slsa.dev/provenance/v0.2"
PROVENANCE_V1 = "https://slsa.dev/provenance/v1"
MODEL_SIGNATURE = "https://model_signing/signature/v1.0"
LINK_PREDICATE = "https://in-toto.io/attestation/link/v0.3"
EVIDENCE_GRAPH = "https://probatum.dev/evidence-graph/v1"
"""The predicate is the graph's document."""
APPROVAL = "https://probatum.dev/approval/v1"
WAIVER = "https://probatum.dev/waiver/v1"
REVOCATION = "https://probatum.dev/revocation/v1"
LINK = "link"
LAYOUT = "layout"
ARTIFACT = "artifact"
"""Not a predicate: a signature over a file's own bytes."""
CHECKPOINT = "checkpoint"
"""Not a predicate: the signed head of a transparency log's tree."""
POLICY_BUNDLE = "https://probatum.dev/policy-bundle/v1"
"""A bundle of policies: the statement's subject is its file. A signature without a statement counts as one, too."""

DEFAULT_TYPES: dict[str, tuple[str, ...]] = {
    "verdict": (VSA, ASSESSMENT),
    "provenance": (PROVENANCE_V1, PROVENANCE_V02),
    "model": (MODEL_SIGNATURE, ARTIFACT),
    "dataset": (MODEL_SIGNATURE, ARTIFACT),
    "link": (LINK, LINK_PREDICATE),
    "layout": (LAYOUT,),
    "bom": ("https://cyclonedx.org/bom", "https://spdx.dev/Document"),
    "evidence": (EVIDENCE_GRAPH,),
    "approval": (APPROVAL,),
    "waiver": (WAIVER,),
    "policy": (POLICY_BUNDLE,),
    "log": (CHECKPOINT,),
    "revocation": (REVOCATION,),
}
