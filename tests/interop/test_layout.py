"""The provenance of the example pipeline, held to rules for artifacts by in-toto's attestation-verifier."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from interop_case import ATTESTATION_VERIFIER, needs, said
from signing_case import write

from probatum.attestations.keys.public_key import PublicKey
from probatum.attestations.trust.predicates import PROVENANCE_V1
from probatum.strict_yaml import load

pytestmark = needs(ATTESTATION_VERIFIER)
_EXAMPLE = Path(__file__).parents[2] / "examples/tumour-classifier"
MODEL = "models/tumour-classifier.safetensors"
BUILDER = "https://builder.example.com/training/v1"


def layout(materials: list[str], products: list[str]) -> dict[str, Any]:
    """One step, by the key that the example trusts with its provenance."""
    pem: str = load((_EXAMPLE / "trust.yaml").read_bytes(), source="trust.yaml").value["keys"]["builder"]["pem"]
    name = PublicKey.from_pem(pem.encode(), source="builder").id
    key: Any = load_pem_public_key(pem.encode())
    public = {"keyVal": {"public": key.public_bytes_raw().hex()}}
    expected = {
        "predicateType": PROVENANCE_V1,
        "functionaries": [name],
        "expectedAttributes": [{"rule": f"predicate.runDetails.builder.id == '{BUILDER}'"}],
    }
    step = {"name": "train", "expectedMaterials": materials, "expectedProducts": products}
    return {
        "expires": "2100-01-01T00:00:00Z",
        "functionaries": {name: {"keyType": "ed25519", "scheme": "ed25519", "keyID": name, **public}},
        "steps": [{**step, "expectedPredicates": [expected]}],
    }


def accepted(folder: Path, provenance: Any, materials: list[str], products: list[str]) -> bool:
    write(folder / "layout.json", json.dumps(layout(materials, products)))
    write(folder / "claims/train.provenance.json", json.dumps(provenance))
    return said(ATTESTATION_VERIFIER, ["-l", "layout.json", "-a", "claims"], folder)[0]


@pytest.fixture
def provenance() -> Any:
    return json.loads((_EXAMPLE / "attestations/provenance.dsse.json").read_bytes())


KNOWN = ["ALLOW wdbc", "ALLOW dependencies", "ALLOW code", "DISALLOW *"]
MADE = [f"CREATE {MODEL}", "DISALLOW *"]


def test_it_fits_its_layout(provenance: Any, tmp_path: Path) -> None:
    assert accepted(tmp_path, provenance, KNOWN, MADE)


@pytest.mark.parametrize(
    ("materials", "products"), [(KNOWN[1:], MADE), (KNOWN, MADE[1:])], ids=["a material", "a product"]
)
def test_what_the_layout_does_not_name(
    materials: list[str], products: list[str], provenance: Any, tmp_path: Path
) -> None:
    assert not accepted(tmp_path, provenance, materials, products)


def test_an_altered_one_is_refused(provenance: Any, tmp_path: Path) -> None:
    payload = base64.b64decode(provenance["payload"])
    assert b'"C":1' in payload
    provenance["payload"] = base64.b64encode(payload.replace(b'"C":1', b'"C":2')).decode()
    assert not accepted(tmp_path, provenance, KNOWN, MADE)
