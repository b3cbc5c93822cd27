"""How Open Policy Agent itself explains what it does: ``opa eval --explain`` on a control's rules."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Timer
from typing import Any

from ..errors import EngineError, UsageError
from ..evaluator.engines.modules import split
from ..evaluator.engines.opa_server import find_binary
from ..evaluator.graph import Graph
from ..evaluator.index import Index
from ..evaluator.metadata import Control
from ..evaluator.policies import PolicySet
from ..evaluator.usability import Limit
from .circumstances import Circumstances

MODES = ("notes", "fails", "full")
"""OPA's: what `trace()` says, what fails, everything."""
MOST_LINES = 2_000
_RULES = ("deny", "proof")
_SECONDS, _MAX_BYTES = 60, 16 * 1024 * 1024


def check_trace(mode: str | None, engine: str) -> None:
    """Refuse a trace that cannot be had, before the work is done.

    Raises:
        UsageError: there is no such mode, or another engine decides.
    """
    if mode is None:
        return
    if mode not in MODES:
        raise UsageError(f"there is no trace {mode!r}", remedy=f"one of: {', '.join(MODES)}")
    if engine != "opa":
        raise UsageError(
            "--trace needs --engine opa",
            why="the embedded engine cannot explain; the values that `policy try` shows are its own either way",
            remedy="give --engine opa, with an opa binary on the search path or in PROBATUM_OPA",
        )


def trace_control(
    control: Control, graph: Graph, *, policies: PolicySet, circumstances: Circumstances, mode: str
) -> dict[str, Any]:
    """What ``opa eval --explain`` says of ``deny`` and ``proof`` of a control.

    Args:
        control: of the policy set.
        graph: the evidence.
        policies: the policy set.
        circumstances: time and parameters.
        mode: one of ``MODES``.

    Returns:
        ``mode``, ``lines`` (at most ``MOST_LINES``) and ``left_out``, the number of the lines beyond.

    Raises:
        EngineError: there is no binary, or it fails.
    """
    index = Index(graph, int(circumstances.now.timestamp()), revoked=circumstances.revoked)
    values = circumstances.values(policies)
    usable = index.usable(Limit.of(values[control.id]))
    document = index.policy_input(usable, parameters=values, stage=circumstances.stage)
    own, libraries = split(policies.modules, [control.package])
    with tempfile.TemporaryDirectory(prefix="probatum-") as folder:
        _write(Path(folder), {**libraries, **own[control.package]}, document)
        lines = [line for rule in _RULES for line in _explained(Path(folder), control.package, rule, mode)]
    return {"mode": mode, "lines": lines[:MOST_LINES], "left_out": max(0, len(lines) - MOST_LINES)}


def _write(folder: Path, modules: Mapping[str, str], document: Mapping[str, Any]) -> None:
    for path, text in modules.items():
        place = folder / "policies" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    (folder / "input.json").write_text(json.dumps(document), encoding="utf-8")


def _explained(folder: Path, package: str, rule: str, mode: str) -> Iterator[str]:
    """The trace of one rule; the query has a value of one line, which comes last and is left out."""
    options = ["--data", ".", "--input", "../input.json", "--explain", mode, "--format", "pretty"]
    command = [find_binary(None), "eval", *options, f"count(data.{package}.{rule}) >= 0"]
    with (folder / "errors").open("w+b") as errors:
        try:
            process = subprocess.Popen(command, cwd=folder / "policies", stdout=subprocess.PIPE, stderr=errors)
        except OSError as error:
            raise _cannot(str(error)) from error
        clock = Timer(_SECONDS, process.kill)
        clock.start()
        with process:
            data = process.stdout.read(_MAX_BYTES + 1) if process.stdout else b""
            if len(data) > _MAX_BYTES:
                process.kill()
        clock.cancel()
        errors.seek(0)
        said = errors.read(500).decode("utf-8", "replace").strip()
    if process.returncode != 0 and len(data) <= _MAX_BYTES:
        raise _cannot(said or f"no answer in {_SECONDS} s")
    yield from data[:_MAX_BYTES].decode("utf-8", "replace").splitlines()[:-1]


def _cannot(why: str) -> EngineError:
    return EngineError("opa cannot explain the control", why=why, remedy="try it without --trace, or on less evidence")
