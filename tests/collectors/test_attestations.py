"""Signed documents in a pipeline: verified ones become evidence, unverified ones are recorded as such."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from in_toto.models.layout import Layout, Step
from in_toto.models.link import Link
from in_toto.models.metadata import Metablock
from signing_case import NOW, ed_key, envelope, policy, sha256, statement, write

from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.trust.policy import TrustPolicy
from probatum.collectors.attestations import Attestations
from probatum.collectors.base import Context, Item
from probatum.content import read_content
from probatum.errors import UsageError
from probatum.evaluator.graph import Observation, Relation, Status, Subject, Tier

KEY, OTHER = ed_key(), ed_key()
TRUST = policy({"builder": KEY})
OMS = "https://model_signing/signature/v1.0"
MODEL = b"weights"
DATA = b"a,b\n1,2\n"


def context_of(root: Path, locations: Mapping[str, str], trust: TrustPolicy | None = TRUST, **settings: Any) -> Context:
    subjects, contents = {"pipeline:p": Subject("pipeline", "p")}, {}
    for key, location in locations.items():
        kind, _, name = key.partition(":")
        contents[key] = read_content(root / location)
        subjects[key] = Subject(kind, name, {"sha256": contents[key].sha256}, location)
    verifier = None if trust is None else TrustVerifier(trust, NOW)
    return Context(root, {"name": "p"}, subjects, contents=contents, verifier=verifier, settings=settings, now=NOW)


def collect(root: Path, trust: TrustPolicy | None = TRUST, **settings: Any) -> list[Item]:
    """Collect over a pipeline with one model of one file and one dataset."""
    write(root / "models/m.bin", MODEL)
    write(root / "data/d.csv", DATA)
    return list(
        Attestations().collect(
            context_of(root, {"model:m": "models/m.bin", "dataset:d": "data/d.csv"}, trust, **settings)
        )
    )


def only(items: Iterable[Item], type: str) -> Observation:
    (found,) = [item for item in items if isinstance(item, Observation) and item.type == type]
    return found


V1 = statement(
    sha256(MODEL),
    predicate={
        "buildDefinition": {
            "buildType": "https://t.example",
            "resolvedDependencies": [
                {"uri": "data/d.csv", "digest": {"sha256": sha256(DATA)}},
                {"uri": "git+https://x.example/r", "digest": {"gitCommit": "c" * 40}},
            ],
        },
        "runDetails": {
            "builder": {"id": "https://b.example"},
            "metadata": {
                "invocationId": "run-1",
                "startedOn": "2026-11-01T00:00:00Z",
                "finishedOn": "2026-11-01T01:00:00Z",
            },
        },
    },
)
V02 = statement(
    sha256(MODEL),
    predicate_type="https://slsa.dev/provenance/v0.2",
    _type="https://in-toto.io/Statement/v0.1",
    predicate={
        "builder": {"id": "https://b.example"},
        "buildType": "https://t.example",
        "materials": V1["predicate"]["buildDefinition"]["resolvedDependencies"],
        "metadata": {
            "buildInvocationId": "run-1",
            "buildStartedOn": "2026-11-01T00:00:00Z",
            "buildFinishedOn": "2026-11-01T01:00:00Z",
        },
    },
)


@pytest.mark.parametrize("document", [V1, V02], ids=["v1", "v0.2"])
def test_both_versions_of_provenance_read_the_same(tmp_path: Path, document: Any) -> None:
    write(tmp_path / "m.intoto.json", envelope(document, KEY))
    items = collect(tmp_path)
    found = only(items, "provenance")
    assert found.result == {
        "predicate_type": document["predicateType"],
        "builder": "https://b.example",
        "build_type": "https://t.example",
        "materials": [
            {"uri": "data/d.csv", "digest": {"sha256": sha256(DATA)}, "subject": "dataset:d"},
            {"uri": "git+https://x.example/r", "digest": {"gitCommit": "c" * 40}, "subject": None},
        ],
        "sources": [{"uri": "git+https://x.example/r", "digest": {"gitCommit": "c" * 40}}],
        "signers": ["key:builder"],
        "verified": True,
        "reason": "",
        "source": "m.intoto.json",
        "started": "2026-11-01T00:00:00Z",
        "finished": "2026-11-01T01:00:00Z",
    }
    assert (found.tier, found.status) == (Tier.ATTESTED, Status.COMPLETE)
    assert found.inputs["models/m.bin"] == {"sha256": sha256(MODEL)}
    assert "m.intoto.json" in found.inputs
    assert [item.id for item in items if isinstance(item, Subject)] == ["training_run:run-1"]
    assert {(item.source, item.relation, item.target) for item in items if isinstance(item, Relation)} == {
        ("model:m", "produced_by", "training_run:run-1"),
        ("model:m", "trained_on", "dataset:d"),
    }


def test_json_lines_are_documents_of_their_own(tmp_path: Path) -> None:
    lines = [envelope(V1, KEY), b"", envelope(V1, OTHER), b"garbage"]
    write(tmp_path / "all.intoto.jsonl", b"\n".join(lines))
    items = collect(tmp_path)
    entries = only(items, "attestation").result["documents"]
    assert [(entry["source"], entry["verified"]) for entry in entries] == [
        ("all.intoto.jsonl:1", True),
        ("all.intoto.jsonl:3", False),
        ("all.intoto.jsonl:4", False),
    ]
    assert entries[0]["subjects"] == ["model:m"]
    assert entries[1]["predicate_type"] is None
    assert only(items, "attestation").tier is Tier.REPORTED
    assert only(items, "attestation").inputs == {}


def test_every_verified_provenance_is_an_observation_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "a.dsse.json", envelope(V1, KEY))
    write(tmp_path / "b.dsse.json", envelope(V02, KEY))
    found = [item for item in collect(tmp_path) if isinstance(item, Observation) and item.type == "provenance"]
    assert [item.result["source"] for item in found] == ["a.dsse.json", "b.dsse.json"]


def test_nothing_found_is_said(tmp_path: Path) -> None:
    items = collect(tmp_path)
    for name in ("provenance", "model_signature"):
        found = only(items, name)
        assert (found.result["verified"], found.result["reason"]) == (False, "none found")
        assert found.tier is Tier.REPORTED
        assert found.result["signers"] == []
    assert only(items, "in_toto_link").result == {"links": [], "layouts": []}
    assert only(items, "attestation").result == {"documents": []}


def test_unverified_documents_prove_nothing_and_are_recorded(tmp_path: Path) -> None:
    write(tmp_path / "m.dsse.json", envelope(V1, OTHER))
    items = collect(tmp_path)
    found = only(items, "provenance")
    assert not found.result["verified"]
    assert found.result["builder"] is None
    assert "signed by no key" in found.result["reason"]
    assert str(tmp_path) not in found.result["reason"], "an absolute path would change the graph's digest"
    assert not [item for item in items if isinstance(item, (Subject, Relation))]


def test_without_a_trust_policy_nobody_is_trusted(tmp_path: Path) -> None:
    write(tmp_path / "m.dsse.json", envelope(V1, KEY))
    items = collect(tmp_path, None)
    assert "no trust policy" in only(items, "provenance").result["reason"]
    assert not only(items, "attestation").result["documents"][0]["verified"]
    context = context_of(tmp_path, {}, None)
    assert "nothing can be verified" in Attestations().available(context).reason
    assert Attestations().available(context_of(tmp_path, {})).ready


def test_a_provenance_of_something_else_does_not_count(tmp_path: Path) -> None:
    write(
        tmp_path / "m.dsse.json", envelope({**V1, "subject": [{"name": "m.bin", "digest": {"sha256": "0" * 64}}]}, KEY)
    )
    assert only(collect(tmp_path), "provenance").result["reason"] == "none found"


def test_a_provenance_of_somebody_with_another_role_does_not_count(tmp_path: Path) -> None:
    trust = policy({"builder": KEY}, bom={"predicate_types": (V1["predicateType"],)})
    write(tmp_path / "m.dsse.json", envelope(V1, KEY))
    items = collect(tmp_path, trust)
    assert only(items, "attestation").result["documents"][0]["verified"]
    assert not only(items, "provenance").result["verified"]


def test_digests_of_several_contents_are_not_mixed(tmp_path: Path) -> None:
    write(tmp_path / "m.bin", MODEL)
    context = context_of(tmp_path, {"model:m": "m.bin"})
    subject = Subject("model", "m", {"sha256": sha256(MODEL), "sha512": "1" * 128}, "m.bin")
    mixed = {**V1, "subject": [{"name": "m", "digest": {"sha256": sha256(MODEL), "sha512": "2" * 128}}]}
    write(tmp_path / "m.dsse.json", envelope(mixed, KEY))
    context.subjects["model:m"] = subject  # type: ignore[index]
    assert only(Attestations().collect(context), "provenance").result["verified"] is False


@pytest.mark.parametrize(
    "predicate",
    [
        {},
        {"buildDefinition": [], "runDetails": "x"},
        {
            "buildDefinition": {"buildType": 5, "resolvedDependencies": "x"},
            "runDetails": {"builder": [], "metadata": 1},
        },
        {"buildDefinition": {"resolvedDependencies": ["x", {"digest": []}, {"digest": {"sha256": 1}}, {"uri": 5}]}},
    ],
)
def test_odd_predicates_give_nothing_and_do_not_crash(tmp_path: Path, predicate: Any) -> None:
    write(tmp_path / "m.dsse.json", envelope(statement(sha256(MODEL), predicate=predicate), KEY))
    found = only(collect(tmp_path), "provenance")
    assert found.result["builder"] is None
    assert found.result["materials"] == []
    odd = predicate.get("buildDefinition", {}) and "resolvedDependencies" in predicate["buildDefinition"]
    assert found.status is (Status.PARTIAL if odd else Status.COMPLETE)


def link(**fields: Any) -> Link:
    files = {"models/m.bin": {"sha256": sha256(MODEL)}}
    return Link(
        **{
            "name": "train",
            "materials": {"d": {"sha256": sha256(DATA)}, "x": {"sha256": "0" * 64}},
            "products": files,
            **fields,
        }
    )


def test_links_are_joined_by_digest(tmp_path: Path) -> None:
    for name, key in (("good.link", KEY), ("bad.link", OTHER)):
        block = Metablock(signed=link())
        block.create_signature(key.signer)
        write(tmp_path / name, json.dumps(block.to_dict()))
    predicate = {"name": "eval", "materials": [{"digest": {"sha256": sha256(MODEL)}}, 5]}
    new_style = statement(sha256(DATA), predicate_type="https://in-toto.io/attestation/link/v0.3", predicate=predicate)
    write(tmp_path / "new.dsse.json", envelope(new_style, KEY))
    items = collect(tmp_path)
    found = only(items, "in_toto_link")
    bad, good, new = found.result["links"]
    assert (bad["verified"], bad["step"], bad["products_matched"]) == (False, "", [])
    assert (good["step"], good["materials"], good["products"]) == ("train", 2, 1)
    assert (good["products_matched"], good["materials_matched"]) == (["model:m"], ["dataset:d"])
    assert (new["step"], new["products_matched"], new["materials_matched"]) == ("eval", ["dataset:d"], ["model:m"])
    assert found.tier is Tier.REPORTED
    by_source = {entry["source"]: entry["subjects"] for entry in only(items, "attestation").result["documents"]}
    assert by_source == {"bad.link": [], "good.link": ["model:m"], "new.dsse.json": ["dataset:d"]}


def test_layouts_are_listed(tmp_path: Path) -> None:
    rules = [["DISALLOW", "*"]]
    for name, expires in (("good.layout", "2027-01-01T00:00:00Z"), ("old.layout", "2026-01-01T00:00:00Z")):
        steps = [Step(name="train", expected_materials=rules, expected_products=rules)]
        block = Metablock(signed=Layout(steps=steps, inspect=[], expires=expires))
        block.create_signature(KEY.signer)
        write(tmp_path / name, json.dumps(block.to_dict()))
    good, old = only(collect(tmp_path), "in_toto_link").result["layouts"]
    assert (good["verified"], good["expires"], good["steps"]) == (True, "2027-01-01T00:00:00Z", ["train"])
    assert (old["verified"], old["expires"], old["steps"]) == (False, None, [])
    assert "expired" in old["reason"]


def oms(files: Mapping[str, bytes], *, algorithm: str = "sha256", key: Any = KEY) -> bytes:
    resources = [{"name": name, "algorithm": algorithm, "digest": sha256(data)} for name, data in files.items()]
    document = statement(
        "d" * 64, predicate_type=OMS, predicate={"resources": resources, "serialization": {"method": "files"}}
    )
    material = {"publicKey": {"hint": ""}, "tlogEntries": []}
    inner = json.loads(envelope(document, key))
    media = "application/vnd.dev.sigstore.bundle.v0.3+json"
    return json.dumps({"mediaType": media, "verificationMaterial": material, "dsseEnvelope": inner}).encode()


def signature(root: Path, files: Mapping[str, bytes], signatures: Mapping[str, bytes]) -> Mapping[str, Any]:
    """The model_signature of a folder model in ``model/``."""
    for name, data in {**{f"model/{key}": value for key, value in files.items()}, **signatures}.items():
        write(root / name, data)
    return only(Attestations().collect(context_of(root, {"model:m": "model"})), "model_signature").result


FILES = {"config.json": b"{}", "sub/weights.bin": b"w"}


def test_a_model_signature_covers_every_file(tmp_path: Path) -> None:
    found = signature(tmp_path, FILES, {"model/model.sig": oms(FILES)})
    assert (found["format"], found["verified"], found["covers_all_files"]) == ("oms", True, True)
    assert (found["uncovered"], found["missing"], found["signers"]) == ([], [], ["key:builder"])


@pytest.mark.parametrize(
    ("signed", "uncovered", "missing"),
    [
        ({"config.json": b"{}"}, ["sub/weights.bin"], []),
        ({**FILES, "sub/weights.bin": b"other"}, ["sub/weights.bin"], ["sub/weights.bin"]),
        ({"config.json": b"{}", "weights.bin": b"w"}, ["sub/weights.bin"], ["weights.bin"]),
        ({**FILES, "gone.bin": b"g"}, [], ["gone.bin"]),
        ({**FILES, "../x": b"g"}, [], ["../x"]),
        ({}, ["config.json", "sub/weights.bin"], []),
    ],
)
def test_a_model_signature_that_does_not_cover_all(
    tmp_path: Path, signed: Mapping[str, bytes], uncovered: list[str], missing: list[str]
) -> None:
    found = signature(tmp_path, FILES, {"model/model.sig": oms(signed)})
    assert found["verified"]
    assert (found["covers_all_files"], found["uncovered"], found["missing"]) == (False, uncovered, missing)


def test_hidden_files_that_the_signing_tool_ignores_are_uncovered(tmp_path: Path) -> None:
    found = signature(tmp_path, {**FILES, ".git/config": b"x", ".gitignore": b"y"}, {"model/model.sig": oms(FILES)})
    assert found["uncovered"] == [".git/config", ".gitignore"]


@pytest.mark.parametrize("resources", [None, 5, [5], [{"name": 5}]])
def test_odd_resources_cover_nothing(tmp_path: Path, resources: Any) -> None:
    document = statement("d" * 64, predicate_type=OMS, predicate={"resources": resources})
    found = signature(tmp_path, FILES, {"model/model.sig": envelope(document, KEY)})
    assert (found["verified"], found["covers_all_files"]) == (True, False)


def test_a_model_without_content_is_covered_by_nothing(tmp_path: Path) -> None:
    write(tmp_path / "model.sig", oms(FILES))
    context = context_of(tmp_path, {})
    remote = Subject("model", "remote", {}, "s3://bucket/model")
    context.subjects["model:remote"] = remote  # type: ignore[index]
    found = only(Attestations().collect(context), "model_signature").result
    assert (found["verified"], found["reason"]) == (False, "none found")


def test_a_signature_of_another_file_is_not_the_models(tmp_path: Path) -> None:
    write(tmp_path / "data/d.csv.sig", bytes.fromhex(KEY.signer.sign(DATA).signature))
    items = collect(tmp_path)
    assert only(items, "attestation").result["documents"][0]["verified"]
    assert only(items, "model_signature").result["reason"] == "none found"


def test_another_hash_covers_nothing(tmp_path: Path) -> None:
    found = signature(tmp_path, FILES, {"model/model.sig": oms(FILES, algorithm="blake2b")})
    assert found["uncovered"] == ["config.json", "sub/weights.bin"]


def test_an_unverified_model_signature(tmp_path: Path) -> None:
    found = signature(tmp_path, FILES, {"model/model.sig": oms(FILES, key=OTHER)})
    assert (found["verified"], found["covers_all_files"], found["signers"]) == (False, False, [])
    assert "signed by no key" in found["reason"]
    assert found["source"] == "model/model.sig"


def test_a_signature_by_a_key_of_another_role(tmp_path: Path) -> None:
    trust = policy({"builder": KEY}, provenance={})
    write(tmp_path / "models/m.bin.sig", oms({"m.bin": MODEL}))
    assert "no role" in only(collect(tmp_path, trust), "model_signature").result["reason"]
    dataset = policy({"builder": KEY}, dataset={})
    assert only(collect(tmp_path, dataset), "model_signature").result["verified"] is False


@pytest.mark.parametrize("name", ["m.bin", "."])
def test_a_signature_of_a_model_of_one_file(tmp_path: Path, name: str) -> None:
    write(tmp_path / "models/m.bin.sig", oms({name: MODEL, "other.bin": b"o"}))
    found = only(collect(tmp_path), "model_signature").result
    assert (found["covers_all_files"], found["missing"]) == (True, [])


def test_a_stale_signature_of_a_model_of_one_file(tmp_path: Path) -> None:
    write(tmp_path / "models/m.bin.sig", oms({"m.bin": b"older weights"}))
    found = only(collect(tmp_path), "model_signature").result
    assert (found["verified"], found["covers_all_files"], found["missing"]) == (True, False, ["m.bin"])


def test_a_detached_signature(tmp_path: Path) -> None:
    made = base64.b64encode(bytes.fromhex(KEY.signer.sign(MODEL).signature))
    write(tmp_path / "models/m.bin.sig", made)
    found = only(collect(tmp_path), "model_signature").result
    assert (found["format"], found["verified"], found["covers_all_files"]) == ("detached", True, True)
    write(tmp_path / "models/m.bin.sig", base64.b64encode(bytes.fromhex(OTHER.signer.sign(MODEL).signature)))
    assert only(collect(tmp_path), "model_signature").result["verified"] is False


def test_detached_signatures_of_a_folder_add_up(tmp_path: Path) -> None:
    signed = {f"model/{name}.sig": bytes.fromhex(KEY.signer.sign(data).signature) for name, data in FILES.items()}
    first, *_ = signed
    partial = signature(tmp_path, FILES, {first: signed[first]})
    assert (partial["covers_all_files"], partial["uncovered"]) == (False, ["sub/weights.bin"])
    assert signature(tmp_path, FILES, signed)["covers_all_files"]


def test_a_signature_without_its_file(tmp_path: Path) -> None:
    write(tmp_path / "gone.bin.sig", b"\x01\x02")
    entry = only(collect(tmp_path), "attestation").result["documents"][0]
    assert (entry["verified"], entry["kind"]) == (False, "signature")
    assert "not beside it" in entry["reason"]


def test_a_statement_in_the_role_model_signs_the_model(tmp_path: Path) -> None:
    kind = "https://example.com/release/v1"
    trust = policy({"builder": KEY}, model={"predicate_types": (kind,)})
    write(tmp_path / "release.dsse.json", envelope(statement(sha256(MODEL), predicate_type=kind), KEY))
    found = only(collect(tmp_path, trust), "model_signature").result
    assert (found["format"], found["verified"], found["covers_all_files"]) == ("dsse", True, True)


def test_a_statement_about_each_file_of_a_folder(tmp_path: Path) -> None:
    whole = statement(*[sha256(data) for data in FILES.values()])
    write(tmp_path / "p.dsse.json", envelope(whole, KEY))
    signature(tmp_path, FILES, {})
    context = context_of(tmp_path, {"model:m": "model"})
    assert only(Attestations().collect(context), "provenance").result["verified"]
    write(tmp_path / "p.dsse.json", envelope(statement(sha256(b"{}")), KEY))
    assert not only(Attestations().collect(context), "provenance").result["verified"]


def test_only_the_paths_of_the_settings_are_read(tmp_path: Path) -> None:
    write(tmp_path / "a.dsse.json", envelope(V1, KEY))
    write(tmp_path / "odd name", envelope(V1, KEY))
    found = only(collect(tmp_path, paths=["odd name"]), "attestation")
    assert [entry["source"] for entry in found.result["documents"]] == ["odd name"]


@pytest.mark.parametrize(
    "settings", [{"paths": "x"}, {"paths": [1]}, {"path": []}, {"paths": ["../x"]}, {"paths": ["none"]}]
)
def test_wrong_settings_are_the_users_to_mend(tmp_path: Path, settings: Any) -> None:
    write(tmp_path.parent / "x", b"{}")
    with pytest.raises(UsageError, match="attestations"):
        collect(tmp_path, **settings)


def test_what_cannot_be_read_is_coverage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from probatum.collectors.signed import documents

    monkeypatch.setattr(documents, "MAX_BYTES", 10)
    monkeypatch.setattr(documents, "MAX_LINES", 3)
    write(tmp_path / "large.dsse.json", b"x" * 11)
    write(tmp_path / "long.intoto.jsonl", b"\n\n\n\n")
    for name in ("provenance", "model_signature", "in_toto_link", "attestation"):
        found = only(collect(tmp_path), name)
        assert found.status is Status.PARTIAL
        assert [item.item for item in found.coverage.skipped] == ["large.dsse.json", "long.intoto.jsonl"]
        assert str(tmp_path) not in json.dumps(found.to_document())


def test_other_json_under_attestations_is_recorded_as_no_attestation(tmp_path: Path) -> None:
    write(tmp_path / "attestations/notes.json", b'{"hello": 1}')
    (entry,) = only(collect(tmp_path), "attestation").result["documents"]
    assert (entry["kind"], entry["verified"]) == ("unknown", False)
