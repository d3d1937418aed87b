"""Who waits for whom: messages of the other side and what answers them, and questions of ours."""

from __future__ import annotations

from typing import NamedTuple

from mypy_extensions import mypyc_attr

from schemas.classification import classify
from schemas.events import CallCompleted, EmailReplied, Millis
from streams.calendars import NEVER, Pause
from streams.lead import Act, Instance, is_conversation
from streams.rules import Rules


@mypyc_attr(acyclic=True)
class Word:
    """What an act says: ``asks`` is a message of a person of the other side (a mail, a call that was missed),
    ``talks`` an exchange in which both sides spoke; ``unsubscribes`` forbids any more contact."""

    def __init__(self, asks: bool = False, talks: bool = False, unsubscribes: bool = False) -> None:
        self.asks = asks
        self.talks = talks
        self.unsubscribes = unsubscribes

    @property
    def is_heard(self) -> bool:
        """Whether the other side said anything."""
        return self.asks or self.talks


SILENCE = Word()


def words(instance: Instance, rules: Rules) -> list[Word]:
    """What each act of the instance says, by position."""
    return [_word(act, rules) for act in instance.acts]


def _word(act: Act, rules: Rules) -> Word:
    data = act.event.data
    if type(data) is EmailReplied:
        judged = classify(act.event)
        if judged is not None and judged.class_ in ("auto", "bounce"):
            return SILENCE
        return Word(asks=True, unsubscribes=judged is not None and judged.kind == "unsubscribe")
    if type(data) is not CallCompleted or data.automatic:
        return SILENCE
    spoke = is_conversation(data, rules.contact_seconds)
    if data.direction == "inbound":
        talks = spoke or bool(data.answered)
        return Word(asks=not talks, talks=talks)
    return Word(talks=spoke or bool(data.answered and data.outcome))


class Waiting(NamedTuple):
    """A message that waited for an answer, and the touch or answered call that was one; None while there is none."""

    asked: Act
    answered: Act | None


def left_alone(instance: Instance, said: list[Word]) -> int | None:
    """The position of the message that forbids any more contact; None where there is none before the closing."""
    since = None if instance.engaged is None else instance.engaged.time
    for position, word in enumerate(said[: instance.closed]):
        if word.unsubscribes and (since is None or instance.acts[position].event.time >= since):
            return position
    return None


def waits(instance: Instance, rules: Rules) -> list[Waiting]:
    """Whom an engaged instance lets or let wait, until it is closed or asks to be left alone."""
    if not any(_is_theirs(act) for act in instance.acts):
        return []
    said = words(instance, rules)
    alone = left_alone(instance, said)
    return unanswered(instance, said, rules, instance.closed if alone is None else alone)


def _is_theirs(act: Act) -> bool:
    data = act.event.data
    return type(data) is EmailReplied or (type(data) is CallCompleted and data.direction == "inbound")


def unanswered(instance: Instance, said: list[Word], rules: Rules, until: int | None = None) -> list[Waiting]:
    """The first message of each row of messages of the other side, with what answered it; of ``until`` acts, or all.

    A message that comes with the engagement is what engaged the lead: the response clock waits for its answer.
    """
    found: list[Waiting] = []
    asked: Act | None = None
    engaging = instance.engaged_at + rules.clock_skew
    for act, word in zip(instance.acts[:until], said[:until], strict=True):
        if asked is not None:
            if act.touch is not None or word.talks:
                found.append(Waiting(asked, act))
                asked = None
        elif word.asks and act.event.time > engaging:
            asked = act
    if asked is not None:
        found.append(Waiting(asked, None))
    return found


def awaiting_reply(instances: list[Instance], said: list[list[Word]]) -> list[Pause]:
    """When a touch of ours was unanswered: from each until the next word of the other side."""
    pauses: list[Pause] = []
    since: Millis | None = None
    for instance, words_of_it in zip(instances, said, strict=True):
        for act, word in zip(instance.acts, words_of_it, strict=True):
            if since is not None and word.is_heard:
                pauses.append((since, act.event.time))
                since = None
            elif since is None and act.touch is not None and not word.is_heard:
                since = act.event.time
    return pauses if since is None else [*pauses, (since, NEVER)]
