"""Verdict, assessment, evidence and policies of one package must speak of the same thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ... import strict_json
from ...errors import EvidenceError
from ...evaluator.graph import Graph
from ..package.files import PackageFiles
from ..package.names import ASSESSMENT, EVIDENCE, POLICIES, REVOCATIONS, SETTINGS, TRUST, find_signed
from ..statement import subjects_of
from ..vsa import level, policy_uri, resource_uri, used_attestations
from .report import Row, equal

if TYPE_CHECKING:
    from ...evaluator.policies import PolicySet

Document = Mapping[str, Any]
_SEVERITY = ("fail", "inconclusive", "waived", "pass", "not_applicable")


def check_verdict(verdict: Document, assessment: Document) -> Iterator[Row]:
    """The verdict summarises this assessment: both are statements, already verified."""
    summary, details = verdict["predicate"], assessment["predicate"]
    passed = details["result"] == "pass"
    yield _same_subjects("verdict and assessment: subjects", assessment["subject"], verdict["subject"])
    yield equal("verdict and assessment: result", "PASSED" if passed else "FAILED", summary["verificationResult"])
    levels = [level(details["checklist"]["id"])] if passed else ["FAILED"]
    yield equal("verdict and assessment: levels", levels, summary["verifiedLevels"])
    yield equal("verdict and assessment: time", details["evaluated_at"], summary["timeVerified"])
    yield equal("verdict and assessment: resource", resource_uri(details["pipeline"]), summary["resourceUri"])
    policy = {"uri": policy_uri(details), "digest": {"sha256": details["digests"]["policies"]["sha256"]}}
    yield equal("verdict and assessment: policy", policy, summary["policy"])


def check_counts(assessment: Document) -> Iterator[Row]:
    """The assessment agrees with itself: outcomes, counts and result follow from each other."""
    details = assessment["predicate"]
    for control in details["controls"]:
        worst = _expected(control)
        if worst != control["outcome"]:
            yield Row(
                "assessment: outcomes", False, worst, control["outcome"], f"{control['id']} is not its worst subject"
            )
    counts = Counter(control["outcome"] for control in details["controls"])
    yield equal(
        "assessment: counts", {key: counts[key] for key in sorted(_SEVERITY)}, dict(sorted(details["counts"].items()))
    )
    yield equal("assessment: result", _result(counts, bool(details["reasons"])), details["result"])


def check_evidence(files: PackageFiles, graph: Graph, verdict: Document, assessment: Document) -> Iterator[Row]:
    """Evidence, attestations and trust policy are those that verdict and assessment pin by digest."""
    digests = assessment["predicate"]["digests"]
    found = files.digests()
    yield equal("evidence", digests["graph"]["sha256"], found[EVIDENCE]["sha256"], "another evidence graph")
    yield equal("evidence: identity", digests["graph"]["sha256"], graph.digest, f"{EVIDENCE} is not in canonical form")
    yield equal("evidence: pipeline", assessment["predicate"]["pipeline"], dict(graph.pipeline), "another pipeline")
    yield _same_subjects("evidence: subjects", subjects_of(graph), verdict["subject"])
    envelope = find_signed(ASSESSMENT, found) or ""
    signed = {"uri": envelope, "digest": {"sha256": found[envelope]["sha256"]}}
    inputs = [signed, *used_attestations(graph)]
    yield equal("verdict: input attestations", inputs, verdict["predicate"]["inputAttestations"], "other attestations")
    yield from _trust(files, digests["trust_policy"])
    yield from _revocations(files, assessment["predicate"].get("revocations"))


def check_policies(policies: PolicySet, assessment: Document) -> Iterator[Row]:
    """The bundle holds the policies that the assessment pins."""
    pinned = assessment["predicate"]["digests"]["policies"]["sha256"]
    yield equal("policies", pinned, policies.digest, f"{POLICIES} holds other policies than were evaluated")
    packs = assessment["predicate"].get("packs", ())
    if len(packs) == 1:  # of several, the set is more than any of them; their digests are in the signed record
        only = packs[0]["digest"]["sha256"]
        yield equal("policies: pack", pinned, only, f"the one pack, {packs[0]['name']}, is not what was evaluated")


def check_settings(files: PackageFiles, assessment: Document) -> Iterator[Row]:
    """The settings of a replay are those of the assessment."""
    details = assessment["predicate"]
    settings = strict_json.loads(files.read(SETTINGS), source=SETTINGS)
    if not isinstance(settings, Mapping):
        raise EvidenceError(f"{SETTINGS} is not an object", remedy="get the verdict package again")
    for name in ("checklist", "parameters", "waivers"):
        pinned = (details["digests"][name] or {}).get("sha256")
        yield equal(
            f"settings: {name}", pinned, strict_json.digest(settings.get(name)), f"{SETTINGS} has another {name}"
        )
    yield equal("settings: packs", list(details.get("packs", ())), settings.get("packs", []), "other packs of policies")
    yield equal("settings: trust policy", details["digests"]["trust_policy"], settings.get("trust_policy"))
    for name in (
        "stage",
        "evaluated_at",
        "engine",
        *(["revocations"] if "revocations" in {*details, *settings} else []),
    ):
        yield equal(f"settings: {name}", details.get(name), settings.get(name), f"{SETTINGS} has another {name}")


def gate_trust(own: str, recorded: Document | None) -> Row:
    """Whether the gate trusted the same signers as the verifier does.

    Whoever writes the pipeline's manifest may name the trust policy in it, and so have anybody vouch for its evidence.
    That is no fault of the package, but the verifier has to know.

    Args:
        own: digest of the verifier's trust policy.
        recorded: that of the gate, as the assessment pins it; None where it had none.
    """
    check, found = "trust policy of the gate", str((recorded or {}).get("sha256") or "none")
    if found == own:
        return Row(check, True, own, found)
    why = "the gate had no trust policy, so that no signature on evidence counted"
    if recorded is not None:
        why = f"another than the verifier's: look at who may sign there ({TRUST}), or give gates the policy by --trust"
    return Row(check, None, own, found, why)


def _same_subjects(check: str, expected: Sequence[Document], found: Sequence[Document]) -> Row:
    """Whether two lists of subjects agree; those that differ are named."""
    odd = {(str(item.get("name")), str(item["digest"])) for item in expected}
    odd ^= {(str(item.get("name")), str(item["digest"])) for item in found}
    names = ", ".join(sorted({name for name, _ in odd})[:5]) or "their order"
    return equal(check, expected, found, f"these differ: {names}")


def _trust(files: PackageFiles, pinned: Document | None) -> Iterator[Row]:
    found = files.digests().get(TRUST, {}).get("sha256")
    yield equal("trust policy", (pinned or {}).get("sha256"), found, f"{TRUST} is not the trust policy that was used")


def _revocations(files: PackageFiles, pinned: Document | None) -> Iterator[Row]:
    found = files.digests().get(REVOCATIONS, {}).get("sha256")
    if pinned is not None or found is not None:
        detail = f"{REVOCATIONS} is not what was known to be revoked"
        yield equal("revocations: recorded", (pinned or {}).get("sha256"), found, detail)


def _expected(control: Document) -> str:
    """A control's outcome: its worst subject's, and never good when the control itself could not be evaluated."""
    worst = min((item["outcome"] for item in control["subjects"]), key=_SEVERITY.index, default="not_applicable")
    return "inconclusive" if control.get("error") and worst not in ("fail", "waived") else worst


def _result(counts: Mapping[str, int], reasons: bool) -> str:
    if counts["fail"]:
        return "fail"
    return "inconclusive" if counts["inconclusive"] or reasons or not counts["pass"] else "pass"
