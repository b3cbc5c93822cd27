"""The main job: a pipeline on disk becomes evidence, an assessment, and a signed verdict package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..attestations.documents.verifier import TrustVerifier
from ..attestations.trust.policy import TrustPolicy
from ..collectors.diagnosis import diagnose as collectors_diagnosis
from ..collectors.manifest import Manifest
from ..collectors.registry import collectors
from ..collectors.report_store import ReportStore
from ..collectors.run import Collected, Run, collect
from ..errors import ProbatumError, UsageError
from ..evaluator.assess import Assessment, evaluate
from ..evaluator.checklist import Checklist, load_checklist, parameters_of
from ..evaluator.engines.diagnosis import diagnose as engines_diagnosis
from ..evaluator.engines.select import engine_named
from ..evaluator.graph import Graph
from ..evaluator.policies import PolicySet
from ..evaluator.settings import settings_document
from ..packs.choose import Given
from ..packs.open import Opened
from . import authoring
from .evidence import Elsewhere, join, read_elsewhere
from .opening import open_pipeline
from .options import Options, bypasses_of, checklist_of
from .policy_sources import open_policies
from .revocation_sources import known_revocations, refuse_revoked_policies, refuse_revoked_signers, trusted_now
from .signed_waivers import vouched


@dataclass(frozen=True)
class Judged:
    """An assessment with everything that its replay needs.

    Args:
        assessment: the outcomes.
        graph: the evidence.
        policies: the policy set.
        settings: checklist, parameters, waivers, stage, time, engine, as recorded in the package.
        trust: the trust policy, when there is one.
    """

    assessment: Assessment
    graph: Graph
    policies: PolicySet
    settings: Mapping[str, Any]
    trust: TrustPolicy | None = None


def run(manifest: Manifest, options: Options) -> tuple[Collected, Judged | None]:
    """Gather evidence about a pipeline and evaluate it.

    Returns:
        The evidence, and the assessment; None instead of an assessment when the user interrupted the run.

    Raises:
        UsageError: the manifest, the options or the trust policy are wrong.
        PolicyError: a policy, the checklist or a parameter is wrong.
        EvidenceError: what another machine says is malformed, or contradicts what was found here.
        TrustError: what another machine says is signed by nobody who may, or a key that is to sign is revoked.
    """
    trust = _trust(manifest, options)  # read once, so that what was verified against is what is recorded
    refuse_revoked_signers(trust, options.signers)
    granted = ReportStore()
    manifest = vouched(manifest, trust, options.now, keep=granted)
    elsewhere = _elsewhere(options, trust)
    opened = _policies(manifest, options, trust)
    checklist = load_checklist(checklist_of(manifest, options), opened.policies)
    parameters_of(checklist, opened.policies, manifest.parameters)  # a wrong one is told before the work is done
    collected = collect(manifest, collectors(), _run(options, trust, opened.documents))
    if collected.interrupted:
        return collected, None
    elsewhere.keep(collected.reports)
    collected.reports.take(granted)
    graph = join(collected.graph, elsewhere)
    return collected, _judge(graph, manifest, options, opened, checklist, elsewhere)


def gather(manifest: Manifest, options: Options) -> Collected:
    """Run the collectors over a pipeline.

    Raises:
        UsageError: the manifest, the options or the trust policy are wrong.
    """
    trust = _trust(manifest, options)
    manifest = vouched(manifest, trust, options.now)
    return collect(manifest, collectors(), _run(options, trust, _packs(manifest, options, trust)))


def judge(graph: Graph | None, manifest: Manifest | None, options: Options) -> Judged:
    """Evaluate evidence that was gathered before.

    Args:
        graph: what this run itself gathered; None where the evidence in the options is all that there is.
        manifest: where checklist, parameters, waivers and trust come from; None when only the options decide.
        options: of the run.

    Raises:
        PolicyError: a policy, the checklist or a parameter is wrong.
        UsageError: an option is wrong, or a file cannot be read.
        EvidenceError: evidence is malformed, or contradicts other evidence.
        TrustError: evidence is signed by nobody who may.
    """
    trust = _trust(manifest, options)
    manifest = None if manifest is None else vouched(manifest, trust, options.now)
    elsewhere = _elsewhere(options, trust)
    opened = _policies(manifest, options, trust)
    checklist = load_checklist(checklist_of(manifest, options), opened.policies)
    return _judge(join(graph, elsewhere), manifest, options, opened, checklist, elsewhere)


def _judge(
    graph: Graph,
    manifest: Manifest | None,
    options: Options,
    opened: Opened,
    checklist: Checklist,
    elsewhere: Elsewhere,
) -> Judged:
    trust = elsewhere.trust
    settings: dict[str, Any] = {
        "checklist": checklist,
        "now": options.now,
        "parameters": {} if manifest is None else manifest.parameters,
        "waivers": () if manifest is None else manifest.waivers,
        "stage": options.stage,
        "trust_policy_digest": None if trust is None else {"sha256": trust.digest},
        "bypasses": bypasses_of(options) + opened.bypasses + elsewhere.bypasses,
        "packs": opened.documents,
        "revocations": known_revocations(trust, graph),
    }
    with engine_named(options.engine, server=options.opa, limits=options.limits) as engine:
        assessment = evaluate(graph, policies=opened.policies, engine=engine, **settings)
        recorded = settings_document(engine=engine, **settings)
    return Judged(assessment, graph, opened.policies, recorded, trust)


def explain(control: str, pipeline: Path | None, options: Options) -> dict[str, Any]:
    """One control, with the parameters that are in force for a pipeline and where each comes from.

    Raises:
        UsageError: there is no such control or pipeline.
        PolicyError: the checklist or a parameter is wrong.
    """
    manifest = None if pipeline is None else open_pipeline(pipeline)
    parameters = {} if manifest is None else manifest.parameters
    folders = [path for path in map(Path, options.policies) if path.is_dir()]
    opened = _policies(manifest, options, _trust(manifest, options))
    return authoring.explain(control, opened.policies, checklist_of(manifest, options), parameters, *folders)


def diagnose(path: Path, options: Options) -> list[dict[str, Any]]:
    """Which collectors and engines can run here for a pipeline, and why not."""
    manifest = open_pipeline(path)
    trust = _trust(manifest, options)
    run = _run(options, trust, _packs(manifest, options, trust))
    return collectors_diagnosis(manifest, collectors(), run) + engines_diagnosis()


def _policies(manifest: Manifest | None, options: Options, trust: TrustPolicy | None) -> Opened:
    given = Given(tuple(options.policies), options.built_in, options.locked)
    opened = open_policies(manifest, given, online=options.online, trust=trust, now=options.now)
    refuse_revoked_policies(trust, opened.policies.digest, opened.documents)
    return opened


def _packs(manifest: Manifest, options: Options, trust: TrustPolicy | None) -> list[dict[str, Any]] | str:
    """The packs of a run that decides elsewhere, or why they are not here: then one piece of evidence is missing."""
    try:
        return _policies(manifest, options, trust).documents
    except ProbatumError as error:
        return str(error)


def _run(options: Options, trust: TrustPolicy | None, packs: Sequence[Mapping[str, Any]] | str) -> Run:
    return Run(
        now=options.now,
        online=options.online,
        skip=options.skip,
        verifier=None if trust is None else TrustVerifier(trust, options.now),
        packs=packs,
        progress=options.progress,
    )


def _trust(manifest: Manifest | None, options: Options) -> TrustPolicy | None:
    path = options.trust or (None if manifest is None else manifest.trust)
    if path is None and options.revocations:
        raise UsageError(
            "revocations need a trust policy",
            why="without one nobody may revoke, so that none would be believed",
            remedy="name one with --trust, with the role `revocation`",
        )
    return None if path is None else trusted_now(path, options.revocations, online=options.online, now=options.now)


def _elsewhere(options: Options, trust: TrustPolicy | None) -> Elsewhere:
    return read_elsewhere(
        options.evidence,
        trust,
        options.now,
        allow_unsigned=options.allow_unsigned,
        limits=options.evidence_limits,
    )
