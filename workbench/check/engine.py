"""The engine: what the chosen one takes otherwise than the other without saying so, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...evaluator.engines.dangers import lacking, uses
from ...evaluator.engines.regorus_messages import plain
from ...evaluator.engines.regorus_modules import calmly, new_engine
from ...evaluator.rego.syntax import Module
from .pack import Pack
from .problem import Problem, Rule
from .references import full_name, reached

DANGER = Rule(
    "engine/danger",
    "Nothing is used that the two engines take differently without saying so",
    "a control would decide one thing here and another there",
)
LACKING = Rule(
    "engine/lacking", "Every builtin function is one that the engine has", "the control is refused", exemptible=False
)
REFUSED = Rule(
    "engine/refused", "The engine accepts the module", "the control is inconclusive for ever", exemptible=False
)
RULES = (DANGER, LACKING, REFUSED)

_NEGATION = "not over what may be missing"
_PLACE = re.compile(r":(\d+):(\d+)")


def find(pack: Pack) -> Iterator[Problem]:
    """Uses of dangers, and what the embedded engine says when it loads each module.

    For Open Policy Agent only the one danger is told that leaves its rules undefined.
    """
    found = uses(pack.everything)
    own = {module.path for module in pack.modules.values()}
    for path, items in found.items():
        for use in items if path in own else ():
            if pack.engine == "regorus" or use.name == _NEGATION:
                rule = LACKING if use.name in lacking() else DANGER
                line, column = _place(use.place)
                remedy = "" if "--engine opa" in use.message else "use --engine opa"
                yield rule.of_file(path, use.message, line=line, column=column, remedy=remedy)
    if pack.engine == "regorus":
        for module in pack.modules.values():
            if module.path not in found:
                yield from _refused(module, pack)


def _refused(module: Module, pack: Pack) -> Iterator[Problem]:
    names = [full_name(module, rule) for rule in module.rules]
    needed = {id(owner): owner for owner, _ in reached(names, pack.everything)}
    engine = new_engine()
    try:
        for owner in (module, *(item for item in needed.values() if item is not module)):
            calmly(engine.add_policy, owner.path, owner.text)
        calmly(engine.eval_query, "true")
    except RuntimeError as error:
        said = plain(error).partition(" -->")[0]
        line, column = _place(said) if said.startswith(module.path) else (1, 1)
        what = _PLACE.sub("", said.removeprefix(module.path), count=1).removeprefix(": ")
        yield REFUSED.of_file(module.path, what, line=line, column=column, remedy="mend it, or use --engine opa")


def _place(text: str) -> tuple[int, int]:
    found = _PLACE.search(text)
    return (int(found.group(1)), int(found.group(2))) if found else (1, 1)
