"""The GPUs of this machine: through NVML, else through ``nvidia-smi``."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import EvidenceError
from .nvml import NvmlUnavailableError, read_nvml
from .smi_xml import MAX_BYTES, parse_smi_xml
from .state import GpuReport

_SECONDS = 60.0


@dataclass(frozen=True)
class LiveReport:
    """What was read of this machine.

    Args:
        report: the GPUs.
        raw: output of the tool; None for NVML, which has no document.
    """

    report: GpuReport
    raw: bytes | None = None


def read_live(nvml: Callable[[], GpuReport] = read_nvml, command: str = "nvidia-smi") -> LiveReport:
    """Ask the driver of this machine.

    Args:
        nvml: reads through NVML.
        command: name or path of the tool to try when there is no NVML.

    Raises:
        EvidenceError: neither way works, with the reason of each.
    """
    try:
        return LiveReport(nvml())
    except NvmlUnavailableError as error:
        without = str(error)
    path = shutil.which(command)
    if path is None:
        raise EvidenceError(
            "there is no NVIDIA driver to ask",
            why=f"{without}; {command} is not installed",
            remedy="run where the GPU is, or give the subject a saved report of 'nvidia-smi -q -x' as its location",
        )
    raw = _output(path)
    return LiveReport(parse_smi_xml(raw, source=command), raw)


def _output(path: str) -> bytes:
    try:
        done = subprocess.run([path, "-q", "-x"], capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EvidenceError("nvidia-smi did not answer", why=str(error)) from error
    if done.returncode != 0 or len(done.stdout) > MAX_BYTES:
        text = (done.stderr or done.stdout)[:500].decode("utf-8", "replace").strip()
        raise EvidenceError("nvidia-smi failed", why=f"exit status {done.returncode}: {text}")
    return done.stdout
