"""The page about the log: every command and option that it names exists, and its trust policy is one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typer
from log_case import SIGNER, witness
from signing_case import ed_key

from probatum.attestations.trust.file import load_trust
from probatum.cli import app
from probatum.collectors.manifest import load_manifest

PAGE = (Path(__file__).resolve().parents[2] / "docs/auditor/log.md").read_text()
# "probatum …" on a line of its own, or in `code`; a line of prose may break code
_COMMANDS = re.findall(r"`probatum ([^`]+)`|^    probatum (.+)$", PAGE, re.MULTILINE)
_BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_every_command_and_option_exists() -> None:
    commands = [" ".join((inline or block).split()) for inline, block in _COMMANDS]
    assert {"log init", "log append", "log check", "log witness", "log export", "log prove"} <= {
        " ".join(command.split()[:2]) for command in commands
    }
    for command in commands:
        found: Any = typer.main.get_command(app)
        for word in command.split():
            found = getattr(found, "commands", {}).get(word, found)
        known = {option for parameter in found.params for option in parameter.opts}
        assert [word for word in command.split() if word.startswith("--") and word not in known] == [], command


def test_its_manifest_is_one(tmp_path: Path) -> None:
    [text] = [block for block in _BLOCKS if "pipeline:" in block]
    (tmp_path / "probatum.yaml").write_text(text)
    assert load_manifest(tmp_path / "probatum.yaml").log == "/srv/verdict-log"


def test_its_trust_policy_is_one(tmp_path: Path) -> None:
    [text] = [block for block in _BLOCKS if "roles:" in block]
    one, two = witness("witness.example"), witness("other.example")
    for shown, key in (("witness.example", one.key), ("other.example", two.key), ("acme.example/verdicts", SIGNER.key)):
        text = text.replace(f"{shown}+<hash>+<base64>", f'"{key}"')
    (tmp_path / "release.pub").write_text(ed_key().public.pem)
    (tmp_path / "trust.yaml").write_text(f"version: 1\nkeys: {{release: {{path: release.pub}}}}\n{text}")
    trust = load_trust(tmp_path / "trust.yaml")
    assert trust.roles["verdict"].require_log
    assert trust.believed_logs["internal"].quorum == 2
