"""What NetworkPolicies leave open to a pod.

Semantics (Kubernetes documentation, "Network Policies"; API defaults of ``networking.k8s.io/v1``): policies add up; a
pod is isolated in a direction as soon as one policy that selects it has that direction among its types; types default
to Ingress, and to Egress also when the policy has egress rules; an empty list of peers is everyone. They do not hold
for pods on the host's network.

A block of addresses counts as *anywhere* when it is wider than the largest private block of its family (10.0.0.0/8,
fc00::/7), neighbouring blocks taken together, whatever it excepts.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .manifests import KubernetesObject
from .selectors import Requirement, all_hold, requirements, undecided

_GROUP = "networking.k8s.io"
_MAY_WIDEN = {
    "AdminNetworkPolicy", "ClusterNetworkPolicy", "GlobalNetworkPolicy", "CiliumNetworkPolicy",
    "CiliumClusterwideNetworkPolicy", "NetworkPolicy", "StagedNetworkPolicy", "EgressFirewall",
}  # fmt: skip
_NARROWEST_ANYWHERE = {4: 7, 6: 6}


@dataclass(frozen=True)
class NetworkPolicy:
    """One policy.

    Args:
        name: ``metadata.name``.
        namespace: as stated; empty when the manifest leaves it open.
        selector: the requirements of the pods it applies to.
        rules: ``ingress`` and ``egress`` to its rules; a direction that the policy does not govern is missing.
        place: file and line.
    """

    name: str
    namespace: str
    selector: tuple[Requirement, ...]
    rules: Mapping[str, tuple[Mapping[str, Any], ...]]
    place: str


def is_network_policy(item: KubernetesObject) -> bool:
    """Whether an object is a NetworkPolicy of Kubernetes itself, not of a network plug-in."""
    return item.kind == "NetworkPolicy" and item.group == _GROUP


def may_widen(item: KubernetesObject) -> bool:
    """Whether an object is another kind of network policy, which can allow what NetworkPolicies deny."""
    return item.kind in _MAY_WIDEN and not is_network_policy(item)


def parse_policy(item: KubernetesObject) -> NetworkPolicy:
    """Read a NetworkPolicy.

    Raises:
        ValueError: the API server would refuse it.
    """
    spec = item.body.get("spec")
    if not isinstance(spec, dict):
        raise ValueError("it has no spec")
    selector = spec.get("podSelector")
    if not isinstance(selector, dict):
        raise ValueError("spec.podSelector is missing or no mapping")
    rows = tuple(requirements(selector))
    types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    if not isinstance(types, list) or not set(map(str, types)) <= {"Ingress", "Egress"}:
        raise ValueError("spec.policyTypes lists Ingress and Egress only")
    rules = {key: _rules(spec, key) for key in ("ingress", "egress") if key.capitalize() in types}
    return NetworkPolicy(item.name, item.namespace, rows, rules, item.place)


def exposure(
    policies: Iterable[NetworkPolicy], namespace: str, labels: Mapping[str, str], host_network: bool
) -> tuple[dict[str, Any], list[str]]:
    """What a pod may reach and be reached by.

    Args:
        policies: all that are known.
        namespace: of the pod, as stated.
        labels: of the pod.
        host_network: it uses the node's network.

    Returns:
        The ``network`` part of a pod in a ``workload`` result, and what could not be decided.
    """
    selecting: list[NetworkPolicy] = []
    open_questions: list[str] = []
    for policy in policies:
        if question := _question(policy, namespace, labels):
            open_questions.append(question)
        elif policy.namespace == namespace and all_hold(policy.selector, labels):
            selecting.append(policy)
    facts: dict[str, Any] = {"policies": sorted({policy.name for policy in selecting})}
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        governing = [policy.rules[direction] for policy in selecting if direction in policy.rules]
        rules = [rule for group in governing for rule in group]
        facts[f"{direction}_default_deny"] = bool(governing) and not host_network
        facts[f"{direction}_rules"] = len(rules)
        facts[f"{direction}_anywhere"] = host_network or not governing or _anywhere(rules, peers)
        listed = [peer for rule in rules for peer in rule.get(peers) or []]
        facts[f"{direction}_all_namespaces"] = any(map(_all_namespaces, listed))
    return facts, open_questions


def _question(policy: NetworkPolicy, namespace: str, labels: Mapping[str, str]) -> str:
    elsewhere = policy.namespace != namespace
    if elsewhere and policy.namespace and namespace:
        return ""
    unsure = undecided(policy.selector, labels)
    if elsewhere:
        if unsure or all_hold(policy.selector, labels):
            return f"NetworkPolicy {policy.name} ({policy.place}): only one of policy and pod states its namespace"
        return ""
    if unsure:
        return f"NetworkPolicy {policy.name} ({policy.place}) selects by a label that a controller sets at run time"
    return ""


def _rules(spec: Mapping[str, Any], direction: str) -> tuple[Mapping[str, Any], ...]:
    rules = spec.get(direction) or []
    peers = "from" if direction == "ingress" else "to"
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise ValueError(f"spec.{direction} is a list of rules")
    for rule in rules:
        if set(rule) - {peers, "ports"} or not isinstance(rule.get(peers) or [], list):
            raise ValueError(f"a rule of spec.{direction} has {peers} and ports only")
        for peer in rule.get(peers) or []:
            _check_peer(peer)
    return tuple(rules)


def _check_peer(peer: Any) -> None:
    if not isinstance(peer, dict):
        raise ValueError("a peer is a mapping")
    stated = {key for key, value in peer.items() if value is not None}
    if not stated or stated - {"podSelector", "namespaceSelector", "ipBlock"}:
        raise ValueError("a peer has podSelector, namespaceSelector or ipBlock")
    if "ipBlock" in stated:
        block = peer["ipBlock"]
        if len(stated) > 1 or not isinstance(block, dict) or not isinstance(block.get("cidr"), str):
            raise ValueError("a peer with ipBlock has a cidr and nothing else")
        ipaddress.ip_network(block["cidr"], strict=False)
    for key in stated - {"ipBlock"}:
        requirements(peer[key])


def _anywhere(rules: list[Mapping[str, Any]], peers: str) -> bool:
    if any(not rule.get(peers) for rule in rules):
        return True
    cidrs = [peer["ipBlock"]["cidr"] for rule in rules for peer in rule[peers] if peer.get("ipBlock") is not None]
    blocks = [ipaddress.ip_network(cidr, strict=False) for cidr in cidrs]
    return any(_widest(blocks, version) <= limit for version, limit in _NARROWEST_ANYWHERE.items())


def _widest(blocks: list[Any], version: int) -> int:
    collapsed = ipaddress.collapse_addresses(block for block in blocks if block.version == version)
    return min((block.prefixlen for block in collapsed), default=128)


def _all_namespaces(peer: Mapping[str, Any]) -> bool:
    selector = peer.get("namespaceSelector")
    return selector is not None and not requirements(selector)
