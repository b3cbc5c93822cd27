"""Provenance of every version, in the words of each generator, read into one form."""

from __future__ import annotations

from typing import Any

import pytest

from probatum.slsa_provenance import V01, V02, V1, WITNESS, Material, Provenance, read

COMMIT = "a" * 40
GIT = "git+https://git.example/org/repo@refs/heads/main"
SOURCE = Material(GIT, {"gitCommit": COMMIT})


def old(predicate: dict[str, Any], version: str = V02) -> Provenance:
    return read({"predicateType": version, "predicate": predicate})


def new(definition: dict[str, Any], **details: Any) -> Provenance:
    return read({"predicateType": V1, "predicate": {"buildDefinition": definition, "runDetails": details}})


def test_github_names_a_workflow_and_one_dependency() -> None:
    workflow = {"repository": "https://git.example/org/repo", "ref": "refs/heads/main", "path": ".github/x.yml"}
    found = new(
        {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {"workflow": workflow},
            "resolvedDependencies": [{"uri": GIT, "digest": {"gitCommit": COMMIT}}],
        },
        builder={"id": "https://github.com/actions/runner/github-hosted"},
        metadata={"invocationId": "https://git.example/run/1"},
    )
    assert found.builder == "https://github.com/actions/runner/github-hosted"
    assert (found.sources, found.materials) == ((SOURCE,), (SOURCE,))
    assert found.parameters == {"workflow": workflow}
    assert (found.run, found.started, found.finished) == ("https://git.example/run/1", None, None)


def test_the_slsa_generators_put_the_commit_under_sha1() -> None:
    config = {"uri": GIT, "digest": {"sha1": COMMIT}, "entryPoint": ".github/workflows/x.yml"}
    found = old(
        {
            "builder": {"id": "https://b"},
            "buildType": "t",
            "invocation": {"configSource": config, "parameters": {"a": 1}},
            "metadata": {"buildInvocationId": "7-1", "buildStartedOn": "s", "buildFinishedOn": "f"},
            "materials": [{"uri": GIT, "digest": {"sha1": COMMIT}}],
        }
    )
    assert (found.builder, found.build_type, found.parameters) == ("https://b", "t", {"a": 1})
    assert found.sources == (SOURCE,)
    assert (found.run, found.started, found.finished) == ("7-1", "s", "f")
    named = new({"externalParameters": {"source": {"uri": GIT, "digest": {"sha1": COMMIT}}}})
    assert named.sources == (SOURCE,)


def test_gitlab_puts_the_commit_under_sha256() -> None:
    uri = "https://git.example/org/repo"
    found = old(
        {
            "invocation": {"configSource": {"uri": uri, "digest": {"sha256": COMMIT}, "entryPoint": "build"}},
            "materials": [{"uri": uri, "digest": {"sha256": COMMIT}}],
        }
    )
    assert found.sources == (Material(uri, {"gitCommit": COMMIT}),)
    assert new({"externalParameters": {"source": uri}}).sources == (Material(uri, {}),)


def test_google_cloud_build_of_both_ages() -> None:
    repository = {"repository": "https://git.example/org/repo", "ref": "refs/heads/main"}
    found = new(
        {
            "externalParameters": {"buildConfigSource": {**repository, "path": "c.yaml"}, "sourceToBuild": repository},
            "resolvedDependencies": [{"uri": GIT, "digest": {"sha1": COMMIT}}],
        }
    )
    assert found.sources == (SOURCE,)
    recipe = {"type": "https://cloudbuild.googleapis.com/CloudBuildYaml@v0.1", "arguments": {"id": "x"}}
    uri = "https://github.com/org/repo"
    first = old({"recipe": recipe, "materials": [{"uri": uri, "digest": {"sha1": COMMIT}}]}, V01)
    assert (first.build_type, first.parameters) == (recipe["type"], {"id": "x"})
    assert first.sources == (Material(uri, {"gitCommit": COMMIT}),)


def test_tekton_lists_its_tasks_among_the_materials() -> None:
    task = {"uri": "oci://registry.example/task", "digest": {"sha256": "b" * 64}}
    code = {"uri": "git+https://git.example/org/repo.git", "digest": {"sha1": COMMIT}}
    found = old({"builder": {"id": "https://tekton.dev/chains/v2"}, "materials": [task, code]})
    assert [item.uri for item in found.materials] == [task["uri"], code["uri"]]
    assert found.sources == (Material(code["uri"], {"gitCommit": COMMIT}),)


def test_buildkit_has_an_empty_builder() -> None:
    image = {"uri": "pkg:docker/alpine@3", "digest": {"sha256": "b" * 64}}
    config = {"uri": "https://git.example/org/repo.git#main", "digest": {"sha1": COMMIT}}
    found = old({"builder": {"id": ""}, "invocation": {"configSource": config}, "materials": [image]})
    assert found.builder is None
    assert [item.uri for item in found.sources] == [config["uri"]]
    assert new({"externalParameters": {"configSource": config}}).sources == found.sources


def test_a_source_that_is_named_takes_the_digest_of_its_material() -> None:
    config = {"uri": "https://git.example/org/repo"}
    material = {"uri": "https://git.example/org/repo@refs/heads/main", "digest": {"sha512": "c" * 128}}
    assert old({"invocation": {"configSource": config}, "materials": [material]}).sources == (
        Material(material["uri"], {"sha512": "c" * 128}),
    )


def test_a_sha1_of_a_file_stays_what_it_is() -> None:
    """Only a repository's is a commit: else a weak digest of any file would pass for one."""
    found = old({"materials": [{"uri": "https://files.example/x.bin", "digest": {"sha1": COMMIT}}]})
    assert found.materials == (Material("https://files.example/x.bin", {"sha1": COMMIT}),)
    assert found.sources == ()


def test_a_commit_that_is_there_is_not_replaced() -> None:
    found = old({"materials": [{"uri": GIT, "digest": {"sha1": COMMIT, "gitCommit": "d" * 40}}]})
    assert found.materials[0].digest == {"sha1": COMMIT, "gitCommit": "d" * 40}


@pytest.mark.parametrize("version", [V1, V02, V01])
@pytest.mark.parametrize("predicate", [None, [], {}, {"builder": 5, "runDetails": [], "buildDefinition": "x"}])
def test_what_is_missing_or_odd_is_none(version: str, predicate: Any) -> None:
    found = read({"predicateType": version, "predicate": predicate})
    assert (found.builder, found.build_type, found.run, found.sources) == (None, None, None, ())
    assert (found.materials, found.malformed, found.parameters) == ((), 0, {})


@pytest.mark.parametrize("item", ["x", 5, {"uri": 5}, {"digest": []}, {"digest": {"sha256": 5}}])
def test_a_malformed_material_is_counted(item: Any) -> None:
    found = new({"resolvedDependencies": [item, {"uri": GIT, "digest": {"gitCommit": COMMIT}}]})
    assert (found.malformed, found.materials) == (1, (SOURCE,))
    assert new({"resolvedDependencies": "x"}).malformed == 1
    assert new({"externalParameters": {"source": {"uri": 5}, "workflow": {"repository": 5}}}).sources == ()


def of_witness(started: Any) -> Provenance:
    dependency = {"name": "data.csv", "digest": {"sha256": "d" * 64}}
    definition = {
        "build_type": "https://witness.dev/slsa-build@v0.1",
        "external_parameters": {"the_command": "train"},
        "resolved_dependencies": [dependency],
    }
    metadata = {"invocation_id": "7", "started_on": started, "finished_on": {"seconds": 1795198487, "nanos": 5}}
    details = {"builder": {"id": "https://witness.dev/witness-default-builder@v0.1"}, "metadata": metadata}
    return read({"predicateType": WITNESS, "predicate": {"build_definition": definition, "run_details": details}})


def test_witness_spells_version_1_as_go_does() -> None:
    found = of_witness({"seconds": 0})
    assert (found.builder, found.build_type, found.run) == (
        "https://witness.dev/witness-default-builder@v0.1",
        "https://witness.dev/slsa-build@v0.1",
        "7",
    )
    assert (found.started, found.finished) == ("1970-01-01T00:00:00Z", "2026-11-20T18:14:47Z")
    assert (found.materials, found.malformed) == ((Material(None, {"sha256": "d" * 64}),), 0)
    assert found.parameters == {"the_command": "train"}


@pytest.mark.parametrize(
    "odd", [{"seconds": -1}, {"seconds": 10**12}, {"seconds": "5"}, {"seconds": True}, {}, 5, None]
)
def test_an_odd_time_of_witness_is_none(odd: Any) -> None:
    assert of_witness(odd).started is None


def test_only_witness_is_read_so() -> None:
    """The names of its own under the type of the specification say nothing."""
    found = read({"predicateType": V1, "predicate": {"run_details": {"builder": {"id": "https://b"}}}})
    assert found.builder is None
    other = {"runDetails": {"builder": {"id": "https://b"}}}
    assert read({"predicateType": WITNESS, "predicate": other}).builder is None
