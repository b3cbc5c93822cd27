"""Evidence: what a control reads is what it declares, so that reasons and documentation are about what decides."""

from __future__ import annotations

from collections.abc import Iterator

from ...evaluator.rego.syntax import Module
from ...evaluator.suggest import did_you_mean
from .pack import Pack
from .problem import Problem, Rule, Severity
from .record import Read

UNDECLARED = Rule(
    "evidence/undeclared-type",
    "A control reads only types of evidence that it declares",
    "no reason is given when that evidence is missing, and a proof that cites it is refused",
)
UNREAD = Rule(
    "evidence/unread-type",
    "A control reads every type of evidence that it declares",
    "subjects are inconclusive for want of evidence that decides nothing",
)
UNKNOWN = Rule(
    "evidence/unknown-type",
    "Declared evidence is of a type that an installed collector makes",
    "unless evidence of that type comes from elsewhere the control is inconclusive for ever",
    Severity.WARNING,
)
RULES = (UNDECLARED, UNREAD, UNKNOWN)


def find(pack: Pack) -> Iterator[Problem]:
    """Problems of every control."""
    known = set(pack.schema["properties"]["observations"]["properties"])
    for path, control in pack.controls.items():
        module = pack.modules.get(path)
        if module is None:
            continue
        reads = pack.flows[path].record.reads
        for read in reads:
            if read.module is module and read.type is not None and read.type not in control.types:
                yield _undeclared(read, module, sorted(control.types))
        types = {read.type for read in reads}
        for name in sorted(control.types):
            line = _line(module, name)
            if name not in types and None not in types:
                what = f"{control.id} declares {name} and never reads it"
                yield UNREAD.of_file(module.path, what, line=line, remedy="read it, or declare what is read")
            if name not in known:
                what = f"no installed collector makes evidence of type {name!r}"
                yield UNKNOWN.of_file(module.path, what, line=line, remedy=did_you_mean(name, known))


def _undeclared(read: Read, module: Module, declared: list[str]) -> Problem:
    what = f"evidence of type {read.type!r} is read from input.{read.which} and not declared"
    near = did_you_mean(str(read.type), declared)
    remedy = near if near.startswith("did") else "add it to 'evidence' in the metadata"
    return UNDECLARED.at(module, read.node, what, remedy=remedy)


def _line(module: Module, name: str) -> int:
    """The line of the metadata that declares evidence of a type."""
    lines = module.text.split("\n")
    start = next((number for number, line in enumerate(lines) if line.lstrip("# ").startswith("evidence:")), 0)
    return next((number for number, line in enumerate(lines[start:], start + 1) if name in line), start + 1)
