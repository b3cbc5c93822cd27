"""GPU sharing in configuration files, wherever it is embedded."""

from pathlib import Path
from typing import Any

import pytest
from manifest_case import context_of

from probatum.collectors.gpu.configuration import read_configuration
from probatum.collectors.gpu_isolation import GpuIsolation
from probatum.evaluator.graph import Observation, Status

TIME_SLICING = """
version: v1
flags: {migStrategy: none}
sharing:
  timeSlicing:
    renameByDefault: false
    resources:
      - {name: nvidia.com/gpu, replicas: 4}
"""
MPS = "version: v1\nsharing:\n  mps:\n    resources:\n      - {name: nvidia.com/gpu, replicas: 10}\n"
PARTED = """
version: v1
mig-configs:
  all-disabled:
    - {devices: all, mig-enabled: false}
  mixed:
    - {devices: [0, 1], mig-enabled: true, mig-devices: {1g.10gb: 7}}
    - {device-filter: ["0x233010DE"], devices: [2], mig-enabled: "true", mig-devices: {3g.40gb: x}}
"""


def indent(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.strip().splitlines())


def sharing(tmp_path: Path, **files: str) -> Observation:
    for name, text in files.items():
        path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "smi.xml").write_text("<nvidia_smi_log/>")
    found = GpuIsolation().collect(context_of(tmp_path, "gpu", {"node": "smi.xml"}))
    return next(item for item in found if item.type == "gpu_sharing")


@pytest.mark.parametrize(
    "wrapped",
    [
        TIME_SLICING,
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cfg}\ndata:\n  any: |-\n" + indent(TIME_SLICING),
        "config:\n  map:\n    default: |-\n  " + indent(TIME_SLICING).replace("\n", "\n  "),
        "apiVersion: v1\nkind: List\nitems:\n- kind: ConfigMap\n  apiVersion: v1\n  data:\n    a: |\n  "
        + indent(TIME_SLICING).replace("\n", "\n  "),
    ],
)
def test_time_slicing_is_found_wherever_it_is_embedded(tmp_path: Path, wrapped: str) -> None:
    observation = sharing(tmp_path, deep__er__config_dot_yaml=wrapped)
    assert observation.status is Status.COMPLETE
    (entry,) = observation.result["time_slicing"]
    assert (entry["file"], entry["resource"], entry["replicas"]) == ("deep/er/config.yaml", "nvidia.com/gpu", 4)
    assert observation.result["shared"] is True
    assert [file["file"] for file in observation.result["files"]] == ["deep/er/config.yaml"]
    assert set(observation.inputs) == {"smi.xml"}


def test_mps_and_its_clients_share(tmp_path: Path) -> None:
    assert [(e["resource"], e["replicas"]) for e in sharing(tmp_path, a_dot_yml=MPS).result["mps"]] == [
        ("nvidia.com/gpu", 10)
    ]
    client = "containers: [{name: c, env: [{name: CUDA_MPS_PIPE_DIRECTORY, value: /x}]}]\n"
    result = sharing(tmp_path, a_dot_yml=client).result
    assert result["mps"][0]["resource"] is None
    assert result["shared"] is True


@pytest.mark.parametrize(
    ("text", "replicas", "shared"),
    [
        ("sharing: {timeSlicing: {resources: [{name: nvidia.com/gpu, replicas: 1}]}}", [1], False),
        ("sharing: {timeSlicing: {resources: [{name: nvidia.com/gpu, replicas: '2'}]}}", [2], True),
        ("sharing: {timeSlicing: {resources: [{name: nvidia.com/gpu, replicas: true}]}}", [None], True),
        ("sharing: {timeSlicing: {resources: [nvidia.com/gpu]}}", [None], True),
        ("sharing: {timeSlicing: {resources: 5}}", [None], True),
        ("sharing: {timeSlicing: yes}", [None], True),
        ("sharing: {timeSlicing: {resources: []}}", [], False),
        ("sharing: {timeSlicing: null}", [], False),
        ("timeSlicing: {resources: [{name: nvidia.com/mig-1g.10gb, replicas: 3}]}", [3], True),
    ],
)
def test_what_cannot_be_read_counts_as_shared(
    tmp_path: Path, text: str, replicas: list[int | None], shared: bool
) -> None:
    result = sharing(tmp_path, a_dot_yaml=text).result
    assert [entry["replicas"] for entry in result["time_slicing"]] == replicas
    assert result["shared"] is shared


def test_mig_parted_layouts(tmp_path: Path) -> None:
    result = sharing(tmp_path, a_dot_yaml=PARTED).result
    assert result["shared"] is False
    rows = [(e["config"], e["devices"], e["mig_enabled"], e["profiles"]) for e in result["mig_parted"]]
    assert rows == [
        ("all-disabled", "all", False, {}),
        ("mixed", [0, 1], True, {"1g.10gb": 7}),
        ("mixed", [2], None, {"3g.40gb": None}),
    ]


def test_requests_of_containers(tmp_path: Path) -> None:
    spec = "{containers: [{name: c, resources: {limits: {%s: 1}}}]}"
    pod = f"kind: Pod\napiVersion: v1\nmetadata: {{name: p}}\nspec: {spec}\n"
    result = sharing(tmp_path, a_dot_yaml=pod % "nvidia.com/mig-3g.40gb").result
    assert result["requests"] == [
        {"file": "a.yaml", "object": "Pod/p", "container": "c", "resource": "nvidia.com/mig-3g.40gb", "amount": "1"}
    ]
    assert result["shared"] is False
    assert sharing(tmp_path, a_dot_yaml=pod % "nvidia.com/gpu.shared").result["shared"] is True


@pytest.mark.parametrize(("strategy", "kind"), [("time-sharing", "time_slicing"), ("mps", "mps")])
def test_gke_node_labels_share(tmp_path: Path, strategy: str, kind: str) -> None:
    gke = "cloud.google.com/gke"
    labels = f"nodeSelector: {{{gke}-gpu-sharing-strategy: {strategy}, {gke}-max-shared-clients-per-gpu: '3'}}"
    result = sharing(tmp_path, a_dot_yaml=labels).result
    assert [entry["replicas"] for entry in result[kind]] == [3]
    assert result["shared"] is True


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("timeSlicing: [\n", "not valid YAML"),
        ("{{ if .x }}\ntimeSlicing: 1\n", "helm template"),
        ("sharing: {timeSlicing: {}, partitioning: {}}", "partitioning, which is not known"),
        (
            "apiVersion: resource.k8s.io/v1\nkind: ResourceClaim\nmetadata: {name: x}\n",
            "dynamic resource allocation is not judged",
        ),
        ('data: {a: "timeSlicing: ["}', "mentions GPU sharing and is no YAML"),
    ],
)
def test_what_cannot_be_judged_is_coverage(tmp_path: Path, text: str, part: str) -> None:
    observation = sharing(tmp_path, a_dot_yaml=text, fine_dot_yaml="a: 1")
    assert observation.status is Status.PARTIAL
    assert (observation.coverage.seen, observation.coverage.examined) == (2, 1)
    assert part in observation.coverage.skipped[0].reason


def test_documents_embedded_without_end_are_coverage(tmp_path: Path) -> None:
    text = TIME_SLICING
    for _ in range(5):
        text = "a: |-\n" + indent(text)
    assert "embedded too deep" in sharing(tmp_path, a_dot_yaml=text).coverage.skipped[0].reason


def test_files_that_mention_no_gpu_are_not_parsed(tmp_path: Path) -> None:
    observation = sharing(tmp_path, a_dot_yaml="broken: [", b_dot_json="{", c_dot_json='{\t"social": {"sharing": 1}}')
    assert observation.status is Status.COMPLETE
    assert observation.coverage.seen == 3
    assert observation.result["files"] == []


def test_symlinks_and_caches_are_not_followed_and_large_files_are_coverage(tmp_path: Path, monkeypatch: Any) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "s.yaml").write_text(TIME_SLICING)
    root = tmp_path / "root"
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "s.yaml").write_text(TIME_SLICING)
    (root / "link.yaml").symlink_to(outside / "s.yaml")
    (root / "folder").symlink_to(outside)
    with (root / "large.json").open("wb") as stream:
        stream.truncate(9 * 1024 * 1024)
    found = read_configuration(root)
    assert found.sharing.time_slicing == []
    assert [(item.item, "larger than" in item.reason) for item in found.skipped] == [("large.json", True)]


def test_a_json_configuration_is_read_strictly(tmp_path: Path) -> None:
    text = '{\n\t"sharing": {"mps": {"resources": [{"name": "nvidia.com/gpu", "replicas": 2}]}}\n}'
    assert sharing(tmp_path, a_dot_json=text).result["mps"][0]["replicas"] == 2
