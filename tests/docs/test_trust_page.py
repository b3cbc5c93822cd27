"""The page about the trust policy: its example is loaded, its commands are run, and what it says of them holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from certificate_case import CA_FILE, clock_pem
from package_case import KEY, written
from signing_case import NOW, ec_key, ed_key, sha256, write
from typer.testing import CliRunner

from probatum.attestations.trust.file import load_trust
from probatum.attestations.trust.review import check_trust
from probatum.cli import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "auditor" / "trust.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files that the example names, and the example."""
    write(tmp_path / "keys/anna.pub", ed_key().public.pem)
    write(tmp_path / "keys/ben.pub", ec_key().public.pem)
    write(tmp_path / "trusted_root.json", b"{}")
    write(tmp_path / "acme-ca.pem", CA_FILE)
    write(tmp_path / "clock.pem", clock_pem())
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    text = re.sub(r"<sha256sum (\S+)>", lambda found: sha256((tmp_path / found[1]).read_bytes()), text)
    write(tmp_path / "trust.yaml", text)
    return tmp_path


def test_the_example_can_be_used_and_is_calm(folder: Path) -> None:
    trust = load_trust(folder / "trust.yaml")
    assert set(trust.roles) == {"verdict", "provenance", "revocation"}
    assert [item.message for item in check_trust(trust, NOW) if item.level == "error"] == []
    warned = {item.place for item in check_trust(trust, NOW) if item.level == "warning"}
    assert warned == set()


def test_every_command_does_what_it_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    written(folder, KEY)
    commands = re.findall(r"^    probatum (.+)$", PAGE.read_text(), re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        done = CliRunner().invoke(app, command.split())
        assert done.exit_code == 0, done.output
    assert "review: required" in (folder / "proposed.yaml").read_text()


def test_the_pages_that_it_leads_to_are_there() -> None:
    links = re.findall(r"\]\(([\w./-]+\.md)\)", PAGE.read_text())
    assert len(links) >= 2
    assert [link for link in links if not (PAGE.parent / link).is_file()] == []
