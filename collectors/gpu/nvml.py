"""GPU state straight from the driver, through NVML (nvidia-ml-py; extra ``gpu``).

Source: NVML API reference. A query that a GPU does not support raises ``NVMLError_NotSupported``: the feature is then
``unsupported``; any other error makes it ``unknown`` and is a problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...errors import EvidenceError
from .state import Gpu, GpuProcess, GpuReport, MigInstance
from .tenants import tenant_of

_COMPUTE_MODES = {0: "default", 1: "exclusive_thread", 2: "prohibited", 3: "exclusive_process"}
_PROCESS_QUERIES = (
    ("C", "nvmlDeviceGetComputeRunningProcesses"),
    ("G", "nvmlDeviceGetGraphicsRunningProcesses"),
    ("M+C", "nvmlDeviceGetMPSComputeRunningProcesses"),
)
_NO_INSTANCE = 0xFFFFFFFF


class NvmlUnavailableError(EvidenceError):
    """There is no NVML here: the package is not installed, or there is no NVIDIA driver."""


def read_nvml(library: Any = None, tenant: Callable[[int], str | None] = tenant_of) -> GpuReport:
    """Ask the driver for the state of every GPU of this machine.

    Args:
        library: the module ``pynvml``; None imports it.
        tenant: process id to the tenant that it runs for.

    Raises:
        NvmlUnavailableError: there is no NVML here.
        EvidenceError: the driver refuses to answer.
    """
    nvml = library or _imported()
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        raise NvmlUnavailableError("NVML cannot start", why=str(error), remedy="install the NVIDIA driver") from error
    try:
        return _Reader(nvml, tenant).report()
    except nvml.NVMLError as error:
        raise EvidenceError("the NVIDIA driver did not answer", why=str(error)) from error
    finally:
        nvml.nvmlShutdown()


def _imported() -> Any:
    try:
        import pynvml
    except ImportError as error:
        raise NvmlUnavailableError(
            "NVML is not installed", why=str(error), remedy="pip install 'probatum[gpu]'"
        ) from error
    return pynvml


class _Reader:
    def __init__(self, nvml: Any, tenant: Callable[[int], str | None]) -> None:
        self._nvml = nvml
        self._tenant = tenant
        self._problems: list[tuple[str, str]] = []

    def report(self) -> GpuReport:
        count = self._nvml.nvmlDeviceGetCount()
        confidential = self._confidential()
        gpus = tuple(self._gpu(index, confidential) for index in range(count))
        driver = _plain(self._nvml.nvmlSystemGetDriverVersion())
        return GpuReport("nvml", driver, gpus, attached=count, problems=tuple(self._problems))

    def _gpu(self, index: int, confidential: str) -> Gpu:
        handle = self._nvml.nvmlDeviceGetHandleByIndex(index)
        uuid = _plain(self._nvml.nvmlDeviceGetUUID(handle))
        mig = self._ask(uuid, "MIG mode", self._nvml.nvmlDeviceGetMigMode, handle)
        ecc = self._ask(uuid, "ECC mode", self._nvml.nvmlDeviceGetEccMode, handle)
        mode = self._ask(uuid, "compute mode", self._nvml.nvmlDeviceGetComputeMode, handle)
        on = mig is not None and not isinstance(mig, str) and mig[0] == 1
        processes = tuple(self._processes(uuid, handle))
        instances = tuple(self._instances(uuid, handle)) if on else ()
        return Gpu(
            index=index,
            uuid=uuid,
            product=_plain(self._nvml.nvmlDeviceGetName(handle)),
            mig_mode=_switch(mig),
            mig_pending=None if isinstance(mig, str) else _switch(mig[1:]),
            mig_instances=tuple(item for item, _ in instances),
            compute_mode=mode if isinstance(mode, str) else _COMPUTE_MODES.get(mode, f"mode_{mode}"),
            ecc=_switch(ecc),
            confidential_computing=confidential,
            processes=tuple(dict.fromkeys((*processes, *(process for _, own in instances for process in own)))),
        )

    def _ask(self, uuid: str, what: str, query: Any, *arguments: Any) -> Any:
        """The answer, or the word ``unsupported`` or ``unknown``."""
        try:
            return query(*arguments)
        except (self._nvml.NVMLError_NotSupported, self._nvml.NVMLError_FunctionNotFound):
            return "unsupported"
        except self._nvml.NVMLError as error:
            self._problems.append((uuid, f"its {what} could not be read: {error}"))
            return "unknown"

    def _confidential(self) -> str:
        """The state of the whole machine; NVML has none per GPU. In developer mode nothing is protected."""
        state = self._ask("all GPUs", "confidential-computing state", self._nvml.nvmlSystemGetConfComputeState)
        if isinstance(state, str):
            return state
        return "on" if state.ccFeature == 1 and state.devToolsMode == 0 else "off"

    def _instances(self, uuid: str, handle: Any) -> Iterator[tuple[MigInstance, list[GpuProcess]]]:
        nvml = self._nvml
        for index in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
            try:
                device = nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, index)
                instance = MigInstance(
                    gi=nvml.nvmlDeviceGetGpuInstanceId(device),
                    ci=nvml.nvmlDeviceGetComputeInstanceId(device),
                    memory=f"{nvml.nvmlDeviceGetMemoryInfo(device).total // 2**20} MiB",
                    profile=_plain(nvml.nvmlDeviceGetName(device)).rpartition(" MIG ")[2] or None,
                    uuid=_plain(nvml.nvmlDeviceGetUUID(device)),
                )
            except nvml.NVMLError_NotFound:
                continue
            except nvml.NVMLError as error:
                self._problems.append((uuid, f"MIG device {index} could not be read: {error}"))
                continue
            yield instance, list(self._processes(uuid, device, instance))

    def _processes(self, uuid: str, handle: Any, instance: MigInstance | None = None) -> Iterator[GpuProcess]:
        for kind, name in _PROCESS_QUERIES:
            found = self._ask(uuid, "list of processes", getattr(self._nvml, name), handle)
            for process in [] if isinstance(found, str) else found:
                gi, ci = _instance(process, instance)
                yield GpuProcess(process.pid, self._name(process.pid), kind, gi, ci, self._tenant(process.pid))

    def _name(self, pid: int) -> str:
        try:
            return _plain(self._nvml.nvmlSystemGetProcessName(pid))
        except self._nvml.NVMLError:
            return "?"


def _instance(process: Any, instance: MigInstance | None) -> tuple[int | None, int | None]:
    if instance is not None:
        return instance.gi, instance.ci
    ids = (getattr(process, "gpuInstanceId", None), getattr(process, "computeInstanceId", None))
    gi, ci = (None if value in (None, _NO_INSTANCE) else value for value in ids)
    return gi, ci


def _switch(answer: Any) -> str:
    if isinstance(answer, str):
        return answer
    return {0: "disabled", 1: "enabled"}.get(answer[0], "unknown")


def _plain(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
