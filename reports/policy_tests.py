"""The tests of policies: what failed on which values, and which lines no test evaluates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from xml.etree import ElementTree as ET

from rich.console import RenderableType

from ..errors import UsageError
from .console import lay_out, line, table, words
from .format import Format
from .junit import xml_text
from .plain import json_text, plain

_STYLES = {"passed": "pass", "failed": "fail", "error": "fail", "skipped": "waived"}
_TAGS = {"failed": "failure", "error": "error", "skipped": "skipped"}
_COUNTED = {"failures": "failed", "errors": "error", "skipped": "skipped"}
_COLUMNS = ("Module", "Covered", "Lines that no test evaluates")
_MOST_LETTERS = 400


def render_tests(
    document: Mapping[str, Any], format: Format, *, color: bool = False, width: int = 100, verbose: bool = False
) -> str:
    """Write the report of a run of tests.

    Args:
        document: the report as ``workbench.policy_tests.run`` makes it.
        format: ``text``, ``json`` or ``junit``.
        color: ``text`` only: use colours.
        width: ``text`` only: columns.
        verbose: ``text`` only: name the tests that passed, too, and show what they printed.

    Raises:
        UsageError: another format.
    """
    if format is Format.JSON:
        return json_text(document)
    if format is Format.JUNIT:
        return _junit(document)
    if format is Format.TEXT:
        return lay_out(_parts(document, verbose), color=color, width=width)
    raise UsageError(f"tests have no {format} format", remedy="use --format text, json or junit")


def summary(document: Mapping[str, Any]) -> str:
    """How many tests ran where, and what came of them, in one line."""
    found = []
    engines = dict.fromkeys(test["engine"] for test in document["tests"])
    for engine in engines:
        states = [test["state"] for test in document["tests"] if test["engine"] == engine]
        counts = [f"{states.count(state)} {state}" for state in _STYLES if state in states]
        found.append(f"{len(states)} test{'' if len(states) == 1 else 's'} on {engine}: {', '.join(counts)}")
    if document["disagreements"]:
        found.append(f"the engines disagree about {len(document['disagreements'])}")
    if document["below_threshold"]:
        least, thin = document["fail_under"], len(document["below_threshold"])
        found.append(f"{thin} module{'' if thin == 1 else 's'} covered less than {least:g} %")
    return "; ".join(found)


def _parts(document: Mapping[str, Any], verbose: bool) -> Iterator[RenderableType]:
    for test in document["tests"]:
        if verbose or test["state"] != "passed":
            yield from _test(test)
    for name in document["disagreements"]:
        states = {test["engine"]: test["state"] for test in document["tests"] if test["name"] == name}
        yield line(", ".join(f"{state} on {engine}" for engine, state in states.items()), hang=f"{name}:", style="fail")
    if document["coverage"]:
        yield line("")
        yield table(_COLUMNS, [_row(path, found, document) for path, found in document["coverage"].items()])
        yield line("")
    yield line(summary(document))


def _test(test: Mapping[str, Any]) -> Iterator[RenderableType]:
    state = str(test["state"])
    yield line(f"{test['name']} ({_place(test)}, {test['engine']})", hang=state.upper(), style=_STYLES[state])
    statement = test.get("statement")
    if statement:
        yield line(_short(statement["source"]), indent=4, hang=f"line {statement['line']} does not hold:")
        for value in statement["values"]:
            shown = _short(" or ".join(value["values"])) or "undefined"
            yield line(shown, indent=8, hang=f"{_short(value['expression'])} is")
    elif test["message"]:
        yield line(_short(test["message"]), indent=4)
    if statement and not test["message"].startswith("it is "):  # an error says more than where it is
        yield line(_short(test["message"]), indent=4, hang="it raises:")
    for printed in test["printed"]:
        yield line(_short(printed), indent=4, hang="printed:")


def _place(test: Mapping[str, Any]) -> str:
    return f"{test['path']}:{test['line']}" if test["line"] else str(test["path"])


def _row(path: str, found: Mapping[str, Any], document: Mapping[str, Any]) -> Sequence[Any]:
    style = "fail" if path in document["below_threshold"] else ""
    return words(path, style), words(f"{found['percent']:g} %", style), words(_ranges(found["uncovered"]), style)


def _ranges(numbers: Sequence[int]) -> str:
    """``[3, 4, 5, 9]`` as ``3-5, 9``."""
    runs = [[one for _, one in group] for _, group in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _short(text: str) -> str:
    shown = plain(text)
    return shown if len(shown) <= _MOST_LETTERS else f"{shown[:_MOST_LETTERS]}…"


def _junit(document: Mapping[str, Any]) -> str:
    """A suite per control, or module of the library, and engine; a case per test."""
    root = ET.Element("testsuites", name="probatum policy test")
    for (place, engine), group in groupby(sorted(document["tests"], key=_suite_of), _suite_of):
        _suite(root, f"{place} ({engine})", list(group))
    for name in ("tests", *_COUNTED):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", _seconds(document["tests"]))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite_of(test: Mapping[str, Any]) -> tuple[str, str]:
    return "/".join(test["path"].split("/")[:2]), test["engine"]


def _suite(root: ET.Element, name: str, tests: Sequence[Mapping[str, Any]]) -> None:
    suite = ET.SubElement(root, "testsuite", name=xml_text(name), tests=str(len(tests)), time=_seconds(tests))
    for attribute, state in _COUNTED.items():
        suite.set(attribute, str(sum(test["state"] == state for test in tests)))
    for test in tests:
        package, _, rule = str(test["name"]).rpartition(".") if test["line"] else str(test["name"]).partition("/")
        case = ET.SubElement(suite, "testcase", classname=xml_text(package), name=xml_text(rule), time=_seconds([test]))
        case.set("file", xml_text(test["path"]))
        tag = _TAGS.get(test["state"])
        if tag:
            element = ET.SubElement(case, tag, message=xml_text(test["message"]))
            element.text = "\n".join(_told(test))
        if test["printed"]:
            ET.SubElement(case, "system-out").text = "\n".join(xml_text(one) for one in test["printed"])


def _told(test: Mapping[str, Any]) -> Iterator[str]:
    statement = test.get("statement")
    if statement:
        yield xml_text(f"line {statement['line']} does not hold: {statement['source']}")
        for value in statement["values"]:
            yield xml_text(f"{value['expression']} is {' or '.join(value['values']) or 'undefined'}")


def _seconds(tests: Sequence[Mapping[str, Any]]) -> str:
    return f"{sum(test['seconds'] for test in tests):.6f}"
