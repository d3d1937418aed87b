"""What no clock can ever come to: targets that are too far away, and rules behind those that match all of theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, get_args

from schemas.events import Millis
from schemas.policy import Clock, Policy, PolicyFile
from schemas.policy_values import DAY
from schemas.toml_tables import Fault
from streams.calendars import Calendar
from streams.policies import CONDITIONS, Policies, allowance

_KEPT: Final = 400 * DAY
"""How long the timeline of a silent lead is kept."""

_Box = dict[str, frozenset[str]]
"""Condition → the values for which something holds."""


def never_due(file: PolicyFile) -> Iterator[Fault]:
    policies = Policies(file)
    for policy in file.policies:
        teams = file.teams if policy.when.team is None else [team for team in policy.when.team if team in file.teams]
        calendars = [policies.calendar(policy), *(policies.calendar(policy, team) for team in teams)]
        longest = max(_longest_wait(policy, calendar) for calendar in calendars)
        if longest > _KEPT:
            yield Fault(
                f"{policy.key}.target",
                f"a target that no alert could ever reach: due after up to {longest // DAY} days, when a silent lead"
                f" is forgotten ({_KEPT // DAY} days), expected a shorter one",
            )


def _longest_wait(policy: Policy, calendar: Calendar) -> Millis:
    """The longest time to the deadline of any clock that starts at a midnight of the policy's first year."""
    waits = []
    for start in range(policy.effective_from, policy.effective_from + 366 * DAY, DAY):
        runs_on, length = allowance(policy.target, calendar, start)
        waits.append(runs_on.add(start, length) - start)
    return max(waits)


def unreachable(file: PolicyFile) -> Iterator[Fault]:
    policies = Policies(file)
    dates = sorted({policy.effective_from for policy in file.policies})
    reached: set[str] = set()
    hidden: dict[str, list[Policy]] = {}
    for clock in get_args(Clock):
        for rules in (policies.rules(clock, date) for date in dates):
            for position, rule in enumerate(rules):
                if _is_covered(rule, rules[:position]):
                    hidden.setdefault(rule.identity, [*rules[:position]])
                else:
                    reached.add(rule.identity)
    for policy in file.policies:
        if policy.identity in hidden and policy.identity not in reached:
            before = ", ".join(rule.identity for rule in hidden[policy.identity])
            yield Fault(f"{policy.key}.when", f"never reached: all that it is for is matched before, by {before}")


def _is_covered(rule: Policy, earlier: Sequence[Policy]) -> bool:
    universe: _Box = {
        name: frozenset({"", *(value for each in (rule, *earlier) for value in getattr(each.when, name) or ())})
        for name in CONDITIONS
    }
    return not _left([_box(rule, universe)], [_box(each, universe) for each in earlier])


def _box(rule: Policy, universe: _Box) -> _Box:
    """What a rule is for; a value that no rule names stands for all those."""
    return {name: frozenset(getattr(rule.when, name) or universe[name]) for name in CONDITIONS}


def _left(boxes: list[_Box], taken: list[_Box]) -> list[_Box]:
    for cut in taken:
        boxes = [piece for box in boxes for piece in _outside(box, cut)]
    return boxes


def _outside(box: _Box, cut: _Box) -> Iterator[_Box]:
    """The parts of ``box`` outside ``cut``, one for each condition in which it reaches beyond: disjoint, to be few."""
    for name in CONDITIONS:
        if box[name] - cut[name]:
            yield box | {name: box[name] - cut[name]}
        box = box | {name: box[name] & cut[name]}
        if not box[name]:
            return
