"""The schemas of what is signed, and the fast test that spares them most of a large assessment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from package_case import assessment, graph, pipeline

from probatum.attestations.assessment_shape import is_plain_outcome
from probatum.attestations.schemas import NAMES, check, schema
from probatum.errors import EvidenceError

ITEM = Draft202012Validator(
    {
        "$defs": schema("assessment")["$defs"],
        **schema("assessment")["properties"]["controls"]["items"]["properties"]["subjects"]["items"],
    }
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.just([]), st.just({}), st.just("pass")
)
FIELDS = ("subject", "outcome", "findings", "proofs", "reasons", "waiver")


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$id"].startswith("https://probatum.dev/")


@settings(deadline=None)  # the first example pays for imports
@given(st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_what_the_fast_test_accepts_the_schema_accepts(item: dict[str, Any]) -> None:
    if is_plain_outcome(item):
        assert ITEM.is_valid(item)


def test_a_normal_outcome_is_plain() -> None:
    item = {"subject": "model:m", "outcome": "pass", "findings": [], "proofs": [{}], "reasons": [], "waiver": None}
    assert is_plain_outcome(item)
    for name in FIELDS[:-1]:
        assert not is_plain_outcome({key: value for key, value in item.items() if key != name})


@pytest.mark.parametrize("controls", [None, 5, [5], [{"id": "X", "outcome": "pass", "subjects": 5}]])
def test_odd_outcomes_reach_the_schema(tmp_path: Path, controls: Any) -> None:
    good = assessment(graph(pipeline(tmp_path)))
    check("assessment", good, source="x")
    with pytest.raises(EvidenceError, match="does not follow the schema"):
        check("assessment", {**good, "controls": controls}, source="x")
    with pytest.raises(EvidenceError, match="does not follow the schema"):
        check("assessment", [good], source="x")
    bad = {**good["controls"][0], "subjects": [{"subject": "model:m", "outcome": "great"}]}
    with pytest.raises(EvidenceError, match=r"controls\[0\]"):
        check("assessment", {**good, "controls": [bad]}, source="x")
