"""Writing a verdict package: one folder with everything that an auditor needs, complete or not there at all.

The package is built beside its destination and put in its place by a rename, so that a crash, a full disk or an
interrupt leaves an older verdict as it was.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ... import strict_json
from ...errors import TrustError, UsageError
from ...evaluator.graph import Graph
from ...evaluator.graph_document import dump_graph
from ...files import write_atomic
from ...verification import COUNTERSIGNATURES
from ..attestor import Attestor
from ..statement import assessment_statement, subjects_of
from ..trust.policy import TrustPolicy
from ..vsa import used_attestations, vsa_statement
from .names import (
    ASSESSMENT,
    DETACHED,
    EVIDENCE,
    POLICIES,
    REVOCATIONS,
    SETTINGS,
    TRUST,
    UNSIGNED,
    VERDICT,
    find_signed,
    signed_name,
    signed_names,
)
from .zip_package import SUFFIX, unzipped, zip_bytes

Detach = Callable[[bytes], bytes]
"""Makes a detached file from the signed verdict's bytes: a proof that it is in a log, a timestamp over it."""
_SIGNED = {*signed_names(VERDICT), *signed_names(ASSESSMENT)}
_FOLDERS = {COUNTERSIGNATURES, "reports", "raw"}
_TOP_LEVEL = {*_SIGNED, *DETACHED, *_FOLDERS, UNSIGNED, EVIDENCE, POLICIES, REVOCATIONS, SETTINGS, TRUST}


@dataclass(frozen=True)
class PackageContents:
    """What goes into a verdict package.

    Args:
        graph: the evidence.
        assessment: the assessment document.
        settings: everything besides graph and policies that a replay needs (`evaluator.settings`).
        policies: the policy bundle's bytes.
        trust: the trust policy that signatures were checked against, if there was one.
        reports: file name to bytes, for ``reports/``.
        raw: SHA-256 to bytes of each tool's raw output, for ``raw/``.
    """

    graph: Graph
    assessment: Mapping[str, Any]
    settings: Mapping[str, Any]
    policies: bytes
    trust: TrustPolicy | None = None
    reports: Mapping[str, bytes] = field(default_factory=dict)
    raw: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class WrittenPackage:
    """A verdict package on disk.

    Args:
        folder: where it lies.
        files: every file's path inside the folder, sorted.
        signers: key ids or an identity; empty when it is unsigned.
        verdict: the signed VSA statement; None when it is unsigned.
    """

    folder: Path
    files: tuple[str, ...]
    signers: tuple[str, ...]
    verdict: Mapping[str, Any] | None


def write_package(
    folder: Path,
    contents: PackageContents,
    *,
    attestor: Attestor | None = None,
    detached: Mapping[str, Detach] = MappingProxyType({}),
    version: str,
) -> WrittenPackage:
    """Write a verdict package.

    Args:
        folder: destination; an older verdict package or an empty folder there is replaced. One that ends in ``.zip``
            is a file.
        contents: what goes in.
        attestor: who signs; nobody leaves an ``assessment.unsigned.json`` and no verdict, which `verify` refuses.
        detached: names out of ``DETACHED``, and what makes each once the verdict is signed.
        version: of Probatum, for the verdict.

    Raises:
        UsageError: the folder holds something else, or cannot be written to.
        TrustError: a key cannot sign.
        EvidenceError: a document does not follow its schema.
    """
    check_destination(folder)
    files, verdict = package_files(contents, attestor=attestor, version=version)
    if (name := find_signed(VERDICT, files)) is not None:
        files |= {path: make(files[name]) for path, make in detached.items()}
    if folder.suffix.lower() == SUFFIX:
        write_atomic(folder.resolve(), zip_bytes(files))
    else:
        _write_folder(folder, files)
    return WrittenPackage(folder, tuple(sorted(files)), () if attestor is None else attestor.signers, verdict)


def _write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    destination = folder.resolve()
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=destination.parent, prefix=f".{destination.name}."))
        try:
            _fill(temporary, files)
            _swap(temporary, destination)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise UsageError(
            f"cannot write the verdict package {folder}",
            why=error.strerror or str(error),
            remedy="choose a folder that you may write to; nothing was changed",
        ) from error


def package_files(
    contents: PackageContents, *, attestor: Attestor | None, version: str
) -> tuple[dict[str, bytes], Mapping[str, Any] | None]:
    """The files of a verdict package by path, and the verdict statement if it is signed."""
    files = _unsigned_files(contents)
    subjects = subjects_of(contents.graph)
    statement = assessment_statement(subjects, contents.assessment)
    if attestor is None:
        files[UNSIGNED] = strict_json.canonical(statement)
        return files, None
    assessment = signed_name(ASSESSMENT, attestor.form)
    files[assessment] = attestor.attest(strict_json.canonical(statement))
    verdict = vsa_statement(
        subjects,
        contents.assessment,
        envelope=assessment,
        files={path: file_entry(data) for path, data in files.items()},
        attestations=used_attestations(contents.graph),
        version=version,
    )
    files[signed_name(VERDICT, attestor.form)] = attestor.attest(strict_json.canonical(verdict))
    return files, verdict


def file_entry(data: bytes) -> dict[str, Any]:
    """How the verdict names a file: ``sha256`` and ``size``."""
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def check_destination(folder: Path) -> None:
    """Refuse a destination that holds anything but a verdict package; called early, before the work is done.

    Raises:
        UsageError: it is a file, or a folder with something else in it.
    """
    if not folder.exists():
        return
    zipped = folder.suffix.lower() == SUFFIX
    if zipped != folder.is_file():
        kind = "file" if zipped else "folder"
        raise UsageError(
            f"{folder} is not a {kind}", why="something of that name exists", remedy="choose another --out"
        )
    if zipped:
        _check_zip(folder)
        return
    _check_names(folder, {entry.name for entry in folder.iterdir()})


def _check_zip(path: Path) -> None:
    try:
        with unzipped(path) as folder:
            names = {entry.name for entry in folder.iterdir()}
    except TrustError as error:
        raise UsageError(f"{path} is not a verdict package", why=error.why, remedy="choose another --out") from error
    _check_names(path, names or {"nothing"})


def _check_names(folder: Path, names: set[str]) -> None:
    if names and (names - _TOP_LEVEL or not names & {*signed_names(VERDICT), UNSIGNED}):
        raise UsageError(
            f"{folder} is not a verdict package",
            why=f"it holds {min(names - _TOP_LEVEL or names)!r}, which would be deleted",
            remedy="choose an empty or a new folder for --out",
        )


def _unsigned_files(contents: PackageContents) -> dict[str, bytes]:
    files = {
        EVIDENCE: dump_graph(contents.graph),
        POLICIES: contents.policies,
        SETTINGS: strict_json.canonical(contents.settings),
    }
    if contents.trust is not None:
        files[TRUST] = strict_json.canonical(contents.trust.to_document())
        if contents.trust.revocations is not None and contents.trust.revocations.given:
            files[REVOCATIONS] = strict_json.canonical(contents.trust.revocations.to_document())
    files |= {f"reports/{name}": data for name, data in contents.reports.items()}
    return files | {f"raw/{digest}": data for digest, data in contents.raw.items()}


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.chmod(0o755)
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(exist_ok=True)
        with target.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    _sync(folder)


def _swap(temporary: Path, destination: Path) -> None:
    """Put the new folder in the old one's place; the old one is back if that fails."""
    old = temporary.with_name(temporary.name + ".old")
    try:
        if destination.exists():
            destination.rename(old)
        temporary.rename(destination)
    except BaseException:
        if old.exists():
            old.rename(destination)
        raise
    with suppress(OSError):  # it is in place; not every file system can also promise that for a folder's entry
        _sync(destination.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
