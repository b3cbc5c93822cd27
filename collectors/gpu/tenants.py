"""For whom a process runs: its Kubernetes pod, container or Slurm job, else its user.

Sources: the kubelet's cgroup names (cgroupfs and systemd drivers), Docker's and containerd's, Slurm's cgroup plug-in.
"""

from __future__ import annotations

import re
from pathlib import Path

_OWNERS = (
    ("pod", re.compile(r"pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})")),
    ("slurm", re.compile(r"/job_(\d+)")),
    ("container", re.compile(r"(?:docker|cri-containerd|crio|libpod)[-/]([0-9a-f]{64})")),
)


def tenant_of(pid: int, proc: Path = Path("/proc")) -> str | None:
    """The tenant of a process.

    Args:
        pid: in this process's own PID namespace.
        proc: where the kernel shows processes.

    Returns:
        Such as ``pod:1f2e…`` or ``uid:1000``; None when the process cannot be seen from here.
    """
    folder = proc / str(pid)
    try:
        control_group = (folder / "cgroup").read_text("utf-8", "replace")
        user = folder.stat().st_uid
    except OSError:
        return None
    for kind, pattern in _OWNERS:
        if match := pattern.search(control_group):
            return f"{kind}:{match.group(1).replace('_', '-')}"
    return f"uid:{user}"
