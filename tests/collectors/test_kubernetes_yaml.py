"""YAML from strangers: bombs, ambiguities and odd types are refused with file and line."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probatum.collectors.kubernetes.yaml_documents import YamlLimits, read_documents
from probatum.errors import EvidenceError


def values(text: str) -> list[object]:
    return [document.value for document in read_documents(text.encode(), source="m.yaml")]


def test_documents_keep_their_lines_and_empty_ones_are_left_out() -> None:
    documents = read_documents(b"---\na: 1\n---\n---\n# c\nb: 2\n", source="m.yaml")
    assert [(d.value, d.line) for d in documents] == [({"a": 1}, 2), ({"b": 2}, 6)]
    assert values("") == []


def test_values_are_those_of_json() -> None:
    text = "{d: 2026-11-20, t: 22:22, f: 1.5, n: ~, y: yes, s: 'yes', 1: one, true: t, o: 0o17, x: 0x1F}"
    assert values(text) == [
        {
            "d": "2026-11-20",
            "t": "22:22",
            "f": 1.5,
            "n": None,
            "y": True,
            "s": "yes",
            "1": "one",
            "true": "t",
            "o": "0o17",
            "x": 31,
        }
    ]


def test_merge_keys_and_aliases_mean_what_kubernetes_means() -> None:
    text = "base: &b {a: 1, b: 2}\nother: &o {b: 3, c: 4}\nx: {<<: *b, b: 9}\ny: {<<: [*b, *o]}\n"
    (value,) = values(text)
    assert value["x"] == {"a": 1, "b": 9}  # type: ignore[index]
    assert value["y"] == {"a": 1, "b": 2, "c": 4}  # type: ignore[index]


def test_a_list_tag_is_read_only_when_it_is_asked_for() -> None:
    (document,) = read_documents(b"a: !reference [x, y]", source="m", list_tags=frozenset({"!reference"}))
    assert document.value == {"a": ["x", "y"]}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "m.yaml:4 has the key 'c' twice"),
        ("1: a\n'1': b\n", "m.yaml:2 has the key '1' twice"),
        ("? [a]\n: 1\n", "m.yaml:1 has a key that is no text"),
        ("~: 1\n", "a key that is no text"),
        ("a: !!python/object/apply:os.system [id]\n", "m.yaml:1 has a tag"),
        ("a: !!binary aGk=\n", "has a tag"),
        ("a: !!set {x}\n", "has a tag"),
        ("a: !reference [x]\n", "has a tag"),
        ("a: !!int x\n", "does not fit its tag"),
        ("a: .inf\n", "a number that JSON cannot hold"),
        ("<<: 1\n", "merges something that is no mapping"),
        ("a:\n\tb: 1\n", "m.yaml:2 is not valid YAML"),
        ("a: &x [*x]\n", "nested too deep"),
        ("[" * 100 + "]" * 100, "m.yaml:1 is nested too deep"),
        ("*unknown\n", "not valid YAML"),
        ("a: \x00", "not valid YAML"),
    ],
)
def test_what_is_dangerous_or_ambiguous_is_refused_with_its_line(text: str, part: str) -> None:
    with pytest.raises(EvidenceError) as caught:
        values(text)
    assert part in str(caught.value)


def test_without_libyaml_the_same_is_read_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    monkeypatch.delattr(yaml, "CSafeLoader")
    assert values("a: &x [1]\nb: *x\n") == [{"a": [1], "b": [1]}]
    for text, part in [
        ('a: "\\ud800"', "lone surrogate"),
        ("a: 1\na: 2", "m.yaml:2 has"),
        ("a: \x00", "not valid YAML"),
    ]:
        with pytest.raises(EvidenceError, match=part):
            values(text)


def test_a_billion_laughs_are_refused_at_once() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
    start = time.perf_counter()
    with pytest.raises(EvidenceError, match="aliases expanded"):
        values(bomb)
    assert time.perf_counter() - start < 20


def test_limits_on_bytes_nodes_and_documents() -> None:
    for text, limits in [
        ("a: 1234567890", YamlLimits(max_bytes=5)),
        ("[1, 2, 3, 4, 5, 6]", YamlLimits(max_nodes=5)),
        ("--- 1\n--- 2\n--- 3\n", YamlLimits(max_documents=2)),
    ]:
        with pytest.raises(EvidenceError, match="too large"):
            read_documents(text.encode(), source="m.yaml", limits=limits)


def test_deep_block_nesting_is_refused_before_anything_recurses() -> None:
    with pytest.raises(EvidenceError, match="nested too deep"):
        values("".join(" " * i + "a:\n" for i in range(3000)))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    reason = "any: read"
    try:
        assert all(document.line >= 1 for document in read_documents(data, source="any"))
    except EvidenceError as error:
        reason = str(error)
    assert reason.startswith("any")


LEAVES = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=9)
TREES = st.recursive(
    LEAVES, lambda c: st.lists(c, max_size=4) | st.dictionaries(st.text(max_size=5), c, max_size=4), max_leaves=20
)


@given(TREES)
def test_what_json_writes_is_read_back_or_refused_but_never_misread(value: object) -> None:
    text = json.dumps(value)
    try:
        documents = read_documents(text.encode(), source="m")
    except EvidenceError:
        assert "\\ud" in text  # YAML has no surrogate pairs
        return
    assert [document.value for document in documents] == ([] if value is None else [value])
