"""Patterns of identities: one wildcard, one segment, the whole identity."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from probatum.attestations.trust.identity_pattern import breadth, matches, problem_of
from probatum.attestations.trust.identity_pattern import example as example_of
from probatum.attestations.trust.trusted import Identity

WORKFLOW = "https://github.com/acme/*/.github/workflows/train.yml@refs/heads/main"
CHARACTERS = st.sampled_from("aZ09.-_*+~:$!'()[]{}^|/@%?#\\ \n\x00é\u2215\uff0f")
TEXT = st.text(CHARACTERS, max_size=24)
FORBIDDEN = set("/@%?#\\ ")


def reference(pattern: str, text: str) -> bool:
    """Another implementation, by hand: it walks both texts with backtracking."""

    def walk(at: int, where: int) -> bool:
        if at == len(pattern):
            return where == len(text)
        if pattern[at] != "*":
            return where < len(text) and text[where] == pattern[at] and walk(at + 1, where + 1)
        end = where
        while end < len(text) and "!" <= text[end] <= "~" and text[end] not in FORBIDDEN:
            end += 1
            if walk(at + 1, end):
                return True
        return False

    return walk(0, 0) and not any(part in (".", "..") for part in text.split("/"))


@given(TEXT, TEXT)
@example("a*", "a")
@example("*", "..")
@example("a/*", "a/.")
@example("a.c*", "abcd")
def test_it_agrees_with_another_implementation(pattern: str, text: str) -> None:
    assert matches(pattern, text) == reference(pattern, text)


@given(st.lists(st.text(CHARACTERS, min_size=1, max_size=8), min_size=1, max_size=4), st.data())
def test_a_wildcard_never_leaves_its_segment(parts: list[str], data: st.DataObject) -> None:
    filled = data.draw(st.lists(st.text(CHARACTERS, max_size=6), min_size=len(parts) - 1, max_size=len(parts) - 1))
    pattern = "*".join(part.replace("*", "x") for part in parts)
    text = "".join(part.replace("*", "x") + (filled[at] if at < len(filled) else "") for at, part in enumerate(parts))
    assume(matches(pattern, text))
    for mark in ("/", "@", "%", "?", "#", "\\"):
        assert text.count(mark) == pattern.count(mark)


@given(st.text(CHARACTERS, min_size=1, max_size=12), st.text(CHARACTERS, max_size=12))
def test_more_text_at_either_end_is_another_identity(extra: str, middle: str) -> None:
    text = "https://ci.example/acme/r/train.yml@refs/heads/main"
    pattern = "https://ci.example/acme/*/train.yml@refs/heads/main"
    assert matches(pattern, text)
    assert not matches(pattern, text + extra)
    assert not matches(pattern, extra + text)
    assert matches(pattern, text.replace("/r/", f"/{middle}/")) == (
        bool(middle) and re.fullmatch(r"[!-~]+", middle) is not None and not FORBIDDEN & set(middle)
        and middle not in (".", "..")
    )  # fmt: skip


@pytest.mark.parametrize(("pattern", "why"), [
    ("https://github.com/acme/x", "no `*`"),
    ("*", "neither"),
    ("https://*", "neither"),
    ("*://github.com/acme/x", "neither"),
    ("https://*/acme/x", "host is not fixed"),
    ("https://*.github.com/acme/x", "host is not fixed"),
    ("https://github.com*/acme/x", "host is not fixed"),
    ("https://github.com@evil.example/*", "host is not fixed"),
    ("https://github.com/acme/**", "`**`"),
    ("https://github.com/acme/* x", "a space"),
    ("https://github.com/acme/*\n", "a space"),
    ("https://github.com/acm\u0435/*", "outside ASCII"),
    ("*@*.example", "host is not fixed"),
    ("build@*", "host is not fixed"),
    ("build*", "neither"),
    ("repo:acme/*", "neither"),
])  # fmt: skip
def test_patterns_that_mean_too_much_are_refused(pattern: str, why: str) -> None:
    assert why in problem_of(pattern)


@pytest.mark.parametrize(("pattern", "broad"), [
    (WORKFLOW, ""),
    ("https://github.com/*/r/.github/workflows/t.yml@refs/heads/main", "any account at github.com"),
    ("https://github.com/acme/r/.github/workflows/*@refs/heads/main", "any workflow"),
    ("https://github.com/acme/r/.github/workflows/t.yml@refs/heads/*", "any branch"),
    ("*@acme.example", "any address at acme.example"),
    ("bot-*@acme.example", ""),
])  # fmt: skip
def test_patterns_that_can_be_used_are_rated(pattern: str, broad: str) -> None:
    assert problem_of(pattern) == ""
    assert breadth(pattern).startswith(broad)
    assert bool(breadth(pattern)) == bool(broad)
    assert matches(pattern, example_of(pattern))


FOUND = {"issuer": "https://i.example", "subject": "https://h.example/acme/r/x", "repository": "acme/r"}


@pytest.mark.parametrize(("identity", "why"), [
    (Identity("https://i.example", "https://h.example/acme/r/x"), ""),
    (Identity("https://i.example", pattern="https://h.example/acme/*/x"), ""),
    (Identity("https://i.example", "https://h.example/acme/r/x", claims={"repository": "acme/r"}), ""),
    (Identity("https://i.example/", "https://h.example/acme/r/x"), "the issuer is"),
    (Identity("https://i.example", "https://h.example/acme/r/y"), "the identity is"),
    (Identity("https://i.example", pattern="https://h.example/*/x"), "the identity https://h.example/acme"),
    (Identity("https://i.example", "https://h.example/acme/r/x", claims={"ref": "main"}), "the claim ref is None"),
    (Identity("https://i.example", "https://h.example/acme/r/x", claims={"repository": "acme/R"}), "the claim repo"),
    (Identity("https://i.example"), "nobody is named"),
])  # fmt: skip
def test_an_identity_is_held_against_a_certificate(identity: Identity, why: str) -> None:
    found = identity.objection(FOUND)
    assert bool(found) == bool(why)
    assert found.startswith(why)


def test_a_certificate_without_a_subject_is_nobodys() -> None:
    for identity in (Identity("https://i.example", "x"), Identity("https://i.example", pattern="https://x.example/*")):
        assert identity.objection({"issuer": "https://i.example"}) == "nobody is named"
        assert identity.objection({"issuer": "https://i.example", "subject": ""}) == "nobody is named"
    assert Identity("https://i.example", "x").objection({}).startswith("the issuer is None")
