"""Changes of rules: a rule, or one branch of it, taken away."""

from __future__ import annotations

from ...evaluator.rego.syntax import Module
from .change import Replacements


def rules(module: Module) -> Replacements:
    """Every rule taken away; where several share a name, one of them at a time."""
    for rule in module.rules:
        yield rule.node.span, ""


def branches(module: Module) -> Replacements:
    """Every ``else`` taken away."""
    for rule in module.rules:
        for body in rule.node.below("bodies"):
            if body.fields.get("is_else"):
                yield body.span, ""
