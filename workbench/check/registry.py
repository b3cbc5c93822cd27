"""The checks there are; adding one is a file of this package and a line here."""

from __future__ import annotations

from . import complexity, contract, engine, evidence, exemptions, fields, metadata, names, parameters, purity, reading
from .problem import Check, Rule

CHECKS: tuple[Check, ...] = (
    metadata,
    contract,
    fields,
    evidence,
    parameters,
    names,
    purity,
    complexity,
    engine,
)

_RULES = (*reading.RULES, *(rule for item in CHECKS for rule in item.RULES), *exemptions.RULES)

ALL_RULES: dict[str, Rule] = {rule.name: rule for rule in sorted(_RULES, key=lambda rule: rule.name)}
"""Every rule by its name."""
