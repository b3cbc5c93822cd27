"""What a program that loads verified files uses: the library behind ``probatum verify``.

A model is verified, and loaded from the very bytes that were::

    from datetime import UTC, datetime
    from pathlib import Path

    from probatum.verify import Audit, verified_folder, verify

    report = verify(Path("verdict"), Audit(datetime.now(UTC), subjects=(Path("pipeline"),), trust=Path("trust.yaml")))
    if not (report.ok and report.result == "pass"):
        raise SystemExit("the model is not verified")
    with verified_folder("pipeline", report.manifest) as folder, folder.open("models/credit.safetensors") as stream:
        ...

``open_verified`` does the same for one file whose digest is known from elsewhere.
"""

from __future__ import annotations

from .attestations.verify.subject_manifest import SubjectManifest, VerifiedFolder, verified_folder
from .attestations.verify.verified_file import open_verified
from .jobs.audit import Audit, verify

__all__ = ["Audit", "SubjectManifest", "VerifiedFolder", "open_verified", "verified_folder", "verify"]
