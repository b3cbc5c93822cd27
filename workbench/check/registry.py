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

ALL_RULES: dict[str, Rule] = {
    rule.name: rule
    for part in (reading, *CHECKS, exemptions)
    for rule in sorted(part.RULES, key=lambda rule: rule.name)
}
"""Every rule by its name."""
