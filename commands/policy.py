"""``probatum policy``: the workbench of those who write the Rego. One line here registers one command."""

from __future__ import annotations

import typer

from .policy_check import check, schema
from .policy_diff import diff
from .policy_docs import docs
from .policy_fmt import fmt
from .policy_lock import lock
from .policy_mutate import mutate
from .policy_new import new
from .policy_test import policy_test
from .policy_try import try_

policy_app = typer.Typer(
    help="Write, test, document and roll out policies.", no_args_is_help=True, rich_markup_mode=None
)
policy_app.command("new")(new)
policy_app.command("docs")(docs)
policy_app.command("try")(try_)
policy_app.command("lock")(lock)
policy_app.command("test")(policy_test)
policy_app.command("fmt")(fmt)
policy_app.command("mutate")(mutate)
policy_app.command("diff")(diff)
policy_app.command("check")(check)
policy_app.command("schema")(schema)
