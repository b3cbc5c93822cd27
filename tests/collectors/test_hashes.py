"""Contents are hashed and compared with every pin in the folder, in the real formats of the tools that pin."""

import base64
import hashlib
import json
import os
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probatum.collectors import locations
from probatum.collectors.base import Context
from probatum.collectors.hashes import Hashes
from probatum.collectors.pins.dvc import folder_digest, text_digest
from probatum.content import read_content
from probatum.errors import EvidenceError
from probatum.evaluator.graph import Status, Subject

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
LF = hashlib.md5(b"1\n2\n").hexdigest()


def write(root, tree):
    for name, data in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())


def observe(root, **locations_by_kind):
    """Observations by subject id for ``model="models/m"`` and the like."""
    subjects, contents = {}, {}
    for kind, location in locations_by_kind.items():
        subject = Subject(kind, "x", location=location)
        if location is not None and (root / location).exists() and not (root / location).is_symlink():
            contents[subject.id] = read_content(root / location)
            subject = Subject(kind, "x", {"sha256": contents[subject.id].sha256}, location)
        subjects[subject.id] = subject
    context = Context(root, {"name": "p"}, subjects, contents=contents, now=NOW)
    assert Hashes().available(context).ready
    return {item.subject: item for item in Hashes().collect(context)}


def only(root, location="data/a.csv", kind="dataset"):
    (found,) = observe(root, **{kind: location}).values()
    return found


def sha(data):
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def md5(data):
    return hashlib.md5(data.encode() if isinstance(data, str) else data).hexdigest()


def dsse(statement):
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    return {
        "payloadType": "application/vnd.in-toto+json",
        "payload": payload,
        "signatures": [{"keyid": "", "sig": "AA=="}],
    }


def statement(*subjects, predicate_type="https://slsa.dev/provenance/v1", predicate=None):
    rows = [{"name": name, "digest": digest} for name, digest in subjects]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": rows,
        "predicateType": predicate_type,
        "predicate": predicate or {},
    }


def matches(observation):
    return [(pin["format"], pin["path"], pin["match"]) for pin in observation.result["pins"]]


def test_a_file_without_pins(tmp_path):
    write(tmp_path, {"data/a.csv": "1\n"})
    found = only(tmp_path)
    assert found.status == Status.COMPLETE
    assert dict(found.result) == {
        "digest": sha("1\n"), "files": 1, "bytes": 2, "folder": False,
        "pins": [], "pin_count": 0, "unplaced_pins": [], "unplaced_pin_count": 0,
    }  # fmt: skip
    assert found.inputs == {"data/a.csv": {"sha256": sha("1\n")}}
    assert (found.coverage.seen, found.coverage.examined) == (1, 1)


def test_problems_of_the_content_are_coverage(tmp_path):
    write(tmp_path, {"data/a.csv": "1"})
    (tmp_path / "data" / "link").symlink_to("a.csv")
    found = only(tmp_path, "data")
    assert found.status == Status.PARTIAL
    assert [(item.item, item.reason) for item in found.coverage.skipped] == [("link", "symlink")]
    assert (found.coverage.seen, found.coverage.examined) == (2, 1)


def test_a_folder_without_files_is_not_complete(tmp_path):
    (tmp_path / "data").mkdir()
    found = only(tmp_path, "data")
    assert found.status == Status.PARTIAL
    assert "no files" in found.coverage.skipped[0].reason


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("missing.csv", "missing.csv cannot be hashed: No such file or directory"),
        ("s3://bucket/data", "URI"),
        (None, "no location"),
        ("link.csv", "is a symlink"),
    ],
)
def test_a_subject_without_content_fails_and_says_why(tmp_path, location, reason):
    (tmp_path / "link.csv").symlink_to("elsewhere")
    found = only(tmp_path, location)
    assert found.status == Status.FAILED
    assert reason in found.result["error"]
    assert str(tmp_path) not in found.result["error"]


def test_kinds_without_content_are_left_alone(tmp_path):
    assert observe(tmp_path, gpu=None, pipeline=None) == {}


class TestChecksums:
    def test_as_sha256sum_writes_them(self, tmp_path):
        names = ["a.csv", "with space.csv", "back\\slash.csv", "new\nline.csv", "ä.csv"]
        write(tmp_path, {f"data/{name}": name for name in names})
        for arguments, target in ((["-b"], "SHA256SUMS"), (["--tag"], "all.sha256"), (["-t"], "text.sha256sum")):
            printed = subprocess.run(
                ["sha256sum", *arguments, *names], cwd=tmp_path / "data", capture_output=True, check=True
            )
            (tmp_path / "data" / target).write_bytes(printed.stdout)
        for name in names:
            found = only(tmp_path, f"data/{name}")
            assert matches(found) == [("checksums", f"data/{name}", True)] * 3
            assert found.status == Status.COMPLETE
            assert set(found.inputs) == {f"data/{name}", "data/SHA256SUMS", "data/all.sha256", "data/text.sha256sum"}

    def test_a_digest_alone_pins_the_file_of_that_name(self, tmp_path):
        write(tmp_path, {"data/a.csv": "1", "data/a.csv.sha256": sha("1").upper() + "\n"})
        assert matches(only(tmp_path)) == [("checksums", "data/a.csv", True)]

    def test_a_wrong_digest_does_not_match(self, tmp_path):
        write(tmp_path, {"data/a.csv": "changed", "SHA256SUMS": f"# comment\n\n{sha('1')}  data/a.csv\r\n"})
        found = only(tmp_path)
        (pin,) = found.result["pins"]
        assert (pin["expected"], pin["actual"], pin["match"]) == (sha("1"), sha("changed"), False)
        assert found.status == Status.COMPLETE

    def test_names_relative_to_the_root(self, tmp_path):
        write(tmp_path, {"data/a.csv": "1", "sums/SHA256SUMS": f"{sha('1')}  data/a.csv\n"})
        assert matches(only(tmp_path)) == [("checksums", "data/a.csv", True)]

    def test_a_missing_file_of_a_folder_is_a_pin_that_does_not_match(self, tmp_path):
        write(tmp_path, {"data/a.csv": "1", "SHA256SUMS": f"{sha('1')}  data/a.csv\n{sha('2')}  data/b.csv\n"})
        found = only(tmp_path, "data")
        assert matches(found) == [("checksums", "data/a.csv", True), ("checksums", "data/b.csv", False)]
        assert found.result["pins"][1]["actual"] == ""

    def test_missing_files_of_no_subject_are_said(self, tmp_path):
        write(
            tmp_path, {"data/a.csv": "1", "SHA256SUMS": f"{sha('1')}  gone.bin\n{sha('1')}  ../out\n{sha('1')}  /abs\n"}
        )
        found = only(tmp_path)
        assert matches(found) == []
        assert found.result["unplaced_pin_count"] == 3
        assert found.result["unplaced_pins"][0] == "SHA256SUMS: gone.bin is missing"
        assert "outside" in found.result["unplaced_pins"][1]

    @pytest.mark.parametrize(
        "text", ["garbage\n", "abc  data/a.csv\n", f"{'0' * 64}  -\n", b"\xff\xfe", f"{'0' * 64} data/a.csv\n"]
    )
    def test_a_malformed_file_makes_every_subject_partial(self, tmp_path, text):
        write(tmp_path, {"data/a.csv": "1", "m.bin": "2", "other/SHA256SUMS": text})
        for found in observe(tmp_path, dataset="data/a.csv", model="m.bin").values():
            assert found.status == Status.PARTIAL
            assert "other/SHA256SUMS" in found.coverage.skipped[0].item
            assert "other/SHA256SUMS" in found.inputs

    def test_pins_through_a_symlink_out_of_the_root_are_not_followed(self, tmp_path):
        write(
            tmp_path, {"outside/secret": "1", "root/data/a.csv": "1", "root/SHA256SUMS": f"{sha('1')}  away/secret\n"}
        )
        (tmp_path / "root" / "away").symlink_to(tmp_path / "outside")
        found = only(tmp_path / "root")
        assert matches(found) == []
        assert "outside" in found.result["unplaced_pins"][0]

    def test_files_whose_name_only_speaks_of_sha256_are_no_pins(self, tmp_path):
        write(tmp_path, {"data/a.csv": "1", "sha256_tools.py": "import hashlib\n"})
        assert only(tmp_path).status == Status.COMPLETE


class TestDvc:
    def test_a_file(self, tmp_path):
        text = f"outs:\n- md5: {md5('1')}\n  size: 1\n  hash: md5\n  path: a.csv\n"
        write(tmp_path, {"data/a.csv": "1", "data/a.csv.dvc": text})
        assert matches(only(tmp_path)) == [("dvc", "data/a.csv", True)]
        (tmp_path / "data" / "a.csv").write_text("2")
        assert matches(only(tmp_path)) == [("dvc", "data/a.csv", False)]

    def test_the_digest_of_a_folder_is_the_one_that_dvc_computes(self):
        """`dvc add` of a folder with the files ``a`` ("1"), ``b c/é`` ("2") lists exactly these bytes in its cache."""
        manifest = f'[{{"md5": "{md5("1")}", "relpath": "a"}}, {{"md5": "{md5("2")}", "relpath": "b c/\\u00e9"}}]'
        assert folder_digest([("b c/é", md5("2")), ("a", md5("1"))]) == md5(manifest)

    @pytest.mark.parametrize("location", ["data", "data/b/c.csv"])
    def test_a_folder(self, tmp_path, location):
        write(tmp_path, {"data/a.csv": "1", "data/b/c.csv": "2"})
        digest = folder_digest([("a.csv", md5("1")), ("b/c.csv", md5("2"))])
        write(tmp_path, {"data.dvc": f"outs:\n- md5: {digest}.dir\n  nfiles: 2\n  hash: md5\n  path: data\n"})
        assert matches(only(tmp_path, location)) == [("dvc", "data", True)]
        (tmp_path / "data" / "a.csv").rename(tmp_path / "data" / "renamed.csv")
        assert matches(only(tmp_path, location)) == [("dvc", "data", False)]

    def test_a_folder_where_there_is_a_file(self, tmp_path):
        write(tmp_path, {"data": "1", "data.dvc": f"outs:\n- md5: {md5('1')}.dir\n  hash: md5\n  path: data\n"})
        found = only(tmp_path, "data")
        assert matches(found) == [("dvc", "data", False)]
        assert found.result["pins"][0]["actual"] == ""

    def test_line_ends_before_version_3(self, tmp_path):
        write(tmp_path, {"data/a.csv": "1\r\n2\r\n", "data/a.csv.dvc": f"outs:\n- md5: {LF}\n  path: a.csv\n"})
        assert matches(only(tmp_path)) == [("dvc", "data/a.csv", True)]
        binary = b"\x00\r\n"
        write(tmp_path, {"b.bin": binary})
        assert text_digest(tmp_path / "b.bin") == md5(binary)
        write(tmp_path, {"data/a.csv.dvc": f"outs:\n- md5: {LF}\n  path: a.csv\n  hash: md5\n"})
        assert matches(only(tmp_path)) == [("dvc", "data/a.csv", False)]

    def test_a_lock_file(self, tmp_path):
        lock = f"""schema: '2.0'
stages:
  clean:
    cmd: python clean.py
    deps:
    - path: raw.csv
      hash: md5
      md5: {md5("raw")}
      size: 3
    outs:
    - path: a.csv
      hash: md5
      md5: {md5("1")}
      size: 1
  train@0:
    cmd: python train.py
    deps:
    - path: data/a.csv
      hash: md5
      md5: {md5("1")}
"""
        write(tmp_path, {"data/a.csv": "1", "data/raw.csv": "raw", "dvc.lock": lock})
        write(
            tmp_path,
            {"dvc.yaml": "stages:\n  clean:\n    cmd: python clean.py\n    wdir: data\n  train:\n    foreach: []\n"},
        )
        assert matches(only(tmp_path)) == [("dvc_lock", "data/a.csv", True)] * 2
        assert matches(only(tmp_path, "data/raw.csv")) == [("dvc_lock", "data/raw.csv", True)]

    @pytest.mark.parametrize("field", ["etag: '\"abc\"'", "checksum: abc", "size: 1", "md5: xyz", "sha256: 12"])
    def test_what_cannot_be_compared_is_coverage(self, tmp_path, field):
        write(tmp_path, {"data/a.csv": "1", "m.bin": "2", "data/a.csv.dvc": f"outs:\n- path: a.csv\n  {field}\n"})
        found = observe(tmp_path, dataset="data/a.csv", model="m.bin")
        assert found["dataset:x"].status == Status.PARTIAL
        assert found["dataset:x"].coverage.skipped[0].item == "data/a.csv.dvc: data/a.csv"
        assert found["model:x"].status == Status.COMPLETE

    def test_files_versioned_by_the_remote(self, tmp_path):
        text = f"outs:\n- path: data\n  files:\n  - relpath: a.csv\n    md5: {md5('1')}\n    hash: md5\n"
        write(tmp_path, {"data/a.csv": "1", "data.dvc": text})
        assert matches(only(tmp_path)) == [("dvc", "data/a.csv", True)]

    def test_remote_outputs_are_no_files_of_the_pipeline(self, tmp_path):
        write(tmp_path, {"data/a.csv": "1", "x.dvc": "outs:\n- path: s3://bucket/a.csv\n  etag: abc\n"})
        assert only(tmp_path).status == Status.COMPLETE

    @pytest.mark.parametrize(
        "text",
        ["outs: [", "- 1", "outs: {}", "outs: [1]", "outs:\n- md5: x", "a: 1\na: 2", "[" * 50_000, "outs: *x", b"\xff"],
    )
    def test_a_malformed_file_is_coverage(self, tmp_path, text):
        write(tmp_path, {"data/a.csv": "1", "data/a.csv.dvc": text})
        found = only(tmp_path)
        assert found.status == Status.PARTIAL
        assert "data/a.csv.dvc" in found.coverage.skipped[0].item

    def test_a_malformed_lock_is_coverage(self, tmp_path):
        write(tmp_path, {"data/a.csv": "1", "dvc.lock": "stages: [1]\n"})
        assert only(tmp_path).status == Status.PARTIAL


class TestInToto:
    @pytest.mark.parametrize("name", ["data/a.csv", "a.csv", "./data/a.csv"])
    @pytest.mark.parametrize("wrap", ["dsse", "bundle", "lines", "bare"])
    def test_subjects_of_statements(self, tmp_path, name, wrap):
        made = statement((name, {"sha256": sha("1"), "sha512": "f" * 128}))
        document = {"dsse": dsse(made), "bundle": {"mediaType": "x", "dsseEnvelope": dsse(made)}, "bare": made}.get(
            wrap
        )
        text = "\n" + json.dumps(dsse(made)) + "\n\n" if wrap == "lines" else json.dumps(document, indent=1)
        target = "attestations/p.intoto.jsonl" if wrap == "lines" else "attestations/p.intoto.json"
        write(tmp_path, {"data/a.csv": "1", target: text})
        assert matches(only(tmp_path)) == [("in_toto", "data/a.csv", True)]
        (tmp_path / "data/a.csv").write_text("2")
        assert matches(only(tmp_path)) == [("in_toto", "data/a.csv", False)]

    def test_a_folder_is_pinned_by_its_own_digest(self, tmp_path):
        write(tmp_path, {"data/a.csv": "1", "data/b.csv": "2"})
        digest = read_content(tmp_path / "data").sha256
        write(tmp_path, {"p.dsse.json": json.dumps(dsse(statement(("data", {"sha256": digest}))))})
        assert matches(only(tmp_path, "data")) == [("in_toto", "data", True)]

    @pytest.mark.parametrize(
        "predicate", ["https://slsa.dev/verification_summary/v1", "https://probatum.dev/assessment/v1"]
    )
    def test_verdicts_pin_nothing(self, tmp_path, predicate):
        made = statement(("data/a.csv", {"sha256": sha("old")}), predicate_type=predicate)
        write(tmp_path, {"data/a.csv": "1", "verdict/verdict.dsse.json": json.dumps(dsse(made))})
        assert matches(only(tmp_path)) == []

    def test_another_algorithm_is_coverage(self, tmp_path):
        made = statement(("data/a.csv", {"gitBlob": "f" * 40, "sha512": "f" * 128}))
        write(tmp_path, {"data/a.csv": "1", "p.dsse.json": json.dumps(dsse(made))})
        found = only(tmp_path)
        assert found.status == Status.PARTIAL
        assert "gitBlob and sha512" in found.coverage.skipped[0].reason

    def test_products_of_a_link(self, tmp_path):
        signed = {
            "_type": "link", "name": "train", "command": [], "byproducts": {}, "environment": {},
            "materials": {"data/raw.csv": {"sha256": sha("r")}}, "products": {"data/a.csv": {"sha256": sha("1")}},
        }  # fmt: skip
        write(tmp_path, {"data/a.csv": "1", "train.776a00e2.link": json.dumps({"signatures": [], "signed": signed})})
        assert matches(only(tmp_path)) == [("in_toto", "data/a.csv", True)]
        write(tmp_path, {"data/a.csv": "2"})
        assert matches(only(tmp_path)) == [("in_toto", "data/a.csv", False)]

    def test_a_later_step_replaces_the_product_of_an_earlier_one(self, tmp_path):
        def link(name, materials, products):
            signed = {"_type": "link", "name": name, "materials": materials, "products": products}
            return json.dumps({"signatures": [], "signed": signed})

        raw, clean = ({"data/a.csv": {"sha256": sha(text)}} for text in ("raw", "clean"))
        links = {"fetch.1.link": link("fetch", {}, raw), "clean.2.link": link("clean", raw, clean)}
        write(tmp_path, {"data/a.csv": "clean", **links})
        assert matches(only(tmp_path)) == [("in_toto", "data/a.csv", True)]
        write(tmp_path, {"data/a.csv": "raw"})
        assert matches(only(tmp_path)) == [("in_toto", "data/a.csv", False)]

    def test_a_link_predicate(self, tmp_path):
        made = statement(
            ("data/a.csv", {"sha256": sha("1")}),
            predicate_type="https://in-toto.io/attestation/link/v0.3",
            predicate={"name": "train", "materials": []},
        )
        made["predicate"]["materials"] = {}
        write(tmp_path, {"data/a.csv": "1", "t.link": json.dumps(dsse(made))})
        assert matches(only(tmp_path)) == [("in_toto", "data/a.csv", True)]

    @pytest.mark.parametrize(
        "text",
        [
            "{",
            '{"payload": "%%%"}',
            '{"payload": 1}',
            '{"payload": "W10="}',
            '{"subject": 1}',
            '{"subject": [1]}',
            '{"subject": [{"name": "x", "digest": 1}]}',
            '{"payload": "e30=", "payload": "e30="}',
            '{"signed": {"_type": "link", "products": []}}',
            '{"subject": [], "predicateType": "https://model_signing/signature/v1.0", "predicate": {}}',
            '{"subject": [], "predicateType": "https://model_signing/signature/v1.0", "predicate": {"resources": 1}}',
        ],
    )
    def test_a_malformed_document_is_coverage(self, tmp_path, text):
        write(tmp_path, {"data/a.csv": "1", "x.dsse.json": text})
        found = only(tmp_path)
        assert found.status == Status.PARTIAL
        assert "x.dsse.json" in found.coverage.skipped[0].reason

    @pytest.mark.parametrize("data", [b"\x30\x45binary", b"", b"-----BEGIN SIGNATURE-----", b'{"layout": 1}'])
    def test_signatures_without_a_statement_pin_nothing(self, tmp_path, data):
        write(tmp_path, {"data/a.csv": "1", "data/a.csv.sig": data})
        assert only(tmp_path).status == Status.COMPLETE


MODEL = {"weights.bin": "w", "sub/config.json": "{}"}


class TestModelSignature:
    def bundle(self, name, resources, algorithm="sha256"):
        rows = [{"name": path, "algorithm": algorithm, "digest": digest} for path, digest in resources.items()]
        root = hashlib.sha256(b"".join(bytes.fromhex(digest) for digest in resources.values())).hexdigest()
        made = statement(
            (name, {"sha256": root}),
            predicate_type="https://model_signing/signature/v1.0",
            predicate={
                "serialization": {
                    "method": "files",
                    "hash_type": "sha256",
                    "allow_symlinks": False,
                    "ignore_paths": [],
                },
                "resources": rows,
            },
        )
        bundle = {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": {}}
        return json.dumps({**bundle, "dsseEnvelope": dsse(made)})

    @pytest.mark.parametrize("place", ["models/net/model.sig", "models/model.sig", "signatures/model.sig"])
    def test_a_folder_wherever_the_signature_lies(self, tmp_path, place):
        write(tmp_path, {f"models/net/{name}": data for name, data in MODEL.items()})
        write(tmp_path, {place: self.bundle("net", {name: sha(data) for name, data in MODEL.items()})})
        found = only(tmp_path, "models/net", "model")
        assert sorted(matches(found)) == [("oms", f"models/net/{name}", True) for name in sorted(MODEL)]
        write(tmp_path, {"models/net/weights.bin": "evil"})
        (tmp_path / "models/net/sub/config.json").unlink()
        assert [match for *_, match in matches(only(tmp_path, "models/net", "model"))] == [False, False]

    def test_one_file(self, tmp_path):
        write(tmp_path, {"models/net.bin": "w", "models/net.bin.sig": self.bundle("net.bin", {".": sha("w")})})
        assert matches(only(tmp_path, "models/net.bin", "model")) == [("oms", "models/net.bin", True)]

    def test_other_algorithms_are_coverage(self, tmp_path):
        write(tmp_path, {"net/w": "w", "net/model.sig": self.bundle("net", {"w": "ab" * 64}, algorithm="blake2b")})
        found = only(tmp_path, "net", "model")
        assert found.status == Status.PARTIAL
        assert "blake2b" in found.coverage.skipped[0].reason

    def test_the_older_format(self, tmp_path):
        made = statement(("w", {"sha256": sha("w")}), predicate_type="https://model_signing/Digests/v0.1")
        write(tmp_path, {"net/w": "w", "net/model.sig": json.dumps({"dsseEnvelope": dsse(made)})})
        assert matches(only(tmp_path, "net", "model")) == [("oms", "net/w", True)]


def test_an_unreadable_pinned_file_is_coverage(tmp_path):
    write(tmp_path, {"data/a.csv": "1", "SHA256SUMS": f"{sha('1')}  data/link\n"})
    (tmp_path / "data" / "link").symlink_to("a.csv")
    found = only(tmp_path, "data")
    assert found.status == Status.PARTIAL
    assert any("unreadable" in item.reason for item in found.coverage.skipped)


def test_observations_are_the_same_every_time(tmp_path):
    write(tmp_path, {"data/a.csv": "1", "data/SHA256SUMS": f"{sha('1')}  a.csv\n", "data/a.csv.sha256": sha("1")})
    assert only(tmp_path).id == only(tmp_path).id


class TestReadInside:
    def test_reads_what_is_inside(self, tmp_path):
        write(tmp_path, {"a/b": "1"})
        (tmp_path / "link").symlink_to("a/b")
        assert locations.read_inside(tmp_path, "a/../a/b", 1) == b"1"
        assert locations.read_inside(tmp_path, "link", 1) == b"1"

    @pytest.mark.parametrize(
        "location", ["../x", "/etc/hostname", "a/../../x", "away", "nul\x00", "missing", ".", "pipe", "big"]
    )
    def test_refuses_the_rest(self, tmp_path, location):
        root = tmp_path / "root"
        write(root, {"big": "12345"})
        write(tmp_path, {"x": "secret"})
        (root / "away").symlink_to(tmp_path / "x")
        os.mkfifo(root / "pipe")
        with pytest.raises(EvidenceError) as caught:
            locations.read_inside(root, location, 4)
        assert str(tmp_path) not in str(caught.value)


NAMES = ["a.csv.dvc", "dvc.lock", "SHA256SUMS", "x.link"]
PIECES = [
    "outs:\n",
    "- ",
    "md5: ",
    "path: ",
    "a.csv",
    "\n",
    "  ",
    '{"',
    '"payload": ',
    '"subject": [',
    "]",
    "}",
    "0" * 64,
    "  ",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=2)), st.sampled_from(NAMES))
def test_any_document_of_pins_is_read_or_named_and_never_a_crash(tmp_path_factory, parts, name):
    root = tmp_path_factory.mktemp("any")
    write(root, {"a.csv": "1", name: "".join(parts)})
    found = only(root, "a.csv")
    assert found.status in (Status.COMPLETE, Status.PARTIAL)
    assert all(name in item.item for item in found.coverage.skipped)
    assert not any(pin["match"] for pin in found.result["pins"])
