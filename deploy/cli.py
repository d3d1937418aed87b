"""The command ``salespulse``. What its subcommands need is imported when they run, so that ``--help`` is quick."""

from __future__ import annotations

import signal
import sys

import typer

from deploy.commands import (
    comparing,
    events,
    explaining,
    forgetting,
    looking,
    policies,
    recorded,
    running,
    sizing,
    targets,
)
from deploy.failures import explained

app = typer.Typer(
    name="salespulse",
    help="Live sales KPIs from Kafka: how fast leads are answered, followed up, and what they reply.",
    epilog="Settings are environment variables SALESPULSE_* or an .env file: `salespulse settings` lists them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
topics = typer.Typer(help="The topics that salespulse reads and writes.", no_args_is_help=True)
sink = typer.Typer(help="Copy the topics to another system.", no_args_is_help=True)
letters = typer.Typer(help="Records that could not be used: look at them, send them again.", no_args_is_help=True)
policy = typer.Typer(help="Service levels: who is to answer within which time.", no_args_is_help=True)
target = typer.Typer(help="Targets: what is to be reached by whom, and by when.", no_args_is_help=True)

app.command()(running.demo)
app.command()(events.replay)
app.command()(looking.kpis)
app.command()(recorded.recorded)
app.command()(recorded.signals)
app.command()(recorded.plan)
app.command()(explaining.explain)
app.command()(comparing.reconcile)
app.command()(forgetting.forget)
app.command()(running.worker)
app.add_typer(sink, name="sink")
app.command()(running.notify)
app.add_typer(topics, name="topics")
app.command()(events.simulate)
app.command()(events.produce)
app.add_typer(letters, name="dead-letters")
app.add_typer(policy, name="policy")
app.add_typer(target, name="targets")
app.command()(looking.settings)
app.command()(looking.render)
app.command()(sizing.size)
sink.command("clickhouse")(running.clickhouse)
sink.callback()(lambda: None)
topics.command("create")(running.create)
topics.command("check")(running.check)
letters.command("list")(looking.letters)
letters.command("replay")(looking.replay_letters)
policy.command("check")(policies.check)
policy.command("diff")(policies.diff)
policy.command("example")(policies.example)
target.command("set")(targets.set_)
target.command("list")(targets.list_)
target.command("import")(targets.import_)
target.command("revoke")(targets.revoke)


def main() -> None:
    """Run the command line and exit: 0 done, 1 a failure said in one line, 2 wrong usage, 130 interrupted."""
    # What was started is stopped, as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        app(prog_name="salespulse")
    except Exception as error:
        line = explained(error)
        if line is None:
            raise
        print(f"salespulse: {line}", file=sys.stderr)
        sys.exit(1)
