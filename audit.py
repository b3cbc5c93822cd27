"""The auditor's job: a verdict package is verified, and its assessment read again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from . import strict_json
from .attestations.local_key import local_trust
from .attestations.package_files import LIMITS
from .attestations.package_names import ASSESSMENT, EVIDENCE, SETTINGS, UNSIGNED, signed_name, signed_names
from .attestations.public_key import PublicKey
from .attestations.report import VerificationReport
from .attestations.trust import TrustPolicy, trust_keys
from .attestations.trust_file import load_trust
from .attestations.verify import verify_package
from .errors import UsageError
from .evaluator.engines.base import Engine
from .evaluator.engines.limits import Limits
from .evaluator.engines.opa_address import OpaServer
from .evaluator.engines.select import engine_named
from .files import read_limited

_KEY_BYTES = 64 * 1024


@dataclass(frozen=True)
class Audit:
    """What the user asked of a verification.

    Args:
        now: for ages.
        subjects: folders that hold the pipeline's files.
        trust: trust policy file.
        public_keys: PEM files of keys that may have signed the verdict.
        replay: evaluate again and compare.
        engine: of the replay; the recorded one when None.
        opa: an OPA server that runs already, for the replay.
        max_age: days that the verdict may be old.
        limits: of each control's evaluation in the replay; the engine's own when None.
    """

    now: datetime
    subjects: tuple[Path, ...] = ()
    trust: Path | None = None
    public_keys: tuple[Path, ...] = ()
    replay: bool = False
    engine: str | None = None
    opa: OpaServer | None = None
    max_age: float | None = None
    limits: Limits | None = None


def verify(package: Path, audit: Audit) -> VerificationReport:
    """Verify a verdict package.

    Raises:
        UsageError: the package or a file that the options name cannot be read, or options contradict each other.
        TrustError: the trust policy or a public key is malformed, or there is nothing to trust.
    """
    trust, basis = _trusted(audit)
    with _engine(package, audit) if audit.replay else nullcontext() as engine:
        return verify_package(
            package,
            trust=trust,
            basis=basis,
            now=audit.now,
            subjects=audit.subjects,
            max_age_days=audit.max_age,
            engine=engine,
        )


def read_assessment(path: Path) -> tuple[Mapping[str, Any], dict[str, str]]:
    """The assessment of a package, or of a JSON file, and the location of each subject; nothing is verified.

    Raises:
        UsageError: there is no assessment.
        EvidenceError: it is malformed.
    """
    if path.is_file():
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
    from .attestations.dsse import from_document

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


def _trusted(audit: Audit) -> tuple[TrustPolicy, str]:
    if audit.trust and audit.public_keys:
        raise UsageError(
            "--trust and --public-key exclude each other", why="it would be unclear who decides", remedy="give one"
        )
    if audit.trust:
        return load_trust(audit.trust), f"the trust policy {audit.trust}"
    if audit.public_keys:
        keys = [PublicKey.from_pem(read_limited(path, _KEY_BYTES), source=str(path)) for path in audit.public_keys]
        return trust_keys(keys, source="--public-key"), "the public keys that were given"
    return local_trust(), "your own local key alone: nobody else trusts it"


def _engine(package: Path, audit: Audit) -> Engine:
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
