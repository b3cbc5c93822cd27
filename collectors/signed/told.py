"""What a verified document tells of subjects: of their content, which is known by digest, and of their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...evaluator.graph import Subject
from .matching import same_content


@dataclass(frozen=True)
class Told:
    """A verified document about some contents, such as an approval.

    Args:
        source: path of its file, relative to the pipeline's root.
        sha256: of its file.
        signers: who signed it, by the trust policy's names.
        subjects: name and digests of each content that it is about.
        fields: what it says of them, as observations have it.
    """

    source: str
    sha256: str
    signers: tuple[str, ...]
    subjects: tuple[tuple[str, Mapping[str, str]], ...]
    fields: Mapping[str, Any]

    def speaks_of(self, subject: Subject) -> bool:
        """It is about the content that a subject has, or about something of its name."""
        return any(name == subject.id for name, _ in self.subjects) or self.about_content(subject)

    def about_content(self, subject: Subject) -> bool:
        """It is about the content that a subject has."""
        return any(same_content(digest, subject.digest) for _, digest in self.subjects)

    def entry(self, subject: Subject) -> dict[str, Any]:
        """How an observation about a subject lists it."""
        return {
            "source": self.source,
            "sha256": self.sha256,
            "signers": list(self.signers),
            "same_content": self.about_content(subject),
            **self.fields,
        }
