"""The manifest is read strictly: every error names file, line, field and what was expected."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from probatum.collectors.manifest import load_manifest, manifest_schema
from probatum.errors import UsageError

GOOD = """\
pipeline: {name: scoring, criticality: high, exposure: internet}
subjects:
  - {kind: model, name: m, location: models/m.safetensors}
  - {kind: dataset, name: d, location: data}
relations:
  - {from: "model:m", relation: trained_on, to: "dataset:d"}
checklist: full
parameters: {MODEL-01: {max_age_days: 3}}
undeclared: warn
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "models" / "m.safetensors").write_bytes(b"x")
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "probatum.yaml"
    path.write_text(text)
    return path


def test_a_manifest_is_read_whole(folder: Path) -> None:
    manifest = load_manifest(write(folder, GOOD))
    assert [subject.id for subject in manifest.subjects] == ["model:m", "dataset:d"]
    assert manifest.relations[0].to_document() == {"from": "model:m", "relation": "trained_on", "to": "dataset:d"}
    assert manifest.checklist == "full"
    assert manifest.undeclared == "warn"
    assert manifest.parameters == {"MODEL-01": {"max_age_days": 3}}
    assert manifest.declared


@pytest.mark.parametrize(
    ("old", "new", "where", "part"),
    [
        ("undeclared: warn", "undeclared: allow", ":9", "undeclared"),
        ("criticality: high", "criticality: huge", ":1", "What a failure of the system costs"),
        ("kind: model", "kind: modle", ":3", "subjects.0.kind"),
        ("models/m.safetensors", "models/absent.safetensors", ":3", "does not exist"),
        ("models/m.safetensors", "../outside", ":3", "outside the pipeline's folder"),
        ("models/m.safetensors", "/etc/passwd", ":3", "outside the pipeline's folder"),
        ('to: "dataset:d"', 'to: "dataset:e"', ":6", "no subject 'dataset:e'"),
        ("name: d,", "name: m, x: 1,", ":4", "subjects.1"),
        ("kind: dataset, name: d", "kind: model, name: m", ":4", "declared twice"),
        ("MODEL-01", "MODEL_01", ":8", "parameters"),
        ("pipeline: {name: scoring, criticality: high, exposure: internet}", "pipelines: {}", ":1", "pipeline"),
    ],
)
def test_an_error_names_line_and_field(folder: Path, old: str, new: str, where: str, part: str) -> None:
    assert old in GOOD
    with pytest.raises(UsageError) as caught:
        load_manifest(write(folder, GOOD.replace(old, new)))
    assert f"probatum.yaml{where}" in caught.value.what
    assert part in str(caught.value)
    assert caught.value.remedy


def test_a_symlink_out_of_the_root_is_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "m.safetensors"
    outside.write_bytes(b"x")
    (folder / "models" / "m.safetensors").unlink()
    (folder / "models" / "m.safetensors").symlink_to(outside)
    with pytest.raises(UsageError, match="outside"):
        load_manifest(write(folder, GOOD))


def test_waivers_may_lie_in_a_file_of_their_own(folder: Path) -> None:
    (folder / "waivers.yaml").write_text("- {id: W-1, control: MODEL-01}\n")
    manifest = load_manifest(write(folder, GOOD + "waivers: waivers.yaml\n"))
    assert manifest.waivers == ({"id": "W-1", "control": "MODEL-01"},)
    (folder / "waivers.yaml").write_text("id: W-1\n")
    with pytest.raises(UsageError, match="not a list of waivers"):
        load_manifest(write(folder, GOOD + "waivers: waivers.yaml\n"))


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        load_manifest(tmp_path / "absent.yaml")
    with pytest.raises(UsageError, match="cannot read"):
        load_manifest(tmp_path)


def test_the_schema_is_a_schema_and_describes_its_fields() -> None:
    schema = manifest_schema()
    Draft202012Validator.check_schema(schema)
    assert all(
        field.get("description") or "$ref" in field or "const" in field for field in schema["properties"].values()
    )


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["pipeline", "subjects", "name", "kind"]), inner)
        ),
        max_leaves=8,
    )
)
def test_any_document_is_read_or_refused_with_one_error(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    import yaml

    folder = tmp_path_factory.mktemp("m")
    try:
        manifest = load_manifest(write(folder, yaml.safe_dump(value)))
    except UsageError as error:
        assert error.what
    else:
        assert manifest.pipeline["name"]
