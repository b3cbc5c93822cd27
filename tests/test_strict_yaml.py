"""The strict YAML reader refuses what could be read in two ways, and knows the line of every field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probatum import strict_yaml
from probatum.errors import UsageError


def test_every_field_has_its_line() -> None:
    document = strict_yaml.load(b"a: 1\nb:\n  - c: x\n  - d: y\n", source="m.yaml")
    assert document.value == {"a": 1, "b": [{"c": "x"}, {"d": "y"}]}
    assert document.where(("b", 1, "d")) == "m.yaml:4"
    assert document.where(("b", 1, "missing")) == "m.yaml:4"
    assert document.where(()) == "m.yaml:1"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: 1\na: 2\n", "m.yaml:2: duplicate key 'a'"),
        ("a: [1, 2\nb: 3\n", "m.yaml:2:"),
        ("a: !!python/object/apply:os.system [id]\n", "not valid YAML"),
        ("--- 1\n--- 2\n", "not valid YAML"),
        ("a: \x00\n", "not valid YAML"),
        ("a: 010\n", "m.yaml:1:4: not valid YAML"),
        ("a: 1:30\n", "1:30 is no decimal number"),
        ("a: 0x10\n", "not valid YAML"),
        ("a: 1_000\n", "not valid YAML"),
        ("a: 1_0.5\n", "not valid YAML"),
        ("a: 1:30.5\n", "not valid YAML"),
        ("a: .inf\n", ".inf is no decimal number"),
        ("a: -.inf\n", "not valid YAML"),
        ("a: .nan\n", "not valid YAML"),
    ],
)
def test_what_means_two_things_is_refused(text: str, part: str) -> None:
    with pytest.raises(UsageError) as caught:
        strict_yaml.load(text.encode(), source="m.yaml")
    assert part in str(caught.value)
    assert caught.value.remedy


def test_decimal_numbers_are_read() -> None:
    value = strict_yaml.load(b"[0, 7, -30, +5, 0.5, -1.25, 1.0e+3, '010', 1.2.3]", source="m.yaml").value
    assert value == [0, 7, -30, 5, 0.5, -1.25, 1000.0, "010", "1.2.3"]


def test_an_alias_bomb_is_refused_before_it_expands() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
    with pytest.raises(UsageError, match="too large"):
        strict_yaml.load(bomb.encode(), source="bomb.yaml")


def test_dates_stay_text_and_an_empty_document_is_none() -> None:
    assert strict_yaml.load(b"d: 2026-11-20\n", source="m").value == {"d": "2026-11-20"}
    assert strict_yaml.load(b"", source="m").value is None


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        document = strict_yaml.load(data, source="any")
    except UsageError as error:
        assert error.what.startswith("any")
    else:
        assert document.source == "any"


@pytest.mark.parametrize("data", [b"[" * 200_000, b"{a: " * 200_000, b"- " * 50_000, b"? " * 50_000])
def test_endless_nesting_is_refused_at_once(data: bytes) -> None:
    with pytest.raises(UsageError, match="not valid YAML") as caught:
        strict_yaml.load(data, source="m.yaml")
    assert "nested deeper than 64 levels" in caught.value.why


def test_nesting_up_to_the_limit_is_read() -> None:
    assert strict_yaml.load(b"[" * 64 + b"]" * 64, source="m.yaml").value
    assert strict_yaml.load(b"a: {b: [c]}", source="m.yaml").value == {"a": {"b": ["c"]}}
