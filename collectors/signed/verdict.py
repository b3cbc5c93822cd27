"""Reading a verdict of an earlier gate: the signed verdict, and the assessment that it links to by digest.

A verdict (SLSA VSA) names neither the gate nor the pipeline's name; its assessment does. Nothing of either is read
before its signature holds, and a verdict whose assessment is not beside it, or disagrees with it, says nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ...errors import EvidenceError
from ...evaluator.times import seconds
from ...files import read_limited
from ...verification import (
    COUNTERSIGNATURES,
    LOG_PROOF,
    TIMESTAMP,
    Beside,
    EnvelopeVerifier,
    Verification,
    countersignatures,
)
from .told import Told

VSA = "https://slsa.dev/verification_summary/v1"
ASSESSMENT = "https://probatum.dev/assessment/v1"
FORMS = (".dsse.json", ".sigstore.json")
NAMES = ("verdict.dsse.json", "verdict.sigstore.json")
ZIP = ".zip"
ROLE = "verdict"
MAX_BYTES = 64 * 1024 * 1024
_STAGES = ("pre-commit", "training", "deployment", "monitoring", None)


@dataclass(frozen=True)
class Files:
    """Files, wherever their bytes are kept.

    Args:
        read: the bytes of one by its path; None where there is none.
        below: the paths of those below a folder.
    """

    read: Callable[[str], bytes | None]
    below: Callable[[str], Iterable[str]]


@dataclass(frozen=True)
class Verdict(Told):
    """A verified verdict with what its assessment adds: ``fields`` are of both.

    Args:
        files: path to bytes of the verdict, of its assessment, and of what others vouch for the verdict with.
        resource: URI of what it is about, as the verdict has it.
    """

    files: Mapping[str, bytes]
    resource: str

    @property
    def digests(self) -> dict[str, str]:
        """Path to SHA-256 of each of the files."""
        return {path: hashlib.sha256(data).hexdigest() for path, data in self.files.items()}


def read_verdict(root: Path, source: str, verifier: EnvelopeVerifier) -> Verdict:
    """Read and verify one verdict and its assessment.

    Args:
        root: the pipeline's folder.
        source: path of the verdict, or of a verdict package in one ZIP file, relative to it.
        verifier: the trust policy at work.

    Raises:
        UsageError: a file cannot be read.
        TrustError: the ZIP file must not be unpacked.
        EvidenceError: a signature does not hold, or verdict and assessment do not belong together.
    """
    return _in_zip(root, source, verifier) if source.endswith(ZIP) else _in_folder(root, source, verifier)


def _in_zip(root: Path, source: str, verifier: EnvelopeVerifier) -> Verdict:
    with verifier.unpacked(root / source) as folder:
        there = [name for name in NAMES if (folder / name).is_file()]
        if len(there) != 1:
            raise EvidenceError(
                "it holds no verdict, or two", why=f"exactly one of {' and '.join(NAMES)} is to be in it"
            )
        found = _in_folder(folder, there[0], verifier)
    files = {f"{source}/{path}": data for path, data in found.files.items()}
    return replace(found, source=f"{source}/{found.source}", files=files)


def _in_folder(root: Path, source: str, verifier: EnvelopeVerifier) -> Verdict:
    return verified_verdict(source, Files(partial(_if_there, root), partial(_below, root)), verifier)


def verified_verdict(source: str, files: Files, verifier: EnvelopeVerifier) -> Verdict:
    """Verify one verdict and its assessment, wherever their bytes are kept.

    Args:
        source: path of the verdict.
        files: it, and what lies beside it.
        verifier: the trust policy at work.

    Raises:
        ProbatumError: as `read_verdict`, or what reading raises.
    """
    kept: dict[str, bytes] = {}

    def read(path: str) -> bytes | None:
        data = files.read(path)
        if data is not None:
            kept[path] = data
        return data

    data = read(source)
    if data is None:
        raise EvidenceError("it is not there")
    beside = _beside(source, Files(read, files.below))
    signed = _of_kind(verifier.verify(data, source=source, beside=beside), VSA)
    verdict = _object(signed.statement, "statement", source)
    summary = _object(verdict.get("predicate"), "predicate", source)
    place, assessed = _assessment_beside(read, source, summary)
    found = _of_kind(verifier.verify(assessed, source=place, pinned_by=signed), ASSESSMENT)
    other = _object(found.statement, "statement", place)
    details = _object(other.get("predicate"), "predicate", place)
    _check_link(source, verdict, other)
    subjects = tuple((str(item.get("name", "")), item["digest"]) for item in verdict["subject"])
    sha256, resource = hashlib.sha256(data).hexdigest(), str(summary.get("resourceUri"))
    return Verdict(source, sha256, signed.signers, subjects, _fields(details, source), kept, resource)


def _of_kind(found: Verification, about: str) -> Verification:
    if not found.verified:
        raise EvidenceError("it is not verified", why=found.reason)
    if found.about != about or ROLE not in found.roles:
        raise EvidenceError("it is no verdict", why=f"it is {found.about}, signed by the role {found.role}")
    return found


def _beside(source: str, files: Files) -> Beside:
    """What others vouch for a verdict with: log proof, timestamp, and countersignatures."""
    stem = next((source.removesuffix(form) for form in FORMS if source.endswith(form)), source)
    folder, left = Path(source).parent, MAX_BYTES

    def read(path: str) -> bytes:
        nonlocal left
        data = files.read((folder / path).as_posix()) or b""
        left -= len(data)
        if left < 0:
            raise EvidenceError("its countersignatures are too large", why=f"together more than {MAX_BYTES} bytes")
        return data

    below = [Path(path).relative_to(folder).as_posix() for path in files.below((folder / COUNTERSIGNATURES).as_posix())]
    return Beside(files.read(stem + LOG_PROOF), files.read(stem + TIMESTAMP), countersignatures(below, read))


def _below(root: Path, folder: str) -> list[str]:
    """The files directly in a folder; there need not be one."""
    place = root / folder
    if place.is_symlink():
        raise EvidenceError(f"{folder} is a link", why="it could lead anywhere")
    return sorted(f"{folder}/{entry.name}" for entry in place.iterdir()) if place.is_dir() else []


def _if_there(root: Path, path: str) -> bytes | None:
    if (root / path).is_symlink():
        raise EvidenceError(f"{path} is a link", why="it could lead anywhere")
    return read_limited(root / path, MAX_BYTES) if (root / path).exists() else None


def _assessment_beside(
    read: Callable[[str], bytes | None], source: str, summary: Mapping[str, Any]
) -> tuple[str, bytes]:
    """Path and bytes of the assessment that a verdict names by digest, in the verdict's own folder."""
    inputs = summary.get("inputAttestations")
    folder = Path(source).parent
    for item in inputs if isinstance(inputs, list) else []:
        name, digest = (item.get("uri"), item.get("digest")) if isinstance(item, Mapping) else (None, None)
        if not isinstance(name, str) or not name.startswith("assessment.") or "/" in name:
            continue
        beside = (folder / name).as_posix()
        data = read(beside)
        if data is None:
            raise EvidenceError("its assessment is not beside it", why=f"there is no {beside}")
        if not isinstance(digest, Mapping) or digest.get("sha256") != hashlib.sha256(data).hexdigest():
            raise EvidenceError("its assessment is another one", why=f"{beside} has another digest")
        return beside, data
    raise EvidenceError("it names no assessment", why="hence nobody knows which gate it is of")


def _check_link(source: str, verdict: Mapping[str, Any], assessment: Mapping[str, Any]) -> None:
    summary, details = verdict["predicate"], assessment["predicate"]
    passed = "PASSED" if details.get("result") == "pass" else "FAILED"
    pairs = (
        ("subjects", verdict.get("subject"), assessment.get("subject")),
        ("result", summary.get("verificationResult"), passed),
        ("time", summary.get("timeVerified"), details.get("evaluated_at")),
    )
    for name, one, other in pairs:
        if one != other:
            raise EvidenceError(f"{source} and its assessment disagree", why=f"their {name} differ")


def _fields(details: Mapping[str, Any], source: str) -> dict[str, Any]:
    checklist = _object(details.get("checklist"), "checklist", source)
    pipeline = _object(details.get("pipeline"), "pipeline", source)
    time, stage = details.get("evaluated_at"), details.get("stage")
    texts = (checklist.get("id"), checklist.get("version"), pipeline.get("name"))
    if not all(isinstance(text, str) and text for text in texts) or stage not in _STAGES:
        raise EvidenceError("its assessment is malformed", why="it names no checklist, pipeline or stage that is known")
    if not isinstance(time, str) or seconds(time) is None:
        raise EvidenceError("its assessment is malformed", why=f"its time {time!r} is none")
    return {
        "stage": stage,
        "result": "PASSED" if details.get("result") == "pass" else "FAILED",
        "checklist": texts[0],
        "checklist_version": texts[1],
        "pipeline": texts[2],
        "time": time,
    }


def _object(value: Any, name: str, source: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise EvidenceError(f"{source} is malformed", why=f"its {name} is no object")
    return value
