"""What the policies promise at present, for whoever shows or watches it."""

from __future__ import annotations

from typing import Final

from schemas.policy import Policy, PolicyFile

_LENGTHS: Final = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}


def in_force(file: PolicyFile) -> list[Policy]:
    """The newest version of each policy that is not retired, in the order of the file."""
    newest = {policy.name: policy for policy in sorted(file.policies, key=lambda policy: policy.effective_from)}
    return [policy for policy in file.policies if policy is newest[policy.name] and not policy.retired]


def hot(file: PolicyFile) -> Policy | None:
    """The policy of first responses to hot leads, where there is one."""
    found = [
        policy
        for policy in in_force(file)
        if policy.clock == "first_response" and "hot" in (policy.when.temperature or ())
    ]
    return found[0] if found else None


def seconds(policy: Policy) -> int:
    """A policy's target; of business time as if the office were open all the while."""
    return policy.target.amount * _LENGTHS[policy.target.unit]
