"""Random conditions on both engines: what is not refused is the same."""

import json
import random
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from opa_case import needs_opa, opa_binary

from probatum.evaluator.engines.dangers import uses
from probatum.evaluator.engines.regorus import new_engine
from probatum.evaluator.rego.syntax import parse

PREAMBLE = """package r

import rego.v1

settings := input.parameters.C
missing_rule := input.gone
default defaulted := 7
defaulted := input.gone
constant := 3
members contains {"k": x, "n": x} if some x in input.list
partial contains x if { some x in input.list; x > 100 }
table[k] := v if some k, v in input.obj
f(v) if v == 1
g(v) := v if v == 1
default h(_) := 5
h(v) := v if v == 1
"""
DOCUMENT = {"a": 1, "list": [1, 2], "obj": {"b": 1}, "s": "x", "parameters": {"C": {"p": 1}}}
ATOMS = (
    "input.a input.gone input.obj.b input.obj.gone x m.k m.gone 1 2 settings.p missing_rule defaulted constant "
    "input.list input.obj input.list[0] input.list[9] partial members table table.b table.gone input y.gone y"
)
SHAPES = [
    *("is_number(A)", "type_name(A)", "object.get(input.obj, A, A)", "f(A)", "g(A)", "h(A)", "[A, A]", '{"k": A}'),
    *("input.obj[A]", "input.list[A]", "partial[A]", "(A in A)", "[q | q := A]", "A", "A", "A"),
]
CONDITIONS = ["A == A", "A == A", "A != A", "A > A", "A in A", "A", "A = A", "is_number(A)"]


@needs_opa
def test_what_is_not_refused_among_random_conditions_is_the_same_on_both_engines(tmp_path: Path) -> None:
    maker = random.Random(7)
    bodies = accepted([_body(maker) for _ in range(260)], tmp_path)
    wanted = on_opa(bodies, tmp_path)[0]
    counts = {True: 0, False: 0}
    for number, body in bodies.items():
        text = f"{PREAMBLE}r if {{ {body} }}\n"
        refused = bool(uses([parse("r.rego", text)]))
        counts[refused] += 1
        if not refused:
            assert embedded(text) == (wanted.get(f"r{number}") is True), body
    assert min(counts.values()) > 30


def _expression(maker: random.Random, depth: int) -> str:
    shape = maker.choice(SHAPES) if depth else "A"
    inner = (lambda: _expression(maker, depth - 1)) if shape != "A" else (lambda: maker.choice(ATOMS.split()))
    return re.sub(r"\bA\b", lambda _: inner(), shape)


def _body(maker: random.Random) -> str:
    condition = re.sub(r"\bA\b", lambda _: _expression(maker, 2), maker.choice(CONDITIONS))
    statement = maker.choice(["not C", "not C", "not C", "C", "z := E"]).replace("C", condition)
    statement = statement.replace("E", _expression(maker, 2)) if statement.startswith("z") else statement
    guard = f"{_expression(maker, 1)} != 12345; " if maker.random() < 0.25 else ""
    return f"some x in input.list; some m in members; y := input.obj; {guard}{statement}"


def accepted(bodies: list[str], folder: Path) -> dict[int, str]:
    """Those that OPA's type checker lets through."""
    left = dict(enumerate(bodies))
    while lines := on_opa(left, folder)[1]:
        left = {number: body for place, (number, body) in enumerate(left.items()) if place not in lines}
    return left


def on_opa(bodies: Mapping[int, str], folder: Path) -> tuple[dict[str, object], set[int]]:
    """The rules that hold on a real OPA, or which of them, counted from 0, it does not compile."""
    rules = "".join(f"r{number} if {{ {body} }}\n" for number, body in bodies.items())
    Path(folder, "r.rego").write_text(PREAMBLE + rules)
    Path(folder, "input.json").write_text(json.dumps(DOCUMENT))
    command = [opa_binary() or "opa", "eval", "--data=r.rego", "--input=input.json", "data.r"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    body, first = json.loads(done.stdout), PREAMBLE.count("\n") + 1
    if "errors" in body:
        return {}, {error["location"]["row"] - first for error in body["errors"] if "location" in error}
    return body["result"][0]["expressions"][0]["value"], set()


def embedded(text: str) -> bool:
    engine = new_engine()
    engine.add_policy("r.rego", text)
    engine.set_input(DOCUMENT)
    answers = json.loads(engine.eval_query_as_json("data.r.r")).get("result")
    return bool(answers) and answers[0]["expressions"][0]["value"] is True
