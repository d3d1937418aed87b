"""What every subcommand begins with: settings, log, the length of time somebody typed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from deploy.wording import hidden

if TYPE_CHECKING:
    from schemas.directory import Reps
    from schemas.policy import PolicyFile
    from schemas.settings import Settings

_T = TypeVar("_T")


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


def policies(settings: Settings) -> PolicyFile:
    """The service level policies and the rep directory that are set; ``Failure`` after a line for each fault."""
    from schemas.policy import NOTHING

    file = NOTHING if settings.policies is None else policy_file(settings.policies)
    return file._replace(reps=directory(settings))


def policy_file(path: Path) -> PolicyFile:
    """What a policy file says; ``Failure`` after a line for each of its faults."""
    from deploy.policy_check import check

    return _without_faults(path, *check(path))


def directory(settings: Settings) -> Reps:
    """What the rep directory that is set says; ``Failure`` after a line for each of its faults."""
    from deploy.policy_check import check_directory
    from schemas.directory import NOBODY

    path = settings.directory
    return NOBODY if path is None else _without_faults(path, *check_directory(path))


def _without_faults(path: Path, read: _T, faults: list[str]) -> _T:
    from deploy.failures import Failure

    for line in faults:
        typer.echo(line, err=True)
    if faults:
        raise Failure(f"{len(faults)} fault(s) in {path}")
    return read


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
