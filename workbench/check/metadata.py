"""Metadata: there, complete, and of one mind with the folder, the package and the other controls."""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import PolicyError
from ...evaluator.metadata import Control, read_annotations
from ...evaluator.parameters import declared, schema_problem
from ...evaluator.policies import PolicySet, is_control
from ...evaluator.schema_check import pointer, validator
from ...strict_yaml import Document
from .pack import Pack
from .problem import Problem, Rule
from .reading import located, stray_controls

INVALID = Rule(
    "metadata/invalid",
    "A control's METADATA is there and follows its schema",
    "the whole pack is refused",
    exemptible=False,
)
PARAMETER = Rule(
    "metadata/parameter",
    "A parameter has a schema, a meaning, and a default that follows the schema",
    "the whole pack is refused",
    exemptible=False,
)
CONTRADICTORY = Rule(
    "metadata/contradictory",
    "Id, folder and package of a control are one name",
    "the whole pack is refused, for nobody could tell which control it is",
    exemptible=False,
)
DUPLICATE = Rule("metadata/duplicate-id", "An id is that of one control", "the whole pack is refused", exemptible=False)
CONTENT = Rule("pack/inconsistent", "Files of a pack fit each other", "the whole pack is refused", exemptible=False)
HOMELESS = Rule(
    "pack/no-control",
    "A folder below controls/ has a control.rego",
    "what lies in it is no control, and decides nothing",
    exemptible=False,
)
RULES = (INVALID, PARAMETER, CONTRADICTORY, DUPLICATE, CONTENT, HOMELESS)


def find(pack: Pack) -> Iterator[Problem]:
    """Problems of each control, then those of controls among each other."""
    seen: dict[str, str] = {}
    sound = True
    for path, text in pack.files.items():
        if not is_control(path) and path != "control.rego":
            continue
        found = list(_of_control(path, text, pack))
        sound = sound and not found
        yield from found
        control = pack.controls.get(path)
        if control is not None and seen.setdefault(control.id, path) != path:
            what = f"the id {control.id} is that of {pack.shown[seen[control.id]]} too"
            yield DUPLICATE.of_file(pack.shown[path], what, remedy="give each control its own id")
    for path in stray_controls(pack.files):
        yield HOMELESS.of_file(
            pack.shown[path], f"the folder of {path} has no control.rego", remedy="add it, or move this below lib/"
        )
    if sound and not pack.unreadable:
        yield from _together(pack)


def _of_control(path: str, text: str, pack: Pack) -> Iterator[Problem]:
    shown = pack.shown[path]
    try:
        start, document = read_annotations(shown, text)
    except PolicyError as error:
        yield located(INVALID, shown, error)
        return
    wrong = list(validator("control-metadata").iter_errors(document.value))
    for item in wrong:
        place = tuple(item.absolute_path)
        line = _line(document, place, text) if place else start
        what = f"{pointer(place) if place else 'metadata'}: {item.message}"
        remedy = "see the author guide for the metadata that a control states"
        yield INVALID.of_file(shown, what, line=line, remedy=remedy)
    if wrong:
        return
    broken = False
    for name, schema in declared(document.value["custom"].get("parameters", {})).items():
        if problem := schema_problem(schema):
            broken = True
            line = _line(document, ("custom", "parameters", name), text)
            remedy = "state type or enum, unit of a number, meaning, and a default that fits"
            yield PARAMETER.of_file(shown, f"the parameter {name!r} is wrong", line=line, why=problem, remedy=remedy)
    if not broken and is_control(path):
        yield from _contradictions(path, text, shown, start)


def _contradictions(path: str, text: str, shown: str, line: int) -> Iterator[Problem]:
    try:
        _ = PolicySet({path: text.encode()}).controls
    except PolicyError as error:
        found = located(CONTRADICTORY, path, error)
        at = found.line if found.line > 1 else line
        yield CONTRADICTORY.of_file(shown, error.what, line=at, why=error.why, remedy=error.remedy)


def _together(pack: Pack) -> Iterator[Problem]:
    """What only shows when all files are looked at: packages, files of parameters."""
    own = {path: text.encode() for path, text in pack.files.items()}
    if not any(map(is_control, own)):
        return
    policies = PolicySet({**PolicySet.built_in().sources, **own})
    try:
        _ = policies.packages, policies.parameters
    except PolicyError as error:
        path = next((path for path in own if error.what.startswith(path)), next(iter(own)))
        yield CONTENT.of_file(pack.shown[path], error.what, why=error.why, remedy=error.remedy)


def _line(document: Document, place: tuple[str | int, ...], text: str) -> int:
    """The line of a field; of its name, where its value begins below that."""
    line = int(document.where(place).rpartition(":")[2])
    lines, name = text.split("\n"), str(place[-1])
    return line - 1 if name not in lines[line - 1] and name in lines[line - 2] else line


def control_of(path: str, text: str) -> Control | None:
    """What a control's metadata states, when it is sound enough to be read."""
    from ...evaluator.metadata import read_control

    try:
        return read_control(path, text)
    except PolicyError:
        return None
