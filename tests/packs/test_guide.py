"""What the guide to packs shows is true."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from signing_case import ed_key
from source_case import files, wanted

from probatum.attestations.keys.public_key import PublicKey
from probatum.attestations.trust.file import load_trust
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import DEFAULT_TYPES
from probatum.evaluator.bundle import pack_entries
from probatum.evaluator.policies import PolicySet
from probatum.packs.layers import stack
from probatum.packs.open import open_packs
from probatum.packs.pack import Signature
from probatum.packs.source import Kind, parse_source

GUIDE = (Path(__file__).parents[2] / "docs/author/packs.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


def test_the_sources_are_sources() -> None:
    texts = [line.split("#  ")[0].strip(" -") for line in BLOCKS[0].splitlines()[1:]]
    texts = [re.sub(r"[0-9a-f]{4}….*", "a" * 64, text.partition("   ")[0]) for text in texts]
    kinds = [parse_source(text).kind for text in texts]
    assert kinds == [Kind.FOLDER, Kind.BUNDLE, Kind.GIT, Kind.OCI, Kind.HTTP]


def test_the_parameters_lie_on_the_built_in_pack() -> None:
    own = PolicySet({"parameters/acme.yaml": BLOCKS[1].encode()})
    assert "SUPPLY-02" in stack([("built-in", PolicySet.built_in()), ("acme", own)]).policies.parameters


def test_the_trust_policy_is_one(tmp_path: Path) -> None:
    (tmp_path / "security.pub").write_text(ed_key().public.pem)
    (tmp_path / "trust.yaml").write_text(BLOCKS[2])
    assert load_trust(tmp_path / "trust.yaml").require_signed_policies


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_openssl_signs_a_bundle(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "x.tar.gz").write_bytes(pack_entries(files()))
    command = ["openssl", "dgst", "-sha256", "-sign", "key.pem", "-out", "x.tar.gz.sig", "x.tar.gz"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    role = Role("policy", ("key:k",), DEFAULT_TYPES["policy"])
    trust = TrustPolicy({"k": PublicKey.of(key.public_key(), source="test")}, {"policy": role})
    assert open_packs(wanted(tmp_path, "x.tar.gz", trust=trust)).packs[0].signature == Signature(("key:k",), "detached")
