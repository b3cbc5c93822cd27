"""The strict reader refuses everything that two readers could understand differently, and in linear time."""

import json
import math
import time

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from probatum import strict_json
from probatum.errors import EvidenceError
from probatum.strict_json import Limits

TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('\\"[]{}u'), max_size=8)
LARGEST = 2**53 - 1  # the largest integer that RFC 8785 (section 3.2.2.3, by way of I-JSON) is sure to keep
NUMBERS = st.integers(-LARGEST, LARGEST) | st.floats(
    allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def loads(data, **options):
    return strict_json.loads(data if isinstance(data, bytes) else data.encode(), source="doc.json", **options)


REFUSED = {
    "empty": b"",
    "white space only": b" \n",
    "duplicate key": b'{"a": 1, "a": 2}',
    "duplicate key, escaped once": rb'{"a": 1, "\u0061": 2}',
    "duplicate key, equal values": b'{"a": 1, "a": 1}',
    "duplicate key, nested": b'[{"x": {"a": 1, "b": 2, "a": 3}}]',
    "NaN": b"[NaN]",
    "Infinity": b'{"a": Infinity}',
    "minus Infinity": b"-Infinity",
    "overflow": b"1e400",
    "negative overflow": b"[-1e400]",
    "integer with 5,000 digits": b"9" * 5000,
    "lone high surrogate, escaped": rb'["\ud800"]',
    "lone low surrogate, escaped": rb'["\udfff"]',
    "lone surrogate as a key": rb'{"\uD800": 1}',
    "surrogates in the wrong order": rb'"\udc00\ud800"',
    "lone surrogate, raw": b'"\xed\xa0\x80"',
    "surrogate pair, raw (CESU-8)": b'"\xed\xa0\xbd\xed\xb8\x80"',
    "overlong encoding": b'"\xc0\x80"',
    "invalid UTF-8": b'"\xff"',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "byte-order mark": b"\xef\xbb\xbf{}",
    "text after the end": b"{} {}",
    "trailing comma": b"[1,]",
    "comment": b"[1] // one",
    "single quotes": b"{'a': 1}",
    "control character in a string": b'"\x01"',
    "zero byte": b"{}\x00",
    "leading zero": b"[01]",
    "hexadecimal": b"[0x1]",
    "digits that are not ASCII": "[\u0661]".encode(),
    "unterminated string": b'["a',
    "unterminated array": b"[1",
    "ends in a backslash": b'"\\',
    "brackets that do not match": b"[}",
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_refuses(data):
    with pytest.raises(EvidenceError, match=r"doc\.json is not strict JSON") as caught:
        loads(data)
    assert caught.value.why
    assert caught.value.remedy


def test_names_the_repeated_key_and_not_the_whole_object():
    with pytest.raises(EvidenceError) as caught:
        loads('{"first": 1, "twice": 1, "twice": 2, "last": 3}')
    assert caught.value.why == "duplicate key 'twice'"


@pytest.mark.parametrize("other", ["VerificationResult", "verificationresult", "verification\\u0052esult"])
def test_case_variants_of_a_key_are_refused_on_request(other):
    text = f'{{"verificationResult": "PASSED", "{other}": "FAILED"}}'
    assert len(loads(text.replace("\\u0052", "r"))) == 2
    with pytest.raises(EvidenceError, match="duplicate key"):
        loads(text, fold_case=True)


@pytest.mark.parametrize("pair", ["sS", "kK", "sſ", "k\u212a"])
def test_folding_covers_what_go_folds(pair):
    with pytest.raises(EvidenceError, match="case is ignored"):
        loads(json.dumps({pair[0]: 1, pair[1]: 2}), fold_case=True)


def test_folding_lets_distinct_keys_pass():
    assert loads('{"a": {"A": 1}, "b": [{"a": 1}]}', fold_case=True) == {"a": {"A": 1}, "b": [{"a": 1}]}


@pytest.mark.parametrize("text", [r'"\ud83d\ude00"', r'"\\ud800"', r'{"\uD83D\uDE00": "\\\\ud800"}'])
def test_what_only_looks_like_a_lone_surrogate_is_kept(text):
    assert loads(text) == json.loads(text)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":', b"[[]," * 1])
@pytest.mark.parametrize("closed", [True, False])
def test_a_million_levels_are_refused(opening, closed):
    levels = 1_000_000
    closing = opening.translate(bytes.maketrans(b"[{", b"]}"), b'"a:,')[::-1]
    data = opening * levels + (b"1" + closing * levels if closed and opening != b"[[]," else b"1" + b"]" * levels)
    with pytest.raises(EvidenceError):
        loads(data)


def test_the_depth_limit_is_exact():
    assert loads(b"[" * 64 + b"]" * 64)
    with pytest.raises(EvidenceError, match="nested too deep") as caught:
        loads(b"[" * 65 + b"]" * 65)
    assert "64" in caught.value.why
    assert loads(b'[{"a":[1]},{"b":[]}]', limits=Limits(max_depth=3))
    with pytest.raises(EvidenceError, match="nested too deep"):
        loads(b'[{"a":[1]},{"b":[[]]}]', limits=Limits(max_depth=3))


def test_brackets_in_strings_are_not_levels():
    text = json.dumps(["[" * 1000, '"{' * 100, "\\[" * 100, {"]]][[[": "\\"}])
    assert loads(text, limits=Limits(max_depth=2)) == json.loads(text)


def test_a_limit_above_what_the_parser_can_is_still_no_crash():
    with pytest.raises(EvidenceError):
        loads(b"[" * 100_000 + b"]" * 100_000, limits=Limits(max_depth=10**6))


def test_the_size_limit_is_exact():
    assert loads(b"[1]", limits=Limits(max_bytes=3)) == [1]
    with pytest.raises(EvidenceError, match="too large") as caught:
        loads(b"[1] ", limits=Limits(max_bytes=3))
    assert "4 bytes" in caught.value.why


def test_reasons_stay_short():
    key = "k" * 1_000_000
    with pytest.raises(EvidenceError) as caught:
        loads(f'{{"{key}": 1, "{key}": 2}}')
    assert len(str(caught.value)) < 1000


HOSTILE = {
    "quotes": b'"',
    "escaped quotes, never closed": b'\\"',
    "backslashes": b"\\",
    "strings and brackets": b'"[',
    "open brackets": b"[",
    "pairs": b"[]",
    "short strings": b'"a",',
    "digits": b"1",
}


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("start", [b"", b'"', b"["])
def test_hostile_input_takes_linear_time(unit, start):
    def seconds(size):
        data = start + unit * (size // len(unit))
        begin = time.process_time()
        with pytest.raises(EvidenceError):
            loads(data)
        return time.process_time() - begin

    small = min(seconds(1 << 17) for _ in range(2))
    assert seconds(1 << 20) < 8 * small * 4 + 0.05, "eight times the size may not take 32 times as long"


@given(VALUES)
def test_reads_what_it_writes(value):
    data = strict_json.canonical(value)
    assert strict_json.canonical(loads(data)) == data
    assert json.loads(data) == json.loads(json.dumps(value))


@given(VALUES)
def test_the_depth_is_exact(value):
    def levels(item):
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else None
        return 0 if inner is None else 1 + max(map(levels, inner), default=0)

    assert strict_json._depth(json.dumps(value).encode()) == levels(value)
    assert strict_json._depth(json.dumps(value, ensure_ascii=False).encode()) == levels(value)


@given(VALUES)
def test_writes_what_rfc8785_writes(value):
    assert strict_json.canonical({"value": value}) == rfc8785.dumps({"value": value})
    assert strict_json.canonical(value) == rfc8785.dumps(value)


@given(VALUES, st.randoms())
def test_order_of_keys_does_not_change_the_digest(value, random):
    def shuffled(item):
        if isinstance(item, dict):
            pairs = [(key, shuffled(inner)) for key, inner in item.items()]
            random.shuffle(pairs)
            return dict(pairs)
        return [shuffled(inner) for inner in item] if isinstance(item, list) else item

    assert strict_json.digest(shuffled(value)) == strict_json.digest(value)


@given(st.binary(max_size=200) | st.text('[]{}",:\\u0d8Ee1-. \n', max_size=80).map(str.encode))
@settings(max_examples=500)
def test_any_bytes_give_a_value_or_an_evidence_error(data):
    try:
        value = loads(data)
    except EvidenceError:
        return
    assert strict_json.canonical(json.loads(data)) == strict_json.canonical(value)
    assert data.decode("utf-8") is not None


@given(VALUES, st.integers(0, 10**6), st.integers(0, 255))
def test_one_changed_byte_is_noticed_or_harmless(value, place, byte):
    data = bytearray(json.dumps(value).encode())
    data[place % len(data)] = byte
    try:
        result = loads(bytes(data))
    except EvidenceError:
        return
    assert json.dumps(result) == json.dumps(json.loads(bytes(data)))


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, [-math.inf], 2**53, -(2**53), {"a": "\ud800"}, "\udfff", {"\ud800": 1}]
)
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(EvidenceError, match="no canonical JSON form"):
        strict_json.canonical(value)


def test_endless_values_are_refused():
    value = []
    value.append(value)
    with pytest.raises(EvidenceError, match="no canonical JSON form"):
        strict_json.canonical(value)
    with pytest.raises(EvidenceError, match="no canonical JSON form"):
        strict_json.canonical({"a": value})


def test_canonical_form_of_the_rfc():
    """RFC 8785 section 3.2.2: the sample object, with its numbers, escapes and literals."""
    sample = rb"""{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }"""
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert strict_json.canonical(loads(sample)) == expected.encode()


def test_keys_are_sorted_by_utf16_code_unit():
    """RFC 8785 section 3.2.3: a supplementary character sorts before U+FB33."""
    value = {"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3, "1": 4, "\r": 5, "\x80": 6, "ö": 7}
    keys = list(json.loads(strict_json.canonical(value)))
    assert keys == ["\r", "1", "\x80", "ö", "\u20ac", "\U0001f600", "\ufb33"]


@pytest.mark.parametrize(
    "number",
    [7.0, -7.0, 0.0, -0.0, 0.5, -0.1, 1e-4, 9.9e-5, 1e-7, 123456789012345.6, 2.0**52 + 0.5, 2.0**53 - 1, 1e15, 1e16,
     1e21, 5e-324, 2**53 - 1, -(2**53) + 1, 0.1 + 0.2, 1e-6, 333333333.33333329, True],
)  # fmt: skip
def test_numbers_are_written_as_the_reference_writes_them(number: float) -> None:
    for document in ({"a": number}, {"a": [1, {"b": (number, "7.0", "[1.5")}]}, {"é": number, "\U0001f600": 1.5}):
        assert strict_json.canonical(document) == rfc8785.dumps(document)


@given(
    st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False, allow_infinity=False) | st.integers(), max_size=4)
)
def test_any_number_is_written_as_the_reference_writes_it(document: dict[str, float]) -> None:
    try:
        expected = rfc8785.dumps(document)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        with pytest.raises(EvidenceError):
            strict_json.canonical(document)
    else:
        assert strict_json.canonical(document) == expected
