"""The command line: the Typer app and its commands, each of which lives in ``commands/``.

Exit codes (DESIGN section 7): 0 pass, 1 fail, 2 usage or internal error, 3 inconclusive. The last line on stderr says
which and why. stdout carries data only. Everything heavy is imported by the command that needs it.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated

import typer

from . import __version__
from .commands.approve import approve, waive
from .commands.collect import collect
from .commands.controls import controls
from .commands.doctor import doctor
from .commands.evaluate import evaluate
from .commands.explain import explain
from .commands.gate import gate
from .commands.impact import impact
from .commands.init import init
from .commands.keys import keys_new, keys_show
from .commands.log import log_app
from .commands.policy import policy_app
from .commands.query import query
from .commands.report import report
from .commands.revoke import revoke_app
from .commands.sign import sign
from .commands.timestamp import timestamp
from .commands.trust import trust_app
from .commands.verify import verify

app = typer.Typer(
    name="probatum",
    help="Prove that an ML pipeline meets its security checklist: gather evidence, decide with Rego, sign the verdict.",
    epilog="Start with: probatum gate FOLDER. Exit codes: 0 pass, 1 fail, 2 usage or internal error, 3 inconclusive.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
_COMPLETION = "_PROBATUM_COMPLETE"
"""The shell asks for completions, and sets this."""
keys_app = typer.Typer(help="Make and show the keys that sign verdicts.", no_args_is_help=True, rich_markup_mode=None)
keys_app.command("new")(keys_new)
keys_app.command("show")(keys_show)


def main() -> None:
    """The entry point of the ``probatum`` command; asked to end, it tidies up as it does for Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if sys.argv[1:] in (["--help"], ["-h"], []) and _COMPLETION not in os.environ:
        _leave_out_options()
    else:
        _leave_out_others(sys.argv[1] if len(sys.argv) > 1 else "")
    app()


def _leave_out_options() -> None:
    """The list of commands shows none of their options, which take longer to build than all the rest."""
    for item in app.registered_commands:
        item.name, item.callback = item.name or getattr(item.callback, "__name__", None), _nothing
    for group in app.registered_groups:
        if group.typer_instance is not None:
            group.typer_instance.registered_commands = []


def _nothing() -> None:
    """Stands for a command of which only the name is shown."""


def _leave_out_others(name: str) -> None:
    """Typer builds every command before it runs one, which takes longer than most do: build what is asked for."""
    commands = [item for item in app.registered_commands if getattr(item.callback, "__name__", None) == name]
    groups = [item for item in app.registered_groups if item.name == name]
    if commands or groups:
        app.registered_commands, app.registered_groups = commands, groups


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Show the version.", is_eager=True)] = False) -> None:
    if version:
        print(f"probatum {__version__}")
        raise typer.Exit


for command, short in (
    (gate, "Gather evidence, evaluate the checklist, sign the verdict."),
    (collect, "Gather evidence only, and sign it for the gate of others."),
    (evaluate, "Evaluate evidence that was gathered before."),
    (approve, "Sign an approval, or a rejection, for a gate."),
    (waive, "Sign a waiver of the manifest."),
    (sign, "Countersign a verdict or an attestation, once it is verified."),
    (timestamp, "Have an authority vouch for when a verdict was signed."),
    (verify, "Verify a verdict, attestation, signature or bundle, offline."),
    (report, "Render the assessment of a verdict package again."),
    (controls, "List the controls, with their stages and subjects."),
    (explain, "Explain one control: what it asks, and how it is decided."),
    (query, "Ask evidence anything, as a Rego expression."),
    (impact, "Which verdicts relied on something, and do they still hold?"),
    (init, "Search a folder and write a first probatum.yaml for review."),
    (doctor, "Tell which collectors and engines can run here, and why not."),
):
    app.command(short_help=short)(command)  # whole on a terminal of 80 columns
app.add_typer(policy_app, name="policy")
app.add_typer(keys_app, name="keys")
app.add_typer(trust_app, name="trust")
app.add_typer(revoke_app, name="revoke", short_help="Sign that something does not count any more.")
app.add_typer(log_app, name="log", short_help="Keep a transparency log of verdicts, and watch it.")
