"""`probatum policy lock`, and packs of policies in gate, evaluate, verify, controls and explain."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from command_case import last_line
from opa_case import needs_opa
from policy_case import module
from signing_case import ed_key, envelope, statement
from signing_case import sha256 as digest_of
from source_case import checklist, files, parameters, write

from probatum.attestations.trust.predicates import POLICY_BUNDLE
from probatum.evaluator.bundle import pack_entries
from probatum.evaluator.policies import PolicySet

KEY = ed_key()
GOVERNED = checklist("governed", "GOV-03").replace("[{id: GOV-03}]", "[{id: GOV-03}, {id: MODEL-01}]")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def acme(pipeline: Path) -> Path:
    """A pack beside the manifest, which names it."""
    more = {"checklists__governed": GOVERNED, "checklists__acme": checklist("acme")}
    write(pipeline / "packs/acme", files(**more))
    with (pipeline / "probatum.yaml").open("a") as stream:
        stream.write("policies: [packs/acme]\n")
    return pipeline / "packs/acme"


def assessed(result: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def outcome(document: dict[str, Any], control: str) -> str:
    return next(str(item["outcome"]) for item in document["controls"] if item["id"] == control)


def test_lock_writes_what_the_manifest_names(run, pipeline: Path, acme: Path) -> None:
    done = run("policy", "lock", pipeline)
    assert (done.exit_code, "1 packs, 1 changes" in last_line(done)) == (0, True)
    locked = json.loads((pipeline / "probatum.lock").read_text())
    expected = PolicySet.load(acme).digest
    assert [(item["source"], item["digest"]["sha256"]) for item in locked["packs"]] == [("packs/acme", expected)]
    assert "new: packs/acme" in done.stdout
    again = run("policy", "lock", pipeline, "-f", "json")
    assert [item["change"] for item in assessed(again)["packs"]] == ["unchanged"]
    (acme / "lib").mkdir()
    (acme / "lib/x.rego").write_text("package acme.x\n")
    assert "changed: packs/acme" in run("policy", "lock", pipeline).stdout


def test_lock_tells_what_is_gone(run, pipeline: Path, acme: Path) -> None:
    run("policy", "lock", pipeline)
    text = (pipeline / "probatum.yaml").read_text()
    acme.rename(acme.with_name("bank"))
    (pipeline / "probatum.yaml").write_text(text.replace("packs/acme", "packs/bank"))
    done = run("policy", "lock", pipeline)
    assert "no longer there: packs/acme" in done.stdout


def test_lock_without_packs_teaches(run, pipeline: Path) -> None:
    done = run("policy", "lock", pipeline)
    assert done.exit_code == 2
    assert "policies: [SOURCE]" in done.stderr
    assert not (pipeline / "probatum.lock").exists()
    assert "Example: probatum policy lock" in run("policy", "lock", "--help").output


def test_lock_resolves_a_branch_and_gate_notices_that_it_moved(run, pipeline: Path, tmp_path: Path) -> None:
    repository = write(tmp_path / "theirs", files(checklists__acme=checklist("acme")))

    def git(*arguments: str) -> None:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments]
        subprocess.run(command, cwd=repository, capture_output=True, check=True)

    git("init", "--quiet", "-b", "main", ".")
    git("add", ".")
    git("commit", "--quiet", "-m", "x")
    source = f"git+file://{repository}@main"
    with (pipeline / "probatum.yaml").open("a") as stream:
        stream.write(f"policies: ['{source}']\n")
    assert "policy lock" in run("gate", pipeline, "-c", "acme").stderr
    assert run("policy", "lock", pipeline).exit_code == 0
    found = assessed(run("gate", pipeline, "-c", "acme", "-f", "json"))
    assert [pack["locked"] for pack in found["packs"]] == [False, True]
    (repository / "lib").mkdir()
    (repository / "lib/x.rego").write_text("package acme.x\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "y")
    moved = run("gate", pipeline, "-c", "acme")
    assert (moved.exit_code, "has moved" in last_line(moved)) == (2, True)


def test_gate_is_held_to_the_lock_file(run, pipeline: Path, acme: Path) -> None:
    run("policy", "lock", pipeline)
    before = PolicySet.load(acme).digest
    write(acme, {"controls/ACME-01/control.rego": (module(id="ACME-01") + "\n").encode()})
    done = run("gate", pipeline, "-c", "acme")
    assert (done.exit_code, "not what was locked" in last_line(done)) == (2, True)
    assert before in done.stderr
    assert PolicySet.load(acme).digest in done.stderr
    ignored = assessed(run("gate", pipeline, "-c", "acme", "--no-locked", "-f", "json"))
    assert "lock_ignored" in [item["code"] for item in ignored["bypasses"]]


def test_what_is_not_locked_is_refused_where_there_is_a_lock_file(run, pipeline: Path, acme: Path) -> None:
    assert run("gate", pipeline, "-c", "acme", "--locked").exit_code == 2
    run("policy", "lock", pipeline)
    (pipeline / "probatum.yaml").write_text(
        (pipeline / "probatum.yaml").read_text().replace("[packs/acme]", "[packs/acme, packs/more]")
    )
    write(pipeline / "packs/more", files("MORE-01"))
    done = run("gate", pipeline, "-c", "acme")
    assert "packs/more is not locked" in last_line(done)


@needs_opa
@pytest.mark.parametrize("engine", ["regorus", "opa"])
def test_a_verdict_over_packs_is_replayed_with_either_engine(run, pipeline: Path, acme: Path, engine: str) -> None:
    strict = module(id="ACME-02").replace("tiny.acme_02", "bank.acme_02").encode()
    top = {"controls/ACME-02/control.rego": strict}
    write(pipeline / "bank", {**top, "parameters/bank.yaml": parameters("ACME-01", "{max_age_days: 3}").encode()})
    text = (pipeline / "probatum.yaml").read_text()
    (pipeline / "probatum.yaml").write_text(text.replace("[packs/acme]", "[packs/acme, bank]"))
    run("policy", "lock", pipeline)
    out = pipeline.parent / "verdict"
    judged = run("gate", pipeline, "-c", "full", "--out", out, "-f", "json", "--engine", engine)
    document = assessed(judged)
    assert [pack["name"] for pack in document["packs"]] == ["built-in", "acme", "bank"]
    assert [pack["locked"] for pack in document["packs"]] == [False, True, True]
    for other in ("regorus", "opa"):
        checked = run("verify", out, "--replay", "--engine", other)
        assert "VERIFIED" in last_line(checked), checked.stderr
    settings = json.loads((out / "settings.json").read_text())
    assert settings["packs"] == document["packs"]


def test_packs_of_a_settings_file_are_held_against_the_signed_ones(run, pipeline: Path, acme: Path) -> None:
    from probatum import strict_json
    from probatum.attestations.package.files import PackageFiles
    from probatum.attestations.verify.links import check_settings

    out = pipeline.parent / "verdict"
    details = assessed(run("gate", pipeline, "-c", "acme", "--out", out, "-f", "json"))
    settings = json.loads((out / "settings.json").read_text())
    settings["packs"][1]["signed"] = True
    (out / "settings.json").write_bytes(strict_json.canonical(settings))
    rows = check_settings(PackageFiles.open(out), {"predicate": details})
    assert [row.check for row in rows if row.ok is False] == ["settings: packs"]


def governed(run: Any, pipeline: Path, *options: str) -> tuple[str, str]:
    """What GOV-03 decides, and what it finds."""
    document = assessed(run("gate", pipeline, "-c", "governed", "-f", "json", *options))
    control = next(item for item in document["controls"] if item["id"] == "GOV-03")
    found = [finding["message"] for subject in control["subjects"] for finding in subject["findings"]]
    return str(control["outcome"]), "; ".join(found)


def test_gov_03_asks_for_lock_and_signature(run, pipeline: Path, acme: Path) -> None:
    result, found = governed(run, pipeline)
    assert result == "fail"
    assert "not fixed by a digest" in found
    assert "signed by nobody who may: it has no signature" in found
    run("policy", "lock", pipeline)
    assert "not fixed" not in governed(run, pipeline)[1]


def trusting(pipeline: Path, required: str = "false") -> None:
    (pipeline / "k.pub").write_text(KEY.public.pem)
    (pipeline / "trust.yaml").write_text(
        f"version: 1\nrequire_signed_policies: {required}\n"
        "keys: {security: {path: k.pub}}\nroles: {policy: {signers: [security]}}\n"
    )
    with (pipeline / "probatum.yaml").open("a") as stream:
        stream.write("trust: trust.yaml\n")


def test_a_locked_and_signed_pack_is_under_control(run, pipeline: Path) -> None:
    bundle = pack_entries(files(checklists__governed=GOVERNED))
    (pipeline / "acme.tar.gz").write_bytes(bundle)
    made = envelope(statement(digest_of(bundle), predicate_type=POLICY_BUNDLE), KEY)
    (pipeline / "acme.tar.gz.dsse.json").write_bytes(made)
    trusting(pipeline, "true")
    with (pipeline / "probatum.yaml").open("a") as stream:
        stream.write("policies: [acme.tar.gz]\n")
    locked = run("policy", "lock", pipeline)
    assert "key:security" in locked.stdout
    assert governed(run, pipeline) == ("pass", "")
    (pipeline / "acme.tar.gz.dsse.json").unlink()
    refused = run("gate", pipeline)
    assert (refused.exit_code, "not signed by anybody who may" in last_line(refused)) == (2, True)
    assert run("policy", "lock", pipeline).exit_code == 2


def test_a_replacement_is_recorded_and_must_be_agreed(run, pipeline: Path, acme: Path) -> None:
    base = PolicySet.built_in()
    text = base.modules["controls/MODEL-01/control.rego"]
    pinned = f"MODEL-01@sha256:{base.controls['MODEL-01'].sha256}"
    write(acme, {"controls/MODEL-01/control.rego": text.encode()})
    assert run("gate", pipeline, "-c", "governed").exit_code != 2  # the same bytes override nothing
    changed = text.replace("#   id: MODEL-01", f"#   id: MODEL-01\n#   replaces: {pinned}")
    write(acme, {"controls/MODEL-01/control.rego": (text + "\n").encode()})
    refused = run("gate", pipeline, "-c", "governed")
    assert (refused.exit_code, f"replaces: {pinned}" in refused.stderr) == (2, True)
    write(acme, {"controls/MODEL-01/control.rego": changed.encode()})
    document = assessed(run("gate", pipeline, "-c", "governed", "-f", "json"))
    assert document["packs"][1]["replaces"] == [pinned]
    assert {"code": "control_replaced", "message": f"the pack acme replaces {pinned}"} in document["bypasses"]
    assert "replace controls without agreement" in governed(run, pipeline)[1]
    with (pipeline / "probatum.yaml").open("a") as stream:
        stream.write("parameters: {GOV-03: {allowed_replacements: [MODEL-01], require_signature: false}}\n")
    run("policy", "lock", pipeline)
    assert governed(run, pipeline) == ("pass", "")


def test_evidence_about_other_policies_says_nothing(run, pipeline: Path, acme: Path, tmp_path: Path) -> None:
    evidence, manifest = tmp_path / "evidence.json", pipeline / "probatum.yaml"
    assert run("collect", pipeline, "--out", evidence, "-q").exit_code == 0
    same = assessed(run("evaluate", evidence, "--allow-unsigned", "-m", manifest, "-c", "governed", "-f", "json"))
    assert outcome(same, "GOV-03") == "fail"
    write(tmp_path / "clean", {"checklists/governed.yaml": GOVERNED.encode()})
    (tmp_path / "alone.json").write_text("")
    text = manifest.read_text()
    manifest.write_text(text.replace("policies: [packs/acme]\n", ""))
    run("collect", pipeline, "--out", tmp_path / "alone.json", "-q")
    manifest.write_text(text)
    other = assessed(
        run("evaluate", tmp_path / "alone.json", "--allow-unsigned", "-m", manifest, "-c", "governed", "-f", "json")
    )
    assert outcome(other, "GOV-03") == "inconclusive"
    reasons = [item["code"] for each in other["controls"] for s in each["subjects"] for item in s["reasons"]]
    assert "other_digest" in reasons


def test_evidence_is_gathered_where_the_policies_are_not(run, pipeline: Path, acme: Path, tmp_path: Path) -> None:
    acme.rename(tmp_path / "elsewhere")
    assert run("collect", pipeline, "--out", tmp_path / "evidence.json", "-q").exit_code == 0
    found = json.loads((tmp_path / "evidence.json").read_text())["observations"].values()
    observation = next(item for item in found if item["type"] == "policy_packs")
    assert observation["status"] == "failed"
    assert "acme is not a folder of policies" in observation["result"]["error"]


def test_the_report_of_a_pack_says_where_it_came_from(run, pipeline: Path, acme: Path) -> None:
    shown = run("gate", pipeline, "-c", "acme", "-f", "markdown").stdout
    assert "| acme |  | packs/acme | no |  |  |" in shown
    text = (pipeline / "probatum.yaml").read_text()
    (pipeline / "probatum.yaml").write_text(text.replace("policies: [packs/acme]\n", ""))
    alone = run("gate", pipeline, "-c", "full", "-f", "markdown").stdout
    assert ("### Evaluated" in alone, "### Policies" in alone) == (True, False)


def test_controls_and_explain_see_packs(run, pipeline: Path, acme: Path) -> None:
    listed = json.loads(run("controls", "--policies", acme, "-f", "json").stdout)
    assert {"ACME-01", "MODEL-01", "GOV-03"} <= {control["id"] for control in listed}
    alone = json.loads(
        run("controls", "--policies", acme, "--no-built-in", "-f", "json").output.partition("probatum:")[0]
    )
    assert [control["id"] for control in alone] == ["ACME-01"]
    explained = run("explain", "ACME-01", "--pipeline", pipeline, "-c", "acme")
    assert (explained.exit_code, "ACME-01: Tiny" in explained.stdout) == (0, True)


def test_the_manifest_may_do_without_the_built_in_pack(run, pipeline: Path, acme: Path) -> None:
    with (pipeline / "probatum.yaml").open("a") as stream:
        stream.write("built_in_policies: false\n")
    found = assessed(run("gate", pipeline, "-c", "acme", "-f", "json"))
    assert [pack["name"] for pack in found["packs"]] == ["acme"]
    assert found["packs"][0]["digest"] == found["digests"]["policies"]
    on_top = assessed(run("gate", pipeline, "-c", "acme", "-f", "json", "--built-in"))
    assert [pack["name"] for pack in on_top["packs"]] == ["built-in", "acme"]


def test_a_copy_of_an_older_release_is_told_how_to_be_used(run, pipeline: Path, tmp_path: Path) -> None:
    sources = dict(PolicySet.built_in().sources)
    sources["controls/MODEL-01/control.rego"] += b"\n"
    (tmp_path / "old.tar.gz").write_bytes(pack_entries(sources))
    done = run("gate", pipeline, "--policies", tmp_path / "old.tar.gz")
    assert (done.exit_code, "--no-built-in" in done.stderr) == (2, True)
    alone = ("--policies", tmp_path / "old.tar.gz", "--no-built-in")
    assert run("policy", "lock", pipeline, *alone[:2]).exit_code == 2
    assert run("policy", "lock", pipeline, *alone).exit_code == 0
    assert run("gate", pipeline, *alone, "--locked").exit_code in (1, 3)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("policies: packs/acme", "policies is wrong"),
        ("policies: [1]", "policies"),
        ("policies: [a, a]", "policies"),
        ("policies: ['git+https://h/x']", "names no commit"),
        ("policies: [gone]", "not a folder"),
        ("built_in_policies: 1", "built_in_policies"),
        ("built_in_policies: false", "no policies"),
    ],
)
def test_a_manifest_with_wrong_policies_is_refused(run, pipeline: Path, line: str, word: str) -> None:
    with (pipeline / "probatum.yaml").open("a") as stream:
        stream.write(f"{line}\n")
    done = run("gate", pipeline)
    assert done.exit_code == 2
    assert word in done.stderr


def test_policies_from_afar_need_online(run, pipeline: Path) -> None:
    done = run("gate", pipeline, "--policies", f"https://me:s3cret@packs.example/x.tar.gz#sha256={'a' * 64}")
    assert (done.exit_code, "not in the cache" in last_line(done)) == (2, True)
    assert "s3cret" not in done.stderr
