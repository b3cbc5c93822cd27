"""``probatum log``: the transparency log in a folder. One line here registers one command."""

from __future__ import annotations

import typer

from .log_append import append
from .log_check import check
from .log_export import export
from .log_init import init
from .log_prove import prove
from .log_show import show
from .log_witness import witness

log_app = typer.Typer(
    help="Keep a transparency log of verdicts, prove what is in it, and notice when it is rewritten. `gate` logs its"
    " verdicts where --log or the pipeline's manifest says.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
log_app.command("init")(init)
log_app.command("append")(append)
log_app.command("show")(show)
log_app.command("prove")(prove)
log_app.command("check")(check)
log_app.command("witness")(witness)
log_app.command("export")(export)
