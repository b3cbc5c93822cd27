"""A verdict package that rests on a verdict of an earlier gate, an approval and a signed waiver, all of them real."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from package_case import assessment, contents, graph, pipeline, settings
from signing_case import NOW, ed_key, policy

from probatum import strict_json
from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.grants import Approval, approval_statement
from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.package.write import PackageContents, write_package
from probatum.attestations.trust.policy import TrustPolicy
from probatum.attestations.verify.package import Demands, verify_package
from probatum.attestations.verify.report import Row, VerificationReport
from probatum.collectors.approvals import Approvals
from probatum.collectors.base import Context
from probatum.collectors.manifest import Manifest
from probatum.collectors.report_store import ReportStore
from probatum.collectors.verdicts import Verdicts
from probatum.collectors.waivers import Waivers
from probatum.evaluator.graph import Graph, Observation, Subject
from probatum.jobs.granting import waive
from probatum.jobs.relied_on import check_relied_on
from probatum.jobs.signed_waivers import vouched

GATE, TRAINING, ANA, BO = (ed_key(name) for name in ("gate", "training", "ana", "bo"))
KEYS = {"gate": GATE, "training": TRAINING, "ana": ANA, "bo": BO}
ROLES: dict[str, dict[str, Any]] = {
    "verdict": {"signers": ("key:gate", "key:training")},
    "approval": {"signers": ("key:ana",)},
    "waiver": {"signers": ("key:bo",)},
}
TRUST = policy(KEYS, **ROLES)
WAIVER = {
    "id": "W-1",
    "control": "MODEL-01",
    "subjects": ["model:m"],
    "owner": "ana",
    "approver": "bo",
    "ticket": "S-1",
    "reason": "first",
    "expires": "2026-12-01",
}
Change = Callable[[Observation], Observation | None]


def without(*roles: str, **others: Mapping[str, Any]) -> TrustPolicy:
    """The trust policy of an auditor who has not these roles, or has others instead."""
    return policy(KEYS, **{name: role for name, role in ROLES.items() if name not in roles}, **others)


def approved(root: Path, key: SigningKey = ANA, *, decision: str = "approved", names: tuple[str, ...] = ("m",)) -> Path:
    """An approval on disk."""
    found = {item.name: item for item in subjects(root)}
    about = [{"name": found[name].id, "digest": dict(found[name].digest)} for name in names]
    path = root / "approvals" / "a.dsse.json"
    path.parent.mkdir(exist_ok=True)
    made = Approval("deployment", decision, "ana@example.com", "p")
    path.write_bytes(KeyAttestor([key]).attest(approval_statement(made, about, NOW)))
    return path


def gated(root: Path, key: SigningKey = TRAINING, **fields: Any) -> Path:
    """A verdict package of the training gate, below the pipeline's folder."""
    told = assessment(graph(root), **{"stage": "training", **fields})
    (root / "verdicts").mkdir(exist_ok=True)
    place = root / "verdicts" / "training"
    write_package(place, contents(root, assessment=told), attestor=KeyAttestor([key]), version="0")
    return place


def subjects(root: Path) -> list[Subject]:
    return [item for item in graph(root).subjects.values() if item.kind in ("model", "dataset")]


def relying(root: Path, *waivers: Mapping[str, Any], trust: TrustPolicy = TRUST) -> PackageContents:
    """What the gate makes of everything that is granted below the pipeline's folder."""
    kept, base = ReportStore(), graph(root)
    manifest = vouched(Manifest(root, {"name": "p"}, waivers=tuple(waivers)), trust, NOW, keep=kept)
    context = Context(
        root,
        {"name": "p"},
        {item.id: item for item in base.subjects.values()},
        verifier=TrustVerifier(trust, NOW),
        reports=kept,
        waivers=manifest.waivers,
        now=NOW,
    )
    made = [*Verdicts().collect(replace(context, settings={"paths": ["verdicts/*"]}))]
    made += Approvals().collect(replace(context, settings={"paths": ["approvals"]}))
    made += Waivers().collect(context)
    observations = [*base.observations.values(), *(item for item in made if isinstance(item, Observation))]
    return decided(root, Graph.of(base.pipeline, base.subjects.values(), observations), manifest.waivers, kept)


def decided(root: Path, of: Graph, waivers: Any, kept: ReportStore) -> PackageContents:
    """The package's contents around some evidence."""
    applied = [dict(item) for item in waivers]
    told = assessment(of, waivers=applied)
    told["digests"]["waivers"] = {"sha256": strict_json.digest(applied)}
    recorded = {**settings(), "waivers": applied}
    return contents(root, graph=of, assessment=told, settings=recorded, raw=dict(kept))


def everything(root: Path) -> PackageContents:
    """A package that rests on one of each."""
    gated(root)
    approved(root)
    path = waive(Manifest(root, {"name": "p"}, waivers=(WAIVER,)), "W-1", KeyAttestor([BO]), None, NOW)
    return relying(root, {**WAIVER, "signed": path.relative_to(root).as_posix()})


def altered(made: PackageContents, change: Change) -> PackageContents:
    """The same by a gate that lies: each observation is changed, or left out, and everything is signed again."""
    observations = [new for old in made.graph.observations.values() if (new := change(old)) is not None]
    of = Graph.of(made.graph.pipeline, made.graph.subjects.values(), observations)
    digests = {**made.assessment["digests"], "graph": {"sha256": of.digest}}
    return replace(made, graph=of, assessment={**made.assessment, "digests": digests})


def saying(type: str, entries: str, subject: str = "", **fields: Any) -> Change:
    """What changes the entries of one type of observation."""

    def change(item: Observation) -> Observation:
        if item.type != type or subject not in ("", item.subject):
            return item
        listed = [{**entry, **fields} for entry in item.result[entries]]
        return replace(item, result={**item.result, entries: listed})

    return change


def verified(tmp_path: Path, made: PackageContents, trust: TrustPolicy = TRUST, **asked: Any) -> VerificationReport:
    """The package, signed by the gate and verified by an auditor."""
    write_package(tmp_path / "verdict", made, attestor=KeyAttestor([GATE]), version="0")
    given = {"checks": (check_relied_on(trust, NOW),), **asked}
    return verify_package(tmp_path / "verdict", Demands(trust, "test", NOW, **given))


def rows(report: VerificationReport) -> dict[str, Row]:
    """The rows about what the verdict rests on, by what they are called."""
    words = ("earlier verdict: ", "approval: ", "waiver: ")
    return {row.check: row for row in report.rows if row.check.startswith(words)}


def root_of(tmp_path: Path) -> Path:
    return pipeline(tmp_path / "pipeline")
