"""Files that state what another file must be: digests, DVC pins, checksum files, the annotation of a deployment."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_dvc_pin(data: Path) -> None:
    """The ``.dvc`` file that ``dvc add`` writes; DVC's own digest is MD5."""
    content = data.read_bytes()
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    data.with_name(f"{data.name}.dvc").write_text(
        f"outs:\n- md5: {digest}\n  size: {len(content)}\n  hash: md5\n  path: {data.name}\n"
    )


def write_checksums(folder: Path, *names: str, digest_of: Path | None = None) -> None:
    """``SHA256SUMS`` as ``sha256sum`` writes it; ``digest_of`` is a file whose digest is stated instead."""
    lines = [f"{sha256(digest_of or folder / name)}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(lines))


def annotate_deployment(manifest: Path, digest: str) -> None:
    """State the digest of the model that a deployment serves."""
    text, replaced = re.subn(
        r"(probatum\.dev/model-digest: sha256:)[0-9a-f]{64}", rf"\g<1>{digest}", manifest.read_text()
    )
    if replaced != 1:
        raise SystemExit(f"{manifest} must have exactly one model digest")
    manifest.write_text(text)
