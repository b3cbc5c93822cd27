"""Attacks on the chain of gates (control GOV-05): verdicts by those who may sign verdicts, but not these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from opa_case import needs_opa
from package_case import assessment, contents, graph, pipeline
from policy_case import assess, only
from signing_case import NOW, ed_key, policy

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.package.write import write_package
from probatum.attestations.trust.signing_time import shown
from probatum.collectors.base import Context
from probatum.collectors.verdicts import Verdicts
from probatum.content import read_content
from probatum.errors import PolicyError
from probatum.evaluator.checklist import checklist_from_document
from probatum.evaluator.engines.base import Engine
from probatum.evaluator.engines.opa import Opa
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.graph import Graph, Observation, Subject
from probatum.evaluator.policies import PolicySet

TRAINING, DEPLOYMENT = ed_key("training-gate"), ed_key("deployment-gate")
TRUST = policy({"training-gate": TRAINING, "deployment-gate": DEPLOYMENT}, verdict={})
NAMED = {"training": ["key:training-gate"], "deployment": ["key:deployment-gate"]}
POLICIES = PolicySet.built_in()
CHAIN = checklist_from_document(
    {
        "schema": "https://probatum.dev/checklist/v1",
        "id": "chain",
        "version": "1.0.0",
        "title": "Chain",
        "controls": [{"id": "GOV-05"}],
    },
    POLICIES,
    source="chain",
)


@pytest.fixture(scope="module", params=["regorus", pytest.param("opa", marks=needs_opa)])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "regorus":
        yield Regorus(limits=None)
        return
    with Opa() as found:
        yield found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = pipeline(tmp_path / "pipeline")
    (place / "verdicts").mkdir()
    return place


def gated(root: Path, stage: str | None, key: SigningKey, *, hours: int, outcome: str = "pass", name: str = "") -> None:
    """A real verdict package of a gate, made so many hours ago."""
    told = assessment(graph(root), stage=stage, outcome=outcome, evaluated_at=shown(NOW - timedelta(hours=hours)))
    place = root / "verdicts" / (name or str(stage))
    write_package(place, contents(root, assessment=told), attestor=KeyAttestor([key]), version="0")


def decided(root: Path, engine: Engine, stage: str, signers: Mapping[str, Any] = NAMED) -> tuple[str, set[str]]:
    """What the gate of a stage says of the model: the outcome, and the findings."""
    model = Subject("model", "m", {"sha256": read_content(root / "m.bin").sha256}, "m.bin")
    given = {"settings": {"paths": ["verdicts/*"]}, "verifier": TrustVerifier(TRUST, NOW), "now": NOW}
    (found,) = Verdicts().collect(Context(root, {"name": "p"}, {model.id: model}, **given))
    assert isinstance(found, Observation)
    of = Graph.of({"name": "p"}, [model], [found])
    parameters = {"GOV-05": {"stage_signers": signers}}
    made = assess(of, POLICIES, engine=engine, checklist=CHAIN, stage=stage, now=NOW, parameters=parameters)
    told = only(made, "GOV-05", "model:m")
    return told["outcome"], {item["message"] for item in told["findings"]}


def unsaid(stage: str) -> str:
    return f"no signed verdict of the last 90 days by key:{stage}-gate says that this content passed the gate {stage}"


def test_each_gate_with_its_own_key_passes(root: Path, engine: Engine) -> None:
    gated(root, "training", TRAINING, hours=4)
    gated(root, "deployment", DEPLOYMENT, hours=2)
    assert decided(root, engine, "deployment") == ("pass", set())
    assert decided(root, engine, "monitoring") == ("pass", set())


def test_the_key_of_the_training_gate_signs_for_the_deployment_gate(root: Path, engine: Engine) -> None:
    """Whoever holds the key of an early gate, where many work, writes the verdict of a later one."""
    gated(root, "training", TRAINING, hours=4)
    gated(root, "deployment", TRAINING, hours=2)
    assert decided(root, engine, "monitoring") == ("fail", {unsaid("deployment")})
    assert decided(root, engine, "monitoring", {}) == ("pass", set()), "open unless signers are named"


def test_a_later_gate_speaks_for_no_earlier_one(root: Path, engine: Engine) -> None:
    gated(root, "training", DEPLOYMENT, hours=4)
    assert decided(root, engine, "deployment") == ("fail", {unsaid("training")})


def test_a_failure_is_cleared_by_the_key_of_another_gate(root: Path, engine: Engine) -> None:
    """The gate failed for this content; a pass that another gate's key signed later does not undo that."""
    gated(root, "training", TRAINING, hours=6, name="first")
    gated(root, "training", TRAINING, hours=4, outcome="fail", name="failed")
    gated(root, "training", DEPLOYMENT, hours=2, name="forged")
    outcome, findings = decided(root, engine, "deployment")
    assert outcome == "fail"
    assert any(message.startswith("the gate training failed for this content") for message in findings)
    gated(root, "training", TRAINING, hours=2, name="again")
    assert decided(root, engine, "deployment") == ("pass", set())


def test_a_failure_of_every_control_is_cleared_by_the_key_of_one_gate(root: Path, engine: Engine) -> None:
    """A run without a stage speaks for each gate that is asked for, so its signer must be named for each of them."""
    gated(root, "training", TRAINING, hours=8)
    gated(root, "deployment", DEPLOYMENT, hours=7)
    gated(root, None, TRAINING, hours=6, outcome="fail", name="failed")
    gated(root, None, TRAINING, hours=4, name="cleared")
    outcome, findings = decided(root, engine, "monitoring")
    assert outcome == "fail"
    assert any(message.startswith("a run of every control failed") for message in findings)
    both = {**NAMED, "deployment": ["key:deployment-gate", "key:training-gate"]}
    assert decided(root, engine, "monitoring", both) == ("pass", set())


def test_bad_news_counts_whoever_signed_it(root: Path, engine: Engine) -> None:
    """A failure is not hidden because the wrong gate told it."""
    gated(root, "training", TRAINING, hours=4)
    gated(root, "training", DEPLOYMENT, hours=2, outcome="fail", name="told")
    assert decided(root, engine, "deployment")[0] == "fail"


@pytest.mark.parametrize(
    "signers",
    [
        {"training": []},
        {"training": ["training-gate"]},
        {"training": ["key:"]},
        {"training": "key:x"},
        {"Training": []},
    ],
)
def test_signers_that_are_named_wrongly_are_refused(root: Path, signers: dict[str, Any]) -> None:
    """A list that names nobody, a name without its kind, a gate that there is not: each would be read as something."""
    with pytest.raises(PolicyError, match="stage_signers"):
        decided(root, Regorus(limits=None), "deployment", signers)
