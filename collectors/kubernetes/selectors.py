"""Label selectors, exactly as the API server evaluates them.

Source: Kubernetes API reference v1.34, ``LabelSelector``: all requirements must hold; an empty selector selects
everything; ``NotIn`` and ``DoesNotExist`` also hold for an object without the label.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_AUTOMATIC = {
    "job-name", "controller-uid", "pod-template-hash", "controller-revision-hash", "pod-template-generation",
}  # fmt: skip
_AUTOMATIC_DOMAINS = (
    "batch.kubernetes.io/", "apps.kubernetes.io/", "statefulset.kubernetes.io/", "topology.kubernetes.io/",
    "training.kubeflow.org/", "trainer.kubeflow.org/", "jobset.sigs.k8s.io/", "ray.io/", "serving.kserve.io/",
    "serving.knative.dev/", "workflows.argoproj.io/", "seldon-",
)  # fmt: skip


Requirement = tuple[str, str, tuple[str, ...]]
"""Key, operator and values."""


class SelectorError(ValueError):
    """The API server would refuse the selector."""


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a selector selects an object with these labels.

    Args:
        selector: ``matchLabels`` and ``matchExpressions``, either may be missing.
        labels: of the object.

    Raises:
        SelectorError: it has an unknown field, operator or type.
    """
    return all_hold(requirements(selector), labels)


def all_hold(rows: Iterable[Requirement], labels: Mapping[str, str]) -> bool:
    """Whether every requirement holds for an object with these labels."""
    return all(_holds(key, operator, values, labels) for key, operator, values in rows)


def undecided(rows: Iterable[Requirement], labels: Mapping[str, str]) -> bool:
    """Whether the answer hangs on a label that a controller sets when it makes the pod, such as ``job-name``.

    Args:
        rows: the requirements of a selector.
        labels: of the pod, as its template states them.
    """
    settled = [row for row in rows if row[0] in labels or not _automatic(row[0])]
    return len(settled) < len(list(rows)) and all_hold(settled, labels)


def requirements(selector: Mapping[str, Any]) -> list[Requirement]:
    """Every requirement of a selector.

    Raises:
        SelectorError: as `matches`.
    """
    if not isinstance(selector, dict) or set(selector) - {"matchLabels", "matchExpressions"}:
        raise SelectorError("a selector has matchLabels and matchExpressions only")
    labels, expressions = (selector.get(key) for key in ("matchLabels", "matchExpressions"))
    labels, expressions = {} if labels is None else labels, [] if expressions is None else expressions
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise SelectorError("matchLabels maps texts to texts")
    if not isinstance(expressions, list):
        raise SelectorError("matchExpressions is a list")
    return [(key, "In", (value,)) for key, value in labels.items()] + [_expression(item) for item in expressions]


def _expression(item: Any) -> Requirement:
    if not isinstance(item, dict) or not isinstance(item.get("key"), str):
        raise SelectorError("an expression has a key")
    operator, values = item.get("operator"), item.get("values") or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise SelectorError("the values of an expression are a list of texts")
    if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
        raise SelectorError(f"the operator {operator!r} is unknown")
    if bool(values) != (operator in ("In", "NotIn")):
        raise SelectorError(f"the operator {operator} {'needs' if not values else 'takes no'} values")
    return item["key"], operator, tuple(values)


def _holds(key: str, operator: str, values: tuple[str, ...], labels: Mapping[str, str]) -> bool:
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return key not in labels or labels[key] not in values
    return (key in labels) == (operator == "Exists")


def _automatic(key: str) -> bool:
    return key in _AUTOMATIC or key.startswith(_AUTOMATIC_DOMAINS)
