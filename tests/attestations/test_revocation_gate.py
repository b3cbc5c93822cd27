"""Revocations at the command line: issued, listed, and honoured by gate, evaluate and verify."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from command_case import last_line
from revocation_case import HEX
from signing_case import write
from typer.testing import CliRunner

from probatum.cli import app

MANIFEST = """\
pipeline: {name: small, criticality: low, exposure: internal}
subjects:
  - {kind: model, name: m, location: m.npy}
"""
NPY = (
    b"\x93NUMPY\x01\x00v\x00"
    + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }".ljust(117)
    + b"\n"
    + bytes(8)
)
CHECKLIST = """\
schema: https://probatum.dev/checklist/v1
id: formats
version: 1.0.0
title: Formats
controls: [{id: MODEL-01}]
"""
POLICY = """\
version: 1
keys: {release: {path: release.pem.pub}, security: {path: security.pem.pub}}
roles:
  verdict: {signers: [release]}
  evidence: {signers: [release]}
  revocation: {signers: [security]}
"""
NOW = ("--now", "2026-11-20T07:00:00Z")


def run(*args: object) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write(tmp_path / "pipeline/probatum.yaml", MANIFEST)
    write(tmp_path / "pipeline/m.npy", NPY)
    write(tmp_path / "formats.yaml", CHECKLIST)
    write(tmp_path / "trust.yaml", POLICY)
    for name in ("release", "security"):
        assert run("keys", "new", tmp_path / f"{name}.pem", "--no-encrypt").exit_code == 0
    return tmp_path


def gate(place: Path, *options: object, out: str = "verdict") -> Result:
    """A gate for one control; what it does not need is skipped, because there are so many gates here."""
    return run(
        "gate", place / "pipeline", "-c", place / "formats.yaml", "--trust", place / "trust.yaml", "--key",
        place / "release.pem", "-q", "-o", place / out, "--skip", "model_scan", *NOW, *options,
    )  # fmt: skip


def verify(place: Path, *options: object) -> Result:
    return run("verify", place / "verdict", "--trust", place / "trust.yaml", *options)


def revoke(place: Path, kind: str, *what: object, key: str = "security", reason: str = "other") -> Path:
    made = run("revoke", kind, *what, "--reason", reason, "--key", place / f"{key}.pem", "-o", place / "revoked", *NOW)
    assert made.exit_code == 0, made.output
    return place / "revoked"


def document(place: Path, name: str) -> Any:
    return json.loads((place / "verdict" / name).read_bytes())


def observation(place: Path, type: str) -> str:
    found = document(place, "evidence.json")["observations"]
    return next(key for key, item in found.items() if item["type"] == type)


def test_a_gate_without_revocations_says_nothing_of_them(place: Path) -> None:
    assert gate(place).exit_code == 0
    assert not (place / "verdict" / "revocations.json").exists()
    assert "revocations" not in document(place, "settings.json")
    assert "none were given" in verify(place).stdout


def test_revoked_evidence_proves_nothing_and_the_replay_agrees(place: Path) -> None:
    assert gate(place).exit_code == 0
    key = observation(place, "model_format")
    revoked = revoke(place, "evidence", key, reason="evidence-wrong")
    refused = verify(place, "--revocations", revoked)
    assert (refused.exit_code, last_line(refused)) == (1, "probatum: REFUSED: revocations: evidence (exit 1)")
    again = gate(place, "--revocations", revoked)
    assert again.exit_code == 3
    assessed = document(place, "reports/assessment.json")
    reasons = assessed["controls"][0]["subjects"][0]["reasons"]
    assert [(item["code"], item["evidence"]) for item in reasons] == [("revoked", [key])]
    assert assessed["revocations"] == document(place, "settings.json")["revocations"]
    assert assessed["revocations"]["evidence"] == [key]
    (why,) = assessed["revocations"]["reasons"].values()
    assert why.startswith("revoked (evidence-wrong), as key:security said on "), "and not where the document lay"
    assert str(place) not in json.dumps(assessed["revocations"])
    told = (place / "verdict" / "reports" / "assessment.md").read_text().partition("### Revocations")[2]
    assert key[4:16] in told
    assert "evidence-wrong" in told
    for options in ((), ("--revocations", revoked)):
        checked = verify(place, "--replay", *options)
        assert checked.exit_code == 3, checked.stdout
        assert "VERIFIED" in last_line(checked)


def test_the_workbench_sees_what_the_gate_saw(place: Path) -> None:
    """Whoever looks into a control of a kept verdict is not told that revoked evidence proves something."""
    assert gate(place).exit_code == 0
    asked = ("query", "some id; input.usable[id].model_format", place / "verdict")
    assert last_line(run(*asked)) == "probatum: 1 answer (exit 0)"
    tried = run("policy", "try", "MODEL-01", place / "verdict")
    assert tried.exit_code == 0
    assert gate(place, "--revocations", revoke(place, "evidence", observation(place, "model_format"))).exit_code == 3
    assert last_line(run(*asked)) == "probatum: undefined (exit 0)"
    again = run("policy", "try", "MODEL-01", place / "verdict")
    assert (again.exit_code, "was revoked" in again.stdout) == (3, True)


def test_other_evidence_may_be_revoked(place: Path) -> None:
    revoked = revoke(place, "evidence", f"obs:{HEX}")
    assert gate(place, "--revocations", revoked).exit_code == 0
    assert document(place, "settings.json")["revocations"]["evidence"] == []
    assert verify(place, "--replay", "--revocations", revoked).exit_code == 0


def test_revoked_policies_decide_nothing(place: Path) -> None:
    assert gate(place).exit_code == 0
    digest = document(place, "reports/assessment.json")["digests"]["policies"]["sha256"]
    revoked = revoke(place, "policy", digest, reason="policy-defect")
    refused = gate(place, "--revocations", revoked)
    assert (refused.exit_code, "may not decide any more" in last_line(refused)) == (2, True)
    assert verify(place, "--revocations", revoked).exit_code == 1


def test_the_trust_policy_names_revocations_itself(place: Path) -> None:
    assert gate(place).exit_code == 0
    revoke(place, "verdict", place / "verdict")
    write(place / "trust.yaml", POLICY + "revocations: [revoked]\n")
    assert "revocations: verdict" in last_line(verify(place))
    assert gate(place).exit_code == 0
    assert (place / "verdict" / "revocations.json").exists()
    write(
        place / "trust.yaml", (POLICY + "revocations: [revoked]\n").replace("  revocation: {signers: [security]}\n", "")
    )
    assert "no role may revoke" in verify(place).stderr


def test_the_key_of_a_verdict_is_revoked(place: Path) -> None:
    assert gate(place).exit_code == 0
    revoked = revoke(place, "key", place / "release.pem.pub", key="release", reason="key-compromise")
    assert "verdict.dsse.json: signer" in last_line(verify(place, "--revocations", revoked))
    public = run("verify", place / "verdict", "--public-key", place / "release.pem.pub", "--revocations", revoked)
    assert public.exit_code == 1


def test_evidence_of_another_machine_whose_key_is_revoked(place: Path) -> None:
    out = place / "data.json"
    assert run("collect", place / "pipeline", "-o", out, "--key", place / "release.pem", *NOW).exit_code == 0
    signed = next(place.glob("data*.dsse.json"))
    assert gate(place, "--evidence", signed).exit_code == 0
    revoked = revoke(place, "key", place / "release.pem.pub", reason="key-compromise")
    refused = gate(place, "--evidence", signed, "--revocations", revoked)
    assert refused.exit_code == 2
    assert "key-compromise" in refused.stderr


def test_a_gate_does_not_sign_with_a_revoked_key(place: Path) -> None:
    revoked = revoke(place, "key", place / "release.pem.pub", reason="key-compromise")
    refused = gate(place, "--revocations", revoked)
    assert (refused.exit_code, "may not sign any more" in last_line(refused)) == (2, True)
    assert "remedy: sign with another key" in refused.stderr
    assert not (place / "verdict").exists()
    assert gate(place).exit_code == 0


def test_what_cannot_be_relied_on_stops_a_gate(place: Path) -> None:
    revoked = revoke(place, "policy", HEX, key="release")
    refused = gate(place, "--revocations", revoked)
    assert (refused.exit_code, "cannot be relied on" in last_line(refused)) == (2, True)
    assert "not believed" in refused.stderr
    assert gate(place).exit_code == 0
    shown = verify(place, "--revocations", revoked)
    assert (shown.exit_code, last_line(shown)) == (1, "probatum: REFUSED: revocations (exit 1)")


def test_sources_that_are_not_there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gate(place).exit_code == 0
    assert "cannot read" in last_line(verify(place, "--revocations", place / "absent"))
    (place / "empty").mkdir()
    write(place / "empty/notes.txt", "x")
    assert "it holds no file" in verify(place, "--revocations", place / "empty").stdout
    monkeypatch.setattr("probatum.jobs.revocation_sources.MAX_FILES", 1)
    write(place / "many/a.json", "x")
    write(place / "many/b.json", "x")
    assert "holds too much" in last_line(verify(place, "--revocations", place / "many"))
    os.mkfifo(place / "pipe.json")
    assert "is no file" in last_line(verify(place, "--revocations", place / "pipe.json"))
    for command in (gate, verify):
        offline = command(place, "--revocations", "https://probatum.dev/revoked.json")
        assert (offline.exit_code, "is on the network" in last_line(offline)) == (2, True)
        plain = command(place, "--online", "--revocations", "http://probatum.dev/revoked.json")
        assert (plain.exit_code, "cannot be fetched" in last_line(plain)) == (2, True)


def test_a_trust_policy_that_asks_for_fresh_revocations_is_not_content_with_none(place: Path) -> None:
    assert gate(place).exit_code == 0
    write(place / "trust.yaml", POLICY.replace("[security]}", "[security], max_age_days: 7}"))
    refused = verify(place)
    assert (refused.exit_code, last_line(refused)) == (1, "probatum: REFUSED: revocations (exit 1)")
    assert (gate(place).exit_code, "cannot be relied on" in last_line(gate(place))) == (2, True)
    assert new_list(place).exit_code == 0
    assert gate(place, "--revocations", place / "list.json").exit_code == 0
    later = ("--now", "2026-11-27T07:00:01Z")
    assert verify(place, "--revocations", place / "list.json", *later).exit_code == 1


def test_nobody_revokes_without_a_trust_policy(place: Path) -> None:
    revoked = revoke(place, "policy", HEX)
    refused = run("gate", place / "pipeline", "-q", "--revocations", revoked)
    assert (refused.exit_code, "need a trust policy" in last_line(refused)) == (2, True)


def test_evaluate_honours_them(place: Path) -> None:
    assert gate(place).exit_code == 0
    revoked = revoke(place, "evidence", observation(place, "model_format"))
    given = ("--checklist", place / "formats.yaml", "--trust", place / "trust.yaml", "-q", *NOW)
    evidence = place / "verdict" / "evidence.json"
    assert run("evaluate", evidence, *given, "--revocations", place / "absent").exit_code == 2
    assert run("evaluate", evidence, *given, "--allow-unsigned").exit_code == 0
    assert run("evaluate", evidence, *given, "--allow-unsigned", "--revocations", revoked).exit_code == 3


@pytest.fixture
def server() -> Iterator[Callable[[dict[str, bytes]], str]]:
    """Serves documents on loopback."""
    documents: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = documents.get(self.path)
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(found or b"")))
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()

    def serve(given: dict[str, bytes]) -> str:
        documents.update(given)
        return f"http://127.0.0.1:{listening.server_port}"

    yield serve
    listening.shutdown()
    listening.server_close()
    thread.join()


def test_a_list_on_the_network(place: Path, server: Callable[[dict[str, bytes]], str]) -> None:
    assert gate(place).exit_code == 0
    revoke(place, "verdict", place / "verdict")
    (file,) = (place / "revoked").iterdir()
    base = server({"/list.json": file.read_bytes()})
    refused = verify(place, "--online", "--revocations", f"{base}/list.json")
    assert last_line(refused) == "probatum: REFUSED: revocations: verdict (exit 1)"
    assert "network: true" in refused.stdout
    missing = verify(place, "--online", "--revocations", f"{base}/gone.json")
    assert (missing.exit_code, "the server answers 404" in missing.stdout) == (1, True)
    unreachable = verify(place, "--online", "--revocations", "http://127.0.0.1:9/list.json")
    assert (unreachable.exit_code, last_line(unreachable)) == (1, "probatum: REFUSED: revocations (exit 1)")
    assert gate(place, "--online", "--revocations", f"{base}/gone.json").exit_code == 2


def new_list(place: Path, *sources: object, options: tuple[object, ...] = ()) -> Result:
    return run(
        "revoke", "list", *sources, "-o", place / "list.json", "--trust", place / "trust.yaml", "--key",
        place / "security.pem", *NOW, *options,
    )  # fmt: skip


def test_a_list_is_continued_and_forgets_nothing(place: Path) -> None:
    empty = new_list(place)
    assert last_line(empty).endswith("list.json is number 1 of the list revocations: 0 revocations (exit 0)")
    assert gate(place, "--revocations", place / "list.json").exit_code == 0
    revoke(place, "policy", HEX)
    revoke(place, "policy", HEX, reason="superseded")
    assert "number 2 of the list revocations: 1 revocations" in last_line(new_list(place, place / "revoked"))
    assert "number 3 of the list revocations: 1 revocations" in last_line(new_list(place))
    assert verify(place, "--revocations", place / "list.json").exit_code == 0
    other = new_list(place, options=("--name", "other"))
    assert (other.exit_code, "is not the list other" in last_line(other)) == (2, True)


def test_a_list_ends_and_is_issued_again(place: Path) -> None:
    assert gate(place).exit_code == 0
    assert new_list(place, options=("--next-update", "2026-11-21T07:00:00Z")).exit_code == 0
    late = ("--now", "2026-11-21T07:00:01Z")
    assert "out of date" in verify(place, "--revocations", place / "list.json", *late).stdout
    assert new_list(place, options=late).exit_code == 0
    assert verify(place, "--revocations", place / "list.json", *late).exit_code == 0
    past = new_list(place, options=("--next-update", "2026-11-20T07:00:00Z"))
    assert (past.exit_code, "lies in the past" in last_line(past)) == (2, True)


def test_a_list_takes_over_nothing_that_is_not_believed(place: Path) -> None:
    revoke(place, "policy", HEX, key="release")
    refused = new_list(place, place / "revoked")
    assert (refused.exit_code, "cannot be relied on" in last_line(refused)) == (2, True)
    assert not (place / "list.json").exists()


def test_a_list_of_one_s_own(place: Path) -> None:
    made = run("revoke", "policy", HEX, "--reason", "other", "-o", place / "own", *NOW)
    assert made.exit_code == 0
    assert "your own local key" in made.stderr
    assert run("revoke", "list", place / "own", "-o", place / "own.json", *NOW).exit_code == 0
    assert run("gate", place / "pipeline", "-o", place / "verdict", "-q", *NOW).exit_code in (1, 3)
    checked = run("verify", place / "verdict", "--revocations", place / "own.json")
    assert "VERIFIED" in last_line(checked)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("policy", "abc", "--reason", "other"), "names no policy"),
        (("evidence", HEX[:-1], "--reason", "other"), "names no evidence"),
        (("key", "SHA256:abc", "--reason", "other"), "is no key id"),
        (("policy", HEX, "--reason", "bored"), "unknown reason"),
        (("policy", HEX, "--reason", "other", "--since", "2027-01-01T00:00:00Z", *NOW), "lies in the future"),
        (("policy", HEX, "--reason", "other", "--sign", "none"), "worth nothing unsigned"),
        (("identity", "has blanks", "x", "--reason", "other"), "names no identity"),
    ],
)
def test_what_cannot_be_revoked(tmp_path: Path, arguments: tuple[str, ...], why: str) -> None:
    refused = run("revoke", *arguments, "-o", tmp_path / "out")
    assert (refused.exit_code, why in last_line(refused)) == (2, True), refused.stderr
    assert not (tmp_path / "out").exists()


def test_an_identity_is_revoked(place: Path) -> None:
    revoked = revoke(place, "identity", "https://accounts.example.com", "ann@example.com", reason="affiliation-changed")
    assert gate(place, "--revocations", revoked).exit_code == 0


def test_documents_without_rows_are_refused_outright(place: Path) -> None:
    out = place / "data.json"
    assert run("collect", place / "pipeline", "-o", out, "--key", place / "release.pem", *NOW).exit_code == 0
    signed = next(place.glob("data*.dsse.json"))
    trusted = ("--trust", place / "trust.yaml")
    assert run("verify", signed, *trusted).exit_code == 0
    doubtful = revoke(place, "policy", HEX, key="release")
    assert run("verify", signed, *trusted, "--revocations", doubtful).exit_code == 2
    revoke(place, "key", place / "release.pem.pub")
    itself = next((place / "revoked").glob("key-*"))
    refused = run("verify", signed, *trusted, "--revocations", itself)
    assert refused.exit_code == 1
    assert "revoked (other)" in refused.stdout


def test_policies_are_not_locked_for_a_signer_who_is_revoked(place: Path) -> None:
    """`policy lock` decides by the same trust policy as the gate that will use what it locks."""
    write(place / "trust.yaml", POLICY + "  policy: {signers: [release]}\nrevocations: [revoked]\n")
    write(place / "pack/controls/X-01/control.rego", "package probatum.controls.x_01\n")
    refused = run("policy", "lock", place / "pipeline", "--policies", place / "pack", "--trust", place / "trust.yaml")
    assert (refused.exit_code, "cannot read" in last_line(refused)) == (2, True)
    revoke(place, "policy", HEX, key="release")
    doubtful = run("policy", "lock", place / "pipeline", "--policies", place / "pack", "--trust", place / "trust.yaml")
    assert (doubtful.exit_code, "cannot be relied on" in last_line(doubtful)) == (2, True)
