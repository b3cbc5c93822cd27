"""`probatum gate`: one command from files to a signed verdict, and a clear end whatever happens."""

import json
import os
from pathlib import Path

import pytest
from command_case import last_line, tree

from probatum.collectors.hashes import Hashes


def test_a_verdict_is_written_verified_and_replayed(run, pipeline: Path, tmp_path: Path) -> None:
    out = tmp_path / "verdict"
    made = run("gate", pipeline, "--out", out)
    assert made.exit_code in (1, 3)  # nothing is signed here, so nothing can pass whole
    assert "SHA256:" in made.stderr
    assert "nobody else trusts it" in made.stderr
    assert "MODEL-01" in made.stdout
    assert last_line(made).endswith(f"(exit {made.exit_code})")
    checked = run("verify", out, "--subject", pipeline, "--replay", "--format", "json")
    document = json.loads(checked.stdout)
    assert document["verified"] is True
    assert checked.exit_code == made.exit_code


def test_without_out_nothing_is_written(run, pipeline: Path, tmp_path: Path, own_configuration: Path) -> None:
    before = tree(tmp_path)
    made = run("gate", pipeline, "--format", "json")
    assert json.loads(made.stdout)["schema"] == "https://probatum.dev/assessment/v1"
    assert tree(tmp_path) == before
    assert tree(own_configuration) == {}


@pytest.mark.parametrize("format", ["text", "json", "sarif", "junit", "markdown"])
def test_the_exit_code_is_the_same_in_every_format(run, pipeline: Path, tmp_path: Path, format: str) -> None:
    first = run("gate", pipeline)
    second = run("gate", pipeline, "--format", f"{format}={tmp_path / 'report'}", "--quiet")
    assert second.exit_code == first.exit_code
    assert second.stdout == ""
    assert (tmp_path / "report").read_text()
    assert len(second.stderr.splitlines()) == 1


def test_the_same_input_gives_the_same_bytes(run, pipeline: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run("gate", pipeline, "--out", tmp_path / name, "--now", "2026-11-20T07:00:00Z", "-q")
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert len(tree(tmp_path / "a")) > 5


def test_a_given_time_and_a_skipped_collector_are_in_the_record(run, pipeline: Path) -> None:
    made = run("gate", pipeline, "--now", "2026-11-20T07:00:00Z", "--skip", "hashes", "--format", "json")
    document = json.loads(made.stdout)
    assert {"time_given", "collector_skipped"} <= {item["code"] for item in document["bypasses"]}
    assert document["evaluated_at"] == "2026-11-20T07:00:00Z"
    assert made.exit_code == 3 or document["result"] == "fail"


def test_source_date_epoch_sets_the_time(run, pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    document = json.loads(run("gate", pipeline, "--format", "json").stdout)
    assert document["evaluated_at"] == "1970-01-01T00:00:00Z"


def test_an_unsigned_package_says_so_and_is_refused(run, pipeline: Path, tmp_path: Path) -> None:
    out = tmp_path / "verdict"
    made = run("gate", pipeline, "--out", out, "--no-sign")
    assert "NOT signed" in made.stderr
    assert (out / "assessment.unsigned.json").is_file()
    assert not (out / "verdict.dsse.json").exists()
    run("keys", "new", tmp_path / "k", "--no-encrypt")
    assert run("verify", out, "--public-key", tmp_path / "k.pub").exit_code == 1


def test_an_empty_folder_is_inconclusive_and_never_passes(run, tmp_path: Path) -> None:
    made = run("gate", tmp_path)
    assert made.exit_code == 3
    assert "exit 3" in last_line(made)


def test_a_folder_without_a_manifest_is_searched(run, pipeline: Path) -> None:
    (pipeline / "probatum.yaml").unlink()
    (pipeline / "notes.md").write_text("x")
    made = run("gate", pipeline, "--format", "json")
    assert "found model:m.npy" in made.stderr
    assert "passed over notes.md" in made.stderr
    document = json.loads(made.stdout)
    subjects = {entry["subject"] for control in document["controls"] for entry in control["subjects"]}
    assert {"model:m.npy", "dataset:d.csv", "dependency_set:requirements.txt"} <= subjects


def test_undeclared_models_block_unless_the_manifest_says_otherwise(run, pipeline: Path) -> None:
    (pipeline / "stray.pkl").write_bytes(b"\x80\x04N.")
    blocked = json.loads(run("gate", pipeline, "--format", "json").stdout)
    assert [reason["code"] for reason in blocked["reasons"] if "stray.pkl" in reason["message"]] == ["undeclared"]
    manifest = pipeline / "probatum.yaml"
    manifest.write_text(manifest.read_text() + "undeclared: ignore\n")
    ignored = json.loads(run("gate", pipeline, "--format", "json").stdout)
    assert "undeclared" not in {reason["code"] for reason in ignored["reasons"]}
    assert any("undeclared" in item["code"] for item in ignored["bypasses"])


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (("name: small", "name: [small]"), "pipeline.name"),
        (("kind: model", "kind: 7"), "subjects.0.kind"),
        (("m.npy", "absent.npy"), "does not exist"),
        (("m.npy", "../../etc"), "outside"),
        (("subjects:", "parameters: {MODEL-99: {}}\nsubjects:"), "MODEL-99"),
        (("subjects:", "parameters: {MODEL-01: {min_tier: lofty}}\nsubjects:"), "min_tier"),
        (("subjects:", "checklist: secure-pipelin\nsubjects:"), "secure-pipelin"),
        (("subjects:", "collectors: {hashs: {}}\nsubjects:"), "hashs"),
        (("subjects:", "trust: absent.yaml\nsubjects:"), "absent.yaml"),
        (("pipeline:", "pipeline"), "probatum.yaml:"),
    ],
)
def test_a_wrong_manifest_is_one_clear_error(run, pipeline: Path, change: tuple[str, str], part: str) -> None:
    manifest = pipeline / "probatum.yaml"
    assert change[0] in manifest.read_text()
    manifest.write_text(manifest.read_text().replace(*change, 1))
    made = run("gate", pipeline)
    assert made.exit_code == 2
    assert made.stdout == ""
    assert part in made.stderr
    assert "remedy: " in made.stderr
    assert "Traceback" not in made.stderr
    assert last_line(made).endswith("(exit 2)")


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--format", "yaml"], "formats are"),
        (["--format", "json", "--format", "sarif"], "two formats"),
        (["--format", "json="], "FORMAT=FILE"),
        (["--now", "yesterday"], "--now"),
        (["--now", "2026-11-20T07:00:00"], "no time zone"),
        (["--now", "0001-01-01T00:00:00Z"], "1970 to 9998"),
        (["--now", "9999-12-31T23:59:59Z"], "1970 to 9998"),
        (["--skip", "hash"], "did you mean 'hashes'"),
        (["--key", "absent.pem"], "absent.pem"),
        (["--key", "magic:key"], "magic"),
        (["--stage", "prod"], "prod"),
        (["--engine", "opa", "--opa-url", "not a url"], "OPA server"),
    ],
)
def test_a_wrong_option_is_one_clear_error(run, pipeline: Path, tmp_path: Path, options: list[str], part: str) -> None:
    made = run("gate", pipeline, "--out", tmp_path / "v", *options)
    assert made.exit_code in (2, 3)
    assert part in made.stderr + made.stdout
    assert "Traceback" not in made.stderr


def test_nothing_at_the_path(run, tmp_path: Path) -> None:
    made = run("gate", tmp_path / "absent")
    assert made.exit_code == 2
    assert "no pipeline at" in last_line(made)


@pytest.mark.parametrize("where", ["/proc/probatum", "file/verdict"])
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_lost(
    run, pipeline: Path, tmp_path: Path, where: str
) -> None:
    (tmp_path / "file").write_text("here")
    made = run("gate", pipeline, "--out", tmp_path / where)  # an absolute path stays itself
    assert made.exit_code == 2
    assert "verdict" in last_line(made) or "/proc/probatum" in last_line(made)
    assert (tmp_path / "file").read_text() == "here"


def test_a_folder_with_something_else_in_it_is_not_replaced(run, pipeline: Path) -> None:
    made = run("gate", pipeline, "--out", pipeline)
    assert made.exit_code == 2
    assert "not a verdict package" in last_line(made)
    assert (pipeline / "m.npy").exists()


def test_a_failed_run_leaves_the_previous_verdict(run, pipeline: Path, tmp_path: Path) -> None:
    out = tmp_path / "verdict"
    run("gate", pipeline, "--out", out)
    before = tree(out)
    (pipeline / "probatum.yaml").write_text("pipeline: 1\n")
    assert run("gate", pipeline, "--out", out).exit_code == 2
    assert tree(out) == before


def test_an_interrupt_keeps_verdict_and_evidence(
    run, pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "verdict"
    run("gate", pipeline, "--out", out)
    before = tree(out)

    def stopped(self: Hashes, context: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(Hashes, "collect", stopped)
    made = run("gate", pipeline, "--out", out)
    assert made.exit_code == 2
    assert "interrupted" in last_line(made)
    assert tree(out) == before
    kept = json.loads((tmp_path / "verdict.partial.json").read_text())
    statuses = {item["collector"]["name"]: item["status"] for item in kept["observations"].values()}
    assert statuses["hashes"] == "skipped"
    assert statuses["dependencies"] == "complete"
    assert run("evaluate", tmp_path / "verdict.partial.json").exit_code in (1, 3)


def test_an_internal_error_is_told_as_one(run, pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import probatum.jobs.gate

    def broken(*args: object) -> object:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(probatum.jobs.gate, "run", broken)
    made = run("gate", pipeline)
    assert made.exit_code == 2
    assert "internal error: ZeroDivisionError: oops" in last_line(made)
    monkeypatch.setenv("PROBATUM_DEBUG", "1")
    assert isinstance(run("gate", pipeline).exception, ZeroDivisionError)


def test_no_color_means_no_escape(run, pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("gate", pipeline).stdout
    assert os.environ["NO_COLOR"] == "1"
