"""Bad input in a pipeline: one clear statement in the result, the right exit code, nothing lost, no traceback."""

import base64
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from command_case import last_line

GIB = 1 << 30


def outcome(run, pipeline: Path, control: str, subject: str) -> dict[str, Any]:
    """What a control said of a subject, after a run that ended as it should."""
    made = run("gate", pipeline, "--format", "json")
    assert made.exit_code in (1, 3), made.output
    assert "Traceback" not in made.output
    assert last_line(made).endswith(f"(exit {made.exit_code})")
    document = json.loads(made.stdout)
    (found,) = [item for item in document["controls"] if item["id"] == control]
    (entry,) = [item for item in found["subjects"] if item["subject"] == subject]
    return dict(entry)


def said(entry: dict[str, Any]) -> str:
    return " | ".join(item["message"] for item in [*entry["findings"], *entry["reasons"]])


def declare(pipeline: Path, old: str, new: str) -> None:
    manifest = pipeline / "probatum.yaml"
    assert old in manifest.read_text()
    manifest.write_text(manifest.read_text().replace(old, new))


def test_a_sparse_model_of_5_gib(run, pipeline: Path) -> None:
    with (pipeline / "m.npy").open("wb") as stream:
        stream.truncate(5 * GIB)
    entry = outcome(run, pipeline, "MODEL-02", "model:m")
    assert entry["outcome"] == "inconclusive"
    assert "m.npy" in said(entry)


def test_a_zip_bomb(run, pipeline: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.npy", bytes(64 << 20))
    with zipfile.ZipFile(pipeline / "m.npy", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(50):
            archive.writestr(f"{number}.npz", inner.getvalue())
    entry = outcome(run, pipeline, "MODEL-02", "model:m")
    assert entry["outcome"] != "pass"
    assert said(entry)


def test_a_symlink_loop_in_a_dataset(run, pipeline: Path) -> None:
    (pipeline / "folder").mkdir()
    (pipeline / "folder" / "a.csv").write_text("1\n")
    (pipeline / "folder" / "loop").symlink_to("../folder")
    (pipeline / "d.csv").unlink()
    declare(pipeline, "d.csv", "folder")
    entry = outcome(run, pipeline, "DATA-02", "dataset:d")
    assert entry["outcome"] != "pass"
    assert "loop" in said(entry)
    assert "symlink" in said(entry)


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("poetry.lock", '[[package]\nname = "x"\n', "poetry.lock"),
        ("uv.lock", "version = \n", "uv.lock"),
        ("Pipfile.lock", '{"default": ', "Pipfile.lock"),
        ("requirements.txt", f"-r absent.txt\nnumpy==2.0.0 --hash=sha256:{'0' * 64}\n", "absent.txt"),
        ("requirements.txt", "numpy==\n", "requirements.txt:1"),
    ],
)
def test_a_lock_file_with_a_syntax_error(run, pipeline: Path, name: str, text: str, part: str) -> None:
    declare(pipeline, "requirements.txt", name)
    (pipeline / name).write_text(text)
    entry = outcome(run, pipeline, "SUPPLY-01", "dependency_set:l")
    assert entry["outcome"] != "pass"
    assert part in said(entry)


def test_an_advisory_that_is_not_osv(run, pipeline: Path) -> None:
    (pipeline / "advisories").mkdir()
    (pipeline / "advisories" / "odd.json").write_text('{"name": "no advisory"}')
    good = {"id": "X-1", "modified": "2026-01-01T00:00:00Z", "affected": []}
    (pipeline / "advisories" / "good.json").write_text(json.dumps(good))
    declare(pipeline, "subjects:", "collectors: {dependency_audit: {advisories: advisories}}\nsubjects:")
    entry = outcome(run, pipeline, "SUPPLY-02", "dependency_set:l")
    assert entry["outcome"] == "inconclusive"
    assert "odd.json" in said(entry)


TRUST = """\
version: 1
keys: {{builder: {{pem: "{pem}"}}}}
roles: {{provenance: {{signers: [builder]}}}}
"""


@pytest.fixture
def signed(run, pipeline: Path, tmp_path: Path) -> dict[str, Any]:
    """A provenance envelope over the model, signed by a trusted key."""
    from probatum.attestations.documents import dsse
    from probatum.attestations.keys.signing_key import key_from_file

    run("keys", "new", tmp_path / "builder.pem", "--no-encrypt")
    pem = (tmp_path / "builder.pem.pub").read_text().replace("\n", "\\n")
    (pipeline / "trust.yaml").write_text(TRUST.format(pem=pem))
    declare(pipeline, "subjects:", "trust: trust.yaml\nsubjects:")
    import hashlib

    digest = hashlib.sha256((pipeline / "m.npy").read_bytes()).hexdigest()
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "m.npy", "digest": {"sha256": digest}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://b.example/t",
                "externalParameters": {},
                "resolvedDependencies": [],
            },
            "runDetails": {"builder": {"id": "https://b.example"}},
        },
    }
    envelope = dsse.sign(json.dumps(statement).encode(), [key_from_file(tmp_path / "builder.pem")])
    document: dict[str, Any] = json.loads(envelope.to_bytes())
    return document


def write_envelope(pipeline: Path, text: str) -> None:
    (pipeline / "attestations").mkdir(exist_ok=True)
    (pipeline / "attestations" / "p.dsse.json").write_text(text)


def test_the_envelope_is_good_before_it_is_spoiled(run, pipeline: Path, signed: dict[str, Any]) -> None:
    write_envelope(pipeline, json.dumps(signed))
    assert "no verified provenance" not in said(outcome(run, pipeline, "TRAIN-12", "model:m"))


@pytest.mark.parametrize("spoil", ["payload type", "signed twice by one key", "duplicate key", "payload", "nonsense"])
def test_a_spoiled_envelope_is_refused_and_named(run, pipeline: Path, signed: dict[str, Any], spoil: str) -> None:
    text = json.dumps(signed)
    if spoil == "payload type":
        text = json.dumps({**signed, "payloadType": "text/plain"})
    elif spoil == "signed twice by one key":
        twin = {**signed["signatures"][0], "keyid": "another"}
        declare_threshold(pipeline)
        text = json.dumps({**signed, "signatures": [signed["signatures"][0], twin]})
    elif spoil == "duplicate key":
        text = text.replace('"payload":', '"payload": "e30=", "payload":', 1)
    elif spoil == "payload":
        text = json.dumps({**signed, "payload": base64.b64encode(b'{"_type": "x"}').decode()})
    elif spoil == "nonsense":
        text = "{"
    write_envelope(pipeline, text)
    entry = outcome(run, pipeline, "TRAIN-12", "model:m")
    assert entry["outcome"] != "pass"
    assert "p.dsse.json" in said(entry)


def declare_threshold(pipeline: Path) -> None:
    """Two signers are needed; the second key is of nobody who signed."""
    from probatum.attestations.keys.signing_key import new_key

    trust = pipeline / "trust.yaml"
    pem = new_key().public.pem.replace("\n", "\\n")
    text = trust.read_text().replace("roles:", f'  other: {{pem: "{pem}"}}\nroles:').replace("keys: {", "keys:\n  ")
    text = text.replace("}}\n  other", "}\n  other").replace(
        "signers: [builder]", "signers: [builder, other], threshold: 2"
    )
    trust.write_text(text)


def test_a_pipeline_that_cannot_be_listed(run, pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def refusing(path: Any) -> Any:  # root may list everything, so the refusal is made here
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    (pipeline / "closed").mkdir()
    monkeypatch.setattr(os, "scandir", refusing)
    made = run("gate", pipeline)
    assert made.exit_code in (1, 3)
    assert "Traceback" not in made.output
