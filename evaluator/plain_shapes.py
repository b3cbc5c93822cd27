"""Fast tests for subjects, observations and relations of the plain shape, which need no general validator.

``jsonschema`` takes about a millisecond for one observation, and a graph of 50,000 subjects has hundreds of thousands.
These tests accept only what the schema accepts (a property test compares them); whatever they do not accept goes to
``jsonschema``, which then decides and says what is wrong.
"""

from __future__ import annotations

import re
from typing import Any

from .graph import KINDS, Status, Tier

_TYPE = re.compile(r"[a-z][a-z0-9_]*")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_HEX = re.compile(r"[0-9a-f]+")
_REQUIRED = frozenset(("type", "subject", "tier", "collector", "status", "coverage", "observed_at", "result"))
_KINDS = frozenset(KINDS)
_TIERS = frozenset(map(str, Tier))
_STATUSES = frozenset(map(str, Status))


def is_plain_subject(value: Any) -> bool:
    """True when a value is certainly a subject by the schema; False when the schema itself has to be asked."""
    if type(value) is not dict or not _one_of(_KINDS, value.get("kind")):
        return False
    return (
        type(value.get("name")) is str
        and value["name"] != ""
        and ("digest" not in value or _digests(value["digest"]))
        and ("location" not in value or type(value["location"]) is str)
        and ("attributes" not in value or type(value["attributes"]) is dict)
    )


def is_plain_relation(value: Any) -> bool:
    """True when a value is certainly a relation by the schema; False when the schema itself has to be asked."""
    if type(value) is not dict or type(value.get("from")) is not str or type(value.get("to")) is not str:
        return False
    return _matches(_TYPE, value.get("relation"))


def is_plain_observation(value: Any) -> bool:
    """True when a value is certainly an observation by the schema; False when the schema itself has to be asked."""
    if type(value) is not dict or not value.keys() >= _REQUIRED:
        return False
    return (
        _matches(_TYPE, value["type"])
        and type(value["subject"]) is str
        and type(value["result"]) is dict
        and _one_of(_TIERS, value["tier"])
        and _one_of(_STATUSES, value["status"])
        and _matches(_TIME, value["observed_at"])
        and _named(value["collector"])
        and _coverage(value["coverage"])
        and ("tool" not in value or _named(value["tool"]))
        and ("inputs" not in value or _inputs(value["inputs"]))
        and ("report" not in value or _report(value["report"]))
    )


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return type(value) is str and pattern.fullmatch(value) is not None


def _one_of(names: frozenset[str], value: Any) -> bool:
    return type(value) is str and value in names


def _strings(value: Any, required: tuple[str, ...]) -> bool:
    if type(value) is not dict or not all(name in value for name in required):
        return False
    return all(type(item) is str for item in value.values())


def _named(value: Any) -> bool:
    return _strings(value, ("name", "version"))


def _coverage(value: Any) -> bool:
    if type(value) is not dict or type(value.get("skipped")) is not list:
        return False
    counts = (value.get("seen"), value.get("examined"))
    return all(type(count) is int and count >= 0 for count in counts) and all(map(_skipped, value["skipped"]))


def _skipped(value: Any) -> bool:
    return type(value) is dict and type(value.get("item")) is str and type(value.get("reason")) is str


def _inputs(value: Any) -> bool:
    if type(value) is not dict:
        return False
    return all(map(_digests, value.values()))


def _digests(value: Any) -> bool:
    return type(value) is dict and all(_matches(_HEX, digest) for digest in value.values())


def _report(value: Any) -> bool:
    return _strings(value, ("sha256", "media_type")) and len(value["sha256"]) == 64 and _matches(_HEX, value["sha256"])
