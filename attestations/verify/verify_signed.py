"""Verifying one signed document outside a verdict package: an attestation, or the signature of a file or a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...content import read_content, stamps
from ...errors import EvidenceError, UsageError
from ...files import read_limited
from ...verification import Verification
from ..documents.verifier import TrustVerifier
from ..schemas import check
from ..trust.predicates import APPROVAL, ARTIFACT, ASSESSMENT, LINK, MODEL_SIGNATURE, VSA
from ..trust.roles import statement_time
from ..trust.signing_time import shown
from .model_cover import ModelCover
from .package import Demands
from .report import Row, VerificationReport, equal
from .statement_subjects import StatementSubjects
from .subject_manifest import NO_FILES, SubjectManifest
from .target import MAX_DOCUMENT, Target

_MODEL = "signature of a model"
_WORST = ("pass", "inconclusive", "fail")
_SUFFIXES = (".sigstore.json", ".dsse.json", ".intoto.json", ".sigstore", ".bundle", ".sig")


@dataclass(frozen=True)
class SignedTarget:
    """What is to be verified.

    Args:
        path: the signed document.
        kind: whether it is an attestation or the signature of a file.
        artifact: the file or model that it is about; found beside it when None.
        type: predicate type, or other kind of content, that it must be of; None for any that a role may sign.
    """

    path: Path
    kind: Target
    artifact: Path | None = None
    type: str | None = None


def verify_signed(target: SignedTarget, demands: Demands) -> VerificationReport:
    """Verify an attestation, each of those in a file of several, or a signature.

    Raises:
        UsageError: a file cannot be read, or the signed file is not beside its signature.
    """
    if target.kind is Target.SIGNATURE:
        target = replace(target, artifact=_artifact(target))
    before = None if target.artifact is None else stamps(target.artifact)
    verifier = TrustVerifier(demands.trust, demands.now, as_of=demands.as_of)
    data = read_limited(target.path, MAX_DOCUMENT)
    parts = [(target.path.name, data)]
    if target.kind is Target.ATTESTATION:
        parts = verifier.documents(data, source=target.path.name)
    done = [_Document(target, demands, verifier, name).verify(part) for name, part in parts]
    rows = [row for document in done for row in document.rows]
    if before is not None and target.artifact is not None and stamps(target.artifact) != before:
        rows.append(Row("artifact", False, "unchanged", "changed", f"{target.artifact} changed meanwhile"))
    return _report(target, demands, done, rows)


def _report(target: SignedTarget, demands: Demands, done: list[_Document], rows: list[Row]) -> VerificationReport:
    artifact = None if target.artifact is None else str(target.artifact)
    settings = {**demands.to_document(), "artifact": artifact, "type": target.type}
    results = [document.result for document in done if document.result is not None]
    return VerificationReport(
        tuple(rows),
        settings,
        authentic=all(document.authentic for document in done),
        result=max(results, key=_WORST.index, default=None),
        verdict=done[0].summary if len(done) == 1 else None,
        kind=_MODEL if done and all(document.of_model for document in done) else str(target.kind),
        manifest=SubjectManifest({path: of for document in done for path, of in document.manifest.files.items()}),
    )


@dataclass
class _Document:
    """One signed document while it is verified.

    Args:
        target: the file that it is in.
        demands: what is asked of it.
        verifier: of signatures.
        name: what to call it.
    """

    target: SignedTarget
    demands: Demands
    verifier: TrustVerifier
    name: str
    rows: list[Row] = field(default_factory=list)
    manifest: SubjectManifest = NO_FILES
    authentic: bool = False
    of_model: bool = False
    result: str | None = None
    summary: Mapping[str, Any] | None = None

    def verify(self, data: bytes) -> _Document:
        """Make every check; what is inside is read only when a signature over it holds."""
        found = self._verified(data)
        self.authentic = found.verified
        known = found.kind != "unknown"
        signers = ", ".join(self.demands.trust.signers) or "nobody is trusted"
        self.rows += [
            Row(f"{self.name}: form", known, "a signed document", found.kind, "" if known else found.reason),
            Row(f"{self.name}: signature and signer", found.verified, signers, ", ".join(found.signers), found.reason),
        ]
        if not found.verified:
            self.rows.append(Row("everything else", None, detail="nothing inside is read before its signature holds"))
            return self
        self.rows += _about(self.target, found)
        self.result, self.summary = _result(found)
        self._inside(found)
        return self

    def _verified(self, data: bytes) -> Verification:
        if self.target.artifact is None or self.target.kind is not Target.SIGNATURE:
            return self.verifier.verify(data, source=self.name)
        about = self.target.type or ARTIFACT
        return self.verifier.verify_artifact(data, source=self.name, artifact=self.target.artifact, about=about)

    def _inside(self, found: Verification) -> None:
        """What the document says, compared with what is asked and with the files at hand."""
        target, demands, statement = self.target, self.demands, found.statement
        moment = demands.as_of or demands.now
        if self.summary is not None:
            self.rows += _summary(self.summary, target, demands)
        else:
            made = statement_time(found.about, statement)
            self.rows += demands.expected.of_other(None if made is None else shown(made), moment)
        if statement is None:
            self.manifest = _file(_artifact(target), demands.subjects, self.rows)
        elif found.about == MODEL_SIGNATURE:
            self.of_model = True
            cover = ModelCover(statement, _artifact(target, folder=True), target.path)
            self.rows += cover.rows()
            self.manifest = cover.manifest
        else:
            paths = [*demands.subjects, *([] if target.artifact is None else [target.artifact])]
            compared = StatementSubjects(_subjects(found.about, statement), paths)
            self.rows += compared.rows()
            self.manifest = compared.manifest


def _about(target: SignedTarget, found: Verification) -> Iterator[Row]:
    if target.type is None:
        yield Row("type", None, "", found.about, "no type was asked for (--type)")
    else:
        yield equal("type", target.type, found.about, "it was signed for another purpose")
    yield Row("role", True, "", ", ".join(found.roles))
    if found.signed_at is None:
        yield Row("signing time", None, detail="nobody but the signer says when it was signed")
    else:
        yield Row("signing time", True, "", found.signed_at)
    for name in sorted(found.identity):
        yield Row(f"identity: {name}", None, "", found.identity[name], found.identity[name])


def _summary(predicate: Mapping[str, Any], target: SignedTarget, demands: Demands) -> Iterator[Row]:
    try:
        check("vsa", predicate, source=target.path.name)
        own = True
    except EvidenceError as error:
        own = False
        yield Row("summary", None, "Probatum's own form", "another", f"it is not one of Probatum's own: {error.why}")
    yield from demands.expected.of_summary(predicate, demands.as_of or demands.now)
    result = predicate.get("verificationResult")
    yield Row("verification result", result in ("PASSED", "FAILED"), "PASSED or FAILED", str(result))
    if own:
        yield Row("package", None, detail="only the verdict is here: assessment and evidence were not looked at")


def _file(artifact: Path, subjects: Sequence[Path], rows: list[Row]) -> SubjectManifest:
    """The file that a signature is over, hashed again for the manifest."""
    if subjects:
        rows.append(
            Row("subjects", False, "--artifact FILE", "--subject", "a signature is over one file, and names none")
        )
        return NO_FILES
    try:
        content = read_content(artifact)
    except OSError as error:
        rows.append(Row("artifact", False, "a file", str(artifact), str(error)))
        return NO_FILES
    rows.append(Row("artifact", True, "", content.sha256, str(artifact)))
    return SubjectManifest.of([(str(artifact), content)])


def _subjects(about: str, statement: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a statement is about; of a classic link, its products."""
    if about == LINK and isinstance(statement.get("products"), Mapping):
        return [{"name": name, "digest": digest} for name, digest in statement["products"].items()]
    subjects = statement.get("subject")
    return list(subjects) if isinstance(subjects, list) else []


def _result(found: Verification) -> tuple[str | None, Mapping[str, Any] | None]:
    """The result that a verdict, an assessment or an approval states, and the summary of a verdict."""
    predicate = (found.statement or {}).get("predicate")
    if found.about == VSA and isinstance(predicate, Mapping):
        return ("pass" if predicate.get("verificationResult") == "PASSED" else "fail"), predicate
    if found.about == ASSESSMENT and isinstance(predicate, Mapping):
        result = predicate.get("result")
        return (result if result in ("pass", "fail") else "inconclusive"), None
    if found.about == APPROVAL and isinstance(predicate, Mapping):
        return ("pass" if predicate.get("decision") == "approved" else "fail"), None
    return None, None


def _artifact(target: SignedTarget, *, folder: bool = False) -> Path:
    """What a signature is of: what was named, the file that it is named after, or the folder that it lies in."""
    if target.artifact is not None:
        return target.artifact
    name = target.path.name
    beside = next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), "")
    if beside and (target.path.parent / beside).exists():
        return target.path.parent / beside
    if folder:
        return target.path.parent
    raise UsageError(
        f"{target.path} signs a file that is not beside it",
        why=f"there is no {beside}" if beside else "its name does not tell which",
        remedy="name the file: --artifact FILE",
    )
