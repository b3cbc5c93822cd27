"""The collectors there are: the built-in ones, and those that other packages offer.

A package adds a collector with an entry point in the group ``probatum.collectors``; its name must be new.
"""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points

from ..errors import UsageError
from .base import Collector

GROUP = "probatum.collectors"
BUILT_IN = (
    ".approvals:Approvals",
    ".attestations:Attestations",
    ".ci_workflow:CiWorkflow",
    ".dependencies:Dependencies",
    ".dependency_audit:DependencyAudit",
    ".gpu_isolation:GpuIsolation",
    ".hashes:Hashes",
    ".inventory:Inventory",
    ".ml_bom:MlBom",
    ".model_format:ModelFormat",
    ".model_scan:ModelScan",
    ".policy_packs:PolicyPacks",
    ".verdicts:Verdicts",
    ".waivers:Waivers",
    ".workload:Workload",
)


def collectors() -> dict[str, Collector]:
    """Every collector by name, sorted by name.

    Raises:
        UsageError: an installed package offers a collector that cannot be imported, or whose name is taken.
    """
    known = {collector.name: collector for collector in map(_built_in, BUILT_IN)}
    for point in entry_points(group=GROUP):
        try:
            collector: Collector = point.load()()
        except Exception as error:
            raise UsageError(
                f"cannot load collector {point.name}",
                why=str(error),
                remedy="mend or uninstall the package that offers it",
            ) from error
        if collector.name in known:
            raise UsageError(
                f"two collectors are called {collector.name}",
                why=f"{point.value} is one",
                remedy="uninstall one of the packages",
            )
        known[collector.name] = collector
    return dict(sorted(known.items()))


def _built_in(target: str) -> Collector:
    module, _, name = target.partition(":")
    collector: Collector = getattr(importlib.import_module(module, __package__), name)()
    return collector
