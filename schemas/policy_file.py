"""Policy files read: TOML to frozen types, with every fault named."""

from __future__ import annotations

from typing import Any, Final

from schemas.policy import ROUND_THE_CLOCK, Audience, Hours, Notify, Policy, PolicyFile, Team
from schemas.toml_tables import Fault, document, table, tables

_SECTIONS: Final = ("calendars", "teams", "audiences", "notify", "policies")


def read(text: str) -> tuple[PolicyFile, list[Fault]]:
    """What a policy file says as far as it can be understood, and every fault of its form.

    Whether the parts fit together is for ``streams.policy_faults`` to say.
    """
    faults: list[Fault] = []
    found = document(text, _SECTIONS, faults)
    all_day = {"timezone": "UTC", "hours": {"mon-sun": ["00:00-24:00"]}}
    file = PolicyFile(
        tables(found, "calendars", Hours, faults, all_day),
        tables(found, "teams", Team, faults, {"calendar": ROUND_THE_CLOCK}),
        tables(found, "audiences", Audience, faults, {"kind": "json", "url_env": "URL"}),
        tuple(_policies(found.get("policies", []), faults)),
        table("notify", found.get("notify", {}), Notify, faults) or Notify(),
    )
    return file, faults


def _policies(found: Any, faults: list[Fault]) -> list[Policy]:
    if not isinstance(found, list):
        faults.append(Fault("policies", "expected tables such as [[policies]]"))
        return []
    read = (table(_place(number, each), each, Policy, faults) for number, each in enumerate(found, start=1))
    return [policy for policy in read if policy is not None]


def _place(number: int, table: Any) -> str:
    if isinstance(table, dict) and "name" in table:
        return f"policies[{table['name']}@{table.get('version', '?')}]"
    return f"policies[number {number}]"
