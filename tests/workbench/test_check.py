"""Every rule of the static check: what breaks it is found, at its place, and nothing else is."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from check_case import CONTROL, checked, found, write
from opa_case import needs_opa, opa_binary

from probatum.evaluator.rego.syntax import parse
from probatum.workbench.check.flow import Flow
from probatum.workbench.check.problem import Severity
from probatum.workbench.check.purity import IMPURE_BUILTINS
from probatum.workbench.check.registry import ALL_RULES, CHECKS
from probatum.workbench.check.run import check
from probatum.workbench.input_schema import shipped_schema

PROBLEMS = "\tresult.problems == 0\n"
DENY = CONTROL[CONTROL.index("deny contains") : CONTROL.index("proof contains")]
PROOF = CONTROL[CONTROL.index("proof contains") :]
LATEST = """
latest[id] := file if {
	some id in applies
	some obs in input.observed[id].model_format
	file := input.observations[obs].result.files[0]
}
"""
FILES = """
files[id] contains file if {
	some id in applies
	some obs in input.observed[id].model_format
	some file in input.observations[obs].result.files
}
"""
SHAPE = "import data.probatum.lib.shape\n"

# what to edit, rules to add, and what is found: rule to the text that its place begins with
CASES: dict[str, tuple[list[tuple[str, str]], str, dict[str, str]]] = {
    "a field of the input": (
        [("input.ids.model", "input.idz.model")], "", {"input/undeclared-field": "input.idz"}
    ),
    "a kind of subject": ([("input.ids.model", "input.ids.modle")], "", {"input/undeclared-field": "input.ids.modle"}),
    "a field of an observation": (
        [(PROBLEMS, "\tinput.observations[obs].statuss == 1\n")], "",
        {"input/undeclared-field": "input.observations[obs].statuss"},
    ),
    "a field of a subject": (
        [(PROBLEMS, "\tinput.subjects[id].nmae == 1\n")], "", {"input/undeclared-field": "input.subjects[id].nmae"}
    ),
    "a field of a result": (
        [("result.problems", "result.problem")], "", {"input/undeclared-field": "result.problem "}
    ),
    "a field of another type's result": (
        [("result.problems", "result.issues")], "", {"input/undeclared-field": "result.issues"}
    ),
    "a field of an item of a list": (
        [("file.format in", "file.fromat in")], "", {"input/undeclared-field": "file.fromat"}
    ),
    "a list is no object": ([(PROBLEMS, "\tresult.files.path\n")], "", {"input/undeclared-field": "result.files.path"}),
    "a text is no object": (
        [(PROBLEMS, "\tinput.observations[obs].status.x\n")], "",
        {"input/undeclared-field": "input.observations[obs].status.x"},
    ),
    "a name handed to a function": (
        [('one_of(file, "format"', 'one_of(file, "fromat"')], "", {"input/undeclared-field": '"fromat"'}
    ),
    "a name handed on by a function": (
        [('shape.shown(entry.file, "path")', "named(entry.file, `paht`)")],
        "\n\nnamed(item, key) := shape.shown(item, key)\n", {"input/undeclared-field": "`paht`"},
    ),
    "a name in brackets": ([(PROBLEMS, '\tresult["oops"] == 0\n')], "", {"input/undeclared-field": 'result["oops"]'}),
    "one of several names": (
        [(PROBLEMS, '\tsome key in ["problems", "mismatch"]\n\tresult[key] == 0\n')], "",
        {"input/undeclared-field": "key]"},
    ),
    "a name for object.get": (
        [(PROBLEMS, '\tobject.get(result, "problms", 0) == 0\n')], "", {"input/undeclared-field": '"problms"'}
    ),
    "a field behind destructuring": (
        [(PROBLEMS, "\t[_, again] := [1, result]\n\tagain.nope\n")], "", {"input/undeclared-field": "again.nope"}
    ),
    "a field behind a comprehension": (
        [(PROBLEMS, "\tlist := [one | some one in result.files]\n\tlist[0].nope\n")], "",
        {"input/undeclared-field": "list[0].nope"},
    ),
    "a field behind an else": (
        [(PROBLEMS, "\tbest(result).nope == 1\n")],
        "\n\nbest(x) := x.files[0] if x.problems == 0\n\nelse := x.files[1]\n",
        {"input/undeclared-field": "best(result).nope"},
    ),
    "a field behind unification": (
        [(PROBLEMS, "\tagain = result\n\tagain.nope == 1\n")], "", {"input/undeclared-field": "again.nope"}
    ),
    "a field of each member": (
        [(PROBLEMS, "\tevery number, one in result.files { one.nope == number }\n")], "",
        {"input/undeclared-field": "one.nope"},
    ),
    "a field behind an import of the input": (
        [(SHAPE, f"{SHAPE}import input.observations as seen\n"), (PROBLEMS, "\tseen[obs].nope\n")], "",
        {"input/undeclared-field": "seen[obs].nope"},
    ),
    "a field behind an object of rules": (
        [(PROBLEMS, "\tlatest[id].nope\n")],
        LATEST,
        {"input/undeclared-field": "latest[id].nope"},
    ),
    "a field behind an object of its own": (
        [(PROBLEMS, "\tbyname := {one.path: one | some one in result.files}\n\tbyname.x.nope\n")], "",
        {"input/undeclared-field": "byname.x.nope"},
    ),
    "a field of a member of a list made here": (
        [(PROBLEMS, "\tsome one in array.concat(result.files, [])\n\tone.nope\n")], "",
        {"input/undeclared-field": "one.nope"},
    ),
    "a field of a default": (
        [(PROBLEMS, "\tspare.nope\n")], '\n\ndefault spare := {"x": 1}\n', {"names/no-such-field": "spare.nope"}
    ),
    "a field of a rule by its whole name": (
        [(PROBLEMS, "\tdata.org.controls.org_01.spare.nope\n")], '\n\nspare := {"x": 1}\n',
        {"names/no-such-field": "data.org.controls.org_01.spare.nope"},
    ),
    "a field where some only declares": (
        [(PROBLEMS, "\tsome number\n\tresult.files[number].nope\n")], "",
        {"input/undeclared-field": "result.files[number].nope"},
    ),
    "a field of what the policy makes": (
        [("entry.file, ", "entry.flie, ")], "", {"names/no-such-field": "entry.flie"}
    ),
    "a parameter that is not declared": (
        [("settings.allowed }", "settings.alowed }")], "", {"parameters/undeclared": "settings.alowed"}
    ),
    "parameters of no control": (
        [('parameters["ORG-01"]', 'parameters["ORG-02"]')], "",
        {"parameters/undeclared": 'input.parameters["ORG-02"]', "parameters/unread": "#     allowed:"},
    ),
    "parameters of another control": (
        [(PROBLEMS, '\tinput.parameters["MODEL-01"].allowed_formats[0]\n')], "",
        {"parameters/other-control": 'input.parameters["MODEL-01"].allowed_formats'},
    ),
    "a parameter that nothing reads": (
        [("#     allowed:\n", "#     spare: {type: string, default: x, description: x}\n#     allowed:\n")], "",
        {"parameters/unread": "#     spare:"},
    ),
    "evidence that is not declared": (
        [(PROBLEMS, "\tcount(input.observed[id].model_scan) == 0\n")], "",
        {"evidence/undeclared-type": "input.observed[id].model_scan"},
    ),
    "evidence that is not read": (
        [("[model_format]", "[model_format, hashes]")], "", {"evidence/unread-type": "#   evidence"}
    ),
    "evidence that nobody makes": (
        [("[model_format]", "[[model_format, org_review]]"), (PROBLEMS, "\tcount(input.usable[id].org_review) == 0\n")],
        "", {"evidence/unknown-type": "#   evidence"},
    ),
    "no proof": ([(PROOF, "")], "", {"contract/proof-missing": "package", "names/unused-rule": "sound contains"}),
    "no deny": ([(DENY, "")], "", {"contract/deny-missing": "package", "names/unused-rule": "odd contains"}),
    "no applies": (
        [("applies contains", "all contains"), ("some id in applies", "some id in all")], "",
        {"contract/applies-missing": "package"},
    ),
    "a proof from anything observed": (
        [("input.usable[id]", "input.observed[id]")], "", {"contract/proof-without-usable": "proof contains"}
    ),
    "a deny that is no set": (
        [(DENY, 'deny := "bad" if count(odd) > 0\n\n')], "", {"contract/not-a-set": "deny :="}
    ),
    "a finding that is a text": (
        [(DENY[: DENY.index(" if")], "deny contains message")],
        "", {"contract/shape": "message if"},
    ),
    "a finding without a message": (
        [('"message": message, ', ""), ("message := ", "_ := ")], "", {"contract/shape": '{"subject": entry.subject'}
    ),
    "a finding made elsewhere without a message": (
        [(DENY[: DENY.index(" if")], "deny contains finding"), ("message := ", "finding := made(entry)\n\t_ := ")],
        '\n\nmade(entry) := {"subject": entry.subject, "evidence": [entry.obs]}\n', {"contract/shape": "finding if"},
    ),
    "a field of a rule of sets": (
        [(PROBLEMS, "\tsome one in files[id]\n\tone.nope\n")],
        FILES,
        {"input/undeclared-field": "one.nope"},
    ),
    "a message that is a list": ([('"message": message', '"message": [message]')], "", {"contract/shape": "[message]"}),
    "evidence that is a text": ([('"evidence": [obs]}', '"evidence": obs}')], "", {"contract/shape": "obs} if some"}),
    "a field that nobody reads": (
        [('"evidence": [obs]}', '"evidence": [obs], "why": "x"}')], "", {"contract/unknown-field": '"x"}'}
    ),
    "the clock": ([(PROBLEMS, "\ttime.now_ns() > 0\n")], "", {"purity/impure-builtin": "time.now_ns"}),
    "the network, by with": (
        [(PROBLEMS, '\tcount("x") == 1 with count as http.send\n')], "",
        {"purity/impure-builtin": "http.send", "engine/danger": "http.send"},
    ),
    "a print": ([(PROBLEMS, "\tprint(result)\n")], "", {"purity/debugging": "print("}),
    "all subjects for all subjects": (
        [(PROBLEMS, "\tsome other in input.ids.model\n\tother != id\n")], "",
        {"complexity/nested-subjects": "input.ids.model"},
    ),
    "a comprehension for each subject": (
        [(PROBLEMS, "\tcount([x | some x in input.ids.dataset; x > id]) == 0\n")], "",
        {"complexity/nested-subjects": "input.ids.dataset"},
    ),
    "every subject for each subject": (
        [(PROBLEMS, "\tevery other in input.ids.dataset { other > id }\n")], "",
        {"complexity/nested-subjects": "input.ids.dataset"},
    ),
    "a rule of all subjects for each subject": (
        [(PROBLEMS, "\tsome entry in odd\n\tentry.subject == id\n")], "", {"complexity/nested-subjects": "odd"}
    ),
    "a lookup by anything for each subject": (
        [(PROBLEMS, "\tinput.subjects[_].name == id\n")], "", {"complexity/nested-subjects": "input.subjects[_]"}
    ),
    "a function over all subjects for each subject": (
        [(PROBLEMS, "\tnamed_alike(id)\n")],
        "\n\nnamed_alike(id) if {\n\tsome other in input.ids.dataset\n\tother == id\n}\n",
        {"complexity/nested-subjects": "named_alike(id)"},
    ),
    "a difference of sets for each subject": (
        [(PROBLEMS, "\tcount(applies - spared) > 0\n")], "\n\nspared contains id if some id in input.ids.dataset\n",
        {"complexity/nested-subjects": "applies - spared"},
    ),
    "an alias does not hide all subjects": (
        [(PROBLEMS, "\tothers := input.ids.dataset\n\tsome other in others\n\tother > id\n")], "",
        {"complexity/nested-subjects": "others"},
    ),
    "a regular expression for each subject": (
        [(PROBLEMS, '\tregex.match("^m", id)\n')], "", {"complexity/regex-in-iteration": "regex.match"}
    ),
    "a regular expression in a function": (
        [(PROBLEMS, "\twell_named(id)\n")], '\n\nwell_named(id) if regex.match("^m", id)\n',
        {"complexity/regex-in-iteration": "well_named(id)"},
    ),
    "a walk over the input": (
        [(PROBLEMS, "\twalk(input, [_, 7])\n")], "", {"complexity/walk-input": "walk("}
    ),
    "an import of nothing": (
        [(SHAPE, f"{SHAPE}import data.probatum.lib.shapes as s\n"), (PROBLEMS, "\ts.x\n")], "",
        {"names/unknown-import": "import data.probatum.lib.shapes"},
    ),
    "an import that is not used": (
        [("import data.probatum.lib.shape\n", "import data.probatum.lib.pins\nimport data.probatum.lib.shape\n")],
        "", {"names/unused-import": "import data.probatum.lib.pins"},
    ),
    "a rule that nothing rests on": ([], "\n\nspare if input.stage == null\n", {"names/unused-rule": "spare"}),
    "a variable that is not used": (
        [(PROBLEMS, "\tspare := 1\n")], "", {"names/unused-variable": "spare"}
    ),
    "an argument that is not used": (
        [(PROBLEMS, "\tfine(result, 1)\n")], "\n\nfine(x, spare) if x.problems == 0\n",
        {"names/unused-variable": "spare)"},
    ),
    "a negation of what may be missing": (
        [(PROBLEMS, "\tnot shape.stated(result.problems)\n")], "", {"engine/danger": "not shape.stated"}
    ),
    "a builtin that the engine lacks": (
        [(PROBLEMS, '\tcount(crypto.x509.parse_certificates("x")) == 0\n')], "", {"engine/lacking": "crypto.x509"}
    ),
    "an exemption without a reason": (
        [(PROBLEMS, "\tresult.problems == 0 # probatum:ignore names/unused-rule\n")], "",
        {"exemption/malformed": "# probatum:ignore"},
    ),
    "an exemption from nothing known": (
        [(PROBLEMS, "\tresult.problems == 0 # probatum:ignore names/unsed-rule: x\n")], "",
        {"exemption/malformed": "# probatum:ignore"},
    ),
    "an exemption from what allows none": (
        [(PROBLEMS, "\ttime.now_ns() > 0 # probatum:ignore purity/impure-builtin: x\n")], "",
        {"exemption/malformed": "# probatum:ignore", "purity/impure-builtin": "time.now_ns"},
    ),
    "an exemption that outlived its reason": (
        [(PROBLEMS, "\tresult.problems == 0 # probatum:ignore names/unused-variable: x\n")], "",
        {"exemption/unused": "# probatum:ignore"},
    ),
    "metadata that lacks a field": (
        [("#   priority: high\n", "")], "", {"metadata/invalid": "# custom:"}
    ),
    "a default that breaks the schema": (
        [("default: [onnx]", "default: [7]")], "", {"metadata/parameter": "#     allowed:"}
    ),
    "a package of another name": (
        [("package org.controls.org_01", "package org.controls.org_07")], "", {"metadata/contradictory": "# METADATA"}
    ),
}  # fmt: skip


def test_a_sound_control_has_no_problem(tmp_path: Path) -> None:
    report = checked(tmp_path)
    assert report.problems == ()
    assert (report.modules, report.controls, report.errors) == (1, 1, 0)


@pytest.mark.parametrize("name", CASES)
def test_what_breaks_a_rule_is_found_at_its_place(name: str, tmp_path: Path) -> None:
    edits, more, expected = CASES[name]
    report = checked(tmp_path, *edits, more=more)
    lines = (tmp_path / "controls" / "ORG-01" / "control.rego").read_text().split("\n")
    places = {problem.rule.name: lines[problem.line - 1][problem.column - 1 :] for problem in report.problems}
    assert found(report) == sorted(expected), report.problems
    for rule, text in expected.items():
        assert places[rule].startswith(text), (rule, places[rule])
    assert all(problem.what and problem.why for problem in report.problems)


def test_every_rule_is_tried() -> None:
    elsewhere = {
        "pack/too-involved", "pack/unreadable", "pack/stray-module", "pack/inconsistent", "pack/no-control",
        "syntax/error", "names/recursive-rule",
        "metadata/duplicate-id", "names/unknown-rule", "names/shadows-rule", "engine/refused",
    }  # fmt: skip
    tried = {rule for _, _, expected in CASES.values() for rule in expected}
    assert tried | elsewhere == set(ALL_RULES)
    assert not tried & elsewhere
    assert len(CHECKS) == len({id(item) for item in CHECKS})


def test_every_problem_is_told_not_only_the_first(tmp_path: Path) -> None:
    edits = [(PROBLEMS, "\tresult.problms == 0\n\tresult.mismaches == 0\n\ttime.now_ns() > 0\n")]
    report = checked(tmp_path, *edits, ('"evidence": [obs]}', '"evidence": obs}'))
    wanted = ["contract/shape", "input/undeclared-field", "input/undeclared-field", "purity/impure-builtin"]
    assert found(report) == wanted
    places = [(problem.line, problem.column) for problem in report.problems]
    assert places == sorted(places)
    assert [problem.remedy for problem in report.problems[:2]] == [
        "did you mean 'problems'?", "did you mean 'mismatches'?",
    ]  # fmt: skip


def test_what_the_embedded_engine_alone_refuses(tmp_path: Path) -> None:
    edits = [(PROBLEMS, "\tsome odd in result.files\n\todd.mismatch == false\n")]
    assert set(found(checked(tmp_path, *edits))) == {"engine/refused", "names/shadows-rule"}
    assert found(checked(tmp_path, *edits, engine="opa")) == ["names/shadows-rule"]
    edits = [(PROBLEMS, "\tshape.statd(result.problems)\n")]
    assert found(checked(tmp_path, *edits)) == ["names/unknown-rule"]
    lacking = [(PROBLEMS, '\tcount(crypto.x509.parse_certificates("x")) == 0\n')]
    assert found(checked(tmp_path, *lacking, engine="opa")) == []
    negated = [(PROBLEMS, "\tnot shape.stated(result.problems)\n")]
    assert found(checked(tmp_path, *negated, engine="opa")) == ["engine/danger"]


def test_an_exemption_exempts_its_own_line_from_its_own_rule(tmp_path: Path) -> None:
    mark = "# probatum:ignore input/undeclared-field: evidence of an older collector"
    behind = checked(tmp_path, (PROBLEMS, f"\tresult.problms == 0 {mark}\n"))
    assert behind.problems == ()
    assert [(problem.rule.name, reason) for problem, reason in behind.exempt] == [
        ("input/undeclared-field", "evidence of an older collector")
    ]
    above = checked(tmp_path, (PROBLEMS, f"\t{mark}\n\n\t# and this is why\n\tresult.problms == 0\n"))
    assert above.problems == ()
    other = checked(tmp_path, (PROBLEMS, f"\tresult.problms == 0\n\tresult.problems == 0 {mark}\n"))
    assert found(other) == ["exemption/unused", "input/undeclared-field"]
    text = checked(tmp_path, (PROBLEMS, f'\tresult.problms == "{mark}"\n'))
    assert found(text) == ["input/undeclared-field"]


def test_what_a_policy_may_do_is_no_problem(tmp_path: Path) -> None:
    sound = (
        "\tinput.pipeline.anything == 1",
        "\tinput.subjects[id].digest.sha512",
        "\tinput.subjects[id].attributes.team.name",
        "\tsome type, keys in input.usable[id]",
        "\ttype in {keys[0]}",
        "\tsome other in input.out[id].trained_on",
        '\tinput.subjects[other].kind == "dataset"',
        "\tobject.get(result, [`files`, 0, `path`], null) != null",
        "\tsome number, path in {1: 2, 2: result.files[0].path}",
        "\tpath != number",
        "\tcontains(id, `time.now_ns`)",
        "\tinput.other == 3 with input as {`other`: 3}",
    )
    report = checked(tmp_path, (PROBLEMS, "\n".join(sound) + "\n"))
    assert report.problems == ()


def test_the_proof_may_read_usable_evidence_anywhere(tmp_path: Path) -> None:
    library = tmp_path / "lib" / "usable.rego"
    library.parent.mkdir(parents=True)
    library.write_text(
        "package org.lib.usable\n\nimport rego.v1\n\n"
        "of(id) := input.usable[id].model_format\n\nany(all) := all.usable\n"
    )
    imports = ("import data.probatum.lib.shape\n", "import data.org.lib.usable\nimport data.probatum.lib.shape\n")
    assert checked(tmp_path, imports, ("input.usable[id].model_format", "usable.of(id)")).problems == ()
    handed = checked(tmp_path, imports, ("input.usable[id].model_format", "usable.any(input)[id].model_format"))
    assert handed.problems == ()


def test_each_misspelt_field_of_a_built_in_control_is_found() -> None:
    built_in = check()
    assert built_in.problems == ()
    root = Path(str(__import__("probatum").__file__)).parent / "policies"
    library = [
        parse(str(path), path.read_text()) for path in sorted((root / "lib").glob("*.rego")) if "_test" not in path.name
    ]
    tried = 0
    for identity in ("MODEL-01", "TRAIN-03"):
        path = root / "controls" / identity / "control.rego"
        module = parse("control.rego", path.read_text())
        spans = {node.span.end: node for node in module.walk() if node.kind == "RefDot"}
        for end, node in spans.items():
            base = node.child("refr")
            if module.resolve(node.dotted() or "").startswith("data.") or (base and base.dotted() == "object"):
                continue
            text = f"{module.data[:end].decode()}q{module.data[end:].decode()}"
            flow = Flow([spoilt := parse("control.rego", text), *library], shipped_schema())
            flow.visit(spoilt)
            misread = [read for read in flow.record.reads if str(read.type).endswith("q")]
            assert misread or any(not step.good for step in flow.record.steps), module.where(node.span)
            tried += 1
    assert tried > 80


@needs_opa
def test_every_impure_builtin_of_opa_is_known() -> None:
    told = subprocess.run([str(opa_binary()), "capabilities", "--current"], capture_output=True, check=True).stdout
    builtins = json.loads(told)["builtins"]
    nondeterministic = {item["name"] for item in builtins if item.get("nondeterministic")}
    assert "time.now_ns" in nondeterministic
    assert set(IMPURE_BUILTINS) - nondeterministic == {"rego.parse_module"}
    assert nondeterministic <= set(IMPURE_BUILTINS)


def test_warnings_are_few_and_may_be_exempted() -> None:
    warnings = {name for name, rule in ALL_RULES.items() if rule.severity is Severity.WARNING}
    assert all(ALL_RULES[name].exemptible for name in warnings)
    assert {name.partition("/")[0] for name in warnings} == {
        "contract", "evidence", "names", "parameters", "purity", "complexity",
    }  # fmt: skip


def test_controls_of_a_pack_are_looked_at_together(tmp_path: Path) -> None:
    write(tmp_path)
    second = write(tmp_path, id="ORG-02")
    assert check(tmp_path).problems == ()
    second.write_text(second.read_text().replace("#   id: ORG-02", "#   id: ORG-01"))
    report = check(tmp_path)
    assert "metadata/duplicate-id" in found(report)
    assert "metadata/contradictory" in found(report)
