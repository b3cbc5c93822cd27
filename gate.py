"""The main job: a pipeline on disk becomes evidence, an assessment, and a signed verdict package."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from . import authoring
from .attestations.trust import TrustPolicy
from .attestations.verifier import TrustVerifier
from .collectors.base import Progress, no_progress
from .collectors.diagnosis import diagnose as collectors_diagnosis
from .collectors.manifest import Manifest
from .collectors.registry import collectors
from .collectors.run import Collected, Run, collect
from .errors import ProbatumError, UsageError
from .evaluator.assess import Assessment, evaluate
from .evaluator.checklist import Checklist, load_checklist, parameters_of
from .evaluator.engines.diagnosis import diagnose as engines_diagnosis
from .evaluator.engines.limits import Limits as EngineLimits
from .evaluator.engines.opa_address import OpaServer
from .evaluator.engines.select import engine_named
from .evaluator.graph import Graph
from .evaluator.policies import PolicySet
from .evaluator.settings import settings_document
from .evidence import Elsewhere, join, read_elsewhere
from .opening import open_pipeline
from .packs.choose import Given
from .packs.open import Opened
from .policy_sources import open_policies
from .revocation_sources import known_revocations, refuse_revoked_policies, trusted_now
from .signed_waivers import vouched
from .strict_json import DEFAULT_LIMITS, Limits

DEFAULT_CHECKLIST = "secure-pipeline"


@dataclass(frozen=True)
class Options:
    """What the user asked of a run, beyond the manifest.

    Args:
        now: the evaluation time.
        now_given: the time was given, not read from the clock; recorded.
        checklist: name or path; the manifest's, else ``DEFAULT_CHECKLIST``, when None.
        stage: only controls of this stage.
        engine: ``regorus`` or ``opa``.
        opa: an OPA server that runs already, for ``opa``; without it one is started.
        policies: sources of packs of policies that take the place of the manifest's.
        trust: trust policy that takes the place of the manifest's.
        online: collectors may use the network.
        skip: collectors not to run; recorded.
        progress: called as work is done.
        built_in: lay the packs on the built-in policies; what the manifest says when None.
        locked: hold the packs to the lock file; when None, if there is one.
        limits: of each control's evaluation; the engine's own when None.
        evidence: graphs that other machines made, signed or not, to be joined with what this run observes.
        allow_unsigned: those that nobody signed count as if this run had observed what they say; recorded.
        evidence_limits: size and depth of each graph that is not signed.
        revocations: files, folders and URLs of what is revoked, besides those that the trust policy names.
    """

    now: datetime
    now_given: bool = False
    checklist: str | None = None
    stage: str | None = None
    engine: str = "regorus"
    opa: OpaServer | None = None
    policies: Sequence[str] = ()
    trust: Path | None = None
    online: bool = False
    skip: Collection[str] = ()
    progress: Progress = no_progress
    built_in: bool | None = None
    locked: bool | None = None
    limits: EngineLimits | None = None
    evidence: Sequence[Path] = ()
    allow_unsigned: bool = False
    evidence_limits: Limits = DEFAULT_LIMITS
    revocations: Sequence[str] = ()


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
        TrustError: what another machine says is signed by nobody who may.
    """
    trust = _trust(manifest, options)  # read once, so that what was verified against is what is recorded
    manifest = vouched(manifest, trust, options.now)
    elsewhere = _elsewhere(options, trust)
    opened = _policies(manifest, options, trust)
    checklist = load_checklist(_checklist(manifest, options), opened.policies)
    parameters_of(checklist, opened.policies, manifest.parameters)  # a wrong one is told before the work is done
    collected = collect(manifest, collectors(), _run(options, trust, opened.documents))
    if collected.interrupted:
        return collected, None
    elsewhere.keep(collected.reports)
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
    checklist = load_checklist(_checklist(manifest, options), opened.policies)
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
        "bypasses": _bypasses(options) + opened.bypasses + elsewhere.bypasses,
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
    return authoring.explain(control, opened.policies, _checklist(manifest, options), parameters, *folders)


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


def _checklist(manifest: Manifest | None, options: Options) -> str:
    if options.checklist:
        return options.checklist
    if manifest is None or manifest.checklist is None:
        return DEFAULT_CHECKLIST
    beside = manifest.root / manifest.checklist
    return str(beside) if beside.is_file() else manifest.checklist


def _bypasses(options: Options) -> list[dict[str, str]]:
    found = [{"code": "collector_skipped", "message": f"collector {name} was skipped"} for name in sorted(options.skip)]
    if options.now_given:
        found.append({"code": "time_given", "message": "the evaluation time was given, not read from the clock"})
    return found
