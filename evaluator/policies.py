"""The policy set: Rego modules, controls with their metadata, and checklists, from a folder or from a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PolicySet:
    """Sources by path; ``digest`` is the SHA-256 of their canonical manifest; see ``bundle.pack`` and ``bundle.unpack``."""

    sources: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        raise NotImplementedError

    @classmethod
    def built_in(cls) -> PolicySet:
        raise NotImplementedError

    @classmethod
    def load(cls, path: Path | None = None) -> PolicySet:
        """From a folder or a ``.tar.gz`` bundle; the built-in set when ``path`` is None. ``.controls`` maps id to Control."""
        raise NotImplementedError
