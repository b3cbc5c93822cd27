"""Which verdicts rested on something, and do they still hold without it?"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_case import last_line
from impact_case import BUILDER, ENGINE, POLICIES, contents, evidence, kept, pack_of
from package_case import KEY
from revocation_case import HEX, STRANGER, of_key
from signing_case import write
from sigstore_case import ISSUER, WORKFLOW, Services
from sigstore_package import signed_package
from typer.testing import CliRunner

from probatum import strict_json
from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.documents import dsse
from probatum.attestations.package.write import write_package
from probatum.attestations.package.zip_package import zip_bytes
from probatum.attestations.revocation.entry import Target, identity_target
from probatum.attestations.revocation.impact import FALLS, HOLDS, UNDECIDED, UNTOUCHED, Affected, impact
from probatum.attestations.revocation.kept_package import packages_in
from probatum.attestations.revocation.package_question import about_package as about
from probatum.attestations.revocation.question import (
    Question,
    about_evidence,
    about_policy,
    about_signer,
)
from probatum.attestations.revocation.software import asked_software
from probatum.attestations.vsa import PACKAGE_FIELD
from probatum.cli import app
from probatum.errors import UsageError


def about_package(text: str) -> Question:
    return about(asked_software(text))


def only(folder: Path, question: Question) -> Affected:
    (answer,) = impact(folder, question, ENGINE)
    return answer


def id_of(type: str, **fields: Any) -> str:
    return next(item.id for item in evidence(**fields) if item.type == type)


def test_evidence_that_a_proof_cites(tmp_path: Path) -> None:
    kept(tmp_path / "v")
    answer = only(tmp_path, about_evidence(id_of("provenance")))
    assert (answer.package, answer.state) == ("v", FALLS)
    assert answer.how == ("proof of TEST-01 for model:m",)
    assert answer.changed == (
        "TEST-01 for model:m: pass becomes inconclusive",
        "the verdict: pass becomes inconclusive",
    )
    assert answer.verdict == {
        "pipeline": "p", "result": "pass", "evaluated_at": "2026-11-20T07:00:00Z", "signed": True,
    }  # fmt: skip


def test_other_evidence_touches_nothing(tmp_path: Path) -> None:
    kept(tmp_path / "v")
    assert only(tmp_path, about_evidence(f"obs:{HEX}")) == Affected("v", UNTOUCHED, verdict=only_verdict())


def only_verdict() -> dict[str, Any]:
    return {"pipeline": "p", "result": "pass", "evaluated_at": "2026-11-20T07:00:00Z", "signed": True}


def test_evidence_beside_which_there_is_more(tmp_path: Path) -> None:
    """The same fact observed twice stands without one of the two."""
    first, second = evidence(), evidence(run=2)
    kept(tmp_path / "v", [*first, second[0]])
    answer = only(tmp_path, about_evidence(first[0].id))
    assert answer.how == ("proof of TEST-01 for model:m",)
    assert (answer.state, answer.changed) == (HOLDS, ())


def test_bad_news_stays_when_its_evidence_is_taken_back(tmp_path: Path) -> None:
    kept(tmp_path / "v", evidence(advisories=("CVE-2026-1",)))
    answer = only(tmp_path, about_evidence(id_of("dependency_audit", advisories=("CVE-2026-1",))))
    assert answer.how == ("finding of TEST-02 for dependency_set:d",)
    assert (answer.state, answer.changed) == (HOLDS, ())


def test_evidence_that_nothing_cites(tmp_path: Path) -> None:
    kept(tmp_path / "v")
    answer = only(tmp_path, about_evidence(id_of("inventory")))
    assert answer.how == ("in the evidence; nothing cites it",)
    assert answer.changed == ("the verdict: pass becomes inconclusive",)


def test_evidence_that_the_gate_knew_to_be_revoked(tmp_path: Path) -> None:
    revoked = {"sha256": HEX, "evidence": [id_of("provenance")]}
    made = contents(evidence(), revocations=revoked)
    write_package(tmp_path / "v", made, attestor=KeyAttestor([KEY]), version="0")
    answer = only(tmp_path, about_evidence(id_of("provenance")))
    assert (answer.state, answer.verdict["result"]) == (HOLDS, "inconclusive")
    assert only(tmp_path, about_evidence(id_of("dependencies"))).changed[0].startswith("TEST-03")


def test_the_key_of_a_verdict(tmp_path: Path) -> None:
    kept(tmp_path / "v")
    answer = only(tmp_path, about_signer(Target("key", KEY.public.id)))
    assert (answer.state, answer.why, answer.how) == (
        FALLS, "it is signed with this key", ("signature of the verdict",),
    )  # fmt: skip
    assert only(tmp_path, about_signer(of_key(STRANGER).target)).state == UNTOUCHED


def test_the_key_behind_evidence(tmp_path: Path) -> None:
    kept(tmp_path / "v")
    answer = only(tmp_path, about_signer(Target("key", BUILDER.public.id)))
    assert answer.how == ("key:builder vouches for provenance of model:m", "proof of TEST-01 for model:m")
    assert (answer.state, len(answer.changed)) == (FALLS, 2)


def test_the_key_behind_policies(tmp_path: Path) -> None:
    kept(tmp_path / "v", packs=[pack_of(HEX, "key:builder")])
    answer = only(tmp_path, about_signer(Target("key", BUILDER.public.id)))
    assert "signature of the policies house" in answer.how
    assert answer.why == "the policies house are signed with it"
    assert only(tmp_path, about_signer(Target("identity", "https://i a@b"))).state == UNTOUCHED


def test_policies(tmp_path: Path) -> None:
    kept(tmp_path / "v", packs=[pack_of()])
    for digest in (POLICIES.digest, HEX):
        answer = only(tmp_path, about_policy(digest))
        assert (answer.state, answer.changed) == (FALLS, ())
        assert "decide again with others" in answer.why
    assert only(tmp_path, about_policy("b" * 64)).state == UNTOUCHED


@pytest.mark.parametrize("name", ["left-pad", "Left_Pad", "LEFT.pad"])
def test_a_package_whose_audit_knew_nothing(tmp_path: Path, name: str) -> None:
    kept(tmp_path / "v")
    answer = only(tmp_path, about_package(name))
    assert answer.found == {
        "versions": ["1.0"], "advisories": [], "dependency_sets": ["dependency_set:d"], "not_told": [],
    }  # fmt: skip
    assert answer.how == ("left-pad 1.0 in dependency_set:d", "proof of TEST-02 for dependency_set:d")
    assert (answer.state, answer.changed[0]) == (FALLS, "TEST-02 for dependency_set:d: pass becomes inconclusive")


def test_a_package_whose_advisory_was_judged(tmp_path: Path) -> None:
    kept(tmp_path / "v", evidence(advisories=("CVE-2026-1",)))
    answer = only(tmp_path, about_package("left-pad"))
    assert (answer.state, answer.found["advisories"]) == (HOLDS, ["CVE-2026-1"])


def test_versions_of_a_package(tmp_path: Path) -> None:
    kept(tmp_path / "v", evidence(version="2.1"))
    assert only(tmp_path, about_package("left-pad@2.1")).state == FALLS
    assert only(tmp_path, about_package("left-pad==2.0")).state == UNTOUCHED
    assert only(tmp_path, about_package("other")).found["versions"] == ["any version"]


def test_a_package_that_may_be_where_nobody_looked(tmp_path: Path) -> None:
    kept(tmp_path / "v", evidence(whole=False))
    answer = only(tmp_path, about_package("absent"))
    assert (answer.state, answer.why) == (
        UNDECIDED,
        "the packages of dependency_set:d were not all listed: x: unreadable",
    )
    shutil.rmtree(tmp_path / "v")
    made = contents([])
    alone = replace(made.graph, subjects={"pipeline:p": made.graph.subjects["pipeline:p"]})
    digests = {**made.assessment["digests"], "graph": {"sha256": alone.digest}}
    given = replace(made, graph=alone, assessment={**made.assessment, "digests": digests})
    write_package(tmp_path / "v", given, attestor=KeyAttestor([KEY]), version="0")
    assert "no dependency set" in only(tmp_path, about_package("absent")).why


def test_a_record_that_is_not_reached_again_decides_nothing(tmp_path: Path) -> None:
    made = contents(evidence())
    forged = {**made.assessment, "bypasses": [{"code": "x", "message": "not recorded in the settings"}]}
    write_package(tmp_path / "v", replace(made, assessment=forged), attestor=KeyAttestor([KEY]), version="0")
    answer = only(tmp_path, about_evidence(id_of("provenance")))
    assert (answer.state, "is not reached" in answer.why) == (UNDECIDED, True)


def test_unsigned_packages_are_read_too(tmp_path: Path) -> None:
    kept(tmp_path / "v", signed=False)
    answer = only(tmp_path, about_evidence(id_of("provenance")))
    assert (answer.state, answer.verdict["signed"]) == (FALLS, False)


def zipped(folder: Path, target: Path) -> None:
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    write(target, zip_bytes(files))


def test_packages_lie_at_any_depth_as_folders_and_archives(tmp_path: Path) -> None:
    kept(tmp_path / "b" / "deep" / "v")
    kept(tmp_path / "a")
    zipped(tmp_path / "a", tmp_path / "c" / "v.zip")
    write(tmp_path / "notes.txt", "x")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    answers = list(impact(tmp_path, about_evidence(id_of("provenance")), ENGINE))
    assert [(item.package, item.state) for item in answers] == [
        ("a", FALLS), ("b/deep/v", FALLS), ("c/v.zip", FALLS),
    ]  # fmt: skip
    assert only(tmp_path / "a", about_evidence(id_of("provenance"))).package == "a"
    assert only(tmp_path / "c" / "v.zip", about_evidence(id_of("provenance"))).package == "v.zip"
    with pytest.raises(UsageError, match="there is no folder"):
        list(packages_in(tmp_path / "absent"))


def spoil(folder: Path, name: str, data: bytes | None) -> None:
    if data is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(data)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("evidence.json", b"{}", "evidence.json differs"),
        ("evidence.json", None, "evidence.json is missing"),
        ("assessment.dsse.json", None, "assessment.dsse.json is missing"),
        ("verdict.dsse.json", b"{", "not strict JSON"),
        ("verdict.dsse.json", b"[]", "no JSON object"),
        (
            "verdict.dsse.json",
            b'{"payload": "e30=", "payloadType": "x", "signatures": [{"sig": "AA=="}]}',
            "no statement",
        ),
        ("extra", b"x", "extra is not part of the verdict"),
    ],
)
def test_a_damaged_package_is_named_and_ends_nothing(tmp_path: Path, name: str, data: bytes | None, why: str) -> None:
    kept(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    spoil(tmp_path / "a", name, data)
    damaged, whole = impact(tmp_path, about_evidence(id_of("provenance")), ENGINE)
    assert (damaged.package, damaged.state, why in damaged.why) == ("a", UNDECIDED, True), damaged.why
    assert whole.state == FALLS


def test_a_package_that_another_tool_would_sign_is_named(tmp_path: Path) -> None:
    """A verdict that names no files, and one whose package has no assessment."""
    kept(tmp_path / "a")
    kept(tmp_path / "b")
    for name, change in (("a", {"files": 3}), ("b", {"files": {}})):
        path = tmp_path / name / "verdict.dsse.json"
        document = strict_json.loads(dsse.parse(path.read_bytes(), source="it").payload, source="it")
        document["predicate"][PACKAGE_FIELD] = change
        path.write_bytes(dsse.sign(strict_json.canonical(document), [KEY]).to_bytes())
    for file in (tmp_path / "b").rglob("*"):
        if file.is_file() and file.name != "verdict.dsse.json":
            file.unlink()
    unnamed, empty = impact(tmp_path, about_policy(HEX), ENGINE)
    assert (unnamed.state, "does not name the files" in unnamed.why) == (UNDECIDED, True)
    assert (empty.state, empty.why) == (UNDECIDED, "the package has no assessment")


def test_the_identity_behind_a_verdict(tmp_path: Path) -> None:
    signed_package(tmp_path, Services())
    for target, state in (
        (identity_target(ISSUER, WORKFLOW), FALLS),
        (identity_target(ISSUER, WORKFLOW + "2"), UNTOUCHED),
    ):
        answer = only(tmp_path / "verdict", about_signer(target))
        assert answer.state == state
    assert answer.why == ""


def test_a_closed_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    real = Path.iterdir

    def refusing(self: Path) -> Any:
        if self == closed:
            raise PermissionError("closed")
        return real(self)

    monkeypatch.setattr(Path, "iterdir", refusing)
    answer = only(tmp_path, about_policy(HEX))
    assert (answer.package, answer.state) == ("closed", UNDECIDED)


def test_a_pipe_is_no_archive(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "v.zip")
    assert list(packages_in(tmp_path)) == []


def resigned(folder: Path, change: Any) -> None:
    """A package whose every file is what its verdict names, and whose content is odd."""
    made = contents(evidence())
    write_package(folder, change(made), attestor=KeyAttestor([KEY]), version="0")


def test_a_hostile_package_is_named_and_ends_nothing(tmp_path: Path) -> None:
    def odd(made: Any) -> Any:
        control = {
            **made.assessment["controls"][0],
            "subjects": [{"subject": "s", "outcome": "pass", "findings": [], "proofs": [7], "reasons": []}],
        }
        return replace(made, assessment={**made.assessment, "controls": [control]})

    resigned(tmp_path / "a", odd)
    resigned(tmp_path / "b", lambda made: replace(made, policies=b"x"))
    resigned(tmp_path / "c", lambda made: replace(made, settings=[]))
    resigned(tmp_path / "d", lambda made: replace(made, graph=contents([]).graph))
    write(tmp_path / "e.zip", b"PK")
    kept(tmp_path / "f")
    answers = list(impact(tmp_path, about_evidence(id_of("provenance")), ENGINE))
    assert [item.state for item in answers] == [UNDECIDED] * 5 + [FALLS]
    assert "malformed" in answers[0].why
    assert "is not the evidence that was decided on" in answers[3].why


def test_other_policies_than_decided(tmp_path: Path) -> None:
    from probatum.evaluator.bundle import pack
    from probatum.evaluator.policies import PolicySet

    other = pack(PolicySet({"lib/a.rego": b"package probatum.lib.a\n\nimport rego.v1\n\nx := 1\n"}))
    resigned(tmp_path / "a", lambda made: replace(made, policies=other))
    assert only(tmp_path, about_evidence(id_of("provenance"))).why == "its policies are not those that decided"


def run(*args: object) -> Any:
    return CliRunner().invoke(app, ["impact", *[str(arg) for arg in args]])


def test_exit_codes_and_tables(tmp_path: Path) -> None:
    kept(tmp_path / "v")
    fell = run(tmp_path, "--evidence", id_of("provenance"))
    assert (fell.exit_code, last_line(fell)) == (1, "probatum: 1 of 1 verdicts do not hold any more (exit 1)")
    for text in ("v: rests on it: proof of TEST-01", "v: without it: TEST-01", "signatures were not checked", FALLS):
        assert text in fell.stdout
    untouched = run(tmp_path, "--evidence", f"obs:{HEX}")
    assert (untouched.exit_code, last_line(untouched)) == (0, "probatum: none of 1 verdicts rests on it (exit 0)")
    advisory = evidence(advisories=("CVE-2026-1",))
    kept(tmp_path / "v", advisory)
    held = run(tmp_path, "--package", "left-pad@1.0")
    assert (held.exit_code, "1 of 1 verdicts rest on it, and still hold" in last_line(held)) == (0, True)
    assert "its audit knew CVE-2026-1" in held.stdout
    write(tmp_path / "broken.zip", b"x")
    unclear = run(tmp_path, "--package", "left-pad")
    assert (unclear.exit_code, "1 of 2" in last_line(unclear)) == (3, True)
    assert "broken.zip" in unclear.stdout
    assert run(tmp_path, "--key", KEY.public.id).exit_code == 1, "what does not hold outweighs what cannot be told"


def test_nothing_to_ask_is_no_answer(tmp_path: Path) -> None:
    empty = run(tmp_path, "--policy", HEX)
    assert (empty.exit_code, "there is no verdict" in empty.stdout) == (3, True)
    assert run(tmp_path / "absent", "--policy", HEX).exit_code == 2
    for options in ((), ("--policy", HEX, "--package", "x"), ("--policy", "x"), ("--identity", "x")):
        assert run(tmp_path, *options).exit_code == 2


def test_every_question_has_a_document(tmp_path: Path) -> None:
    kept(tmp_path / "v")
    write(tmp_path / "k.pub", KEY.public.pem)
    for options, state in (
        (("--key", tmp_path / "k.pub"), FALLS),
        (("--identity", "https://accounts.example.com ann@example.com"), UNTOUCHED),
        (("--policy", f"sha256:{POLICIES.digest}"), FALLS),
        (("--package", "left-pad"), FALLS),
    ):
        document = json.loads(run(tmp_path, *options, "-f", "json").stdout)
        assert document["verdicts"][0]["state"] == state
        assert document["counts"][state] == 1
    assert "| Verdict |" in run(tmp_path, "--package", "left-pad", "-f", "markdown").stdout


def test_names_from_packages_do_nothing_to_a_terminal(tmp_path: Path) -> None:
    kept(tmp_path / "v\x1b[2Jx")
    shown = run(tmp_path, "--package", "left-pad").stdout
    assert "\x1b" not in shown
    assert "\\u001b" in shown


def test_a_link_to_an_archive_is_not_followed(tmp_path: Path) -> None:
    kept(tmp_path / "v")
    zipped(tmp_path / "v", tmp_path / "outside" / "v.zip")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.zip").symlink_to(tmp_path / "outside" / "v.zip")
    assert list(packages_in(tmp_path / "in")) == []
    assert zipfile.is_zipfile(tmp_path / "outside" / "v.zip")
