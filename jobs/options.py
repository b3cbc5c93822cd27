"""What the user asked of a run, and what follows from that alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..collectors.base import Progress, no_progress
from ..collectors.manifest import FILE_NAME, Manifest, inside
from ..evaluator.checklist import is_path
from ..evaluator.engines.limits import Limits as EngineLimits
from ..evaluator.engines.opa_address import OpaServer
from ..strict_json import DEFAULT_LIMITS, Limits

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
        signers: ids of the keys that are to sign the verdict; one that is known to be revoked is refused.
        unlogged: why the verdict goes into no log although one was named; recorded. Empty where it does, or none was.
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
    signers: Sequence[str] = ()
    unlogged: str = ""


def checklist_of(manifest: Manifest | None, options: Options) -> str:
    """Name or path of the checklist that a run is to use: the option, else the manifest's, else the usual one.

    Raises:
        UsageError: the manifest names a file outside the pipeline's folder, or one that is not there.
    """
    if options.checklist is not None:
        return options.checklist
    if manifest is None or manifest.checklist is None:
        return DEFAULT_CHECKLIST
    if not is_path(manifest.checklist) and not (manifest.root / manifest.checklist).is_file():
        return manifest.checklist
    return str(inside(manifest.root, manifest.checklist, f"{manifest.root / FILE_NAME}: checklist"))


def bypasses_of(options: Options) -> list[dict[str, str]]:
    """What the options weaken, as the assessment records it."""
    found = [{"code": "collector_skipped", "message": f"collector {name} was skipped"} for name in sorted(options.skip)]
    if options.now_given:
        found.append({"code": "time_given", "message": "the evaluation time was given, not read from the clock"})
    if options.unlogged:
        found.append({"code": "not_logged", "message": options.unlogged})
    return found
