"""What can be wrong with a pipeline: one defect each, as collectors would report it (see ``pipeline.bad_graphs``).

A defect is told in every field in which a real collector tells it (an issue and the count of issues), so that losing
one field still leaves the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...evaluator.graph import Status, Tier
from .evidence import Pipeline, sha256

FAIL, INCONCLUSIVE = "fail", "inconclusive"
_BAD = sha256("something else")


@dataclass(frozen=True)
class Defect:
    """One thing that is wrong.

    Args:
        control: id of the control that must not pass.
        name: of the defect, unique for its control.
        type: the observation type that shows it.
        changes: path in the result to its bad value; a number of days in ``{"days": n}`` becomes a date.
        outcome: what the control's outcome must be.
        fields: of the observation itself; ``age_days`` sets ``observed_at``.
        missing: there is no observation of that type at all.
        kind: of the subject that it concerns, where several kinds have that type of evidence.
    """

    control: str
    name: str
    type: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = FAIL
    fields: Mapping[str, Any] = field(default_factory=dict)
    missing: bool = False
    kind: str = ""

    def values(self, pipeline: Pipeline) -> dict[str, Any]:
        """The changes, with dates relative to the pipeline's present."""
        return {path: _dated(value, pipeline) for path, value in self.changes.items()}


def _dated(value: Any, pipeline: Pipeline) -> Any:
    if isinstance(value, dict) and set(value) == {"days"}:
        return pipeline.date(value["days"])
    if isinstance(value, dict):
        return {key: _dated(item, pipeline) for key, item in value.items()}
    return [_dated(item, pipeline) for item in value] if isinstance(value, list) else value


_CONTAINER = "pods/0/containers/0"
_NO_SIGNATURE = {"verified": False, "reason": "none found", "signers": [], "source": ""}
_ISSUE = {"path": "m", "scanner": "pickle_analyser", "severity": "critical", "message": "posix.system"}
_WAIVER = {
    "id": "W-2",
    "control": "MODEL-01",
    "subjects": ["model:model-0"],
    "owner": "ann@example.org",
    "approver": "bob@example.org",
    "ticket": "SEC-2",
    "reason": "legacy format",
    "expires": {"days": 30},
    "problems": [],
}
_FAILED_LATER = {
    "source": "verdicts/again/verdict.dsse.json",
    "sha256": _BAD,
    "signers": ["key:training-gate"],
    "same_content": True,
    "stage": "training",
    "result": "FAILED",
    "checklist": "full",
    "checklist_version": "1.0.0",
    "pipeline": "simulated",
    "time": {"days": -1},
}


def _waivers(**changes: Any) -> dict[str, Any]:
    return {"waivers": [{**_WAIVER, **changes}], "waiver_count": 1}


def _confined(name: str, path: str, value: Any) -> Defect:
    return Defect("TRAIN-01", name, "workload", {path: value})


def _network(name: str, **values: Any) -> Defect:
    return Defect("TRAIN-02", name, "workload", {f"pods/0/network/{key}": value for key, value in values.items()})


DEFECTS: tuple[Defect, ...] = (
    Defect("DATA-02", "changed", "hashes", {"pins/0/actual": _BAD, "pins/0/match": False}, kind="dataset"),
    Defect("DATA-02", "not pinned", "hashes", {"pins": [], "pin_count": 0}, kind="dataset"),
    Defect("MODEL-04", "changed", "hashes", {"pins/0/actual": _BAD, "pins/0/match": False}, kind="model"),
    Defect("MODEL-04", "file not pinned", "hashes", {
        "folder": True, "files": 2, "pins/0/path": "models/model-0/a.json",
    }, kind="model"),
    Defect("MODEL-04", "not pinned", "hashes", {"pins": [], "pin_count": 0}, kind="model"),
    Defect("MODEL-01", "pickle", "model_format", {
        "files/0/format": "pickle", "files/0/executable": "yes", "files/0/mismatch": True, "executable_files": 1,
        "mismatches": 1,
    }),
    Defect("MODEL-01", "archive that may hold code", "model_format", {
        "files/0/format": "keras", "files/0/executable": "possible", "executable_files": 1,
    }),
    Defect("MODEL-01", "header", "model_format", {"files/0/problems": ["overlapping tensors"], "problems": 1}),
    Defect("MODEL-02", "malicious import", "model_scan", {
        "files/0/clean": False, "files/0/imports": ["posix.system"], "issues": [_ISSUE], "issue_count": 1,
    }),
    Defect("MODEL-02", "allow-list widened", "model_scan", {"allow_list/extended_with": ["builtins.eval"]}),
    Defect("MODEL-02", "not all scanned", "model_scan", {}, INCONCLUSIVE, {"status": Status.PARTIAL}),
    Defect("MODEL-03", "unsigned", "model_signature", {
        **_NO_SIGNATURE, "format": "none", "covers_all_files": False, "uncovered": ["m"], "sources": [],
    }, fields={"tier": Tier.REPORTED}),
    Defect("MODEL-03", "file added", "model_signature", {"covers_all_files": False, "uncovered": ["extra.bin"]}),
    Defect("MODEL-03", "file removed", "model_signature", {"covers_all_files": False, "missing": ["gone.bin"]}),
    Defect("MODEL-03", "only reported", "model_signature", {}, INCONCLUSIVE, {"tier": Tier.REPORTED}),
    Defect("MODEL-10", "none", "ml_bom", {
        "valid": False, "errors": ["no document describes the model"], "source": None, "spec_version": None,
        "component": None, "sections": dict.fromkeys(
            ("software", "data", "model_card", "hyperparameters", "metrics", "provenance"), False),
    }),
    Defect("MODEL-10", "of other bytes", "ml_bom", {
        "valid": False, "errors": ["the component has another digest"], "component/digest_matches": False,
    }),
    Defect("MODEL-10", "no metrics", "ml_bom", {"sections/metrics": False}),
    Defect("TRAIN-12", "none", "provenance", {
        **_NO_SIGNATURE, "predicate_type": None, "builder": None, "materials": [],
    }, fields={"tier": Tier.REPORTED}),
    Defect("TRAIN-12", "unknown builder", "provenance", {"builder": "https://laptop.example"}),
    Defect("TRAIN-12", "other dataset", "provenance", {
        "materials/0/digest": {"sha256": _BAD}, "materials/0/subject": None,
    }),
    Defect("TRAIN-12", "dataset not listed", "provenance", {"materials": []}),
    Defect("SUPPLY-01", "not pinned", "dependencies", {
        "packages/0/pinned": False, "packages/0/version": None, "complete_lock": False,
    }),
    Defect("SUPPLY-01", "no hash", "dependencies", {"packages/0/hashed": False, "packages/0/hashes": 0}),
    Defect("SUPPLY-01", "from version control", "dependencies", {
        "packages/0/source": "vcs", "packages/0/url": "git+https://forge.example/x", "packages/0/index": None,
    }),
    Defect("SUPPLY-02", "critical", "dependency_audit", {"vulnerabilities/0/severity": 9.8}),
    Defect("SUPPLY-02", "severity unknown", "dependency_audit", {"vulnerabilities/0/severity": None}),
    Defect("SUPPLY-02", "old fix", "dependency_audit", {"vulnerabilities/0/published": {"days": -200}}),
    Defect("SUPPLY-02", "old database", "dependency_audit", {"database/newest": {"days": -200}}, INCONCLUSIVE),
    Defect("SUPPLY-02", "stale", "dependency_audit", {}, INCONCLUSIVE, {"age_days": 45}),
    Defect("SUPPLY-02", "packages skipped", "dependency_audit", {}, INCONCLUSIVE, {"status": Status.PARTIAL}),
    Defect("SUPPLY-02", "no audit", "dependency_audit", {}, INCONCLUSIVE, missing=True),
    Defect("SUPPLY-02", "audit failed", "dependency_audit", {}, INCONCLUSIVE, {"status": Status.FAILED}),
    Defect("SUPPLY-03", "other index", "dependencies", {"packages/0/index": "https://mirror.example/simple"}),
    Defect("SUPPLY-03", "extra index", "dependencies", {
        "indexes": [{"url": "https://private.example/simple", "kind": "extra", "at": "pip.conf:3"}],
    }),
    Defect("SUPPLY-03", "no TLS", "dependencies", {"trusted_hosts": ["mirror.example"]}),
    _confined("root", f"{_CONTAINER}/run_as_non_root", False),
    _confined("writable root", f"{_CONTAINER}/read_only_root", False),
    _confined("privileged", f"{_CONTAINER}/privileged", True),
    _confined("escalation", f"{_CONTAINER}/allow_privilege_escalation", True),
    _confined("capabilities kept", f"{_CONTAINER}/capabilities_dropped", []),
    _confined("capability added", f"{_CONTAINER}/capabilities_added", ["SYS_ADMIN"]),
    _confined("no seccomp", f"{_CONTAINER}/seccomp", "Unconfined"),
    _confined("no AppArmor", f"{_CONTAINER}/apparmor", "Unconfined"),
    _confined("no limits", f"{_CONTAINER}/limits", {}),
    _confined("data writable", f"{_CONTAINER}/mounts/0/read_only", False),
    _confined("host path", "pods/0/host_paths", ["/var/run"]),
    _confined("host network", "pods/0/host_network", True),
    Defect("TRAIN-01", "unknown kind", "workload", {
        "unknown_objects": [{"kind": "Rollout", "name": "x", "namespace": "", "group": "argoproj.io", "at": "x:1"}],
    }, INCONCLUSIVE),
    Defect("TRAIN-01", "no pod", "workload", {"pods": []}, INCONCLUSIVE),
    _network("no policy", policies=[], ingress_default_deny=False, egress_default_deny=False,
             ingress_anywhere=True, egress_anywhere=True),
    _network("egress open", egress_anywhere=True),
    _network("ingress open", ingress_anywhere=True),
    _network("all namespaces", egress_all_namespaces=True),
    Defect("TRAIN-03", "MPS", "gpu_isolation", {"devices/0/mps": True}),
    Defect("TRAIN-03", "whole device shared", "gpu_isolation", {
        "devices/0/mig_mode": "disabled", "devices/0/mig_pending": "disabled", "devices/0/mig_instances": [],
        "devices/0/tenants": 3,
    }),
    Defect("TRAIN-03", "ECC off", "gpu_isolation", {"devices/0/ecc": "disabled"}),
    Defect("TRAIN-03", "time slicing", "gpu_sharing", {
        "time_slicing": [{"file": "plugin.yaml", "at": "sharing", "resource": "nvidia.com/gpu", "replicas": 4}],
        "shared": True,
    }),
    Defect("TRAIN-09", "secret in a variable", "workload", {
        f"{_CONTAINER}/env_literals/0": {"name": "TOKEN", "secret_like": True, "reason": "its name"},
        "secret_literals": 1,
    }),
    Defect("TRAIN-09", "Secret object", "workload", {
        "literals": [
            {"object": "Secret/s", "name": "data.key", "secret_like": True, "reason": "a Secret", "at": "x:1"},
        ],
        "secret_literals": 1,
    }),
    Defect("TRAIN-09", "secret in CI", "ci_workflow", {
        "literals": [{"file": "ci.yml", "location": "env.TOKEN", "name": "TOKEN", "reason": "its name"}],
        "literal_count": 1,
    }),
    Defect("GOV-03", "not pinned", "policy_packs", {
        "packs/1/source": "packs/acme", "packs/1/pinned": False, "packs/1/locked": False,
    }),
    Defect("GOV-03", "not signed", "policy_packs", {
        "packs/1/signed": False, "packs/1/signers": [], "packs/1/signature": "",
        "packs/1/signature_problem": "it has no signature",
    }),
    Defect("GOV-03", "replaces a control", "policy_packs", {
        "packs/1/replaces": [f"MODEL-01@sha256:{_BAD}"], "packs/1/replaces_count": 1,
    }),
    Defect("GOV-04", "expired", "waivers", _waivers(expires={"days": -30}, problems=["expired"])),
    Defect("GOV-04", "approved by its owner", "waivers", _waivers(
        approver="Ann@example.org", problems=["approver is the owner"])),
    Defect("GOV-04", "no ticket", "waivers", _waivers(ticket="", problems=["ticket is missing"])),
    Defect("GOV-04", "lasts too long", "waivers", _waivers(expires={"days": 400})),
    Defect("GOV-04", "for everything", "waivers", _waivers(subjects=["*"])),
    Defect("GOV-05", "no verdict", "verdict", {"verdicts": [], "verdict_count": 0}),
    Defect("GOV-05", "of other content", "verdict", {"verdicts/0/same_content": False}),
    Defect("GOV-05", "of another pipeline", "verdict", {"verdicts/0/pipeline": "another"}),
    Defect("GOV-05", "signed by the key of another gate", "verdict", {"verdicts/0/signers": ["key:deployment-gate"]}),
    Defect("GOV-05", "too old", "verdict", {"verdicts/0/time": {"days": -200}}),
    Defect("GOV-05", "the gate failed", "verdict", {"verdicts/0/result": "FAILED"}),
    Defect("GOV-05", "the gate failed later", "verdict", {"verdicts/1": _FAILED_LATER}),
    Defect("GOV-05", "not all verified", "verdict", {}, INCONCLUSIVE, {"status": Status.PARTIAL}),
)  # fmt: skip
