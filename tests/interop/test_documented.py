"""The commands of docs/auditor/interoperability.md, typed as they stand, accept a verdict and refuse another file."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from interop_case import AMPEL, ATTESTATION_VERIFIER, COSIGN, SLSA_VERIFIER, needs, typed
from interop_verifiers import Case
from signing_case import ed_key

_PAGE = (Path(__file__).parents[2] / "docs/auditor/interoperability.md").read_text()
_BLOCK = re.compile(r"(?:^ {4}.*\n)+", re.MULTILINE)
TOOLS = [
    pytest.param(name, marks=needs(name), id=name) for name in (COSIGN, SLSA_VERIFIER, AMPEL, ATTESTATION_VERIFIER)
]


def commands(name: str, case: Case) -> str:
    """The first block with a command of the tool, its words in capitals filled in."""
    text = next(block for block in _BLOCK.findall(_PAGE) if re.search(rf"^    {name} ", block, re.MULTILINE))
    words = {"CHECKLIST": "SECURE_PIPELINE", "SHA256:FINGERPRINT": case.key_id, "DIGEST": case.digest, "NAME": "p"}
    for word, value in words.items():
        text = re.sub(rf"(?<![A-Z]){word}(?![A-Z])", value, text)
    return text


@pytest.mark.parametrize("name", TOOLS)
def test_the_commands_hold(name: str, tmp_path: Path) -> None:
    for stock in ("jq", "openssl"):
        if shutil.which(stock) is None:
            pytest.skip(f"NO {stock.upper()}")
    case = Case(tmp_path, ed_key())
    model = tmp_path / "model.safetensors"
    model.write_bytes(case.artifact.read_bytes())
    asked = commands(name, case)
    accepted, output = typed(name, asked, tmp_path)
    assert accepted, output
    if name == SLSA_VERIFIER:  # it is given a digest
        asked = asked.replace(case.digest, "0" * 64)
    model.write_bytes(b"other weights")
    assert not typed(name, asked, tmp_path)[0]
