"""Literal secrets are found wherever they lie, and their values appear nowhere."""

import base64
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifest_case import one, pod_of

from probatum.collectors.kubernetes.literal_secrets import command_secrets, named_secret, secret_in, secret_reason

FAKE_AWS = "AKIA" + "Q7" * 8  # spelled so that no scanner takes this file for a leak
FAKE_GITHUB = "ghp_" + "a1B2" * 9
FAKE_PEM = "-----BEGIN RSA " + "PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("DB_PASSWORD", "hunter2", "its name"),
        ("apiKey", "abc", "its name"),
        ("wandbApiKey2", "abcdef", "its name"),
        ("CONNECTION_STRING", "Server=db", "its name"),
        ("ANY", FAKE_AWS, "AWS"),
        ("ANY", FAKE_GITHUB, "GitHub"),
        ("ANY", FAKE_PEM, "private key"),
        ("DATABASE_URL", "postgres://user:p4ss@db/x", "URL"),
        ("ANY", "x9Kd83jLqP0zRt7VbN2mW5sY", "random"),
        ("PASSWORD", "${{ secrets.A || 'devpass' }}", "falls back"),
        ("TOKEN_FILE", FAKE_GITHUB, "GitHub"),
    ],
)
def test_secrets_are_told_by_form_or_name(name: str, value: str, reason: str) -> None:
    assert reason in str(secret_reason(name, value))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PASSWORD", ""),
        ("PASSWORD", "$(FROM_SECRET)"),
        ("PASSWORD", "${{ secrets.PW }}"),
        ("PASSWORD", "$PW"),
        ("CLIENT_SECRET", "vault:secret/data/app#key"),
        ("DATABASE_URL", "postgres://user:$(PW)@db/x"),
        ("MAX_TOKENS", "512"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("PASSWORD_FILE", "/run/secrets/pw"),
        ("SECRET_NAME", "wandb"),
        ("PASSWORD_MIN_LENGTH", "12"),
        ("USE_TOKEN", "true"),
        ("DATASET_SHA256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        ("EXPERIMENT", "ResNet50ImageNetBaseline2024RunA"),
        ("PYTHONPATH", "/usr/lib/python3/dist-packages:/opt/App1"),
        ("MLFLOW_TRACKING_URI", "http://mlflow.ml.svc:5000"),
        ("123", "456"),
        ("storageSecretNameAnnotation", "a.b/c"),
        ("SECRET_KEY_REF_1", "x"),
    ],
)
def test_what_is_no_literal_secret_is_left_alone(name: str, value: str) -> None:
    assert secret_reason(name, value) is None


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("train --epochs 20 --max-tokens 512 --token-file /x", []),
        ("run --password hunter2", ["--password"]),
        ("run --password=hunter2 --api-key $KEY", ["--password"]),
        ("export DB_PASSWORD='hunter 2'; go", ["DB_PASSWORD"]),
        ('PASS="$(cat /x)" go', []),
        ("login --password-stdin", []),
        ("login --password --user x", []),
        ("curl -u user:pass https://x", ["--user"]),
        ("curl -u user:$PASS https://x", []),
        ("curl -H 'Authorization: Bearer abcdefghijkl' https://x", ["command"]),
        ('curl -H "Authorization: Bearer $TOKEN" https://x', []),
        ("PASSWORD=${{ secrets.X }} run", []),
        (f"git clone https://u:{FAKE_GITHUB}@github.com/x/y", ["command"]),
    ],
)
def test_command_lines(command: str, names: list[str]) -> None:
    assert [name for name, _ in command_secrets(command)] == names


def test_secrets_of_a_container(tmp_path: Path) -> None:
    text = f"""
apiVersion: v1
kind: Pod
metadata: {{name: p}}
spec:
  containers:
    - name: c
      command: [sh, -c]
      args: ["wandb login --api-key=abcdef123 && python x.py"]
      env:
        - {{name: PASSWORD, value: hunter2}}
        - {{name: PORT, value: 8080}}
        - {{name: FROM, valueFrom: {{secretKeyRef: {{name: s, key: k}}}}}}
        - {{name: EMPTY}}
      envFrom: [{{secretRef: {{name: whole}}}}]
      livenessProbe: {{httpGet: {{httpHeaders: [{{name: Authorization, value: Basic YWRtaW46YWRtaW4=}}]}}}}
      readinessProbe: {{exec: {{command: [check, --token, {FAKE_GITHUB}]}}}}
"""
    observation = one(tmp_path, text)
    (container,) = observation.result["pods"][0]["containers"]
    found = {(row["name"], row["secret_like"]) for row in container["env_literals"]}
    assert {("PASSWORD", True), ("PORT", False), ("command line: --api-key", True)} <= found
    assert ("livenessProbe: Authorization", True) in found
    assert ("readinessProbe: --token", True) in found
    assert container["env_from_secret"] == ["s", "whole"]
    assert observation.result["secret_literals"] == sum(row["secret_like"] for row in container["env_literals"]) + len(
        observation.result["literals"]
    )
    shown = json.dumps(observation.to_document())
    for secret in ("hunter2", "abcdef123", "YWRtaW46", FAKE_GITHUB):
        assert secret not in shown


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({"kind": "Secret", "data": {"k": "eA=="}, "stringData": {"l": "x", "empty": ""}}, ["data.k", "stringData.l"]),
        ({"kind": "Secret", "data": {"k": "ENC[AES256_GCM,data:x]"}, "sops": {"mac": "x"}}, []),
        ({"kind": "Secret", "data": {"k": "ENC[AES256_GCM,data:x]"}}, ["data.k"]),
        ({"kind": "ConfigMap", "data": {"db.password": "hunter2", "epochs": "20"}}, ["data.db.password"]),
        ({"kind": "ConfigMap", "data": {"app.env": "EPOCHS=3\nexport API_KEY=abcdef\n"}}, ["data.app.env"]),
        ({"kind": "ConfigMap", "data": {"app.json": '{"credentials": {\n"a": 1},\n"token": [1]}'}}, []),
        ({"kind": "ConfigMap", "data": {"app.yaml": "a: 1\nsecret: ${SECRET}\n"}}, []),
        ({"kind": "ConfigMap", "binaryData": {"k": base64.b64encode(FAKE_PEM.encode()).decode()}}, ["binaryData.k"]),
        ({"kind": "ConfigMap", "binaryData": {"k": "not base64!"}}, []),
        ({"kind": "Service", "metadata": {"annotations": {"note": f"key {FAKE_AWS}"}}}, ["metadata.annotations.note"]),
        ({"kind": "ConfigMap", "data": {"multi": f"x\ny {FAKE_AWS}\n"}}, ["data.multi"]),
    ],
)
def test_secrets_of_objects(tmp_path: Path, document: dict[str, object], names: list[str]) -> None:
    observation = one(tmp_path, json.dumps({"apiVersion": "v1", **document}))
    assert [row["name"] for row in observation.result["literals"]] == names
    assert observation.result["secret_literals"] == len(names)
    assert FAKE_AWS not in json.dumps(observation.to_document())


def test_a_configuration_without_secrets_is_clean(tmp_path: Path) -> None:
    pod = pod_of(tmp_path, "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: c, env: [{name: A, value: b}]}]}\n")
    assert pod["containers"][0]["env_literals"] == [{"name": "A", "secret_like": False, "reason": ""}]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200), st.text(max_size=200))
def test_no_text_breaks_the_judgement_or_is_shown(name: str, value: str) -> None:
    reason = secret_reason(name, value)
    assert reason is None or len(value) < 12 or value not in reason
    assert list(command_secrets(value)) is not None
    assert named_secret(name) in (True, False)


@pytest.mark.parametrize(
    "unit", ["a", "eyJ", "eyJ-", "curl ", "a:b@", "://", "-----BEGIN A ", "A=", "${{", "sk-", "x--password "]
)
def test_long_texts_are_judged_in_linear_time(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    start = time.perf_counter()
    secret_in(text)
    list(command_secrets(text))
    secret_reason("PASSWORD", text)
    assert time.perf_counter() - start < 8
