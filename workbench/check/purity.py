"""Purity: a control decides by its input alone, so that a replay of old evidence decides what it decided then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...evaluator.rego.syntax import Module, Node
from .pack import Pack
from .problem import Problem, Rule, Severity

IMPURE = Rule(
    "purity/impure-builtin",
    "A policy calls nothing whose result is not decided by its arguments",
    "the same evidence could pass today and fail tomorrow, and nobody could replay the verdict",
    exemptible=False,
)
DEBUGGING = Rule(
    "purity/debugging",
    "A policy prints nothing",
    "what it prints is lost, or mixed into the output of whoever evaluates it",
    Severity.WARNING,
)
RULES = (IMPURE, DEBUGGING)

IMPURE_BUILTINS: Mapping[str, str] = {
    "http.send": "it asks the network: let a collector gather the answer as evidence",
    "io.jwt.decode_verify": "it looks at the clock: use io.jwt.verify_* and io.jwt.decode, and input.now_ns",
    "io.jwt.encode_sign": "it draws random numbers; a policy has nothing to sign",
    "io.jwt.encode_sign_raw": "it draws random numbers; a policy has nothing to sign",
    "net.lookup_ip_addr": "it asks the network: let a collector gather the answer as evidence",
    "opa.runtime": "it reads the environment of the engine: use a parameter",
    "rand.intn": "it draws a random number",
    "rego.parse_module": "it reads policies as data: what decides must be in the pack",
    "time.now_ns": "it reads the clock: use input.now_ns",
    "uuid.rfc4122": "it draws a random number",
}
"""What OPA's capabilities call nondeterministic, and ``rego.parse_module``; each with what to do instead."""

_DEBUGGING = ("print", "trace")


def find(pack: Pack) -> Iterator[Problem]:
    """Every mention, for a function can be handed on by ``with`` as well as called."""
    for module in pack.modules.values():
        names = {name.partition(".")[0] for name in IMPURE_BUILTINS} | set(_DEBUGGING)
        own = {rule.name for rule in module.rules} | {item.name for item in module.imports}
        for node in module.walk():
            yield from _mention(node, module, names - own)


def _mention(node: Node, module: Module, names: set[str]) -> Iterator[Problem]:
    if node.kind == "Call":
        function = node.child("fcn")
        name = function.dotted() if function is not None else None
        if name in _DEBUGGING and name in names:
            yield DEBUGGING.at(module, node, f"{name} is called", remedy="take it out, and use 'policy try --trace'")
    if node.kind not in ("RefDot", "RefBrack"):
        return
    dotted = node.dotted() or ""
    if dotted in IMPURE_BUILTINS and dotted.partition(".")[0] in names:
        yield IMPURE.at(module, node, f"{dotted} is used", remedy=IMPURE_BUILTINS[dotted])
