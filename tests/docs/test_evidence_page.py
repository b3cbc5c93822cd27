"""The page about signed evidence: its commands are run in order, and its trust policy and settings are ones."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from signing_case import write
from typer.testing import CliRunner

from probatum import strict_yaml
from probatum.attestations.schemas import schema
from probatum.cli import app
from probatum.evaluator.origins import Standing

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ci" / "evidence.md"
KEYS = ("platform", "cluster", "serving", "bo", "ana", "gate")
MODEL = (
    b"\x93NUMPY\x01\x00v\x00"
    + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }".ljust(117)
    + b"\n"
    + bytes(8)
)
MODELS = "{kind: model, name: m, location: m.npy}"
DATA = "{kind: dataset, name: d, location: d.csv}"
PIPELINE = "pipeline: {name: small}\nsubjects: ["


def blocks(start: str) -> str:
    """The indented block of the page that begins with a line, without its indentation."""
    (found,) = re.findall(rf"^    {start}\n((?:     .*\n)+)", PAGE.read_text(), re.MULTILINE)
    return start + "\n" + "".join(line[4:] + "\n" for line in found.splitlines())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the page speaks of, in the working folder."""
    monkeypatch.chdir(tmp_path)
    for name in KEYS:
        assert run(f"keys new {name}.pem --no-encrypt").exit_code == 0
    keys = ", ".join(f"{name}: {{path: {name}.pem.pub}}" for name in KEYS)
    others = "  verdict: {signers: [gate]}\n  waiver: {signers: [bo]}\n  approval: {signers: [ana]}\n"
    write(tmp_path / "trust.yaml", f"version: 1\nkeys: {{{keys}}}\n{blocks('roles:')}{others}")
    write(tmp_path / "data/probatum.yaml", f"{PIPELINE}{DATA}]\n")
    write(tmp_path / "training/probatum.yaml", f"{PIPELINE}{MODELS}]\n")
    write(tmp_path / "serving/probatum.yaml", f"{PIPELINE}{{kind: endpoint, name: e}}]\n")
    for place in ("", "data/"):
        write(tmp_path / f"{place}d.csv", "a,b\n1,2\n")
    for place in ("", "training/"):
        write(tmp_path / f"{place}m.npy", MODEL)
    settings = f"{blocks('waivers:')}{blocks('collectors:')}".replace("dependency_set:training", "model:m")
    write(tmp_path / "probatum.yaml", f"{PIPELINE}{MODELS}, {DATA}]\n{settings}")
    return tmp_path


def run(command: str) -> Any:
    return CliRunner().invoke(app, shlex.split(command, comments=True))


def commands() -> list[str]:
    """As the page has them, but for the identity of a CI job, which no test has: a key signs instead."""
    text = (
        PAGE.read_text().replace("--sign keyless    ", "--key serving.pem ").replace("serving.sigstore", "serving.dsse")
    )
    return [
        line + " --now 2026-11-20T07:00:00Z"
        for line in re.findall(r"^    probatum (.+?) *(?:#.*)?$", text, re.MULTILINE)
    ]


def test_every_command_does_what_it_says(folder: Path) -> None:
    asked = commands()
    assert [command.split()[0] for command in asked] == [*["collect"] * 3, "gate", "waive", "approve", "gate", "gate"]
    for command in asked:
        done = run(command)
        wanted = (0, 1, 3) if command.startswith("gate") else (0,)
        assert done.exit_code in wanted, f"{command}\n{done.stderr}"
    joined = json.loads((folder / "verdict/reports/assessment.json").read_bytes())
    assert {item["document"] for item in joined["origins"]} == {
        f"{name}.dsse.json" for name in ("data", "training", "serving")
    }
    assert all(item["verified"] for item in joined["origins"])
    deployed = json.loads((folder / "verdicts/deployment/reports/assessment.json").read_bytes())
    assert deployed["waivers"][0]["signers"] == ["key:bo"]
    graph = json.loads((folder / "verdicts/deployment/evidence.json").read_bytes())
    stages = [
        verdict["stage"]
        for item in graph["observations"].values()
        if item["type"] == "verdict"
        for verdict in item["result"]["verdicts"]
    ]
    assert set(stages) == {"training"}


def test_the_table_names_every_standing() -> None:
    found = re.findall(r"^\| .* \| `(\w+)` \| `\w+` \|$", PAGE.read_text(), re.MULTILINE)
    assert sorted(found) == sorted(Standing)


def test_the_identity_of_the_page_can_be_in_a_trust_policy() -> None:
    found = strict_yaml.load(blocks("identities:").encode(), source="the page").value["identities"]
    root = {"trusted_root": "trusted_root.json", "sha256": "a" * 64}
    document = {
        "version": 1,
        "identities": found,
        "sigstore": {"ours": root},
        "roles": {"evidence": {"signers": list(found)}},
    }
    assert [error.message for error in Draft202012Validator(schema("trust")).iter_errors(document)] == []
