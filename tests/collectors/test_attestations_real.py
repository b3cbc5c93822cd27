"""Signatures that the OpenSSF tool itself made (model-signing 1.1.1, ECDSA P-256), kept in ``data/model_signing``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from signing_case import NOW

from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.keys.public_key import PublicKey
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import DEFAULT_TYPES
from probatum.collectors.attestations import Attestations
from probatum.collectors.base import Context
from probatum.content import read_content
from probatum.evaluator.graph import Observation, Subject

DATA = Path(__file__).parent / "data" / "model_signing"


def signature(root: Path, location: str) -> Any:
    key = PublicKey.from_pem((DATA / "signer.pub").read_bytes(), source="signer.pub")
    trust = TrustPolicy({"release": key}, {"model": Role("model", ("key:release",), DEFAULT_TYPES["model"])})
    content = read_content(root / location)
    model = Subject("model", "m", {"sha256": content.sha256}, location)
    subjects = {model.id: model, "pipeline:p": Subject("pipeline", "p")}
    context = Context(
        root, {"name": "p"}, subjects, contents={model.id: content}, verifier=TrustVerifier(trust, NOW), now=NOW
    )
    found = [item for item in Attestations().collect(context) if isinstance(item, Observation)]
    return next(item.result for item in found if item.type == "model_signature")


@pytest.mark.parametrize("location", ["model", "one.bin"])
def test_a_signature_of_the_real_tool_covers_all(location: str) -> None:
    found = signature(DATA, location)
    assert (found["format"], found["verified"], found["covers_all_files"]) == ("oms", True, True)
    assert (found["signers"], found["uncovered"], found["missing"]) == (["key:release"], [], [])


def test_a_rename_that_its_root_digest_does_not_notice_is_found(tmp_path: Path) -> None:
    shutil.copytree(DATA / "model", tmp_path / "model")
    (tmp_path / "model/config.json").rename(tmp_path / "model/other.json")
    found = signature(tmp_path, "model")
    assert (found["verified"], found["covers_all_files"]) == (True, False)
    assert (found["uncovered"], found["missing"]) == (["other.json"], ["config.json"])


def test_a_file_that_the_tool_ignores_is_found(tmp_path: Path) -> None:
    shutil.copytree(DATA / "model", tmp_path / "model")
    (tmp_path / "model/.github").mkdir()
    (tmp_path / "model/.github/run.py").write_text("import os")
    assert signature(tmp_path, "model")["uncovered"] == [".github/run.py"]
