"""Values that packs of policies give to parameters: ``parameters/*.yaml`` (schema ``pack-parameters``).

They lie between a control's own default and the checklist's value. Two files that set one parameter of one control are
refused: which of them counts would depend on an order that nobody sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import strict_yaml
from ..errors import PolicyError, UsageError
from .schema_check import validator

Layer = tuple[str, Mapping[str, Any]]
"""Path of the file, and parameter to value."""


def pack_parameters(sources: Mapping[str, bytes]) -> dict[str, tuple[Layer, ...]]:
    """What the files of parameters among the sources of a policy set say, by control.

    Args:
        sources: path to content.

    Raises:
        PolicyError: a file does not follow its schema, or two of them set the same parameter; names file and line.
    """
    found: dict[str, tuple[Layer, ...]] = {}
    owners: dict[tuple[str, str], str] = {}
    for path in sorted(path for path in sources if path.startswith("parameters/")):
        document = _document(path, sources[path])
        for control, values in document.value["parameters"].items():
            for name in values:
                where = document.where(("parameters", control, name))
                if earlier := owners.get((control, name)):
                    raise PolicyError(
                        f"{where}: {name} of {control} is set twice", why=f"{earlier} sets it too", remedy="keep one"
                    )
                owners[control, name] = where
            found[control] = (*found.get(control, ()), (path, values))
    return found


def _document(path: str, data: bytes) -> strict_yaml.Document:
    from jsonschema.exceptions import best_match

    try:
        document = strict_yaml.load(data, source=path)
    except UsageError as error:
        raise PolicyError(error.what, why=error.why, remedy=error.remedy) from error
    problem = best_match(validator("pack-parameters").iter_errors(document.value))
    if problem is not None:
        field = tuple(problem.absolute_path)
        name = ".".join(map(str, field)) or "the document"
        raise PolicyError(
            f"{document.where(field)}: wrong parameters",
            why=f"{name}: {problem.message}",
            remedy="write 'schema: https://probatum.dev/pack-parameters/v1' and 'parameters: {CONTROL: {name: value}}'",
        )
    return document
