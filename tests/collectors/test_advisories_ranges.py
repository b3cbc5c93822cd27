"""OSV's evaluation of versions, against a naive model over every version of a small universe."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from probatum.collectors.advisories.ranges import parse_range, public

UNIVERSE = [
    "0", "0.1", "0.9rc1", "0.9", "1.0.dev1", "1.0a1", "1.0rc1", "1.0", "1.0.post1", "1.0.1", "1.1", "1.9", "1.10",
    "2.0", "2.0.1", "3", "1!0.1",
]  # fmt: skip
SORTED = sorted(UNIVERSE, key=Version)
Interval = tuple[str, str, str]  # introduced, kind of end, end


def affected(events: list[dict[str, str]], version: str) -> bool:
    return parse_range(events).includes(Version(version))


@st.composite
def intervals(draw: st.DrawFn) -> list[Interval]:
    """Disjoint intervals, from low to high, each with an end or, the last, without."""
    count = draw(st.integers(1, 3))
    cuts = sorted(
        draw(st.lists(st.sampled_from(range(len(SORTED))), min_size=2 * count, max_size=2 * count, unique=True))
    )
    found = []
    for number in range(count):
        kind = draw(st.sampled_from(["fixed", "last_affected"] + (["open"] if number == count - 1 else [])))
        found.append((SORTED[cuts[2 * number]], kind, SORTED[cuts[2 * number + 1]]))
    return found


def naive(found: list[Interval], version: str) -> bool:
    """Membership by position in the sorted universe, without any event."""
    place = SORTED.index(version)
    for start, kind, end in found:
        low, high = SORTED.index(start), SORTED.index(end)
        if kind == "fixed" and low <= place < high:
            return True
        if kind == "last_affected" and low <= place <= high:
            return True
        if kind == "open" and low <= place:
            return True
    return False


@settings(max_examples=300, deadline=None)
@given(intervals(), st.sampled_from(UNIVERSE), st.randoms(use_true_random=False))
def test_agrees_with_the_naive_model_in_any_order_of_events(
    found: list[Interval], version: str, random: object
) -> None:
    events = [{"introduced": start} for start, _, _ in found] + [
        {kind: end} for _, kind, end in found if kind != "open"
    ]
    random.shuffle(events)  # type: ignore[attr-defined]
    assert affected(events, version) == naive(found, version)


@settings(max_examples=200, deadline=None)
@given(intervals(), st.sampled_from(UNIVERSE), st.sampled_from(UNIVERSE))
def test_limit_cuts_off_everything_from_it_on(found: list[Interval], limit: str, version: str) -> None:
    events = [{"introduced": start} for start, _, _ in found] + [
        {kind: end} for _, kind, end in found if kind != "open"
    ]
    expected = naive(found, version) and Version(version) < Version(limit)
    assert affected([*events, {"limit": limit}], version) == expected
    assert affected([*events, {"limit": "*"}], version) == naive(found, version)


@settings(max_examples=100, deadline=None)
@given(intervals(), st.sampled_from(UNIVERSE))
def test_fixes_are_the_fixed_events(found: list[Interval], version: str) -> None:
    events = [{"introduced": start} for start, _, _ in found] + [
        {kind: end} for _, kind, end in found if kind != "open"
    ]
    fixes = parse_range(events).fixes()
    assert {str(fix) for fix in fixes} == {str(Version(end)) for _, kind, end in found if kind == "fixed"}


@pytest.mark.parametrize("version", ["0.dev0", *UNIVERSE])
def test_zero_is_before_every_version(version: str) -> None:
    assert affected([{"introduced": "0"}], version)


@pytest.mark.parametrize(
    ("events", "version", "expected"),
    [
        ([{"introduced": "0"}, {"fixed": "1.10"}], "1.9", True),  # by PEP 440, not as text
        ([{"introduced": "0"}, {"fixed": "1.10"}], "1.10.0", False),
        ([{"introduced": "1.0"}, {"fixed": "2.0"}], "1.0rc1", False),
        ([{"introduced": "1.0"}, {"fixed": "2.0"}], "2.0rc1", True),
        ([{"introduced": "1.0"}, {"last_affected": "1.1"}], "1.1.0", True),
        ([{"introduced": "1.0"}, {"last_affected": "1.1"}], "1.1.post1", False),
        ([{"introduced": "1.0"}, {"last_affected": "1.0"}], "1.0", True),
        ([{"introduced": "1.0"}, {"fixed": "1.0"}], "1.0", True),  # contradiction: affected
        ([{"introduced": "0"}, {"fixed": "1"}, {"introduced": "2"}], "1.5", False),
        ([{"introduced": "0"}, {"fixed": "1"}, {"introduced": "2"}], "1!0", True),
        ([{"introduced": "0"}, {"limit": "1.0"}, {"limit": "3.0"}], "2.0", True),
        ([{"introduced": "0", "fixed": "1"}], "0.5", True),  # two events in one object
    ],
)
def test_cases(events: list[dict[str, str]], version: str, expected: bool) -> None:
    assert affected(events, version) is expected


@pytest.mark.parametrize(
    "events",
    [None, {}, [], [{}], ["0"], [{"fixed": "1"}], [{"introduced": "x y"}], [{"introduced": 1}], [{"introduced": None}],
     [{"introduced": "0"}, {"patched": "1"}], [{"introduced": "0"}, {"limit": "latest"}],
     [{"introduced": "0"}, {"fixed": ""}]],
)  # fmt: skip
def test_malformed_events_are_refused(events: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_range(events)


def test_local_version_is_judged_as_its_public_one() -> None:
    assert public(Version("2.1.0+cu118")) == Version("2.1.0")
    assert public(Version("2.1.0")) is not None
