"""What an ML-BOM states about one model.

CycloneDX fixes a place for most of it, and where it does not (hyperparameters, provenance) several places are in use;
each function says what it accepts. A section counts when it says something: empty objects, blank strings and entries
that point nowhere do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SECTIONS = ("software", "data", "model_card", "hyperparameters", "metrics", "provenance")
MODEL = "machine-learning-model"

_PACKAGES = ("library", "framework")
_HYPERPARAMETER = re.compile(r"(?:^|[^a-z])hyper[-_ ]?parameters?(?:[^a-z]|$)", re.IGNORECASE)
_MAKERS = ("supplier", "manufacturer", "authors", "author", "publisher")
_ORIGINS = (
    "vcs", "source-distribution", "distribution", "distribution-intake", "build-meta", "build-system", "attestation",
    "formulation", "evidence",
)  # fmt: skip


@dataclass(frozen=True)
class Model:
    """One component of type machine-learning-model.

    Args:
        component: its raw JSON.
        document: the document's raw JSON.
        main: it is the component that the whole document is about (``metadata.component``).
    """

    component: Mapping[str, Any]
    document: Mapping[str, Any]
    main: bool = False

    @property
    def card(self) -> Mapping[str, Any]:
        """Its model card; empty when it has none."""
        return _object(self.component, "modelCard")


def models(document: Mapping[str, Any]) -> list[Model]:
    """Every model of a document, nested ones too."""
    main = _object(_object(document, "metadata"), "component")
    found = [Model(main, document, main=True)] if main.get("type") == MODEL else []
    nested = [*_nested(_objects(main, "components")), *_nested(_objects(document, "components"))]
    return found + [Model(component, document) for component in nested if component.get("type") == MODEL]


def components(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every component: the main one, those beside it, nested ones, and those of formulas."""
    main = _object(_object(document, "metadata"), "component")
    formulas = [
        component for formula in _objects(document, "formulation") for component in _objects(formula, "components")
    ]
    return list(_nested([*([main] if main else []), *_objects(document, "components"), *formulas]))


def sections(model: Model) -> dict[str, bool]:
    """Which sections a document has for a model."""
    return {
        "software": _software(model),
        "data": _data(model),
        "model_card": _model_card(model),
        "hyperparameters": _hyperparameters(model),
        "metrics": _metrics(model),
        "provenance": _provenance(model),
    }


def _software(model: Model) -> bool:
    """At least one library or framework, and each with a version and a package URL of that version."""
    packages = [item for item in components(model.document) if item.get("type") in _PACKAGES]
    return bool(packages) and all(_text(item, "version") and _package_url(item) for item in packages)


def _package_url(component: Mapping[str, Any]) -> bool:
    from packageurl import PackageURL

    try:
        return bool(PackageURL.from_string(component.get("purl", "")).name)
    except (TypeError, ValueError):
        return False


def _data(model: Model) -> bool:
    """``modelCard.modelParameters.datasets``: each named and with contents, or a data component."""
    entries = _objects(_object(model.card, "modelParameters"), "datasets")
    data = [item.get("bom-ref") for item in components(model.document) if item.get("type") == "data"]
    return bool(entries) and all(_dataset(entry, data) for entry in entries)


def _dataset(entry: Mapping[str, Any], data: Sequence[Any]) -> bool:
    if "ref" in entry:
        return isinstance(entry["ref"], str) and entry["ref"] in data
    contents = _object(entry, "contents")
    return _text(entry, "name") and any(map(_says, contents.values()))


def _model_card(model: Model) -> bool:
    """A model card that says how the model works (its parameters) and what to consider when it is used."""
    parameters, considerations = _object(model.card, "modelParameters"), _object(model.card, "considerations")
    how = {key: value for key, value in parameters.items() if key != "datasets"}
    return any(map(_says, how.values())) and any(map(_says, considerations.values()))


def _hyperparameters(model: Model) -> bool:
    """Named values in one of the places in use.

    A property of the model card or of the component whose name has the word hyperparameter (``hyperparameter:lr``); or
    parameters of a workflow, or of a task of it, in the document's formulation.
    """
    properties = [*_objects(model.card, "properties"), *_objects(model.component, "properties")]
    if any(_HYPERPARAMETER.search(str(item.get("name", ""))) and _text(item, "value") for item in properties):
        return True
    workflows = [flow for formula in _objects(model.document, "formulation") for flow in _objects(formula, "workflows")]
    steps = [*workflows, *(task for flow in workflows for task in _objects(flow, "tasks"))]
    inputs = [entry for step in steps for entry in _objects(step, "inputs")]
    return any(
        _text(item, "name") and _text(item, "value") for entry in inputs for item in _objects(entry, "parameters")
    )


def _metrics(model: Model) -> bool:
    """``modelCard.quantitativeAnalysis.performanceMetrics``: at least one, and each with a type and a value."""
    metrics = _objects(_object(model.card, "quantitativeAnalysis"), "performanceMetrics")
    return bool(metrics) and all(_text(item, "type") and _text(item, "value") for item in metrics)


def _provenance(model: Model) -> bool:
    """Who made it, and from what: a maker, and a pedigree, a formulation or a reference to where it comes from."""
    makers: list[Mapping[str, Any]] = [model.component]
    if model.main:
        makers.append(_object(model.document, "metadata"))
    made = any(_says(owner.get(key)) for owner in makers for key in _MAKERS)
    links = _objects(model.component, "externalReferences")
    origin = any(link.get("type") in _ORIGINS and _text(link, "url") for link in links)
    return made and (
        origin or any(_says(v) for v in (model.component.get("pedigree"), model.document.get("formulation")))
    )


def _says(value: Any) -> bool:
    """Whether a value holds any text, number or truth at all."""
    if isinstance(value, Mapping):
        return any(map(_says, value.values()))
    if isinstance(value, list):
        return any(map(_says, value))
    return bool(value.strip()) if isinstance(value, str) else value is not None


def _text(owner: Mapping[str, Any], key: str) -> bool:
    value = owner.get(key)
    return isinstance(value, str) and bool(value.strip())


def _object(owner: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = owner.get(key)
    return value if isinstance(value, Mapping) else {}


def _objects(owner: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = owner.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _nested(found: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for component in found:
        yield component
        yield from _nested(_objects(component, "components"))
