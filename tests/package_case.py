"""A small verdict package on disk, with the pipeline that it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from pathlib import Path
from typing import Any

from signing_case import NOW, ed_key, sha256, write

from probatum import strict_json
from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.package.write import PackageContents, WrittenPackage, write_package
from probatum.attestations.trust.policy import TrustPolicy, trust_keys
from probatum.attestations.verify.expectations import Expectations
from probatum.attestations.verify.package import Demands, verify_package
from probatum.attestations.verify.replay import Replay
from probatum.content import read_content
from probatum.evaluator.bundle import pack
from probatum.evaluator.graph import Coverage, Graph, Observation, Status, Subject, Tier
from probatum.evaluator.policies import PolicySet

KEY = ed_key()
POLICIES = PolicySet({"lib/a.rego": b"package probatum.lib.a\n\nimport rego.v1\n\nx := 1\n"})
TIME = "2026-11-20T07:00:00Z"


def pipeline(root: Path) -> Path:
    write(root / "m.bin", b"weights")
    write(root / "data/a.csv", b"1")
    write(root / "data/b.csv", b"2")
    return root


def graph(root: Path) -> Graph:
    subjects = [
        Subject("model", "m", {"sha256": read_content(root / "m.bin").sha256}, "m.bin"),
        Subject("dataset", "d", {"sha256": read_content(root / "data").sha256}, "data"),
        Subject("gpu", "g"),
        Subject("pipeline", "p"),
    ]
    used = {"source": "m.dsse.json", "sha256": "e" * 64, "verified": True}
    other = {"source": "n.dsse.json", "sha256": "f" * 64, "verified": False}
    made = Observation(
        type="attestation",
        subject="pipeline:p",
        tier=Tier.ATTESTED,
        collector={"name": "attestations", "version": "1"},
        status=Status.COMPLETE,
        coverage=Coverage(2, 2),
        observed_at=TIME,
        result={"documents": [used, other]},
    )
    return Graph.of({"name": "p"}, subjects, [made])


def assessment(of: Graph, *, trust: TrustPolicy | None = None, outcome: str = "pass", **fields: Any) -> dict[str, Any]:
    item = {"subject": "model:m", "outcome": outcome, "findings": [], "proofs": [], "reasons": [], "waiver": None}
    counts = dict.fromkeys(("pass", "fail", "inconclusive", "waived", "not_applicable"), 0) | {outcome: 1}
    return {
        "schema": "https://probatum.dev/assessment/v1",
        "result": outcome,
        "reasons": [],
        "pipeline": dict(of.pipeline),
        "stage": None,
        "evaluated_at": TIME,
        "engine": {"name": "regorus", "version": "0.13.0"},
        "checklist": {"id": "secure-pipeline", "version": "1.0.0", "title": "t"},
        "digests": {
            "graph": {"sha256": of.digest},
            "policies": {"sha256": POLICIES.digest},
            "checklist": {"sha256": strict_json.digest(settings()["checklist"])},
            "parameters": {"sha256": strict_json.digest({})},
            "waivers": {"sha256": strict_json.digest([])},
            "trust_policy": None if trust is None else {"sha256": trust.digest},
        },
        "counts": counts,
        "controls": [{"id": "MODEL-01", "outcome": outcome, "subjects": [item]}],
        "evidence": {},
        "bypasses": [],
        "waivers": [],
        **fields,
    }


def settings(trust: TrustPolicy | None = None) -> dict[str, Any]:
    return {
        "schema": "https://probatum.dev/evaluation-settings/v1",
        "checklist": {"id": "secure-pipeline"},
        "parameters": {},
        "waivers": [],
        "stage": None,
        "evaluated_at": TIME,
        "engine": {"name": "regorus", "version": "0.13.0"},
        "trust_policy": None if trust is None else {"sha256": trust.digest},
        "bypasses": [],
    }


def contents(root: Path, **fields: Any) -> PackageContents:
    of = graph(root)
    raw = b'{"tool": "x"}'
    made = PackageContents(
        graph=of,
        assessment=assessment(of, trust=fields.get("trust")),
        settings=settings(fields.get("trust")),
        policies=pack(POLICIES),
        reports={"assessment.md": b"# report\n"},
        raw={sha256(raw): raw},
    )
    return replace(made, **fields)


def decided_at(made: PackageContents, time: str) -> PackageContents:
    """The same, decided at another time: who vouches for the time of signing must do so afterwards."""
    assessed = {**made.assessment, "evaluated_at": time}
    return replace(made, assessment=assessed, settings={**made.settings, "evaluated_at": time})


def written(tmp_path: Path, *keys: SigningKey, **fields: Any) -> WrittenPackage:
    root = pipeline(tmp_path / "pipeline")
    return write_package(
        tmp_path / "verdict", contents(root, **fields), attestor=KeyAttestor(keys or (KEY,)), version="0.1.0"
    )


def check(tmp_path: Path, *trusted: SigningKey, **options: Any) -> Any:
    policy = trust_keys([key.public for key in trusted or (KEY,)], source="test")
    wanted = {field.name: options.pop(field.name) for field in fields_of(Expectations) if field.name in options}
    engine = options.pop("engine", None)
    replay = None if engine is None else Replay(engine, options.pop("exact", False))
    asked = {"expected": Expectations(**wanted), "replay": replay}
    given: Mapping[str, Any] = {"trust": policy, "basis": "test", "now": NOW, **asked, **options}
    return verify_package(tmp_path / "verdict", Demands(**given))
