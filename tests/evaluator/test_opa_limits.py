"""Policies that loop, or take memory without bound, end as errors of their own control on Open Policy Agent."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from opa_case import needs_opa, opa_binary
from policy_case import APPLIES, PROOF, RULES, assess, graph, module, observation, policies

from probatum.evaluator.engines.base import Batch
from probatum.evaluator.engines.limits import Limits
from probatum.evaluator.engines.opa import Opa

SECONDS, MIB = 1.0, 64
PAIRS = "some i in numbers.range(1, 100000); some j in numbers.range(1, 100000)"
ENDLESS = {
    "a nested loop": f"count([1 | {PAIRS}; i * j == -1])",
    "a regular expression": f'count([1 | {PAIRS}; regex.match("(a+)+$", format_int(i, 2))])',
}
GREEDY = {
    "a long range": "numbers.range(1, 1000000000)",
    "a huge list": f"[x | {PAIRS}; x := [i, j]]",
    "a huge number": "bits.lsh(1, 100000000000)",
}


def hostile(expression: str, id: str) -> str:
    """A control whose ``deny`` evaluates an expression."""
    return module(f"{APPLIES}{PROOF}\nhuge := {expression}\n\ndeny contains huge\n", id=id)


@needs_opa
@pytest.mark.parametrize("name", ENDLESS)
def test_a_policy_without_end_is_an_error_of_its_control_alone(name: str) -> None:
    by = policies(hostile(ENDLESS[name], "TINY-01"), module(RULES, id="TINY-02"))
    start = time.monotonic()
    with Opa(binary=opa_binary(), limits=Limits(SECONDS, 1024)) as engine:
        found = assess(graph(observation()), by, engine=engine)
        again = assess(graph(observation()), policies(module(RULES)), engine=engine)
    assert time.monotonic() - start < 12 * SECONDS
    first, second = found.document["controls"]
    assert (found.result, first["outcome"], second["outcome"]) == ("inconclusive", "inconclusive", "pass")
    assert "longer than 1 s" in first["error"]
    assert again.result == "pass"


@needs_opa
@pytest.mark.parametrize("name", GREEDY)
def test_a_policy_without_bound_is_an_error_of_its_control_alone(name: str) -> None:
    by = policies(hostile(GREEDY[name], "TINY-01"), module(RULES, id="TINY-02"))
    with Opa(binary=opa_binary(), limits=Limits(60, MIB)) as engine:
        found = assess(graph(observation()), by, engine=engine)
    first, second = found.document["controls"]
    assert (found.result, first["outcome"], second["outcome"]) == ("inconclusive", "inconclusive", "pass")
    assert f"more than {MIB} MiB" in first["error"]


@needs_opa
def test_what_stays_within_the_limits_is_decided() -> None:
    """Half of the memory, several times: what was garbage before does not count."""
    text = "package some\n\napplies := 1\n\ndeny := 2\n\nproof := count(numbers.range(1, input.n))\n"
    with Opa(binary=opa_binary(), limits=Limits(30, 512)) as engine:
        for number in (500_000, 500_001, 500_002):
            found = engine.run({"a": text}, [Batch({"n": number}, ("some",))])
            assert found[0]["some"]["proof"].value == number


@needs_opa
def test_a_large_input_does_not_count_as_the_policy_s_memory() -> None:
    text = "package some\n\napplies := 1\n\ndeny := 2\n\nproof := count(input.items)\n"
    items = {str(number): {"name": f"item {number}", "list": [1, 2, {"a": True}]} for number in range(20_000)}
    with Opa(binary=opa_binary(), limits=Limits(30, 256)) as engine:
        for _ in range(2):
            found = engine.run({"a": text}, [Batch({"items": items}, ("some",))])
            assert found[0]["some"]["proof"].value == 20_000


@needs_opa
def test_many_hostile_policies_leave_the_sound_ones_alone() -> None:
    names = [*ENDLESS.values(), *GREEDY.values()][::2]
    texts = [hostile(expression, f"TINY-{number:02}") for number, expression in enumerate(names, 10)]
    by = policies(*texts, module(RULES))
    before = set(Path("/proc").glob("[0-9]*"))
    with Opa(binary=opa_binary(), limits=Limits(0.5, MIB)) as engine:
        found = assess(graph(observation()), by, engine=engine).document["controls"]
    outcomes = {item["id"]: item["outcome"] for item in found}
    assert outcomes.pop("TINY-01") == "pass"
    assert set(outcomes.values()) == {"inconclusive"}
    after = (path for path in set(Path("/proc").glob("[0-9]*")) - before if parent(path) == os.getpid())
    assert not list(after)


def parent(process: Path) -> int:
    """Of a process; 0 when it is gone."""
    try:
        return int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0
