"""CVSS v3 base scores: examples that FIRST and NVD publish, and properties over all vectors."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probatum.collectors.advisories.severity import base_score, score

VALUES = {"AV": "NALP", "AC": "LH", "PR": "NLH", "UI": "NR", "S": "UC", "C": "HLN", "I": "HLN", "A": "HLN"}


def vector(values: tuple[str, ...], version: str = "3.1") -> str:
    return f"CVSS:{version}/" + "/".join(f"{metric}:{value}" for metric, value in zip(VALUES, values, strict=True))


ALL = [vector(values) for values in itertools.product(*VALUES.values())]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),  # CVE-2013-1937
        ("CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),  # CVE-2013-0375
        ("CVSS:3.0/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),  # CVE-2014-3566
        ("CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9),  # CVE-2012-1516
        ("CVSS:3.0/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 4.2),  # CVE-2012-0384 with other privileges
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5),  # CVE-2014-0160
        ("CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 7.8),
        ("CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:L", 1.6),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:N/I:N/A:N", 0.0),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O", 9.8),
        ("CVSS:3.1/C:H/I:H/A:H/S:U/UI:N/PR:N/AC:L/AV:N", 9.8),
    ],
)
def test_published_scores(text: str, expected: float) -> None:
    assert base_score(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9.8",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
        "AV:N/AC:L/Au:N/C:P/I:P/A:P",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
        "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:n/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    ],
)
def test_what_is_no_v3_vector_has_no_score(text: str) -> None:
    assert base_score(text) is None


def test_every_vector_has_a_score_in_tenths() -> None:
    assert len(ALL) == 2592
    tenths = {number / 10 for number in range(101)}
    assert {base_score(text) for text in ALL} <= tenths


def test_no_impact_is_zero_and_any_impact_is_not() -> None:
    for text in ALL:
        assert (base_score(text) == 0.0) == text.endswith("C:N/I:N/A:N")


def test_worse_impact_never_lowers_the_score() -> None:
    for text in ALL:
        for metric in ("C", "I", "A"):
            worse = text.replace(f"/{metric}:L", f"/{metric}:H").replace(f"/{metric}:N", f"/{metric}:H")
            before, after = base_score(text), base_score(worse)
            assert before is not None
            assert after is not None
            assert after >= before - (0.1 if "S:C" in text else 0)  # with a changed scope the formula itself dips


V31 = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N"}


def test_highest_vector_counts_and_words_do_not_when_there_is_one() -> None:
    high = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}
    assert score([V31, high]) == 9.8
    assert score([V31], ["CRITICAL"]) == 3.1


@pytest.mark.parametrize(("word", "expected"), [("low", 3.9), ("MODERATE", 6.9), ("High", 8.9), ("CRITICAL", 10.0)])
def test_word_alone_counts_at_the_upper_end(word: str, expected: float) -> None:
    v4 = {"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"}
    assert score([v4], [word]) == expected


def test_unknown_stays_unknown() -> None:
    assert score([]) is None
    assert score([{"type": "CVSS_V3"}, {"score": 9}, None], ["SEVERE", 7, None]) is None


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_odd_severities_never_raise(value: Any) -> None:
    items = value if isinstance(value, list) else [value]
    result = score(items, items)
    assert result is None or 0 <= result <= 10
