"""How evaluation grows: every built-in control over simulated graphs of 100 to 50,000 subjects.

Run it from the repository: ``python benchmarks/evaluation.py [SUBJECTS ...]``. What is timed is ``evaluate``:
usability, indexes, the hand-over to the embedded engine, every rule, every outcome and the assessment document; not
the reading of the graph and its digest, which are timed beside it. Processor time of this process and of the children
in which the policies run is counted; the time by the clock is shown beside it. It prints, per size, microseconds per
control and subject (controls x subjects of the graph) and per decided pair (only where a control applies), then the
growth exponent between the smallest and the largest graph, and each as a ratio of its limit (at most 1 is within it).
"""

from __future__ import annotations

import math
import resource
import sys
import time
from dataclasses import dataclass

from probatum.evaluator.assess import evaluate
from probatum.evaluator.checklist import load_checklist
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.graph_document import dump_graph, load_graph
from probatum.evaluator.policies import PolicySet
from probatum.strict_json import Limits
from probatum.workbench import simulator

SIZES = (100, 1_000, 10_000, 50_000)
MICROSECONDS_LIMIT = 10.0
MICROSECONDS_AT = 10_000
EXPONENT_LIMIT = 1.1
EXPONENT_FROM = 1_000  # below that, what does not depend on the graph's size weighs in
ROUNDS = 5
ROOMY = Limits(max_bytes=2**31)


@dataclass(frozen=True)
class Measure:
    """One graph's times, in seconds."""

    subjects: int
    controls: int
    pairs: int
    megabytes: float
    load: float
    evaluate: float
    clock: float

    @property
    def microseconds(self) -> float:
        """Per control and subject."""
        return self.evaluate / (self.controls * self.subjects) * 1e6


def measure(subjects: int, policies: PolicySet, engine: Regorus) -> Measure:
    """Time one size: the best of several rounds, since other work on the machine only ever adds."""
    checklist = load_checklist("full", policies)
    data = dump_graph(simulator.scaled_graph(subjects))
    start = processor()
    graph = load_graph(data, source="benchmark", limits=ROOMY)
    assert graph.digest
    load, best, clock, pairs = processor() - start, math.inf, math.inf, 0
    for _ in range(ROUNDS if subjects <= MICROSECONDS_AT else 2):
        start, began = processor(), time.perf_counter()
        found = evaluate(
            graph,
            policies=policies,
            checklist=checklist,
            now=simulator.NOW,
            engine=engine,
            parameters=simulator.parameters(),
        )
        best, clock = min(best, processor() - start), min(clock, time.perf_counter() - began)
        pairs = sum(len(control["subjects"]) for control in found.document["controls"])
    return Measure(len(graph.subjects), len(checklist.entries), pairs, len(data) / 1e6, load, best, clock)


def processor() -> float:
    """Seconds of processor time that this process and the children that it waited for have taken."""
    taken = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in taken)


def exponent(one: Measure, other: Measure) -> float:
    """Slope between two sizes on logarithmic scales: 1 is linear."""
    return math.log(other.evaluate / one.evaluate) / math.log(other.subjects / one.subjects)


def main(sizes: list[int]) -> int:
    """Measure, print, and say whether the limits hold."""
    policies, engine = PolicySet.built_in(), Regorus()
    measure(10, policies, engine)
    print("subjects  controls   pairs      MB    load s  evaluate s  by the clock  us/control/subject  us/pair")
    found = []
    for size in sizes:
        item = measure(size, policies, engine)
        found.append(item)
        print(
            f"{item.subjects:8}  {item.controls:8}  {item.pairs:6}  {item.megabytes:6.1f}  {item.load:8.3f}  "
            f"{item.evaluate:10.3f}  {item.clock:12.3f}  {item.microseconds:18.2f}  "
            f"{item.evaluate / item.pairs * 1e6:7.1f}",
            flush=True,
        )
    ratios = {}
    if any(item.subjects == MICROSECONDS_AT for item in found):
        at = next(item for item in found if item.subjects == MICROSECONDS_AT)
        ratios[f"us per control and subject at {MICROSECONDS_AT}"] = at.microseconds / MICROSECONDS_LIMIT
    large = [item for item in found if item.subjects >= EXPONENT_FROM]
    if len(large) > 1:
        ratios["growth exponent"] = exponent(large[0], large[-1]) / EXPONENT_LIMIT
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.2f} x its limit{'' if ratio <= 1 else '  OVER'}")
    return int(any(ratio > 1 for ratio in ratios.values()))


if __name__ == "__main__":
    sys.exit(main([int(size) for size in sys.argv[1:]] or list(SIZES)))
