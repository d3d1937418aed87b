"""What may not be edited: by a past version, and in the hours of the past, clocks have been judged already."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.events import Millis
from schemas.policy import Hours, Policy, PolicyFile
from schemas.toml_tables import Fault
from streams.calendars import Calendar


def past_edits(old: PolicyFile, new: PolicyFile, now: Millis) -> list[Fault]:
    """One fault for each version and calendar of ``new`` that changes what was in force in ``old`` until ``now``.

    Both files are without other faults. Versions are compared in meaning, calendars by the instants at which
    they were open since the first version: for the time to come they may change.
    """
    past = [policy for policy in old.policies if policy.effective_from <= now]
    faults = [*_versions(past, new, now)]
    return [*faults, *_calendars(past, old, new, now)] if past else faults


def _versions(past: list[Policy], new: PolicyFile, now: Millis) -> Iterator[Fault]:
    standing = {policy.identity: policy for policy in new.policies}
    known = {policy.identity for policy in past}
    for policy in past:
        kept = standing.get(policy.identity)
        if kept is None:
            yield Fault(
                policy.key, "expected to stay: it has been in force. End it by a new version with retired = true"
            )
        elif kept != policy:
            changed = ", ".join(name for name in Policy.model_fields if getattr(kept, name) != getattr(policy, name))
            yield Fault(policy.key, f"expected unchanged ({changed}): it has been in force. Write a new version")
    for policy in new.policies:
        if policy.effective_from <= now and policy.identity not in known:
            yield Fault(f"{policy.key}.effective_from", "expected a time to come: clocks of the past have been judged")
    before = [policy.identity for policy in past if policy.identity in standing]
    after = [policy.identity for policy in new.policies if policy.identity in known]
    if before != after:
        yield Fault("policies", f"expected past versions in their old order, {', '.join(before)}")


def _calendars(past: list[Policy], old: PolicyFile, new: PolicyFile, now: Millis) -> Iterator[Fault]:
    first = min(policy.effective_from for policy in past)
    of_teams = old.teams if any(policy.whose == "team" for policy in past) else {}
    named = {policy.calendar for policy in past} | {team.calendar for team in of_teams.values()}
    for name in old.calendars:
        if name in named and name not in new.calendars:
            yield Fault(f"calendars.{name}", "expected to stay: clocks of the past have run on it")
        elif name in named and not _same_past(old.calendars[name], new.calendars[name], first, now):
            yield Fault(f"calendars.{name}", "expected the hours of the past unchanged: clocks have run on it")
    for name, team in of_teams.items():
        kept = new.teams.get(name)
        if kept is None or not _same_past(_hours(old, team.calendar), _hours(new, kept.calendar), first, now):
            yield Fault(f"teams.{name}.calendar", f"expected {team.calendar!r}, or one of the same hours so far")


def _hours(file: PolicyFile, name: str) -> Hours | None:
    """None where it is open at all times."""
    return file.calendars.get(name)


def _same_past(old: Hours | None, new: Hours | None, first: Millis, now: Millis) -> bool:
    """Whether both were open at the same instants, at home and in the zone of any lead."""
    if old == new:
        return True
    if old is None or new is None:
        return False
    return all(
        Calendar(old, timezone).openings(first, now) == Calendar(new, timezone).openings(first, now)
        for timezone in (None, "UTC")
    )
