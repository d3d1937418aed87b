"""Where a receiver is: its address is a secret, read from the environment or a file, and never shown."""

from __future__ import annotations

import os
from pathlib import Path

from schemas.policy import PolicyFile, Receiver


def address(receiver: Receiver) -> str:
    """The address as of now; ``ValueError`` where there is none, naming where it was looked for."""
    if receiver.url_file is not None:
        try:
            url, where = Path(receiver.url_file).read_text(encoding="utf-8").strip(), receiver.url_file
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{receiver.url_file} cannot be read: {type(error).__name__}") from None
    else:
        where = str(receiver.url_env)
        url = os.environ.get(where, "").strip()
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{where} holds no address such as https://hooks.example/…")
    return url


def missing(file: PolicyFile) -> list[str]:
    """One line for each receiver without an address: its key, and where that was looked for."""
    lines = []
    for name, audience in file.audiences.items():
        of_some = {f"teams.{team}": each for team, each in audience.teams.items()}
        of_some |= {f"reps.{rep}": each for rep, each in audience.reps.items()}
        for key, receiver in {"": audience, **of_some}.items():
            if receiver.url_env is None and receiver.url_file is None:
                continue
            try:
                address(receiver)
            except ValueError as error:
                lines.append(f"audiences.{name}{'.' if key else ''}{key}: {error}")
    return lines
