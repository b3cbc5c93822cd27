"""Checklists: which controls, with what priority and parameters, in which rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import strict_json, strict_yaml
from ..errors import PolicyError, UsageError
from ..files import read_limited
from .parameters import Parameter, effective
from .policies import PolicySet
from .schema_check import validator
from .suggest import did_you_mean

_MAX_BYTES = 1024 * 1024
_REMEDY = "see the author guide for the shape of a checklist"


@dataclass(frozen=True)
class Entry:
    """One control in a checklist.

    Args:
        id: the control's id.
        priority: the checklist's own, or None for the control's.
        parameters: values that the checklist sets.
    """

    id: str
    priority: str | None
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One row of the document that a checklist comes from.

    Args:
        row: its number or code there.
        title: its words there.
        controls: ids of the controls that decide it.
    """

    row: str
    title: str
    controls: tuple[str, ...]


@dataclass(frozen=True)
class Checklist:
    """A named, versioned list of controls.

    Args:
        document: its JSON form, by ``schemas/checklist.schema.json``.
    """

    document: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its name."""
        return str(self.document["id"])

    @property
    def version(self) -> str:
        """``major.minor.patch``."""
        return str(self.document["version"])

    @property
    def title(self) -> str:
        """One line."""
        return str(self.document["title"])

    @property
    def requires(self) -> tuple[str, ...]:
        """Kinds of subject without which a run is inconclusive."""
        return tuple(self.document.get("requires", ()))

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """Its controls by id, in its order."""
        return {
            item["id"]: Entry(item["id"], item.get("priority"), item.get("parameters", {}))
            for item in self.document["controls"]
        }

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Its rows, in its order."""
        return tuple(Row(row["row"], row["title"], tuple(row["controls"])) for row in self.document.get("rows", ()))

    @cached_property
    def digest(self) -> str:
        """SHA-256, in lower-case hexadecimal, of the canonical document."""
        return strict_json.digest(dict(self.document))


def load_checklist(name_or_path: str | Path, policies: PolicySet) -> Checklist:
    """A checklist of the policy set by name, or any YAML file by path.

    Args:
        name_or_path: a name such as ``secure-pipeline``, or a path (it has a ``/`` or ends in ``.yaml`` or ``.yml``).
        policies: where names and controls are looked up.

    Raises:
        PolicyError: it is unknown, unreadable, or wrong; names file, line and field.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or is_path(text):
        data, source = _read(Path(name_or_path)), text
    elif text in policies.checklists:
        data, source = policies.checklists[text], f"checklists/{text}.yaml"
    else:
        raise PolicyError(f"there is no checklist {text!r}", remedy=did_you_mean(text, policies.checklists))
    try:
        document = strict_yaml.load(data, source=source)
    except UsageError as error:
        raise PolicyError(error.what, why=error.why, remedy=error.remedy) from error
    return _checked(document, policies)


def is_path(name_or_path: str) -> bool:
    """Whether a checklist is meant by its path, not by its name."""
    return "/" in name_or_path or name_or_path.endswith((".yaml", ".yml"))


def checklist_from_document(document: Any, policies: PolicySet, *, source: str) -> Checklist:
    """A checklist from its JSON form; raises ``PolicyError`` as ``load_checklist`` does."""
    return _checked(strict_yaml.Document(document, source, {}), policies)


def parameters_of(
    checklist: Checklist, policies: PolicySet, manifest: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Parameter]]:
    """The effective parameters of every control of a checklist, with the origin of each value.

    Args:
        checklist: the checklist.
        policies: where the controls' own defaults are.
        manifest: control id to values that the pipeline's manifest sets.

    Raises:
        PolicyError: the manifest names a control that the policy set lacks, or a value is wrong.
    """
    for control in manifest:
        if control not in policies.controls:
            raise PolicyError(
                f"parameters are set for {control!r}, which is no control",
                remedy=did_you_mean(control, policies.controls),
            )
        if not isinstance(manifest[control], Mapping):
            raise PolicyError(f"the parameters of {control} are not an object", remedy="write name: value pairs")
    return {
        key: effective(
            key,
            policies.controls[key].parameters,
            (*policies.parameters.get(key, ()), ("checklist", entry.parameters), ("manifest", manifest.get(key, {}))),
        )
        for key, entry in checklist.entries.items()
    }


def _read(path: Path) -> bytes:
    try:
        return read_limited(path, _MAX_BYTES)
    except UsageError as error:
        raise PolicyError(error.what, why=error.why, remedy=error.remedy) from error


def _checked(document: strict_yaml.Document, policies: PolicySet) -> Checklist:
    from jsonschema.exceptions import best_match

    error = best_match(validator("checklist").iter_errors(document.value))
    if error is not None:
        field = tuple(error.absolute_path)
        name = ".".join(map(str, field)) or "checklist"
        raise PolicyError(f"{document.where(field)}: wrong checklist", why=f"{name}: {error.message}", remedy=_REMEDY)
    _check_controls(document, policies)
    _check_rows(document)
    checklist = Checklist(document.value)
    parameters_of(checklist, policies, {})
    return checklist


def _check_controls(document: strict_yaml.Document, policies: PolicySet) -> None:
    seen: set[str] = set()
    for index, item in enumerate(document.value["controls"]):
        where = document.where(("controls", index, "id"))
        if item["id"] not in policies.controls:
            raise PolicyError(
                f"{where}: there is no control {item['id']!r}", remedy=did_you_mean(item["id"], policies.controls)
            )
        if item["id"] in seen:
            raise PolicyError(f"{where}: the control {item['id']} is listed twice", remedy="keep one of the two")
        seen.add(item["id"])


def _check_rows(document: strict_yaml.Document) -> None:
    listed = {item["id"] for item in document.value["controls"]}
    for index, row in enumerate(document.value.get("rows", ())):
        for place, control in enumerate(row["controls"]):
            if control not in listed:
                raise PolicyError(
                    f"{document.where(('rows', index, 'controls', place))}: the row {row['row']!r} names {control!r}, "
                    "which the checklist does not list",
                    remedy=did_you_mean(control, listed),
                )
