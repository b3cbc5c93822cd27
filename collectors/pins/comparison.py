"""What the content that a pin means really is."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import Path

from ...content import Content, hash_file, read_content
from .dvc import folder_digest, text_digest
from .pin import Pin


class Digests:
    """Digests of a pipeline's files and folders, each computed once and only when a pin asks.

    Args:
        root: the pipeline's folder.
        contents: location, relative to the root, to the content of each subject: its SHA-256s are known already.
    """

    def __init__(self, root: Path, contents: Mapping[str, Content]) -> None:
        self._root = root
        self._known: dict[tuple[str, str, bool], str] = {}
        self._contents = dict(contents)
        for location, content in contents.items():
            self._known[location, "sha256", False] = content.sha256
            for entry in content.files if content.folder else ():
                place = posixpath.normpath(posixpath.join(location, entry.path))
                self._known[place, "sha256", False] = entry.sha256

    def actual(self, place: str, pin: Pin) -> str:
        """The digest that a pin's path has, computed in the pin's way.

        Returns:
            Lower-case hexadecimal; empty when nothing lies there, or a file where the pin means a folder.

        Raises:
            OSError: it is there and cannot be read.
        """
        path = self._root / place
        if not path.is_symlink() and (not path.exists() or (pin.folder and not path.is_dir())):
            return ""
        key = (place, pin.algorithm, pin.text)
        if key not in self._known:
            self._known[key] = self._compute(place, pin)
        return self._known[key]

    def _compute(self, place: str, pin: Pin) -> str:
        path = self._root / place
        if not path.is_dir() or path.is_symlink():
            return self._file(path, pin)
        content = self._contents.get(place)
        if content is None:
            content = self._contents[place] = read_content(path)
        if pin.algorithm == "sha256":
            return content.sha256
        return folder_digest((entry.path, self._file(file, pin)) for entry, file in content.paths())

    @staticmethod
    def _file(path: Path, pin: Pin) -> str:
        digest = hash_file(path, algorithm=pin.algorithm)[1]
        return text_digest(path) if pin.text and digest != pin.expected else digest
