"""What the manifests of all workloads of a pipeline say together: policies, accounts and runtimes that any may use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...evaluator.graph import Skipped
from .manifests import KubernetesObject, Manifests
from .network_policies import NetworkPolicy, is_network_policy, may_widen, parse_policy
from .runtimes import needs_runtime


@dataclass(frozen=True)
class Surroundings:
    """Everything around one workload.

    Args:
        objects: of all workloads, each file once.
        policies: the NetworkPolicies among them.
        accounts: the ServiceAccounts among them.
        files: path to SHA-256 of the files that hold what one workload may owe to another.
        problems: what leaves the answer open for every workload.
    """

    objects: tuple[KubernetesObject, ...]
    policies: tuple[NetworkPolicy, ...]
    accounts: tuple[KubernetesObject, ...]
    files: Mapping[str, str]
    problems: tuple[Skipped, ...]


def surroundings(read: Iterable[Manifests]) -> Surroundings:
    """Put the manifests of all workloads together.

    Args:
        read: of each workload; workloads may share files.
    """
    manifests = list(read)
    objects = tuple(_each_file_once(manifests))
    problems = [item for each in manifests for item in each.unread]  # a policy may hide there
    policies: list[NetworkPolicy] = []
    for item in filter(is_network_policy, objects):
        try:
            policies.append(parse_policy(item))
        except ValueError as error:
            problems.append(Skipped(f"{item.place} {item.label}", f"the API server would refuse it: {error}"))
    problems += [*_stated_twice(objects), *_other_policies(objects)]
    digests = {name: digest for each in manifests for name, digest in each.files.items()}
    files = {name: digests[name] for name in sorted({item.file for item in objects if _is_shared(item)})}
    return Surroundings(objects, tuple(policies), tuple(filter(_is_account, objects)), files, tuple(problems))


def _each_file_once(manifests: Sequence[Manifests]) -> Iterator[KubernetesObject]:
    seen: set[str] = set()
    for each in manifests:
        yield from (item for item in each.objects if item.file not in seen)
        seen.update(each.files)


def _stated_twice(objects: Iterable[KubernetesObject]) -> Iterator[Skipped]:
    """Policies of one name with different content: only the one that is applied last will hold."""
    first: dict[tuple[str, str], KubernetesObject] = {}
    for item in filter(is_network_policy, objects):
        generated = item.name.endswith("*")
        if not generated and first.setdefault((item.namespace, item.name), item).body != item.body:
            yield Skipped(f"{item.place} {item.label}", "it is stated twice, and only the last one applied holds")


def _other_policies(objects: Iterable[KubernetesObject]) -> Iterator[Skipped]:
    for item in filter(may_widen, objects):
        reason = "not judged, and it can allow what NetworkPolicies deny"
        yield Skipped(f"{item.place} {item.label} ({item.group})", reason)


def _is_account(item: KubernetesObject) -> bool:
    return (item.group, item.kind) == ("", "ServiceAccount")


def _is_shared(item: KubernetesObject) -> bool:
    return is_network_policy(item) or needs_runtime(item) or _is_account(item) or item.kind.endswith("TrainingRuntime")
