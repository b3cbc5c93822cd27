"""Packs on each other: nothing of an earlier one changes in silence."""

from __future__ import annotations

import hashlib

import pytest
from policy_case import NOW, RULES, graph, module, observation
from policy_case import checklist as every_control
from source_case import checklist, parameters, policy_set

from probatum.errors import PolicyError
from probatum.evaluator.assess import evaluate
from probatum.evaluator.bundle import pack, unpack
from probatum.evaluator.checklist import parameters_of
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.policies import PolicySet
from probatum.packs.layers import name_of_package, stack

BASE = policy_set("BASE-01", lib__help="package base.help\n", checklists__base=checklist("base", "BASE-01"))
LIMIT = "{limit: {type: integer, minimum: 0, unit: items, default: 5, description: how many}}"
LIMITED = PolicySet({"controls/BASE-01/control.rego": module(id="BASE-01", parameters=LIMIT).encode()})


def replacement(digest: str | None = None, *, of: str = "BASE-01", rules: str = RULES) -> str:
    """A control that takes the place of BASE-01."""
    sha256 = digest or hashlib.sha256(BASE.sources["controls/BASE-01/control.rego"]).hexdigest()
    return module(rules, id="BASE-01").replace(
        "#   id: BASE-01", f"#   id: BASE-01\n#   replaces: {of}@sha256:{sha256}"
    )


def one(path: str, text: str) -> PolicySet:
    return PolicySet({path: text.encode()})


def test_a_pack_adds_controls_checklists_and_modules() -> None:
    own = policy_set(lib__own="package acme.own\n", checklists__acme=checklist("acme"))
    found = stack([("base", BASE), ("acme", own)])
    assert set(found.policies.controls) == {"BASE-01", "ACME-01"}
    assert set(found.policies.checklists) == {"base", "acme"}
    assert found.policies.sources == {**BASE.sources, **own.sources}
    assert found.replaces == {"base": (), "acme": ()}


def test_the_order_of_packs_that_do_not_meet_changes_nothing() -> None:
    own, other = policy_set(), policy_set("OTHER-01")
    names = [("base", BASE), ("acme", own), ("other", other)]
    assert stack(names).policies.digest == stack([names[0], names[2], names[1]]).policies.digest


def test_what_is_the_same_is_there_once() -> None:
    """A pack may carry the library that it uses, as `opa test` needs it: byte for byte, it overrides nothing."""
    found = stack([("base", BASE), ("copy", PolicySet({**BASE.sources, **policy_set().sources}))])
    assert found.policies.sources == {**BASE.sources, **policy_set().sources}


@pytest.mark.parametrize(
    ("upper", "why", "remedy"),
    [
        (one("controls/BASE-01/control.rego", module(id="BASE-01") + "\n"), "it defines BASE-01", "replaces: BASE-01@"),
        (policy_set(lib__help="package acme.help\n"), "another lib/help.rego than base", "rename"),
        (policy_set(checklists__base=checklist("base")), "another checklists/base.yaml", "rename"),
        (policy_set(lib__x="package base.help\n"), "base.help of lib/x.rego meets base.help", "acme"),
        (policy_set(lib__x="package tiny.base_01\n\nproof := 1\n"), "meets tiny.base_01 of base", "acme.base_01"),
        (policy_set(lib__x="package tiny\n\nbase_01.proof := 1\n"), "meets tiny.base_01 of base", "acme.tiny"),
        (policy_set(lib__x="package base.help.more\n"), "meets base.help of base", "acme.more"),
        (policy_set(lib__Help="package acme.help\n"), "", "rename"),
        (policy_set(lib__x="package Base.help\n"), "", "rename"),
        (policy_set(checklists__mine=checklist("base")), "states the id 'base'", "the same"),
        (policy_set(checklists__mine="id: [mine"), "", "syntax"),
        (policy_set(checklists__mine="- mine"), "None", "the same"),
    ],
)
def test_what_another_pack_has_is_not_overridden(upper: PolicySet, why: str, remedy: str) -> None:
    with pytest.raises(PolicyError) as caught:
        stack([("base", BASE), ("acme", upper)])
    assert why in caught.value.why
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        'package base["help"]\n',
        "package\n  base.help\n",
        "  package base.help\n",
        "package base.help; x := 1\n",
        "package b\u0430se.help\n",
        "\ufeffpackage base.help\n",
        "# package acme.x\n\u2028package base.help\n",
        "",
        "import rego.v1\n",
    ],
)
def test_a_package_that_could_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(PolicyError, match=r"lib/x.rego"):
        stack([("base", BASE), ("acme", policy_set(lib__x=text))])


def test_a_look_alike_is_named_by_its_code_points() -> None:
    with pytest.raises(PolicyError) as caught:
        stack([("base", BASE), ("acme", policy_set(lib__x="package b\u0430se.help\n"))])
    assert "U+0430 CYRILLIC SMALL LETTER A" in caught.value.why
    twin = module(id="ACME-01").replace("id: ACME-01", "id: \uff21CME-01")
    with pytest.raises(PolicyError, match="U\\+FF21 FULLWIDTH LATIN CAPITAL LETTER A"):
        stack([("acme", one("controls/ACME-01/control.rego", twin))])


def test_a_replacement_takes_the_place_and_is_recorded() -> None:
    base = PolicySet({**BASE.sources, "controls/BASE-01/more.rego": b"package tiny.base_01\n\nproof := 7\n"})
    upper = one("controls/BASE-01/control.rego", replacement())
    found = stack([("base", base), ("acme", upper)])
    assert found.policies.sources["controls/BASE-01/control.rego"] == upper.sources["controls/BASE-01/control.rego"]
    assert "controls/BASE-01/more.rego" not in found.policies.sources
    digest = base.controls["BASE-01"].sha256
    assert found.replaces == {"base": (), "acme": (f"BASE-01@sha256:{digest}",)}


def test_a_replacement_is_replaced_by_its_own_digest_only() -> None:
    first = one("controls/BASE-01/control.rego", replacement())
    digest = first.controls["BASE-01"].sha256
    second = one("controls/BASE-01/control.rego", replacement(digest))
    layers = [("base", BASE), ("acme", first), ("team", second)]
    assert stack(layers).replaces["team"] == (f"BASE-01@sha256:{digest}",)
    with pytest.raises(PolicyError) as caught:
        stack([layers[0], layers[2]])
    assert digest in caught.value.why
    assert BASE.controls["BASE-01"].sha256 in caught.value.why


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (replacement("0" * 64), "replaces sha256:" + "0" * 64),
        (replacement(of="BASE-02"), "says that it replaces BASE-02"),
        (replacement().replace("stages: [training, deployment]", "stages: [training]"), "leaves out deployment"),
        (replacement().replace("subjects: [model]", "subjects: [dataset]"), "leaves out model"),
        (replacement().replace("priority: high", "priority: low"), "has the priority low"),
    ],
)
def test_a_replacement_that_does_not_fit_is_refused(text: str, word: str) -> None:
    with pytest.raises(PolicyError) as caught:
        stack([("base", BASE), ("acme", one("controls/BASE-01/control.rego", text))])
    assert word in caught.value.why


def test_a_replacement_of_nothing_is_refused() -> None:
    with pytest.raises(PolicyError) as caught:
        stack([("acme", one("controls/BASE-01/control.rego", replacement()))])
    assert "no earlier pack" in caught.value.why


def test_the_same_replacement_from_two_packs_is_there_once() -> None:
    upper = one("controls/BASE-01/control.rego", replacement())
    found = stack([("base", BASE), ("acme", upper), ("copy", upper)])
    assert (len(found.replaces["acme"]), found.replaces["copy"]) == (1, ())


@pytest.mark.parametrize("replaces", ["BASE-01", "BASE-01@1.0", "BASE-01@sha256:abc", "base-01@sha256:" + "0" * 64])
def test_a_replacement_names_a_digest(replaces: str) -> None:
    text = module(id="BASE-01").replace("#   id: BASE-01", f"#   id: BASE-01\n#   replaces: {replaces}")
    with pytest.raises(PolicyError, match="wrong metadata"):
        stack([("base", BASE), ("acme", one("controls/BASE-01/control.rego", text))])


def test_a_pack_changes_a_parameter_and_its_file_is_the_origin() -> None:
    own = one("parameters/acme.yaml", parameters("BASE-01", "{limit: 3}"))
    by = stack([("base", LIMITED), ("acme", own)]).policies
    found = parameters_of(every_control(by), by, {})["BASE-01"]["limit"]
    assert (found.value, found.origin) == (3, "parameters/acme.yaml")
    manifest = parameters_of(every_control(by), by, {"BASE-01": {"limit": 1}})["BASE-01"]["limit"]
    assert (manifest.value, manifest.origin) == (1, "manifest")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (parameters("BASE-01", "{limit: -1}"), "limit"),
        (parameters("BASE-01", "{limit: many}"), "limit"),
        (parameters("BASE-01", "{limits: 1}"), "no parameter 'limits'"),
        (parameters("BASE-02", "{limit: 1}"), "which is no control"),
        (parameters("B\u0410SE-01", "{limit: 1}"), "U+0410"),
        (parameters("BASE-01", "{}"), "parameters/acme.yaml:3"),
        (parameters("BASE-01", "{limit: 1, limit: 2}"), "duplicate"),
        ("parameters: {BASE-01: {limit: 1}}", "schema"),
        ("- 1", "wrong parameters"),
    ],
)
def test_a_wrong_parameter_of_a_pack_is_refused(text: str, word: str) -> None:
    with pytest.raises(PolicyError) as caught:
        stack([("base", LIMITED), ("acme", one("parameters/acme.yaml", text))])
    assert word in f"{caught.value} {caught.value.remedy}"


def test_two_packs_do_not_set_one_parameter() -> None:
    layers = [(name, one(f"parameters/{name}.yaml", parameters("BASE-01", "{limit: 3}"))) for name in ("a", "b")]
    with pytest.raises(PolicyError, match="set twice") as caught:
        stack([("base", LIMITED), *layers])
    assert "parameters/a.yaml:3" in caught.value.why


def test_a_weaker_default_of_a_pack_is_a_bypass() -> None:
    own = one("parameters/acme.yaml", parameters("BASE-01", "{min_tier: declared, accept_partial: true}"))
    by = stack([("base", BASE), ("acme", own)]).policies
    found = evaluate(graph(observation()), policies=by, checklist=every_control(by), now=NOW, engine=Regorus())
    assert [item["code"] for item in found.document["bypasses"]] == ["accepted_partial", "lowered_tier"]


def test_layers_are_evaluated_alike_from_their_bundle() -> None:
    own = policy_set(parameters__acme=parameters("BASE-01", "{min_tier: reported}"))
    upper = one("controls/BASE-01/control.rego", replacement())
    by = stack([("base", BASE), ("strict", upper), ("acme", own)]).policies
    again = unpack(pack(by), source="b")
    assert again.digest == by.digest
    results = [
        evaluate(graph(observation()), policies=each, checklist=every_control(each), now=NOW, engine=Regorus()).document
        for each in (by, again)
    ]
    assert results[0] == results[1]
    assert {control["outcome"] for control in results[0]["controls"]} == {"inconclusive", "pass"} or results[0][
        "result"
    ]


def test_a_name_of_a_pack_makes_a_package() -> None:
    assert name_of_package("Acme-Bank.v2") == "acme_bank_v2"
