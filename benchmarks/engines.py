"""The engines side by side: the same policies over the same evidence, in one run.

Run it from the repository: ``python benchmarks/engines.py [PIPELINES ...]``. Three ways decide the same pipelines:
Probatum's ``evaluate`` on the embedded engine (in children with limits, as the command line has it; and, for a service
that trusts its policies, in this process), ``evaluate`` on an Open Policy Agent server that it starts, and
``opa eval`` as one process per pipeline with a bundle and an input file. The third is given the very question that
the second asks its server: usability, indexes and files are made before, and nothing is judged afterwards, so that
the comparison leans its way. Time on the wall and of the processors is counted, with the start of an engine. Beyond
``SAMPLE`` processes ``opa eval`` is sampled, and the table says so. At last two processes share the work, each with a
server of its own.
"""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probatum import strict_json
from probatum.evaluator.assess import evaluate
from probatum.evaluator.checklist import Checklist, load_checklist
from probatum.evaluator.engines.base import RULES, Batch, Engine
from probatum.evaluator.engines.limits import Limits
from probatum.evaluator.engines.opa_loaded import Loaded
from probatum.evaluator.engines.opa_questions import Questions
from probatum.evaluator.engines.opa_server import find_binary
from probatum.evaluator.engines.regorus import Regorus
from probatum.evaluator.engines.select import engine_named
from probatum.evaluator.graph import Graph
from probatum.evaluator.policies import PolicySet
from probatum.workbench import simulator

PIPELINES = (1, 100, 1_000)
TARGETS = {200: 2.0, 10: 10.0}  # how many times faster than ``opa eval`` the embedded engine is to be
RATE_TARGET = 100.0  # evaluations per second on the server, two cores
SAMPLE = 40
WORKERS = 2
Once = Callable[[Callable[[], None]], None]


@dataclass(frozen=True)
class Case:
    """What is decided again and again.

    Args:
        subjects: of the graph.
        graph: the evidence.
        checklist: all controls.
    """

    subjects: int
    graph: Graph
    checklist: Checklist

    def decide(self, engine: Engine, policies: PolicySet) -> None:
        """One evaluation."""
        evaluate(
            self.graph,
            policies=policies,
            checklist=self.checklist,
            now=simulator.NOW,
            engine=engine,
            parameters=simulator.parameters(),
        )


class Recorder:
    """Stands where an engine stands, and keeps what it is asked."""

    name, version = "recorder", "0"
    batches: Sequence[Batch] = ()

    def run(self, modules: Mapping[str, str], batches: Sequence[Batch]) -> list[dict[str, Any]]:
        """Keep the question."""
        self.batches = batches
        return []


class Asked:
    """Stands where a server stands, and keeps the document that it is sent."""

    document: Mapping[str, Any]

    def ask(self, document: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """Keep the document; the answer is of no use."""
        self.document = document
        return {"error": "recorded"}


def question(case: Case, policies: PolicySet) -> tuple[Loaded, Mapping[str, Any]]:
    """The modules, and the input document, with which a server is asked about a case."""
    recorder, asked = Recorder(), Asked()
    case.decide(recorder, policies)  # type: ignore[arg-type]
    packages = {name for batch in recorder.batches for name in batch.packages}
    loaded = Loaded.of(policies.modules, packages)
    Questions(asked, loaded, Limits())._ask(recorder.batches, RULES)  # type: ignore[arg-type]  # noqa: SLF001
    return loaded, asked.document


def bundle(loaded: Loaded) -> bytes:
    """A bundle of the modules as a server would hold them."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        roots = ["probatum_runs", "probatum_gathering"]
        manifest = strict_json.canonical({"revision": "benchmark", "roots": roots, "rego_version": 1})
        for name, data in {".manifest": manifest, **{key: text.encode() for key, text in loaded.texts.items()}}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


@dataclass(frozen=True)
class Time:
    """What one of several pipelines took.

    Args:
        mean: seconds on the wall, with its share of the start and the end of an engine.
        best: seconds on the wall of the fastest one, since other work on the machine only ever adds.
        processor: seconds of processor time, with its share and with that of processes started and ended meanwhile.
    """

    mean: float
    best: float
    processor: float

    def __str__(self) -> str:
        return f"{1000 * self.mean:7.1f} {1000 * self.best:7.1f} {1000 * self.processor:7.1f}"

    def times(self, other: Time) -> str:
        """How many times less than another."""
        ratios = (other.mean / self.mean, other.best / self.best, other.processor / self.processor)
        return " ".join(f"{ratio:5.2f}" for ratio in ratios)


def timed(work: Callable[[Once], None], count: int) -> Time:
    """Time some work per pipeline.

    Args:
        work: is given a function that does and times the part for one pipeline.
        count: of pipelines.
    """
    each: list[float] = []

    def once(part: Callable[[], None]) -> None:
        start = time.perf_counter()
        part()
        each.append(time.perf_counter() - start)

    start, spent = time.perf_counter(), _processor()
    work(once)
    return Time((time.perf_counter() - start) / count, min(each), (_processor() - spent) / count)


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(item.ru_utime + item.ru_stime for item in used)


def on_engine(start: Callable[[], Engine], case: Case, policies: PolicySet, count: int) -> Time:
    """Time per pipeline, with the start and the end of the engine."""

    def work(once: Once) -> None:
        with start() as engine:
            for _ in range(count):
                once(lambda: case.decide(engine, policies))

    return timed(work, count)


def by_process(case: Case, policies: PolicySet, count: int) -> tuple[Time, int]:
    """Time per pipeline with ``opa eval``, and how many of them were really run."""
    loaded, document = question(case, policies)
    with tempfile.TemporaryDirectory() as folder:
        packed, asked = Path(folder, "bundle.tar.gz"), Path(folder, "input.json")
        packed.write_bytes(bundle(loaded))
        asked.write_text(json.dumps(document), encoding="utf-8")
        query = f"data.{loaded.space.gathering_package}.answer"
        command = [find_binary(), "eval", "--bundle", str(packed), "--input", str(asked), "--strict-builtin-errors"]
        command += ["--fail", "--format=json", query]
        run = min(count, SAMPLE)

        def one() -> None:
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)

        def work(once: Once) -> None:
            for _ in range(run):
                once(one)

        return timed(work, run), run


def case_of(subjects: int, policies: PolicySet) -> Case:
    """A simulated pipeline, under every control."""
    return Case(subjects, simulator.scaled_graph(subjects), load_checklist("full", policies))


def opa() -> Engine:
    """An Open Policy Agent server."""
    return engine_named("opa")


def _share(subjects: int, count: int) -> None:
    """What one of several workers does."""
    policies = PolicySet.built_in()
    on_engine(opa, case_of(subjects, policies), policies, count)


def shared(subjects: int, count: int) -> float:
    """Evaluations per second on servers, by several processes."""
    with ProcessPoolExecutor(WORKERS) as pool:

        def work(each: int) -> None:
            list(pool.map(_share, [subjects] * WORKERS, [each] * WORKERS))

        work(1)  # the start of Python is not counted
        each, start = max(1, count // WORKERS), time.perf_counter()
        work(each)
        return WORKERS * each / (time.perf_counter() - start)


def row(case: Case, policies: PolicySet, count: int, target: float) -> tuple[str, bool, Time]:
    """One line of the table, whether the target is met (a single pipeline has none), and the time on the server."""
    embedded, server = on_engine(Regorus, case, policies, count), on_engine(opa, case, policies, count)
    inside = on_engine(lambda: Regorus(limits=None), case, policies, count)
    process, run = by_process(case, policies, count)
    met = count == 1 or process.best / embedded.best >= target
    cells = [f"{case.subjects:8}  {count:9}", *map(str, (embedded, server, process))]
    cells += [embedded.times(process), server.times(process)]
    cells.append("" if met else f"MISSES {target:g} x")
    cells.append("" if run == count else f"(opa eval: {run} of {count} were run)")
    told = f"{'':21}{inside}  regorus in this process, without limits: {inside.times(process)} of opa eval"
    return "  ".join(cells).rstrip() + "\n" + told, met, server


def main(counts: list[int]) -> int:
    """Measure, print, and say whether the targets hold."""
    policies = PolicySet.built_in()
    print(
        f"{len(policies.controls)} controls; milliseconds per pipeline: mean and best on the wall, mean of processors;"
    )
    print("then how many times less than opa eval each of the three is; the targets are about the best")
    heads = [f"{name:23}" for name in ("regorus", "OPA server", "opa eval")]
    print("  ".join(["subjects  pipelines", *heads, f"{'regorus':17}", "OPA server"]))
    good = True
    for subjects, target in TARGETS.items():
        case = case_of(subjects, policies)
        for count in counts:
            text, met, server = row(case, policies, count, target)
            good &= met
            print(text, flush=True)
        rate = shared(subjects, max(counts))
        good &= rate >= RATE_TARGET
        missed = "" if rate >= RATE_TARGET else f"  MISSES {RATE_TARGET:g}"
        spent = WORKERS / server.best
        print(f"{subjects:8}  OPA server, {WORKERS} processes: {rate:.0f} evaluations per second{missed}")
        print(f"{'':8}  (at the pace of the best, {spent:.0f}, if two did not hinder each other)", flush=True)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main([int(count) for count in sys.argv[1:]] or list(PIPELINES)))
