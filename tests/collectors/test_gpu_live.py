"""The GPUs of this machine: NVML where there is a driver, nvidia-smi, or a clear failure."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from manifest_case import context_of

from probatum.collectors import gpu_isolation
from probatum.collectors.gpu import live, nvml
from probatum.collectors.gpu.live import LiveReport, read_live
from probatum.collectors.gpu.nvml import NvmlUnavailableError, read_nvml
from probatum.collectors.gpu.state import GpuReport
from probatum.collectors.gpu.tenants import tenant_of
from probatum.collectors.gpu_isolation import GpuIsolation
from probatum.errors import EvidenceError
from probatum.evaluator.graph import Status, Tier

pynvml: Any = pytest.importorskip("pynvml")
XML = (Path(__file__).parent / "data" / "gpu" / "minimal.xml").read_text()


class Driver:
    """Stands in for a driver, which no test machine has: answers by function name, errors are raised."""

    def __init__(self, **answers: Any) -> None:
        self.shut = 0
        defaults: dict[str, Any] = {
            "nvmlInit": None,
            "nvmlSystemGetDriverVersion": "570.1",
            "nvmlDeviceGetCount": 1,
            "nvmlDeviceGetHandleByIndex": lambda index: f"gpu{index}",
            "nvmlDeviceGetUUID": lambda handle: b"GPU-1" if handle == "gpu0" else "MIG-1",
            "nvmlDeviceGetName": lambda handle: "NVIDIA H200" if handle == "gpu0" else "NVIDIA H200 MIG 3g.71gb",
            "nvmlDeviceGetMigMode": [0, 0],
            "nvmlDeviceGetEccMode": [1, 1],
            "nvmlDeviceGetComputeMode": 0,
            "nvmlSystemGetConfComputeState": SimpleNamespace(environment=0, ccFeature=0, devToolsMode=0),
            "nvmlDeviceGetComputeRunningProcesses": [],
            "nvmlDeviceGetGraphicsRunningProcesses": [],
            "nvmlDeviceGetMPSComputeRunningProcesses": [],
            "nvmlSystemGetProcessName": "python3",
        }
        self._answers = {**defaults, **answers}

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.shut += 1

    def __getattr__(self, name: str) -> Any:
        if name.startswith("NVMLError"):
            return getattr(pynvml, name)
        answer = self._answers[name]

        def query(*arguments: Any) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer(*arguments) if callable(answer) else answer

        return query


def process(pid: int, gi: int = 0xFFFFFFFF) -> SimpleNamespace:
    return SimpleNamespace(pid=pid, usedGpuMemory=1, gpuInstanceId=gi, computeInstanceId=gi)


NOT_SUPPORTED, GONE = pynvml.NVMLError_NotSupported(), pynvml.NVMLError_GpuIsLost()


def test_a_gpu_is_described_through_nvml() -> None:
    driver = Driver()
    report = read_nvml(driver)
    assert driver.shut == 1
    assert (report.source, report.driver, report.attached, report.problems) == ("nvml", "570.1", 1, ())
    (gpu,) = report.gpus
    assert (gpu.uuid, gpu.product, gpu.mig_mode, gpu.mig_pending) == ("GPU-1", "NVIDIA H200", "disabled", "disabled")
    assert (gpu.ecc, gpu.compute_mode, gpu.confidential_computing) == ("enabled", "default", "off")


@pytest.mark.parametrize(
    ("answers", "field", "value"),
    [
        ({"nvmlDeviceGetMigMode": NOT_SUPPORTED}, "mig_mode", "unsupported"),
        ({"nvmlDeviceGetMigMode": NOT_SUPPORTED}, "mig_pending", None),
        ({"nvmlDeviceGetMigMode": [7, 0]}, "mig_mode", "unknown"),
        ({"nvmlDeviceGetEccMode": NOT_SUPPORTED}, "ecc", "unsupported"),
        ({"nvmlDeviceGetComputeMode": 3}, "compute_mode", "exclusive_process"),
        ({"nvmlDeviceGetComputeMode": 9}, "compute_mode", "mode_9"),
        ({"nvmlSystemGetConfComputeState": NOT_SUPPORTED}, "confidential_computing", "unsupported"),
        (
            {"nvmlSystemGetConfComputeState": SimpleNamespace(ccFeature=1, devToolsMode=0)},
            "confidential_computing",
            "on",
        ),
        (
            {"nvmlSystemGetConfComputeState": SimpleNamespace(ccFeature=1, devToolsMode=1)},
            "confidential_computing",
            "off",
        ),
    ],
)
def test_modes_through_nvml(answers: dict[str, Any], field: str, value: object) -> None:
    report = read_nvml(Driver(**answers))
    assert report.problems == ()
    assert getattr(report.gpus[0], field) == value


def test_what_the_driver_cannot_answer_is_a_problem_and_unknown() -> None:
    report = read_nvml(Driver(nvmlDeviceGetEccMode=GONE, nvmlDeviceGetComputeRunningProcesses=GONE))
    assert report.gpus[0].ecc == "unknown"
    assert [problem.partition(":")[0] for _, problem in report.problems] == [
        "its ECC mode could not be read",
        "its list of processes could not be read",
    ]


def test_mig_instances_through_nvml() -> None:
    def device(handle: str, index: int) -> str:
        if index == 1:
            raise pynvml.NVMLError_NotFound
        if index == 2:
            raise GONE
        return f"mig{index}"

    report = read_nvml(
        Driver(
            nvmlDeviceGetMigMode=[1, 1],
            nvmlDeviceGetMaxMigDeviceCount=3,
            nvmlDeviceGetMigDeviceHandleByIndex=device,
            nvmlDeviceGetGpuInstanceId=2,
            nvmlDeviceGetComputeInstanceId=0,
            nvmlDeviceGetMemoryInfo=SimpleNamespace(total=71 * 2**30),
            nvmlDeviceGetComputeRunningProcesses=lambda handle: [] if handle == "gpu0" else [process(7)],
        ),
        tenant=lambda pid: f"uid:{pid}",
    )
    (gpu,) = report.gpus
    assert [(m.gi, m.ci, m.profile, m.uuid, m.memory) for m in gpu.mig_instances] == [
        (2, 0, "3g.71gb", "MIG-1", "72704 MiB")
    ]
    assert [(p.pid, p.gi, p.ci, p.tenant) for p in gpu.processes] == [(7, 2, 0, "uid:7")]
    assert [problem.partition(":")[0] for _, problem in report.problems] == ["MIG device 2 could not be read"]


def test_tenants_are_counted_only_when_each_is_known() -> None:
    both = [process(1), process(2), process(3, gi=5)]

    def counted(tenant: Any, processes: Any) -> tuple[int | None, str]:
        report = read_nvml(Driver(nvmlDeviceGetComputeRunningProcesses=processes), tenant=tenant).with_tenants({})
        return report.gpus[0].tenants, report.gpus[0].tenants_source

    assert counted(lambda pid: "pod:a" if pid < 3 else "pod:b", both) == (2, "processes")
    assert counted(lambda pid: None if pid == 3 else "pod:a", both) == (None, "unknown")
    assert counted(lambda pid: "pod:a", []) == (None, "unknown")


def test_mps_is_seen_through_nvml() -> None:
    report = read_nvml(Driver(nvmlDeviceGetMPSComputeRunningProcesses=[process(1)], nvmlSystemGetProcessName=GONE))
    document = report.to_document()
    assert document["devices"][0]["mps"] is True
    assert document["devices"][0]["processes"][0]["name"] == "?"


def test_without_a_driver_nvml_is_unavailable() -> None:
    with pytest.raises(NvmlUnavailableError, match="NVML cannot start"):
        read_nvml(Driver(nvmlInit=pynvml.NVMLError_LibraryNotFound()))


def test_a_driver_that_stops_answering_is_an_error() -> None:
    driver = Driver(nvmlDeviceGetCount=GONE)
    with pytest.raises(EvidenceError, match="did not answer"):
        read_nvml(driver)
    assert driver.shut == 1


def test_without_the_package_the_remedy_is_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pynvml", None)
    with pytest.raises(NvmlUnavailableError) as caught:
        read_nvml()
    assert "probatum[gpu]" in caught.value.remedy


def unavailable() -> GpuReport:
    raise NvmlUnavailableError("no NVML")


def script(tmp_path: Path, body: str) -> str:
    path = tmp_path / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_nvidia_smi_is_asked_when_there_is_no_nvml(tmp_path: Path) -> None:
    (tmp_path / "out.xml").write_text(XML)
    found = read_live(unavailable, script(tmp_path, f'[ "$*" = "-q -x" ] && cat {tmp_path}/out.xml'))
    assert found.raw == XML.encode()
    assert found.report.source == "nvidia-smi"


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ("echo 'NVIDIA-SMI has failed' >&2; exit 9", "exit status 9: NVIDIA-SMI has failed"),
        ("echo oops", "not whole XML"),
        ("sleep 5", "did not answer"),
    ],
)
def test_an_nvidia_smi_that_fails_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, part: str
) -> None:
    monkeypatch.setattr(live, "_SECONDS", 0.5)
    with pytest.raises(EvidenceError) as caught:
        read_live(unavailable, script(tmp_path, body))
    assert part in str(caught.value)


def test_without_any_driver_the_observation_fails_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_isolation, "read_live", lambda: read_live(unavailable, "no-such-nvidia-smi"))
    context = context_of(tmp_path, "gpu", {"node": "x"})
    subject = type(next(iter(context.subjects.values())))("gpu", "node")
    context = type(context)(tmp_path, context.pipeline, {subject.id: subject})
    failed, sharing = GpuIsolation().collect(context)
    assert failed.status is Status.FAILED
    assert "no NVIDIA driver" in failed.result["error"]
    assert "nvidia-smi -q -x" in failed.result["error"]
    assert sharing.type == "gpu_sharing"
    assert sharing.inputs == {}
    ready = GpuIsolation().available(context)
    assert ready.ready
    assert "saved reports only" in ready.reason


def test_a_live_report_is_observed_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_isolation, "read_live", lambda: LiveReport(read_nvml(Driver())))
    context = context_of(tmp_path, "gpu", {})
    subject = gpu_isolation.Subject("gpu", "node")
    context = type(context)(tmp_path, context.pipeline, {subject.id: subject})
    assert "nvml" in GpuIsolation().available(context).reason
    observation = next(iter(GpuIsolation().collect(context)))
    assert observation.tier is Tier.OBSERVED
    assert observation.status is Status.COMPLETE
    assert observation.observed_at == "2026-01-01T00:00:00Z"
    assert observation.inputs == {}
    assert observation.report is None


@pytest.mark.parametrize(
    ("control_group", "tenant"),
    [
        (
            "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1f2e3d4c_0000_1111_2222_333344445555.slice/cri-containerd-"
            + "a" * 64
            + ".scope\n",
            "pod:1f2e3d4c-0000-1111-2222-333344445555",
        ),
        (
            "4:devices:/kubepods/besteffort/pod1f2e3d4c-0000-1111-2222-333344445555/" + "a" * 64 + "\n",
            "pod:1f2e3d4c-0000-1111-2222-333344445555",
        ),
        ("0::/system.slice/slurmstepd.scope/job_42/step_0/user/task_0\n", "slurm:42"),
        ("0::/system.slice/docker-" + "b" * 64 + ".scope\n", "container:" + "b" * 64),
    ],
)
def test_the_tenant_of_a_process_is_its_pod_job_or_container(tmp_path: Path, control_group: str, tenant: str) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cgroup").write_text(control_group)
    assert tenant_of(7, tmp_path) == tenant


def test_the_tenant_of_a_plain_process_is_its_user(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cgroup").write_text("0::/user.slice\n")
    assert tenant_of(7, tmp_path) == f"uid:{os.getuid()}"
    assert tenant_of(8, tmp_path) is None


def test_this_machine_is_asked_without_a_crash() -> None:
    try:
        report = read_live().report
    except EvidenceError as error:
        assert error.remedy
    else:
        assert report.gpus
    assert nvml.NvmlUnavailableError.__doc__
