"""Modules moved below a root mean the same there: hostile texts, and what a real parser makes of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opa_case import needs_opa, opa_binary

from probatum.evaluator.engines.base import Batch
from probatum.evaluator.engines.moving import UnmovableError, moved
from probatum.evaluator.engines.namespaces import Namespace
from probatum.evaluator.engines.opa import Opa
from probatum.evaluator.policies import PolicySet

HOSTILE = """# package data.acme
# data.acme.comment "unclosed
package acme.data["x y"].data  # package other

import rego.v1

import data.acme.lib
import data.acme as everything
import data["acme"].lib["deep"] as deep
import input.data.acme as theirs

import data.acme.data as odd

text := "data.acme.lib \\" data.acme # no comment"
raw := `data.acme
package acme
"data.acme`
quote := "\\\\" # data.acme "
direct := data.acme.x
bracket := data["acme"]["x"]
spread := data["acme"].y[data.acme.z]
whole := data
dynamic contains name if data[name]
field := input.data.acme
object_ := {"data": data.acme.x, data.acme.key: 1}
called := data.acme.lib.f(data.acme.x, [data.acme.x | data.acme.y])
replaced if data.acme.x with data.acme.x as 1 with data["acme"].y as data.acme.z
negated if not data.acme.x
everyone if every x in data.acme.xs { x == data.acme.y }
number := [1e5, 1.5, data.acme.x].data
database := {"metadata": 1}.metadata
data_acme := 1
sprinted := sprintf("%v data.acme", [data.acme.x])
alias := everything.x
cut := data.acme.xs[0]["data"].data
"""
REFUSED = {
    "": "package",
    "# nothing": "package",
    "package": "package",
    "x := 1": "package",
    "data.acme := 1": "package",
    "package # a\nb": "comment",
    'package a\nx := "open': "line 2: a string has no end",
    'package a\n\nx := "open\n"': "line 3",
    "package a\nx := `open": "line 2",
    "package a\nimport data": "all of data",
    "package a\nimport data as d": "all of data",
    'package a\nx := $"{data.b}"': "template",
    "package a\nx := $`{data.b}`": "template",
    'package a\nx := http.send({"url": "http://x"})': "http.send",
    "package a\nx := http [`send`]({})": "http.send",
    'package a\nx := http["\\u0073end"]({})': "http.send",
    "package a\nx if y with http.send as z": "http.send",
    "package a\nx := opa.runtime().env": "opa.runtime",
    'package a\nx := net.lookup_ip_addr("x")': "net.lookup_ip_addr",
    'package a\nx := rego["metadata"].chain()': "rego.metadata.chain",
}
FINE = [
    "package a\nx := input.http.send",
    "package a\nx := rego.metadata.rule()",
    'package a\nx := ["http.send", input["opa"].runtime]',
    "package a\nx := 1 # http.send(1)",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_moved_safely_is_refused(text: str) -> None:
    with pytest.raises(UnmovableError, match=REFUSED[text]):
        moved(text, "r")


@pytest.mark.parametrize("text", FINE)
def test_what_only_looks_like_it_is_not_refused(text: str) -> None:
    assert moved(text, "r") == text.replace("package a", "package r.a")


def test_references_are_moved_and_nothing_else() -> None:
    found = moved(HOSTILE, "r").splitlines()
    changed = {before: after for before, after in zip(HOSTILE.splitlines(), found, strict=True) if before != after}
    assert changed['package acme.data["x y"].data  # package other'] == (
        'package r.acme.data["x y"].data  # package other'
    )
    assert changed["import data.acme.lib"] == "import data.r.acme.lib"
    assert changed['spread := data["acme"].y[data.acme.z]'] == 'spread := data.r["acme"].y[data.r.acme.z]'
    assert changed["whole := data"] == "whole := data.r"
    assert changed["dynamic contains name if data[name]"] == "dynamic contains name if data.r[name]"
    for word in ("text", "raw", "quote", "field", "database", "data_acme", "alias", "# ", "import input"):
        assert not any(line.startswith(word) for line in changed), word


def parsed(folder: Path, text: str) -> Any:
    """What Open Policy Agent's own parser makes of a module."""
    path = folder / "m.rego"
    path.write_text(text, newline="")
    command = [str(opa_binary()), "parse", "--format=json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def shifted(node: Any, root: Sequence[str]) -> Any:
    """A tree in which every reference that begins with ``data``, and the package, is below a root."""
    if isinstance(node, list):
        items = [shifted(item, root) for item in node]
        if items and items[0] == {"type": "var", "value": "data"} and node is not None:
            return [items[0], *({"type": "string", "value": part} for part in root), *items[1:]]
        return items
    if not isinstance(node, Mapping):
        return node
    if node.get("type") == "var" and node.get("value") == "data":
        return dict(node)
    return {key: shifted(value, root) for key, value in node.items()}


def bare(node: Any) -> Any:
    """A tree in which ``data`` alone is a reference of one step, as it is once it has more."""
    if isinstance(node, list):
        return [
            item if number == 0 and item == {"type": "var", "value": "data"} else bare(item)
            for number, item in enumerate(node)
        ]
    if not isinstance(node, Mapping):
        return node
    if node == {"type": "var", "value": "data"}:
        return {"type": "ref", "value": [node]}
    return {key: bare(value) for key, value in node.items() if key != "comments"}


@needs_opa
def test_the_hostile_module_means_the_same(tmp_path: Path) -> None:
    """As the parser of Open Policy Agent sees it: the tree differs in the root, and in nothing else."""
    before, after = parsed(tmp_path, HOSTILE), parsed(tmp_path, moved(HOSTILE, "r.s"))
    assert bare(shifted(bare(before), ["r", "s"])) == bare(after)
    assert before != after


@needs_opa
def test_the_built_in_policies_mean_the_same(tmp_path: Path) -> None:
    texts = PolicySet.built_in().modules
    space = Namespace.of(texts)
    for path, text in texts.items():
        before, after = parsed(tmp_path, text), parsed(tmp_path, space.rewritten(text))
        assert bare(shifted(bare(before), space.root.split("."))) == bare(after), path


@given(st.lists(st.sampled_from(["data", ".", "[", '"data.x"', "`data.y`", " ", "\n", "#", "x", '"', "`", "\\", "1"])))
def test_strings_and_comments_stay_as_they_are(parts: list[str]) -> None:
    """Taking every root out again gives the text that there was, whatever it is."""
    text = "package a\n" + "".join(parts)
    try:
        found = moved(text, "ROOT")
    except UnmovableError:
        return
    assert found.replace("package ROOT.a", "package a").replace("data.ROOT", "data") == text


def test_each_run_has_a_namespace_of_its_own() -> None:
    texts = {"a": "package acme.x\n", "b": "package acme.lib\n"}
    one, other = Namespace.of(texts), Namespace.of(texts)
    assert one.digest == other.digest
    assert one.root != other.root
    assert Namespace.of({**texts, "c": "x"}).digest != one.digest
    assert one.digest in one.name("a b")
    assert one.name("a b").endswith("/a%20b")
    message = f"{one.name('lib/x.rego')}: no {one.root}.acme.x"
    assert one.plain(message) == "lib/x.rego: no acme.x"


LIB = "package acme.lib\n\nanswer := 41\n"
REFERS = """package acme.control

import data.acme as everything

applies contains name if some name, _ in data.acme.lib
deny contains name if data.acme.lib[name] == 41
proof contains everything.lib.answer
proof contains data["acme"].lib.answer + 1
proof contains x if x := data.acme.lib.answer with data.acme.lib.answer as 7
proof contains "data.acme"
"""


@needs_opa
def test_references_of_every_kind_reach_what_they_name() -> None:
    with Opa(binary=opa_binary()) as engine:
        found = engine.run({"a": REFERS, "b": LIB}, [Batch({}, ("acme.control",))])[0]["acme.control"]
    assert found["applies"].value == found["deny"].value == ["answer"]
    assert sorted(map(str, found["proof"].value)) == ["41", "42", "7", "data.acme"]


@needs_opa
@pytest.mark.parametrize(
    "reference", ["data[name]", "data.acme[name]", 'data["acme"][name]', "object.keys(data)[name]"]
)
def test_a_reference_to_everything_is_refused_aloud(reference: str) -> None:
    """It would refer to itself; and it sees neither what is ours on the server, nor what others have there."""
    text = f"package acme.control\n\napplies contains name if {reference}\n\ndeny := 1\n\nproof := 2\n"
    with Opa(binary=opa_binary()) as engine:
        found = engine.run({"a": text, "b": LIB}, [Batch({}, ("acme.control",))])[0]["acme.control"]
    assert all("recursi" in str(result.error) for result in found.values()), found


@needs_opa
@pytest.mark.parametrize("package", ["system.authz", "system.log", "probatum_gathering", "probatum_mark", "data"])
def test_a_package_cannot_take_our_place(package: str) -> None:
    """Moved like all others, it decides nothing about the server."""
    text = f"package {package}\n\nallow := true\n\nmark := 1\n\napplies := 1\n\ndeny := 2\n\nproof := 3\n"
    with Opa(binary=opa_binary()) as engine:
        found = engine.run({"a": text, "b": LIB}, [Batch({}, (package,))])
        assert found[0][package]["proof"].value == 3
        client = engine._place._running[0].connection._client  # type: ignore[attr-defined]
        import requests

        with requests.Session() as stranger:
            stranger.trust_env = False
            assert stranger.get(f"http://127.0.0.1:{client.port}/v1/data", timeout=5).status_code == 401


@needs_opa
def test_a_function_in_the_place_of_a_rule_is_an_error_of_its_control_alone() -> None:
    bad = "package acme.bad\n\napplies := 1\n\ndeny(x) := x\n\nproof := 1\n"
    good = "package acme.good\n\napplies := 1\n\ndeny := 2\n\nproof := 3\n"
    with Opa(binary=opa_binary()) as engine:
        found = engine.run({"a": bad, "b": good}, [Batch({}, ("acme.bad", "acme.good"))])
    assert found[0]["acme.good"]["proof"].value == 3
    assert all("deny" in str(result.error) for result in found[0]["acme.bad"].values())
