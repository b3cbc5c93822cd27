"""Verdicts that an identity signed, verified by cosign against the stand-ins' own trusted root, offline."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from interop_case import COSIGN, modern, needs, said
from sigstore_case import ISSUER, WORKFLOW, Services
from sigstore_log import Log, b64, signed
from sigstore_package import signed_package

from probatum.attestations.trust.predicates import VSA

pytestmark = needs(COSIGN)


class RekorOne(Log):
    """Names its tree as Rekor 1 does: cosign takes any other checkpoint for one of Rekor 2."""

    def checkpoint(self, size: int, root: bytes) -> str:
        """A checkpoint of the tree 1."""
        note = f"{self.name} - 1\n{size}\n{b64(root)}\n"
        return f"{note}\n\u2014 {self.name} {b64(self.id[:4] + signed(self.key, note.encode()))}\n"


class RekorTwo(Log):
    """Is called by its name and key, as signed notes are (C2SP), not by its key alone."""

    @property
    def id(self) -> bytes:
        """The whole of what its notes have the first four bytes of."""
        assert isinstance(self.key, ed25519.Ed25519PrivateKey)
        return hashlib.sha256(f"{self.name}\n".encode() + b"\x01" + self.key.public_key().public_bytes_raw()).digest()


def services(version: int) -> Services:
    second = RekorTwo(2, ed25519.Ed25519PrivateKey.generate(), "log.example")
    made = Services(log_version=version, logs={1: RekorOne(), 2: second}, at=datetime.now(UTC).replace(microsecond=0))
    made.log.append({"apiVersion": "0.0.1", "kind": "rekord"}, made.at)  # older releases want an index above 0
    return made


def root_of(made: Services) -> bytes:
    document = made.root_document()
    for entry, log in zip(document["tlogs"], made.logs.values(), strict=True):
        entry["logId"]["keyId"] = b64(log.id)
    return json.dumps(document).encode()


def verify(folder: Path, root: bytes, **change: str) -> tuple[bool, str]:
    (folder / "root.json").write_bytes(root)
    who = {"identity": WORKFLOW, "issuer": ISSUER, "type": VSA, "artifact": "pipeline/m.bin", **change}
    options = ["--bundle", "verdict/verdict.sigstore.json", "--trusted-root", "root.json", "--type", who["type"]]
    options += ["--certificate-identity", who["identity"], "--certificate-oidc-issuer", who["issuer"]]
    return said(COSIGN, ["verify-blob-attestation", "--new-bundle-format", *options, who["artifact"]], folder)


@pytest.mark.parametrize("version", [1, 2])
def test_a_verdict_is_accepted(version: int, tmp_path: Path) -> None:
    made = services(version)
    signed_package(tmp_path, made)
    accepted, output = verify(tmp_path, root_of(made))
    if version == 2 and not modern(tmp_path):
        pytest.skip("NO REKOR 2: this release of cosign does not know it")
    assert accepted, output


@pytest.mark.parametrize(
    "change",
    [
        {"identity": WORKFLOW.replace("main", "evil")},
        {"issuer": "https://evil.example"},
        {"artifact": "pipeline/data/a.csv"},
    ],
    ids=["identity", "issuer", "artifact"],
)
def test_it_is_refused_for_something_else(change: dict[str, str], tmp_path: Path) -> None:
    """So that the test above could fail."""
    made = services(1)
    signed_package(tmp_path, made)
    assert verify(tmp_path, root_of(made))[0]
    assert not verify(tmp_path, root_of(made), **change)[0]


def test_it_is_refused_against_another_root(tmp_path: Path) -> None:
    signed_package(tmp_path, services(1))
    assert not verify(tmp_path, root_of(services(1)))[0]


def test_it_is_refused_when_altered(tmp_path: Path) -> None:
    made = services(1)
    folder = signed_package(tmp_path, made)
    bundle = json.loads((folder / "verdict.sigstore.json").read_bytes())
    bundle["dsseEnvelope"]["payload"] = b64(b"{}")
    (folder / "verdict.sigstore.json").write_text(json.dumps(bundle))
    assert not verify(tmp_path, root_of(made))[0]
