"""What every subcommand begins with: settings, log, the length of time somebody typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from deploy.wording import hidden

if TYPE_CHECKING:
    from schemas.settings import Settings


def load(quiet: bool = False) -> Settings:
    """The settings, with the log set up; ends with 2, naming each wrong setting and what was expected.

    ``quiet`` leaves out what is only of interest to an operator.
    """
    from pydantic import ValidationError

    from deploy.logs import configure
    from schemas.settings import Settings

    try:
        settings = Settings()
    except ValidationError as error:
        for problem in error.errors():
            typer.echo(f"salespulse: {_wrong(problem['loc'], problem['msg'], problem['input'])}", err=True)
        raise typer.Exit(2) from None
    configure("warning" if quiet and settings.log_level == "info" else settings.log_level)
    return settings


def length(text: str) -> int:
    """Milliseconds of ``60s``, ``15m`` and the like; wrong usage on anything else."""
    from schemas.settings import millis

    try:
        return int(millis(text))
    except ValueError as error:
        raise typer.BadParameter(f"{error}, not {text!r}") from None


def _wrong(place: tuple[int | str, ...], message: str, value: Any) -> str:
    name = "_".join(str(part) for part in place).upper()
    said = message.removeprefix("Value error, ").removeprefix("Input ")
    return f"SALESPULSE_{name}: {said}, not {hidden(value)!r}"
