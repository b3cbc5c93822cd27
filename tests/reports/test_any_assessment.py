"""Properties of every format, over assessments that no evaluator made."""

from __future__ import annotations

import copy
import json
import unicodedata
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from probatum.reports.format import Format, render

HOSTILE = [
    "\x1b[2J", "a|b", "`", "<b>", "\u202e", "\x9b31m", "@you", "#1", "https://x.test", "[x](y)", "![i](j)", "\x00",
    "\ufffe", "- ", "1. ", "]]>", "--", "&amp;", "\ud800", "\u2028", "[red]", "\r\nPASS", "../..", "C:", "~~", "*", "|",
]  # fmt: skip
words = st.one_of(st.text(max_size=12), st.lists(st.sampled_from(HOSTILE), max_size=3).map("".join))
outcomes = st.sampled_from(["pass", "fail", "inconclusive", "waived", "not_applicable", "never heard of"])
waivers = st.fixed_dictionaries(
    {"id": words, "owner": words, "approver": words, "ticket": words, "reason": words, "expires": words}
)
items = st.fixed_dictionaries(
    {"message": words, "evidence": st.lists(words, max_size=2)},
    optional={"remediation": words, "code": words, "type": words},
)
subjects = st.fixed_dictionaries(
    {"subject": words, "outcome": outcomes},
    optional={
        "findings": st.lists(items, max_size=3),
        "reasons": st.lists(items, max_size=3),
        "waiver": st.none() | waivers,
    },
)
controls = st.fixed_dictionaries(
    {"id": words, "title": words, "outcome": outcomes},
    optional={
        "priority": st.sampled_from(["critical", "high", "medium", "low", "odd"]),
        "remediation": words,
        "error": st.none() | words,
        "subjects": st.lists(subjects, max_size=3),
    },
)
assessments = st.fixed_dictionaries(
    {"result": st.sampled_from(["pass", "fail", "inconclusive", "odd"])},
    optional={
        "reasons": st.lists(items, max_size=2),
        "pipeline": st.fixed_dictionaries({"name": words}),
        "stage": st.none() | words,
        "evaluated_at": words,
        "checklist": st.fixed_dictionaries({"id": words}, optional={"title": words, "version": words}),
        "digests": st.dictionaries(words, st.none() | st.dictionaries(words, words, max_size=2), max_size=2),
        "counts": st.dictionaries(outcomes, st.integers(0, 9)),
        "controls": st.lists(controls, max_size=3),
        "bypasses": st.lists(items, max_size=2),
        "waivers": st.lists(waivers, max_size=2),
        "rows": st.lists(
            st.fixed_dictionaries(
                {"row": words, "title": words, "outcome": outcomes}, optional={"controls": st.lists(words)}
            ),
            max_size=2,
        ),
        "a field of a later version": words,
    },
)
locations = st.dictionaries(words, words, max_size=3)
patient = settings(max_examples=60, deadline=None)


def encodable(text: str) -> str:
    return text.encode("utf-8").decode("utf-8")


def sarif(assessment: dict[str, Any], where: dict[str, str]) -> Any:
    return json.loads(render(assessment, Format.SARIF, locations=where))["runs"][0]


@patient
@given(assessments, st.sampled_from(list(Format)), st.integers(1, 200))
def test_every_format_is_plain_and_the_same_twice(assessment: dict[str, Any], format: Format, width: int) -> None:
    text = encodable(render(assessment, format, width=width))
    assert text == render(copy.deepcopy(assessment), format, width=width)
    odd = {mark for mark in text if unicodedata.category(mark) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {"\n"}
    assert not odd


@patient
@given(assessments)
def test_json_says_the_same(assessment: dict[str, Any]) -> None:
    assert json.loads(render(assessment, Format.JSON)) == assessment


@patient
@given(assessments)
def test_junit_is_well_formed_and_counts(assessment: dict[str, Any]) -> None:
    root = ET.fromstring(render(assessment, Format.JUNIT))
    for name, tag in {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}.items():
        assert int(root.get(name, "-1")) == len(list(root.iter(tag))) == sum(int(s.get(name, "-1")) for s in root)


@patient
@given(assessments)
def test_junit_hides_no_failure(assessment: dict[str, Any]) -> None:
    root = ET.fromstring(render(assessment, Format.JUNIT))
    listed = [one for control in assessment.get("controls", []) for one in control.get("subjects", [])]
    assert len(list(root.iter("failure"))) >= sum(one["outcome"] == "fail" for one in listed)


@patient
@given(assessments, locations)
def test_sarif_results_have_rule_location_and_own_fingerprint(
    assessment: dict[str, Any], where: dict[str, str]
) -> None:
    run = sarif(assessment, where)
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    prints = [result["partialFingerprints"]["probatum/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    for result in run["results"]:
        assert result["ruleId"] in rules
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert uri
        assert uri.isascii()
        assert not urlsplit(uri).scheme
        assert not uri.startswith("/")
        assert ".." not in unquote(uri).split("/")
        assert place["region"]["startLine"] >= 1


@patient
@given(assessments, st.randoms(use_true_random=False))
def test_sarif_fingerprints_outlive_reordering(assessment: dict[str, Any], chance: Any) -> None:
    other = copy.deepcopy(assessment)
    for control in other.get("controls", []):
        chance.shuffle(control.get("subjects", []))
        for subject in control.get("subjects", []):
            chance.shuffle(subject.get("findings", []))
    chance.shuffle(other.get("controls", []))
    prints = [
        {r["partialFingerprints"]["probatum/v1"] for r in sarif(one, {})["results"]} for one in (assessment, other)
    ]
    assert prints[0] == prints[1]


@patient
@given(assessments)
def test_markdown_stays_text(assessment: dict[str, Any]) -> None:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(render(assessment, Format.MARKDOWN))
    inline = [child for token in tokens for child in token.children or []]
    kinds = {token.type for token in [*tokens, *inline]}
    assert not kinds & {
        "link_open",
        "image",
        "code_inline",
        "em_open",
        "s_open",
        "fence",
        "code_block",
        "html_block",
        "hr",
    }
    html = {token.content for token in inline if token.type == "html_inline"}
    assert html <= {"<code>", "</code>", "<!-- -->"}
    assert all(token.tag in {"h2", "h3"} for token in tokens if token.type == "heading_open")
    heads = [token for token in tokens if token.type == "th_open"]
    assert len(heads) <= 4 + 4 + 2
