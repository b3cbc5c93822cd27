"""``probatum verify`` from the shell's side: what it takes, what it says, and its exit code."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_case import last_line
from package_case import KEY, assessment, contents, graph, pipeline, written
from replay_case import evaluated
from signing_case import envelope, sha256, statement, write

from probatum import strict_json
from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.package.write import write_package
from probatum.attestations.trust.file import load_trust
from probatum.attestations.trust.predicates import POLICY_BUNDLE, PROVENANCE_V1
from probatum.evaluator.bundle import pack
from probatum.evaluator.policies import PolicySet

Run = Callable[..., Any]
NOW = ("--now", "2026-11-20T07:00:00Z")
TRUST = """\
version: 1
keys: {k: {path: key.pem}}
roles:
  verdict: {signers: [k]}
  provenance: {signers: [k]}
  model: {signers: [k]}
  policy: {signers: [k]}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A signed package, its pipeline, its signer's public key, and a trust policy."""
    written(tmp_path)
    write(tmp_path / "key.pem", KEY.public.pem)
    write(tmp_path / "trust.yaml", TRUST)
    return tmp_path


def trusting(place: Path) -> tuple[object, ...]:
    return ("--trust", place / "trust.yaml", *NOW)


def test_a_package_that_holds(run: Run, place: Path) -> None:
    done = run("verify", place / "verdict", *trusting(place), "-s", place / "pipeline", "--pipeline", "p")
    assert done.exit_code == 0, done.stderr
    assert "VERIFIED" in last_line(done)
    assert "not asked for:" in done.stdout


@pytest.mark.parametrize(
    "options",
    [
        ("--pipeline", "q"), ("--checklist", "other"), ("--stage", "training"), ("--policy-digest", "0" * 64),
        ("--parameters-digest", "0" * 64),
        ("--max-age", "0.5", "--now", "2026-11-21T07:00:00Z"), ("--not-before", "2026-11-20T07:00:01Z"),
        ("--not-before", "2026-11-21"), ("--as-of", "2026-11-21"),
        ("--as-of", "2026-11-20T07:00:00Z"), ("--subject", "/etc/hostname"),
    ],
)  # fmt: skip
def test_a_package_of_something_else(run: Run, place: Path, options: tuple[str, ...]) -> None:
    done = run("verify", place / "verdict", *trusting(place), *options)
    assert done.exit_code == 1
    assert "REFUSED" in last_line(done)


def test_a_date_is_its_first_moment(run: Run, place: Path) -> None:
    done = run("verify", place / "verdict", *trusting(place), "--not-before", "2026-11-20", "--format", "json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["settings"]["not_before"] == "2026-11-20T00:00:00Z"


def test_a_package_by_a_gate_that_trusted_somebody(run: Run, place: Path) -> None:
    """The trust policy that the gate had to have is a file; of parameters the digest is given."""
    wanted = ("--gate-trust", place / "trust.yaml", "--parameters-digest", strict_json.digest({}))
    done = run("verify", place / "verdict", *trusting(place), *wanted)
    assert (done.exit_code, last_line(done)) == (1, "probatum: REFUSED: gate trust (exit 1)")
    written(place, trust=load_trust(place / "trust.yaml"))
    done = run("verify", place / "verdict", *trusting(place), *wanted, "--format", "json")
    assert done.exit_code == 0, done.stderr
    settings = json.loads(done.stdout)["settings"]
    assert settings["gate_trust"] == load_trust(place / "trust.yaml").digest
    assert settings["parameters_digest"] == strict_json.digest({})
    done = run("verify", place / "verdict", *trusting(place), "--gate-trust", place / "none.yaml")
    assert done.exit_code == 2
    assert "none.yaml" in last_line(done)


@pytest.mark.parametrize(("outcome", "code"), [("fail", 1), ("inconclusive", 3)])
def test_a_true_verdict_that_is_not_good(run: Run, place: Path, outcome: str, code: int) -> None:
    made = contents(pipeline(place / "pipeline"))
    bad = assessment(graph(place / "pipeline"), outcome=outcome)
    write_package(place / "verdict", replace(made, assessment=bad), attestor=KeyAttestor([KEY]), version="0")
    done = run("verify", place / "verdict", *trusting(place))
    assert done.exit_code == code
    assert f"its result is {outcome}" in last_line(done)


def test_the_report_as_json(run: Run, place: Path) -> None:
    out = place / "report.json"
    options = ("-s", place / "pipeline", "--no-bypasses", "--format", f"json={out}", "-q")
    assert run("verify", place / "verdict", *trusting(place), *options).exit_code == 0
    document = json.loads(out.read_bytes())
    assert document["verified"] is True
    assert document["settings"]["no_bypasses"] is True
    assert "manifest" not in document


def test_the_manifest(run: Run, place: Path) -> None:
    """On stdout alone, or in a file beside the report; never of what was refused."""
    subject = ("-s", place / "pipeline")
    done = run("verify", place / "verdict", *trusting(place), *subject, "--manifest", "-")
    lines = done.stdout.splitlines()
    assert lines[0] == "# 3 files, 9 bytes"
    assert f"{sha256(b'weights')}  m.bin" in lines
    out = place / "m.sha256"
    done = run("verify", place / "verdict", *trusting(place), *subject, "--manifest", out, "--format", "json")
    assert out.read_text() == "\n".join(lines) + "\n"
    assert [item["path"] for item in json.loads(done.stdout)["manifest"]["files"]] == [
        "data/a.csv",
        "data/b.csv",
        "m.bin",
    ]
    out.unlink()
    write(place / "pipeline" / "m.bin", b"evil")
    done = run("verify", place / "verdict", *trusting(place), *subject, "--manifest", out)
    assert (done.exit_code, out.exists()) == (1, False)
    both = run("verify", place / "verdict", *trusting(place), "--manifest", "-", "--format", "json")
    assert both.exit_code == 2
    assert "both go to stdout" in last_line(both)


def test_an_attestation(run: Run, place: Path) -> None:
    document = statement(sha256(b"weights"), predicate_type=PROVENANCE_V1)
    path = write(place / "a.json", envelope(document, KEY))
    model = place / "pipeline" / "m.bin"
    done = run("verify", path, *trusting(place), "-s", model, "--type", PROVENANCE_V1)
    assert done.exit_code == 0, done.stdout
    assert last_line(done).startswith("probatum: VERIFIED: the attestation is authentic")
    assert run("verify", path, *trusting(place), "--type", "https://x.example").exit_code == 1
    assert run("verify", path, *trusting(place), "-s", place / "trust.yaml").exit_code == 1
    assert run("verify", path, *trusting(place), "--stage", "training").exit_code == 1
    assert run("verify", path, "--public-key", place / "key.pem", *NOW).exit_code == 0
    odd = write(place / "b.json", envelope({**document, "predicateType": "https://x.example/own/v1"}, KEY))
    assert run("verify", odd, "--public-key", place / "key.pem", *NOW).exit_code == 1
    named = ("--public-key", place / "key.pem", "--type", "https://x.example/own/v1")
    assert run("verify", odd, *named, *NOW).exit_code == 0


def test_a_verdict_without_its_package(run: Run, place: Path) -> None:
    done = run("verify", place / "verdict" / "verdict.dsse.json", *trusting(place), "--pipeline", "p")
    assert done.exit_code == 0
    assert "assessment and evidence were not looked at" in done.stdout


def test_the_signature_of_a_file(run: Run, place: Path) -> None:
    model = place / "pipeline" / "m.bin"
    signature = KEY.signer.sign(b"weights").signature
    beside = write(place / "pipeline" / "m.bin.sig", bytes.fromhex(signature))
    done = run("verify", beside, *trusting(place))
    assert done.exit_code == 0, done.stdout
    elsewhere = write(place / "x.sig", bytes.fromhex(signature))
    assert run("verify", elsewhere, *trusting(place), "--artifact", model).exit_code == 0
    assert run("verify", elsewhere, *trusting(place), "--artifact", place / "trust.yaml").exit_code == 1
    assert run("verify", elsewhere, *trusting(place), "--artifact", model, "-s", model).exit_code == 1
    done = run("verify", elsewhere, *trusting(place))
    assert done.exit_code == 2
    assert "not beside it" in last_line(done)
    assert run("verify", elsewhere, *trusting(place), "--artifact", place / "nothing").exit_code == 1


def test_a_bundle_of_policies(run: Run, place: Path) -> None:
    policies = PolicySet({"controls/A-01/control.rego": evaluated_control()})
    bundle = write(place / "acme.tar.gz", pack(policies))
    assert run("verify", bundle, *trusting(place)).exit_code == 1
    document = statement(sha256(bundle.read_bytes()), predicate_type=POLICY_BUNDLE)
    write(place / "acme.tar.gz.dsse.json", envelope(document, KEY))
    done = run("verify", bundle, *trusting(place), "--policy-digest", policies.digest)
    assert done.exit_code == 0, done.stdout
    assert "the bundle of policies is authentic" in last_line(done)
    folder = place / "acme"
    write(folder / "controls/A-01/control.rego", evaluated_control())
    assert run("verify", folder, *trusting(place)).exit_code == 1


def evaluated_control() -> bytes:
    from replay_case import CONTROL

    return CONTROL.replace(b"TEST-01", b"A-01").replace(b"test_01", b"a_01")


def test_a_replay(run: Run, place: Path) -> None:
    write_package(place / "verdict", evaluated({"a": 1}), attestor=KeyAttestor([KEY]), version="0")
    done = run("verify", place / "verdict", *trusting(place), "--replay", "--exact-engine")
    assert done.exit_code == 0, done.stdout
    assert "replay: engine" in done.stdout


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--exact-engine",), "--exact-engine is about the replay"), (("--artifact", "x"), "--artifact is for"),
        (("--type", "x"), "--type is for"), (("--as-of", "yesterday"), "--as-of 'yesterday' is no time"),
        (("--not-before", "2026-11-20T07:00:00"), "is no time"), (("--public-key", "key.pem"), "exclude each other"),
    ],
)  # fmt: skip
def test_options_that_make_no_sense(run: Run, place: Path, options: tuple[str, ...], why: str) -> None:
    done = run("verify", place / "verdict", *trusting(place), *options)
    assert done.exit_code == 2
    assert why in last_line(done)


def test_options_of_packages_for_something_else(run: Run, place: Path) -> None:
    path = write(place / "a.json", envelope(statement("0" * 64), KEY))
    for option in ("--replay", "--exact-engine"):
        done = run("verify", path, *trusting(place), option)
        assert done.exit_code == 2
        assert f"{option} is for verdict packages" in last_line(done)


@pytest.mark.parametrize(
    ("content", "code"), [(b"", 2), (b"x" * 20_000, 2), (b"{}", 1), (b'{"a": 1, "a": 2}', 1), (b"PK\x03\x04", 2)]
)
def test_what_cannot_be_verified(run: Run, place: Path, content: bytes, code: int) -> None:
    assert run("verify", write(place / "x", content), *trusting(place)).exit_code == code
    assert run("verify", place / "nothing", *trusting(place)).exit_code == 2


def test_an_uncompressed_bundle_is_known_by_its_content(run: Run, place: Path) -> None:
    from probatum.evaluator.archive import write_archive

    path = write(place / "policies.json", write_archive({"controls/A-01/control.rego": evaluated_control()}))
    done = run("verify", path, *trusting(place))
    assert done.exit_code == 1
    assert "signature" in last_line(done)


def test_nobody_to_trust(run: Run, place: Path) -> None:
    done = run("verify", place / "verdict", *NOW)
    assert done.exit_code == 2
    assert "there is nothing to trust" in last_line(done)


def whole(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "probatum", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "100"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_a_process_builds_the_command_that_is_asked_for_and_knows_all(run: Run) -> None:
    assert whole("keys", "new", "--help").stdout.startswith("Usage: python -m probatum keys new ")
    every = whole("--help").stdout
    built = run("--help").stdout.replace("Usage: probatum", "Usage: python -m probatum")  # by an app that is whole
    assert every == whole("-h").stdout
    assert every.split() == built.split()
    assert all(f"  {name} " in every for name in ("gate", "verify", "keys", "policy", "trust"))
    assert "--out" in whole("gate", "--help").stdout
    wrong = whole("verfy")
    assert wrong.returncode == 2
    assert "No such command 'verfy'" in wrong.stderr
    assert whole("--version").stdout.startswith("probatum ")


def test_a_verification_loads_nothing_that_it_does_not_need(place: Path) -> None:
    """Start-up is most of what an auditor waits for: clients of clouds, signing and X.509 have no part in this."""
    code = (
        "import sys\nfrom probatum.cli import main\n"
        "try: main()\nexcept SystemExit as end: print(end.code)\n"
        "heavy = ('securesystemslib', 'boto3', 'sigstore', 'in_toto', 'requests', 'cryptography.x509', 'regorus')\n"
        "print(*[name for name in heavy if name in sys.modules])\n"
    )
    arguments = ["verify", str(place / "verdict"), *map(str, trusting(place)), "-q"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n\n"


def test_a_gate_writes_one_file(run: Run, pipeline: Path, tmp_path: Path) -> None:
    """And verifies it; made again at the same time by the same key it is the same file."""
    out = tmp_path / "verdict.zip"
    codes = {run("gate", pipeline, "--out", out, *NOW, "-q").exit_code}
    first = hashlib.sha256(out.read_bytes()).hexdigest()
    codes.add(run("gate", pipeline, "--out", out, *NOW, "-q").exit_code)
    assert len(codes) == 1
    assert hashlib.sha256(out.read_bytes()).hexdigest() == first
    done: Any = run("verify", out, *NOW, "-s", pipeline)
    assert "VERIFIED" in last_line(done), done.stdout
    assert run("report", out, "--format", "markdown").exit_code in (0, 1, 3)
