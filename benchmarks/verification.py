"""How long verification takes: of the example's verdict as whole processes, and the replay against the evaluation.

The first is what an auditor waits for, start of Python included; bare Python and ``--help`` are its yardsticks. The
second is in one process and leaves the start out: the same evidence is evaluated, signed, verified, and verified with a
replay. What the replay adds is compared by processor time, because on a busy machine the difference of two times on
the wall says little. The best of several runs counts, since other work on the machine only ever adds.

Run: python benchmarks/verification.py [RUNS]
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.keys.signing_key import signing_key
from probatum.attestations.package.write import PackageContents, write_package
from probatum.attestations.trust.policy import trust_keys
from probatum.attestations.verify.package import Demands, verify_package
from probatum.attestations.verify.replay import Replay
from probatum.evaluator.assess import Assessment, evaluate
from probatum.evaluator.bundle import pack
from probatum.evaluator.checklist import load_checklist
from probatum.evaluator.engines.base import Engine
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.graph import Graph
from probatum.evaluator.policies import PolicySet
from probatum.evaluator.settings import settings_document
from probatum.workbench import simulator

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "tumour-classifier"
PROBATUM = [sys.executable, "-m", "probatum"]
VERIFY_SECONDS, REPLAY_TIMES = 0.5, 2.0
SUBJECTS = (200, 2_000)


@dataclass(frozen=True)
class Case:
    """What is evaluated and replayed.

    Args:
        graph: the evidence.
        policies: all built-in controls.
        given: what the evaluation is given besides.
    """

    graph: Graph
    policies: PolicySet
    given: dict[str, Any]

    @classmethod
    def of(cls, subjects: int, engine: Engine) -> Case:
        """A simulated pipeline under every control."""
        policies = PolicySet.built_in()
        given = {
            "checklist": load_checklist("full", policies),
            "now": simulator.NOW,
            "engine": engine,
            "parameters": simulator.parameters(),
        }
        return cls(simulator.scaled_graph(subjects), policies, given)

    def evaluate(self) -> Assessment:
        """The original decision."""
        return evaluate(self.graph, policies=self.policies, **self.given)

    def package(self, folder: Path, key: Any) -> Path:
        """The signed package of that decision."""
        settings = settings_document(**self.given)
        contents = PackageContents(self.graph, self.evaluate().document, settings, pack(self.policies))
        return write_package(folder, contents, attestor=KeyAttestor([key]), version="benchmark").folder


def main(runs: int) -> int:
    """Measure, print, and say whether the targets hold."""
    good = whole_processes(runs)
    with tempfile.TemporaryDirectory() as folder, Regorus() as engine:
        for subjects in SUBJECTS:
            good &= replays(Case.of(subjects, engine), Path(folder, str(subjects)), subjects, runs)
    return int(not good)


def whole_processes(runs: int) -> bool:
    """Print what a verification takes from the shell; whether it is fast enough."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"XDG_CONFIG_HOME": folder, "PYTHONPYCACHEPREFIX": f"{folder}/pyc"}
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled
        verdict = f"{folder}/verdict"
        process([*PROBATUM, "keys", "new", f"{folder}/key.pem", "--no-encrypt"])
        process([*PROBATUM, "gate", str(EXAMPLE), "--out", verdict, "--key", f"{folder}/key.pem", "-q"])
        bare = best(lambda: process([sys.executable, "-c", "pass"]), runs)
        shown = best(lambda: process([*PROBATUM, "--help"]), runs)
        command = [*PROBATUM, "verify", verdict, "--public-key", f"{folder}/key.pem.pub", "-q"]
        verified = best(lambda: process(command), runs)
        replayed = best(lambda: process([*command, "--replay"]), runs)
    print(f"bare Python: {bare}; probatum --help: {shown}")
    print(
        f"verify the example's package: {verified}, {verified.wall / VERIFY_SECONDS:.2f} x the target, "
        f"{verified.wall / shown.wall:.2f} x --help, {verified.wall / bare.wall:.1f} x bare Python"
    )
    print(f"verify it with --replay: {replayed}, {replayed.wall / verified.wall:.2f} x without")
    return verified.wall <= VERIFY_SECONDS


def replays(case: Case, folder: Path, subjects: int, runs: int) -> bool:
    """Print what a replay takes against the evaluation that it repeats; whether that is little enough."""
    key = signing_key(ed25519.Ed25519PrivateKey.generate(), origin="benchmark")
    package, engine = case.package(folder, key), case.given["engine"]
    plain = Demands(trust_keys([key.public], source="benchmark"), "benchmark", simulator.NOW)
    evaluated = best(case.evaluate, runs)
    verified = best(lambda: accepted(package, plain), runs)
    replayed = best(lambda: accepted(package, replace(plain, replay=Replay(engine))), runs)
    times = (replayed.processor - verified.processor) / evaluated.processor
    missed = "" if times <= REPLAY_TIMES else f"  MISSES {REPLAY_TIMES:g} x"
    print(f"{subjects:6} subjects: evaluation {evaluated}; verification {verified}, with replay {replayed}")
    print(f"{'':6} the replay takes {times:.2f} x the evaluation{missed}, all {replayed.wall / evaluated.wall:.2f} x")
    return times <= REPLAY_TIMES


def accepted(package: Path, demands: Demands) -> None:
    """Verify a package, which must hold."""
    report = verify_package(package, demands)
    if not report.ok:
        raise SystemExit(f"the package does not verify: {report.failures[0]}")


@dataclass(frozen=True)
class Time:
    """What the best of several runs took.

    Args:
        wall: seconds on the wall.
        processor: seconds of processor time, with that of processes that were started and ended.
    """

    wall: float
    processor: float

    def __str__(self) -> str:
        return f"{self.wall:.3f} s ({self.processor:.3f} s of processor)"


def best(work: Callable[[], object], runs: int) -> Time:
    """The least of either time, over some runs after one that is not counted."""
    walls, processors = [], []
    for _ in range(runs + 1):
        start, spent = time.perf_counter(), _processor()
        work()
        walls.append(time.perf_counter() - start)
        processors.append(_processor() - spent)
    return Time(min(walls[1:]), min(processors[1:]))


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(item.ru_utime + item.ru_stime for item in used)


def process(command: Sequence[str]) -> None:
    """Run a whole process, which must succeed."""
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
