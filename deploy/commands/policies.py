"""Subcommands about service level policies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.common import directory as directory_of
from deploy.commands.common import load, policy_file


def check(
    file: Annotated[Path | None, typer.Argument(help="the policy file; SALESPULSE_POLICIES if none is named")] = None,
    against: Annotated[
        Path | None, typer.Option(help="the file as it was: what was in force already must not have changed")
    ] = None,
    directory: Annotated[
        Path | None, typer.Option(help="the rep directory to check with it; SALESPULSE_DIRECTORY if none is named")
    ] = None,
) -> None:
    """Check a policy file and the rep directory: one line for each fault, or the order in which rules are tried.

    Example: `salespulse policy check policies.toml --against policies.old.toml`
    """
    from agents.engine.clock import now
    from deploy.failures import Failure
    from deploy.policy_check import check as read
    from deploy.policy_check import check_directory, check_edits, show_rules

    settings = load()
    path, reps = file or settings.policies, directory or settings.directory
    if path is None:
        raise typer.BadParameter("name a policy file, or set SALESPULSE_POLICIES")
    policies, faults = read(path)
    if against is not None and not faults:
        faults = check_edits(path, policies, against, now())
    faulty = {path: faults} | ({} if reps is None else {reps: check_directory(reps)[1]})
    for line in (line for lines in faulty.values() for line in lines):
        typer.echo(line)
    if told := [f"{len(lines)} fault(s) in {of}" for of, lines in faulty.items() if lines]:
        raise Failure(", ".join(told))
    show_rules(policies, now())


def diff(
    old: Annotated[Path, typer.Argument(help="the policy file as it is")],
    new: Annotated[Path, typer.Argument(help="the policy file as it is to be")],
    days: Annotated[
        float | None, typer.Option(min=0.01, help="clocks that started within so many days; of a log all")
    ] = None,
    events: Annotated[
        list[Path] | None, typer.Option(help="a log of events instead of ClickHouse: JSON lines, plain or .gz")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="what was found as one JSON object")] = False,
) -> None:
    """Judge recorded leads by two policy files: what would have been due, met and breached. Nothing is written.

    Example: `salespulse policy diff policies.old.toml policies.toml --days 30`
    """
    import msgspec

    from deploy.policy_diff import from_log, from_recorded, show
    from deploy.progress import status
    from deploy.stack import stack

    settings = load(quiet=True)
    reps = directory_of(settings)
    files = policy_file(old)._replace(reps=reps), policy_file(new)._replace(reps=reps)
    with status() as report:
        if events:
            report("judging leads")
            found = from_log(events, files, settings, days)
        else:
            with stack(settings, kafka=False, report=report) as ready:
                report("judging leads")
                found = from_recorded(ready, files, days or 30)
    if as_json:
        typer.echo(msgspec.json.encode(found))
    else:
        show(found)


def example(
    directory: Annotated[bool, typer.Option("--directory", help="a rep directory instead")] = False,
) -> None:
    """Print a policy file, or a rep directory, to start from.

    Example: `salespulse policy example > policies.toml`
    """
    from deploy.policy_check import DIRECTORY, EXAMPLE

    typer.echo((DIRECTORY if directory else EXAMPLE).read_text(encoding="utf-8"), nl=False)
