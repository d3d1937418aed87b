"""Spans: what there is to be measured by clocks, from which event until what, before a policy says by when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from schemas.event import Event
from schemas.events import LeadEngaged, Millis
from schemas.policy import Clock
from streams.bases import Owned
from streams.exchanges import Word, left_alone, unanswered
from streams.lead import UNASSIGNED, UNKNOWN, Act, Instance, Ownership
from streams.response import touch_by_owner
from streams.rules import Rules
from streams.stages import Visit


class End(NamedTuple):
    """What ends a clock: an answer, or a reason for which none is wanted any more."""

    at: Millis
    by: Event
    reason: str | None = None


class Span(NamedTuple):
    """A clock before it is judged: what it measures, from which event and instant on, until when, and whose it is.

    ``nth`` counts the touch that a follow-up clock starts with, from 1.
    """

    kind: Clock
    event: Event
    start: Millis
    end: End | None
    rep: str
    team: str
    stage: str = UNKNOWN
    nth: int = 0


class Engagement:
    """An instance of a lead and the stages that its deals were in, as spans; of one that never engaged these only."""

    def __init__(self, instance: Instance, said: list[Word], stages: list[Visit], rules: Rules) -> None:
        self.instance = instance
        self._said = said
        self._stages = stages
        self._rules = rules
        engaged = instance.engaged
        self.data = engaged.data if engaged is not None and isinstance(engaged.data, LeadEngaged) else LeadEngaged()
        self._ending, self._acts = self._ended()

    @property
    def counts(self) -> bool:
        """Whether it starts any clock."""
        since = self._rules.clocks_from
        engaged = self.instance.engaged
        return not self.data.imported and (since is None or engaged is None or engaged.time >= since)

    def _ended(self) -> tuple[End | None, int]:
        """What ends every clock, and the number of acts before it."""
        instance = self.instance
        alone = left_alone(instance, self._said)
        if alone is not None:
            by = instance.acts[alone].event
            return End(by.time, by, "unsubscribed"), alone
        before = len(instance.acts) if instance.closed is None else instance.closed
        closing: Any = instance.closing
        return (None if closing is None else End(closing.time, closing, closing.data.reason or "closed")), before

    def held(self, at: Millis) -> Ownership | None:
        """Whose the lead was at an instant, else who was its first owner."""
        ownerships = self.instance.ownerships
        later = (held for held in reversed(ownerships) if held.at <= at)
        return next(later, ownerships[0] if ownerships else None)

    def spans(self, is_queue: Callable[[str], bool]) -> Iterator[Span]:
        """All of them; an owner that is a queue has none."""
        if self.instance.engaged is not None:
            yield self._first_response(self.instance.engaged)
            yield self._contact(self.instance.engaged)
            yield from self._rep_responses(is_queue)
            yield from self._next_responses()
            yield from self._follow_ups()
        yield from self._stages_visited()

    def _first_response(self, engaged: Event) -> Span:
        instance = self.instance
        answers, rep_and_team = instance.answers, instance.owner_and_team
        if answers and answers[0].position < self._acts:
            at = engaged.time + instance.response(answers[0], self._rules.clock_skew)
            return Span("first_response", engaged, engaged.time, End(at, answers[0].event), *rep_and_team)
        return Span("first_response", engaged, engaged.time, self._ending, *rep_and_team)

    def _contact(self, engaged: Event) -> Span:
        instance, end, act = self.instance, self._ending, None
        if instance.contact_by is not None and instance.contact_after is not None and instance.contact_by < self._acts:
            act = instance.acts[instance.contact_by]
            end = End(engaged.time + instance.contact_after, act.event)
        return Span("contact", engaged, engaged.time, end, *self._whose(act))

    def _rep_responses(self, is_queue: Callable[[str], bool]) -> Iterator[Span]:
        instance = self.instance
        for held, following in zip_longest(instance.ownerships, instance.ownerships[1:]):
            if self._is_over(held.event) or is_queue(held.owner):
                continue
            touch = touch_by_owner(Owned(held, instance), self._rules)
            if touch is not None and touch.position < self._acts:
                end: End | None = End(max(held.at, touch.at), touch.event)
            elif following is not None and not self._is_over(following.event):
                end = End(following.at, following.event, "reassigned")
            else:
                end = self._ending
            yield Span("rep_response", held.event, held.at, end, held.owner, held.team)

    def _next_responses(self) -> Iterator[Span]:
        for asked, answered in unanswered(self.instance, self._said, self._rules, self._acts):
            end = self._ending if answered is None else End(answered.event.time, answered.event)
            yield Span("next_response", asked.event, asked.event.time, end, *self._whose(answered))

    def _follow_ups(self) -> Iterator[Span]:
        acts, said = self.instance.acts[: self._acts], self._said
        waiting: tuple[int, int] | None = None
        touches = 0
        for position, act in enumerate(acts):
            if waiting is not None and (act.touch is not None or said[position].is_heard):
                yield self._follow_up(waiting, act)
                waiting = None
            if act.touch is not None:
                touches += 1
                if not said[position].is_heard:
                    waiting = position, touches
        if waiting is not None:
            yield self._follow_up(waiting, None)

    def _follow_up(self, touched: tuple[int, int], then: Act | None) -> Span:
        position, nth = touched
        by = self.instance.acts[position].event
        # Before the engagement by a little, a touch answers at once: there is no clock yet.
        start = max(by.time, self.instance.engaged_at)
        end = self._ending
        if then is not None:
            end = End(max(start, then.event.time), then.event, None if then.touch is not None else "replied")
        return Span("follow_up", by, start, end, *self._whose(then), nth=nth)

    def _stages_visited(self) -> Iterator[Span]:
        since = self._rules.clocks_from
        for visit in self._stages:
            entered, left = visit.entered, visit.left
            if self._is_over(entered) or (since is not None and entered.time < since):
                continue
            end = self._ending if left is None or self._is_over(left) else End(left.time, left)
            data: Any = entered.data
            rep, team = self._whose(None)
            yield Span("stage", entered, entered.time, end, data.rep or rep, data.team or team, visit.stage)

    def _is_over(self, event: Event) -> bool:
        return self._ending is not None and self._ending.by.order <= event.order

    def _whose(self, act: Act | None) -> tuple[str, str]:
        """Who did what stopped the clock; where nobody did, whose the lead is."""
        if act is None:
            return self.instance.owner or UNASSIGNED, self.instance.team or UNASSIGNED
        return act.rep_and_team if act.touch is None else act.touch.owner_and_team
