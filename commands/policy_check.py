"""``probatum policy check`` and ``probatum policy schema``: what is wrong with policies before they are evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from .engine_options import EngineName
from .grouping import grouped
from .groups import Shown
from .options import Policies
from .output import finish, guarded


@dataclass(frozen=True, kw_only=True)
class _Shown(Shown):
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format", "-f", metavar="FORMAT[=FILE]", help="text, json or sarif; with =FILE into a file. Repeatable."
        ),
    ] = None


@grouped
@guarded
def check(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="Folder or bundle of policies, or the folder of one control; the built-in ones by default.",
            show_default=False,
        ),
    ] = None,
    *,
    engine: Annotated[EngineName, typer.Option("--engine", help="Which engine they are for.")] = EngineName.REGORUS,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail, too.")] = False,
    shown: _Shown,
) -> int:
    """Find what is wrong with policies without evaluating them: every problem, with its place, why and a remedy.

    A comment '# probatum:ignore RULE: REASON' exempts one place from one rule, where the rule allows it.

    Example: probatum policy check my-policies --strict --format sarif=check.sarif
    """
    from ..collectors.result_schema import result_schemas
    from ..evaluator.policies import PolicySet
    from ..reports.policy_check import render_check, summary
    from ..workbench.check.run import check as checked
    from ..workbench.input_schema import input_schema

    target = shown.output()
    schema = input_schema(result_schemas(), PolicySet.built_in().controls.values())
    report = checked(path, engine=str(engine.value), schema=schema)
    document = report.document()
    target.write(lambda format, color, width: render_check(document, format, color=color, width=width))
    failed = report.problems if strict else report.errors
    return finish("fail" if failed else "pass", summary(document))


@guarded
def schema(policies: Policies = None) -> int:
    """Print the JSON Schema of what a policy sees as input, for editors and for 'opa check --schema'.

    It names the results of the installed collectors, and the parameters of the policies besides the built-in ones.

    Example: probatum policy schema --policies my-policies > my-policies/schemas/input.json
    """
    from ..collectors.result_schema import result_schemas
    from ..evaluator.policies import PolicySet
    from ..reports.plain import json_text
    from ..workbench.input_schema import input_schema

    controls = PolicySet.built_in().controls
    if policies is not None:
        controls = {**controls, **PolicySet.load(policies).controls}
    typer.echo(json_text(input_schema(result_schemas(), controls.values())), nl=False)
    return finish("pass", f"schema of the input for {len(controls)} controls")
