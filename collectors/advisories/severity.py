"""How bad an advisory is: the CVSS base score, 0 to 10.

From the record's CVSS v3.0 or v3.1 vectors, computed by section 7 of the FIRST specification
(https://www.first.org/cvss/v3.1/specification-document); the highest of several. Where there is no such vector, from
the database's own word for it, taken at the upper end of its band (section 5), since a word may not make a finding look
smaller than it is. CVSS v4 scores come from a table of interpolated values, which is not reproduced here: a record with
only a v4 vector is scored by its word, and without one its severity is unknown (None), never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any

_VECTORS = ("CVSS:3.0/", "CVSS:3.1/")
_IMPACT = {"H": Decimal("0.56"), "L": Decimal("0.22"), "N": Decimal(0)}
_METRICS: Mapping[str, Mapping[str, Decimal]] = {
    "AV": {"N": Decimal("0.85"), "A": Decimal("0.62"), "L": Decimal("0.55"), "P": Decimal("0.2")},
    "AC": {"L": Decimal("0.77"), "H": Decimal("0.44")},
    "PR": {"N": Decimal("0.85"), "L": Decimal("0.62"), "H": Decimal("0.27")},
    "UI": {"N": Decimal("0.85"), "R": Decimal("0.62")},
    "S": {"U": Decimal(0), "C": Decimal(1)},
    "C": _IMPACT,
    "I": _IMPACT,
    "A": _IMPACT,
}
_PRIVILEGES_CHANGED = {"N": Decimal("0.85"), "L": Decimal("0.68"), "H": Decimal("0.5")}
_WORDS = {"NONE": 0.0, "LOW": 3.9, "MODERATE": 6.9, "MEDIUM": 6.9, "HIGH": 8.9, "IMPORTANT": 8.9, "CRITICAL": 10.0}


def score(severities: Iterable[Any], words: Iterable[Any] = ()) -> float | None:
    """The score of a record.

    Args:
        severities: items of ``severity`` arrays: objects with ``type`` and ``score``.
        words: values of ``database_specific.severity``.

    Returns:
        The highest base score, or None when it is not known.
    """
    vectors = [item["score"] for item in severities if isinstance(item, Mapping) and isinstance(item.get("score"), str)]
    scores = [value for value in map(base_score, vectors) if value is not None]
    if not scores:
        scores = [_WORDS[word.upper()] for word in words if isinstance(word, str) and word.upper() in _WORDS]
    return max(scores, default=None)


def base_score(vector: str) -> float | None:
    """The CVSS v3.x base score of a vector.

    Args:
        vector: such as ``CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H``; metrics of other groups are ignored.

    Returns:
        0.0 to 10.0 in steps of 0.1; None when it is not a valid v3.x vector.
    """
    if not vector.startswith(_VECTORS):
        return None
    pairs = [part.partition(":")[::2] for part in vector.rstrip("/").split("/")[1:]]
    chosen = dict(pairs)
    if len(chosen) != len(pairs) or any(chosen.get(metric) not in values for metric, values in _METRICS.items()):
        return None
    return float(_score({metric: chosen[metric] for metric in _METRICS}, whole_numbers=vector.startswith("CVSS:3.1/")))


def _score(chosen: Mapping[str, str], *, whole_numbers: bool) -> Decimal:
    weight = {metric: _METRICS[metric][value] for metric, value in chosen.items()}
    changed = chosen["S"] == "C"
    if changed:
        weight["PR"] = _PRIVILEGES_CHANGED[chosen["PR"]]
    missed = (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    base = 1 - missed
    if changed:
        impact = Decimal("7.52") * (base - Decimal("0.029")) - Decimal("3.25") * (base - Decimal("0.02")) ** 15
    else:
        impact = Decimal("6.42") * base
    if impact <= 0:
        return Decimal(0)
    exploitability = Decimal("8.22") * weight["AV"] * weight["AC"] * weight["PR"] * weight["UI"]
    total = (impact + exploitability) * (Decimal("1.08") if changed else 1)
    return _roundup(min(total, Decimal(10)), whole_numbers=whole_numbers)


def _roundup(value: Decimal, *, whole_numbers: bool) -> Decimal:
    """The next number with one decimal; v3.1 (appendix A) first rounds to five decimals."""
    if whole_numbers:
        value = round(value, 5)
    return value.quantize(Decimal("0.1"), rounding=ROUND_CEILING)
