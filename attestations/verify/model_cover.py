"""Which files of a model a verified model signature covers (OpenSSF Model Signing, predicate v1.0).

The signature names each file with its digest. The root digest that is its subject leaves the names out, and the
library that makes signatures passes over files by rules of its own (``ignore_paths``, everything below ``.git``,
links), so neither is relied on: every file that is here must be named with the digest that it has here, and every name
must be here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...content import Content, FileEntry, read_content
from ...errors import TrustError
from .digest_sets import check_set, differences, digests_of
from .report import Row
from .subject_manifest import SubjectManifest

_CHECK = "coverage"
_SHOWN = 20


class ModelCover:
    """A model's files, compared with what its signature names.

    Args:
        statement: the verified statement of the signature.
        model: file or folder.
        signature: the signature's own file, which it cannot cover.
    """

    def __init__(self, statement: Mapping[str, Any], model: Path, signature: Path) -> None:
        self._predicate = statement.get("predicate")
        self._model, self._signature = model, signature
        self._content: Content | None = None

    @property
    def manifest(self) -> SubjectManifest:
        """The files that were hashed, when all of them agree."""
        return SubjectManifest.of([] if self._content is None else [("", self._content)])

    def rows(self) -> Iterator[Row]:
        """One row per file that is not covered, missing or different, or one that says that all agree."""
        try:
            named = self._named()
            content = read_content(self._model)
        except TrustError as error:
            yield Row(_CHECK, False, "files named with digests", "", str(error))
            return
        except OSError as error:
            yield Row(_CHECK, False, "a file or a folder", "", f"{self._model}: {error.strerror or error}")
            return
        rows = list(self._differences(named, content))
        if not rows:
            self._content = self._without_signature(content)
            count = f"{len(named)} files"
            rows = [Row(_CHECK, True, count, count, f"of {self._model}")]
        yield from rows[:_SHOWN]
        if len(rows) > _SHOWN:
            yield Row(_CHECK, False, detail=f"{len(rows) - _SHOWN} more files")

    def _named(self) -> dict[str, dict[str, str]]:
        """Path to digest set of what the signature covers.

        Raises:
            TrustError: it is in a form that does not cover whole files, or names one twice or outside the model.
        """
        predicate = self._predicate if isinstance(self._predicate, Mapping) else {}
        method = (predicate.get("serialization") or {}).get("method", "files")
        resources = predicate.get("resources")
        if method != "files" or not isinstance(resources, list) or not resources:
            raise TrustError("the signature names no whole files", why=f"its method is {method!r}")
        named: dict[str, dict[str, str]] = {}
        folded: dict[str, str] = {}
        for item in resources:
            name, digest, algorithm = _resource(item)
            twin = folded.setdefault(_folded(name), name)
            if twin != name or name in named:
                raise TrustError("the signature names a file twice", why=f"{twin!r} and {name!r} are one name")
            named[name] = check_set({algorithm: digest}, source=name)
        return named

    def _differences(self, named: Mapping[str, dict[str, str]], content: Content) -> Iterator[Row]:
        if set(named) == {"."} and content.folder:
            yield Row(_CHECK, False, "one file", f"the folder {self._model}", "it signs one file: name it (--artifact)")
            return
        if set(named) == {"."}:
            named = {content.files[0].path: named["."]}
        here = {entry.path: (entry, file) for entry, file in self._without_signature(content).paths()}
        for path in sorted(named.keys() | here.keys()):
            if path not in here:
                yield Row(_CHECK, False, path, "", f"{path} is signed, and not there")
            elif path not in named:
                yield Row(_CHECK, False, "", path, f"{path} is not covered by the signature")
            elif odd := _odd(named[path], *here[path]):
                yield Row(_CHECK, False, path, path, f"{path} differs from what was signed ({odd})")
        for problem in content.problems:
            yield Row(_CHECK, False, "regular files only", problem.path, f"{problem.path}: {problem.reason}")

    def _without_signature(self, content: Content) -> Content:
        """The content but for the signature itself, when that lies in the model's folder."""
        own = self._signature.resolve()
        kept = tuple(entry for entry, file in content.paths() if not content.folder or file.resolve() != own)
        return Content(content.path, content.sha256, kept, content.problems, content.folder)


def _resource(item: Any) -> tuple[str, Any, str]:
    entry = item if isinstance(item, Mapping) else {}
    name, digest, algorithm = (entry.get(key) for key in ("name", "digest", "algorithm"))
    if not isinstance(name, str) or not isinstance(algorithm, str):
        raise TrustError("the signature is malformed", why="a resource has no name or no algorithm")
    if name != "." and {"", ".", ".."} & set(name.split("/")):
        raise TrustError("the signature names a file outside the model", why=repr(name))
    return name, digest, algorithm


def _odd(wanted: Mapping[str, str], entry: FileEntry, file: Path) -> str:
    """The algorithm by which a file differs; empty when it does not."""
    found = {"sha256": entry.sha256}
    if wanted.keys() - found.keys():
        try:
            found = digests_of(file, ["sha256", *wanted])[1]
        except OSError as error:
            return str(error)
        if found["sha256"] != entry.sha256:
            return "it was changed while it was verified"
    return ", ".join(differences(wanted, found))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
