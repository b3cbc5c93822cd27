"""NetworkPolicies: the same answer as a naive model of Kubernetes' rules, and every rule of thumb written down."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifest_case import observe, one

from probatum.collectors.kubernetes.selectors import SelectorError, matches, requirements, undecided
from probatum.evaluator.graph import Status

POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: ml, labels: {app: train}}\n"
    "spec: {containers: [{name: c}]}\n"
)


def policy(spec: object, namespace: str = "ml", api: str = "networking.k8s.io/v1", kind: str = "NetworkPolicy") -> str:
    return json.dumps(
        {"apiVersion": api, "kind": kind, "metadata": {"name": "n", "namespace": namespace}, "spec": spec}
    )


def network(tmp_path: Path, *policies: str, pod: str = POD) -> dict[str, object]:
    observation = one(tmp_path, "\n---\n".join([pod, *policies]))
    assert observation.coverage.skipped == ()
    return dict(observation.result["pods"][0]["network"])


KEYS = st.sampled_from(["a", "b", "c"])
VALUES = st.sampled_from(["1", "2", "3"])
EXPRESSIONS = st.one_of(
    st.fixed_dictionaries(
        {"key": KEYS, "operator": st.sampled_from(["In", "NotIn"]), "values": st.lists(VALUES, min_size=1)}
    ),
    st.fixed_dictionaries({"key": KEYS, "operator": st.sampled_from(["Exists", "DoesNotExist"])}),
)
SELECTORS = st.fixed_dictionaries(
    {}, optional={"matchLabels": st.dictionaries(KEYS, VALUES), "matchExpressions": st.lists(EXPRESSIONS, max_size=3)}
)


def naive(selector: dict[str, object], labels: dict[str, str]) -> bool:
    """Kubernetes' rules, one after the other, in the words of its documentation."""
    for key, value in selector.get("matchLabels", {}).items():  # type: ignore[attr-defined]
        if labels.get(key) != value:
            return False
    for item in selector.get("matchExpressions", []):  # type: ignore[attr-defined]
        has, value = item["key"] in labels, labels.get(item["key"])
        good = {
            "In": has and value in item.get("values", []),
            "NotIn": not has or value not in item.get("values", []),
            "Exists": has,
            "DoesNotExist": not has,
        }
        if not good[item["operator"]]:
            return False
    return True


@given(SELECTORS, st.dictionaries(KEYS, VALUES))
def test_selectors_agree_with_the_naive_model(selector: dict[str, object], labels: dict[str, str]) -> None:
    assert matches(selector, labels) == naive(selector, labels)
    assert not undecided(requirements(selector), labels)


@given(
    st.lists(
        st.tuples(
            SELECTORS,
            st.sampled_from([None, [], ["Ingress"], ["Egress"], ["Ingress", "Egress"]]),
            st.booleans(),
            st.booleans(),
        ),
        max_size=4,
    ),
    st.dictionaries(KEYS, VALUES),
)
def test_isolation_agrees_with_the_naive_model(policies: list[tuple], labels: dict[str, str]) -> None:  # type: ignore[type-arg]
    from probatum.collectors.kubernetes.manifests import KubernetesObject
    from probatum.collectors.kubernetes.network_policies import exposure, parse_policy

    parsed, isolated = [], {"ingress": False, "egress": False}
    for index, (selector, types, has_ingress, has_egress) in enumerate(policies):
        spec: dict[str, object] = {"podSelector": selector, "policyTypes": types}
        rule = {"ports": [{"port": 1}]}
        spec["ingress"], spec["egress"] = [rule] if has_ingress else [], [rule] if has_egress else []
        parsed.append(
            parse_policy(
                KubernetesObject("networking.k8s.io", "NetworkPolicy", f"n{index}", "", {"spec": spec}, "f", 1)
            )
        )
        effective = types or (["Ingress", "Egress"] if has_egress else ["Ingress"])
        if naive(selector, labels):
            isolated = {key: value or key.capitalize() in effective for key, value in isolated.items()}
    facts, questions = exposure(parsed, "", labels, host_network=False)
    assert questions == []
    assert {key: facts[f"{key}_default_deny"] for key in isolated} == isolated
    assert all(facts[f"{key}_anywhere"] or isolated[key] for key in isolated)


@pytest.mark.parametrize(
    "selector",
    [
        {"matchlabels": {}},
        {"matchLabels": {"a": 1}},
        {"matchLabels": []},
        {"matchExpressions": {}},
        {"matchExpressions": [{"operator": "Exists"}]},
        {"matchExpressions": [{"key": "a", "operator": "in", "values": ["1"]}]},
        {"matchExpressions": [{"key": "a", "operator": "In", "values": []}]},
        {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["1"]}]},
        {"matchExpressions": [{"key": "a", "operator": "In", "values": [1]}]},
    ],
)
def test_malformed_selectors_are_refused(selector: dict[str, object]) -> None:
    with pytest.raises(SelectorError):
        requirements(selector)


def test_types_default_as_the_api_server_defaults_them(tmp_path: Path) -> None:
    both = network(tmp_path, policy({"podSelector": {}, "egress": [{"to": [{"podSelector": {}}]}]}))
    assert both["ingress_default_deny"] is both["egress_default_deny"] is True
    ingress = network(tmp_path, policy({"podSelector": {}, "egress": []}))
    assert (ingress["ingress_default_deny"], ingress["egress_default_deny"]) == (True, False)
    egress = network(tmp_path, policy({"podSelector": {}, "policyTypes": ["Egress"], "ingress": [{}]}))
    assert (egress["ingress_default_deny"], egress["egress_default_deny"], egress["ingress_rules"]) == (False, True, 0)


@pytest.mark.parametrize(
    ("peers", "anywhere"),
    [
        (None, True),
        ([], True),
        ([{"ipBlock": {"cidr": "0.0.0.0/0"}}], True),
        ([{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}], True),
        ([{"ipBlock": {"cidr": "::/0"}}], True),
        ([{"ipBlock": {"cidr": "2000::/3"}}], True),
        ([{"ipBlock": {"cidr": "0.0.0.0/1"}}, {"ipBlock": {"cidr": "128.0.0.0/1"}}], True),
        ([{"ipBlock": {"cidr": f"{n}.0.0.0/8"}} for n in range(256)], True),
        ([{"ipBlock": {"cidr": "10.0.0.0/8"}}], False),
        ([{"ipBlock": {"cidr": "fc00::/7"}}], False),
        ([{"ipBlock": {"cidr": "192.168.1.7/16"}}], False),
        ([{"podSelector": {}}], False),
        ([{"namespaceSelector": {}}], False),
        ([{"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}, "ipBlock": None}], False),
    ],
)
def test_what_counts_as_anywhere(tmp_path: Path, peers: object, anywhere: bool) -> None:
    rule = {"ports": [{"port": 443}]} if peers is None else {"to": peers}
    facts = network(tmp_path, policy({"podSelector": {}, "policyTypes": ["Egress"], "egress": [rule]}))
    assert facts["egress_anywhere"] is anywhere
    assert facts["egress_rules"] == 1
    assert facts["ingress_anywhere"] is True  # no policy governs ingress
    assert facts["egress_all_namespaces"] is ("namespaceSelector" in str(peers))


def test_policies_add_up(tmp_path: Path) -> None:
    closed = policy({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
    open_one = policy({"podSelector": {"matchLabels": {"app": "train"}}, "egress": [{}]}).replace('"n"', '"o"')
    other = policy({"podSelector": {"matchLabels": {"app": "other"}}, "ingress": [{}]}).replace('"n"', '"p"')
    elsewhere = policy({"podSelector": {}, "ingress": [{}]}, namespace="web")
    facts = network(tmp_path, closed, open_one, other, elsewhere)
    assert facts["egress_anywhere"] is True
    assert facts["ingress_anywhere"] is False


def test_no_policy_holds_on_the_hosts_network(tmp_path: Path) -> None:
    closed = policy({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
    facts = network(tmp_path, closed, pod=POD.replace("spec: {", "spec: {hostNetwork: true, "))
    assert facts["ingress_default_deny"] is facts["egress_default_deny"] is False
    assert facts["ingress_anywhere"] is facts["egress_anywhere"] is True
    assert facts["policies"] == ["n"]


@pytest.mark.parametrize(
    "spec",
    [
        None,
        {},
        {"podSelector": None},
        {"podSelector": {"matchLabels": {"a": 1}}},
        {"podSelector": {}, "policyTypes": ["egress"]},
        {"podSelector": {}, "policyTypes": "Egress"},
        {"podSelector": {}, "ingress": {}, "policyTypes": ["Ingress"], "egress": "x"},
        {"podSelector": {}, "ingress": [1]},
        {"podSelector": {}, "ingress": [{"to": []}]},
        {"podSelector": {}, "ingress": [{"from": {}}], "x": 1},
        {"podSelector": {}, "ingress": [{"from": [{}]}]},
        {"podSelector": {}, "ingress": [{"from": [1]}]},
        {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": 5}}]}]},
        {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "x"}}]}]},
        {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}]},
        {"podSelector": {}, "ingress": [{"from": [{"podSelector": {"matchLabels": 1}}]}]},
    ],
)
def test_a_policy_that_the_api_server_refuses_leaves_the_workload_incomplete(tmp_path: Path, spec: object) -> None:
    if spec == {"podSelector": {}, "ingress": {}, "policyTypes": ["Ingress"], "egress": "x"}:
        spec = {"podSelector": {}, "ingress": "x"}
    if isinstance(spec, dict) and spec.pop("x", None):
        spec["ingress"] = [{"from": 5}]
    observation = one(tmp_path, POD + "---\n" + policy(spec))
    assert observation.status is Status.PARTIAL
    assert "the API server would refuse it" in observation.coverage.skipped[0].reason
    assert observation.result["pods"][0]["network"]["ingress_default_deny"] is False


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        ("cilium.io/v2", "CiliumNetworkPolicy"),
        ("crd.projectcalico.org/v1", "NetworkPolicy"),
        ("extensions/v1beta1", "NetworkPolicy"),
        ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"),
    ],
)
def test_other_kinds_of_policy_can_widen_and_are_not_judged(tmp_path: Path, api: str, kind: str) -> None:
    observation = one(tmp_path, POD + "---\n" + policy({"podSelector": {}}, api=api, kind=kind))
    assert observation.status is Status.PARTIAL
    assert "can allow what NetworkPolicies deny" in observation.coverage.skipped[0].reason


def test_policies_in_other_workloads_of_the_pipeline_count_and_are_inputs(tmp_path: Path) -> None:
    files = {"pod.yaml": POD, "net.yaml": policy({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})}
    found = observe(tmp_path, files)
    assert found["pod.yaml"].result["pods"][0]["network"]["policies"] == ["n"]
    assert set(found["pod.yaml"].inputs) == {"pod.yaml", "net.yaml"}
    assert found["net.yaml"].status is Status.COMPLETE
    assert found["net.yaml"].result["pods"] == []


def test_a_policy_that_is_stated_twice_differently_is_an_open_question(tmp_path: Path) -> None:
    closed = policy({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
    assert network(tmp_path, closed, closed)["egress_default_deny"] is True
    observation = one(tmp_path, "\n---\n".join([POD, closed, policy({"podSelector": {"matchLabels": {"a": "b"}}})]))
    assert "stated twice" in observation.coverage.skipped[0].reason


def test_a_file_that_cannot_be_read_may_hide_a_policy_of_any_workload(tmp_path: Path) -> None:
    found = observe(tmp_path, {"pod.yaml": POD, "bad.yaml": "a: [\n"})
    assert found["pod.yaml"].status is Status.PARTIAL
    assert found["bad.yaml"].status is Status.FAILED


def test_a_namespace_that_only_one_side_states_is_an_open_question(tmp_path: Path) -> None:
    closed = policy({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}, namespace="")
    observation = one(tmp_path, POD + "---\n" + closed)
    assert "states its namespace" in observation.coverage.skipped[0].reason
    assert observation.result["pods"][0]["network"]["policies"] == []
    unrelated = policy({"podSelector": {"matchLabels": {"app": "x"}}}, namespace="")
    assert one(tmp_path, POD + "---\n" + unrelated).status is Status.COMPLETE


def test_a_label_that_a_controller_sets_is_known_for_a_job_and_open_otherwise(tmp_path: Path) -> None:
    job = POD.replace("v1", "batch/v1").replace("Pod", "Job").replace("name: p", "name: train")
    job = job.replace("spec: {", "spec: {template: {spec: {").replace("}]}", "}]}}}")
    by_job = policy({"podSelector": {"matchLabels": {"job-name": "train"}}, "policyTypes": ["Ingress", "Egress"]})
    assert network(tmp_path, by_job, pod=job)["egress_default_deny"] is True
    ray = policy({"podSelector": {"matchLabels": {"ray.io/cluster": "c"}}})
    observation = one(tmp_path, POD + "---\n" + ray)
    assert "a label that a controller sets" in observation.coverage.skipped[0].reason
