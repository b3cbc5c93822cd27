"""Runs the conformance cases of Open Policy Agent, and ours, on the embedded engine, and says what comes out.

    python tests/conformance.py                 a table: same, refused loudly, silently different, per builtin
    python tests/conformance.py --json          the same as JSON, with the names of the cases that differ
    python tests/conformance.py --write         record it: evaluator/engines/dangers.json, docs/author/engines.md
    python tests/conformance.py --opa BINARY    first hold the cases, as they are read and run here, against a real OPA

The cases are in OPA's Go module: name its folder, or run ``go mod download github.com/open-policy-agent/opa@v1.10.1``.
Exit code 1: something differs that neither ``dangers`` nor ``corners`` of the list explains, or no longer differs.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from conformance_cases import DOWNLOAD, OPA_VERSION, Case, builtin_arity, load, module_folder, read, rows
from conformance_engines import Answer, crashed, embedded, knows, on_opa_all
from conformance_page import PAGE, replaced

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "evaluator" / "engines" / "dangers.json"
OURS = Path(__file__).with_name("conformance_own.yaml")
SAME, REFUSED, DIFFERENT = "same", "refused", "different"
_DISTRIBUTION = "gordon-to-regorus"
_CALL = re.compile(r"\b([a-z_][\w.]*)\(")
_FOLDERS = """
    arithmetic assignments baseandvirtualdocs comparisonexpr completedoc compositebasedereference compositereferences
    comprehensions containskeyword dataderef defaultkeyword disjunction elsekeyword embeddedvirtualdoc eqexpr
    evaltermexpr every example fix1863 functionerrors functions helloworld indexing indirectreferences inputvalues
    keywordrefs negation nestedreferences partialdocconstants partialiter partialobjectdoc partialsetdoc planner-ir
    refheads topdowndynamicdispatch undos varreferences virtualdocs withkeyword"""
_LANGUAGE = frozenset(_FOLDERS.split())  # folders of cases about the language, whatever functions they call


def outcome(case: Case, answer: Answer, lacking: Collection[str] = ()) -> str:
    """How an answer stands to what is wanted.

    An error where a value is wanted is a loud refusal: the control is inconclusive. Where an error is wanted any error
    will do, unless a function is called that the engine lacks.
    """
    if case.rows is None:
        if answer.error is None:
            return DIFFERENT
        return REFUSED if called(case) & set(lacking) else SAME
    if answer.bindings is None:
        return REFUSED
    return SAME if rows(answer.bindings, ordered=not case.sort_bindings) == case.rows else DIFFERENT


def subject(case: Case, used: Mapping[str, int]) -> str:
    """What a case is about: a part of the language, or the builtin function in it that fewest cases call."""
    if case.group in _LANGUAGE:
        return f"language: {case.group}"
    return min(called(case) & set(used), key=lambda name: (used[name], name), default=f"language: {case.group}")


def called(case: Case) -> set[str]:
    """Everything that a case calls by name."""
    return {name for text in (*case.modules, case.query) for name in _CALL.findall(text)}


def measured(module: Path) -> dict[str, Any]:
    """What a run over all cases finds, as the list records it.

    Args:
        module: OPA's Go module.
    """
    cases, ours, arity = load(module), read(OURS, "ours"), builtin_arity(module)
    answers = embedded([*cases, *ours])
    known = sorted(name for name, count in arity.items() if knows(name, count))
    lacking = sorted(set(arity) - set(known))
    found = [(case, outcome(case, answer, lacking)) for case, answer in zip([*cases, *ours], answers, strict=True)]
    theirs, used = found[: len(cases)], Counter(name for case in cases for name in called(case) & set(arity))
    return {
        "opa": OPA_VERSION,
        "engine": {"distribution": _DISTRIBUTION, "version": metadata.version(_DISTRIBUTION)},
        "cases": {**_counts(how for _, how in theirs), "crashed": sum(map(crashed, answers[: len(cases)]))},
        "ours": _counts(how for _, how in found[len(cases) :]),
        "outcomes": _by_subject(theirs, used),
        "different": [case.name for case, how in found if how == DIFFERENT],
        "lacking": lacking,
        "builtins": known,
    }


def unexplained(document: Mapping[str, Any], different: Iterable[str]) -> list[str]:
    """What the list does not explain, and what it explains although there is nothing to explain.

    Args:
        document: the list.
        different: names of the cases that differ without an error.
    """
    listed = [name for item in (*document["dangers"], *document["corners"]) for name in item["cases"]]
    different = set(different)
    lines = [f"differs, and nothing says why: {name}" for name in sorted(different - set(listed))]
    lines += [f"is said to differ, and does not: {name}" for name in sorted(set(listed) - different)]
    return lines + [f"is listed twice: {name}" for name, count in Counter(listed).items() if count > 1]


def table(found: Mapping[str, Any]) -> str:
    """The outcomes per builtin function and part of the language, for a terminal."""
    lines = [f"{'':44}{'cases':>8}{'same':>8}{'refused':>8}{'different':>10}"]
    for name, counts in (*found["outcomes"].items(), ("all", found["cases"]), ("ours", found["ours"])):
        numbers = [counts.get(how, 0) for how in (SAME, REFUSED, DIFFERENT)]
        lines.append(f"{name:44}{sum(numbers):8}{numbers[0]:8}{numbers[1]:8}{numbers[2]:10}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module", nargs="?", type=Path, default=module_folder(), help="folder of OPA's Go module")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--write", action="store_true", help="record the outcomes in the list and in the page")
    parser.add_argument("--opa", metavar="BINARY", help="hold the cases against this OPA first")
    chosen = parser.parse_args(arguments)
    if chosen.module is None:
        print(f"the cases are not here: {DOWNLOAD}", file=sys.stderr)
        return 2
    wrong = _against_opa(chosen.opa, chosen.module) if chosen.opa else []
    found, document = measured(chosen.module), json.loads(LIST.read_text(encoding="utf-8"))
    print(json.dumps(found, indent=2) if chosen.json else table(found))
    if chosen.write:
        document = {**{key: document[key] for key in ("dangers", "corners")}, **found}
        LIST.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), document), encoding="utf-8")
    problems = wrong + unexplained(document, found["different"])
    print("\n".join(problems), file=sys.stderr)
    return 1 if problems else 0


def _against_opa(binary: str, module: Path) -> list[str]:
    """Cases in which a real OPA does not give what is wanted: on_opa_all of this harness."""
    asked = on_opa_all(binary, [*load(module), *read(OURS, "ours")])
    return [f"OPA itself does otherwise: {case.name}" for case, answer in asked if outcome(case, answer) != SAME]


def _counts(outcomes: Iterable[str]) -> dict[str, int]:
    counted = Counter(outcomes)
    return {how: counted[how] for how in (SAME, REFUSED, DIFFERENT)}


def _by_subject(found: Sequence[tuple[Case, str]], used: Mapping[str, int]) -> dict[str, dict[str, int]]:
    subjects: dict[str, list[str]] = {}
    for case, how in found:
        subjects.setdefault(subject(case, used), []).append(how)
    return {name: _counts(outcomes) for name, outcomes in sorted(subjects.items())}


if __name__ == "__main__":
    sys.exit(main())
