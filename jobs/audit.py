"""The auditor's job: whatever carries a signature is verified, and an assessment is read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import strict_json
from ..attestations.keys.public_key import PublicKey
from ..attestations.package.files import LIMITS
from ..attestations.package.names import ASSESSMENT, EVIDENCE, SETTINGS, UNSIGNED, signed_name, signed_names
from ..attestations.package.zip_package import is_zip, unzipped
from ..attestations.trust.one_signature import for_one_signature
from ..attestations.trust.policy import Role, TrustPolicy, trust_keys
from ..attestations.trust.predicates import DEFAULT_TYPES
from ..attestations.verify.expectations import ANYTHING, Expectations
from ..attestations.verify.package import Check, Demands, verify_package
from ..attestations.verify.replay import Replay
from ..attestations.verify.report import VerificationReport
from ..attestations.verify.target import Target, target_of
from ..errors import UsageError
from ..evaluator.engines.base import Engine
from ..evaluator.engines.limits import Limits
from ..files import read_limited
from .revocation_sources import with_revocations

if TYPE_CHECKING:
    from ..evaluator.engines.opa_address import OpaServer

_KEY_BYTES = 64 * 1024


@dataclass(frozen=True)
class Audit:
    """What the user asked of a verification.

    Args:
        now: for ages.
        subjects: the pipeline's folder, or files and folders that are subjects themselves.
        trust: trust policy file.
        public_keys: PEM files of keys that may have signed it.
        expected: what it is wanted to be about.
        as_of: judge signers at the time of signing, which somebody must vouch for and which lies before this date.
        artifact: the file or model that a signature is of.
        type: predicate type that an attestation must have.
        replay: evaluate again and compare.
        exact_engine: the replay must be by the very engine of the record.
        engine: of the replay; the recorded one when None.
        opa: an OPA server that runs already, for the replay.
        limits: of each control's evaluation in the replay; the engine's own when None.
        revocations: files, folders and URLs of what is revoked, besides those that the trust policy names.
        online: URLs may be fetched.
        countersigning: others are still to sign, so that one allowed signer is enough for now.
        checks: further ones of a package.
    """

    now: datetime
    subjects: tuple[Path, ...] = ()
    trust: Path | None = None
    public_keys: tuple[Path, ...] = ()
    expected: Expectations = ANYTHING
    as_of: datetime | None = None
    artifact: Path | None = None
    type: str | None = None
    replay: bool = False
    exact_engine: bool = False
    engine: str | None = None
    opa: OpaServer | None = None
    limits: Limits | None = None
    revocations: tuple[str, ...] = ()
    online: bool = False
    countersigning: bool = False
    checks: Sequence[Check] = ()


def verify(target: Path, audit: Audit) -> VerificationReport:
    """Verify a verdict package, an attestation, a signature, or a bundle of policies: whatever lies there.

    Raises:
        UsageError: the target or a file that the options name cannot be read, or options contradict each other.
        TrustError: the trust policy or a public key is malformed, there is nothing to trust, or an archive is hostile.
    """
    kind = target_of(target)
    _check_options(kind, audit)
    trust, basis = _trusted(audit, kind)
    if audit.countersigning:
        trust, basis = for_one_signature(trust), f"{basis}, one signer of a threshold for now"
    trust = with_revocations(trust, audit.revocations, online=audit.online, now=audit.now)
    if trust.revocations is not None and kind not in (Target.PACKAGE, Target.ZIP):
        trust.revocations.require()  # of a package each problem is a row; of what has no rows for it, the end
    network = any("://" in source for source in audit.revocations)
    demands = Demands(
        trust, basis, audit.now, audit.as_of, audit.subjects, audit.expected, checks=audit.checks, network=network
    )
    match kind:
        case Target.PACKAGE:
            return _package(target, audit, demands)
        case Target.ZIP:
            with unzipped(target) as folder:
                return _package(folder, audit, demands)
        case Target.POLICIES:
            from ..packs.verify_pack import verify_pack

            return verify_pack(target, demands)
        case Target.ATTESTATION | Target.SIGNATURE:
            from ..attestations.verify.verify_signed import SignedTarget, verify_signed

            return verify_signed(SignedTarget(target, kind, audit.artifact, audit.type), demands)


def _package(folder: Path, audit: Audit, demands: Demands) -> VerificationReport:
    from ..attestations.revocation.check import check_revocations
    from ..attestations.verify.check_origins import check_origins
    from .relied_on import check_relied_on

    with _engine(folder, audit) if audit.replay else nullcontext() as engine:
        replay = None if engine is None else Replay(engine, audit.exact_engine)
        revoked = check_revocations(demands.trust, audit.now)
        origins = check_origins(demands.trust, audit.now)
        relied_on = check_relied_on(demands.trust, audit.now)
        checks = (*demands.checks, origins, relied_on, revoked)
        return verify_package(folder, replace(demands, replay=replay, checks=checks))


def _check_options(kind: Target, audit: Audit) -> None:
    """Refuse what was asked and would be passed over."""
    package = kind in (Target.PACKAGE, Target.ZIP)
    for name, given in (("--replay", audit.replay), ("--exact-engine", audit.exact_engine)):
        if given and not package:
            raise UsageError(f"{name} is for verdict packages", why=f"this is: {kind}", remedy="leave it out")
    for name, value in (("--artifact", audit.artifact), ("--type", audit.type)):
        if value is not None and kind not in (Target.ATTESTATION, Target.SIGNATURE):
            raise UsageError(
                f"{name} is for attestations and signatures", why=f"this is: {kind}", remedy="leave it out"
            )
    if audit.exact_engine and not audit.replay:
        raise UsageError("--exact-engine is about the replay", why="there is none", remedy="add --replay")


def read_assessment(path: Path) -> tuple[Mapping[str, Any], dict[str, str]]:
    """The assessment of a package, or of a JSON file, and the location of each subject; nothing is verified.

    Raises:
        UsageError: there is no assessment.
        EvidenceError: it is malformed.
    """
    if path.is_file():
        if is_zip(path):
            with unzipped(path) as folder:
                return read_assessment(folder)
        return _assessment(_json(path), path), {}
    for name in (*signed_names(ASSESSMENT), UNSIGNED):
        if (path / name).is_file():
            graph = _json(path / EVIDENCE)
            places = {key: subject["location"] for key, subject in graph["subjects"].items() if "location" in subject}
            return _assessment(_json(path / name), path / name), places
    raise UsageError(
        f"no assessment in {path}",
        why=f"neither {signed_name(ASSESSMENT, 'dsse')} nor {UNSIGNED}",
        remedy="give a verdict package",
    )


def _assessment(document: Any, path: Path) -> Mapping[str, Any]:
    from ..attestations.documents.dsse import from_document

    if isinstance(document, dict) and "dsseEnvelope" in document:
        document = document["dsseEnvelope"]
    if isinstance(document, dict) and "payload" in document:
        payload = from_document(document, source=str(path)).payload
        document = strict_json.loads(payload, source=str(path))
    if isinstance(document, dict) and "predicate" in document:
        document = document["predicate"]
    if not isinstance(document, dict) or "controls" not in document or "result" not in document:
        raise UsageError(f"{path} is no assessment", why="it has no controls", remedy="give a verdict package")
    return document


def _trusted(audit: Audit, kind: Target) -> tuple[TrustPolicy, str]:
    if audit.trust and audit.public_keys:
        raise UsageError(
            "--trust and --public-key exclude each other", why="it would be unclear who decides", remedy="give one"
        )
    if audit.trust:
        from ..attestations.trust.file import load_trust

        return load_trust(audit.trust), f"the trust policy {audit.trust}"
    if audit.public_keys:
        keys = [PublicKey.from_pem(read_limited(path, _KEY_BYTES), source=str(path)) for path in audit.public_keys]
        given = trust_keys(keys, source="--public-key")
        if kind not in (Target.PACKAGE, Target.ZIP):  # whoever names a key for one document means it for that
            given = _any_role(given, audit.type)
        return given, "the public keys that were given"
    from ..attestations.keys.local_key import local_trust

    return local_trust(), "your own local key alone: nobody else trusts it"


def _any_role(trust: TrustPolicy, wanted: str | None) -> TrustPolicy:
    """The same keys in every role, and in one for the type that was asked for."""
    signers = trust.signers
    roles = {name: Role(name, signers, types) for name, types in DEFAULT_TYPES.items() if name != "log"}
    if wanted is not None and not any(wanted in role.predicate_types for role in roles.values()):
        roles["asked"] = Role("asked", signers, (wanted,))
    return replace(trust, roles=roles)


def _engine(package: Path, audit: Audit) -> Engine:
    from ..evaluator.engines.select import engine_named

    name = audit.engine or _recorded_engine(package)
    return engine_named(name, server=audit.opa, limits=audit.limits)


def _recorded_engine(package: Path) -> str:
    """The engine that a package says it was made with; if that is untrue, the replay's digest says so."""
    settings = _json(package / SETTINGS)
    engine = settings.get("engine") if isinstance(settings, dict) else None
    name = engine.get("name") if isinstance(engine, dict) else None
    return name if name in ("regorus", "opa") else "regorus"


def _json(path: Path) -> Any:
    return strict_json.loads(read_limited(path, LIMITS.max_bytes), source=str(path), limits=LIMITS)
