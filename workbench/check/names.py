"""Names: imports and references lead somewhere, nothing is left over, and no variable hides a rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ...evaluator.engines.base import RULES as WANTED
from ...evaluator.rego.syntax import Module, Node
from ...evaluator.rego.syntax import Rule as RegoRule
from ...evaluator.suggest import did_you_mean
from .pack import Pack
from .problem import Problem, Rule, Severity
from .references import full_name, reached, recursive, short_name
from .scope import parameters_of, texts, variables

IMPORT = Rule("names/unknown-import", "What is imported exists", "everything that rests on it is undefined, or refused")
UNUSED_IMPORT = Rule("names/unused-import", "What is imported is used", "it misleads the reader", Severity.WARNING)
REFERENCE = Rule(
    "names/unknown-rule", "What is referred to in another package exists", "the engine refuses the control"
)
UNUSED_RULE = Rule(
    "names/unused-rule",
    "Every rule of a control has a part in what it decides",
    "a condition that was meant to count does not",
    Severity.WARNING,
)
SHADOW = Rule(
    "names/shadows-rule",
    "No local variable has the name of a rule",
    "the embedded engine takes it for the rule, or refuses it; a reader does so too",
)
UNUSED_VARIABLE = Rule(
    "names/unused-variable",
    "A variable that is declared is used",
    "Open Policy Agent refuses it, some only with --strict, and a condition that was meant to be there may be missing",
)
RECURSIVE = Rule(
    "names/recursive-rule",
    "No rule rests on itself",
    "Open Policy Agent refuses it, and the embedded engine ends it by its limits",
    exemptible=False,
)
RULES = (RECURSIVE, IMPORT, UNUSED_IMPORT, REFERENCE, UNUSED_RULE, SHADOW, UNUSED_VARIABLE)


def find(pack: Pack) -> Iterator[Problem]:
    """Problems of every module."""
    circular = recursive(pack.everything)
    for path, module in pack.modules.items():
        for rule in module.rules:
            if full_name(module, rule) in circular:
                what = f"{short_name(rule)} rests on itself"
                yield RECURSIVE.at(module, rule.node, what, remedy="let it rest on evidence, or on rules that do")
        yield from _imports(module, pack)
        yield from _references(module, pack)
        yield from _variables(module, pack)
        if path in pack.controls:
            yield from _unused(module, pack)


def _imports(module: Module, pack: Pack) -> Iterator[Problem]:
    used = {str(node.fields["value"]) for node in module.walk() if node.kind == "Var"}
    for item in module.imports:
        if item.path == "rego.v1":
            continue
        target = item.path.removeprefix("data.")
        if item.path.startswith("data.") and not _exists(target, pack):
            what = f"there is no package or rule {target}"
            yield IMPORT.at(module, item.span, what, remedy=did_you_mean(target, pack.packages))
        if item.name not in used:
            yield UNUSED_IMPORT.at(module, item.span, f"{item.path} is not used", remedy="remove the import")


def _exists(target: str, pack: Pack) -> bool:
    package, _, name = target.rpartition(".")
    inside = any(known == target or known.startswith(f"{target}.") for known in pack.packages)
    return inside or name in pack.packages.get(package, ())


def _references(module: Module, pack: Pack) -> Iterator[Problem]:
    """References into other packages that name no rule there."""
    for node in module.walk():
        if node.kind not in ("RefDot", "RefBrack"):
            continue
        dotted = node.dotted() or ""
        target = module.resolve(dotted)
        package, _, name = target.removeprefix("data.").rpartition(".")
        if not target.startswith("data.") or package not in pack.packages or _exists(f"{package}.{name}", pack):
            continue
        remedy = did_you_mean(name, pack.packages[package])
        yield REFERENCE.at(module, node, f"{package} has no rule {name!r}", remedy=remedy)


def _unused(module: Module, pack: Pack) -> Iterator[Problem]:
    needed = {
        id(rule.node.fields) for _, rule in reached([f"{module.package}.{name}" for name in WANTED], pack.everything)
    }
    for rule in module.rules:
        if id(rule.node.fields) not in needed:
            what = f"neither applies nor deny nor proof rests on {short_name(rule)}"
            yield UNUSED_RULE.at(module, rule.node, what, remedy="use it, or remove it")


def _variables(module: Module, pack: Pack) -> Iterator[Problem]:
    rules = pack.packages[module.package]
    for rule in module.rules:
        used = Counter(str(node.fields["value"]) for node in rule.node.walk() if node.kind == "Var")
        for name, node in _locals(rule, module):
            if used[name] < 1 + (node.kind not in ("SomeVars", "Every")) and name != "_" and not rule.is_default:
                remedy = "use it, or write _ in its place"
                yield UNUSED_VARIABLE.at(module, node, f"the variable {name} is not used", remedy=remedy)
            if name in rules:
                what = f"the variable {name} has the name of a rule"
                yield SHADOW.at(module, node, what, remedy="rename the variable")


def _locals(rule: RegoRule, module: Module) -> Iterator[tuple[str, Node]]:
    """Every variable that a rule declares, and where."""
    for pattern in parameters_of(rule) or ():
        yield from ((name, pattern) for name, _ in variables(pattern))
    for node in rule.node.walk():
        if node.kind == "SomeVars":
            yield from ((name, node) for name in texts(module, node.fields["vars"]))
        elif node.kind == "Every":
            names = [*texts(module, node.fields.get("key")), *texts(module, node.fields.get("value"))]
            yield from ((name, node) for name in names)
        patterns = _patterns(node)
        yield from ((name, pattern) for pattern in patterns for name, _ in variables(pattern))


def _patterns(node: Node) -> list[Node]:
    if node.kind == "SomeIn":
        return [*node.below("key"), *node.below("value")]
    return node.below("lhs") if node.kind == "AssignExpr" and node.fields["op"] == "ColEq" else []
