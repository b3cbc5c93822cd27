"""Good results of every observation type, for pipelines that exist in memory only (see ``pipeline``).

To simulate evidence for a new control, add one function here: it takes the pipeline and the subject, and returns the
``result`` of a complete observation in which the control passes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ...evaluator.graph import Subject, Tier

BUILDER = "https://builder.example/train"
SIGNER = "key:builder"


class Pipeline(Protocol):
    """What evidence may depend on."""

    @property
    def subjects(self) -> Mapping[str, Subject]:
        """The subjects so far, by id."""

    def of_kind(self, *kinds: str) -> Sequence[Subject]:
        """The subjects of some kinds, in the order in which they were added."""

    def date(self, days: float) -> str:
        """RFC 3339 time that many days after now."""


Make = Callable[[Pipeline, Subject], dict[str, Any]]


@dataclass(frozen=True)
class Evidence:
    """How one observation type is simulated.

    Args:
        type: the observation type, which is also the name of its schema.
        kinds: kinds of subject that have it.
        make: the result.
        tier: how far it is believed.
    """

    type: str
    kinds: tuple[str, ...]
    make: Make
    tier: Tier = Tier.OBSERVED


EVIDENCE: dict[str, Evidence] = {}
CONTENT = ("model", "dataset", "dependency_set", "workload", "source")


def evidence(type: str, *kinds: str, tier: Tier = Tier.OBSERVED) -> Callable[[Make], Make]:
    """Register a function that makes the good result of an observation type."""

    def register(make: Make) -> Make:
        EVIDENCE[type] = Evidence(type, kinds, make, tier)
        return make

    return register


def sha256(text: str) -> str:
    """A digest that stands for some content."""
    return hashlib.sha256(text.encode()).hexdigest()


@evidence("hashes", *CONTENT)
def hashes(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    digest = subject.digest["sha256"]
    pin = {
        "source": f"{subject.location}.sha256",
        "path": subject.location,
        "format": "checksums",
        "algorithm": "sha256",
        "expected": digest,
        "actual": digest,
        "match": True,
    }
    return {"digest": digest, "files": 1, "bytes": 4096, "folder": False, "pins": [pin], "pin_count": 1}


@evidence("dependencies", "dependency_set")
def dependencies(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    packages = [_package("numpy", "2.3.1", 4), _package("scipy", "1.16.0", 5)]
    indexes = [{"url": "https://pypi.org/simple", "kind": "primary", "at": "uv.toml:2"}]
    return {
        "format": "uv.lock",
        "complete_lock": True,
        "packages": packages,
        "package_count": len(packages),
        "indexes": indexes,
        "trusted_hosts": [],
        "indexes_configured_in": ["uv.toml"],
    }


def _package(name: str, version: str, line: int) -> dict[str, Any]:
    return {
        "name": name,
        "version": version,
        "pinned": True,
        "hashed": True,
        "hashes": 2,
        "source": "index",
        "url": None,
        "index": "https://pypi.org/simple",
        "marker": None,
        "at": f"uv.lock:{line}",
    }


@evidence("dependency_audit", "dependency_set")
def dependency_audit(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    database = {"digest": sha256("advisories"), "advisories": 12, "newest": pipeline.date(-2), "malformed": 0}
    minor = {
        "package": "scipy",
        "version": "1.16.0",
        "id": "PYSEC-2026-1",
        "aliases": ["CVE-2026-1"],
        "severity": 4.2,
        "fix_versions": ["1.16.1"],
        "published": pipeline.date(-5),
        "withdrawn": False,
    }
    return {
        "service": "local",
        "database": database,
        "audited": 2,
        "vulnerabilities": [minor],
        "vulnerability_count": 1,
    }


@evidence("model_format", "model")
def model_format(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    file = {
        "path": str(subject.location),
        "format": "safetensors",
        "executable": "no",
        "expected": "safetensors",
        "mismatch": False,
        "problems": [],
    }
    return {"files": [file], "executable_files": 0, "mismatches": 0, "problems": 0}


@evidence("model_scan", "model")
def model_scan(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    file = {
        "path": str(subject.location),
        "sha256": subject.digest["sha256"],
        "clean": True,
        "examined_by": ["structure"],
        "imports": [],
    }
    allow_list = {"digest": sha256("allow-list"), "extended_with": []}
    return {"files": [file], "issues": [], "issue_count": 0, "allow_list": allow_list}


@evidence("model_signature", "model", tier=Tier.ATTESTED)
def model_signature(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    source = f"{subject.location}.sig"
    return {
        "format": "oms",
        "verified": True,
        "reason": "",
        "signers": [SIGNER],
        "covers_all_files": True,
        "uncovered": [],
        "missing": [],
        "source": source,
        "sources": [source],
    }


def _materials(pipeline: Pipeline, model: Subject) -> list[Subject]:
    """A model's share of the datasets and of the sources, so that all models together list each of them."""
    models = [item.id for item in pipeline.of_kind("model")]
    rank = models.index(model.id)
    found: list[Subject] = []
    for kind in ("dataset", "source"):
        every = pipeline.of_kind(kind)
        found += every[rank :: len(models)] or every[:1]
    return found


@evidence("provenance", "model", tier=Tier.ATTESTED)
def provenance(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    needed = _materials(pipeline, subject)
    return {
        "predicate_type": "https://slsa.dev/provenance/v1",
        "builder": BUILDER,
        "build_type": "https://builder.example/train/v1",
        "materials": [{"uri": item.location, "digest": dict(item.digest), "subject": item.id} for item in needed],
        "started": pipeline.date(-1.5),
        "finished": pipeline.date(-1),
        "signers": [SIGNER],
        "verified": True,
        "reason": "",
        "source": f"{subject.location}.intoto.jsonl",
    }


@evidence("ml_bom", "model")
def ml_bom(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    names = ("software", "data", "model_card", "hyperparameters", "metrics", "provenance")
    return {
        "spec_version": "1.6",
        "valid": True,
        "errors": [],
        "source": "bom.cdx.json",
        "component": {"name": subject.name, "bom_ref": subject.name, "digest_matches": True},
        "sections": dict.fromkeys(names, True),
        "dangling": [],
    }


@evidence("gpu_isolation", "gpu")
def gpu_isolation(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    device = {
        "index": 0,
        "uuid": f"GPU-{subject.name}",
        "product": "NVIDIA H200",
        "mig_mode": "enabled",
        "mig_pending": "enabled",
        "mig_instances": [_slice(1), _slice(2)],
        "compute_mode": "default",
        "ecc": "enabled",
        "confidential_computing": "off",
        "cc_attested": False,
        "processes": [{"pid": 7, "name": "python", "type": "C", "gi": 1, "ci": 0, "tenant": "pod:a"}],
        "tenants": 1,
        "tenants_source": "processes",
        "mps": False,
    }
    return {"source": "nvidia-smi", "driver": "565.57.01", "timestamp": "", "attached": 1, "devices": [device]}


def _slice(instance: int) -> dict[str, Any]:
    return {"gi": instance, "ci": 0, "memory": "71424 MiB", "profile": "3g.71gb", "uuid": f"MIG-{instance}"}


@evidence("gpu_sharing", "gpu")
def gpu_sharing(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    request = {
        "file": "deploy/train.yaml",
        "object": "Job/train",
        "container": "train",
        "resource": "nvidia.com/mig-3g.71gb",
        "amount": "1",
    }
    file = {"file": request["file"], "sha256": sha256(str(request["file"]))}
    return {"files": [file], "time_slicing": [], "mps": [], "mig_parted": [], "requests": [request], "shared": False}


@evidence("ci_workflow", "pipeline")
def ci_workflow(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    name = ".github/workflows/gate.yml"
    file = {"file": name, "sha256": sha256(name), "system": "github-actions"}
    return {"files": [file], "literals": [], "literal_count": 0}


@evidence("waivers", "pipeline")
def waivers(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    granted = [{**waiver, "problems": []} for waiver in good_waivers(pipeline)]
    return {"waivers": granted, "waiver_count": len(granted)}


@evidence("policy_packs", "pipeline")
def policy_packs(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    release: dict[str, Any] = {
        "name": "built-in",
        "version": "1.0.0",
        "source": "built-in",
        "digest": {"sha256": sha256("built-in policies")},
        "archive": None,
        "built_in": True,
        "pinned": True,
        "locked": False,
        "signed": False,
        "signers": [],
        "signature": "",
        "signature_problem": "",
        "replaces": [],
        "replaces_count": 0,
    }
    own = {
        **release,
        "name": "acme",
        "source": "oci://registry.example/acme@sha256:" + sha256("manifest"),
        "digest": {"sha256": sha256("own policies")},
        "archive": {"sha256": sha256("own bundle")},
        "built_in": False,
        "locked": True,
        "signed": True,
        "signers": ["key:security"],
        "signature": "opa",
    }
    return {"packs": [release, own], "pack_count": 2}


def good_waivers(pipeline: Pipeline) -> list[dict[str, Any]]:
    """The waivers of the manifest: one that is in order, for a subject that this pipeline does not have."""
    return [
        {
            "id": "W-1",
            "control": "DATA-02",
            "subjects": ["dataset:archive"],
            "owner": "ann@example.org",
            "approver": "bob@example.org",
            "ticket": "SEC-1",
            "reason": "the supplier pins its snapshots from next month on",
            "expires": pipeline.date(30)[:10],
        }
    ]


@evidence("verdict", "model", "dataset", tier=Tier.ATTESTED)
def verdict(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    listed = [good_verdict(pipeline, stage, days) for stage, days in (("training", -3), ("deployment", -2))]
    return {"verdicts": listed, "verdict_count": len(listed)}


def good_verdict(pipeline: Pipeline, stage: str, days: float) -> dict[str, Any]:
    """A verdict of an earlier gate that this pipeline passed."""
    source = f"verdicts/{stage}/verdict.dsse.json"
    return {
        "source": source,
        "sha256": sha256(source),
        "signers": [f"key:{stage}-gate"],
        "same_content": True,
        "stage": stage,
        "result": "PASSED",
        "checklist": "full",
        "checklist_version": "1.0.0",
        "pipeline": pipeline.of_kind("pipeline")[0].name,
        "time": pipeline.date(days),
    }


@evidence("inventory", "pipeline")
def inventory(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    found = [{"path": item.location, "kind": item.kind} for item in pipeline.of_kind("model", "dataset")[:8]]
    return {"policy": "block", "undeclared": [], "undeclared_count": 0, "found": found, "passed_over": []}


@evidence("in_toto_link", "pipeline", tier=Tier.ATTESTED)
def in_toto_link(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    return {"links": [], "layouts": []}


@evidence("attestation", "pipeline", tier=Tier.ATTESTED)
def attestation(pipeline: Pipeline, subject: Subject) -> dict[str, Any]:
    return {"documents": []}
