"""An assessment as JUnit XML, for the test reports of CI systems.

The dialect is the one that Jenkins and GitLab read: a suite per control, a case per subject. ``fail`` is a failure;
``inconclusive`` is an error, as of a test that could not run, and blocks like one; ``waived`` and ``not_applicable``
are skipped. What concerns the run as a whole is a suite of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from .plain import plain
from .reading import Cause, Entry, conclusion, controls, entries, items, label, title, waived_by

_TAGS = {"fail": "failure", "inconclusive": "error", "waived": "skipped", "not_applicable": "skipped"}
_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold, section 2.2; ``plain`` has escaped all but the noncharacters."""


def render(assessment: Mapping[str, Any]) -> str:
    """Write an assessment as JUnit XML."""
    root = ET.Element("testsuites", name=f"probatum: {xml_text(title(assessment))}")
    for control in controls(assessment):
        name = f"{plain(control.get('id'))} {plain(control.get('title'))}"
        _suite(root, assessment, name, list(_cases(control)))
    run = [_run_case(reason) for reason in items(assessment, "reasons")]
    if run:
        _suite(root, assessment, "the run as a whole", run)
    for name in ("tests", *_COUNTED):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", "0")
    ET.indent(root)
    comment = f"<!-- {xml_text(conclusion(assessment)).replace('--', '- -')} -->"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{comment}\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(root: ET.Element, assessment: Mapping[str, Any], name: str, cases: list[ET.Element]) -> None:
    suite = ET.SubElement(root, "testsuite", name=xml_text(name), tests=str(len(cases)))
    for attribute, tag in _COUNTED.items():
        suite.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", "0")
    suite.set("timestamp", xml_text(assessment.get("evaluated_at")).removesuffix("Z"))
    suite.extend(cases)


def _cases(control: Mapping[str, Any]) -> Iterator[ET.Element]:
    found = entries(control)
    for entry in found:
        yield _case(entry)
    if not found:
        yield _case(Entry(control, "no such subject", "not_applicable", (), None))


def _case(entry: Entry) -> ET.Element:
    case = ET.Element("testcase", classname=xml_text(entry.control.get("id")), name=xml_text(entry.subject), time="0")
    tag = _TAGS.get(entry.outcome)
    if tag is not None:
        told = _told(entry)
        case.append(_verdict(tag, entry.outcome, told[0], told))
    return case


def _told(entry: Entry) -> list[str]:
    waiver = [waived_by(entry.waiver)] if entry.waiver is not None else []
    return waiver + [_line(cause) for cause in entry.causes] or [label(entry.outcome)]


def _line(cause: Cause) -> str:
    message = plain(cause.message) if cause.code == "finding" else f"{label(cause.code)}: {plain(cause.message)}"
    cited = f" [{', '.join(plain(one) for one in cause.evidence)}]" if cause.evidence else ""
    return message + cited + (f" Remedy: {plain(cause.remedy)}" if cause.remedy else "")


def _run_case(reason: Mapping[str, Any]) -> ET.Element:
    case = ET.Element("testcase", classname="PROBATUM", name=xml_text(reason.get("code")), time="0")
    message = plain(reason.get("message"))
    case.append(_verdict("error", "inconclusive", message, [message]))
    return case


def _verdict(tag: str, outcome: str, message: str, lines: list[str]) -> ET.Element:
    element = ET.Element(tag, message=xml_text(message))
    if tag != "skipped":
        element.set("type", outcome)
    element.text = "\n".join(xml_text(one) for one in lines)
    return element


def xml_text(value: object) -> str:
    """Untrusted words made fit for XML."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", plain(value))
