"""The state of GPUs as a ``gpu_isolation`` result describes it, whoever reported it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

MPS_PROCESSES = ("nvidia-cuda-mps-server", "nvidia-cuda-mps-control")


@dataclass(frozen=True)
class GpuProcess:
    """A process that has the GPU open.

    Args:
        pid: on the node, when it is known.
        name: its executable.
        type: ``C`` compute, ``G`` graphics; ``M`` among them for a client of MPS.
        gi: its MIG GPU instance, None without MIG.
        ci: its MIG compute instance.
        tenant: the pod, job or user that it runs for, None when that is not known.
    """

    pid: int | None
    name: str
    type: str
    gi: int | None = None
    ci: int | None = None
    tenant: str | None = None

    @property
    def mps(self) -> bool:
        """Whether it is part of MPS."""
        return "M" in self.type.split("+") or self.name.rpartition("/")[2].startswith(MPS_PROCESSES)

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "pid": self.pid,
            "name": self.name,
            "type": self.type,
            "gi": self.gi,
            "ci": self.ci,
            "tenant": self.tenant,
        }


@dataclass(frozen=True)
class MigInstance:
    """One MIG slice.

    Args:
        gi: GPU instance id.
        ci: compute instance id.
        memory: framebuffer, as it was reported.
        profile: its name, such as ``3g.71gb``, when it was reported.
        uuid: when it was reported.
    """

    gi: int
    ci: int
    memory: str | None = None
    profile: str | None = None
    uuid: str | None = None

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {"gi": self.gi, "ci": self.ci, "memory": self.memory, "profile": self.profile, "uuid": self.uuid}


@dataclass(frozen=True)
class Gpu:
    """One physical GPU.

    Args:
        index: position in the report.
        uuid: ``GPU-…``.
        product: its name.
        mig_mode: ``enabled``, ``disabled``, ``unsupported`` or ``unknown``.
        mig_pending: the mode after the next reset.
        mig_instances: its slices.
        compute_mode: ``default``, ``exclusive_process``, ``prohibited`` …
        ecc: ``enabled``, ``disabled``, ``unsupported`` or ``unknown``.
        confidential_computing: ``on``, ``off``, ``unsupported`` or ``unknown``.
        processes: that have it open.
        tenants: how many tenants use it, None when that is not known.
        tenants_source: ``processes``, ``declared`` or ``unknown``.
    """

    index: int
    uuid: str
    product: str
    mig_mode: str
    mig_pending: str | None
    mig_instances: tuple[MigInstance, ...]
    compute_mode: str
    ecc: str
    confidential_computing: str
    processes: tuple[GpuProcess, ...]
    tenants: int | None = None
    tenants_source: str = "unknown"

    def to_document(self) -> dict[str, Any]:
        """The JSON form. Nothing here attests the state: that takes a verified NVIDIA attestation token."""
        return {
            "index": self.index,
            "uuid": self.uuid,
            "product": self.product,
            "mig_mode": self.mig_mode,
            "mig_pending": self.mig_pending,
            "mig_instances": [item.to_document() for item in self.mig_instances],
            "compute_mode": self.compute_mode,
            "ecc": self.ecc,
            "confidential_computing": self.confidential_computing,
            "cc_attested": False,
            "processes": [item.to_document() for item in self.processes],
            "tenants": self.tenants,
            "tenants_source": self.tenants_source,
            "mps": any(item.mps for item in self.processes),
        }


@dataclass(frozen=True)
class GpuReport:
    """What one reporter said of a node's GPUs.

    Args:
        source: ``nvidia-smi`` or ``nvml``.
        driver: version of the NVIDIA driver.
        gpus: in the order of the report.
        attached: how many GPUs the node has, by the report.
        timestamp: of the report, as it is written; empty for a live one.
        problems: what was missing or odd, by GPU.
    """

    source: str
    driver: str
    gpus: tuple[Gpu, ...]
    attached: int
    timestamp: str = ""
    problems: tuple[tuple[str, str], ...] = ()

    def with_tenants(self, declared: Mapping[str, int]) -> GpuReport:
        """The report with the number of tenants filled in.

        A GPU's tenants are those that the user declares for its UUID; without a declaration, the distinct tenants of
        its processes when each is known. An idle GPU says nothing about who may use it: its number stays unknown.

        Args:
            declared: UUID to number of tenants.
        """
        return replace(self, gpus=tuple(_counted(gpu, declared) for gpu in self.gpus))

    def to_document(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "source": self.source,
            "driver": self.driver,
            "timestamp": self.timestamp,
            "attached": self.attached,
            "devices": [gpu.to_document() for gpu in self.gpus],
        }


def word(value: str | None) -> str:
    """A mode as one lower-case word: ``Exclusive_Process`` and ``Exclusive Process`` are ``exclusive_process``."""
    if value is None or not value.strip():
        return "unknown"
    plain = value.strip().lower().replace(" ", "_")
    return "unsupported" if plain in ("n/a", "[n/a]", "not_supported", "[not_supported]") else plain


def switch(value: str | None) -> str:
    """``enabled``, ``disabled``, ``unsupported``, or ``unknown`` for anything else."""
    plain = word(value)
    return plain if plain in ("enabled", "disabled", "unsupported") else "unknown"


def _counted(gpu: Gpu, declared: Mapping[str, int]) -> Gpu:
    if gpu.uuid in declared:
        return replace(gpu, tenants=declared[gpu.uuid], tenants_source="declared")
    tenants = {process.tenant for process in gpu.processes}
    if tenants and None not in tenants:
        return replace(gpu, tenants=len(tenants), tenants_source="processes")
    return gpu
