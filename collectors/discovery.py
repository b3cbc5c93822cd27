"""What lies in a folder: models, datasets, lock files, manifests, attestations, reports.

Used to assess a folder without a manifest, and to list what a manifest does not name. Nothing is passed over in
silence: every file is either found to be of some kind, or counted as passed over with a reason.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..content import kind_of
from ..evaluator.graph import Relation, Subject
from .manifest import FILE_NAME, Manifest

PASSED_FOLDERS = {
    ".git": "version control",
    ".hg": "version control",
    ".svn": "version control",
    ".venv": "virtual environment",
    "venv": "virtual environment",
    "__pycache__": "compiled code",
    "node_modules": "installed packages",
    ".dvc": "DVC's cache",
}
_MODELS = {
    ".safetensors", ".onnx", ".gguf", ".ggml", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".h5", ".hdf5",
    ".keras", ".tflite", ".pb", ".npy", ".npz", ".mar", ".dill", ".skops", ".bst", ".ubj", ".cbm", ".mlmodel", ".pmml",
    ".llamafile", ".nemo", ".engine", ".plan",
}  # fmt: skip
_DATASETS = {
    ".csv", ".tsv", ".parquet", ".arrow", ".feather", ".jsonl", ".ndjson", ".avro", ".orc", ".tfrecord", ".sqlite",
    ".xlsx",
}  # fmt: skip
_LOCKS = {"poetry.lock", "uv.lock", "Pipfile.lock", "pylock.toml"}
_SOURCES = {".py", ".ipynb", ".r", ".jl", ".scala"}
_ATTESTATIONS = (
    ".dsse.json",
    ".intoto.jsonl",
    ".intoto.json",
    ".sigstore.json",
    ".sigstore",
    ".link",
    ".layout",
    ".sig",
    ".attestation",
    ".provenance",
)
_COMPRESSIONS = {".gz", ".bz2", ".xz", ".zst", ".lz4", ".z"}
_SNIFFED_BYTES = 4096
_ZIP = b"PK\x03\x04"
_LONGEST_HEADER = 100_000_000  # of a safetensors file: the format's own limit
_PICKLE = re.compile(rb"\x80[\x02-\x05]")


@dataclass(frozen=True)
class Found:
    """One file that discovery recognised.

    Args:
        path: relative to the root, ``/`` separated.
        kind: a subject kind, or ``attestation``, ``bom``, ``report``, ``pin``, ``configuration``, ``verdict``.
    """

    path: str
    kind: str


@dataclass(frozen=True)
class Discovery:
    """Everything that lies in a folder.

    Args:
        found: recognised files, sorted by path.
        passed_over: path and reason of everything else.
    """

    found: tuple[Found, ...] = ()
    passed_over: tuple[tuple[str, str], ...] = field(default=())

    def of_kind(self, *kinds: str) -> list[str]:
        """Paths of the given kinds."""
        return [item.path for item in self.found if item.kind in kinds]


def discover(root: Path) -> Discovery:
    """Look at every file below a folder, following no symlink."""
    found: list[Found] = []
    passed: list[tuple[str, str]] = []
    for name, reason in _files(root):
        kind = None if reason else classify(root, name)
        if kind is None:
            passed.append((name, reason or "no kind of evidence that Probatum knows"))
        else:
            found.append(Found(name, kind))
    return Discovery(tuple(sorted(found, key=lambda item: item.path)), tuple(sorted(passed)))


def classify(root: Path, name: str) -> str | None:
    """The kind of one file by its name, and by its first bytes where names do not decide.

    Args:
        root: folder that the name is relative to.
        name: path below the root.
    """
    return _by_name(name) or _by_content(root / name, _suffix(name))


def _by_name(name: str) -> str | None:
    path = PurePosixPath(name)
    lower, suffix = path.name.lower(), _suffix(name)
    if lower.endswith(_ATTESTATIONS) or (suffix in (".json", ".jsonl") and "attestations" in path.parts):
        return "attestation"
    if lower.endswith((".cdx.json", ".cdx.xml")) or lower == "bom.json":
        return "bom"
    if lower == "dvc.lock" or lower.endswith((".dvc", ".sha256", "sha256sum", "sha256sums", "sha256sums.txt")):
        return "pin"
    if path.name in _LOCKS or (lower.startswith("requirements") and suffix == ".txt"):
        return "dependency_set"
    if suffix in _MODELS:
        return "model"
    if suffix in _DATASETS:
        return "dataset"
    return "source" if suffix in _SOURCES else None


def _suffix(name: str) -> str:
    """The last suffix of a name that says what is in it, not how it is compressed."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes]
    return next((item for item in reversed(suffixes) if item not in _COMPRESSIONS), "")


def manifest_of(root: Path, found: Discovery) -> Manifest:
    """A manifest for a folder that has none: every model, dataset, lock file, workload and GPU report is a subject."""
    subjects = [Subject(kind, path, location=path) for kind in _SUBJECT_KINDS for path in found.of_kind(kind)]
    subjects += _sources(found)
    datasets = [subject.id for subject in subjects if subject.kind == "dataset"]
    models = [subject.id for subject in subjects if subject.kind == "model"]
    relations = [Relation(model, "trained_on", datasets[0]) for model in models if len(datasets) == 1]
    return Manifest(
        root=root,
        pipeline={"name": _pipeline_name(root)},
        subjects=tuple(subjects),
        relations=tuple(relations),
        declared=False,
    )


def undeclared(manifest: Manifest, found: Discovery) -> list[Found]:
    """Models and datasets that lie in the folder and that no model or dataset of the manifest covers.

    A source folder does not cover them: what is only code to the manifest would be assessed as a model by nobody. For
    the same reason a dataset covers a model only where it holds arrays, as datasets do: nobody scans a pickle in it.
    """
    models, data = _places(manifest, "model"), _places(manifest, "model", "dataset")
    return [
        item
        for item in found.found
        if item.kind in _DATA
        and not _covers(data if item.kind == "dataset" or _is_array(manifest.root / item.path) else models, item.path)
    ]


_DATA = ("model", "dataset")
_SUBJECT_KINDS = ("model", "dataset", "dependency_set", "workload", "gpu")


def _places(manifest: Manifest, *kinds: str) -> list[str]:
    return [item.location.strip("/") for item in manifest.subjects if item.location and item.kind in kinds]


def _covers(locations: Iterable[str], path: str) -> bool:
    return any(path == place or path.startswith(f"{place}/") or place in (".", "") for place in locations)


def _is_array(path: Path) -> bool:
    """Whether a file begins as NumPy's and HDF5's files do, whatever it is called."""
    head = _head(path) or b""
    return head.startswith((b"\x89HDF", b"\x93NUMPY")) or (path.suffix.lower() == ".npz" and head.startswith(_ZIP))


def _sources(found: Discovery) -> list[Subject]:
    places = sorted({path.partition("/")[0] for path in found.of_kind("source")})
    return [Subject("source", place, location=place) for place in places]


def _pipeline_name(root: Path) -> str:
    name = "".join(char if char.isalnum() or char in "._-" else "-" for char in root.resolve().name).strip("-._")
    return name or "pipeline"


def _files(root: Path) -> Iterator[tuple[str, str]]:
    pending = [""]
    while pending:
        folder = pending.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError as error:
            yield folder or ".", f"unreadable folder: {error.strerror}"
            continue
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            shown = name.encode("utf-8", "backslashreplace").decode()
            try:
                mode = entry.stat(follow_symlinks=False).st_mode
            except OSError as error:
                yield shown, f"unreadable: {error.strerror}"
                continue
            if stat.S_ISDIR(mode) and entry.name in PASSED_FOLDERS:
                yield shown, PASSED_FOLDERS[entry.name]
            elif stat.S_ISDIR(mode):
                pending.append(name)
            elif not stat.S_ISREG(mode):
                yield shown, f"a {kind_of(mode)}, which is not followed"
            elif name != FILE_NAME:
                yield shown, "" if shown == name else "name is not valid UTF-8"


def _by_content(path: Path, suffix: str) -> str | None:
    head = _head(path)
    if head is None:
        return None
    if _is_model(head, suffix):
        return "verdict" if head.startswith(_ZIP) and _is_verdict(path) else "model"
    if suffix in (".yaml", ".yml", ".json") and b"apiVersion" in head and b"kind" in head:
        return "workload"
    if suffix == ".xml" and b"nvidia_smi_log" in head:
        return "gpu"
    if suffix in (".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf"):
        return "configuration"
    return "report" if suffix in (".json", ".sarif", ".xml") else None


def _head(path: Path) -> bytes | None:
    try:
        with path.open("rb") as stream:
            return stream.read(_SNIFFED_BYTES)
    except OSError:
        return None


def _is_model(head: bytes, suffix: str) -> bool:
    """Whether a file begins as models do; a ZIP file may be one under some names."""
    if _PICKLE.match(head) or head.startswith((b"\x89HDF", b"GGUF", b"\x93NUMPY")) or head[4:8] == b"TFL3":
        return True
    safetensors = head[8:9] == b"{" and 0 < int.from_bytes(head[:8], "little") <= _LONGEST_HEADER
    return safetensors or (head.startswith(_ZIP) and suffix in ("", ".bin", ".zip", ".model"))


def _is_verdict(path: Path) -> bool:
    from .formats.verdict_zip import is_verdict_zip  # late: few pipelines hold a ZIP file

    return is_verdict_zip(path, lambda head: _is_model(head, ""))
