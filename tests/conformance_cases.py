"""The conformance cases that come with Open Policy Agent, as plain values, and how results are compared."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

OPA_VERSION = "1.10.1"
MODULE = f"github.com/open-policy-agent/opa@v{OPA_VERSION}"
DOWNLOAD = f"go mod download {MODULE}"
_CASES, _BUILTINS = Path("v1/test/cases/testdata/v1"), Path("capabilities.json")
_ABOUT = Path("builtin_metadata.json")
_FIELDS = {"note", "query", "modules", "data", "input", "input_term", "want_result", "want_error", "want_error_code"}
_FIELDS |= {"sort_bindings", "strict_error"}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Rows = frozenset[Any]


@dataclass(frozen=True)
class Case:
    """One case.

    Args:
        name: its note and, where cases of a file share one, a number.
        note: as it is written.
        group: the folder that it is in, which tells what it is about.
        query: what is asked.
        modules: Rego v1 texts.
        data: JSON document, None for none.
        input: JSON document, meaningless where ``input_term`` is there or ``has_input`` is not set.
        input_term: Rego text of an input that JSON cannot say.
        has_input: whether there is an input.
        rows: the bindings that are expected, in any order; None where an error is.
        sort_bindings: whether the order inside a bound array does not count.
        strict: whether OPA is to raise on errors of builtins.
    """

    name: str
    note: str
    group: str
    query: str
    modules: tuple[str, ...]
    data: Any
    input: Any
    input_term: str | None
    has_input: bool
    rows: Rows | None
    sort_bindings: bool
    strict: bool

    @property
    def asked(self) -> str:
        """The query, with an input that JSON cannot say put into it."""
        return self.query if self.input_term is None else f"{self.query} with input as {self.input_term}"

    def module_paths(self) -> Iterator[tuple[str, str]]:
        """Path and text of every module."""
        return ((f"test-{number}.rego", text) for number, text in enumerate(self.modules))


def module_folder() -> Path | None:
    """OPA's Go module: where ``PROBATUM_OPA_MODULE`` says, else in the module cache; None when it is not there."""
    named, go = os.environ.get("PROBATUM_OPA_MODULE"), shutil.which("go")
    cache = Path.home() / "go" / "pkg" / "mod"
    if go is not None:
        asked = subprocess.run([go, "env", "GOMODCACHE"], capture_output=True, text=True, check=False).stdout.strip()
        cache = Path(asked) if asked else cache
    folder = Path(named) if named else cache / MODULE
    return folder if (folder / _CASES).is_dir() else None


def builtin_arity(module: Path) -> dict[str, int]:
    """Every builtin function that Rego v1 calls by name, and how many arguments it has."""
    described = json.loads((module / _BUILTINS).read_text(encoding="utf-8"))["builtins"]
    about = json.loads((module / _ABOUT).read_text(encoding="utf-8"))
    gone = {name for name, item in about.items() if name != "_categories" and item.get("deprecated")}
    return {
        item["name"]: len(item["decl"].get("args", ()))
        for item in described
        if not item.get("infix") and item["name"] not in gone and not item["name"].startswith("internal.")
    }


def load(module: Path) -> list[Case]:
    """Every case, in the order of its file's path.

    Raises:
        ValueError: a case has a field that this module does not know, so that it would be run wrongly.
    """
    folder = module / _CASES
    return [case for path in sorted(folder.rglob("*.yaml")) for case in read(path, path.relative_to(folder).parts[0])]


def read(path: Path, group: str) -> list[Case]:
    """The cases of one file; those that share a note are numbered.

    Raises:
        ValueError: a case has a field that this module does not know.
    """
    found: list[Case] = []
    for case in yaml.load(path.read_bytes(), Loader=_LOADER)["cases"]:  # a safe one
        number = sum(other.note == case["note"] for other in found) + 1
        found.append(_parsed(case, case["note"] if number == 1 else f"{case['note']} #{number}", group))
    return found


def _parsed(case: Mapping[str, Any], name: str, group: str) -> Case:
    """One case from its document."""
    unknown = set(case) - _FIELDS
    if unknown or not set(case) & {"want_result", "want_error", "want_error_code"}:
        raise ValueError(f"{name}: unknown fields {sorted(unknown)}, or nothing that is expected")
    fails = "want_error" in case or "want_error_code" in case
    ordered = not case.get("sort_bindings", False)
    return Case(
        name=name,
        note=case["note"],
        group=group,
        query=case["query"].strip(),
        modules=tuple(case.get("modules") or ()),
        data=case.get("data"),
        input=case.get("input"),
        input_term=case.get("input_term"),
        has_input="input" in case or "input_term" in case,
        rows=None if fails else rows(case["want_result"] or [], ordered=ordered),
        sort_bindings=not ordered,
        strict=bool(case.get("strict_error")),
    )


def rows(bindings: Sequence[Mapping[str, Any]], *, ordered: bool) -> Rows:
    """A set of bindings that compares as OPA compares its own.

    Args:
        bindings: variable to value, for every result.
        ordered: whether the order of the elements of a bound array counts.
    """
    found = set()
    for row in bindings:
        values = {name: _value(value) for name, value in row.items()}
        if not ordered:
            values = {name: (kind, frozenset(parts)) for name, (kind, parts) in values.items()}
        found.add(frozenset(values.items()))
    return frozenset(found)


def _value(value: Any) -> tuple[str, Any]:
    """A value that compares by type first, for Python takes ``True`` for 1, and numbers by what they stand for."""
    if value is None or isinstance(value, bool):
        return "literal", value
    if isinstance(value, (int, float, Decimal)):
        return "number", Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if isinstance(value, list):
        return "array", tuple(_value(part) for part in value)
    if isinstance(value, dict):
        return "object", frozenset((str(key), _value(part)) for key, part in value.items())
    return "string", str(value)
