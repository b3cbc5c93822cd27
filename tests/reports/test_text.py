"""The text format on a terminal: colours, width, long lists."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from rich.cells import cell_len

from probatum.reports import reading
from probatum.reports.format import Format, render
from probatum.reports.plain import json_text, plain

SGR = re.compile(r"\x1b\[[0-9;]*m")


def test_colour_is_only_colour(sample: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    colored = render(sample, Format.TEXT, color=True)
    assert SGR.search(colored)
    assert "\x1b" not in SGR.sub("", colored)
    assert _words(SGR.sub("", colored)) == _words(render(sample, Format.TEXT))


@pytest.mark.parametrize("value", ["1", "0", "anything"])
def test_no_color_overrules(sample: dict[str, Any], monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("NO_COLOR", value)
    assert "\x1b" not in render(sample, Format.TEXT, color=True)


def test_empty_no_color_means_nothing(sample: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    assert "\x1b[" in render(sample, Format.TEXT, color=True)


@pytest.mark.parametrize("width", [-1, 0, 20, 40, 60, 80, 200])
def test_width_is_kept(sample: dict[str, Any], width: int) -> None:
    lines = render(sample, Format.TEXT, width=width).splitlines()
    assert max(cell_len(line) for line in lines) <= max(width, 40)


@pytest.mark.parametrize("format", [Format.TEXT, Format.MARKDOWN])
def test_long_lists_are_cut_and_say_so(sample: dict[str, Any], format: Format) -> None:
    control = sample["controls"][0]
    one = control["subjects"][0]
    control["subjects"] = [{**copy.deepcopy(one), "subject": f"model:m{number:03}"} for number in range(40)]
    text = render(sample, format)
    assert "and 15 more subjects" in text
    assert "model:m024" in text
    assert "model:m025" not in text


def test_everything_that_explains_a_result_is_shown(sample: dict[str, Any]) -> None:
    text = _words(render(sample, Format.TEXT))
    for told in (
        "MODEL-01", "critical", "save the weights as safetensors", "incomplete: model_scan: 2 of 3 items were examined",
        "not seen: models/weights.7z (encrypted)", "missing: hashes", "time.parse: unknown function", "owner ana",
        "approved by bo", "SEC-12", "until 2027-01-01", "expired:", "collector_skipped", "undeclared:", "K2",
        "Models cannot run code", "1 fail, 2 inconclusive, 1 waived, 1 pass, 1 not applicable", "[bold]tumour[/bold]",
    ):  # fmt: skip
        assert told in text
    assert text.rstrip().endswith("FAIL: 1 control failed")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"result": "pass", "counts": {"pass": 15}}, "PASS: 15 controls passed"),
        ({"result": "inconclusive", "counts": {"inconclusive": 1}}, "INCONCLUSIVE: 1 control could not be judged"),
        ({"result": "inconclusive"}, "INCONCLUSIVE: the run as a whole cannot be relied on"),
        ({"result": "later"}, "LATER"),
    ],
)
def test_conclusion(document: dict[str, Any], expected: str) -> None:
    assert reading.conclusion(document) == expected


def test_fail_without_a_reason_is_still_explained() -> None:
    entry = reading.entries({"id": "X-1", "outcome": "fail", "subjects": [{"subject": "model:m", "outcome": "fail"}]})[
        0
    ]
    assert entry.causes[0].message == "the assessment gives no reason"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "true"),
        ({"b": 1, "a": "\x1b"}, '{"a": "\\u001b", "b": 1}'),
        ("a\x1b[2Kb", "a\\u001b[2Kb"),
        ("one\r\n two\t", "one two"),
        ("\u202eevil", "\\u202eevil"),
        ("\U000e0041", "\\udb40\\udc41"),
        ("naïve café 模型", "naïve café 模型"),
    ],
)
def test_plain(value: object, shown: str) -> None:
    assert plain(value) == shown


def _words(text: str) -> str:
    return " ".join(text.replace("─", "").split())


@pytest.mark.parametrize("mark", ["\x7f", "\x9b", "\u202e", "\u2028", "é", "\U000e0041"])
def test_json_keeps_the_value_and_shows_no_control(mark: str) -> None:
    text = json_text({"name": f"a{mark}b"})
    assert json.loads(text) == {"name": f"a{mark}b"}
    assert (mark in text) == (mark == "é")


def test_error_of_a_control_is_shown_above_its_subjects(sample: dict[str, Any]) -> None:
    sample["controls"][0]["error"] = "the rule deny is undefined"
    assert "  error: the rule deny is undefined\n  model:tumour fail\n" in render(sample, Format.TEXT)


def test_an_engine_that_cannot_work_is_named_in_the_conclusion() -> None:
    reasons = [{"code": "engine_error", "message": "no \x1b server"}, {"code": "nothing_passed", "message": "nothing"}]
    document = {"result": "inconclusive", "counts": {"inconclusive": 2}, "reasons": reasons}
    assert reading.conclusion(document) == "INCONCLUSIVE: 2 controls could not be judged: no \\u001b server"
    assert reading.conclusion({**document, "result": "fail", "counts": {"fail": 1}}) == "FAIL: 1 control failed"
