"""Runs conformance cases on the embedded engine, in a child process because some crash it, and on a real OPA.

As a script it is that child: it reads cases from a file and writes one line of JSON for each.
"""

from __future__ import annotations

import json
import os
import pickle
import resource
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from conformance_cases import Case

NOT_FOR_THE_COMMAND = {
    "baseandvirtualdocs/base/virtual: conflicts": "a data file that contradicts a rule is refused when it is loaded",
    "time/time caching": "the function test.sleep is only in OPA's own tests",
    "withkeyword/builtin-builtin: arity 0": "opa.runtime tells the environment, which is empty in OPA's own tests",
}
_CRASHES = ("panic: ", "no answer", "the process ended")
_SECONDS, _MEMORY = 10, 4 * 1024**3  # per case: the slowest needs a fraction of a second and of a gigabyte


@dataclass(frozen=True)
class Answer:
    """What an engine made of a case.

    Args:
        bindings: of every result; None where there is an error.
        error: what the engine said, None for a result.
    """

    bindings: list[dict[str, Any]] | None
    error: str | None


def embedded(cases: Sequence[Case]) -> list[Answer]:
    """Every case on the embedded engine; a crash and a hang are errors of their case."""
    answers: list[Answer] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "cases")
        path.write_bytes(pickle.dumps(list(cases)))
        while len(answers) < len(cases):
            answers += _child(path, len(answers), len(cases))
    return answers


def _child(path: Path, first: int, end: int) -> Iterator[Answer]:
    """Answers of one child, from the first case on, and of the case that ended it."""
    command = [sys.executable, __file__, str(path), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        for _ in range(first, end):
            if not select.select([child.stdout], [], [], _SECONDS)[0]:
                child.kill()
                yield Answer(None, f"no answer in {_SECONDS} s")
                return
            line = child.stdout.readline()
            if not line:
                yield Answer(None, f"the process ended: {child.wait()}")
                return
            text, error = json.loads(line)
            yield Answer(None if text is None else _bindings(json.loads(text, parse_float=Decimal)), error)


def crashed(answer: Answer) -> bool:
    """Whether the engine did not survive the case."""
    return answer.error is not None and answer.error.startswith(_CRASHES)


def knows(name: str, arity: int) -> bool:
    """Whether the embedded engine has a builtin function, whatever it makes of its arguments."""
    from probatum.evaluator.engines.regorus_modules import calmly, new_engine

    try:
        calmly(new_engine().eval_query, f"x := {name}({', '.join(['1'] * arity)})")
    except RuntimeError as error:
        return "could not find function" not in str(error)
    return True


def on_opa(binary: str, case: Case, *, strict: bool) -> Answer:
    """One case on a real OPA.

    Args:
        binary: path of the executable.
        case: the case.
        strict: whether errors of builtins are raised, as Probatum asks for.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [binary, "eval", "--format=json", "--stdin-input"]
        command += ["--strict-builtin-errors"] if strict else []
        for path, text in case.module_paths():
            Path(folder, path).write_text(text, encoding="utf-8")
            command += ["--data", path]
        if case.data is not None:
            Path(folder, "data.json").write_text(json.dumps(case.data), encoding="utf-8")
            command += ["--data", "data.json"]
        stdin = json.dumps(case.input) if case.has_input and case.input_term is None else ""
        command = command if stdin else [part for part in command if part != "--stdin-input"]
        done = subprocess.run(
            [*command, case.asked], input=stdin, capture_output=True, text=True, cwd=folder, check=False
        )
    body = json.loads(done.stdout, parse_float=Decimal)
    if "errors" in body:
        return Answer(None, "; ".join(error["message"] for error in body["errors"]))
    return Answer(_bindings(body), None)


def on_opa_all(binary: str, cases: Sequence[Case]) -> Iterator[tuple[Case, Answer]]:
    """Each case with what a real OPA makes of it, but for those that its command line cannot run."""
    with ThreadPoolExecutor() as pool:
        able = [case for case in cases if case.name not in NOT_FOR_THE_COMMAND]
        yield from zip(able, pool.map(lambda case: on_opa(binary, case, strict=case.strict), able), strict=True)


def _bindings(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [result.get("bindings", {}) for result in body.get("result", [])]


def _evaluated(case: Case) -> tuple[str | None, str | None]:
    """What the engine of this process writes as JSON, and what it raises."""
    from probatum.evaluator.engines.regorus_modules import new_engine

    try:
        engine = new_engine()
        for path, text in case.module_paths():
            engine.add_policy(path, text)
        if case.data is not None:
            engine.add_data_json(json.dumps(case.data))
        if case.has_input and case.input_term is None:
            engine.set_input_json(json.dumps(case.input))
        return str(engine.eval_query_as_json(case.asked)), None
    except RuntimeError as error:
        return None, str(error).split("Stack backtrace:")[0].strip()
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # pyo3 derives it from BaseException
            raise
        return None, f"panic: {error}"


def _main(path: str, first: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ["RUST_BACKTRACE"] = "0"
    cases: list[Case] = pickle.loads(Path(path).read_bytes())  # the parent wrote it
    for case in cases[int(first) :]:
        print(json.dumps(_evaluated(case)), flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
