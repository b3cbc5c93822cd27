"""Both engines: what they say, and what they refuse."""

from __future__ import annotations

import pytest
from opa_case import needs_opa, opa_binary
from policy_case import APPLIES, PROOF, RULES, assess, graph, module, observation, only, policies

from probatum.errors import UsageError
from probatum.evaluator.engines.base import Batch, Engine
from probatum.evaluator.engines.opa import Opa
from probatum.evaluator.engines.opa_address import OpaServer
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.engines.select import engine_named

ENGINES = [pytest.param("regorus", id="regorus"), pytest.param("opa", id="opa", marks=needs_opa)]


def engine(name: str) -> Engine:
    """One of both."""
    return Regorus() if name == "regorus" else Opa(binary=opa_binary())


@pytest.mark.parametrize("name", ENGINES)
def test_errors_stay_with_their_control(name: str) -> None:
    lib = "package tiny.lib\n\nimport rego.v1\n\nimport data.tiny.other\n\nbad(x) if other.yes(x)\n"
    other = "package tiny.other\n\nimport rego.v1\n\nyes(x) if x == true\n"
    broken = {
        "TINY-02": APPLIES + PROOF + 'deny contains to_number("x")\n',
        "TINY-03": APPLIES + PROOF + "deny := 1 if input.nothing\n",
        "TINY-04": APPLIES + PROOF,
        "TINY-05": APPLIES + PROOF + "deny contains {\n",
        "TINY-06": APPLIES + PROOF + "deny contains x if y == 2\n",
        "TINY-07": APPLIES + PROOF + "deny contains no_such_builtin(1)\n",
        "TINY-08": APPLIES + PROOF + "deny := {1: 2}[_]\n",
        "TINY-09": APPLIES + "deny contains 1 if input.no\nproof := {1, 2} if true\nproof := {3} if true\n",
    }
    uses = "deny contains 1 if { some id in applies; data.tiny.lib.bad(input.subjects[id].name) }\n"
    good = {"TINY-01": APPLIES + PROOF + uses, "TINY-10": RULES}
    texts = [module(rules, id=key) for key, rules in {**good, **broken}.items()]
    with engine(name) as used:
        found = assess(graph(observation()), policies(*texts, lib__lib=lib, lib__other=other), engine=used)
    errors = {item["id"]: item["error"] for item in found.document["controls"]}
    assert {key for key, text in errors.items() if text is None} == set(good), errors
    assert all(only(found, key)["outcome"] == "pass" for key in good)
    assert all(only(found, key)["outcome"] == "inconclusive" for key in broken)
    assert "deny" in errors["TINY-04"]
    assert "number" in errors["TINY-02"]
    assert not any("backtrace" in str(text) or "\n" in str(text) for text in errors.values())


def test_an_unknown_construct_names_itself_and_the_other_engine() -> None:
    rules = APPLIES + PROOF + 'deny contains 1 if crypto.x509.parse_certificates("x")\n'
    found = assess(graph(observation()), policies(module(rules)))
    error = found.document["controls"][0]["error"]
    assert "crypto.x509.parse_certificates" in error
    assert "--engine opa" in error


def test_a_broken_library_is_an_error_of_those_who_use_it() -> None:
    uses = APPLIES + PROOF + "deny contains 1 if data.tiny.lib.f(1)\n"
    by = policies(module(uses), lib__lib="package tiny.lib\n\nf(x) if {\n")
    found = assess(graph(observation()), by)
    assert found.result == "inconclusive"
    assert "lib/lib.rego" in found.document["controls"][0]["error"]


def test_engines_by_name() -> None:
    found = engine_named("regorus")
    assert (found.name, found.version) == ("regorus", Regorus().version)
    assert engine_named("opa", server=OpaServer("http://127.0.0.1:1")).name == "opa"
    with pytest.raises(UsageError, match="no engine"):
        engine_named("rego")


def test_inputs_that_share_a_document_decide_as_if_they_did_not() -> None:
    """Three limits: the second and third input differ from the first in what is usable."""
    strict = "{min_tier: {default: attested}}"
    fresh = "{max_age_days: {default: 0.01}}"
    sees = (
        RULES
        + """seen contains id if {
	some id, types in input.usable
	types.scan
}
deny contains {"subject": "model:net", "message": "unseen", "evidence": []} if count(seen) > 1
"""
    )
    by = policies(module(sees), module(sees, id="TINY-02", parameters=strict), module(id="TINY-03", parameters=fresh))
    found = assess(graph(observation()), by)
    outcomes = {item["id"]: item["outcome"] for item in found.document["controls"]}
    assert outcomes == {"TINY-01": "pass", "TINY-02": "inconclusive", "TINY-03": "inconclusive"}
    assert not any(item["error"] for item in found.document["controls"])
    observed = {"model:net": {"scan": ["o"]}}
    shared = {"ids": {"model": ["model:net"]}, "observed": observed, "observations": {"o": {"result": {"bad": False}}}}
    usable = ({}, observed, {"model:net": {}}, {"model:net": {"scan": ["o", "p"]}})
    names = ("tiny.tiny_01", "tiny.tiny_03", "tiny.none")
    batches = [Batch({**shared, "usable": item}, names) for item in usable]
    together = Regorus().run(by.modules, batches)
    assert together == [Regorus().run(by.modules, [batch])[0] for batch in batches]
    assert [len(answer["tiny.tiny_01"]["proof"].value) for answer in together] == [0, 1, 0, 1]


def test_a_package_that_nobody_has_gives_errors() -> None:
    found = Regorus().run({}, [Batch({}, ("tiny.none",))])
    assert all(result.error for result in found[0]["tiny.none"].values())
