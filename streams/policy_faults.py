"""Whether the parts of a policy file fit together: every fault that would only show when it is too late."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from schemas.policy import ROUND_THE_CLOCK, Policy, PolicyFile
from schemas.policy_values import Span
from schemas.toml_tables import Fault
from streams import telling_faults
from streams.calendar_faults import calendar_faults
from streams.reach import never_due, unreachable
from streams.telling_faults import unless_known


def faults(file: PolicyFile) -> list[Fault]:
    """Every fault of a file whose form is right."""
    found = [fault for name, hours in file.calendars.items() for fault in calendar_faults(name, hours)]
    for name, team in file.teams.items():
        found += unless_known(f"teams.{name}.calendar", "calendar", team.calendar, _calendars(file))
    found += telling_faults.faults(file)
    for policy in file.policies:
        found += _of_policy(policy, file)
    found += _of_versions(file.policies)
    # Whether a rule is reached or a target falls due can only be said of a file that is whole.
    return found or [*never_due(file), *unreachable(file)]


def _calendars(file: PolicyFile) -> set[str]:
    return {*file.calendars, ROUND_THE_CLOCK}


def _of_policy(policy: Policy, file: PolicyFile) -> Iterator[Fault]:
    key = policy.key
    yield from unless_known(f"{key}.calendar", "calendar", policy.calendar, _calendars(file))
    spans = [policy.target, *(step.after for step in policy.escalate)]
    needing = [str(span) for span in spans if span.business]
    if policy.calendar is None and needing:
        yield Fault(f"{key}.calendar", f"missing, expected the calendar of {needing[0]!r}")
    elif policy.calendar is None and policy.whose != "policy":
        yield Fault(
            f"{key}.calendar", f"missing, expected the one to use where that of the {policy.whose} is not known"
        )
    yield from _of_telling(key, policy, file)
    yield from _of_clock(key, policy)


def _of_telling(key: str, policy: Policy, file: PolicyFile) -> Iterator[Fault]:
    told = [(f"{key}.tell", policy.tell, {"at_risk", "breached"} if policy.warn_at else {"breached"})]
    told += [(f"{key}.escalate[{n}].tell", step.tell, {"escalated"}) for n, step in enumerate(policy.escalate, start=1)]
    for place, name, severities in told:
        yield from unless_known(place, "audience", name, file.audiences)
        audience = file.audiences.get(name or "")
        if audience is not None and audience.severities and not severities & {*audience.severities}:
            yield Fault(place, f"expected an audience that is told of {' or '.join(sorted(severities))}, not {name!r}")
    for n, (step, later) in enumerate(pairwise(policy.escalate), start=2):
        if step.after.business == later.after.business and _length(later.after) <= _length(step.after):
            yield Fault(
                f"{key}.escalate[{n}].after", f"expected longer than {str(step.after)!r}, not {str(later.after)!r}"
            )


def _of_clock(key: str, policy: Policy) -> Iterator[Fault]:
    if policy.clock == "follow_up" and policy.touches is None:
        yield Fault(f"{key}.touches", "missing, expected up to how many touches are asked for, such as 6")
    if policy.clock != "follow_up" and policy.touches is not None:
        yield Fault(f"{key}.touches", f"expected only with the clock follow_up, not {policy.clock}")
    if policy.clock != "stage" and policy.when.stage is not None:
        yield Fault(f"{key}.when.stage", f"expected only with the clock stage, not {policy.clock}")
    if policy.clock == "follow_up" and policy.pause.awaiting_reply:
        yield Fault(f"{key}.pause.awaiting_reply", "a target that no alert could ever reach: this clock runs only then")
    if policy.when.stage is not None and {*policy.when.stage} <= {*policy.pause.stages}:
        yield Fault(
            f"{key}.pause.stages", "a target that no alert could ever reach: the clock stands still in its stages"
        )


def _length(span: Span) -> int:
    return span.amount * {"minute": 1, "hour": 60, "day": 60 * 24}[span.unit]


def _of_versions(policies: Sequence[Policy]) -> Iterator[Fault]:
    versions: dict[str, list[Policy]] = {}
    for policy in policies:
        versions.setdefault(policy.name, []).append(policy)
    for of_name in versions.values():
        ordered = sorted(of_name, key=lambda policy: policy.version)
        for earlier, later in pairwise(ordered):
            key = later.key
            if earlier.version == later.version:
                yield Fault(f"{key}.version", "this version is there twice, expected a number of its own")
            elif later.effective_from <= earlier.effective_from:
                yield Fault(f"{key}.effective_from", f"expected later than that of version {earlier.version}")
            if earlier.clock != later.clock:
                yield Fault(
                    f"{key}.clock", f"expected {earlier.clock} as in version {earlier.version}, not {later.clock}"
                )
