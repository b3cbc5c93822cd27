"""The subjects of an attestation held against the files at hand, each digest set on its own.

A file is a subject when every digest of that one subject's set is the file's (see ``digest_sets``). Digests of several
subjects are never mixed, and names decide nothing: a name is what the producer called it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...content import Content, FileEntry, read_content
from ...errors import TrustError
from .digest_sets import check_set, differences, digests_of
from .report import Row
from .subject_manifest import SubjectManifest


class StatementSubjects:
    """The files that a verifier has, compared with what a statement is about.

    Args:
        subjects: ``name`` and ``digest`` of each, as the verified statement has them.
        paths: files, or folders each of whose files must be a subject unless the folder as a whole is one.
    """

    def __init__(self, subjects: Sequence[Mapping[str, Any]], paths: Sequence[Path]) -> None:
        self._paths = paths
        self._sets: list[tuple[str, dict[str, str]]] = []
        self._unusable: list[str] = []
        self._hashed: list[tuple[str, Content]] = []
        for at, subject in enumerate(subjects):
            name = str(subject.get("name") or f"subject {at + 1}")
            try:
                self._sets.append((name, check_set(subject["digest"], source=name)))
            except TrustError as error:
                self._unusable.append(str(error))

    @property
    def manifest(self) -> SubjectManifest:
        """Every file that was hashed and that agreed."""
        return SubjectManifest.of(self._hashed)

    def rows(self) -> Iterator[Row]:
        """One row per path, or one that says that nothing was compared."""
        if not self._paths:
            count = len(self._sets) + len(self._unusable)
            yield Row("subjects", None, "", f"{count} subjects", "no files were given to compare with (--subject PATH)")
        for path in self._paths:
            yield self._row(path)

    def _row(self, path: Path) -> Row:
        check, expected = f"subject {path}", f"one of {len(self._sets)} subjects with usable digests"
        try:
            content = read_content(path)
            found = [self._named(entry, file) for entry, file in content.paths()]
        except OSError as error:
            return Row(check, False, expected, "", f"it cannot be read: {error.strerror or error}")
        whole = [name for name, wanted in self._sets if content.folder and wanted == {"sha256": content.sha256}]
        odd = next((why for name, why in found if name is None), "" if found else "it holds no file")
        if odd and not whole:
            return Row(check, False, expected, content.sha256, odd)
        if content.problems:
            first = content.problems[0]
            return Row(check, False, expected, content.sha256, f"{first.path} is not covered ({first.reason})")
        self._hashed.append((str(path) if len(self._paths) > 1 or not content.folder else "", content))
        names = whole or [str(name) for name, _ in found]
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return Row(check, True, expected, content.sha256, f"it is {names[0]}{more}")

    def _named(self, entry: FileEntry, file: Path) -> tuple[str | None, str]:
        """The subject that a file is, or why it is none."""
        found = {"sha256": entry.sha256}
        others = {name for _, wanted in self._sets for name in wanted} - found.keys()
        if others:
            found = digests_of(file, ["sha256", *others])[1]
            if found["sha256"] != entry.sha256:
                return None, f"{entry.path} was changed while it was verified"
        near = ""
        for name, wanted in self._sets:
            odd = differences(wanted, found)
            if not odd:
                return name, ""
            if len(odd) < len(wanted):
                near = f"; its other digests are those of {name}, but not {', '.join(odd)}"
        why = f"; {self._unusable[0]}" if self._unusable and not near else ""
        return None, f"{entry.path} is no subject of the statement{near}{why}"
