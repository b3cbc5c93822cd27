"""Uses of what the embedded engine lacks or takes otherwise are found, with their place, and nothing else is."""

from pathlib import Path

import conformance
import pytest
from conformance_cases import Case, read

import probatum
from probatum.evaluator.engines.dangers import Danger, builtins, dangers, lacking, refusals, uses
from probatum.evaluator.rego.syntax import parse

OURS = {case.name: case for case in read(conformance.OURS, "ours")}
TWO_SHAPES = 's contains {"k": x} if some x in [1]\n\ns contains {"l": x} if some x in [1]\n\n'


def found(text: str, **others: str) -> list[tuple[str, str]]:
    """Name and place of every use in a module."""
    modules = [parse("t.rego", f"package t\n\n{text}\n"), *(parse(f"{n}.rego", other) for n, other in others.items())]
    return [(use.name, use.place) for use in uses(modules).get("t.rego", [])]


def names(text: str, **others: str) -> list[str]:
    return [name for name, _ in found(text, **others)]


def of(case: Case) -> set[str]:
    modules = [parse(path, text) for path, text in case.module_paths()]
    return {use.name for items in uses(modules).values() for use in items}


@pytest.mark.parametrize("danger", dangers(), ids=lambda danger: danger.name)
def test_each_danger_is_found_in_the_cases_that_show_it(danger: Danger) -> None:
    ours = [OURS[name] for name in danger.cases if name in OURS]
    assert ours or danger.construct is None
    assert all(danger.name in of(case) for case in ours)
    if danger.construct is None:
        call = f"x := {danger.name}({', '.join(['1'] * conformance_arity(danger.name))})"
        assert names(call) == [danger.name]


def conformance_arity(name: str) -> int:
    return {"opa.runtime": 0}.get(name, 1)


def test_cases_of_the_corners_and_of_the_other_classes_are_not_refused() -> None:
    shown = {name for danger in dangers() for name in danger.cases}
    others = [case for name, case in OURS.items() if name not in shown and "refused" not in name]
    assert len(others) > 30
    assert [case.name for case in others if of(case)] == []


def test_what_is_lacking_is_named_with_its_place_also_with_an_output_argument() -> None:
    assert found("p if crypto.sha256(input.x) == input.y") == [("crypto.sha256", "t.rego:3:6")]
    assert found("p := x if io.jwt.decode(input.x, [_, x, _])") == [("io.jwt.decode", "t.rego:3:11")]
    text = refusals({"t.rego": "package t\n\np := rego.metadata.rule()\n"})["t.rego"]
    assert text == "t.rego:3:6: rego.metadata.rule is unknown to the embedded engine; use --engine opa"
    assert not lacking() & builtins()
    assert {"count", "walk", "sprintf"} <= builtins()


def test_a_function_of_ones_own_that_has_the_name_of_another_package_is_not_lacking() -> None:
    assert names("import data.lib.crypto\n\np := crypto.sha256(1)", lib="package lib.crypto\n\nsha256(x) := x\n") == []


def test_a_builtin_function_that_is_replaced_or_put_in_anothers_place_is_a_use() -> None:
    assert names("p if q with http.send as 3\n\nq := 1") == ["http.send"]
    assert names("p if count([1]) with count as json.match_schema") == ["json.match_schema"]
    assert names("p if count([1]) with count as input.http.send") == []


@pytest.mark.parametrize(
    "text",
    [
        "p := x if walk(input, [_, x])",
        "p contains path if { some path; walk(input.x, [path, 1]) }",
        "p := count(input.x) + count([1])",
        'p := sprintf("%s of %v: %d %%, %q", [1, 2, 3, "a"])',
        "p := sprintf(input.format, [1.5])",
        'p := concat(", ", sort(input.x))',
        "p := regex.match(`^[0-9]{1,3}(\\.[A-Za-z_]+)*$`, input.x)",
        "p := regex.match(`\\\\d`, input.x)",
        "p := regex.split(`,+`, input.x)",
        'p := glob.match("*.example.{com,org}", ["."], input.x)',
        'p := glob.match(input.pattern, ["/"], input.x)',
        "p := [18446744073709551615, -9223372036854775808, 0.1, 1e3, 123456.789]",
        'p := {"a": 1} == input.x',
        'p := x if x := {"a": input.y}',
        "p := [x | some [x, _] in input.x]",
        "f([x, y]) := x + y",
        "p if not input.x",
        "p if not input.x.y[0]",
        "p if not input.x.y == input.z",
        'p if not "a" == input.z[1]',
        'p if not object.get(input, ["x", "y"], "") == 3',
        'p if { y := input.x; not startswith(y, "a") }',
        'p if { some y in input.x; not y in ["a"] }',
        'p if { input.x.y; not startswith(input.x.y, "a") }',
        'p if { is_string(input.x.y); not startswith(input.x.y, "a") }',
        "p if not count([x | some x in input.x]) > 3",
        "p if { some x in input.x; not f(x) }\n\nf(x) if x == 1",
        "p if not f(input.parameters.A.limit)\n\nf(x) if x == 1",
        "settings := input.parameters.A\n\np if not 3 in settings.list",
        "p if not input.now_ns > 3",
        "default limit := 3\n\nlimit := input.x\n\np if not limit > 2",
        "limit := [1, 2]\n\np if not 3 in limit",
        "some_set contains x if some x in input.x\n\np if not 3 in some_set",
        "table[x] := 1 if some x in input.x\n\np if not f(table)\n\nf(x) if x.a",
        's contains {"k": x} if some x in input.x\n\np if { some e in s; not f(e.k) }\n\nf(x) if x == 1',
        "default f(_) := 1\n\nf(x) := x if x > 1\n\np if not f(1) == 2",
        'p if "a" in input.x',
        'p if not "a" in {"b"}',
        'p := x if { y := input.x; x := "a" in y }',
        "import data.lib.names\n\np if not 3 in names.fixed",
        "t := input.a\n\nu := input.b\n\np if u == 1 with input.x as t",
        "t := input.a\n\np if { v := t; t == 1 with input.x as v }",
        "p if q with input.x as input.y\n\nq if input.x",
    ],
)
def test_ordinary_rego_is_not_refused(text: str) -> None:
    assert names(text, lib="package lib.names\n\nfixed := {1, 2}\n") == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("p := x if x := walk(input)[1]", "walk(x) as a value"),
        ("p if { [_, x] = walk(input); x == 1 }", "walk(x) as a value"),
        ('p if some {"a": 1} in input.x', "an object as a pattern"),
        ('p if some _, [{"a": x}] in input.x', "an object as a pattern"),
        ('p := x if [{"a": x}] := input.x', "an object as a pattern"),
        ('f(_, [{"a": x}]) := x', "an object as a pattern"),
        ('f({"a": 1}) := 2', "an object as a pattern"),
        ("p := regex.match(pattern, input.x)\n\npattern := `\\w+`", "regex.*"),
        ('p if { pattern := "\\\\s"; regex.match(pattern, input.x) }', "regex.*"),
        ('p := regex.replace(input.x, `\\bfoo`, "")', "regex.*"),
        ("p := regex.find_n(`a{1001}`, input.x, 1)", "regex.*"),
        ("p := regex.match(`{`, input.x)", "regex.*"),
        ("p := regex.match(`[a[b]]`, input.x)", "regex.*"),
        ("p := regex.match(`(?ix)a`, input.x)", "regex.*"),
        ("p := regex.match(`\\p{Script=Greek}`, input.x)", "regex.*"),
        ("p := regex.match(`a*+`, input.x)", "regex.*"),
        ("p := regex.split(`a|`, input.x)", "regex.split at nothing"),
        ('p := sprintf(format, [1])\n\nformat := "%05d"', "sprintf verbs"),
        ('p := sprintf("%", [])', "sprintf verbs"),
        ("p := glob.match(input.x, null, input.y)", "glob.match"),
        ("p := glob.match(input.x, input.delimiters, input.y)", "glob.match"),
        ("p := 18446744073709551616", "a number that needs more than 64 bits, or 15 digits"),
        ("p := 1e40", "a number that needs more than 64 bits, or 15 digits"),
        ("p := -9223372036854775809", "a number that needs more than 64 bits, or 15 digits"),
        ("p if not input.x != 1", "not over what may be missing"),
        ("p if not input.x.y in [1]", "not over what may be missing"),
        ("p if not f(input.x)\n\nf(x) if x", "not over what may be missing"),
        ("limit := input.x\n\np if not limit > 2", "not over what may be missing"),
        ("limit := 3 if input.x\n\np if not limit > 2", "not over what may be missing"),
        ("p if not input.x[input.y]", "not over what may be missing"),
        ("p if not input.x[input.y] == 1", "not over what may be missing"),
        ("p if not input.x == {1: input.y}", "not over what may be missing"),
        ("p if not data.lib.names.gone > 2", "not over what may be missing"),
        ("import data.lib.names\n\np if not names.gone > 2", "not over what may be missing"),
        ("p if not count(input.x) > 2", "not over what may be missing"),
        ("p if { some x in [1]; not is_null(x.y) }", "not over what may be missing"),
        ("p := [x | some x in [1]; not is_null(x.y)]", "not over what may be missing"),
        ("p if { not not_this(input.x); [y | y := input.x] }\n\nnot_this(x) if x", "not over what may be missing"),
        ("p if { not q(input.x); not input.x }\n\nq(x) if x", "not over what may be missing"),
        (f"{TWO_SHAPES}p if {{ some e in s; not is_null(e.k) }}", "not over what may be missing"),
        ("p := {\"a\": 1 in input.x}", "in as a value"),
        ("p if (1 in input.x) == false", "in as a value"),
        ("f(x) := 1 in x.y", "in as a value"),
        ("t := input.a\n\np if t == 1 with input.x as t", "with … as a rule"),
        ("t := input.a\n\nu := t\n\np if u == 1 with input.x as [t]", "with … as a rule"),
        ("t := data.lib.names.gone\n\np if not data.lib.names.gone with input.x as t", "with … as a rule"),
    ],
)  # fmt: skip
def test_every_form_of_a_construct_is_found(text: str, name: str) -> None:
    assert names(text, lib="package lib.names\n\ngone := 1 if input.x\n") == [name]


def test_places_count_characters_and_uses_come_in_order() -> None:
    text = 'p contains "é" if http.send({"a": "ü"})\n\nq := ["日本", net.cidr_expand("10.0.0.0/8"), time.format(1)]'
    assert found(text) == [
        ("http.send", "t.rego:3:19"),
        ("net.cidr_expand", "t.rego:5:13"),
        ("time.format", "t.rego:5:44"),
    ]


def test_more_uses_than_one_are_counted() -> None:
    text = refusals({"t.rego": "package t\n\np := [http.send({}), opa.runtime(), walk(1)]\n"})["t.rego"]
    assert text.startswith("t.rego:3:7: http.send differs on the embedded engine: ")
    assert text.endswith(" (and 2 more)")


def test_the_built_in_pack_uses_none() -> None:
    root = Path(probatum.__file__).parent / "policies"
    paths = sorted(root.rglob("*.rego"))
    modules = [parse(str(path.relative_to(root)), path.read_text(encoding="utf-8")) for path in paths]
    assert {path: list(map(str, items)) for path, items in uses(modules).items() if "_test" not in path} == {}
    assert len(modules) > 15


def test_a_changed_copy_of_the_built_in_pack_is_searched() -> None:
    path = "lib/shape.rego"
    text = (Path(probatum.__file__).parent / "policies" / path).read_text(encoding="utf-8")
    assert refusals({path: text}) == {}
    assert path in refusals({path: f"{text}\nextra := walk(input)\n"})
    assert "../x.rego" in refusals({"../x.rego": "package x\n\np := walk(input)\n"})
