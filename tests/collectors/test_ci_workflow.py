"""CI workflow files: literal secrets are found, references are not, and nothing is passed over in silence."""

import json
from pathlib import Path

import pytest
from manifest_case import context_of

from probatum.collectors.ci_workflow import CiWorkflow
from probatum.evaluator.graph import Observation, Status, Subject

FAKE_GITHUB = "ghp_" + "a1B2" * 9
GITHUB = """
name: train
on: {push: {branches: [main]}, workflow_dispatch: {inputs: {db_password: {default: hunter2}}}}
permissions: {contents: read, id-token: write}
env:
  WANDB_API_KEY: ${{ secrets.WANDB_API_KEY }}
  REGISTRY: ghcr.io/org
  DB_PASSWORD: hunter2
jobs:
  train:
    runs-on: ubuntu-24.04
    container:
      image: python:3.11
      credentials: {username: bot, password: "${{ secrets.PULL }}"}
    services:
      db: {image: postgres, env: {POSTGRES_PASSWORD: postgres}}
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683
        with: {token: "${{ github.token }}", fetch-depth: 0}
      - uses: some/login@v1
        with:
          password: s3cretvalue
          token: prefix-${{ secrets.T }}
          api-key: ${{ secrets.K || 'fallback1' }}
      - run: |
          export TOKEN="${{ secrets.T }}"
          python train.py --api-key=abcdef123
      - name: note ghp_not_long_enough
        run: |
          curl -H "Authorization: Bearer $TOKEN" https://x
  call:
    uses: ./.github/workflows/other.yml
    secrets: {artifactory: literalvalue, good: "${{ secrets.G }}"}
"""
GITLAB = """
variables:
  GIT_DEPTH: "10"
  API_TOKEN: abcdef123
  DB_PASSWORD: {value: hunter2, description: the password}
default: {before_script: [echo hi]}
.base: {script: [echo a]}
train:
  script:
    - !reference [.base, script]
    - login --password $CI_REGISTRY_PASSWORD
    - mlflow --token abcdef999
"""


def collect(root: Path, files: dict[str, str]) -> Observation:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    context = context_of(root, "pipeline", {})
    context = type(context)(root, {"name": "p"}, {"pipeline:p": Subject("pipeline", "p")})
    assert CiWorkflow().available(context).ready
    (observation,) = CiWorkflow().collect(context)
    assert observation.subject == "pipeline:p"
    assert observation.inputs == {}
    return observation


def test_a_github_workflow(tmp_path: Path) -> None:
    observation = collect(tmp_path, {".github/workflows/train.yml": GITHUB})
    assert observation.status is Status.COMPLETE
    found = {(row["location"], row["name"]) for row in observation.result["literals"]}
    assert found == {
        ("env", "DB_PASSWORD"),
        ("on.workflow_dispatch.inputs.db_password", "db_password"),
        ("jobs.train.services.db.env", "POSTGRES_PASSWORD"),
        ("jobs.train.steps[1].with", "password"),
        ("jobs.train.steps[1].with", "api-key"),
        ("jobs.train.steps[2]", "--api-key"),
        ("jobs.call.secrets", "artifactory"),
    }
    shown = json.dumps(observation.to_document())
    for secret in ("hunter2", "s3cretvalue", "fallback1", "abcdef123", "literalvalue"):
        assert secret not in shown


def test_a_gitlab_pipeline_with_its_own_tags(tmp_path: Path) -> None:
    observation = collect(tmp_path, {".gitlab-ci.yml": GITLAB})
    assert observation.status is Status.COMPLETE
    assert observation.result["files"][0]["system"] == "gitlab-ci"
    assert {(row["location"], row["name"]) for row in observation.result["literals"]} == {
        ("variables", "API_TOKEN"),
        ("variables.DB_PASSWORD", "DB_PASSWORD"),
        ("train", "--token"),
    }


def test_no_workflow_is_complete_with_no_files(tmp_path: Path) -> None:
    observation = collect(tmp_path, {})
    assert observation.status is Status.COMPLETE
    assert observation.result == {"files": [], "literals": [], "literal_count": 0}


def test_every_place_of_github_and_gitlab_is_read(tmp_path: Path) -> None:
    names = [
        ".github/workflows/a.yaml",
        ".github/actions/x/action.yml",
        "action.yml",
        ".gitlab/ci/sub/b.yml",
        "c.gitlab-ci.yml",
    ]
    observation = collect(tmp_path, dict.fromkeys(names, f"x: {FAKE_GITHUB}\n"))
    assert sorted(file["file"] for file in observation.result["files"]) == sorted(names)
    assert sorted(row["file"] for row in observation.result["literals"]) == sorted(names)
    assert {row["reason"] for row in observation.result["literals"]} == {"a GitHub token"}


@pytest.mark.parametrize(
    ("text", "part"),
    [("a: [\n", ".yml:2 is not valid YAML"), ("a: 1\na: 2\n", "twice"), ("a: !custom [x]\n", "has a tag")],
)
def test_a_workflow_that_cannot_be_read_is_coverage(tmp_path: Path, text: str, part: str) -> None:
    observation = collect(tmp_path, {".github/workflows/bad.yml": text, ".github/workflows/good.yml": GITHUB})
    assert observation.status is Status.PARTIAL
    assert part in observation.coverage.skipped[0].reason
    assert len(observation.result["literals"]) == 7


def test_other_systems_are_named_as_not_judged(tmp_path: Path) -> None:
    observation = collect(tmp_path, {".circleci/config.yml": "a: 1", "Jenkinsfile": "x"})
    assert observation.status is Status.PARTIAL
    assert {item.item for item in observation.coverage.skipped} == {".circleci/config.yml", "Jenkinsfile"}


def test_links_out_of_the_pipeline_are_not_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    (outside / "a.yml").write_text(GITHUB)
    (root / ".github").mkdir(parents=True)
    (root / ".github" / "workflows").symlink_to(outside)
    (root / "action.yml").symlink_to(outside / "a.yml")
    (root / ".gitlab-ci.yml").mkdir()
    observation = collect(root, {})
    assert observation.status is Status.PARTIAL
    assert observation.result["literals"] == []
    assert all("symlinks are not followed" in item.reason for item in observation.coverage.skipped)
    assert len(observation.coverage.skipped) == 3


def test_an_unreadable_or_large_workflow_is_coverage(tmp_path: Path) -> None:
    path = tmp_path / ".github" / "workflows"
    path.mkdir(parents=True)
    with (path / "large.yml").open("wb") as stream:
        stream.truncate(9 * 1024 * 1024)
    assert "too large" in collect(tmp_path, {}).coverage.skipped[0].reason
