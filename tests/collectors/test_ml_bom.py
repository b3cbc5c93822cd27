"""The ml_bom collector against real CycloneDX documents on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from probatum.collectors.base import Context
from probatum.collectors.bom.document import examine
from probatum.collectors.bom.sections import SECTIONS
from probatum.collectors.ml_bom import MlBom
from probatum.collectors.result_schema import check_result
from probatum.collectors.sandbox import SandboxLimits
from probatum.content import read_content
from probatum.errors import UsageError
from probatum.evaluator.graph import Observation, Subject

Document = dict[str, Any]
WEIGHTS, TABLE = b"weights of the model", b"a,b\n1,2\n"
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
SERIAL = "3e671687-395b-41f5-a30f-a58921a69b79"


def complete(version: str = "1.6") -> Document:
    """A document that states everything."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "serialNumber": f"urn:uuid:{SERIAL}",
        "version": 1,
        "components": [
            {
                "type": "machine-learning-model",
                "bom-ref": "model",
                "name": "tumours",
                "version": "1.0",
                "supplier": {"name": "The clinic"},
                "hashes": [{"alg": "SHA-256", "content": SHA256}],
                "externalReferences": [{"type": "vcs", "url": "https://git.example/clinic/tumours"}],
                "modelCard": {
                    "modelParameters": {
                        "approach": {"type": "supervised"},
                        "task": "classification",
                        "datasets": [{"ref": "wdbc"}],
                    },
                    "quantitativeAnalysis": {"performanceMetrics": [{"type": "accuracy", "value": "0.97"}]},
                    "considerations": {"useCases": ["screening"]},
                    "properties": [{"name": "hyperparameter:learning_rate", "value": "0.1"}],
                },
            },
            {
                "type": "data",
                "bom-ref": "wdbc",
                "name": "wdbc",
                "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(TABLE).hexdigest()}],
            },
            {
                "type": "library",
                "bom-ref": "numpy",
                "name": "numpy",
                "version": "2.1.0",
                "purl": "pkg:pypi/numpy@2.1.0",
            },
        ],
        "dependencies": [{"ref": "model", "dependsOn": ["numpy"]}, {"ref": "numpy"}],
    }


def changed(change: Callable[[Document, Document, Document], object], version: str = "1.6") -> Document:
    """A complete document after a change to it, to its model component, or to its model card."""
    document = complete(version)
    model = document["components"][0]
    change(document, model, model["modelCard"])
    return document


def pipeline(root: Path, *documents: tuple[str, Any], settings: dict[str, Any] | None = None) -> Context:
    (root / "model.bin").write_bytes(WEIGHTS)
    (root / "wdbc.csv").write_bytes(TABLE)
    for name, document in documents:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    places = {"model": ("tumours", "model.bin"), "dataset": ("wdbc", "wdbc.csv")}
    subjects = [
        Subject(kind, name, {"sha256": read_content(root / place).sha256}, place)
        for kind, (name, place) in places.items()
    ]
    return Context(
        root=root,
        pipeline={"name": "p"},
        subjects={subject.id: subject for subject in subjects},
        settings=settings or {},
        now=datetime(2026, 11, 20, tzinfo=UTC),
        limits=SandboxLimits(seconds=30),
    )


def observe(root: Path, *documents: tuple[str, Any], settings: dict[str, Any] | None = None) -> Observation:
    (observation,) = MlBom().collect(pipeline(root, *documents, settings=settings))
    assert isinstance(observation, Observation)
    check_result(MlBom(), "ml_bom", observation.result)
    return observation


def examined(root: Path, document: Document) -> dict[str, Any]:
    """What the child process finds in one document, found in this process."""
    file = root / "bom.json"
    file.write_text(json.dumps(document))
    return examine({"path": str(file), "name": "bom.json"})


def test_the_software_that_a_document_names_wherever_it_stands(tmp_path: Path) -> None:
    """Nested components, those of formulas, with and without package URLs; models and data are none."""
    document = complete()
    library = document["components"][-1]
    library["components"] = [
        {"type": "framework", "group": "@acme", "name": "core", "components": [{"type": "library"}]}
    ]
    document["metadata"] = {"component": {"type": "application", "name": "app", "version": " 1 "}}
    inner = {"type": "file", "name": "x.whl", "version": 5, "purl": "pkg:pypi/x@1"}
    document["formulation"] = [
        {"components": [inner, {"type": "file", "name": "notes"}, {"type": "library", "name": "n" * 600}]}
    ]
    assert examined(tmp_path, document)["packages"] == [
        {"name": "@acme/core", "version": None, "purl": None},
        {"name": "app", "version": "1", "purl": None},
        {"name": "n" * 500, "version": None, "purl": None},
        {"name": "numpy", "version": "2.1.0", "purl": "pkg:pypi/numpy@2.1.0"},
        {"name": "x.whl", "version": None, "purl": "pkg:pypi/x@1"},
    ]


def test_more_software_than_is_listed_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = complete()
    document["components"] += [{"type": "library", "name": f"p{number}"} for number in range(4)]
    monkeypatch.setattr("probatum.collectors.bom.document.MAX_PACKAGES", 2)
    found = examined(tmp_path, document)
    assert ([item["name"] for item in found["packages"]], found["packages_omitted"]) == (["numpy", "p0"], 3)


def test_the_software_of_several_documents_about_a_model_is_listed_once(tmp_path: Path) -> None:
    other = complete()
    other["components"].append({"type": "library", "name": "zlib"})
    result = observe(tmp_path, ("a.cdx.json", complete()), ("b.cdx.json", other)).result
    assert ([item["name"] for item in result["packages"]], result["packages_omitted"]) == (["numpy", "zlib"], 0)
    other["components"][0]["hashes"][0]["content"] = "a" * 64
    (tmp_path / "a.cdx.json").unlink()
    assert observe(tmp_path, ("b.cdx.json", other)).result["packages"] == [], "of a document about another model"


def stated(summary: dict[str, Any]) -> set[str]:
    (model,) = summary["models"]
    return {name for name, value in model["sections"].items() if value}


@pytest.mark.parametrize("version", ["1.5", "1.6", "1.7"])
def test_complete_document_states_everything(tmp_path: Path, version: str) -> None:
    observation = observe(tmp_path, ("bom/model.cdx.json", complete(version)))
    result = observation.result
    assert result["errors"] == []
    assert result["valid"] is True
    assert set(result["sections"].values()) == {True}
    assert result["spec_version"] == version
    assert result["component"] == {"name": "tumours", "bom_ref": "model", "digest_matches": True}
    assert result["source"] == "bom/model.cdx.json"
    assert {"component": "wdbc", "subject": "dataset:wdbc"} in result["joined"]
    assert observation.status == "complete"
    assert observation.inputs["model.bin"] == {"sha256": SHA256}
    assert "bom/model.cdx.json" in observation.inputs
    assert observation.tool is not None
    assert observation.tool["name"] == "cyclonedx-python-lib"


def test_same_input_gives_the_same_observation(tmp_path: Path) -> None:
    document = changed(lambda d, m, c: d["dependencies"].append({"ref": "nobody", "dependsOn": ["b", "a"]}))
    assert observe(tmp_path, ("bom.json", document)).id == observe(tmp_path, ("bom.json", document)).id


CHANGES: dict[str, list[Callable[[Document, Document, Document], object]]] = {
    "software": [
        lambda d, m, c: d["components"].pop(),
        lambda d, m, c: d["components"][2].pop("purl"),
        lambda d, m, c: d["components"][2].update(version=" "),
        lambda d, m, c: d["components"][2].update(purl="numpy"),
        lambda d, m, c: d["components"].append({"type": "framework", "name": "torch"}),
        lambda d, m, c: m.update(components=[{"type": "library", "name": "hidden"}]),
    ],
    "data": [
        lambda d, m, c: c["modelParameters"].pop("datasets"),
        lambda d, m, c: c["modelParameters"].update(datasets=[]),
        lambda d, m, c: c["modelParameters"].update(datasets=[{"type": "dataset", "name": "wdbc"}]),
        lambda d, m, c: c["modelParameters"].update(
            datasets=[{"type": "dataset", "contents": {"url": "https://e.example"}}]
        ),
        lambda d, m, c: c["modelParameters"].update(datasets=[{"ref": "numpy"}]),
        lambda d, m, c: c["modelParameters"]["datasets"].append({"ref": "nobody"}),
    ],
    "model_card": [
        lambda d, m, c: c.pop("considerations"),
        lambda d, m, c: c.update(considerations={"useCases": []}),
        lambda d, m, c: c.update(considerations={"useCases": [" "]}),
        lambda d, m, c: (c["modelParameters"].pop("approach"), c["modelParameters"].pop("task")),
    ],
    "hyperparameters": [
        lambda d, m, c: c.pop("properties"),
        lambda d, m, c: c.update(properties=[{"name": "hyperparameter:lr"}]),
        lambda d, m, c: c.update(properties=[{"name": "hyperparametric", "value": "1"}]),
        lambda d, m, c: c.update(properties=[{"name": "learning rate", "value": "1"}]),
    ],
    "metrics": [
        lambda d, m, c: c.pop("quantitativeAnalysis"),
        lambda d, m, c: c["quantitativeAnalysis"].update(performanceMetrics=[]),
        lambda d, m, c: c["quantitativeAnalysis"]["performanceMetrics"].append({"type": "recall"}),
        lambda d, m, c: c["quantitativeAnalysis"]["performanceMetrics"].append({"type": "recall", "value": ""}),
    ],
    "provenance": [
        lambda d, m, c: m.pop("supplier"),
        lambda d, m, c: m.pop("externalReferences"),
        lambda d, m, c: m["externalReferences"][0].update(type="website"),
        lambda d, m, c: m.update(supplier={"name": ""}),
    ],
}


@pytest.mark.parametrize(("section", "number"), [(s, n) for s, items in CHANGES.items() for n in range(len(items))])
def test_section_that_says_nothing_does_not_count(tmp_path: Path, section: str, number: int) -> None:
    summary = examined(tmp_path, changed(CHANGES[section][number]))
    assert stated(summary) == set(SECTIONS) - {section}


PLACES: list[Callable[[Document, Document, Document], object]] = [
    lambda d, m, c: c["modelParameters"].update(
        datasets=[{"type": "dataset", "name": "wdbc", "contents": {"url": "https://data.example/wdbc.csv"}}]
    ),
    lambda d, m, c: (c.pop("properties"), m.update(properties=[{"name": "clinic:HyperParameters", "value": "{}"}])),
    lambda d, m, c: (
        c.pop("properties"),
        d.update(
            formulation=[
                {
                    "workflows": [
                        {
                            "bom-ref": "training",
                            "uid": "training",
                            "taskTypes": ["build"],
                            "inputs": [{"parameters": [{"name": "learning_rate", "value": "0.1"}]}],
                        }
                    ]
                }
            ]
        ),
    ),
    lambda d, m, c: (m.pop("externalReferences"), m.update(pedigree={"notes": "fine-tuned from tumours 0.9"})),
    lambda d, m, c: (m.pop("supplier"), m.update(publisher="The clinic")),
    lambda d, m, c: d.update(
        metadata={"component": d["components"].pop(0), "supplier": m.pop("supplier")}  # the main component's supplier
    ),
    lambda d, m, c: d.update(components=[{"type": "application", "name": "app", "components": d["components"]}]),
]


@pytest.mark.parametrize("number", range(len(PLACES)))
def test_other_places_in_use_count(tmp_path: Path, number: int) -> None:
    summary = examined(tmp_path, changed(PLACES[number]))
    assert summary["errors"] == []
    assert stated(summary) == set(SECTIONS)


def test_supplier_of_the_document_is_not_that_of_a_model_beside(tmp_path: Path) -> None:
    document = changed(lambda d, m, c: d.update(metadata={"supplier": m.pop("supplier")}))
    assert stated(examined(tmp_path, document)) == set(SECTIONS) - {"provenance"}


ERRORS: list[tuple[Callable[[Document, Document, Document], object], str]] = [
    (lambda d, m, c: d.update(unknown=1), "unknown"),
    (lambda d, m, c: m.pop("name"), "name"),
    (lambda d, m, c: d.update(version="one"), "version"),
    (lambda d, m, c: d.update(specVersion="1.4"), "specVersion '1.4' is not supported"),
    (lambda d, m, c: d.update(specVersion="1.8"), "specVersion '1.8' is not supported"),
    (lambda d, m, c: d.update(specVersion=1.6), "specVersion 1.6 is not supported"),
    (lambda d, m, c: d.pop("specVersion"), "specVersion None is not supported"),
    (lambda d, m, c: d["components"][2].update(modelCard={}), "a modelCard on a component of type 'library'"),
    (lambda d, m, c: d["components"][2].update({"bom-ref": "model"}), "bom-ref 'model' is used twice"),
    (lambda d, m, c: m["externalReferences"][0].update(url="not an address"), "not an address"),
    (lambda d, m, c: m["externalReferences"][0].update(url="https://e.example/%zz"), "%zz"),
]


@pytest.mark.parametrize("number", range(len(ERRORS)))
def test_errors_make_the_document_invalid(tmp_path: Path, number: int) -> None:
    change, message = ERRORS[number]
    errors = examined(tmp_path, changed(change))["errors"]
    assert any(message in error for error in errors), errors


def test_model_with_two_digests_is_an_error(tmp_path: Path) -> None:
    document = changed(lambda d, m, c: m["hashes"].append({"alg": "SHA-256", "content": "0" * 64}))
    result = observe(tmp_path, ("bom.json", document)).result
    assert result["errors"] == ["bom.json: component 'tumours' has several SHA-256"]
    assert result["valid"] is False


DANGLING: list[tuple[Callable[[Document, Document, Document], object], str]] = [
    (lambda d, m, c: d["dependencies"][0]["dependsOn"].append("nobody"), "nobody"),
    (lambda d, m, c: d["dependencies"].append({"ref": "nobody"}), "nobody"),
    (lambda d, m, c: c["modelParameters"]["datasets"].append({"ref": "nobody"}), "nobody"),
    (lambda d, m, c: d.update(compositions=[{"aggregate": "complete", "assemblies": ["nobody"]}]), "nobody"),
    (lambda d, m, c: d.update(compositions=[{"aggregate": "complete", "dependencies": ["nobody"]}]), "nobody"),
    (lambda d, m, c: d.update(vulnerabilities=[{"id": "CVE-1", "affects": [{"ref": "nobody"}]}]), "nobody"),
    (
        lambda d, m, c: d.update(
            annotations=[{
                "subjects": ["nobody"], "annotator": {"individual": {"name": "A"}},
                "timestamp": "2026-01-01T00:00:00Z", "text": "t",
            }]
        ),
        "nobody",
    ),
    (lambda d, m, c: d["dependencies"].append({"ref": f"urn:cdx:{SERIAL}/1#nobody"}), f"urn:cdx:{SERIAL}/1#nobody"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(DANGLING)))
def test_reference_to_nothing_is_reported(tmp_path: Path, number: int) -> None:
    change, reference = DANGLING[number]
    summary = examined(tmp_path, changed(change))
    assert summary["dangling"] == [reference]
    assert len(summary["errors"]) == 1, "the schema's rules accept it: only our own check sees it"


def test_link_into_the_same_document_is_followed(tmp_path: Path) -> None:
    document = changed(lambda d, m, c: c["modelParameters"].update(datasets=[{"ref": f"urn:cdx:{SERIAL}/1#wdbc"}]))
    summary = examined(tmp_path, document)
    assert (summary["dangling"], summary["errors"], summary["external"]) == ([], [], [])


def test_link_to_another_document_is_external(tmp_path: Path) -> None:
    link = "urn:cdx:11111111-2222-3333-4444-555555555555/1#numpy"
    document = changed(lambda d, m, c: d["dependencies"][0]["dependsOn"].append(link))
    result = observe(tmp_path, ("bom.json", document)).result
    assert (result["external"], result["dangling"], result["valid"]) == ([link], [], True)


def test_name_alone_joins_nothing(tmp_path: Path) -> None:
    document = changed(lambda d, m, c: m["hashes"][0].update(content="0" * 64))
    result = observe(tmp_path, ("bom.json", document)).result
    assert result["component"] == {"name": "tumours", "bom_ref": "model", "digest_matches": False}
    assert result["valid"] is False
    assert set(result["sections"].values()) == {False}
    assert result["errors"][0] == f"bom.json: component 'tumours' has SHA-256 {'0' * 64}, not the model's"


def test_model_without_hashes_joins_nothing(tmp_path: Path) -> None:
    result = observe(tmp_path, ("bom.json", changed(lambda d, m, c: m.pop("hashes")))).result
    assert result["component"]["digest_matches"] is False
    assert "has no SHA-256" in result["errors"][0]


def test_digest_in_upper_case_joins(tmp_path: Path) -> None:
    document = changed(lambda d, m, c: m["hashes"][0].update(content=SHA256.upper()))
    assert observe(tmp_path, ("bom.json", document)).result["valid"] is True


@pytest.mark.parametrize("algorithm", ["SHA-512", "MD5", "SHA3-256"])
def test_other_algorithm_does_not_join(tmp_path: Path, algorithm: str) -> None:
    document = changed(lambda d, m, c: m["hashes"][0].update(alg=algorithm))
    assert observe(tmp_path, ("bom.json", document)).result["valid"] is False


def test_file_component_with_the_digest_is_not_a_model(tmp_path: Path) -> None:
    document = changed(lambda d, m, c: (m.update(type="file"), m.pop("modelCard")))
    result = observe(tmp_path, ("bom.json", document)).result
    assert (result["valid"], result["component"]) == (False, None)


def test_model_without_a_digest_is_described_by_nothing(tmp_path: Path) -> None:
    context = pipeline(tmp_path, ("bom.json", complete()))
    subjects = {"model:m": Subject("model", "tumours", {}, None)}
    (observation,) = MlBom().collect(Context(tmp_path, {"name": "p"}, subjects, limits=context.limits))
    assert isinstance(observation, Observation)
    assert observation.result["valid"] is False


def test_two_documents_must_both_state_a_section(tmp_path: Path) -> None:
    poor = changed(lambda d, m, c: c.pop("quantitativeAnalysis"))
    result = observe(tmp_path, ("a.cdx.json", complete()), ("b.cdx.json", poor)).result
    assert result["sections"]["metrics"] is False
    assert result["sections"]["data"] is True
    assert result["documents"] == ["a.cdx.json", "b.cdx.json"]


def test_invalid_second_document_is_not_hidden(tmp_path: Path) -> None:
    bad = changed(lambda d, m, c: d["dependencies"].append({"ref": "nobody"}))
    result = observe(tmp_path, ("a.cdx.json", complete()), ("b.cdx.json", bad)).result
    assert (result["valid"], result["dangling"]) == (False, ["nobody"])


def test_document_about_something_else_does_not_disturb(tmp_path: Path) -> None:
    other = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "library", "name": "x"}]}
    observation = observe(tmp_path, ("bom.json", complete()), ("z.cdx.json", other))
    assert observation.result["valid"] is True
    assert observation.status == "complete"


def test_no_document(tmp_path: Path) -> None:
    observation = observe(tmp_path)
    assert observation.result["errors"] == ["no CycloneDX document names this model by its SHA-256"]
    assert (observation.result["source"], observation.status) == (None, "complete")


UNREADABLE: dict[str, bytes] = {
    "duplicate key": b'{"bomFormat":"CycloneDX","specVersion":"1.6","specVersion":"1.5"}',
    "not strict JSON": b"{",
    "NaN": b'{"bomFormat":"CycloneDX","version":NaN}',
    "nested too deep": b'{"bomFormat":"CycloneDX","x":' + b"[" * 100 + b"]" * 100 + b"}",
    "utf-8": b'{"bomFormat":"\xff"}',
    "bomFormat": b"[]",
}


@pytest.mark.parametrize("reason", UNREADABLE)
def test_document_that_cannot_be_trusted_is_not_passed_over(tmp_path: Path, reason: str) -> None:
    observation = observe(tmp_path, ("bom.cdx.json", UNREADABLE[reason]), ("good.cdx.json", complete()))
    assert observation.status == "partial"
    assert observation.coverage.skipped[0].item == "bom.cdx.json"
    assert reason in observation.coverage.skipped[0].reason
    assert (observation.coverage.seen, observation.coverage.examined) == (2, 1)


def test_oversize_document(tmp_path: Path) -> None:
    path = tmp_path / "huge.cdx.json"
    with path.open("wb") as stream:
        stream.truncate(33 << 20)
    observation = observe(tmp_path)
    assert observation.status == "partial"
    assert "the limit is" in observation.coverage.skipped[0].reason
    assert any("huge.cdx.json" in error for error in observation.result["errors"])


def test_bom_json_of_another_tool_is_no_gap(tmp_path: Path) -> None:
    observation = observe(tmp_path, ("bom.json", {"spdxVersion": "SPDX-2.3"}))
    assert observation.status == "complete"
    assert observation.coverage.seen == 0


def test_xml_is_a_gap_that_says_so(tmp_path: Path) -> None:
    observation = observe(tmp_path, ("model.cdx.xml", b"<bom/>"), ("bom.json", complete()))
    assert observation.status == "partial"
    assert "XML is not supported" in observation.coverage.skipped[0].reason


def test_symlink_is_a_gap(tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps(complete()))
    root = tmp_path / "root"
    root.mkdir()
    (root / "bom.json").symlink_to(outside)
    observation = observe(root)
    assert observation.status == "partial"
    assert "symlink" in observation.coverage.skipped[0].reason
    assert observation.result["valid"] is False


def test_symlink_loop_of_folders_ends(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    assert observe(tmp_path, ("bom.json", complete())).coverage.seen == 1


@pytest.mark.parametrize("settings", [{"path": "x/model.json"}, {"paths": ["x/model.json"]}])
def test_settings_name_the_document(tmp_path: Path, settings: dict[str, Any]) -> None:
    observation = observe(tmp_path, ("x/model.json", complete()), ("bad.cdx.json", b"{"), settings=settings)
    assert observation.result["valid"] is True
    assert observation.status == "complete"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"file": "x"}, "ml_bom.file"),
        ({"paths": "x"}, "ml_bom.paths"),
        ({"path": 3}, "ml_bom.path"),
        ({"path": ""}, "ml_bom.path"),
        ({"path": "missing.json"}, "no file is at"),
        ({"path": "../outside.json"}, "outside the pipeline"),
        ({"path": "/etc/hostname"}, "outside the pipeline"),
        ({"path": "a\0b"}, "ml_bom.path"),
    ],
)
def test_wrong_settings_name_the_field(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    (tmp_path / "outside.json").write_text("{}")
    root = tmp_path / "root"
    root.mkdir()
    with pytest.raises(UsageError, match=message):
        observe(root, settings=settings)


def test_named_file_that_is_not_cyclonedx_is_a_gap(tmp_path: Path) -> None:
    observation = observe(tmp_path, ("bom.json", {"spdxVersion": "2.3"}), settings={"path": "bom.json"})
    assert observation.status == "partial"


def test_hang_of_the_validator_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probatum.collectors.ml_bom._TARGET", "time:sleep_for_ever")
    observation = observe(tmp_path, ("bom.json", complete()))
    assert observation.status == "partial"
    assert "did not finish" in observation.coverage.skipped[0].reason


def test_document_with_very_many_errors_has_a_short_list(tmp_path: Path) -> None:
    document = changed(lambda d, m, c: d["components"].extend({"type": "library"} for _ in range(500)))
    result = observe(tmp_path, ("bom.json", document)).result
    assert len(result["errors"]) == 21
    assert result["errors"][-1] == "bom.json: and 481 more"


ODD: list[Any] = [None, 0, "", "text", [], {}, [None], [[]], [0], {"x": None}, True]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_values_anywhere_give_no_crash(tmp_path: Path, odd: Any) -> None:
    """Each field of a complete document in turn has an odd value; the document is still read to its end."""
    paths = list(_paths(complete()))
    assert len(paths) > 50
    for path in paths:
        document = complete()
        owner: Any = document
        for key in path[:-1]:
            owner = owner[key]
        owner[path[-1]] = odd
        summary = examined(tmp_path, document)
        assert {"cyclonedx", "unreadable"} & set(summary)
        for model in summary.get("models", ()):
            assert set(model["sections"]) == set(SECTIONS)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Any:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _paths(item, (*path, key))


def test_available() -> None:
    assert MlBom().available(Context(Path(), {}, {})).ready
